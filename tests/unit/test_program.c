/* What an executable is, asked of real ones that are built here in every way this machine can. */
#include "tests/harness/test.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbols/program.h"

static char dir[64];

static bool try(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool try(const char *fmt, ...)
{
    char command[1024], all[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    snprintf(all, sizeof all, "cd %s && { %s; } >/dev/null 2>&1", dir, command);
    return system(all) == 0;
}

static void remove_dir(void)
{
    char command[80];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK_INT(system(command), 0);
}

static void setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/retap-program-XXXXXX");
    CHECK(mkdtemp(dir));
    CHECK_INT(chmod(dir, 0755), 0); /* also for nobody */
    atexit(remove_dir);
    CHECK(try("echo 'int main(void) { return 0; }' >p.c"));
}

static enum rt_program_kind kind(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return rt_program_kind(path, NULL);
}

RT_TEST(test_loaders)
{
    setup();
    CHECK(try("gcc p.c -o p && gcc -no-pie p.c -o fixed"));
    CHECK_INT(kind("p"), RT_PROGRAM_GLIBC);
    CHECK_INT(kind("fixed"), RT_PROGRAM_GLIBC);
    CHECK(try("gcc -static p.c -o static && gcc -static-pie p.c -o static-pie"));
    CHECK_INT(kind("static"), RT_PROGRAM_STATIC);
    CHECK_INT(kind("static-pie"), RT_PROGRAM_STATIC);
    CHECK(try("cp p.c q.c && gcc p.c -Wl,--dynamic-linker=/opt/other-loader.so -o other"));
    CHECK_INT(kind("other"), RT_PROGRAM_LOADER);
    CHECK_INT(rt_program_kind("/proc/self/exe", NULL), RT_PROGRAM_GLIBC);
    CHECK(!rt_program_obstacle(RT_PROGRAM_GLIBC));
    CHECK_STR(rt_program_obstacle(RT_PROGRAM_STATIC), "is statically linked");
}

RT_TEST(test_loader_as_a_command)
{
    setup();
    CHECK(try("gcc p.c -o p && cp \"$(readelf -l p | sed -n 's/.*interpreter: \\(.*\\)]/\\1/p')\" loader"));
    CHECK_INT(kind("loader"), RT_PROGRAM_GLIBC);
}

RT_TEST(test_musl)
{
    setup();
    if (!try("musl-gcc p.c -o musl && musl-gcc -static p.c -o musl-static"))
        rt_test_skip("no musl-gcc");
    CHECK_INT(kind("musl"), RT_PROGRAM_MUSL);
    CHECK_INT(kind("musl-static"), RT_PROGRAM_STATIC);
}

RT_TEST(test_go)
{
    setup();
    CHECK(try("printf 'package main\\nfunc main() {}\\n' >g.go"));
    CHECK(try("printf 'package main\\nimport \"C\"\\nfunc main() {}\\n' >c.go"));
    if (!try("HOME=${HOME:-$PWD} go build -o go g.go"))
        rt_test_skip("no go");
    CHECK_INT(kind("go"), RT_PROGRAM_GO);
    if (try("HOME=${HOME:-$PWD} go build -o cgo c.go"))
        CHECK_INT(kind("cgo"), RT_PROGRAM_GO_LINKED);
}

RT_TEST(test_sanitizers)
{
    setup();
    CHECK(try("gcc -fsanitize=address p.c -o asan"));
    CHECK_INT(kind("asan"), RT_PROGRAM_GLIBC);
    CHECK(try("echo 'const char *__asan_default_options(void) { return \"\"; }' >o.c && gcc -fsanitize=address p.c o.c -o own"));
    CHECK_INT(kind("own"), RT_PROGRAM_ASAN);
    CHECK(try("gcc p.c o.c -o named"));
    CHECK_INT(kind("named"), RT_PROGRAM_GLIBC); /* it only has a function of that name */
}

RT_TEST(test_foreign_word_size)
{
    setup();
    if (!try("gcc -m32 p.c -o small") && !try("echo .globl _start\\\\n_start: ret | gcc -m32 -nostdlib -static -x assembler - -o small"))
        rt_test_skip("gcc -m32 does not work here");
    CHECK_INT(kind("small"), RT_PROGRAM_FOREIGN);
    CHECK(try("gcc p.c -o p && printf '\\267' | dd of=p bs=1 seek=18 conv=notrunc")); /* EM_AARCH64 */
#ifdef __x86_64__
    CHECK_INT(kind("p"), RT_PROGRAM_FOREIGN);
#endif
}

RT_TEST(test_scripts_are_followed)
{
    char found[PATH_MAX], expected[128];
    setup();
    CHECK(try("gcc -static p.c -o static"));
    CHECK(try("printf '#! %%s/static an argument\\n' $PWD >one && printf '#!%%s/one\\n' $PWD >two && printf '#!%%s/loop\\n' $PWD >loop"));
    CHECK_INT(kind("one"), RT_PROGRAM_STATIC);
    CHECK_INT(kind("two"), RT_PROGRAM_STATIC);
    CHECK_INT(kind("loop"), RT_PROGRAM_UNKNOWN);
    char path[128];
    snprintf(path, sizeof path, "%s/two", dir);
    snprintf(expected, sizeof expected, "%s/static", dir);
    rt_program_kind(path, found);
    CHECK_STR(found, expected);
    CHECK(try("echo '#!/bin/sh' >script"));
    CHECK_INT(kind("script"), RT_PROGRAM_GLIBC);
}

RT_TEST(test_what_is_no_program)
{
    setup();
    CHECK(try("mkfifo fifo; echo echo hello >text; : >empty; printf '#!' >nothing; printf '\\177ELF' >stump"));
    static const char *const names[] = {"fifo", "text", "empty", "nothing", "stump", "absent", "."};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_INT(kind(names[i]), RT_PROGRAM_UNKNOWN);
        CHECK(!rt_program_obstacle(RT_PROGRAM_UNKNOWN));
    }
    CHECK_INT(rt_program_kind("/dev/zero", NULL), RT_PROGRAM_UNKNOWN);
}

/* As nobody, who gets other rights by the mode bits that root had already. */
RT_TEST(test_other_rights)
{
    setup();
    if (getuid() != 0)
        rt_test_skip("only root can make a setuid file of somebody else's");
    CHECK(try("gcc p.c -o p && cp p u && chmod u+s u && cp p g && chmod g+s g && cp p l && chmod g+s,g-x l"));
    CHECK_INT(kind("u"), RT_PROGRAM_GLIBC);
    bool has_caps = try("cp p c && setcap cap_net_raw+ep c");
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(setgid(65534) == 0 && setuid(65534) == 0);
        CHECK_INT(kind("p"), RT_PROGRAM_GLIBC);
        CHECK_INT(kind("u"), RT_PROGRAM_SECURE);
        CHECK_INT(kind("g"), RT_PROGRAM_SECURE);
        CHECK_INT(kind("l"), RT_PROGRAM_GLIBC); /* no group execute: mandatory locking, not setgid */
        if (has_caps)
            CHECK_INT(kind("c"), RT_PROGRAM_SECURE);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}
