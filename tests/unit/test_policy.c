/* Lists of programs, as /etc/retap/allow and deny hold them. */
#include "preload/glob.c"
#include "preload/policy.c"
#include "tests/harness/test.h"

static bool in_list(const char *list, const char *path)
{
    /* without a NUL behind, as a mapped file */
    return lists((struct text){list, list + strlen(list)}, path);
}

RT_TEST(patterns_are_paths_or_file_names)
{
    static const struct { const char *list, *path; bool expected; } cases[] = {
        {"/usr/sbin/nginx", "/usr/sbin/nginx", true},
        {"/usr/sbin/nginx", "/usr/sbin/nginx2", false},
        {"/usr/sbin/nginx", "/x/usr/sbin/nginx", false},
        {"nginx", "/usr/sbin/nginx", true},
        {"nginx", "/opt/nginx/bin/other", false},
        {"python3*", "/usr/bin/python3.11", true},
        {"/usr/*/sh", "/usr/bin/sh", true},
        {"/usr/*/sh", "/usr/local/bin/sh", false},
        {"/usr/**/sh", "/usr/local/bin/sh", true},
        {"/usr/**", "/usr/local/bin/sh", true},
        {"**", "/anything/at/all", true},
        {"*", "/anything/at/all", true}, /* every file name */
        {"/*", "/anything/at/all", false},
        {"/opt/?/run", "/opt/a/run", true},
        {"/opt/?/run", "/opt//run", false},
        {"/opt/a?b", "/opt/a/b", false},
        {"/opt/**/x/**/y", "/opt/1/x/2/x/3/y", true},
        {"/opt/**/x/**/z", "/opt/1/x/2/x/3/y", false},
        {"", "/bin/sh", false},
        {"\n\n  # nothing here\n", "/bin/sh", false},
        {"# sh\n/bin/true\n  /bin/sh \t# the shell\r\n", "/bin/sh", true},
        {"# /bin/sh\n", "/bin/sh", false},
        {"/bin/sh\r\n", "/bin/sh", true},
        {"/bin/sh", "/bin/sh", true}, /* no end of line */
        {"/bin/sh/", "/bin/sh", false},
        {"true\nsh\n", "/bin/sh", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (in_list(cases[i].list, cases[i].path) != cases[i].expected)
            fprintf(stderr, "%s: %s\n", cases[i].list, cases[i].path);
        CHECK(in_list(cases[i].list, cases[i].path) == cases[i].expected);
    }
}
