/*
 * small_spec: the least that can be asked of the generator; tests change one thing of it.
 */
#ifndef DRAGSTRIP_TESTS_SMALL_SPEC_H
#define DRAGSTRIP_TESTS_SMALL_SPEC_H

#include "run/generate.h"

static inline struct generate_spec small_spec(void)
{
    return (struct generate_spec){.url = "http://127.0.0.1:1/",
                                  .rate = "max",
                                  .connections = 1,
                                  .threads = 1,
                                  .duration_ns = 1,
                                  .timeout_ns = 1};
}

#endif
