/*
 * What is dealt to threads: connections, a target's addresses, and a constant schedule,
 * for any number of threads, whether it divides them or not.
 */
#include "generated.h"

enum { SERVERS = 3, REQUESTS = 100, WARM = 10 };

static struct scripted servers[SERVERS];

/* One port on three addresses of the loopback. */
static void start_servers(void)
{
    scripted_start_at(&servers[0], "127.0.0.1:0", prompt);
    for (int i = 1; i < SERVERS; i++) {
        char place[SOCK_ADDRESS_TEXT];
        sock_format(&servers[0].address, place);
        place[strlen("127.0.0.")] = (char)('1' + i);
        scripted_start_at(&servers[i], place, prompt);
    }
}

/* The first `count` of them behind one name. */
static bool run_over(int count, struct load_spec spec, struct load_outcome *outcome)
{
    const char *port = strrchr(servers[0].url, ':') + 1;
    int len = (int)strcspn(port, "/");
    char *url = mem_format("http://a.invalid:%.*s/", len, port);
    char *entry = mem_format("a.invalid:%.*s:127.0.0.1,127.0.0.2,127.0.0.3", len, port);
    entry[strlen(entry) - strlen(",127.0.0.3") * (size_t)(SERVERS - count)] = '\0';
    const char *const entries[] = {entry};
    const struct asking asking = {.url = url, .reach = {entries, 1, NULL, false}};
    bool good = run_asking(&asking, spec, NULL, NULL, outcome);
    mem_free(url);
    mem_free(entry);
    return good;
}

static uint64_t sum_of(bool accepted)
{
    uint64_t sum = 0;
    for (int i = 0; i < SERVERS; i++)
        sum += accepted ? servers[i].accepted : servers[i].requests;
    return sum;
}

/* Whether address i has every connection number i, i + count, i + 2 count … */
static bool dealt_in_turn(int connections, int count)
{
    bool right = true;
    for (int i = 0; i < SERVERS; i++) {
        int share = i < count ? (connections - i + count - 1) / count : 0;
        right = right && (int)servers[i].accepted == (share > 0 ? share : 0);
    }
    return right;
}

static void deal(int threads, int connections, int addresses)
{
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    spec.threads = threads;
    spec.connections = connections;
    spec.profile = rate_of(1000);
    spec.warmup_ns = WARM * NS_PER_MS;
    spec.duration_ns = REQUESTS * NS_PER_MS;
    for (int i = 0; i < SERVERS; i++)
        servers[i].accepted = servers[i].requests = 0;
    bool ran = run_over(addresses, spec, &outcome);
    if (!TAP_OK(ran, "%d connections to %d addresses on %d threads", connections,
                addresses, threads))
        return;
    TAP_INT(sum_of(true), connections, "… all of them, and no more");
    TAP_OK(dealt_in_turn(connections, addresses), "… to the addresses in turn");
    TAP_INT(outcome.tally.due, REQUESTS, "… each request is due once");
    TAP_INT(outcome.tally.ok, REQUESTS, "… and answered");
    TAP_INT(sum_of(false), REQUESTS + WARM, "… which the servers say, too");
    check_books(&outcome, true, "dealt");
    load_outcome_fini(&outcome);
}

int main(void)
{
    start_servers();
    for (int threads = 1; threads <= 7; threads++)
        deal(threads, 7 + threads, 1 + threads % SERVERS);
    deal(7, 7, 3);
    deal(5, 13, 3);
    deal(2, 2, 3); /* an address is left over */
    for (int i = 0; i < SERVERS; i++)
        scripted_stop(&servers[i]);
    return tap_done();
}
