#include "cmd/compare_urls.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "report/view_observed.h"
#include "run/scrape.h"
#include "sys/terminal.h"

bool compare_urls_match(struct observed_rules *rules, const char *text, struct error *err)
{
    size_t len = strcspn(text, "=");
    if (len == 0 || text[len] != '=')
        return error_set(err, "--match '%s' is not LABEL=VALUE, such as route=/echo",
                         text);
    if (rules->match_count == OBSERVED_MATCHES_MAX)
        return error_set(err, "more than %d --match", OBSERVED_MATCHES_MAX);
    struct str value = str_of(text + len + 1);
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        value = (struct str){value.ptr + 1, value.len - 2};
    rules->matches[rules->match_count++] = (struct observed_match){{text, len}, value};
    return true;
}

bool compare_urls_metric(struct observed_rules *rules, const char *text,
                         struct error *err)
{
    size_t len = strcspn(text, "=");
    for (int kind = 0; kind < OBSERVED_KINDS; kind++) {
        const char *name = observed_kind_name((enum observed_kind)kind);
        if (strlen(name) == len && memcmp(name, text, len) == 0 && text[len] == '=' &&
            text[len + 1]) {
            rules->names[kind] = text + len + 1;
            return true;
        }
    }
    return error_set(
        err,
        "--metric '%s' is not KIND=NAME; the kinds are duration, requests, cpu, "
        "resident, files, gc, tasks and start",
        text);
}

/* --- one run --------------------------------------------------------------------- */

struct run {
    struct compare_urls *compare;
    const atomic_int *stop;
    struct target targets[RESULT_SERVICES_MAX];
    struct scrape before[RESULT_SERVICES_MAX], after[RESULT_SERVICES_MAX];
    struct observed_set set;
    struct error err;
};

static bool is_stopped(const struct run *run)
{
    return atomic_load(run->stop) != STOP_NOT;
}

static bool scrape_all(struct run *run, struct scrape *scrapes)
{
    for (int i = 0; i < run->compare->url_count; i++) {
        if (!scrape_page(&scrapes[i], &run->targets[i], run->targets[i].url.path,
                         run->compare->timeout_ns, &run->err))
            return error_prefix(&run->err, "%s: ", run->compare->urls[i]);
    }
    return true;
}

static void forget(struct scrape *scrapes, int count)
{
    for (int i = 0; i < count; i++)
        scrape_fini(&scrapes[i]);
}

static void draw(const struct run *run, int window, int64_t left_ns)
{
    if (terminal_columns(STDERR_FILENO) > 0)
        fprintf(stderr, "\r\033[Kwindow %d/%d  %lld s left", window + 1,
                run->compare->windows, (long long)((left_ns + NS_PER_S - 1) / NS_PER_S));
}

/* Until the window is over, or the user has enough. */
static bool wait_until(const struct run *run, int window, int64_t end_ns)
{
    int64_t now_ns;
    while ((now_ns = clock_now_ns()) < end_ns && !is_stopped(run)) {
        int64_t left_ns = end_ns - now_ns;
        draw(run, window, left_ns);
        clock_sleep_until(now_ns + (left_ns < NS_PER_S / 5 ? left_ns : NS_PER_S / 5));
    }
    if (terminal_columns(STDERR_FILENO) > 0)
        fputs("\r\033[K", stderr);
    return !is_stopped(run);
}

static void observe(struct run *run, int window)
{
    const struct compare_urls *compare = run->compare;
    for (int i = 0; i < compare->url_count; i++) {
        const struct scrape *before = &run->before[i], *after = &run->after[i];
        double seconds = (double)(after->at_ns - before->at_ns) / (double)NS_PER_S;
        observed_between(&before->page, &after->page, seconds, &compare->rules,
                         &run->set.cells[i * compare->windows + window]);
    }
}

/* Whoever gives up while a service is silent is not told of the silence. */
static int give_up(const struct run *run, int window)
{
    if (is_stopped(run))
        return cmd_fail(EXIT_INTERRUPTED, "interrupted in window %d of %d", window + 1,
                        run->compare->windows);
    return cmd_fail(EXIT_BROKEN, "%s", run->err.text);
}

/* The end of each window is the beginning of the next. */
static int run_windows(struct run *run)
{
    int count = run->compare->url_count;
    int64_t begin_ns = clock_now_ns();
    if (!scrape_all(run, run->before))
        return give_up(run, 0);
    for (int window = 0; window < run->compare->windows; window++) {
        if (!wait_until(run, window, begin_ns + (window + 1) * run->compare->window_ns) ||
            !scrape_all(run, run->after))
            return give_up(run, window);
        observe(run, window);
        forget(run->before, count);
        memcpy(run->before, run->after, sizeof(run->before));
        memset(run->after, 0, sizeof(run->after));
    }
    return EXIT_PASS;
}

/* Host and port are enough where they differ, which is nearly always. */
static void name_services(struct run *run)
{
    bool differ = true;
    int count = run->compare->url_count;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < i; j++)
            differ &= !str_eq(run->targets[i].url.host, run->targets[j].url.host);
    }
    for (int i = 0; i < count; i++) {
        struct str host = run->targets[i].url.host;
        char *name = run->compare->hosts[i];
        snprintf(name, sizeof(run->compare->hosts[i]), "%.*s", (int)host.len, host.ptr);
        run->compare->names[i] = differ ? name : run->compare->urls[i];
    }
}

static bool open_targets(struct run *run)
{
    for (int i = 0; i < run->compare->url_count; i++) {
        if (!target_init(&run->targets[i], run->compare->urls[i], &run->compare->target,
                         &run->err))
            return false;
    }
    return true;
}

/* A service that was restarted, or of which nothing could be read, spoils it. */
static bool is_spoilt(const struct observed_set *set)
{
    for (int i = 0; i < set->service_count * set->window_count; i++) {
        if (set->cells[i].restarted)
            return true;
    }
    return false;
}

static int deliver(struct run *run, struct view *view, bool *has_view)
{
    const char *path = run->compare->json_path;
    if (path &&
        !cmd_write_json(observed_to_json(&run->set), JSON_INDENT(1), path, &run->err))
        return cmd_fail(EXIT_BROKEN, "%s", run->err.text);
    name_services(run);
    *has_view = !path || strcmp(path, "-") != 0;
    if (*has_view)
        view_init_observed(view, &run->set);
    return is_spoilt(&run->set) ? EXIT_INVALID : EXIT_PASS;
}

int compare_urls_run(struct compare_urls *compare, struct view *view, bool *has_view)
{
    struct run *run = mem_new(1, sizeof(*run));
    run->compare = compare;
    run->stop = cmd_watch_signals();
    run->set = (struct observed_set){
        .urls = compare->urls,
        .names = compare->names,
        .service_count = compare->url_count,
        .window_count = compare->windows,
        .cells = mem_new((size_t)compare->url_count * (size_t)compare->windows,
                         sizeof(struct observed))};
    *has_view = false;
    int code =
        open_targets(run) ? run_windows(run) : cmd_fail(EXIT_USAGE, "%s", run->err.text);
    if (code == EXIT_PASS)
        code = deliver(run, view, has_view);
    forget(run->before, compare->url_count);
    forget(run->after, compare->url_count);
    for (int i = 0; i < compare->url_count; i++)
        target_fini(&run->targets[i]);
    mem_free(run->set.cells);
    mem_free(run);
    return code;
}
