/* dragstrip load: one target, one run, one summary. `--spec -` is the seam for race. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/load_live.h"
#include "cmd/load_options.h"
#include "report/hgrm.h"
#include "report/load_text.h"
#include "report/spectrum.h"
#include "sys/file.h"

enum { REPORT_MAX = 1 << 20 };

static int exit_code_of(const struct load_result *result)
{
    if (result->interrupted)
        return EXIT_INTERRUPTED;
    return result->invalid_count > 0 ? EXIT_INVALID : EXIT_PASS;
}

static bool write_json(const struct load_result *result, const char *path,
                       struct error *err)
{
    return cmd_write_json(load_result_to_json(result, true),
                          JSON_INDENT(1) | LOAD_JSON_DIGITS, path, err);
}

static bool write_hgrm(const struct load_result *result, const char *path,
                       struct error *err)
{
    struct buf text;
    buf_init(&text, REPORT_MAX);
    bool good = hgrm_print(result, &text)
                    ? file_write_atomic(path, buf_str(&text), err)
                    : error_set(err, "there is no latency to write to %s", path);
    buf_fini(&text);
    return good;
}

/* Whether standard output is taken by a machine's format. */
static bool prints_text(const struct load_options *options)
{
    return (!options->json_path || strcmp(options->json_path, "-") != 0) &&
           (!options->ndjson_path || strcmp(options->ndjson_path, "-") != 0);
}

static bool print_text(const struct load_options *options,
                       const struct load_result *result)
{
    struct buf text;
    buf_init(&text, REPORT_MAX);
    load_text_print(result, &text);
    if (options->spectrum)
        spectrum_print(result, &text);
    bool good = cmd_print(buf_text(&text));
    buf_fini(&text);
    return good;
}

/* All that was asked for is written, whatever of it fails; the exit code comes after. */
static int deliver(const struct load_options *options, const struct load_result *result,
                   const struct load_live_view *live)
{
    struct error err;
    int code = exit_code_of(result);
    if (prints_text(options) && !print_text(options, result))
        code = EXIT_BROKEN;
    if (options->json_path && !write_json(result, options->json_path, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    if (options->hgrm_path && !write_hgrm(result, options->hgrm_path, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    if (live->failure.text[0])
        code = cmd_fail(EXIT_BROKEN, "%s", live->failure.text);
    return code;
}

static int run_watched(const struct load_options *options, struct load_live_view *live)
{
    struct load_result result;
    struct error err;
    struct load_watcher watcher = load_live_watcher(live);
    if (!generate_run(&options->spec, &watcher, live->stop, &result, &err)) {
        load_live_fini(live);
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    }
    load_live_result(live, &result);
    struct load_live_view over = {.failure = live->failure};
    load_live_fini(live);
    int code = deliver(options, &result, &over);
    load_result_fini(&result);
    return code;
}

static int run_for_people(const struct load_options *options)
{
    struct load_live_view live;
    struct error err = {""};
    if (!generate_check(&options->spec, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (!load_live_init(&live, options, cmd_watch_signals(), &err))
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    return run_watched(options, &live);
}

static int run_spec(const json_t *json)
{
    struct load_live_view live;
    struct generate_spec spec;
    struct load_result result;
    struct error err;
    load_live_init_lines(&live, cmd_watch_signals());
    struct load_watcher watcher = load_live_watcher(&live);
    if (!generate_spec_from_json(json, &spec, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    live.figures = spec.figures;
    bool usable = generate_check(&spec, &err);
    bool good = usable && generate_run(&spec, &watcher, live.stop, &result, &err);
    generate_spec_fini(&spec);
    if (!good)
        return cmd_fail(usable ? EXIT_BROKEN : EXIT_USAGE, "%s", err.text);
    int code = exit_code_of(&result);
    load_live_result(&live, &result);
    if (live.failure.text[0])
        code = cmd_fail(EXIT_BROKEN, "%s", live.failure.text);
    load_result_fini(&result);
    return code;
}

static int run_for_race(void)
{
    json_error_t why;
    json_t *json = json_loadf(stdin, 0, &why);
    if (!json)
        return cmd_fail(EXIT_USAGE, "the load spec on standard input is not JSON: %s",
                        why.text);
    int code = run_spec(json);
    json_decref(json);
    return code;
}

int cmd_load(int argc, char **argv)
{
    struct load_options options;
    struct error err;
    int code;
    load_options_init(&options);
    if (!load_options_parse(&options, argc, argv, &err))
        code = cmd_fail(EXIT_USAGE, "%s", err.text);
    else if (options.help)
        code = cmd_print(load_options_usage) ? EXIT_PASS : EXIT_BROKEN;
    else
        code = options.from_stdin ? run_for_race() : run_for_people(&options);
    load_options_fini(&options);
    return code;
}
