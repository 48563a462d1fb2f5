#include "law.h"

#include <math.h>

#include "base/units.h"

/* A stream of its own: a generator with the same seed would else draw the same numbers,
 * and long gaps between arrivals would come with long service. */
enum { NUMBERS_MAX = 3, ORACLE_STREAM = 0x04ac1e };

/* What a number of a form is, in the order in which they are written. */
enum number { TIME, PLAIN, SHARE };

struct law_form {
    const char *name;
    const char *usage;
    int numbers;
    enum number kinds[NUMBERS_MAX];
    struct law_answer (*answer)(struct law *law, int64_t now_ns);
};

/* ---- the laws ---- */

static struct law_answer good_at(double at_ns)
{
    return (struct law_answer){(int64_t)llround(at_ns), 200};
}

static bool happens(struct law *law)
{
    return rng_uniform(&law->rng) <= law->share;
}

static struct law_answer answer_null(struct law *law, int64_t now_ns)
{
    (void)law;
    return good_at((double)now_ns);
}

static struct law_answer answer_fixed(struct law *law, int64_t now_ns)
{
    return good_at((double)now_ns + law->first);
}

static struct law_answer answer_stall(struct law *law, int64_t now_ns)
{
    double within = fmod((double)(now_ns - law->start_ns), law->second);
    return good_at((double)now_ns + (within < law->first ? law->first - within : 0));
}

static struct law_answer serve_alone(struct law *law, int64_t now_ns, double service_ns)
{
    if (law->busy_until_ns < now_ns)
        law->busy_until_ns = now_ns;
    law->busy_until_ns += llround(service_ns);
    return (struct law_answer){law->busy_until_ns, 200};
}

static struct law_answer answer_mm1(struct law *law, int64_t now_ns)
{
    return serve_alone(law, now_ns, law->first * rng_exponential(&law->rng));
}

static struct law_answer answer_md1(struct law *law, int64_t now_ns)
{
    return serve_alone(law, now_ns, law->first);
}

static struct law_answer answer_bimodal(struct law *law, int64_t now_ns)
{
    return good_at((double)now_ns + (happens(law) ? law->second : law->first));
}

static struct law_answer answer_errors(struct law *law, int64_t now_ns)
{
    return (struct law_answer){now_ns, happens(law) ? 503 : 200};
}

static struct law_answer answer_slow(struct law *law, int64_t now_ns)
{
    return good_at((double)now_ns + (happens(law) ? law->first : 0));
}

static struct law_answer answer_lognormal(struct law *law, int64_t now_ns)
{
    return good_at((double)now_ns +
                   law->first * exp(law->second * rng_normal(&law->rng)));
}

static struct law_answer answer_pareto(struct law *law, int64_t now_ns)
{
    return good_at((double)now_ns +
                   law->first * pow(rng_uniform(&law->rng), -1 / law->second));
}

static const struct law_form forms[] = {
    {"null", "null", 0, {TIME}, answer_null},
    {"fixed", "fixed:2ms", 1, {TIME}, answer_fixed},
    {"stall", "stall:200ms,10s", 2, {TIME, TIME}, answer_stall},
    {"mm1", "mm1:1ms", 1, {TIME}, answer_mm1},
    {"md1", "md1:1ms", 1, {TIME}, answer_md1},
    {"bimodal", "bimodal:1ms,20ms,10%", 3, {TIME, TIME, SHARE}, answer_bimodal},
    {"errors", "errors:10%", 1, {SHARE}, answer_errors},
    {"slow", "slow:100ms,0.7%", 2, {TIME, SHARE}, answer_slow},
    {"lognormal", "lognormal:1ms,0.5", 2, {TIME, PLAIN}, answer_lognormal},
    {"pareto", "pareto:1ms,2.5", 2, {TIME, PLAIN}, answer_pareto},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* ---- reading ---- */

static bool read_share(struct str text, double *out)
{
    double percent;
    if (text.len < 2 || text.ptr[text.len - 1] != '%' ||
        !units_parse_count((struct str){text.ptr, text.len - 1}, &percent) ||
        percent > 100)
        return false;
    *out = percent / 100;
    return true;
}

static bool read_number(struct str text, enum number kind, double *out)
{
    int64_t ns;
    if (kind == SHARE)
        return read_share(text, out);
    if (kind == PLAIN)
        return units_parse_count(text, out) && *out > 0;
    if (!units_parse_duration(text, &ns) || ns <= 0)
        return false;
    *out = (double)ns;
    return true;
}

/* The numbers behind "NAME:", as many as the form wants. A share is always the last. */
static bool read_numbers(const struct law_form *form, const char *text, struct law *law)
{
    double *const places[] = {&law->first, &law->second};
    for (int i = 0; i < form->numbers; i++) {
        size_t len = strcspn(text, ",");
        double *place = form->kinds[i] == SHARE ? &law->share : places[i];
        bool last = i + 1 == form->numbers;
        if (!read_number((struct str){text, len}, form->kinds[i], place) ||
            (text[len] == '\0') != last)
            return false;
        text += len + !last;
    }
    return true;
}

static const struct law_form *find_form(const char *text, size_t len)
{
    for (size_t i = 0; i < FORMS; i++) {
        if (str_eq((struct str){text, len}, str_of(forms[i].name)))
            return &forms[i];
    }
    return NULL;
}

bool law_parse(struct law *law, const char *text, uint64_t seed, int64_t now_ns,
               struct error *err)
{
    size_t len = strcspn(text, ":");
    struct law read = {.form = find_form(text, len), .start_ns = now_ns};
    if (!read.form)
        return error_set(
            err,
            "'%s' is no law; there are null, fixed, stall, mm1, md1, bimodal, "
            "errors, slow, lognormal and pareto",
            text);
    bool has_numbers = text[len] == ':';
    if (has_numbers != (read.form->numbers > 0) ||
        !read_numbers(read.form, text + len + has_numbers, &read))
        return error_set(err, "'%s' cannot be read; write it like %s", text,
                         read.form->usage);
    rng_init(&read.rng, seed, ORACLE_STREAM);
    *law = read;
    return true;
}

struct law_answer law_answer(struct law *law, int64_t now_ns)
{
    return law->form->answer(law, now_ns);
}
