/* Flags, variables, which of them wins, and the sentence when one is wrong. */
#include "options.h"

#include <stdlib.h>

#include "sys/cpu.h"
#include "tap.h"

enum { ARGUMENTS_MAX = 8, WORDS_BYTES = 1024 };

static const char *const variables[] = {"ECHO_LISTEN", "ECHO_RESPONSE_BYTES",
                                        "ECHO_WORKERS", "ECHO_MAX_CONNECTIONS",
                                        "ECHO_REUSE_PORT"};

/* "A=1 B=2": sets these, and of the service's variables no other. */
static void set_environment(const char *settings)
{
    char words[WORDS_BYTES];
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    snprintf(words, sizeof(words), "%s", settings);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        setenv(word, value, 1);
    }
}

/* Both are words with blanks between them; "''" is the empty argument. */
static bool read_words(const char *arguments, const char *environment,
                       struct options *options, struct error *err)
{
    static char words[WORDS_BYTES], name[] = "dragstrip-echo", empty[] = "";
    char *argv[ARGUMENTS_MAX + 2] = {name};
    int argc = 1;
    set_environment(environment);
    snprintf(words, sizeof(words), "%s", arguments);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "''") == 0 ? empty : word;
    return options_read(options, argc, argv, err);
}

/* workers: 0 for what is there without a word about it. */
static const struct row {
    const char *arguments, *environment, *listen;
    uint64_t response_bytes, workers, connections_max, reuse_port;
} rows[] = {
    {"", "", "127.0.0.1:8080", 0, 0, 0, 0},
    {"--listen 127.0.0.1:0", "", "127.0.0.1:0", 0, 0, 0, 0},
    {"--listen=127.0.0.2:81", "", "127.0.0.2:81", 0, 0, 0, 0},
    {"--listen [::1]:8080", "", "[::1]:8080", 0, 0, 0, 0},
    {"--response-bytes 2048", "", "127.0.0.1:8080", 2048, 0, 0, 0},
    {"--response-bytes=67108864", "", "127.0.0.1:8080", 67108864, 0, 0, 0},
    {"--workers 1", "", "127.0.0.1:8080", 0, 1, 0, 0},
    {"--workers=4096", "", "127.0.0.1:8080", 0, 4096, 0, 0},
    {"--max-connections 1", "", "127.0.0.1:8080", 0, 0, 1, 0},
    {"--max-connections=1073741824", "", "127.0.0.1:8080", 0, 0, 1073741824, 0},
    {"--reuse-port", "", "127.0.0.1:8080", 0, 0, 0, 1},
    {"--reuse-port --workers 2", "", "127.0.0.1:8080", 0, 2, 0, 1},
    {"--workers 3 --reuse-port --max-connections=7 --listen 127.0.0.1:9 "
     "--response-bytes 5",
     "", "127.0.0.1:9", 5, 3, 7, 1},
    /* the last one wins */
    {"--workers 1 --workers=2 --workers 3", "", "127.0.0.1:8080", 0, 3, 0, 0},
    {"--response-bytes=9 --response-bytes 0", "", "127.0.0.1:8080", 0, 0, 0, 0},
    {"--workers none --workers 3", "", "127.0.0.1:8080", 0, 3, 0, 0},
    /* the environment, where there is no flag */
    {"", "ECHO_LISTEN=127.0.0.1:81", "127.0.0.1:81", 0, 0, 0, 0},
    {"", "ECHO_RESPONSE_BYTES=9 ECHO_WORKERS=5", "127.0.0.1:8080", 9, 5, 0, 0},
    {"", "ECHO_MAX_CONNECTIONS=11 ECHO_REUSE_PORT=1", "127.0.0.1:8080", 0, 0, 11, 1},
    {"", "ECHO_REUSE_PORT=0", "127.0.0.1:8080", 0, 0, 0, 0},
    {"--workers 2", "ECHO_WORKERS=5", "127.0.0.1:8080", 0, 2, 0, 0},
    {"--workers 2", "ECHO_WORKERS=none", "127.0.0.1:8080", 0, 2, 0, 0},
    {"--max-connections 3", "ECHO_WORKERS=5", "127.0.0.1:8080", 0, 5, 3, 0},
    /* an empty variable is none */
    {"", "ECHO_LISTEN= ECHO_WORKERS= ECHO_RESPONSE_BYTES=", "127.0.0.1:8080", 0, 0, 0, 0},
    {"", "ECHO_MAX_CONNECTIONS= ECHO_REUSE_PORT=", "127.0.0.1:8080", 0, 0, 0, 0}};

/* Without a word: as many as CPUs that it may run on, or fewer. */
static bool is_default(uint64_t workers)
{
    cpu_set_t cpus;
    cpu_allowed(&cpus);
    return workers >= 1 && workers <= (uint64_t)CPU_COUNT(&cpus);
}

static void good(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct options options;
        struct error err = {""};
        char text[SOCK_ADDRESS_TEXT] = "";
        bool read = read_words(row->arguments, row->environment, &options, &err);
        if (!TAP_OK(read, "%s %s%s", row->environment, row->arguments, err.text))
            continue;
        TAP_TEXT(sock_format(&options.listen, text), row->listen, "… listens there");
        TAP_INT(options.response_bytes, row->response_bytes, "… pads to that");
        TAP_OK(row->workers > 0 ? options.workers == row->workers
                                : is_default(options.workers),
               "… with %d workers", (int)options.workers);
        TAP_INT(options.connections_max, row->connections_max, "… so many connections");
        TAP_INT(options.reuse_port, row->reuse_port, "… shares the port, or not");
        TAP_OK(!options.help && !options.version, "… nothing else is asked for");
    }
}

static const struct {
    const char *arguments, *environment, *sentence;
} wrongs[] = {
    {"--listen", "", "the flag --listen needs a value: see --help"},
    {"--workers 2 --response-bytes", "",
     "the flag --response-bytes needs a value: see --help"},
    {"--port 80", "", "there is no flag or argument '--port': see --help"},
    {"--work 2", "", "there is no flag or argument '--work': see --help"},
    {"--workersx 2", "", "there is no flag or argument '--workersx': see --help"},
    {"-w 2", "", "there is no flag or argument '-w': see --help"},
    {"8080", "", "there is no flag or argument '8080': see --help"},
    {"''", "", "there is no flag or argument '': see --help"},
    {"--workers 2 3", "", "there is no flag or argument '3': see --help"},
    {"--reuse-port 1", "", "there is no flag or argument '1': see --help"},
    {"--reuse-port=2", "", "--reuse-port: '2' is not an integer from 0 to 1"},
    {"--reuse-port=", "", "--reuse-port: '' is not an integer from 0 to 1"},
    {"--workers 0", "", "--workers: '0' is not an integer from 1 to 4096"},
    {"--workers 4097", "", "--workers: '4097' is not an integer from 1 to 4096"},
    {"--workers=", "", "--workers: '' is not an integer from 1 to 4096"},
    {"--workers ''", "", "--workers: '' is not an integer from 1 to 4096"},
    {"--workers 2.0", "", "--workers: '2.0' is not an integer from 1 to 4096"},
    {"--workers --reuse-port", "",
     "--workers: '--reuse-port' is not an integer from 1 to 4096"},
    {"--workers 2 --workers -1", "", "--workers: '-1' is not an integer from 1 to 4096"},
    {"--response-bytes 67108865", "",
     "--response-bytes: '67108865' is not an integer from 0 to 67108864"},
    {"--response-bytes 1k", "",
     "--response-bytes: '1k' is not an integer from 0 to 67108864"},
    {"--max-connections 0", "",
     "--max-connections: '0' is not an integer from 1 to 1073741824"},
    {"--max-connections 1073741825", "",
     "--max-connections: '1073741825' is not an integer from 1 to 1073741824"},
    {"--max-connections 18446744073709551616", "",
     "--max-connections: '18446744073709551616' is not an integer from 1 to 1073741824"},
    {"--listen 8080", "", "--listen: '8080' is not HOST:PORT, such as 127.0.0.1:8080"},
    {"--listen=", "", "--listen: '' is not HOST:PORT, such as 127.0.0.1:8080"},
    {"", "ECHO_LISTEN=x", "ECHO_LISTEN: 'x' is not HOST:PORT, such as 127.0.0.1:8080"},
    {"", "ECHO_WORKERS=many", "ECHO_WORKERS: 'many' is not an integer from 1 to 4096"},
    {"", "ECHO_RESPONSE_BYTES=-1",
     "ECHO_RESPONSE_BYTES: '-1' is not an integer from 0 to 67108864"},
    {"", "ECHO_MAX_CONNECTIONS=0",
     "ECHO_MAX_CONNECTIONS: '0' is not an integer from 1 to 1073741824"},
    {"", "ECHO_REUSE_PORT=yes", "ECHO_REUSE_PORT: 'yes' is not an integer from 0 to 1"},
    {"--workers x", "ECHO_WORKERS=1", "--workers: 'x' is not an integer from 1 to 4096"}};

static void bad(void)
{
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        struct options options, untouched;
        struct error err = {""};
        memset(&options, 0x5a, sizeof(options));
        untouched = options;
        TAP_OK(!read_words(wrongs[i].arguments, wrongs[i].environment, &options, &err),
               "refused: %s %s", wrongs[i].environment, wrongs[i].arguments);
        TAP_TEXT(err.text, wrongs[i].sentence, "… and why");
        TAP_OK(memcmp(&options, &untouched, sizeof(options)) == 0, "… nothing is set");
    }
}

/* They win over everything, whatever else is wrong. */
static void asked(void)
{
    static const struct {
        const char *arguments, *environment;
        bool help, version;
    } cases[] = {{"--help", "", true, false},
                 {"-h", "", true, false},
                 {"--version", "", false, true},
                 {"--workers x --help", "", true, false},
                 {"--nonsense --version", "ECHO_WORKERS=x", false, true},
                 {"--listen --help", "", true, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct options options;
        struct error err = {""};
        TAP_OK(read_words(cases[i].arguments, cases[i].environment, &options, &err),
               "%s%s", cases[i].arguments, err.text);
        TAP_OK(options.help == cases[i].help && options.version == cases[i].version,
               "… is asked for");
    }
}

/* Help names every flag and variable. */
static void help(void)
{
    static const char *const flags[] = {
        "--listen",     "--response-bytes", "--workers", "--max-connections",
        "--reuse-port", "--help",           "--version"};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        TAP_OK(strstr(options_help(), flags[i]), "help has %s", flags[i]);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        TAP_OK(strstr(options_help(), variables[i]), "help has %s", variables[i]);
}

int main(void)
{
    good();
    bad();
    asked();
    help();
    return tap_done();
}
