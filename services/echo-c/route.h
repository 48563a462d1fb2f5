/*
 * route: the contract's paths and methods as small numbers.
 */
#ifndef ECHO_ROUTE_H
#define ECHO_ROUTE_H

#include "base/str.h"

enum route { ROUTE_ECHO, ROUTE_METRICS, ROUTE_HEALTHZ, ROUTE_OTHER, ROUTE_COUNT };

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_PATCH,
    METHOD_OPTIONS,
    METHOD_CONNECT,
    METHOD_TRACE,
    METHOD_OTHER,
    METHOD_COUNT
};

/* The whole path, letter by letter: nothing is decoded or normalised. */
enum route route_of(struct str path);

/* Methods are case-sensitive (RFC 9110 9.1). */
enum method route_method(struct str name);

/* "POST", "GET, HEAD"; "" of ROUTE_OTHER. */
const char *route_allow(enum route route);
/* Methods that some path allows, and OPTIONS of "*". */
const char *route_allow_any(void);
bool route_allows(enum route route, enum method method);

/* As labels of metrics: "/echo" … "other", "GET" … "other". */
const char *route_label(enum route route);
const char *route_method_label(enum method method);

#endif
