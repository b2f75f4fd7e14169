/* Patterns of paths. */
#include <time.h>

#include "preload/glob.c"
#include "tests/harness/test.h"

static const struct {
    const char *glob, *path;
    bool expected;
} cases[] = {
    {"/var/log/x.log", "/var/log/x.log", true},
    {"/var/log/x.log", "/var/log/x.log2", false},
    {"/var/log/x.log", "/var/log/x.lo", false},
    {"/var/log/*.log", "/var/log/x.log", true},
    {"/var/log/*.log", "/var/log/.log", true},
    {"/var/log/*.log", "/var/log/a/x.log", false},
    {"/var/*/*.log", "/var/log/x.log", true},
    {"/var/log/*", "/var/log/", true},
    {"/var/**", "/var/log/a/b", true},
    {"/var/**/x.log", "/var/x.log", true},
    {"/var/**/x.log", "/var/a/b/x.log", true},
    {"/var/**/x.log", "/var/ax.log", false}, /* whole folders */
    {"/var/**x.log", "/var/a/bx.log", true},
    {"/**/a/**/b", "/a/b", true},
    {"/**/a/**/b", "/1/a/2/3/b", true},
    {"/**/a/**/b", "/1/b/2/a", false},
    {"/**/*a*/*b*c", "/x/1a1/1b1b1c", true},
    {"/**/*a*/*b*c", "/x/1a1/y/1b1b1c", false},
    {"/**/*a*/**/*b*c", "/x/1a1/y/1b1b1c", true},
    {"*.log", "/var/log/x.log", true},
    {"*.log", "/x.log", true},
    {"*.log", "/x.log/y", false},
    {"log/*", "/var/log/x", true},
    {"log/*", "/var/catalog/x", false},
    {"**", "/", true},
    {"*", "/a/b", true},
    {"?.log", "/x.log", true},
    {"/a?b", "/a/b", false},
    {"/[a-c]x", "/bx", true},
    {"/[a-c]x", "/dx", false},
    {"/[!a-c]x", "/dx", true},
    {"/[^a-c]x", "/bx", false},
    {"/a[!b]c", "/a/c", false},
    {"/[]]", "/]", true},
    {"/[]a]", "/a", true},
    {"/[a-]", "/-", true},
    {"/[a", "/[a", true}, /* no set: itself */
    {"/[a", "/a", false},
    {"/x[", "/x[", true},
    {"", "/", false},
    {"/", "/", true},
    {"x", "x", false}, /* no absolute path */
    {"/***", "/a/b", true},
    {"/a*", "/a", true},
};

RT_TEST(patterns_match)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].glob);
        char *glob = malloc(n + 1); /* no NUL behind it */
        memcpy(glob, cases[i].glob, n);
        glob[n] = '*';
        if (rt_glob_match(glob, n, cases[i].path) != cases[i].expected)
            rt_test_fail(__FILE__, __LINE__, "%s: %s", cases[i].glob, cases[i].path);
        free(glob);
    }
}

RT_TEST(lists_have_commas)
{
    CHECK(rt_globs_match("/a,*.log,/b", "/x/y.log"));
    CHECK(rt_globs_match("/a,*.log,/b", "/b"));
    CHECK(!rt_globs_match("/a,*.log,/b", "/c"));
    CHECK(!rt_globs_match("", "/c"));
    CHECK(!rt_globs_match(",,", "/c"));
}

RT_TEST(no_pattern_takes_long)
{
    static char path[4097];
    memset(path, 'a', 4096);
    path[0] = '/';
    for (int i = 64; i < 4096; i += 64)
        path[i] = '/';
    clock_t start = clock();
    CHECK(!rt_globs_match("**/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b,/**a**a**a**a**a**a**a**a**a**b,/*/*/*/**/*a*/**/*a*/**/*a*/**/*a*b", path));
    CHECK((clock() - start) / CLOCKS_PER_SEC < 1);
}
