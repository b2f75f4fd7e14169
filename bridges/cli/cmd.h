/* The sub-commands of `retap`: one file each, cmd_<name>.c. main() finds the row of the name and calls its function with argv[0]
 * being that name; what it returns is the exit status. Usage and options come from here, so that --help, the man pages and the
 * parser say the same. */
#ifndef RT_CLI_CMD_H
#define RT_CLI_CMD_H

#include <stdbool.h>

#include "base/options.h"

enum {
    RT_EXIT_FAILURE = 1, /* the work could not be done, or not completely */
    RT_EXIT_USAGE = 2,   /* a wrong option, value or operand; nothing was started */
};

int cmd_run(int argc, char **argv);
int cmd_collect(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_stats(int argc, char **argv);

struct rt_command {
    const char *name, *operands; /* "run", "[options] [--] CMD [ARG…]" */
    const char *summary;         /* one line, no full stop */
    unsigned scope;              /* RT_SCOPE_* of its options */
};

/* Ended by a row without name. */
extern const struct rt_command rt_commands[];

const struct rt_command *rt_command_find(const char *name);

/* The command whose name is nearest to a misspelt one, or NULL. */
const struct rt_command *rt_command_near(const char *name);

/* Prints usage, summary and options. */
void rt_command_help(FILE *f, const struct rt_command *c);

/**
 * cmd_options() - what each sub-command does first: defaults, environment, command line
 * @argv:       argv[0] is the name of the sub-command
 * @ret_first:  index of the first operand; argc when there is none
 * @ret_status: when the command ends here: its exit status
 *
 * Prints the help that --help asks for, or one line about what is wrong.
 * Return: true to go on, false to return @ret_status.
 */
bool cmd_options(int argc, char **argv, struct rt_options *o, int *ret_first, int *ret_status);

/* Prints "retap NAME: text" in one line on stderr. Return: @status, so that `return cmd_fail(…)` reads as one step. */
int cmd_fail(const char *name, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Flushes stdout. Return: 0, or RT_EXIT_FAILURE with a line on stderr when something could not be written. */
int cmd_finish(const char *name);

#endif
