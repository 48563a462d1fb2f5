#include "cmd/load_options.h"

#include <getopt.h>
#include <math.h>

#include "base/clock.h"
#include "base/units.h"
#include "sys/file.h"

const char load_options_usage[] =
    "usage: dragstrip load URL -r RATE [options]\n"
    "\n"
    "Sends requests at times fixed beforehand (open loop): latency counts from when a\n"
    "request was due, so a stall of the service shows in full. URL is http://HOST/PATH,\n"
    "https://HOST/PATH or, for a Unix socket, http://unix:/SOCKET:/PATH.\n"
    "\n"
    "  -r, --rate RATE        requests/s (20k, 1.5M); over time ramp:5k..50k,\n"
    "                         steps:5k,10k,20k or\n"
    "                         burst:base=20k,peak=60k,on=200ms,period=1s;\n"
    "                         replay:FILE sends at the times in a file (seconds, one a\n"
    "                         line); or max: closed loop, as fast as answers come\n"
    "  -c, --connections N    keep-alive connections (64)\n"
    "  -d, --duration TIME    measured time (10s)\n"
    "  -w, --warmup TIME      time before it that is not counted (2s)\n"
    "  -a, --arrivals LAW     constant or poisson (poisson)\n"
    "  -t, --threads N        threads of the generator (1)\n"
    "  -X, --method METHOD    POST with a body, otherwise GET\n"
    "  -H, --header LINE      'Name: value'; may be repeated\n"
    "  -b, --body TEXT|@FILE  the request's body; repeated: several, in rotation\n"
    "      --weights LIST     90,10: the bodies at random, with these weights\n"
    "      --expect-status L  statuses of good answers: 200,404 or 2xx (2xx,3xx)\n"
    "      --expect-body B    TEXT, @FILE or sha256:HEX that an answer's body must be;\n"
    "                         repeated: one for each body of a request\n"
    "      --mask FIELD,…     JSON fields whose values do not count there (id, "
    "meta.time)\n"
    "      --timeout TIME     an answer that takes longer is an error (5s)\n"
    "      --seed N           of the arrivals (1)\n"
    "      --cpus LIST        CPUs of the generator (0-3,8); give it some that the "
    "service\n"
    "                         does not use: it polls there instead of sleeping\n"
    "      --resolve H:P:A    address (or several: A,A) of host H and port P\n"
    "      --cacert FILE      the CA certificates to trust, PEM (the system's)\n"
    "  -k, --insecure         trust any certificate\n"
    "      --json FILE|-      the whole result as JSON; - prints only that on stdout\n"
    "      --hgrm FILE        the latencies as HdrHistogram percentiles, in ms\n"
    "      --ndjson FILE|-    JSON lines as it runs: one a second, then the result\n"
    "      --spectrum         the latencies as a plot of percentiles\n"
    "      --metrics ADDR     serves live figures for Prometheus at http://ADDR/metrics\n"
    "      --spec -           reads all of the above as JSON from stdin and writes JSON\n"
    "                         lines to stdout: one a second, then the result\n"
    "\n"
    "Exit codes: 0 measured, 1 failed, 2 usage, 5 the measurement cannot be trusted,\n"
    "130 interrupted (what was measured is printed).\n";

enum { BODY_MAX = 16 << 20 };

enum long_only {
    OPTION_TIMEOUT = 256,
    OPTION_SEED,
    OPTION_CPUS,
    OPTION_JSON,
    OPTION_HGRM,
    OPTION_EXPECT_STATUS,
    OPTION_EXPECT_BODY,
    OPTION_MASK,
    OPTION_WEIGHTS,
    OPTION_RESOLVE,
    OPTION_CACERT,
    OPTION_NDJSON,
    OPTION_SPECTRUM,
    OPTION_METRICS,
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
    {"expect-status", required_argument, NULL, OPTION_EXPECT_STATUS},
    {"expect-body", required_argument, NULL, OPTION_EXPECT_BODY},
    {"mask", required_argument, NULL, OPTION_MASK},
    {"weights", required_argument, NULL, OPTION_WEIGHTS},
    {"resolve", required_argument, NULL, OPTION_RESOLVE},
    {"cacert", required_argument, NULL, OPTION_CACERT},
    {"insecure", no_argument, NULL, 'k'},
    {"ndjson", required_argument, NULL, OPTION_NDJSON},
    {"spectrum", no_argument, NULL, OPTION_SPECTRUM},
    {"metrics", required_argument, NULL, OPTION_METRICS},
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

static bool add_text(const char **texts, int *count, int max, const char *text,
                     const char *what, struct error *err)
{
    if (*count == max)
        return error_set(err, "more than %d %s", max, what);
    texts[(*count)++] = text;
    return true;
}

/* TEXT or @FILE, into a buffer of the options'. */
static bool read_bytes(struct load_options *options, const char *text, struct str *out,
                       struct error *err)
{
    if (options->file_count == LOAD_OPTIONS_MAX)
        return error_set(err, "more than %d bodies", LOAD_OPTIONS_MAX);
    struct buf *bytes = &options->files[options->file_count++];
    buf_init(bytes, BODY_MAX);
    if (text[0] != '@')
        buf_add_text(bytes, text);
    else if (!file_read(text + 1, bytes, err))
        return false;
    *out = buf_str(bytes);
    return true;
}

static bool add_body(struct load_options *options, const char *text, struct error *err)
{
    struct str *body = &options->bodies[options->spec.body_count];
    if (!read_bytes(options, text, body, err))
        return false;
    options->spec.body_count++;
    return true;
}

static bool add_expected(struct load_options *options, const char *text,
                         struct error *err)
{
    static const char digest[] = "sha256:";
    int *count = &options->spec.expect.body_count;
    struct expect_body *body = &options->expected[*count];
    if (*count == LOAD_OPTIONS_MAX)
        return error_set(err, "more than %d expected bodies", LOAD_OPTIONS_MAX);
    if (strncmp(text, digest, sizeof(digest) - 1) == 0)
        body->sha256 = text + sizeof(digest) - 1;
    else if (!read_bytes(options, text, &body->bytes, err))
        return false;
    ++*count;
    return true;
}

/* "a,b": each item is ended with NUL, in the argument itself, and handed on. */
static bool each_item(struct load_options *options, char *list,
                      bool (*take)(struct load_options *options, const char *item,
                                   struct error *err),
                      struct error *err)
{
    bool good = true;
    while (good && list) {
        char *comma = strchr(list, ',');
        if (comma)
            *comma = '\0';
        good = take(options, list, err);
        list = comma ? comma + 1 : NULL;
    }
    return good;
}

static bool add_mask(struct load_options *options, const char *field, struct error *err)
{
    return add_text(options->masks, &options->spec.expect.mask_count, LOAD_OPTIONS_MAX,
                    field, "masked fields", err);
}

static bool add_weight(struct load_options *options, const char *text, struct error *err)
{
    int *count = &options->spec.weight_count;
    if (*count == LOAD_OPTIONS_MAX)
        return error_set(err, "more than %d weights", LOAD_OPTIONS_MAX);
    return (units_parse_count(str_of(text), &options->weights[*count]) &&
            options->weights[(*count)++] > 0) ||
           error_set(err, "'%s' is not a weight; write numbers above 0, such as 90,10",
                     text);
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
        options->has_duration = true;
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
        return add_text(options->headers, &spec->header_count, LOAD_OPTIONS_MAX, optarg,
                        "headers", err);
    case 'b':
        return add_body(options, optarg, err);
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
    case OPTION_EXPECT_STATUS:
        spec->expect.statuses = optarg;
        return true;
    case OPTION_EXPECT_BODY:
        return add_expected(options, optarg, err);
    case OPTION_MASK:
        return each_item(options, optarg, add_mask, err);
    case OPTION_WEIGHTS:
        return each_item(options, optarg, add_weight, err);
    case OPTION_RESOLVE:
        return add_text(options->resolve, &spec->reach.resolve_count, LOAD_OPTIONS_MAX,
                        optarg, "addresses to resolve", err);
    case OPTION_CACERT:
        spec->reach.ca_file = optarg;
        return true;
    case 'k':
        spec->reach.insecure = true;
        return true;
    case OPTION_NDJSON:
        options->ndjson_path = optarg;
        return true;
    case OPTION_SPECTRUM:
        options->spectrum = true;
        return true;
    case OPTION_METRICS:
        options->metrics_address = optarg;
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

static void connect_arrays(struct load_options *options)
{
    struct generate_spec *spec = &options->spec;
    spec->headers = options->headers;
    spec->bodies = options->bodies;
    spec->weights = spec->weight_count > 0 ? options->weights : NULL;
    spec->expect.bodies = options->expected;
    spec->expect.masks = options->masks;
    spec->reach.resolve = options->resolve;
}

static bool check_outputs(const struct load_options *options, struct error *err)
{
    bool both = options->json_path && options->ndjson_path &&
                strcmp(options->json_path, "-") == 0 &&
                strcmp(options->ndjson_path, "-") == 0;
    return !both ||
           error_set(err, "--json - and --ndjson - would mix on standard output");
}

bool load_options_parse(struct load_options *options, int argc, char **argv,
                        struct error *err)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "r:c:d:w:a:t:X:H:b:kh", long_options,
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
    connect_arrays(options);
    if (!options->has_duration && !generate_fit_replay(&options->spec, err))
        return false;
    return check_outputs(options, err);
}

void load_options_init(struct load_options *options)
{
    *options = (struct load_options){.spec = {.connections = 64,
                                              .threads = 1,
                                              .arrivals = ARRIVALS_POISSON,
                                              .duration_ns = 10 * NS_PER_S,
                                              .warmup_ns = 2 * NS_PER_S,
                                              .timeout_ns = 5 * NS_PER_S,
                                              .seed = 1}};
}

void load_options_fini(struct load_options *options)
{
    for (int i = 0; i < options->file_count; i++)
        buf_fini(&options->files[i]);
}
