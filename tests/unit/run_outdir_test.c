/*
 * The folder of a race: its names, what is refused, and that its files are whole.
 */
#include "run/outdir.h"

#include <dirent.h>
#include <sys/stat.h>

#include "race.h"
#include "scratch.h"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void check_folder(const char *path, const char *what)
{
    char *trials = mem_format("%s/trials", path), *logs = mem_format("%s/logs", path);
    TAP_OK(is_folder(path), "%s: the folder", what);
    TAP_OK(is_folder(trials), "%s: trials/", what);
    TAP_OK(is_folder(logs), "%s: logs/", what);
    mem_free(trials);
    mem_free(logs);
}

static void given(void)
{
    struct outdir out;
    struct error err;
    char *path = scratch_path("deep/er");
    TAP_OK(outdir_create(&out, path, "quick", &err), "a given folder is made");
    TAP_TEXT(out.path, path, "… as given");
    check_folder(path, "given");
    outdir_fini(&out);
    TAP_OK(out.path == NULL, "fini forgets the path");
    outdir_fini(&out);
    TAP_OK(outdir_create(&out, path, "quick", &err), "an existing folder is accepted");
    check_folder(path, "existing");
    outdir_fini(&out);
    mem_free(path);
}

/* name-YYYYmmdd-HHMMSS and what is behind it, or NULL. */
static const char *behind_stamp(const char *path)
{
    static const char pattern[] = "out/quick-dddddddd-dddddd";
    for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
        bool digit = path[i] >= '0' && path[i] <= '9';
        if (pattern[i] == 'd' && i > 9 ? !digit : path[i] != pattern[i])
            return NULL;
    }
    return path + sizeof(pattern) - 1;
}

/* Two in the same second; a pair that straddles one is tried again. */
static void named_by_time(void)
{
    struct outdir first = {.path = NULL}, second = {.path = NULL};
    struct error err = {""};
    for (int tries = 0; tries < 20; tries++) {
        outdir_fini(&first);
        outdir_fini(&second);
        if (!outdir_create(&first, NULL, "quick", &err) ||
            !outdir_create(&second, NULL, "quick", &err))
            break;
        if (strncmp(first.path, second.path, strlen("out/quick-dddddddd-dddddd")) == 0)
            break;
    }
    if (TAP_OK(first.path && second.path, "without a folder given, one is named")) {
        const char *behind = behind_stamp(first.path);
        TAP_OK(behind && *behind == '\0', "by name and time: %s", first.path);
        behind = behind_stamp(second.path);
        TAP_OK(behind && strcmp(behind, "-2") == 0, "the second: %s", second.path);
        check_folder(first.path, "first");
        check_folder(second.path, "second");
    }
    outdir_fini(&first);
    outdir_fini(&second);
}

static bool refused(const char *path, struct error *err)
{
    struct outdir out = {.path = scratch_folder};
    *err = (struct error){""};
    bool made = outdir_create(&out, path, "quick", err);
    if (made)
        outdir_fini(&out);
    return !made && out.path == scratch_folder;
}

static void check_refused(char *path, const char *reason, const char *what)
{
    struct error err;
    char *sentence = mem_format("%s%s", path, reason);
    if (TAP_OK(refused(path, &err), "%s: refused, and nothing handed out", what))
        TAP_TEXT(err.text, sentence, what);
    mem_free(sentence);
}

static void taken(void)
{
    struct outdir out;
    struct error err;
    char *path = scratch_path("race");
    TAP_OK(outdir_create(&out, path, "quick", &err) &&
               outdir_write(&out, "plan.yaml", STR("name: quick\n"), &err),
           "a race writes its plan");
    check_refused(path, " already holds a race; choose another -o", "second race");
    outdir_fini(&out);
    mem_free(path);
}

/* A file stands where a folder should be; permissions would not stop root. */
static void in_the_way(void)
{
    struct error err;
    char *path = scratch_path("file"), *below = scratch_path("file/below");
    char *busy = scratch_path("busy");
    scratch_write("file", STR("x"));
    check_refused(path, " is not a directory", "a file in its place");
    TAP_OK(refused(below, &err) && strstr(err.text, path),
           "a file above it is refused, and named");
    TAP_OK(file_make_directory(busy, &err), "a folder");
    scratch_write("busy/trials", STR("x"));
    TAP_OK(refused(busy, &err) && strstr(err.text, "busy/trials is not a directory"),
           "a file called trials is refused");
    TAP_OK(file_exists(path), "the file is still there");
    mem_free(path);
    mem_free(below);
    mem_free(busy);
}

static int count_entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count - 2; /* . and .. */
}

static void whole_files(const struct outdir *out)
{
    struct error err = {""};
    struct buf bytes;
    char *path = mem_format("%s/result.json", out->path);
    buf_init(&bytes, 100);
    TAP_OK(outdir_write(out, "result.json", STR("first, and longer"), &err) &&
               outdir_write(out, "result.json", (struct str){"se\0cond", 7}, &err),
           "a file is written, and written again");
    TAP_OK(file_read(path, &bytes, &err) &&
               str_eq(buf_str(&bytes), (struct str){"se\0cond", 7}),
           "it holds the bytes of the second time only");
    TAP_INT(count_entries(out->path), 3, "no other file is left");
    TAP_OK(!outdir_write(out, "none/x", STR(""), &err) && strstr(err.text, out->path) &&
               strstr(err.text, "none/x"),
           "a file that cannot be written is named");
    TAP_INT(count_entries(out->path), 3, "… and leaves nothing behind");
    buf_fini(&bytes);
    mem_free(path);
}

static void logs(const struct outdir *out)
{
    char *build = outdir_build_log(out, "go-echo");
    char *trial = outdir_trial_log(out, 7, "go-echo", 1);
    char *again = outdir_trial_log(out, 1000, "go-echo", 2);
    char *build_wanted = mem_format("%s/logs/build-go-echo.log", out->path);
    char *trial_wanted = mem_format("%s/logs/007-go-echo.log", out->path);
    char *again_wanted = mem_format("%s/logs/1000-go-echo~2.log", out->path);
    TAP_TEXT(build, build_wanted, "a build's log");
    TAP_TEXT(trial, trial_wanted, "a trial's log");
    TAP_TEXT(again, again_wanted, "… and a second attempt's");
    mem_free(build);
    mem_free(trial);
    mem_free(again);
    mem_free(again_wanted);
    mem_free(build_wanted);
    mem_free(trial_wanted);
}

static void add_windows(struct load_result *load)
{
    load->window_count = 2;
    load->windows = mem_new(2, sizeof(*load->windows));
    for (int i = 0; i < 2; i++)
        load->windows[i] = (struct load_window){
            .second = i, .ok = 1000 + (uint64_t)i, .p50 = 1e5, .p99 = (double)NAN};
}

static void check_trial(const json_t *json)
{
    const json_t *load = json_object_get(json, "load");
    const json_t *windows = json_object_get(load, "windows");
    const json_t *last = json_array_get(windows, 1);
    TAP_INT(json_integer_value(json_object_get(json, "block")), 12, "its block");
    TAP_INT(json_array_size(windows), 2, "all of its windows");
    TAP_INT(json_integer_value(json_object_get(last, "ok")), 1001, "… with their counts");
    TAP_NEAR(json_number_value(json_object_get(load, "achieved_rate")), 19998.7, 0,
             "its load");
}

static void trial(const struct outdir *out)
{
    struct error err = {""};
    struct result_service services[2] = {{.name = "c"}, {.name = "go.1"}};
    struct trial trial;
    race_fill_trial(&trial, 12, 1, 1);
    add_windows(&trial.load);
    TAP_OK(outdir_write_trial(out, &trial, services, &err), "a trial is written");
    char *path = mem_format("%s/trials/012-go.1.json", out->path);
    char *folder = mem_format("%s/trials", out->path);
    json_error_t why;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (TAP_OK(json != NULL, "trials/BLOCK-SERVICE.json is JSON"))
        check_trial(json);
    TAP_INT(count_entries(folder), 1, "no other file is left");
    json_decref(json);
    mem_free(path);
    mem_free(folder);
    trial_fini(&trial);
}

static void trial_unwritable(void)
{
    struct error err = {""};
    struct result_service services[1] = {{.name = "c"}};
    struct trial trial;
    struct outdir nowhere = {.path = scratch_path("nowhere")};
    race_fill_trial(&trial, 1, 1, 0);
    TAP_OK(!outdir_write_trial(&nowhere, &trial, services, &err) &&
               strstr(err.text, "nowhere/trials/001-c.json"),
           "a trial that cannot be written is named");
    trial_fini(&trial);
    outdir_fini(&nowhere);
}

int main(void)
{
    struct outdir out;
    struct error err;
    scratch_init();
    if (chdir(scratch_folder) != 0 || !outdir_create(&out, "files", "quick", &err))
        return 1;
    given();
    named_by_time();
    taken();
    in_the_way();
    whole_files(&out);
    logs(&out);
    trial(&out);
    trial_unwritable();
    outdir_fini(&out);
    scratch_fini();
    return tap_done();
}
