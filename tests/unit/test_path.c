/* Entity paths: every part comes back as it was from Rerun's parser. */
#include "meaning/path.h"
#include "tests/harness/test.h"

static const struct {
    const char *part, *escaped;
} parts[] = {
    {"nginx", "nginx"},
    {"my_app-2.0", "my_app-2.0"},
    {"my image!", "my\\ image\\!"},
    {"a/b", "a\\/b"},
    {"c++", "c\\+\\+"},
    {"[kworker/0:1]", "\\[kworker\\/0\\:1\\]"},
    {"a\nb\rc\td", "a\\nb\\rc\\td"},
    {"\x01", "\\u{0001}"},
    {"\x7f", "\\u{007F}"},
    {"gr\xc3\xb6\xc3\x9f""e", "gr\xc3\xb6\xc3\x9f""e"},
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"\xe2\x98\xae", "\\u{262E}"},
    {"\xf0\x9f\x98\x80", "\\u{1F600}"},
    {"a\xff""b", "a\\u{FFFD}b"},
    {"a\\b", "a\\\\b"},
    {"dir\\", "dir\\u{005C}"},
    {"", "_"},
};

RT_TEST(parts_are_escaped)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char out[256];
        size_t n = rt_path_escape(out, sizeof out, parts[i].part, strlen(parts[i].part));
        CHECK_STR(out, parts[i].escaped);
        CHECK_INT(n, strlen(out));
    }
}

RT_TEST(nul_is_escaped)
{
    char out[32];
    rt_path_escape(out, sizeof out, "a\0b", 3);
    CHECK_STR(out, "a\\u{0000}b");
}

RT_TEST(at_most_64_characters_are_used)
{
    char part[401] = "", out[512];
    for (int i = 0; i < 200; i++)
        strcat(part, "\xc3\xa4");
    CHECK_INT(rt_path_escape(out, sizeof out, part, strlen(part)), 128);
    memset(part, '\\', 400);
    size_t n = rt_path_escape(out, sizeof out, part, 400);
    CHECK_MEM(out + n - 8, 8, "\\u{005C}", 8);
}

RT_TEST(a_small_buffer_never_splits_an_escape)
{
    for (size_t size = 0; size < 40; size++) {
        char out[64];
        memset(out, 'X', sizeof out);
        size_t n = rt_path_escape(out, size, "a b\xe2\x98\xae\xc3\xa4", 8);
        CHECK(size == 0 ? n == 0 : n < size);
        CHECK(out[size] == 'X');
        if (size == 0)
            continue;
        CHECK_INT(strlen(out), n);
        CHECK(strcmp(out, size == 1 ? "" : n < 3 ? "a" : n < 4 ? "a\\ " : n < 12 ? "a\\ b" : n < 14 ? "a\\ b\\u{262E}" : "a\\ b\\u{262E}\xc3\xa4") == 0);
    }
}

RT_TEST(paths_are_joined)
{
    char out[128];
    CHECK_INT(rt_path_join(out, sizeof out, "logs", "my app", "stderr"), 20);
    CHECK_STR(out, "/logs/my\\ app/stderr");
    rt_path_join(out, sizeof out, "process", "sh", NULL);
    CHECK_STR(out, "/process/sh");
    rt_path_join(out, sizeof out, "logs", "", "x");
    CHECK_STR(out, "/logs/_/x");
}

RT_TEST(a_joined_path_stays_in_its_buffer)
{
    for (size_t size = 0; size < 24; size++) {
        char out[32];
        memset(out, 'X', sizeof out);
        size_t n = rt_path_join(out, size, "logs", "prog", "stderr");
        CHECK(out[size] == 'X');
        CHECK(size == 0 || (n < size && strlen(out) == n));
        CHECK(n == 0 || out[n - 1] != '/');
    }
}
