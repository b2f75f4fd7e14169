#include "cli/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

const struct rt_command rt_commands[] = {
    {"run", "[options] [--] CMD [ARG…]", "run CMD and record everything that it and its children log", RT_SCOPE_RUN},
    {"show", "[options] FILE…", "print the log rows of recordings in time order", RT_SCOPE_SHOW},
    {"stats", "[options] FILE…", "count the rows of recordings by level, path and process; what was lost", RT_SCOPE_STATS},
    {"collect", "[options]", "the collector behind run, also by itself", RT_SCOPE_COLLECT},
    {NULL, NULL, NULL, 0},
};

const struct rt_command *rt_command_find(const char *name)
{
    for (const struct rt_command *c = rt_commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

const struct rt_command *rt_command_near(const char *name)
{
    const struct rt_command *near = NULL;
    for (const struct rt_command *c = rt_commands; c->name; c++)
        if (rt_is_near(name, c->name) && (!near || rt_edit_distance(name, c->name) < rt_edit_distance(name, near->name)))
            near = c;
    return near;
}

void rt_command_help(FILE *f, const struct rt_command *c)
{
    fprintf(f, "retap %s %s: %s.\n\nOptions:\n", c->name, c->operands, c->summary);
    rt_options_help(f, c->scope);
    fprintf(f, "\nMore in the manual: man retap-%s\n", c->name);
}

bool cmd_options(int argc, char **argv, struct rt_options *o, int *ret_first, int *ret_status)
{
    struct rt_error err = {0};
    const struct rt_command *c = rt_command_find(argv[0]);
    int first = argc;
    rt_options_init(o);
    int env = rt_options_from_env(o, c->scope, &err);
    struct rt_error from_env = err;
    int r = rt_options_parse(argc, argv, c->scope, o, &first, &err);
    if (r == RT_OPTIONS_E_HELP) {
        rt_command_help(stdout, c);
        *ret_status = cmd_finish(c->name);
        return false;
    }
    if (r < 0 || env < 0) {
        *ret_status = cmd_fail(c->name, RT_EXIT_USAGE, "%s", r < 0 ? err.message : from_env.message);
        return false;
    }
    *ret_first = first;
    return true;
}

int cmd_fail(const char *name, int status, const char *fmt, ...)
{
    char line[RT_ERROR_MAX + 64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "retap%s%s: %s\n", *name ? " " : "", name, line);
    return status;
}

int cmd_finish(const char *name)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return cmd_fail(name, RT_EXIT_FAILURE, "cannot write to standard output: %s", strerror(errno));
}
