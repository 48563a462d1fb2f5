/*
 * Lines of metrics pages in both formats, written out again in one way and held against
 * what they must say; every page lies against a page that cannot be touched, whole and
 * cut after each of its bytes.
 */
#include "base/buf.h"
#include "guard.h"
#include "tap.h"
#include "wire/prom.h"

enum { SHOWN_MAX = 1 << 16 };

static struct guard guard;
static struct buf shown;

/* --- writing out ----------------------------------------------------------------- */

static void show_raw(struct str raw)
{
    char text[4096];
    size_t len = prom_unescape(raw, text);
    TAP_OK(len <= raw.len || raw.len > sizeof(text), "unescaping makes nothing longer");
    TAP_OK(prom_equals(raw, (struct str){text, len}), "a raw text equals what it means");
    buf_add(&shown, (struct str){text, len});
}

static void show_labels(const struct prom_labels *labels)
{
    for (int i = 0; i < labels->count; i++) {
        buf_add_text(&shown, i ? ", " : " ");
        show_raw(labels->list[i].name);
        buf_add_text(&shown, "=");
        show_raw(labels->list[i].value);
    }
}

static void show_sample(const struct prom_sample *sample)
{
    show_raw(sample->name);
    show_labels(&sample->labels);
    buf_format(&shown, " %.17g", sample->value);
    if (sample->has_timestamp)
        buf_format(&shown, " @%.6f", sample->timestamp_s);
    if (!sample->has_exemplar)
        return;
    buf_add_text(&shown, " #");
    show_labels(&sample->exemplar.labels);
    buf_format(&shown, " %.17g", sample->exemplar.value);
    if (sample->exemplar.has_timestamp)
        buf_format(&shown, " @%.6f", sample->exemplar.timestamp_s);
}

static void show_line(const struct prom_line *line)
{
    if (line->kind == PROM_SAMPLE) {
        show_sample(&line->sample);
        return;
    }
    buf_add_text(&shown, line->kind == PROM_TYPE   ? "TYPE "
                         : line->kind == PROM_HELP ? "HELP "
                                                   : "UNIT ");
    show_raw(line->name);
    buf_add_text(&shown, " ");
    if (line->kind == PROM_TYPE)
        buf_add_text(&shown, prom_type_name(line->type));
    else
        show_raw(line->text);
}

/* All lines with '|' between them; at an error "line N: …", and that it stays one. */
static const char *show(struct str page, enum prom_format format)
{
    struct prom_reader reader;
    struct prom_line line;
    enum prom_kind kind;
    buf_clear(&shown);
    prom_init(&reader, page, format);
    while ((kind = prom_next(&reader, &line)) != PROM_END) {
        if (shown.len > 0)
            buf_add_text(&shown, " | ");
        if (kind == PROM_BAD) {
            buf_format(&shown, "line %zu: %s", reader.line, reader.error);
            TAP_OK(prom_next(&reader, &line) == PROM_BAD, "an error stays one");
            break;
        }
        show_line(&line);
    }
    return buf_text(&shown);
}

/* What a cut page says does not matter here, only that nothing behind it is read. */
static void cut(struct str page, enum prom_format format)
{
    struct prom_reader reader;
    struct prom_line line;
    size_t lines = 0;
    for (size_t len = 0; len < page.len; len++) {
        struct str part = guard_place(&guard, GUARD_BEHIND, (struct str){page.ptr, len});
        prom_init(&reader, part, format);
        while (prom_next(&reader, &line) > PROM_BAD)
            lines++;
        (void)lines;
    }
}

struct row {
    const char *page;
    const char *expected;
};

static void check(const struct row *row, enum prom_format format)
{
    struct str page = str_of(row->page);
    for (enum guard_edge edge = 0; edge < GUARD_EDGES; edge++) {
        const char *got = show(guard_place(&guard, edge, page), format);
        if (!TAP_OK(strcmp(got, row->expected) == 0, "%s: %s",
                    format == PROM_TEXT ? "text" : "OpenMetrics", guard_shown(page)))
            printf("# got      %s\n# expected %s\n", got, row->expected);
    }
    cut(page, format);
}

/* --- the text format ------------------------------------------------------------- */

static const struct row text_rows[] = {
    {"", ""},
    {"\n \n\t\n", ""},
    {"a 1", "a 1"},
    {"a 1\nb 2\n", "a 1 | b 2"},
    {"  a\t 1\t \n", "a 1"},
    {"a{} 1\n", "a 1"},
    {"a { } 1\n", "a 1"},
    {"a{b=\"c\"} 1\n", "a b=c 1"},
    {"a{b=\"c\"}1\n", "a b=c 1"},
    {"a { b = \"c\" , d = \"e\" , } 1 2000\n", "a b=c, d=e 1 @2.000000"},
    {"a-1\n", "a -1"}, /* as Prometheus reads it */
    {"_a:b9 1\n:x 2\n", "_a:b9 1 | :x 2"},
    {"a{b=\"x\\\\y\\\"z\\nw\"} 1\n", "a b=x\\y\"z\nw 1"},
    {"a{b=\"x\\ty\\\\n\"} 1\n", "a b=x\\ty\\n 1"},
    {"a{b=\"}, # {\"} 1\n", "a b=}, # { 1"},
    {"a{b=\"\xc3\xa4\xf0\x9f\x9a\x80\"} 1\n", "a b=\xc3\xa4\xf0\x9f\x9a\x80 1"},
    {"a{b=\"\"} 1\n", "a b= 1"},
    /* UTF-8 names of text 1.0 */
    {"{\"my.metric\"} 1\n", "my.metric 1"},
    {"{\"my.metric\",\"a.b\"=\"v\"} 1\n", "my.metric a.b=v 1"},
    {"{\"a\\\\b\\\"c\\nd\", x=\"y\"} 1\n", "a\\b\"c\nd x=y 1"},
    {"{\"a.b\"=\"v\",\"my.metric\"} 1\n", "my.metric a.b=v 1"},
    {"m{\"a.b\"=\"v\"} 1\n", "m a.b=v 1"},
    {"# TYPE \"my.metric\" counter\n", "TYPE my.metric counter"},
    {"# HELP \"my.metric\" It's \\\\ and \\n.\n", "HELP my.metric It's \\ and \n."},
    /* times in milliseconds */
    {"a 1 1500\n", "a 1 @1.500000"},
    {"a 1 -1\n", "a 1 @-0.001000"},
    {"a 1 0\n", "a 1 @0.000000"},
    {"a 1 1395066363000\n", "a 1 @1395066363.000000"},
    /* comments */
    {"# anything at all\n#\n#x\n# EOF\na 1\n", "a 1"},
    {"# UNIT a seconds\n", ""},
    {"# HELPS a b\n# TYPEa b\n# HELP\n# TYPE  \n", ""},
    {"# HELP a\n# HELP b \n# HELP c  x  y \n", "HELP a  | HELP b  | HELP c x  y"},
    {"#HELP a x\n #  TYPE  a\tgauge\t\n", "HELP a x | TYPE a gauge"},
    {"# TYPE a untyped\n# TYPE b unknown\n", "TYPE a unknown | TYPE b unknown"},
    {"# TYPE a counter\n# TYPE a gauge\n# TYPE a histogram\n# TYPE a summary\n",
     "TYPE a counter | TYPE a gauge | TYPE a histogram | TYPE a summary"},
    /* errors, each with its line */
    {"a 1\n\n# x\nb\n", "a 1 | line 4: expected a blank and a value"},
    {"a \n", "line 1: expected a number as value"},
    {"1a 1\n", "line 1: expected a metric's name"},
    {"{} 1\n", "line 1: expected a metric's name"},
    {"{\"a\"=\"b\"} 1\n", "line 1: expected a metric's name"},
    {"{\"a\",\"b\"} 1\n", "line 1: expected '=' behind a label's name"},
    {"a{\"b\"} 1\n", "line 1: expected '=' behind a label's name"},
    {"<html>\n", "line 1: expected a metric's name"},
    {"a-b 1\n", "line 1: expected a number as value"},
    {"a.b 1\n", "line 1: expected a number as value"},
    {"a{b:c=\"d\"} 1\n", "line 1: expected '=' behind a label's name"},
    {"a{1=\"d\"} 1\n", "line 1: expected a label's name"},
    {"a{=\"d\"} 1\n", "line 1: expected a label's name"},
    {"a{,} 1\n", "line 1: expected a label's name"},
    {"a{b=\"c\",,} 1\n", "line 1: expected a label's name"},
    {"a{b} 1\n", "line 1: expected '=' behind a label's name"},
    {"a{b=c} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"c} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"c\\\"} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"c\\", "line 1: expected a label's value in quotes"},
    {"a{b='c'} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"c\" d=\"e\"} 1\n", "line 1: expected ',' or '}' behind a label"},
    {"a{b=\"c\" 1\n", "line 1: expected ',' or '}' behind a label"},
    {"a{b=\"c\",b=\"d\"} 1\n", "line 1: a label is there twice"},
    {"a{b=\"\xff\"} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"\xc3\"} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"\\\xc3\"} 1\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"\xed\xa0\x80\"} 1\n", "line 1: expected a label's value in quotes"},
    {"{\"\xff\"} 1\n", "line 1: expected a label's name"},
    {"a 1 1.5\n", "line 1: expected a time behind the value"},
    {"a 1 1e3\n", "line 1: expected a time behind the value"},
    {"a 1 x\n", "line 1: expected a time behind the value"},
    {"a 1 2 3\n", "line 1: something follows the sample"},
    {"a 1 # {b=\"c\"} 1\n", "line 1: something follows the sample"},
    {"a 1 2 # {b=\"c\"} 1\n", "line 1: something follows the sample"},
    {"a 1\r\n", "line 1: expected a number as value"},
    {"# TYPE a enum\n", "line 1: a type that is unknown"},
    {"# TYPE a\n", "line 1: a type that is unknown"},
    {"# TYPE 1 gauge\n", "line 1: expected a family's name"},
    {"# HELP a-b x\n", "line 1: expected a blank behind the family's name"},
};

/* --- OpenMetrics ----------------------------------------------------------------- */

#define CUT "the page ends without \"# EOF\": it was cut"

static const struct row open_rows[] = {
    {"# EOF\n", ""},
    {"# EOF", ""},
    {"", "line 0: " CUT},
    {"a 1\n", "a 1 | line 1: " CUT},
    {"a 1\n# EOF\n", "a 1"},
    {"a{} 1 1.5\n# EOF\n", "a 1 @1.500000"},
    {"a{b=\"c\",d=\"e\"} 1 1e3\n# EOF\n", "a b=c, d=e 1 @1000.000000"},
    {"a 1 -1.25\n# EOF\n", "a 1 @-1.250000"},
    {"a{b=\"x\\\\y\\\"z\\nw\"} 1\n# EOF\n", "a b=x\\y\"z\nw 1"},
    {"{\"my.metric\",\"a.b\"=\"v\"} 1\n# EOF\n", "my.metric a.b=v 1"},
    {"# TYPE a counter\n# UNIT a seconds\n# HELP a x  y\n# EOF\n",
     "TYPE a counter | UNIT a seconds | HELP a x  y"},
    {"# HELP a \n# UNIT a \n# EOF\n", "HELP a  | UNIT a "},
    {"# TYPE a unknown\n# TYPE a gaugehistogram\n# TYPE a info\n# TYPE a stateset\n# EOF",
     "TYPE a unknown | TYPE a gaugehistogram | TYPE a info | TYPE a stateset"},
    /* exemplars */
    {"a 1 # {} 0.5\n# EOF\n", "a 1 # 0.5"},
    {"a 1 # {b=\"c\",d=\"e\"} 0.5\n# EOF\n", "a 1 # b=c, d=e 0.5"},
    {"a{le=\"1\"} 1 2.5 # {b=\"# {}\"} 0.5 3.5\n# EOF\n",
     "a le=1 1 @2.500000 # b=# {} 0.5 @3.500000"},
    {"a 1 # {b} 1\n# EOF\n", "line 1: expected '=' behind a label's name"},
    {"a 1 # {\"b\"} 1\n# EOF\n", "line 1: expected '=' behind a label's name"},
    {"a 1 # {b=\"c\",} 1\n# EOF\n", "line 1: a comma without a label behind it"},
    {"a 1 # {b=\"c\"}1\n# EOF\n", "line 1: expected a blank behind an exemplar's labels"},
    {"a 1 # {b=\"c\"} x\n# EOF\n", "line 1: expected a number as value"},
    {"a 1 # {b=\"c\"} 1 x\n# EOF\n", "line 1: expected a time behind the value"},
    {"a 1 # {b=\"c\"} 1 NaN\n# EOF\n", "line 1: expected a time behind the value"},
    {"a 1 # x\n# EOF\n", "line 1: expected an exemplar's labels behind '#'"},
    {"a 1 #{} 1\n# EOF\n", "line 1: something follows the sample"},
    {"a 1 # {} 1 # {} 1\n# EOF\n", "line 1: something follows the sample"},
    /* blanks are not free */
    {"a  1\n# EOF\n", "line 1: expected a number as value"},
    {"a\t1\n# EOF\n", "line 1: expected a blank and a value"},
    {" a 1\n# EOF\n", "line 1: expected a metric's name"},
    {"a 1 \n# EOF\n", "line 1: something follows the sample"},
    {"a{b=\"c\"}1\n# EOF\n", "line 1: expected a blank and a value"},
    {"a {} 1\n# EOF\n", "line 1: expected a number as value"},
    {"a{ b=\"c\"} 1\n# EOF\n", "line 1: expected a label's name"},
    {"a{b =\"c\"} 1\n# EOF\n", "line 1: expected '=' behind a label's name"},
    {"a{b= \"c\"} 1\n# EOF\n", "line 1: expected a label's value in quotes"},
    {"a{b=\"c\", d=\"e\"} 1\n# EOF\n", "line 1: expected a label's name"},
    {"a{b=\"c\",} 1\n# EOF\n", "line 1: a comma without a label behind it"},
    {"a 1\n\nb 2\n# EOF\n", "a 1 | line 2: an empty line"},
    {"#TYPE a gauge\n# EOF\n", "line 1: expected a blank behind '#'"},
    {"#  TYPE a gauge\n# EOF\n",
     "line 1: a comment that is none of HELP, TYPE, UNIT, EOF"},
    {"# x\n# EOF\n", "line 1: a comment that is none of HELP, TYPE, UNIT, EOF"},
    {"# HELP\n# EOF\n", "line 1: expected a blank and a family's name"},
    {"# HELP a\n# EOF\n", "line 1: expected a blank behind the family's name"},
    {"# TYPE a untyped\n# EOF\n", "line 1: a type that is unknown"},
    {"# TYPE a  gauge\n# EOF\n", "line 1: a type that is unknown"},
    {"# EOF \n", "line 1: a comment that is none of HELP, TYPE, UNIT, EOF"},
    {"# EOF\na 1\n", "line 1: something follows \"# EOF\""},
    {"# EOF\n\n", "line 1: something follows \"# EOF\""},
    {"a 1 Inf\n# EOF\n", "line 1: expected a time behind the value"},
    {"a 1\r\n# EOF\n", "line 1: expected a number as value"},
};

static void rows(void)
{
    for (size_t i = 0; i < sizeof(text_rows) / sizeof(text_rows[0]); i++)
        check(&text_rows[i], PROM_TEXT);
    for (size_t i = 0; i < sizeof(open_rows) / sizeof(open_rows[0]); i++)
        check(&open_rows[i], PROM_OPENMETRICS);
}

/* --- what has a limit ------------------------------------------------------------ */

static void many_labels(int count, const char *end)
{
    char page[4096], what[40];
    struct prom_reader reader;
    struct prom_line line;
    size_t len = (size_t)snprintf(page, sizeof(page), "a{");
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(page + len, sizeof(page) - len, "l%d=\"%d\",", i, i);
    len += (size_t)snprintf(page + len, sizeof(page) - len, "} 1\n");
    prom_init(&reader, guard_place(&guard, GUARD_BEHIND, (struct str){page, len}),
              PROM_TEXT);
    enum prom_kind kind = prom_next(&reader, &line);
    snprintf(what, sizeof(what), "%d labels", count);
    if (end)
        TAP_TEXT(kind == PROM_BAD ? reader.error : "taken", end, what);
    else
        TAP_OK(kind == PROM_SAMPLE && line.sample.labels.count == count, "%s", what);
}

/* Characters are counted, not bytes; an escape is one. */
static void exemplar_of(const char *character, int count, bool good)
{
    char page[1024];
    size_t len = (size_t)snprintf(page, sizeof(page), "a 1 # {bc=\"");
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(page + len, sizeof(page) - len, "%s", character);
    snprintf(page + len, sizeof(page) - len, "\"} 1\n# EOF\n");
    struct prom_reader reader;
    struct prom_line line;
    prom_init(&reader, str_of(page), PROM_OPENMETRICS);
    TAP_OK((prom_next(&reader, &line) == PROM_SAMPLE) == good,
           "an exemplar of two and %d characters %s is %s", count,
           guard_shown(str_of(character)), good ? "taken" : "refused");
    if (!good)
        TAP_TEXT(reader.error, "an exemplar's labels of more than 128 characters",
                 "… it says why");
}

static void limits(void)
{
    many_labels(1, NULL);
    many_labels(PROM_LABELS_MAX, NULL);
    many_labels(PROM_LABELS_MAX + 1, "more than 64 labels");
    exemplar_of("x", 126, true);
    exemplar_of("x", 127, false);
    exemplar_of("\xc3\xa4", 126, true);
    exemplar_of("\xc3\xa4", 127, false);
    exemplar_of("\\n", 126, true);
    exemplar_of("\\n", 127, false);
}

/* --- numbers --------------------------------------------------------------------- */

static void numbers(void)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},         {"-0", 0},          {"+1", 1},
        {"007", 7},       {"1.5", 1.5},       {".5", .5},
        {"5.", 5},        {"1e3", 1000},      {"1E+3", 1000},
        {"1.e-3", .001},  {"-.5e1", -5},      {"18446744073709551615", 0x1p64},
        {"1e308", 1e308}, {"5e-324", 5e-324}, {"1e-400", 0},
        {"0.1", .1},
    };
    static const char bad[] =
        "~+~-~.~e~1e~1e+~e1~.e1~1.2.3~0x10~0x1p3~1_000~1,5~ 1~1 ~1d~"
        "1f~--1~+-1~1e400~-1e400~inf1~in~+NaN~-NaN~nan1~NaN(1)~"
        "infinit~1e3.5~\xd9\xa1";
    static const char infinite[] = "Inf~+Inf~inf~+INF~Infinity~+infinity";
    double value;
    struct str text;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        text = guard_place(&guard, GUARD_BEHIND, str_of(good[i].text));
        TAP_OK(prom_number(text, &value) && value == good[i].value, "%s is a number",
               good[i].text);
    }
    for (const char *rest = bad; guard_next(&rest, &text);)
        TAP_OK(!prom_number(guard_place(&guard, GUARD_BEHIND, text), &value),
               "'%s' is none", guard_shown(text));
    for (const char *rest = infinite; guard_next(&rest, &text);) {
        TAP_OK(prom_number(text, &value) && isinf(value) && value > 0, "%s",
               guard_shown(text));
    }
    TAP_OK(prom_number(STR("-Inf"), &value) && isinf(value) && value < 0, "-Inf");
    TAP_OK(prom_number(STR("NaN"), &value) && isnan(value), "NaN");
    TAP_OK(prom_number(STR("nan"), &value) && isnan(value), "nan");
}

static void long_numbers(void)
{
    char digits[200];
    double value;
    memset(digits, '0', sizeof(digits));
    digits[0] = '1';
    digits[1] = '.';
    TAP_OK(prom_number((struct str){digits, 128}, &value) && value == 1,
           "a number of 128 characters");
    TAP_OK(!prom_number((struct str){digits, 129}, &value), "none of 129");
}

/* --- formats --------------------------------------------------------------------- */

static void formats(void)
{
    static const struct {
        const char *media_type;
        const char *page;
        const char *expected; /* NULL: neither */
    } cases[] = {
        {"application/openmetrics-text; version=1.0.0; charset=utf-8", "a 1\n", "open"},
        {"Application/OpenMetrics-Text", "", "open"},
        {"text/plain; version=0.0.4; charset=utf-8", "a 1\n", "text"},
        {"text/plain; Version=0.0.4", "a 1\n# EOF\n", "text"},
        {"text/plain;version=1.0.0;escaping=allow-utf-8", "a 1\n", "text"},
        {"text/plain", "a 1\n", "text"},
        {"text/plain; charset=utf-8", "a 1\n# EOF\n", "open"},
        {" text/plain\t;x", "a 1\n# EOF", "open"},
        {"", "a 1\n", "text"},
        {"", "# EOF", "open"},
        {"", "a 1\n# EOF\n", "open"},
        {"", "x# EOF\n", "text"},
        {"", "# EOF\n\n", "text"},
        {"", "", "text"},
        {"application/octet-stream", "a 1\n# EOF\n", "open"},
        {"text/html", "a 1\n", NULL},
        {"text/html", "a 1\n# EOF\n", NULL},
        {"application/json", "a 1\n", NULL},
        {"text/plainer", "a 1\n", NULL},
        {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily", "",
         NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum prom_format format;
        bool found = prom_format_of(
            str_of(cases[i].media_type),
            guard_place(&guard, GUARD_AHEAD, str_of(cases[i].page)), &format);
        TAP_TEXT(!found                ? "neither"
                 : format == PROM_TEXT ? "text"
                                       : "open",
                 cases[i].expected ? cases[i].expected : "neither", cases[i].media_type);
    }
}

/* --- raw texts ------------------------------------------------------------------- */

static void raw_texts(void)
{
    struct prom_labels labels = {
        .list = {{STR("a\\\\b"), STR("1")}, {STR("c"), STR("2")}}, .count = 2};
    char out[8];
    TAP_OK(prom_equals(STR("a\\\"b"), STR("a\"b")), "an escaped quote equals a quote");
    TAP_OK(!prom_equals(STR("ab"), STR("a")), "more than the text is not equal");
    TAP_OK(!prom_equals(STR("a"), STR("ab")), "nor is less");
    TAP_OK(!prom_equals(STR("\\n"), STR("\\n")), "an escape is not its letters");
    TAP_OK(prom_equals(STR("\\"), STR("\\")), "a backslash at the end is itself");
    TAP_OK(prom_equals(STR("\\x"), STR("\\x")), "before another letter, too");
    TAP_OK(prom_equals(STR(""), STR("")), "nothing equals nothing");
    TAP_INT(prom_unescape(STR("\\n\\\\\\\""), out), 3, "three escapes, three bytes");
    TAP_OK(memcmp(out, "\n\\\"", 3) == 0, "… the right ones");
    TAP_OK(str_eq(prom_label(&labels, STR("a\\b")), STR("1")), "a label by its meaning");
    TAP_OK(str_eq(prom_label(&labels, STR("c")), STR("2")), "the second label");
    TAP_INT(prom_label(&labels, STR("x")).len, 0, "one that is not there is empty");
}

int main(void)
{
    guard_init(&guard, 1 << 16);
    buf_init(&shown, SHOWN_MAX);
    rows();
    limits();
    numbers();
    long_numbers();
    formats();
    raw_texts();
    buf_fini(&shown);
    guard_fini(&guard);
    return tap_done();
}
