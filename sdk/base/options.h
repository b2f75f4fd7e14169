/* Options: typed values from the environment and the command line, by the one table config/options.def.
 *
 *   defaults → rt_options_from_env() → rt_options_parse(): what comes later wins. Lists grow at their end; the last entry of a key counts.
 *
 * The table's enumerators, struct rt_options and the scopes RT_SCOPE_* are generated (options_gen.h). A scope names who takes
 * an option: a sub-command, or the shim. Strings in struct rt_options are borrowed from argv or the environment. */
#ifndef RT_BASE_OPTIONS_H
#define RT_BASE_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "options_gen.h"

enum rt_options_outcome {
    RT_OPTIONS_E_HELP = 1, /* --help or -h was met: nothing after it was looked at */
};

/* Every option gets its default. */
void rt_options_init(struct rt_options *o);

/* Sets option @id from @text, checked by type and range; @from names its origin in messages ("--tick", "RETAP_TICK").
 * Return: 0, or -EINVAL with a message naming origin, value and what is allowed. */
int rt_options_set(struct rt_options *o, enum rt_option_id id, const char *from, const char *text, struct rt_error *err);

/* Reads the variables of @scope, once; an empty variable counts as absent. Return: as rt_options_set(). */
int rt_options_from_env(struct rt_options *o, unsigned scope, struct rt_error *err);

/**
 * rt_options_parse() - options of a sub-command
 * @argv:              argv[0] is skipped; borrowed as long as @o is used
 * @scope:             one RT_SCOPE_*
 * @ret_first_operand: index of the first argument that is no option; argc when there is none
 *
 * Takes --name=value, --name value, -nvalue, -n value, and letters without value in one word. Stops at `--` (skipped) and at
 * the first word that is no option; `-` alone is no option. A bool takes its value only as --name=value.
 * Return: 0, RT_OPTIONS_E_HELP, or -EINVAL with a message that names the option.
 */
int rt_options_parse(int argc, char **argv, unsigned scope, struct rt_options *o, int *ret_first_operand, struct rt_error *err);

/* Prints the options of @scope as --help shows them, wrapped at 100 columns. */
void rt_options_help(FILE *f, unsigned scope);

static inline bool rt_options_given(const struct rt_options *o, enum rt_option_id id)
{
    return o->given >> id & 1;
}

/* The level that a list like "stderr=WARN,stdout=DEBUG" gives to @source, or @fallback. */
enum rt_level rt_options_source_level(const char *list, const char *source, enum rt_level fallback);

#endif
