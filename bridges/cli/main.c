/* `retap`: finds the sub-command and calls it. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "version.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} functions[] = {
    {"run", cmd_run},
    {"collect", cmd_collect},
    {"show", cmd_show},
    {"stats", cmd_stats},
};

static void print_usage(FILE *f)
{
    fputs("retap COMMAND [options]: record what unmodified programs log, for the Rerun viewer.\n\nCommands:\n", f);
    for (const struct rt_command *c = rt_commands; c->name; c++)
        fprintf(f, "  %-9s %s\n", c->name, c->summary);
    fputs("  help      show this, or the options of a command: retap help COMMAND\n\n"
          "Options:\n  -h, --help\n      Show this and exit.\n  -V, --version\n      Show the version and exit.\n\n"
          "Begin with:\n  retap run -o app.rrd -- CMD\n  retap show app.rrd\n  rerun app.rrd\n",
          f);
}

static int unknown_command(const char *name)
{
    const struct rt_command *near = rt_command_near(name);
    const char *what = *name == '-' ? "option" : "command";
    if (near)
        return cmd_fail("", RT_EXIT_USAGE, "unknown %s '%.100s'; did you mean %s?", what, name, near->name);
    return cmd_fail("", RT_EXIT_USAGE, "unknown %s '%.100s'; retap --help lists all", what, name);
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return cmd_finish("");
    }
    const struct rt_command *c = rt_command_find(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    rt_command_help(stdout, c);
    return cmd_finish("");
}

static int version(void)
{
    printf("retap %s (Rerun %s)\n", RETAP_VERSION, RETAP_RERUN_VERSION);
    return cmd_finish("");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return RT_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--version") || !strcmp(name, "-V"))
        return version();
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        return help(1, argv);
    if (!strcmp(name, "help"))
        return help(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, name))
            return functions[i].run(argc - 1, argv + 1);
    return unknown_command(name);
}
