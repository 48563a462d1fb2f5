/*
 * A service's life in a trial. The services are this very program, called again as
 * `serve PORT MANNER`, so that they start at once and misbehave on demand.
 */
#include "run/service.h"

#include <sched.h>

#include "scratch.h"
#include "scripted.h"

#define SELF "/proc/self/exe"
#define DRAIN_NS (200 * NS_PER_MS)
#define LATE_NS (200 * NS_PER_MS)

/* ---- the services ---- */

static void end_slowly(int signal_number)
{
    (void)signal_number;
    clock_sleep_until(clock_now_ns() + DRAIN_NS);
    _exit(0);
}

/* Starts a process that is deaf to SIGTERM, in a session of its own or not, and writes
 * its number to standard output. It ends by itself should a test fail to end it. */
static void start_helper(bool astray)
{
    pid_t pid = fork();
    if (pid != 0) {
        printf("%d\n", (int)pid);
        return;
    }
    alarm(30);
    signal(SIGTERM, SIG_IGN);
    if (astray)
        setsid();
    for (;;)
        pause();
}

static void adopt(const char *manner)
{
    if (strcmp(manner, "slow") == 0)
        signal(SIGTERM, end_slowly);
    if (strcmp(manner, "deaf") == 0)
        signal(SIGTERM, SIG_IGN);
    if (strcmp(manner, "family") == 0 || strcmp(manner, "astray") == 0)
        start_helper(manner[0] == 'a');
    else
        puts("listening");
    fflush(stdout);
}

/* 200 for /up; redirected at first when it is late, always 503 when never ready. */
static int status_of(const char *request, const char *manner, int64_t from_ns)
{
    if (strncmp(request, "GET /up HTTP/1.1\r\n", 18) != 0)
        return 404;
    if (strcmp(manner, "never") == 0)
        return 503;
    bool late = strcmp(manner, "late") == 0 && clock_now_ns() < from_ns + LATE_NS;
    return late ? 300 : 200;
}

static int serve(const char *port, const char *manner)
{
    struct sock_address address;
    struct error err;
    char place[32], request[512], answer[64];
    int64_t from_ns = clock_now_ns();
    snprintf(place, sizeof(place), "127.0.0.1:%s", port);
    adopt(manner);
    int listener =
        sock_parse(place, &address, &err) ? sock_listen(&address, false, &err) : -1;
    while (listener >= 0) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        poll(&waiting, 1, -1);
        int fd = sock_accept(listener);
        waiting.fd = fd;
        poll(&waiting, 1, 1000);
        ssize_t n = sock_recv(fd, request, sizeof(request) - 1);
        request[n > 0 ? n : 0] = '\0';
        snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n",
                 status_of(request, manner, from_ns));
        sock_send(fd, str_of(answer));
        close(fd);
    }
    return 1;
}

/* ---- the bench ---- */

struct bench {
    struct plan_service plan;
    struct service service;
    struct service_limits limits;
    char *log_path;
    int port;
    atomic_int stop;
    struct error err;
};

static int free_port(void)
{
    struct sock_address address;
    struct error err;
    char text[SOCK_ADDRESS_TEXT];
    bool parsed = sock_parse("127.0.0.1:0", &address, &err);
    int fd = parsed ? sock_listen(&address, false, &err) : -1;
    assert(fd >= 0);
    close(fd);
    return atoi(strrchr(sock_format(&address, text), ':') + 1);
}

static void bench_init(struct bench *bench)
{
    *bench =
        (struct bench){.log_path = scratch_path("service.log"),
                       .port = free_port(),
                       .limits = {.ready_ns = 20 * NS_PER_S, .stop_ns = 20 * NS_PER_S}};
    bench->plan.name = mem_copy_text("a");
    bench->plan.ready = mem_copy_text("/up");
    bench->plan.url = mem_format("http://127.0.0.1:%d/echo", bench->port);
}

static void bench_fini(struct bench *bench)
{
    for (int i = 0; i < bench->plan.command.count; i++)
        mem_free(bench->plan.command.items[i]);
    mem_free(bench->plan.env.items[0]);
    mem_free(bench->plan.name);
    mem_free(bench->plan.ready);
    mem_free(bench->plan.url);
    mem_free(bench->log_path);
}

static void add_word(struct bench *bench, const char *word)
{
    struct plan_list *command = &bench->plan.command;
    command->items[command->count++] = mem_copy_text(word);
}

static void bench_serve(struct bench *bench, const char *manner)
{
    char port[16];
    bench_init(bench);
    snprintf(port, sizeof(port), "%d", bench->port);
    add_word(bench, SELF);
    add_word(bench, "serve");
    add_word(bench, port);
    add_word(bench, manner);
}

static void bench_shell(struct bench *bench, const char *script)
{
    bench_init(bench);
    add_word(bench, "sh");
    add_word(bench, "-c");
    add_word(bench, script);
}

static bool start(struct bench *bench)
{
    bench->err = (struct error){""};
    bench->limits.stop = &bench->stop;
    return service_start(&bench->service, &bench->plan, bench->log_path, &bench->limits,
                         &bench->err);
}

/* The end of every test with a service that must have come up. */
static void check_started(struct bench *bench, const char *what)
{
    if (TAP_OK(start(bench), "%s: it starts", what))
        return;
    printf("Bail out! %s\n", bench->err.text);
    scratch_fini();
    exit(1);
}

static void check_refused(struct bench *bench, const char *sentence, const char *what)
{
    if (TAP_OK(!start(bench), "%s: refused", what))
        TAP_TEXT(bench->err.text, sentence, what);
    else
        service_stop(&bench->service, &bench->limits);
    scratch_check_no_child(what);
}

/* ---- what does not come up ---- */

static void exits_at_once(void)
{
    struct bench bench;
    bench_shell(&bench, "echo one; echo \"colour $COLOUR\" >&2; exit 7");
    bench.plan.env.items[bench.plan.env.count++] = mem_copy_text("COLOUR=dark red");
    if (TAP_OK(!start(&bench), "exits at once: refused")) {
        const char *text = bench.err.text;
        TAP_OK(strstr(text, "a: 'sh") != NULL, "… with its name and command");
        TAP_OK(strstr(text, "exited with status 7") != NULL, "… its status");
        TAP_OK(strstr(text, "its log ends:\none\ncolour dark red\n") != NULL,
               "… its log, and it had its environment");
    }
    scratch_check_no_child("exits at once");
    bench_fini(&bench);
}

static void exits_without_a_word(void)
{
    struct bench bench;
    bench_shell(&bench, "kill -SEGV $$");
    if (TAP_OK(!start(&bench), "killed at once: refused"))
        TAP_OK(strstr(bench.err.text, "was killed by SIGSEGV; its log is empty"),
               "… with its signal and the empty log");
    bench_fini(&bench);
}

/* Long lines: what is cut must be the beginning, the cause is at the end. */
static void exits_wordily(void)
{
    struct bench bench;
    bench_shell(&bench, "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do printf '%0300d\\n' $i; "
                        "done; echo the cause; exit 1");
    TAP_OK(!start(&bench), "exits with many words: refused");
    TAP_OK(strstr(bench.err.text, "\nthe cause") != NULL, "… the last of them are told");
    bench_fini(&bench);
}

static void never_ready(void)
{
    struct bench bench;
    bench_serve(&bench, "never");
    bench.limits.ready_ns = 300 * NS_PER_MS;
    int64_t from_ns = clock_now_ns();
    check_refused(&bench,
                  "a: not ready within 0.3 s (/up answered 503); its log ends:\n"
                  "listening\n",
                  "never ready");
    TAP_OK(clock_now_ns() - from_ns >= bench.limits.ready_ns, "… it was given its time");
    bench_fini(&bench);
}

static void port_in_use(void)
{
    struct bench bench;
    struct error err;
    char text[SOCK_ADDRESS_TEXT];
    struct sock_address address;
    bench_serve(&bench, "plain");
    snprintf(text, sizeof(text), "127.0.0.1:%d", bench.port);
    int fd = sock_parse(text, &address, &err) ? sock_listen(&address, false, &err) : -1;
    char *sentence = mem_format("a: something already listens on %s; stop it, or change "
                                "url and command in the plan",
                                text);
    remove(bench.log_path);
    check_refused(&bench, sentence, "port in use");
    TAP_OK(!file_exists(bench.log_path), "… it was not even tried");
    close(fd);
    mem_free(sentence);
    bench_fini(&bench);
}

static void cannot_be_started(void)
{
    struct bench bench;
    bench_init(&bench);
    add_word(&bench, "./no-such-program");
    check_refused(&bench,
                  "a: cannot start './no-such-program': No such file or directory (is it "
                  "built, and is the path right?)",
                  "command not found");
    mem_free(bench.log_path);
    bench.log_path = scratch_path("none/service.log");
    TAP_OK(!start(&bench) && strstr(bench.err.text, bench.log_path),
           "a log that cannot be written is named");
    bench_fini(&bench);
}

static void interrupted(void)
{
    struct bench bench;
    bench_serve(&bench, "never");
    bench.stop = true;
    check_refused(&bench, "interrupted", "interrupted");
    bench_fini(&bench);
}

/* ---- what comes up ---- */

static void drains(void)
{
    struct bench bench;
    struct procfs_tree tree;
    bench_serve(&bench, "slow");
    check_started(&bench, "slow");
    TAP_OK(bench.service.cold_start_ns > 0, "slow: its cold start is known");
    TAP_OK(isnan(bench.service.drain_ns), "slow: its drain not yet");
    TAP_OK(service_is_alive(&bench.service), "slow: alive");
    TAP_OK(service_sample(&bench.service, &tree) && tree.processes == 1 &&
               tree.rss_bytes > 0,
           "slow: one process with memory");
    service_stop(&bench.service, &bench.limits);
    TAP_OK(bench.service.drain_ns >= (double)DRAIN_NS, "slow: its drain is measured");
    TAP_OK(!bench.service.killed, "slow: not killed");
    scratch_check_no_child("slow");
    bench_fini(&bench);
}

static void late(void)
{
    struct bench bench;
    bench_serve(&bench, "late");
    check_started(&bench, "late");
    TAP_OK(bench.service.cold_start_ns >= (double)LATE_NS,
           "late: only a 2xx ends the cold start");
    service_stop(&bench.service, &bench.limits);
    TAP_OK(bench.service.drain_ns > 0 && !bench.service.killed, "late: ends at once");
    bench_fini(&bench);
}

static void ignores_sigterm(void)
{
    struct bench bench;
    bench_serve(&bench, "deaf");
    bench.limits.stop_ns = 150 * NS_PER_MS;
    check_started(&bench, "deaf");
    int64_t from_ns = clock_now_ns();
    service_stop(&bench.service, &bench.limits);
    TAP_OK(clock_now_ns() - from_ns >= bench.limits.stop_ns, "deaf: given its time");
    TAP_OK(bench.service.killed, "deaf: killed, and told so");
    TAP_OK(isnan(bench.service.drain_ns), "deaf: no drain time");
    scratch_check_no_child("deaf");
    bench_fini(&bench);
}

/* The service ends on SIGTERM, its helper does not. */
static void with_helper(const char *manner, int processes)
{
    struct bench bench;
    struct procfs_tree tree;
    bench_serve(&bench, manner);
    check_started(&bench, manner);
    int helper = scratch_wait_number("service.log");
    TAP_OK(service_sample(&bench.service, &tree) && tree.processes == processes,
           "%s: %d processes", manner, processes);
    service_stop(&bench.service, &bench.limits);
    TAP_OK(!bench.service.killed, "%s: the service itself ended well", manner);
    TAP_OK(helper > 0 && kill(helper, 0) != 0, "%s: its helper is gone too", manner);
    scratch_check_no_child(manner);
    scratch_end(helper);
    bench_fini(&bench);
}

static void dies(void)
{
    struct bench bench;
    struct procfs_tree tree;
    bench_serve(&bench, "plain");
    check_started(&bench, "dies");
    kill(bench.service.child.pid, SIGKILL);
    int64_t until_ns = clock_now_ns() + 10 * NS_PER_S;
    while (service_is_alive(&bench.service) && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + NS_PER_MS);
    TAP_OK(!service_is_alive(&bench.service), "dies: not alive");
    TAP_OK(!service_sample(&bench.service, &tree), "dies: no sample");
    service_explain_death(&bench.service, &bench.err);
    TAP_OK(strncmp(bench.err.text, "a: '" SELF, 4 + strlen(SELF)) == 0 &&
               strstr(bench.err.text, "was killed by SIGKILL; its log ends:\nlistening"),
           "dies: explained");
    service_stop(&bench.service, &bench.limits);
    TAP_OK(isnan(bench.service.drain_ns) && !bench.service.killed,
           "dies: no drain, and not killed by us");
    scratch_check_no_child("dies");
    bench_fini(&bench);
}

static void on_its_cpus(void)
{
    struct bench bench;
    cpu_set_t allowed, one, got;
    int cpu = CPU_SETSIZE - 1;
    sched_getaffinity(0, sizeof(allowed), &allowed);
    while (!CPU_ISSET(cpu, &allowed))
        cpu--;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    bench_serve(&bench, "plain");
    bench.limits.cpus = &one;
    check_started(&bench, "pinned");
    sched_getaffinity(bench.service.child.pid, sizeof(got), &got);
    TAP_OK(CPU_EQUAL(&got, &one), "pinned: it runs where it should");
    service_stop(&bench.service, &bench.limits);
    bench_fini(&bench);
}

/* ---- a URL ---- */

static struct scripted_act prompt(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK};
}

static void by_url(void)
{
    static struct scripted server;
    struct bench bench;
    struct procfs_tree tree;
    bench_init(&bench);
    scripted_start(&server, prompt);
    mem_free(bench.plan.url);
    bench.plan.url = mem_copy_text(server.url);
    check_started(&bench, "URL");
    TAP_INT((int64_t)server.requests, 1, "URL: probed");
    TAP_OK(isnan(bench.service.cold_start_ns), "URL: no cold start");
    TAP_OK(service_is_alive(&bench.service), "URL: always alive");
    TAP_OK(!service_sample(&bench.service, &tree), "URL: no sample");
    service_stop(&bench.service, &bench.limits);
    TAP_OK(isnan(bench.service.drain_ns) && !bench.service.killed, "URL: never stopped");
    scripted_stop(&server);
    bench_fini(&bench);
}

static void by_bad_url(void)
{
    struct bench bench;
    bench_init(&bench);
    bench.limits.ready_ns = 50 * NS_PER_MS;
    char *sentence = mem_format("a: not ready within 0.05 s (cannot connect to "
                                "127.0.0.1:%d: Connection refused)",
                                bench.port);
    check_refused(&bench, sentence, "URL without a listener");
    mem_free(sentence);
    mem_free(bench.plan.url);
    bench.plan.url = mem_copy_text("nonsense");
    check_refused(&bench,
                  "'nonsense' is not a URL like http://127.0.0.1:8080/path, https://… or "
                  "http://unix:/run/service.sock:/path",
                  "no URL");
    bench_fini(&bench);
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return serve(argv[2], argv[3]);
    scratch_init();
    exits_at_once();
    exits_without_a_word();
    exits_wordily();
    never_ready();
    port_in_use();
    cannot_be_started();
    interrupted();
    drains();
    late();
    ignores_sigterm();
    with_helper("family", 2);
    with_helper("astray", 2);
    dies();
    on_its_cpus();
    by_url();
    by_bad_url();
    scratch_fini();
    return tap_done();
}
