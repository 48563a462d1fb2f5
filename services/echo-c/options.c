#include "options.h"

#include <stdlib.h>

#include "sys/cgroup.h"
#include "sys/cpu.h"

static const char help[] =
    "usage: dragstrip-echo [--listen HOST:PORT] [--response-bytes N] [--workers N]\n"
    "                      [--max-connections N] [--reuse-port]\n"
    "\n"
    "Answers POST /echo with the JSON document it was sent. Also GET /metrics and\n"
    "GET /healthz.\n"
    "\n"
    "  --listen HOST:PORT   address to listen on; port 0 takes a free one\n"
    "                       (ECHO_LISTEN; default 127.0.0.1:8080)\n"
    "  --response-bytes N   pad each reply to N bytes; 0 pads nothing\n"
    "                       (ECHO_RESPONSE_BYTES; default 0)\n"
    "  --workers N          threads, each with its own event loop\n"
    "                       (ECHO_WORKERS; default: the CPUs it may run on, or fewer\n"
    "                       where a cgroup limits its CPU time)\n"
    "  --max-connections N  accept no more at a time; others wait\n"
    "                       (ECHO_MAX_CONNECTIONS; default: the limit of open files)\n"
    "  --reuse-port         share the port with others that were started with it, to\n"
    "                       restart without a gap (ECHO_REUSE_PORT=1)\n"
    "  --help               print this and exit\n"
    "  --version            print name and compiler and exit\n"
    "\n"
    "A flag wins over its environment variable.\n";

const char *options_help(void)
{
    return help;
}

static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *out,
                        struct error *err)
{
    uint64_t value;
    if (!str_to_u64(str_of(text), &value) || value < low || value > high)
        return error_set(err, "'%s' is not an integer from %llu to %llu", text,
                         (unsigned long long)low, (unsigned long long)high);
    *out = value;
    return true;
}

static bool read_listen(const char *text, struct options *options, struct error *err)
{
    return sock_parse(text, &options->listen, err);
}

static bool read_response_bytes(const char *text, struct options *options,
                                struct error *err)
{
    return read_number(text, 0, OPTIONS_RESPONSE_MAX_BYTES, &options->response_bytes,
                       err);
}

static bool read_workers(const char *text, struct options *options, struct error *err)
{
    return read_number(text, 1, OPTIONS_WORKERS_MAX, &options->workers, err);
}

static bool read_connections_max(const char *text, struct options *options,
                                 struct error *err)
{
    return read_number(text, 1, OPTIONS_CONNECTIONS_MAX, &options->connections_max, err);
}

static bool read_reuse_port(const char *text, struct options *options, struct error *err)
{
    return read_number(text, 0, 1, &options->reuse_port, err);
}

struct row {
    const char *flag;
    const char *variable;
    const char *otherwise; /* NULL: left as it is */
    const char *alone;     /* the value of a flag that takes none; NULL: it takes one */
    bool (*read)(const char *text, struct options *options, struct error *err);
};

enum { ROWS = 5 };

static const struct row rows[ROWS] = {
    {"--listen", "ECHO_LISTEN", "127.0.0.1:8080", NULL, read_listen},
    {"--response-bytes", "ECHO_RESPONSE_BYTES", NULL, NULL, read_response_bytes},
    {"--workers", "ECHO_WORKERS", NULL, NULL, read_workers},
    {"--max-connections", "ECHO_MAX_CONNECTIONS", NULL, NULL, read_connections_max},
    {"--reuse-port", "ECHO_REUSE_PORT", NULL, "1", read_reuse_port},
};

/* The row that the word is, or begins with up to '='; ROWS when there is none. */
static int find_row(const char *word, const char **value)
{
    int i = 0;
    *value = NULL;
    for (; i < ROWS; i++) {
        size_t len = strlen(rows[i].flag);
        if (strncmp(word, rows[i].flag, len) != 0)
            continue;
        if (word[len] == '=')
            *value = word + len + 1;
        if (word[len] == '=' || word[len] == '\0')
            break;
    }
    return i;
}

/* Collects each row's value; the last of several wins. */
static bool read_flags(int argc, char **argv, const char *values[ROWS], struct error *err)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        int row = find_row(argv[i], &value);
        if (row == ROWS)
            return error_set(err, "there is no flag or argument '%s': see --help",
                             argv[i]);
        if (!value)
            value = rows[row].alone;
        if (!value && i + 1 == argc)
            return error_set(err, "the flag %s needs a value: see --help", argv[i]);
        values[row] = value ? value : argv[++i];
    }
    return true;
}

/* --help and --version win over everything, whatever else is wrong. */
static bool asks(int argc, char **argv, const char *flag)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0)
            return true;
    }
    return false;
}

static bool read_row(const struct row *row, const char *value, struct options *options,
                     struct error *err)
{
    const char *source = row->flag;
    if (!value) {
        source = row->variable;
        value = getenv(row->variable);
        if (!value || !*value)
            value = row->otherwise;
    }
    if (value && !row->read(value, options, err))
        return error_prefix(err, "%s: ", source);
    return true;
}

bool options_read(struct options *options, int argc, char **argv, struct error *err)
{
    const char *values[ROWS] = {NULL};
    struct options read = {.help = asks(argc, argv, "--help") || asks(argc, argv, "-h"),
                           .version = asks(argc, argv, "--version")};
    cpu_set_t cpus;
    if (read.help || read.version) {
        *options = read;
        return true;
    }
    cpu_allowed(&cpus);
    read.workers = (uint64_t)cgroup_cpus("", CPU_COUNT(&cpus));
    if (!read_flags(argc, argv, values, err))
        return false;
    for (int i = 0; i < ROWS; i++) {
        if (!read_row(&rows[i], values[i], &read, err))
            return false;
    }
    *options = read;
    return true;
}
