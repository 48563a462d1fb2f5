/* dragstrip load: one target, one run, one summary. `--spec -` is the seam for race. */
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "report/figure.h"
#include "report/hgrm.h"
#include "report/load_text.h"
#include "run/generate.h"
#include "sys/file.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip load URL -r RATE [options]\n"
    "\n"
    "Sends requests at times fixed beforehand (open loop): latency counts from when a\n"
    "request was due, so a stall of the service shows in full.\n"
    "\n"
    "  -r, --rate RATE        requests/s (20k, 1.5M); over time ramp:5k..50k,\n"
    "                         steps:5k,10k,20k or\n"
    "                         burst:base=20k,peak=60k,on=200ms,period=1s;\n"
    "                         or max: closed loop, as fast as answers come\n"
    "  -c, --connections N    keep-alive connections (64)\n"
    "  -d, --duration TIME    measured time (10s)\n"
    "  -w, --warmup TIME      time before it that is not counted (2s)\n"
    "  -a, --arrivals LAW     constant or poisson (poisson)\n"
    "  -t, --threads N        threads of the generator (1)\n"
    "  -X, --method METHOD    POST with a body, otherwise GET\n"
    "  -H, --header LINE      'Name: value'; may be repeated\n"
    "  -b, --body TEXT|@FILE  the request's body\n"
    "      --expect-status L  statuses of good answers: 200,404 or 2xx (2xx,3xx)\n"
    "      --timeout TIME     an answer that takes longer is an error (5s)\n"
    "      --seed N           of the arrivals (1)\n"
    "      --cpus LIST        CPUs of the generator (0-3,8); give it some that the "
    "service\n"
    "                         does not use: it polls there instead of sleeping\n"
    "      --json FILE|-      the whole result as JSON; - prints only that on stdout\n"
    "      --hgrm FILE        the latencies as HdrHistogram percentiles, in ms\n"
    "      --spec -           reads all of the above as JSON from stdin and writes JSON\n"
    "                         lines to stdout: one a second, then the result\n"
    "\n"
    "Exit codes: 0 measured, 1 failed, 2 usage, 5 the measurement cannot be trusted,\n"
    "130 interrupted (what was measured is printed).\n";

enum { HEADERS_MAX = 64, BODY_MAX = 16 << 20, HGRM_MAX = 1 << 20 };

struct load_options {
    struct generate_spec spec;
    const char *headers[HEADERS_MAX];
    struct buf body;
    const char *json_path, *hgrm_path;
    bool from_stdin;
    bool help;
};

enum long_only {
    OPTION_TIMEOUT = 256,
    OPTION_SEED,
    OPTION_CPUS,
    OPTION_JSON,
    OPTION_HGRM,
    OPTION_EXPECT,
    OPTION_SPEC
};

static const struct option long_options[] = {
    {"rate", required_argument, NULL, 'r'},
    {"connections", required_argument, NULL, 'c'},
    {"duration", required_argument, NULL, 'd'},
    {"warmup", required_argument, NULL, 'w'},
    {"arrivals", required_argument, NULL, 'a'},
    {"threads", required_argument, NULL, 't'},
    {"method", required_argument, NULL, 'X'},
    {"header", required_argument, NULL, 'H'},
    {"body", required_argument, NULL, 'b'},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"cpus", required_argument, NULL, OPTION_CPUS},
    {"json", required_argument, NULL, OPTION_JSON},
    {"expect-status", required_argument, NULL, OPTION_EXPECT},
    {"hgrm", required_argument, NULL, OPTION_HGRM},
    {"spec", required_argument, NULL, OPTION_SPEC},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

static bool parse_time(const char *text, int64_t *out, struct error *err)
{
    if (!units_parse_duration(str_of(text), out))
        return error_set(err, "'%s' is not a time; write 250ms, 10s or 2m", text);
    return true;
}

static bool parse_int(const char *text, int *out, struct error *err)
{
    double number;
    if (!units_parse_count(str_of(text), &number) || number < 1 || number > 1e7 ||
        number != floor(number))
        return error_set(err, "'%s' is not a whole number from 1 up", text);
    *out = (int)number;
    return true;
}

static bool parse_arrivals(const char *text, enum arrivals *out, struct error *err)
{
    if (strcmp(text, "constant") == 0)
        *out = ARRIVALS_CONSTANT;
    else if (strcmp(text, "poisson") == 0)
        *out = ARRIVALS_POISSON;
    else
        return error_set(err, "unknown arrivals '%s'; there are constant and poisson",
                         text);
    return true;
}

static bool add_header(struct load_options *options, const char *line, struct error *err)
{
    if (options->spec.header_count == HEADERS_MAX)
        return error_set(err, "more than %d headers", HEADERS_MAX);
    options->headers[options->spec.header_count++] = line;
    return true;
}

static bool read_body(struct load_options *options, const char *text, struct error *err)
{
    buf_clear(&options->body);
    if (text[0] == '@')
        return file_read(text + 1, &options->body, err);
    buf_add_text(&options->body, text);
    return true;
}

static bool take_option(struct load_options *options, int option, struct error *err)
{
    struct generate_spec *spec = &options->spec;
    switch (option) {
    case 'r':
        spec->rate = optarg;
        return true;
    case 'c':
        return parse_int(optarg, &spec->connections, err);
    case 'd':
        return parse_time(optarg, &spec->duration_ns, err);
    case 'w':
        return parse_time(optarg, &spec->warmup_ns, err);
    case 'a':
        return parse_arrivals(optarg, &spec->arrivals, err);
    case 't':
        return parse_int(optarg, &spec->threads, err);
    case 'X':
        spec->method = optarg;
        return true;
    case 'H':
        return add_header(options, optarg, err);
    case 'b':
        return read_body(options, optarg, err);
    case OPTION_TIMEOUT:
        return parse_time(optarg, &spec->timeout_ns, err);
    case OPTION_SEED:
        return str_to_u64(str_of(optarg), &spec->seed) ||
               error_set(err, "'%s' is not a seed; write a whole number", optarg);
    case OPTION_CPUS:
        spec->cpus = optarg;
        spec->spin = true;
        return true;
    case OPTION_JSON:
        options->json_path = optarg;
        return true;
    case OPTION_EXPECT:
        spec->expect = optarg;
        return true;
    case OPTION_HGRM:
        options->hgrm_path = optarg;
        return true;
    case OPTION_SPEC:
        options->from_stdin = strcmp(optarg, "-") == 0;
        return options->from_stdin || error_set(err, "--spec takes '-' (standard input)");
    case 'h':
        options->help = true;
        return true;
    default:
        return error_set(err, "see dragstrip load --help");
    }
}

static bool parse_options(struct load_options *options, int argc, char **argv,
                          struct error *err)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "r:c:d:w:a:t:X:H:b:h", long_options,
                                 NULL)) != -1) {
        if (!take_option(options, option, err))
            return false;
    }
    if (options->help || options->from_stdin)
        return true;
    if (optind + 1 != argc)
        return error_set(err, "exactly one URL is needed; see dragstrip load --help");
    if (!options->spec.rate)
        return error_set(err, "the rate is missing: -r 20k, or -r max for a closed loop");
    options->spec.url = argv[optind];
    options->spec.headers = options->headers;
    options->spec.body = buf_str(&options->body);
    return true;
}

/* ---- progress ---- */

static double window_time(const struct hist *latency, double q)
{
    int64_t value_ns = hist_quantile(latency, q);
    if (value_ns < 0)
        return (double)NAN;
    return value_ns == HIST_INFINITE ? (double)INFINITY : (double)value_ns;
}

static void print_live_line(void *context, int64_t second, const struct hist *latency,
                            uint64_t ok, uint64_t errors)
{
    char p50[FIGURE_BYTES], p99[FIGURE_BYTES];
    (void)context;
    fprintf(stderr, "\r\033[K%s %3llds  %llu/s  p50 %s  p99 %s  errors %llu",
            second < 0 ? "warm-up" : "measure",
            (long long)(second < 0 ? -second : second + 1),
            (unsigned long long)(ok + errors),
            figure_time(window_time(latency, .5), 0, p50),
            figure_time(window_time(latency, .99), 0, p99), (unsigned long long)errors);
}

/* False when nobody can read it: then the run may as well end. */
static bool print_json_line(json_t *json)
{
    bool good = json_dumpf(json, stdout, JSON_COMPACT) == 0 &&
                fputc('\n', stdout) != EOF && fflush(stdout) == 0;
    json_decref(json);
    return good;
}

static void print_or_stop(atomic_int *stop, json_t *json)
{
    if (!print_json_line(json))
        atomic_store(stop, STOP_NOW);
}

static void write_started(void *context, int64_t measure_ns, int64_t end_ns)
{
    print_or_stop(context,
                  json_pack("{s:{s:I, s:I}}", "start", "measure_ns",
                            (json_int_t)measure_ns, "end_ns", (json_int_t)end_ns));
}

static void write_window(void *context, int64_t second, const struct hist *latency,
                         uint64_t ok, uint64_t errors)
{
    struct load_window window = {.second = second,
                                 .ok = ok,
                                 .errors = errors,
                                 .p50 = window_time(latency, .5),
                                 .p99 = window_time(latency, .99)};
    print_or_stop(context, load_window_to_json(&window));
}

/* ---- the two ways to run ---- */

static int exit_code_of(const struct load_result *result)
{
    if (result->interrupted)
        return EXIT_INTERRUPTED;
    return result->invalid_count > 0 ? EXIT_INVALID : EXIT_PASS;
}

static bool write_json(const struct load_result *result, const char *path,
                       struct error *err)
{
    json_t *json = load_result_to_json(result, true);
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    bool good = strcmp(path, "-") == 0 ? cmd_print(text) && cmd_print("\n")
                                       : file_write_atomic(path, str_of(text), err);
    mem_free(text);
    json_decref(json);
    return good;
}

static bool write_hgrm(const struct load_result *result, const char *path,
                       struct error *err)
{
    struct buf text;
    buf_init(&text, HGRM_MAX);
    bool good = hgrm_print(result, &text)
                    ? file_write_atomic(path, buf_str(&text), err)
                    : error_set(err, "there is no latency to write to %s", path);
    buf_fini(&text);
    return good;
}

static int run_for_people(const struct load_options *options)
{
    struct load_result result;
    struct error err = {""};
    bool live = terminal_columns(STDERR_FILENO) > 0;
    struct load_watcher watcher = {.second = live ? print_live_line : NULL};
    if (!generate_check(&options->spec, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (!generate_run(&options->spec, &watcher, cmd_watch_signals(), &result, &err))
        return cmd_fail(EXIT_BROKEN, "%s", err.text);
    if (live)
        fputs("\r\033[K", stderr);
    int code = exit_code_of(&result);
    if (!options->json_path || strcmp(options->json_path, "-") != 0) {
        struct buf text;
        buf_init(&text, 65536);
        load_text_print(&result, &text);
        if (!cmd_print(buf_text(&text)))
            code = EXIT_BROKEN;
        buf_fini(&text);
    }
    if (options->json_path && !write_json(&result, options->json_path, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    if (options->hgrm_path && !write_hgrm(&result, options->hgrm_path, &err))
        code = cmd_fail(EXIT_BROKEN, "%s", err.text);
    load_result_fini(&result);
    return code;
}

static int run_spec(const json_t *json)
{
    atomic_int *stop = cmd_watch_signals();
    const struct load_watcher watcher = {
        .context = stop, .started = write_started, .second = write_window};
    struct generate_spec spec;
    struct load_result result;
    struct error err;
    if (!generate_spec_from_json(json, &spec, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    bool usable = generate_check(&spec, &err);
    bool good = usable && generate_run(&spec, &watcher, stop, &result, &err);
    generate_spec_fini(&spec);
    if (!good)
        return cmd_fail(usable ? EXIT_BROKEN : EXIT_USAGE, "%s", err.text);
    int code = exit_code_of(&result);
    if (!print_json_line(
            json_pack("{s:o}", "result", load_result_to_json(&result, true))))
        code =
            cmd_fail(EXIT_BROKEN, "cannot write to standard output: %s", strerror(errno));
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
    struct load_options options = {.spec = {.connections = 64,
                                            .threads = 1,
                                            .arrivals = ARRIVALS_POISSON,
                                            .duration_ns = 10 * NS_PER_S,
                                            .warmup_ns = 2 * NS_PER_S,
                                            .timeout_ns = 5 * NS_PER_S,
                                            .seed = 1}};
    struct error err;
    int code;
    buf_init(&options.body, BODY_MAX);
    if (!parse_options(&options, argc, argv, &err))
        code = cmd_fail(EXIT_USAGE, "%s", err.text);
    else if (options.help)
        code = cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    else
        code = options.from_stdin ? run_for_race() : run_for_people(&options);
    buf_fini(&options.body);
    return code;
}
