/* dragstrip gate: the rules of a race once more, or others, on its result.json. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/publish.h"
#include "report/term.h"
#include "result/gate.h"
#include "sys/terminal.h"

static const char usage[] =
    "usage: dragstrip gate RESULT [--fail-if RULE]... [--require RULE]...\n"
    "\n"
    "Applies the rules of the race's plan to its result.json (RESULT is that file or "
    "the\n"
    "race's folder). Rules given here take the place of the plan's.\n"
    "\n"
    "      --fail-if RULE   broken when it is proven: 'p99 worse by 10%', 'p99 > 100ms'\n"
    "      --require RULE   holds when it is proven: 'p99 not worse by 10%',\n"
    "                       'p99 < 100ms', 'throughput > 19k of go'\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit codes: 0 every rule holds, 2 usage, no result, or no rule, 3 a rule is proven\n"
    "broken, 4 a rule could not be decided that has to be, 5 the measurement cannot "
    "answer.\n";

struct gate_command {
    const char *path;
    struct rule rules[RULES_MAX];
    int rule_count;
    bool help;
};

static bool take_rule(struct gate_command *command, const char *text, bool required,
                      struct error *err)
{
    if (command->rule_count == RULES_MAX)
        return error_set(err, "more than %d rules", RULES_MAX);
    return rule_parse(text, required, &command->rules[command->rule_count++], err);
}

static bool parse_options(struct gate_command *command, int argc, char **argv,
                          struct error *err)
{
    static const struct option long_options[] = {
        {"fail-if", required_argument, NULL, 'f'},
        {"require", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'f' || option == 'r') {
            if (!take_rule(command, optarg, option == 'r', err))
                return false;
        } else if (option == 'h') {
            command->help = true;
        } else {
            return error_set(err, "see dragstrip gate --help");
        }
    }
    if (!command->help && optind + 1 != argc)
        return error_set(err, "exactly one result is needed; see dragstrip gate --help");
    command->path = argv[optind];
    return true;
}

static void use_rules(const struct gate_command *command, struct result *result)
{
    if (command->rule_count == 0)
        return;
    memcpy(result->rules, command->rules, sizeof(command->rules));
    result->rule_count = command->rule_count;
}

int cmd_gate_code(const struct result *result, const struct comparisons *found)
{
    static const int codes[] = {[GATE_PASSES] = EXIT_PASS,
                                [GATE_OPEN] = EXIT_OPEN,
                                [GATE_INVALID] = EXIT_INVALID,
                                [GATE_BROKEN] = EXIT_RULE};
    struct gate gate;
    gate_apply(result, found, &gate);
    int code = codes[gate.status];
    gate_fini(&gate);
    return code;
}

static int judge(const struct result *result)
{
    struct comparisons found;
    struct buf text;
    buf_init(&text, PUBLISH_MAX);
    compare_result(result, &found);
    term_print_gate(result, &found, cmd_report_width(),
                    terminal_has_colour(STDOUT_FILENO), &text);
    int code = cmd_print(buf_text(&text)) ? cmd_gate_code(result, &found) : EXIT_BROKEN;
    comparisons_fini(&found);
    buf_fini(&text);
    return code;
}

int cmd_gate(int argc, char **argv)
{
    struct gate_command command = {.path = NULL};
    struct result result;
    struct error err;
    if (!parse_options(&command, argc, argv, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    if (command.help)
        return cmd_print(usage) ? EXIT_PASS : EXIT_BROKEN;
    if (!publish_read(command.path, &result, &err))
        return cmd_fail(EXIT_USAGE, "%s", err.text);
    use_rules(&command, &result);
    int code = result.rule_count > 0
                   ? judge(&result)
                   : cmd_fail(EXIT_USAGE,
                              "the plan of %s has no gate; name rules with "
                              "--fail-if and --require",
                              command.path);
    result_fini(&result);
    return code;
}
