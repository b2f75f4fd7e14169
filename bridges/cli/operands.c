#include "cli/operands.h"

#include <stdio.h>
#include <string.h>

/* Parses on behind the operand argv[@at]. Return: index of the next operand, argc at the end, or -1 with *ret_status. */
static int parse_on(int argc, char **argv, int at, struct rt_options *o, int *ret_status)
{
    struct rt_error err;
    const struct rt_command *c = rt_command_find(argv[0]);
    int next = 0;
    int r = rt_options_parse(argc - at, argv + at, c->scope, o, &next, &err);
    if (!r)
        return at + next;
    if (r == RT_OPTIONS_E_HELP) {
        rt_command_help(stdout, c);
        *ret_status = cmd_finish(c->name);
    } else {
        *ret_status = cmd_fail(c->name, RT_EXIT_USAGE, "%s", err.message);
    }
    return -1;
}

bool cmd_options_and_files(int argc, char **argv, struct rt_options *o, unsigned *ret_n, int *ret_status)
{
    int at, n = 0;
    if (!cmd_options(argc, argv, o, &at, ret_status))
        return false;
    bool only_operands = at > 1 && !strcmp(argv[at - 1], "--");
    while (at < argc) {
        char *operand = argv[at];
        int next = only_operands ? at + 1 : parse_on(argc, argv, at, o, ret_status);
        if (next < 0)
            return false;
        only_operands = only_operands || (next > at + 1 && !strcmp(argv[next - 1], "--"));
        argv[++n] = operand; /* n < next: only places that were read */
        at = next;
    }
    if (!n) {
        *ret_status = cmd_fail(argv[0], RT_EXIT_USAGE, "a FILE is needed: retap %s FILE", argv[0]);
        return false;
    }
    *ret_n = (unsigned)n;
    return true;
}
