/* The bytes of requests, and which comes next. */
#include <float.h>

#include "load/requests.h"
#include "load/schedule.h"
#include "rates.h"
#include "tap.h"

static struct requests_spec spec_with(const char *method, const struct str *bodies,
                                      int body_count)
{
    return (struct requests_spec){.method = method,
                                  .host = STR("h:1"),
                                  .path = STR("/p?q"),
                                  .bodies = bodies,
                                  .body_count = body_count};
}

/* The whole request; the program ends when there is none. */
static void check_bytes(const struct requests_spec *spec, const char *expected,
                        const char *what)
{
    struct requests requests;
    struct error err = {""};
    if (!TAP_OK(requests_init(&requests, spec, &err), "%s%s", what, err.text))
        return;
    TAP_TEXT(buf_text(&requests.items[requests.count - 1]), expected, what);
    bool head = spec->method && strcmp(spec->method, "HEAD") == 0;
    TAP_OK(requests.head_method == head, "… a body follows, but for HEAD");
    requests_fini(&requests);
    TAP_OK(!requests.items && requests.count == 0, "… and nothing is kept");
}

#define HOST "Host: h:1\r\n"
#define JSON "Content-Type: application/json\r\n"

static void lines(void)
{
    static const struct str body[] = {{"{}", 2}}, empty[] = {{"", 0}};
    static const struct str two[] = {{"", 0}, {"a\r\n\r\n", 5}};
    static const struct {
        const char *method;
        const struct str *bodies;
        int count;
        const char *expected;
    } rows[] = {
        {NULL, NULL, 0, "GET /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {NULL, empty, 1, "GET /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {NULL, body, 1, "POST /p?q HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}"},
        {NULL, two, 2,
         "POST /p?q HTTP/1.1\r\n" HOST JSON "Content-Length: 5\r\n\r\na\r\n\r\n"},
        {"HEAD", NULL, 0, "HEAD /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {"GET", empty, 1, "GET /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {"OPTIONS", NULL, 0, "OPTIONS /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {"DELETE", NULL, 0, "DELETE /p?q HTTP/1.1\r\n" HOST "\r\n"},
        {"DELETE", body, 1,
         "DELETE /p?q HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}"},
        /* RFC 9110 8.6: where a body is usual, its absence is said. */
        {"POST", NULL, 0, "POST /p?q HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
        {"PUT", empty, 1, "PUT /p?q HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
        {"PATCH", NULL, 0, "PATCH /p?q HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct requests_spec spec =
            spec_with(rows[i].method, rows[i].bodies, rows[i].count);
        check_bytes(&spec, rows[i].expected, rows[i].method ? rows[i].method : "default");
    }
}

static void headers(void)
{
    static const char *const usual[] = {"X-A: b", "Accept: text/plain", "X-Empty:"};
    static const char *const ours[] = {"host: other", "CONTENT-type: a/b"};
    static const struct str body[] = {{"{}", 2}};
    struct requests_spec spec = spec_with("POST", body, 1);
    spec.headers = usual;
    spec.header_count = 3;
    check_bytes(
        &spec,
        "POST /p?q HTTP/1.1\r\nX-A: b\r\nAccept: text/plain\r\nX-Empty:\r\n" HOST JSON
        "Content-Length: 2\r\n\r\n{}",
        "headers of one's own");
    spec.headers = ours;
    spec.header_count = 2;
    check_bytes(&spec,
                "POST /p?q HTTP/1.1\r\nhost: other\r\nCONTENT-type: a/b\r\n"
                "Content-Length: 2\r\n\r\n{}",
                "… replace those that are usual");
}

/* The spec may be gone, or used for something else. */
static void own_bytes(void)
{
    char host[] = "host", path[] = "/path", header[] = "A: b", bytes[] = "body";
    const char *const headers[] = {header};
    struct str bodies[] = {{bytes, 4}};
    double weights[] = {1};
    struct requests_spec spec = spec_with(NULL, bodies, 1);
    struct requests requests;
    struct requests_turn turn;
    struct error err;
    spec.host = str_of(host);
    spec.path = str_of(path);
    spec.headers = headers;
    spec.header_count = 1;
    spec.weights = weights;
    TAP_OK(requests_init(&requests, &spec, &err), "made of what will change");
    memset(host, 'x', 4);
    memset(path, 'x', 5);
    memset(header, 'x', 4);
    memset(bytes, 'x', 4);
    weights[0] = (double)NAN;
    requests_begin(&turn, 1, 0);
    TAP_INT(requests_next(&requests, &turn), 0, "… chosen");
    TAP_TEXT(buf_text(&requests.items[0]),
             "POST /path HTTP/1.1\r\nA: b\r\nHost: host\r\n" JSON
             "Content-Length: 4\r\n\r\nbody",
             "… and unchanged");
    requests_fini(&requests);
}

/* ---- refusals ---- */

static void refuse(const struct requests_spec *spec, const char *sentence)
{
    struct requests requests;
    struct error err = {""};
    if (TAP_OK(!requests_init(&requests, spec, &err), "refused: %s", sentence))
        TAP_TEXT(err.text, sentence, "… in these words");
    else
        requests_fini(&requests);
}

static void bad_headers(void)
{
    static const char *const bad[] = {"no colon", "a b: c",       ": c",
                                      "",         "X: a\r\nY: b", "X: a\n"};
    static const char *const set[] = {"Content-Length: 3", "transfer-encoding: chunked"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct requests_spec spec = spec_with(NULL, NULL, 0);
        struct requests requests;
        struct error err;
        spec.headers = &bad[i];
        spec.header_count = 1;
        TAP_OK(!requests_init(&requests, &spec, &err) &&
                   strstr(err.text, "is not a header like 'Name: value'"),
               "header %zu is refused", i);
    }
    struct requests_spec spec = spec_with(NULL, NULL, 0);
    spec.header_count = 1;
    spec.headers = &set[0];
    refuse(&spec, "the header 'Content-Length' is set by dragstrip; leave it out");
    spec.headers = &set[1];
    refuse(&spec, "the header 'transfer-encoding' is set by dragstrip; leave it out");
}

static void bad_methods(void)
{
    static const struct str body[] = {{"", 0}, {"{}", 2}};
    struct requests_spec spec = spec_with("G T", NULL, 0);
    refuse(&spec, "'G T' is not an HTTP method");
    spec.method = "";
    refuse(&spec, "'' is not an HTTP method");
    spec.method = "CONNECT";
    refuse(&spec, "CONNECT makes a tunnel and is not a request to measure");
    spec = spec_with("GET", body, 2);
    refuse(&spec, "a body means nothing in a GET request; leave it out, or use POST");
    spec.method = "HEAD";
    refuse(&spec, "a body means nothing in a HEAD request; leave it out, or use POST");
    spec.method = "TRACE";
    refuse(&spec, "a body means nothing in a TRACE request; leave it out, or use POST");
}

static void bad_weights(void)
{
    static const double bad[] = {0, -1, (double)NAN, (double)INFINITY, -(double)INFINITY};
    static const struct str two[] = {{"a", 1}, {"b", 1}};
    struct requests_spec spec = spec_with(NULL, two, 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const double weights[] = {1, bad[i]};
        spec.weights = weights;
        refuse(&spec, "a weight must be a number above 0");
    }
    static const double large[] = {DBL_MAX, DBL_MAX};
    spec.weights = large;
    refuse(&spec, "the weights are too large");
}

static void too_much(void)
{
    static struct str many[REQUESTS_MAX + 1];
    static char large[REQUESTS_BYTES_MAX];
    struct requests requests;
    struct error err = {""};
    for (int i = 0; i <= REQUESTS_MAX; i++)
        many[i] = STR("b");
    struct requests_spec spec = spec_with(NULL, many, REQUESTS_MAX);
    TAP_OK(requests_init(&requests, &spec, &err), "256 bodies%s", err.text);
    TAP_INT(requests.count, REQUESTS_MAX, "… and as many requests");
    requests_fini(&requests);
    spec.body_count++;
    refuse(&spec, "more than 256 bodies");
    const struct str body[] = {{large, sizeof(large) - 1000}, {large, sizeof(large)}};
    spec = spec_with(NULL, body, 1);
    TAP_OK(requests_init(&requests, &spec, &err), "nearly 16 MiB%s", err.text);
    requests_fini(&requests);
    spec.body_count = 2;
    refuse(&spec, "a request is larger than 16 MiB");
}

/* ---- which comes next ---- */

enum { BODIES = 3, DRAWS = 100000 };

static struct requests three(const double *weights)
{
    static const struct str bodies[BODIES] = {{"a", 1}, {"b", 1}, {"c", 1}};
    struct requests_spec spec = spec_with(NULL, bodies, BODIES);
    struct requests requests;
    struct error err;
    spec.weights = weights;
    bool made = requests_init(&requests, &spec, &err);
    assert(made);
    return requests;
}

static void rotation(void)
{
    struct requests requests = three(NULL);
    bool in_turn = true;
    for (int worker = 0; worker < 7; worker++) {
        struct requests_turn turn;
        requests_begin(&turn, 99, worker);
        for (int i = 0; i < 20; i++)
            in_turn = in_turn && requests_next(&requests, &turn) == (worker + i) % BODIES;
    }
    TAP_OK(in_turn, "in rotation; worker w begins with the w-th");
    requests_fini(&requests);
}

/* With two degrees of freedom chi-square exceeds 18.4 once in 10,000 seeds. */
static void weights(double a, double b, double c)
{
    const double given[BODIES] = {a, b, c};
    struct requests requests = three(given);
    struct requests_turn turn;
    double counts[BODIES] = {0}, chi_square = 0;
    requests_begin(&turn, 4, 1);
    for (int i = 0; i < DRAWS; i++)
        counts[requests_next(&requests, &turn)]++;
    for (int i = 0; i < BODIES; i++) {
        double expected = DRAWS * given[i] / (a + b + c);
        chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    TAP_OK(chi_square < 18.4, "weights %g, %g, %g: chi-square %.2f", a, b, c, chi_square);
    TAP_NEAR(requests.bounds[BODIES - 1], 1, 0, "… the last bound is 1");
    requests_fini(&requests);
}

/* How many of many choices are the same. */
static int same(struct requests_turn a, struct requests_turn b)
{
    static const double equal[BODIES] = {1, 1, 1};
    struct requests requests = three(equal);
    int count = 0;
    for (int i = 0; i < DRAWS; i++)
        count += requests_next(&requests, &a) == requests_next(&requests, &b);
    requests_fini(&requests);
    return count;
}

static struct requests_turn turn_of(uint64_t seed, int worker)
{
    struct requests_turn turn;
    requests_begin(&turn, seed, worker);
    return turn;
}

/* Independent choices among three agree in a third, give or take three sigma. */
static bool is_third(int count)
{
    return fabs(count - DRAWS / 3.0) < 3 * sqrt(DRAWS * 2 / 9.0);
}

static void sequences(void)
{
    TAP_INT(same(turn_of(7, 2), turn_of(7, 2)), DRAWS, "the same seed, the same choices");
    TAP_OK(is_third(same(turn_of(7, 2), turn_of(8, 2))), "another seed, others");
    TAP_OK(is_third(same(turn_of(7, 2), turn_of(7, 3))), "another worker, others");
}

/* The gaps of a schedule and the choice of a body come from streams of their own. */
static void not_the_schedule(void)
{
    struct schedule schedule;
    double product = 0;
    struct requests_turn turn = turn_of(7, 2);
    schedule_init(&schedule, ARRIVALS_POISSON, rate_of(1), INT64_MAX / 2, 7, 2, 3);
    rng_uniform(&turn.rng); /* the schedule has already taken one */
    for (int i = 0; i < DRAWS; i++)
        product += (rng_uniform(&schedule.rng) - .5) * (rng_uniform(&turn.rng) - .5);
    TAP_OK(fabs(product * 12 / sqrt(DRAWS)) < 3, "not correlated with the schedule: %.2f",
           product * 12 / sqrt(DRAWS));
}

int main(void)
{
    lines();
    headers();
    own_bytes();
    bad_headers();
    bad_methods();
    bad_weights();
    too_much();
    rotation();
    weights(1, 1, 1);
    weights(1, 2, 7);
    weights(1e300, 5e299, 1e298);
    weights(1, 1e-3, 1e-3);
    sequences();
    not_the_schedule();
    return tap_done();
}
