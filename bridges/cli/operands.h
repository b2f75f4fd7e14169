/* Options and files in any order: `retap stats FILE --json` as well as `retap stats --json FILE`. */
#ifndef RT_CLI_OPERANDS_H
#define RT_CLI_OPERANDS_H

#include "cli/cmd.h"

/* As cmd_options(), for commands whose operands are files: options may follow them, `--` ends the options. The operands are
 * moved to the front of @argv (behind argv[0]). At least one is needed. Return: true with *ret_n operands from argv[1] on. */
bool cmd_options_and_files(int argc, char **argv, struct rt_options *o, unsigned *ret_n, int *ret_status);

#endif
