/* Children: what cannot be started, and what they are given. */
#include "blocking.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/signals.h"
#include "sys/sock.h"
#include "sys/wake.h"
#include "talk.h"
#include "tempdir.h"

/* --- what cannot be started ------------------------------------------------------- */

static void refuse(const char *program, int why)
{
    const char *argv[] = {program, NULL};
    struct child_spec spec = {.argv = argv, .stdin_fd = -1};
    struct child child = {0}, untouched = {0};
    struct error err = {""};
    spec.stdout_fd = spec.stderr_fd = -1;
    int before = fds_count();
    TAP_OK(!child_start(&child, &spec, &err), "%s is not started", program);
    if (!TAP_OK(strstr(err.text, program) && strstr(err.text, strerror(why)),
                "… and the sentence says what and why"))
        printf("# %s\n", err.text);
    TAP_OK(memcmp(&child, &untouched, sizeof(child)) == 0, "… the child is untouched");
    TAP_INT(fds_count(), before, "… no descriptor stays open");
    errno = 0;
    TAP_OK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "… nothing to reap");
}

static void refusals(void)
{
    char text[512];
    snprintf(text, sizeof(text), "%s", tempdir_write("text", "x", 1, 0644));
    refuse("no-such-program-anywhere", ENOENT);
    refuse("/no/such/program", ENOENT);
    refuse(text, EACCES);
    refuse(tempdir_root, EACCES);
}

/* --- what it is given ------------------------------------------------------------- */

static void environment(void)
{
    static const char *const added[] = {"DRAGSTRIP_ADDED=a=b c", "DRAGSTRIP_CHANGED=new",
                                        "DRAGSTRIP_EMPTY=", NULL};
    setenv("DRAGSTRIP_INHERITED", "kept", 1);
    setenv("DRAGSTRIP_CHANGED", "old", 1);
    struct child_spec spec = shell("echo \"$DRAGSTRIP_ADDED|$DRAGSTRIP_CHANGED|"
                                   "${DRAGSTRIP_EMPTY-unset}|$DRAGSTRIP_INHERITED\"");
    spec.env = added;
    TAP_TEXT(said(&spec), "a=b c|new||kept\n", "added, changed, empty, inherited");
    TAP_OK(!getenv("DRAGSTRIP_ADDED"), "ours has no addition");
    TAP_TEXT(getenv("DRAGSTRIP_CHANGED"), "old", "… and no change");
    spec.env = NULL;
    TAP_TEXT(said(&spec), "|old|unset|kept\n", "no additions");
}

static void cpus(void)
{
    cpu_set_t all, one;
    char text[CPU_TEXT_BYTES];
    int last = 0;
    cpu_allowed(&all);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        last = CPU_ISSET(cpu, &all) ? cpu : last;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    struct child_spec spec = role("cpus", NULL);
    spec.cpus = &one;
    cpu_format(&one, text);
    TAP_TEXT(said(&spec), text, "pinned to one CPU");
    spec.cpus = NULL;
    cpu_format(&all, text);
    TAP_TEXT(said(&spec), text, "or on all of ours");
    cpu_allowed(&one);
    TAP_OK(CPU_EQUAL(&one, &all), "… which stay as they were");
}

static void place(void)
{
    char expected[64];
    int ours = prctl(PR_GET_TIMERSLACK), reaper = 0;
    struct child_spec spec = role("place", NULL);
    spec.timer_slack_ns = 12345;
    TAP_TEXT(said(&spec), "1 1 12345",
             "leads a group, dies with us, timer slack as asked");
    spec.timer_slack_ns = 0;
    snprintf(expected, sizeof(expected), "1 1 %d", ours);
    TAP_TEXT(said(&spec), expected, "… or as ours");
    prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    TAP_INT(reaper, 1, "we inherit what children leave");
}

/* --- descriptors ------------------------------------------------------------------ */

/* Descriptors of every kind that this program opens: none may reach the child. */
static void no_descriptor_leaks(void)
{
    struct error err = {""};
    struct sock_address address;
    struct loop loop;
    struct child other;
    struct child_spec spec = shell("sleep 100");
    int listener = blocking_listen(&address);
    int ours[] = {listener, sock_connect(&address), wake_open(&err),
                  file_create(tempdir_path("log"), &err), sock_accept(listener)};
    bool open = loop_init(&loop, &err) && start(&other, &spec);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        open = open && ours[i] > 2;
    if (!TAP_OK(open, "one of each kind is open%s", err.text))
        return;
    spec = role("descriptors", NULL);
    TAP_TEXT(said(&spec), "0 1 2 ", "a child has the three and no other");
    child_kill(&other);
    loop_fini(&loop);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        close(ours[i]);
}

static void null(void)
{
    struct child_spec spec = role("null", NULL);
    struct child child = {0};
    struct error err = {""};
    spec.stdin_fd = spec.stdout_fd = spec.stderr_fd = -1;
    TAP_OK(child_start(&child, &spec, &err), "one without any descriptor");
    child_wait(&child, LOOP_FOREVER);
    TAP_INT(child.status, 0, "… has /dev/null thrice");
}

static bool holds(const char *path, const char *expected)
{
    struct buf buf;
    struct error err;
    buf_init(&buf, 1000);
    bool same = file_read(path, &buf, &err) && str_eq(buf_str(&buf), str_of(expected));
    buf_fini(&buf);
    return same;
}

/* stdin from a file, stdout and stderr into files of their own or into the same. */
static void redirections(void)
{
    struct error err = {""};
    struct child child;
    struct child_spec spec = shell("read line; echo \"out $line\"; echo err >&2");
    const char *input = tempdir_write("in", "word\n", 5, 0600);
    int in = open(input, O_RDONLY | O_CLOEXEC);
    const char *out_path = tempdir_path("out"), *err_path = tempdir_path("err");
    int out = file_create(out_path, &err), error = file_create(err_path, &err);
    spec.stdin_fd = in;
    spec.stdout_fd = out;
    spec.stderr_fd = error;
    int before = fds_count();
    if (start(&child, &spec))
        child_wait(&child, LOOP_FOREVER);
    TAP_OK(holds(out_path, "out word\n"), "stdout, and stdin in it");
    TAP_OK(holds(err_path, "err\n"), "stderr apart");
    TAP_INT(fds_count(), before, "ours are left open, and only ours");
    lseek(in, 0, SEEK_SET);
    spec.stderr_fd = out;
    if (start(&child, &spec))
        child_wait(&child, LOOP_FOREVER);
    TAP_OK(holds(out_path, "out word\nout word\nerr\n"), "stdout and stderr in one");
    close(in);
    close(out);
    close(error);
}

/* Our own 1 and 2 are files for a while and handed to the child in both orders: that they
 * are among the numbers the child needs must not mix them up. */
static void standard_descriptors(bool crossed)
{
    struct error err = {""};
    struct child child = {0};
    struct child_spec spec = shell("echo out; echo err >&2");
    const char *one_path = tempdir_path("one"), *two_path = tempdir_path("two");
    int kept[2] = {fcntl(1, F_DUPFD_CLOEXEC, 3), fcntl(2, F_DUPFD_CLOEXEC, 3)};
    int one = file_create(one_path, &err), two = file_create(two_path, &err);
    fflush(stdout);
    dup2(one, 1);
    dup2(two, 2);
    spec.stdout_fd = crossed ? 2 : 1;
    spec.stderr_fd = crossed ? 1 : 2;
    bool started = child_start(&child, &spec, &err);
    if (started)
        child_wait(&child, LOOP_FOREVER);
    dup2(kept[0], 1);
    dup2(kept[1], 2);
    close(kept[0]);
    close(kept[1]);
    close(one);
    close(two);
    TAP_OK(started, "with our own stdout and stderr%s", err.text);
    TAP_OK(holds(one_path, crossed ? "err\n" : "out\n"), "… %s: the first",
           crossed ? "crossed" : "straight");
    TAP_OK(holds(two_path, crossed ? "out\n" : "err\n"), "… and the second");
}

/* Last, for it cannot be undone: our own signals are blocked and ignored by now. */
static void signals_are_its_own(void)
{
    struct error err;
    int fd = signals_open(&err);
    struct child_spec spec = role("signals", NULL);
    TAP_TEXT(said(&spec), "0 0 0", "what we block and ignore, the child does not");
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return play(argv);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    fds_keep_from_children();
    if (!TAP_OK(tempdir_open(), "a folder of our own"))
        return tap_done();
    int before = fds_count();
    refusals();
    environment();
    cpus();
    place();
    no_descriptor_leaks();
    null();
    redirections();
    standard_descriptors(false);
    standard_descriptors(true);
    signals_are_its_own();
    tempdir_close();
    TAP_INT(fds_count(), before, "no descriptor is left open");
    return tap_done();
}
