/* Children: how they end, and that nothing of them is left behind. */
#include "sys/loop.h"
#include "talk.h"

/* --- ends ------------------------------------------------------------------------ */

static void ends(void)
{
    static const struct {
        const char *script, *expected;
    } cases[] = {{"exit 0", "exited with status 0"},
                 {"exit 1", "exited with status 1"},
                 {"exit 255", "exited with status 255"},
                 {"kill -SEGV $$", "was killed by SIGSEGV"},
                 {"kill -TERM $$", "was killed by SIGTERM"},
                 {"kill -KILL $$", "was killed by SIGKILL"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct child child;
        char text[64];
        struct child_spec spec = shell(cases[i].script);
        int64_t before_ns = clock_now_ns();
        if (!start(&child, &spec))
            continue;
        child_check(&child);
        int64_t between_ns = clock_now_ns();
        TAP_OK(child_wait(&child, LOOP_FOREVER), "… it ends");
        TAP_INT(child.state, CHILD_ENDED, "… and we know");
        child_check(&child);
        TAP_TEXT(child_describe(&child, text), cases[i].expected, "described");
        TAP_OK(child.started_ns >= before_ns && child.started_ns <= between_ns,
               "… the time of its start");
        TAP_OK(child.ended_ns >= child.started_ns && child.ended_ns <= clock_now_ns(),
               "… and of its end");
    }
}

/* Signals without a name are described too. */
static void nameless_signal(void)
{
    struct child child;
    char text[64], script[32];
    snprintf(script, sizeof(script), "kill -%d $$", SIGRTMIN + 2);
    struct child_spec spec = shell(script);
    if (!start(&child, &spec))
        return;
    child_wait(&child, LOOP_FOREVER);
    child_describe(&child, text);
    TAP_OK(strncmp(text, "was killed by ", 14) == 0 && !strstr(text, "null"), "%s", text);
}

static void ended_stays_ended(void)
{
    struct child child;
    struct child_spec spec = shell("exit 3");
    if (!start(&child, &spec))
        return;
    wait_dead(child.pid);
    TAP_OK(!child_poll(&child), "poll sees the end");
    struct child before = child;
    TAP_OK(!child_poll(&child), "… again");
    TAP_OK(child_wait(&child, 0), "wait for one that ended succeeds");
    child_signal(&child, SIGTERM);
    TAP_INT(child_sweep(&child), 0, "nothing to sweep");
    child_kill(&child);
    child_check(&child);
    TAP_OK(memcmp(&before, &child, sizeof(child)) == 0, "none of it changes the end");
    TAP_INT(WEXITSTATUS(child.status), 3, "… the status");
}

static void never_started(void)
{
    struct child child = {0};
    child_check(&child);
    TAP_OK(!child_poll(&child), "one never started does not run");
    child_signal(&child, SIGTERM);
    child_kill(&child);
    TAP_INT(child_sweep(&child), 0, "… leaves nothing");
    TAP_OK(child.state != CHILD_RUNNING, "… and cannot be killed into life");
}

static void waits(void)
{
    struct talk talk;
    struct child_spec spec = role("stay", "0");
    if (!talk_start(&talk, &spec))
        return;
    char byte;
    TAP_INT(read_in_time(talk.out, &byte, 1), 1, "it is up");
    TAP_OK(child_poll(&talk.child), "poll: it runs");
    TAP_OK(!child_wait(&talk.child, 0), "wait until the past: not ended");
    static const int64_t spans_ns[] = {100 * NS_PER_US, NS_PER_MS, 20 * NS_PER_MS};
    for (size_t i = 0; i < sizeof(spans_ns) / sizeof(spans_ns[0]); i++) {
        int64_t until_ns = clock_now_ns() + spans_ns[i];
        TAP_OK(!child_wait(&talk.child, until_ns), "wait for some time: not ended");
        TAP_OK(clock_now_ns() >= until_ns, "… which has passed");
    }
    TAP_INT(talk.child.state, CHILD_RUNNING, "… it runs");
    child_check(&talk.child);
    child_signal(&talk.child, SIGTERM);
    TAP_OK(child_wait(&talk.child, clock_now_ns() + LIMIT_NS), "signalled: ends in time");
    TAP_INT(WTERMSIG(talk.child.status), SIGTERM, "… by that signal");
    talk_end(&talk, "signalled");
}

/* --- groups, and what is left behind ----------------------------------------------- */

/* A family of 1 + count that is up. */
static bool talk_family(struct talk *talk, const char *name, const char *count)
{
    char bytes[16];
    struct child_spec spec = role(name, count);
    if (!talk_start(talk, &spec))
        return false;
    ssize_t ready = atoi(count) + (strstr(name, "leave") ? 0 : 1);
    ssize_t got = read_in_time(talk->out, bytes, (size_t)ready);
    return TAP_OK(got == ready, "%s %s: all are up", name, count);
}

/* The descendant that is not the child itself may be reaped by us only. */
static void signal_reaches_group(void)
{
    struct talk talk;
    if (!talk_family(&talk, "stay", "3"))
        return;
    child_signal(&talk.child, SIGINT);
    TAP_OK(child_wait(&talk.child, clock_now_ns() + LIMIT_NS), "the leader ends");
    TAP_INT(WTERMSIG(talk.child.status), SIGINT, "… by the signal");
    char rest;
    TAP_INT(read_in_time(talk.out, &rest, 1), 0, "… and so do the others");
    child_sweep(&talk.child);
    talk_end(&talk, "signal to the group");
}

static void kill_all(const char *name)
{
    struct talk talk;
    char text[64];
    if (!talk_family(&talk, name, "3"))
        return;
    child_signal(&talk.child, SIGTERM);
    child_kill(&talk.child);
    child_check(&talk.child);
    TAP_INT(talk.child.state, CHILD_ENDED, "killed");
    child_describe(&talk.child, text);
    bool stubborn = strstr(name, "stubborn");
    TAP_OK(!stubborn || strcmp(text, "was killed by SIGKILL") == 0, "… it %s", text);
    talk_end(&talk, name);
}

/* One that ended, but of which we have not heard, keeps its own status. */
static void kill_too_late(void)
{
    struct child child;
    struct child_spec spec = shell("exit 7");
    if (!start(&child, &spec))
        return;
    wait_dead(child.pid);
    child_kill(&child);
    TAP_INT(child.state, CHILD_ENDED, "killed too late");
    TAP_OK(WIFEXITED(child.status) && WEXITSTATUS(child.status) == 7, "… its own status");
}

static void sweep(const char *name, const char *count)
{
    struct talk talk;
    if (!talk_family(&talk, name, count))
        return;
    talk_stop_input(&talk);
    TAP_OK(child_wait(&talk.child, clock_now_ns() + LIMIT_NS), "%s: ended by itself",
           name);
    TAP_INT(WEXITSTATUS(talk.child.status), 5, "… with its status");
    TAP_INT(child_sweep(&talk.child), atoi(count), "… as many are swept as it left");
    TAP_INT(WEXITSTATUS(talk.child.status), 5, "… its status is as before");
    child_check(&talk.child);
    TAP_INT(child_sweep(&talk.child), 0, "… and none the second time");
    talk_end(&talk, name);
}

/* Sweeping after one child leaves another one's life, group and status alone. */
static void sweep_spares_others(void)
{
    struct talk running, gone;
    struct child dead;
    struct child_spec spec = shell("exit 9");
    if (!talk_family(&running, "stay", "1") ||
        !talk_family(&gone, "leave stubborn", "2") || !start(&dead, &spec))
        return;
    wait_dead(dead.pid);
    talk_stop_input(&gone);
    child_wait(&gone.child, clock_now_ns() + LIMIT_NS);
    TAP_INT(child_sweep(&gone.child), 2, "only its own are swept");
    char byte;
    TAP_INT(read_in_time(gone.out, &byte, 1), 0, "… both");
    close(gone.out);
    TAP_OK(child_poll(&running.child), "the other one still runs");
    TAP_OK(child_wait(&dead, clock_now_ns() + LIMIT_NS), "a third had ended");
    TAP_OK(WIFEXITED(dead.status) && WEXITSTATUS(dead.status) == 9, "… by itself");
    child_kill(&running.child);
    TAP_INT(WTERMSIG(running.child.status), SIGKILL, "the other one ran until now");
    talk_end(&running, "the other one");
}

/* We are killed outright: the child follows. A process between stands for us. */
static void dies_with_parent(void)
{
    int out[2];
    if (pipe2(out, O_CLOEXEC))
        return;
    fflush(stdout);
    pid_t between = fork();
    if (between == 0) {
        struct child child;
        struct error err;
        struct child_spec spec = shell("echo $$; exec sleep 100");
        spec.stdout_fd = out[1];
        child_start(&child, &spec, &err);
        for (;;)
            pause();
    }
    close(out[1]);
    char text[32] = "", byte;
    for (size_t i = 0; i < sizeof(text) - 1 && !strchr(text, '\n'); i++) {
        if (read_in_time(out[0], text + i, 1) != 1)
            break;
    }
    TAP_OK(strchr(text, '\n') != NULL, "a child of another process is up");
    kill(between, SIGKILL);
    waitpid(between, NULL, 0);
    TAP_INT(read_in_time(out[0], &byte, 1), 0, "it dies with its parent");
    close(out[0]);
    /* It came to us, who inherit; a failing test leaves no process. */
    if (atoi(text) > 0 && kill(atoi(text), SIGKILL) == 0)
        waitpid(atoi(text), NULL, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return play(argv);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    fds_keep_from_children();
    int before = fds_count();
    ends();
    nameless_signal();
    ended_stays_ended();
    never_started();
    waits();
    signal_reaches_group();
    kill_all("stay");
    kill_all("stay stubborn");
    kill_all("stay stubborn apart");
    kill_too_late();
    sweep("leave", "3");
    sweep("leave stubborn", "3");
    sweep("leave stubborn apart", "2");
    sweep("leave", "0");
    sweep_spares_others();
    dies_with_parent();
    TAP_INT(fds_count(), before, "no descriptor is left open");
    return tap_done();
}
