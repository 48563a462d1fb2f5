/*
 * Going on with a race that was cut off: its folder is opened, and its trials are read as
 * they were written.
 */
#include "run/outdir.h"

#include <sys/stat.h>

#include "race.h"
#include "scratch.h"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool opens(const char *path, struct error *err)
{
    struct outdir out = {.path = scratch_folder};
    *err = (struct error){""};
    bool good = outdir_open(&out, path, err);
    if (good) {
        TAP_TEXT(out.path, path, "opened as given");
        outdir_fini(&out);
    } else {
        TAP_OK(out.path == scratch_folder, "… nothing is handed out");
    }
    return good;
}

/* A folder without a plan holds no race, whatever else is in it. */
static void check_no_race(char *path, const char *what)
{
    struct error err;
    char *sentence = mem_format("%s holds no race that could be resumed", path);
    TAP_OK(!opens(path, &err), "%s is not opened", what);
    TAP_TEXT(err.text, sentence, what);
    mem_free(sentence);
    mem_free(path);
}

static void opened(void)
{
    struct error err;
    struct outdir out;
    char *path = scratch_path("begun"), *trials = scratch_path("begun/trials");
    char *logs = scratch_path("begun/logs");
    scratch_write("no-folder", STR("x"));
    check_no_race(scratch_path("none"), "nothing");
    check_no_race(scratch_path("no-folder"), "a file");
    TAP_OK(outdir_create(&out, path, "quick", &err), "a race without its plan");
    outdir_fini(&out);
    check_no_race(scratch_path("begun"), "that");
    scratch_write("begun/plan.yaml", STR("name: quick\n"));
    TAP_OK(opens(path, &err), "a race that was begun%s", err.text);
    TAP_OK(rmdir(trials) == 0 && opens(path, &err), "without its trials%s", err.text);
    TAP_OK(is_folder(trials) && is_folder(logs), "… which is made, and its logs stay");
    TAP_OK(rmdir(trials) == 0, "again without");
    scratch_write("begun/trials", STR("x"));
    TAP_OK(!opens(path, &err) && strstr(err.text, "begun/trials is not a directory"),
           "a file in their place is named");
    mem_free(path);
    mem_free(trials);
    mem_free(logs);
}

static void read_back(const struct outdir *out)
{
    struct error err = {""};
    struct buf text;
    char *path = mem_format("%s/note", out->path), *none = mem_format("%s/x", out->path);
    buf_init(&text, 100);
    TAP_OK(outdir_write(out, "note", STR("a\0b"), &err) &&
               outdir_read(out, "note", &text, &err) &&
               str_eq(buf_str(&text), STR("a\0b")),
           "what was written is read");
    TAP_OK(!outdir_read(out, "x", &text, &err) && strstr(err.text, none),
           "what is not there is named");
    mem_free(path);
    mem_free(none);
    buf_fini(&text);
}

static void add_windows(struct load_result *load)
{
    load->window_count = 2;
    load->windows = mem_new(2, sizeof(*load->windows));
    for (int i = 0; i < 2; i++)
        load->windows[i] = (struct load_window){
            .second = i, .ok = 1000 + (uint64_t)i, .p50 = 1e5, .p99 = (double)NAN};
}

static char *json_of(const struct trial *trial, const struct result *race)
{
    json_t *json = trial_to_json(trial, race->services, true);
    char *text = json_dumps(json, JSON_INDENT(1) | LOAD_JSON_DIGITS);
    json_decref(json);
    return text;
}

/* Everything of a trial is there again, as its JSON says. */
static void check_recalled(const struct outdir *out, const struct result *race,
                           const struct trial *trial, const char *what)
{
    struct outdir_place place = {trial->block, trial->service, trial->attempt};
    struct error err = {""};
    struct trial found = {.block = -1};
    TAP_OK(!outdir_has_trial(out, race->services, place), "%s: not there", what);
    TAP_OK(!outdir_read_trial(out, race, place, &found, &err) && found.block == -1,
           "… nor to be read");
    TAP_OK(outdir_write_trial(out, trial, race->services, &err), "%s: written", what);
    TAP_OK(outdir_has_trial(out, race->services, place), "… there");
    if (!TAP_OK(outdir_read_trial(out, race, place, &found, &err), "… and read")) {
        printf("# %s\n", err.text);
        return;
    }
    char *before = json_of(trial, race), *after = json_of(&found, race);
    TAP_TEXT(after, before, "… as it was");
    TAP_INT(found.attempt, trial->attempt, "… the same attempt");
    mem_free(before);
    mem_free(after);
    trial_fini(&found);
}

static void check_broken(const struct outdir *out, const struct result *race,
                         const char *text)
{
    struct error err = {""};
    struct trial found = {.block = -1};
    const struct outdir_place place = {200, 1, 2};
    char *sentence = mem_format("%s/trials/200-go.1~2.json cannot be used; delete it to "
                                "have it run again: ",
                                out->path);
    TAP_OK(outdir_write(out, "trials/200-go.1~2.json", str_of(text), &err), "a file");
    TAP_OK(outdir_has_trial(out, race->services, place), "… is there");
    TAP_OK(!outdir_read_trial(out, race, place, &found, &err) && found.block == -1,
           "… but broken");
    TAP_OK(strncmp(err.text, sentence, strlen(sentence)) == 0 &&
               err.text[strlen(sentence)] != '\0',
           "… named, with the remedy: %s", err.text);
    mem_free(sentence);
}

/* Second attempts, blocks of more than three digits, and failures are kept as well. */
static void recalled(const struct outdir *out)
{
    struct result_service services[2] = {{.name = "c"}, {.name = "go.1"}};
    const struct result race = {.services = services, .service_count = 2};
    struct trial first, second, failed;
    struct error err = {""};
    race_fill_trial(&first, 3, 2, 1);
    add_windows(&first.load);
    race_fill_trial(&second, 3, 2, 1);
    second.attempt = 2;
    second.invalid_count = 1;
    snprintf(second.invalid[0], LOAD_REASON_BYTES, "the generator was late");
    race_fill_trial(&failed, 200, 1, 0);
    failed.outcome = TRIAL_FAILED;
    failed.ready = false;
    failed.why = mem_copy_text("it did not start");
    check_recalled(out, &race, &first, "first attempt");
    check_recalled(out, &race, &second, "second attempt");
    check_recalled(out, &race, &failed, "failed");
    char *text = json_of(&second, &race);
    text[strlen(text) / 2] = '\0';
    check_broken(out, &race, text);
    check_broken(out, &race, "");
    check_broken(out, &race, "{}");
    struct outdir_place other = {3, 0, 1};
    TAP_OK(!outdir_has_trial(out, services, other), "the other service's is not there");
    TAP_OK(!outdir_read_trial(out, &race, other, &failed, &err) &&
               strstr(err.text, "/trials/003-c.json") && !strstr(err.text, "delete"),
           "… named, without that remedy");
    mem_free(text);
    trial_fini(&first);
    trial_fini(&second);
    trial_fini(&failed);
}

/* Two races in one folder would mix their trials. */
static void locked(struct outdir *out)
{
    struct error err = {""};
    struct outdir other = {.path = mem_copy_text(out->path)};
    struct outdir third = {.path = mem_copy_text(out->path)};
    TAP_OK(!outdir_lock(out, &err) && strstr(err.text, "plan.yaml"),
           "without a plan there is nothing to lock");
    TAP_OK(outdir_write(out, "plan.yaml", STR("x"), &err) && outdir_lock(out, &err),
           "the first has the folder");
    TAP_OK(!outdir_lock(&other, &err) && strstr(err.text, "another dragstrip races"),
           "a second has not: %s", err.text);
    outdir_fini(&other);
    outdir_fini(out);
    TAP_OK(outdir_lock(&third, &err), "when the first is over, another has");
    outdir_fini(&third);
}

int main(void)
{
    struct outdir out;
    struct error err;
    scratch_init();
    char *path = scratch_path("race");
    if (!outdir_create(&out, path, "quick", &err))
        return 1;
    opened();
    read_back(&out);
    recalled(&out);
    locked(&out);
    mem_free(path);
    scratch_fini();
    return tap_done();
}
