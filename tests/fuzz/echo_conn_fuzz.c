/*
 * Connections, from the first byte to the last: several of them, whose peers send in
 * pieces, take answers as they like, hang up and break, while the clock goes on and a
 * drain may begin. Whatever they do, each gets the answers that it would have got alone
 * with everything at once, in order and whole, up to where it was cut off for a reason;
 * and each ends.
 *
 * The first byte says how long replies are to be (lengths), and whether the peers go on
 * as they are in the end (4) or take all that there is for them. Then come bytes of
 * requests as they are, sent by the first peer, and orders of 0xff and a letter:
 *
 *   t    a turn of the loop: what has arrived so far is announced
 *   w n  time passes (moments), turn by turn as deadlines come
 *   W n  the same in one turn
 *   c n  to the peer of this number; it connects if it has not yet
 *   n    what follows arrives when what came before has been read
 *   x c n  the byte c, 2^n times (runs.h)
 *   m n  what has come since the last order other than x and m, n times more
 *   r n  the peer takes n² bytes and no more, 0xff: all
 *   e    the peer's stream ends
 *   b n  the connection breaks: for reading (1), for writing (2), or both; ways
 *   l    what has arrived comes too late to be announced in the next turn
 *   s    an event that says nothing new
 *   d    the drain begins
 *   k    the peer's connection is closed before it begins, as when it cannot be watched
 */
#include "answers.h"
#include "conn.h"
#include "peers.h"
#include "runs.h"

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

/* Nothing is cut off for its slowness before that. */
#define PATIENCE_NS (5 * SECOND)

/* Who neither gets an answer nor is cut off in that time: 15 s to begin, 5 s for a head,
 * 20 s for a body, and something for turns that come later than they should. */
#define STALL_NS (45 * SECOND)

/* All is over by then, when nothing more comes; in a drain by CONN_DRAIN_NS. */
#define END_NS (60 * SECOND)

enum { WALL_SECONDS = 1700000000, TURNS_MAX = 5000, SCRIPTED = PEERS - 1 };

/* Of replies; what the first byte chooses from. */
static const size_t lengths[] = {0, 300, 5000, 70000};

enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };

/* A host with its settings, and its side of the peers. */
struct stage {
    struct serve_settings settings;
    const struct metrics *loops[1];
    struct conn_host host;
    int64_t now_ns, drained_ns;
    struct conn *conns[PEERS];
    int64_t opened_ns[PEERS];
    int64_t moved_ns[PEERS]; /* when something was sent last */
    size_t sent_bytes[PEERS];
    bool has_jumped;             /* over deadlines, so that all is later */
    bool was_patient[PEERS];     /* it ended, or is, before PATIENCE_NS */
    size_t before_ending[PEERS]; /* what had arrived when the drain came to its end */
};

static void stage_init(struct stage *stage, int length)
{
    *stage = (struct stage){.settings.response_bytes = lengths[length],
                            .settings.process.loop_count = 1};
    stage->settings.process.loops = stage->loops;
    stage->loops[0] = &stage->host.desk.metrics;
    conn_host_init(&stage->host, &stage->settings);
    stage->now_ns = SECOND;
    conn_host_turn(&stage->host, stage->now_ns, WALL_SECONDS);
}

static void open_peer(struct stage *stage, int number)
{
    if (peers[number].is_open || stage->host.phase == CONN_ENDING)
        return;
    peer_open(&peers[number]);
    stage->conns[number] = conn_open(&stage->host, peer_fd(&peers[number]));
    stage->opened_ns[number] = stage->moved_ns[number] = stage->now_ns;
    stage->was_patient[number] = true;
}

/* --- turns ----------------------------------------------------------------------- */

static bool has_news(const struct stage *stage, int number)
{
    const struct peer *peer = &peers[number];
    return stage->conns[number] && !peer->is_closed && peer->news;
}

static void announce(struct stage *stage, int number)
{
    struct peer *peer = &peers[number];
    if (has_news(stage, number) && !peer->is_late)
        conn_ready(&stage->host, stage->conns[number], peer_ready(peer));
    peer->is_late = false;
}

/* What is known of a peer after each turn. */
static void note_peer(struct stage *stage, int number)
{
    const struct peer *peer = &peers[number];
    if (!stage->conns[number] || peer->is_closed)
        return;
    if (peer->sent.len > stage->sent_bytes[number])
        stage->moved_ns[number] = stage->now_ns;
    stage->sent_bytes[number] = peer->sent.len;
    FUZZ_HOLDS(stage->has_jumped || stage->now_ns - stage->moved_ns[number] < STALL_NS);
}

static void note_patience(struct stage *stage, int number)
{
    int64_t passed_ns = stage->now_ns - stage->opened_ns[number];
    if (stage->conns[number] && !peers[number].is_closed && passed_ns >= PATIENCE_NS)
        stage->was_patient[number] = false;
    if (stage->host.phase != CONN_ENDING)
        stage->before_ending[number] = peers[number].visible;
}

/* As a worker's turn. */
static void turn(struct stage *stage, int64_t now_ns)
{
    int open_count = 0;
    stage->now_ns = now_ns;
    conn_host_turn(&stage->host, now_ns, WALL_SECONDS);
    for (int i = 0; i < PEERS; i++) {
        announce(stage, i);
        note_patience(stage, i);
    }
    conn_host_expire(&stage->host);
    for (int i = 0; i < PEERS; i++) {
        note_peer(stage, i);
        open_count += stage->conns[i] && !peers[i].is_closed;
    }
    FUZZ_HOLDS(stage->host.open_count == open_count);
}

/* A worker without connections has no more deadlines when it drains. */
static int64_t next_deadline(const struct stage *stage)
{
    return stage->host.open_count > 0 ? conn_host_next_ns(&stage->host) : INT64_MAX;
}

/* Turns without a pause, until there is nothing to do for the moment. */
static void settle(struct stage *stage)
{
    bool busy = true;
    for (int turns = 0; busy; turns++) {
        FUZZ_HOLDS(turns < TURNS_MAX);
        turn(stage, stage->now_ns);
        busy = next_deadline(stage) <= stage->now_ns;
        for (int i = 0; i < PEERS; i++)
            busy |= has_news(stage, i);
    }
}

static void pass_time(struct stage *stage, int64_t until_ns)
{
    for (int turns = 0;; turns++) {
        FUZZ_HOLDS(turns < TURNS_MAX);
        settle(stage);
        int64_t next_ns = next_deadline(stage);
        if (next_ns > until_ns)
            break;
        turn(stage, next_ns);
    }
    turn(stage, until_ns);
}

/* --- the script ------------------------------------------------------------------ */

struct script {
    struct str rest;
    int number;  /* of the present peer */
    size_t from; /* in its stream: where the present piece begins */
};

static unsigned char next_byte(struct script *script)
{
    if (script->rest.len == 0)
        return 0;
    script->rest.len--;
    return (unsigned char)*script->rest.ptr++;
}

static void repeat(struct script *script, struct peer *peer, int times)
{
    struct buf piece;
    if (script->from >= peer->stream.len)
        return;
    buf_init(&piece, PEER_STREAM_MAX);
    buf_add(&piece, (struct str){peer->stream.ptr + script->from,
                                 peer->stream.len - script->from});
    for (int i = 0; i < times && !peer->stream.overflow; i++)
        peer_say(peer, buf_str(&piece));
    buf_fini(&piece);
}

static void say_run(struct script *script, struct peer *peer)
{
    unsigned char c = next_byte(script);
    size_t len = runs_length((char)next_byte(script));
    if (!peer->ends)
        buf_add_repeated(&peer->stream, (char)c, len);
}

static void break_peer(struct peer *peer, unsigned char how)
{
    static const int ways[] = {ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH};
    int way = ways[how / 4 % 4];
    if (how % 4 != 2)
        peer->read_error = way;
    if (how % 4 != 1)
        peer->write_error = way;
    peer->news = true;
}

static int64_t moment(unsigned char n)
{
    static const int moments_ms[] = {1,    50,   249,  250,  251,   1000,  1999, 2000,
                                     4999, 5000, 5001, 9999, 10000, 15000, 29000};
    return moments_ms[n % (sizeof(moments_ms) / sizeof(moments_ms[0]))] * MILLISECOND;
}

static void close_unwatched(struct stage *stage, int number)
{
    if (peers[number].is_open)
        return;
    open_peer(stage, number);
    if (stage->conns[number])
        conn_close(&stage->host, stage->conns[number]);
    stage->conns[number] = NULL;
}

static void begin_drain(struct stage *stage)
{
    if (stage->host.phase != CONN_SERVING)
        return;
    stage->drained_ns = stage->now_ns;
    conn_host_drain(&stage->host);
}

/* Orders that say how the present peer behaves. */
static void order_peer(struct script *script, struct peer *peer, unsigned char order)
{
    unsigned char n = 0;
    switch (order) {
    case 'n':
        peer_cut(peer);
        break;
    case 'm':
        repeat(script, peer, next_byte(script));
        break;
    case 'x':
        say_run(script, peer);
        break;
    case 'r':
        n = next_byte(script);
        peer_make_room(peer, n == 0xff ? SIZE_MAX : (size_t)n * n);
        break;
    case 'e':
        peer->ends = peer->news = true;
        break;
    case 'b':
        break_peer(peer, next_byte(script));
        break;
    case 's':
        peer->news = true;
        break;
    case 'l':
        peer->is_late = true;
        break;
    default:
        break;
    }
}

static void obey(struct stage *stage, struct script *script, unsigned char order)
{
    switch (order) {
    case 't':
        turn(stage, stage->now_ns);
        break;
    case 'w':
        pass_time(stage, stage->now_ns + moment(next_byte(script)));
        break;
    case 'W':
        stage->has_jumped = true;
        turn(stage, stage->now_ns + moment(next_byte(script)));
        break;
    case 'c':
        script->number = next_byte(script) % SCRIPTED;
        open_peer(stage, script->number);
        break;
    case 'k':
        close_unwatched(stage, (script->number + 1) % SCRIPTED);
        break;
    case 'd':
        begin_drain(stage);
        break;
    default:
        order_peer(script, &peers[script->number], order);
        break;
    }
}

static void play(struct stage *stage, struct script script)
{
    open_peer(stage, script.number);
    while (script.rest.len > 0) {
        struct peer *peer = &peers[script.number];
        unsigned char byte = next_byte(&script);
        if (byte != RUNS_ESCAPE) {
            peer_say(peer, (struct str){script.rest.ptr - 1, 1});
            continue;
        }
        if (peer->is_open)
            peer_arrive(peer);
        unsigned char order = next_byte(&script);
        obey(stage, &script, order);
        if (order != 'x' && order != 'm')
            script.from = peers[script.number].stream.len;
    }
    if (peers[script.number].is_open)
        peer_arrive(&peers[script.number]);
}

/* --- what is to be so ------------------------------------------------------------ */

/* What the service sends to one who is alone and sends everything at once. */
struct alone {
    struct buf sent;
    bool ended; /* that was all, whatever else may be asked */
};

/* The host of those who are alone is made once for each length of replies: that takes
 * longer than all else. */
static struct stage *stage_alone(int length)
{
    static struct stage stages[LENGTHS];
    if (!stages[length].settings.process.loop_count)
        stage_init(&stages[length], length);
    return &stages[length];
}

static void ask_alone(const struct peer *asked, int length, struct alone *alone)
{
    struct stage *stage = stage_alone(length);
    struct peer *peer = &peers[SCRIPTED];
    open_peer(stage, SCRIPTED);
    peer_say(peer, buf_str(&asked->stream));
    peer_arrive(peer);
    settle(stage);
    alone->ended = peer->is_shut || peer->is_closed;
    if (!peer->is_closed)
        conn_close(&stage->host, stage->conns[SCRIPTED]);
    stage->conns[SCRIPTED] = NULL;
    alone->sent = peer->sent;
    peer->sent = (struct buf){0};
    peer_fini(peer);
}

static uint64_t count_answers(const struct metrics *metrics)
{
    uint64_t sum = 0;
    for (int method = 0; method < METHOD_COUNT; method++) {
        for (int cell = 0; cell < ROUTE_COUNT * METRICS_STATUSES; cell++)
            sum += atomic_load(&metrics->requests[method][cell / METRICS_STATUSES]
                                                 [cell % METRICS_STATUSES]);
    }
    return sum;
}

static int check_peer(const struct stage *stage, int number, const struct alone *alone,
                      bool over)
{
    const struct peer *peer = &peers[number];
    bool drained = stage->host.phase != CONN_SERVING;
    bool broken = peer->read_error || peer->write_error;
    bool slow = over || !stage->was_patient[number];
    struct comparison comparison = {
        .got = buf_str(&peer->sent),
        .wanted = buf_str(&alone->sent),
        .excuses = {broken, slow, drained, stage->before_ending[number]}};
    int answers = answers_compare(buf_str(&peer->stream), &comparison);
    /* Whose stream has ended is let go at once; who is done with is told so. */
    if (!slow && (peer->ends || peer->read_error))
        FUZZ_HOLDS(peer->is_closed);
    if (!broken && !slow && !peer->ends && !drained)
        FUZZ_HOLDS((peer->is_shut || peer->is_closed) == alone->ended);
    return answers;
}

/* Of all peers. Each answer is counted once; those that broke may not have got them. */
static void check_peers(const struct stage *stage, const struct alone alone[SCRIPTED],
                        bool over)
{
    uint64_t answers = 0, counted = count_answers(&stage->host.desk.metrics);
    bool all = true;
    for (int i = 0; i < SCRIPTED; i++) {
        if (!stage->conns[i])
            continue;
        answers += (uint64_t)check_peer(stage, i, &alone[i], over);
        all &= !peers[i].read_error && !peers[i].write_error && stage->was_patient[i];
    }
    FUZZ_HOLDS(all ? counted == answers : counted >= answers);
}

static void make_room(void)
{
    for (int i = 0; i < SCRIPTED; i++) {
        if (peers[i].is_open)
            peer_make_room(&peers[i], SIZE_MAX);
    }
}

static void end_all(struct stage *stage)
{
    int64_t end_ns = stage->now_ns + END_NS;
    if (stage->host.phase != CONN_SERVING)
        end_ns = stage->drained_ns + CONN_DRAIN_NS;
    for (int turns = 0; stage->host.open_count > 0; turns++) {
        int64_t next_ns = next_deadline(stage);
        FUZZ_HOLDS(turns < TURNS_MAX && next_ns <= end_ns);
        turn(stage, next_ns > stage->now_ns ? next_ns : stage->now_ns);
    }
    for (int i = 0; i < SCRIPTED; i++)
        FUZZ_HOLDS(!stage->conns[i] || peers[i].is_closed);
}

/* The peers take all that there is for them, and nobody says more. */
static void check_answers(struct stage *stage, const struct alone alone[SCRIPTED])
{
    make_room();
    settle(stage);
    check_peers(stage, alone, false);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct stage stage;
    struct alone alone[SCRIPTED] = {0};
    if (len == 0)
        return 0;
    int length = bytes[0] % LENGTHS;
    stage_init(&stage, length);
    play(&stage, (struct script){.rest = {(const char *)bytes + 1, len - 1}});
    for (int i = 0; i < SCRIPTED; i++) {
        if (stage.conns[i])
            ask_alone(&peers[i], length, &alone[i]);
    }
    if (!(bytes[0] & 4))
        check_answers(&stage, alone);
    end_all(&stage);
    check_peers(&stage, alone, true);
    conn_host_fini(&stage.host);
    for (int i = 0; i < SCRIPTED; i++) {
        peer_fini(&peers[i]);
        buf_fini(&alone[i].sent);
    }
    return 0;
}
