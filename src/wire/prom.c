/*
 * Lines. Each production of the grammar is a function that moves what it takes from the
 * front of the line; the two formats differ in what may stand between (blanks) and in
 * what follows a value.
 */
#include "wire/prom.h"

#include "wire/prom_token.h"

void prom_init(struct prom_reader *reader, struct str page, enum prom_format format)
{
    *reader = (struct prom_reader){.format = format, .rest = page};
}

static enum prom_kind fail(struct prom_reader *reader, const char *error)
{
    reader->error = error;
    reader->rest.len = 0;
    return PROM_BAD;
}

/* Moves the next line, without its line feed, to *line; false: the page is over. */
static bool take_line(struct prom_reader *reader, struct str *line)
{
    struct str *rest = &reader->rest;
    if (rest->len == 0)
        return false;
    const char *lf = memchr(rest->ptr, '\n', rest->len);
    size_t len = lf ? (size_t)(lf - rest->ptr) : rest->len;
    *line = (struct str){rest->ptr, len};
    size_t used = len + (lf != NULL);
    *rest = (struct str){rest->ptr + used, rest->len - used};
    reader->line++;
    return true;
}

/* --- samples --------------------------------------------------------------------- */

/* name="value"; a quoted name may stand for the metric's, if that is still missing. */
static const char *take_label(struct str *line, bool strict, struct str *metric,
                              struct prom_labels *labels)
{
    struct prom_label label;
    bool quoted = prom_starts(*line, '"');
    if (!(quoted ? prom_take_quoted(line, &label.name)
                 : prom_take_name(line, false, &label.name)))
        return "expected a label's name";
    prom_skip_blanks(line, strict);
    if (quoted && metric->len == 0 && !prom_starts(*line, '=')) {
        *metric = label.name;
        return NULL;
    }
    if (!prom_take(line, '='))
        return "expected '=' behind a label's name";
    prom_skip_blanks(line, strict);
    if (!prom_take_quoted(line, &label.value))
        return "expected a label's value in quotes";
    if (labels->count == PROM_LABELS_MAX)
        return "more than 64 labels";
    for (int i = 0; i < labels->count; i++) {
        if (str_eq(labels->list[i].name, label.name))
            return "a label is there twice";
    }
    labels->list[labels->count++] = label;
    return NULL;
}

/* Behind '{'. A comma behind the last label is the text format's alone. */
static const char *take_labels(struct str *line, bool strict, struct str *metric,
                               struct prom_labels *labels)
{
    prom_skip_blanks(line, strict);
    while (!prom_take(line, '}')) {
        const char *error = take_label(line, strict, metric, labels);
        if (error)
            return error;
        prom_skip_blanks(line, strict);
        bool comma = prom_take(line, ',');
        prom_skip_blanks(line, strict);
        if (!comma && !prom_starts(*line, '}'))
            return "expected ',' or '}' behind a label";
        if (comma && strict && prom_starts(*line, '}'))
            return "a comma without a label behind it";
    }
    return NULL;
}

/* A number of seconds that are finite (OpenMetrics), or whole milliseconds. */
static bool read_timestamp(struct str word, bool strict, double *out)
{
    if (!prom_number(word, out) || !prom_is_finite(*out))
        return false;
    if (strict)
        return true;
    *out /= 1000;
    return prom_is_integer(word);
}

/* Value and, if there is one, time of a sample or an exemplar, behind the blank. */
static const char *take_value(struct str *line, bool strict, double *value,
                              bool *has_timestamp, double *timestamp_s)
{
    struct str word;
    if (!prom_take_word(line, &word) || !prom_number(word, value))
        return "expected a number as value";
    struct str before = *line;
    if (!prom_take_blank(line, strict) || line->len == 0 || prom_starts(*line, '#')) {
        if (strict || prom_starts(*line, '#'))
            *line = before;
        return NULL;
    }
    if (!prom_take_word(line, &word) || !read_timestamp(word, strict, timestamp_s))
        return "expected a time behind the value";
    *has_timestamp = true;
    return NULL;
}

enum { EXEMPLAR_CHARACTERS_MAX = 128 };

/* OpenMetrics 4.6: names and values of labels together. */
static bool is_short(const struct prom_labels *labels)
{
    size_t characters = 0;
    for (int i = 0; i < labels->count; i++)
        characters += prom_characters(labels->list[i].name) +
                      prom_characters(labels->list[i].value);
    return characters <= EXEMPLAR_CHARACTERS_MAX;
}

/* Behind " # ". */
static const char *take_exemplar(struct str *line, struct prom_exemplar *exemplar)
{
    struct str none = STR("-");
    exemplar->labels.count = 0;
    exemplar->has_timestamp = false;
    if (!prom_take(line, '{'))
        return "expected an exemplar's labels behind '#'";
    const char *error = take_labels(line, true, &none, &exemplar->labels);
    if (error)
        return error;
    if (!is_short(&exemplar->labels))
        return "an exemplar's labels of more than 128 characters";
    if (!prom_take_blank(line, true))
        return "expected a blank behind an exemplar's labels";
    return take_value(line, true, &exemplar->value, &exemplar->has_timestamp,
                      &exemplar->timestamp_s);
}

static const char *take_sample(struct str *line, bool strict, struct prom_sample *sample)
{
    sample->name = (struct str){0};
    sample->labels.count = 0;
    sample->has_timestamp = sample->has_exemplar = false;
    if (!prom_starts(*line, '{') && !prom_take_name(line, true, &sample->name))
        return "expected a metric's name";
    struct str before = *line;
    prom_skip_blanks(line, strict);
    if (prom_take(line, '{')) {
        const char *error = take_labels(line, strict, &sample->name, &sample->labels);
        if (error)
            return error;
        before = *line;
    }
    if (sample->name.len == 0)
        return "expected a metric's name";
    *line = before;
    if (!prom_take_blank(line, strict) && (strict || before.len == 0))
        return "expected a blank and a value";
    const char *error = take_value(line, strict, &sample->value, &sample->has_timestamp,
                                   &sample->timestamp_s);
    if (error)
        return error;
    if (strict && prom_take_text(line, STR(" # "))) {
        sample->has_exemplar = true;
        error = take_exemplar(line, &sample->exemplar);
    }
    if (!error && line->len > 0)
        error = "something follows the sample";
    return error;
}

/* --- comments -------------------------------------------------------------------- */

static bool read_type(struct str word, enum prom_format format, enum prom_type *out)
{
    if (format == PROM_TEXT && str_eq(word, STR("untyped"))) {
        *out = PROM_UNKNOWN;
        return true;
    }
    for (int type = PROM_UNKNOWN; type <= PROM_STATESET; type++) {
        if (str_eq(word, str_of(prom_type_name((enum prom_type)type)))) {
            *out = (enum prom_type)type;
            return true;
        }
    }
    return false;
}

/* Behind "# HELP", "# TYPE", "# UNIT": the family's name and the text. */
static const char *take_metadata(struct str *line, bool strict, struct prom_line *out)
{
    if (!prom_take_blank(line, strict))
        return "expected a blank and a family's name";
    if (!(prom_starts(*line, '"') ? prom_take_quoted(line, &out->name)
                                  : prom_take_name(line, true, &out->name)))
        return "expected a family's name";
    if (!prom_take_blank(line, strict) && (strict || line->len > 0))
        return "expected a blank behind the family's name";
    out->text = *line;
    return NULL;
}

static enum prom_kind keyword_of(struct str *line, bool strict)
{
    static const struct {
        const char *word;
        enum prom_kind kind;
    } words[] = {{"HELP", PROM_HELP}, {"TYPE", PROM_TYPE}, {"UNIT", PROM_UNIT}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct str behind = *line;
        if (!prom_take_text(&behind, str_of(words[i].word)) ||
            (behind.len > 0 && !prom_starts_blank(behind)))
            continue;
        /* The text format knows no units, and a word alone describes nothing there: such
         * a line is a comment like any other. */
        if (!strict && (words[i].kind == PROM_UNIT || str_trim(behind).len == 0))
            break;
        *line = behind;
        return words[i].kind;
    }
    return PROM_END; /* none of them */
}

/* A line that begins with '#'. PROM_END: it says nothing. */
static enum prom_kind take_comment(struct prom_reader *reader, struct str line,
                                   struct prom_line *out)
{
    bool strict = reader->format == PROM_OPENMETRICS;
    prom_take(&line, '#');
    if (strict ? !prom_take(&line, ' ') : (prom_skip_blanks(&line, false), false))
        return fail(reader, "expected a blank behind '#'");
    enum prom_kind kind = keyword_of(&line, strict);
    if (kind == PROM_END)
        return strict ? fail(reader, "a comment that is none of HELP, TYPE, UNIT, EOF")
                      : PROM_END;
    const char *error = take_metadata(&line, strict, out);
    if (!error && !strict) /* else there may be no text yet */
        out->text = str_trim(out->text);
    if (!error && kind == PROM_TYPE && !read_type(out->text, reader->format, &out->type))
        error = "a type that is unknown";
    return error ? fail(reader, error) : kind;
}

/* "# EOF" must be the last line; its line feed may be missing. */
static enum prom_kind end_page(struct prom_reader *reader)
{
    return reader->rest.len == 0 ? PROM_END : fail(reader, "something follows \"# EOF\"");
}

static enum prom_kind read_line(struct prom_reader *reader, struct str line,
                                struct prom_line *out)
{
    bool strict = reader->format == PROM_OPENMETRICS;
    if (!strict)
        prom_skip_blanks(&line, false);
    if (line.len == 0)
        return strict ? fail(reader, "an empty line") : PROM_END;
    if (line.ptr[0] == '#')
        return take_comment(reader, line, out);
    const char *error = take_sample(&line, strict, &out->sample);
    return error ? fail(reader, error) : PROM_SAMPLE;
}

enum prom_kind prom_next(struct prom_reader *reader, struct prom_line *out)
{
    struct str line;
    bool open = reader->format == PROM_OPENMETRICS;
    out->kind = reader->error ? PROM_BAD : PROM_END;
    while (out->kind == PROM_END && !reader->over && take_line(reader, &line)) {
        if (open && str_eq(line, STR("# EOF"))) {
            reader->over = true;
            out->kind = end_page(reader);
        } else {
            out->kind = read_line(reader, line, out);
        }
    }
    if (out->kind == PROM_END && open && !reader->over)
        out->kind = fail(reader, "the page ends without \"# EOF\": it was cut");
    return out->kind;
}
