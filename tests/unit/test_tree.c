/* Processes: names, statuses, the table and its way through a checkpoint. */
#include <errno.h>
#include <signal.h>

#include "collect/tree.h"
#include <stddef.h>

#include "tests/harness/test.h"

static const char *name_of(const char *argv, uint32_t argv_len, const char *exe)
{
    static struct rt_proc p;
    p = (struct rt_proc){.pid = 1};
    strcpy(p.program, "unknown");
    char *a = malloc(argv_len ? argv_len : 1), *e = malloc(strlen(exe) + 1); /* ends exactly: reads behind it show */
    memcpy(a, argv, argv_len);
    memcpy(e, exe, strlen(exe));
    rt_proc_name(&p, a, argv_len, e, (uint32_t)strlen(exe));
    free(a);
    free(e);
    return p.program;
}

RT_TEST(test_program_is_the_file_name_of_its_first_argument)
{
    CHECK_STR(name_of("/usr/bin/python3\0-m\0x", 21, "/usr/bin/python3.11"), "python3");
    CHECK_STR(name_of("-bash", 6, "/bin/bash"), "bash");
    CHECK_STR(name_of("/bin/-x", 8, ""), "x");
    CHECK_STR(name_of("", 1, "/bin/true"), "true");
    CHECK_STR(name_of("dir/", 5, "/bin/true"), "true");
    CHECK_STR(name_of("", 0, ""), "unknown");
    CHECK_STR(name_of("noend", 5, ""), "noend");
}

RT_TEST(test_long_arguments_are_cut)
{
    static char argv[5000];
    static struct rt_proc p;
    char command[100];
    memset(argv, 'a', sizeof argv);
    rt_proc_name(&p, argv, sizeof argv, argv, sizeof argv);
    CHECK_INT(strlen(p.program), RT_PROGRAM_MAX - 1);
    CHECK_INT(p.argv_len, RT_ARGV_MAX);
    CHECK_INT(p.argv[RT_ARGV_MAX - 1], 0);
    CHECK_INT(strlen(p.exe), sizeof p.exe - 1);
    rt_proc_command(&p, command, sizeof command);
    CHECK_INT(strlen(command), sizeof command - 1);
}

RT_TEST(test_command_is_one_line)
{
    struct rt_proc p = {.pid = 1};
    char command[64];
    rt_proc_name(&p, "sh\0-c\0a\nb\tc", 12, "", 0);
    rt_proc_command(&p, command, sizeof command);
    CHECK_STR(command, "sh -c a b c");
}

RT_TEST(test_statuses_have_words)
{
    char text[32];
    static const struct { int status; const char *text; } cases[] = {
        {0, "exited(0)"}, {3 << 8, "exited(3)"}, {SIGKILL, "SIGKILL"}, {SIGSEGV | 0x80, "SIGSEGV"}, {40, "SIG40"}, {0x137f, "ended"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rt_status_text(cases[i].status, text, sizeof text);
        CHECK_STR(text, cases[i].text);
    }
}

RT_TEST(test_table_keeps_finds_removes_and_is_saved)
{
    static struct rt_tree a, b;
    struct rt_buf state = {0};
    size_t used = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        struct rt_proc *p = rt_tree_get(&a, i * 1024);
        CHECK(p != NULL && rt_tree_get(&a, i * 1024) == p);
        p->ppid = i;
    }
    for (uint32_t i = 0; i < 5000; i += 2)
        rt_tree_remove(&a, i * 1024);
    rt_tree_remove(&a, 77);
    CHECK_INT(a.n, 2500);
    CHECK_INT(rt_tree_save(&a, &state), 0);
    CHECK_INT(rt_tree_load(&b, state.data, state.len, &used), 0);
    CHECK_INT(used, state.len);
    CHECK_INT(b.n, 2500);
    for (uint32_t i = 0; i < 5000; i++) {
        const struct rt_proc *p = rt_tree_find(&b, i * 1024);
        CHECK_INT(p != NULL, i & 1);
        CHECK(!p || p->ppid == i);
    }
    rt_tree_deinit(&b);
    CHECK_INT(rt_tree_load(&b, state.data, state.len - 1, &used), -EBADMSG);
    CHECK_INT(rt_tree_load(&b, state.data, 3, &used), -EBADMSG);
    CHECK_INT(b.n, 0);
    static const size_t bools[] = {offsetof(struct rt_proc, borrows), offsetof(struct rt_proc, other), offsetof(struct rt_proc, spoke),
                                   offsetof(struct rt_proc, spoken_for), offsetof(struct rt_proc, ended), offsetof(struct rt_proc, cred_changed),
                                   offsetof(struct rt_proc, has_exit_code)};
    for (uint32_t i = 0; i < sizeof bools / sizeof *bools; i++)
        state.data[4 + bools[i]] = 238; /* no bool */
    struct rt_proc first;
    memcpy(&first, state.data + 4, sizeof first);
    CHECK_INT(rt_tree_load(&b, state.data, state.len, &used), 0);
    for (uint32_t i = 0; i < sizeof bools / sizeof *bools; i++)
        CHECK_INT(((const uint8_t *)rt_tree_find(&b, first.pid))[bools[i]], 1);
    rt_tree_deinit(&b);
    rt_tree_deinit(&a);
    CHECK_INT(a.n, 0);
    rt_buf_deinit(&state);
}
