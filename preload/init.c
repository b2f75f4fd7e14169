#include <elf.h>

#include "fatal.h"
#include "fdclass.h"
#include "files.h"
#include "nextenv.h"
#include "plain.h"
#include "policy.h"
#include "real.h"
#include "shim.h"
#include "slot.h"

#define ARGV_MAX 1024 /* bytes of the command line that are recorded */
#define DPRINTF_DIRECT 237u /* glibc 2.37: dprintf() has no FILE any more */
#define AUXV_TYPES 4095u /* no address is that small, no type that large */

extern char **environ __attribute__((weak));
extern void *__libc_stack_end __attribute__((weak)); /* of glibc's loader alone */

struct variable {
    const char *run, *fds, *stdout_mode, *files, *enabled, *no_slot;
};

static void read_variables(char *const *envp, struct variable *v)
{
    static const struct { char name[20]; unsigned char at; } names[] = {
        {"RETAP_RUN=", offsetof(struct variable, run)},
        {"RETAP_FDS=", offsetof(struct variable, fds)},
        {"RETAP_STDOUT=", offsetof(struct variable, stdout_mode)},
        {"RETAP_FILES=", offsetof(struct variable, files)},
#ifdef RT_TESTPOINTS
        {"RETAP_TEST_NO_SLOT=", offsetof(struct variable, no_slot)},
#endif
        {"RETAP=", offsetof(struct variable, enabled)},
    };
    for (; *envp; envp++) {
        if (!rt_starts(*envp, "RETAP"))
            continue;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (rt_starts(*envp, names[i].name))
                *(const char **)(void *)((char *)v + names[i].at) = *envp + rt_strlen(names[i].name);
    }
}

/* Strings of argv lie one behind the other where the kernel put them. */
static void note_argv(int argc, char **argv)
{
    if (argc < 1 || !argv || !argv[0])
        return;
    const char *end = argv[0];
    for (int i = 0; i < argc && argv[i] == end && end - argv[0] < ARGV_MAX; i++)
        end += rt_strlen(end) + 1;
    size_t n = (size_t)(end - argv[0]);
    rt_shim.argv = argv[0];
    rt_shim.argv_len = (uint32_t)(n < ARGV_MAX ? n : ARGV_MAX);
    rt_shim.argv_sum = rt_argv_sum();
}

/* Behind envp lies what the kernel says about the process; in between, what is left of variables that the loader took out of a setuid
 * program: pointers, and the first NULL. */
const Elf64_auxv_t *rt_auxv(char *const *envp)
{
    while (*envp)
        envp++;
    while ((uintptr_t)*envp == 0 || (uintptr_t)*envp > AUXV_TYPES)
        envp++;
    return (const void *)envp;
}

/* Return: false when it runs with rights its caller lacks, or when that is not told. */
static bool read_auxv(char *const *envp, const void **ret_vdso)
{
    bool secure = true;
    for (const Elf64_auxv_t *a = rt_auxv(envp); a->a_type != AT_NULL; a++) {
        if (a->a_type == AT_SYSINFO_EHDR)
            *ret_vdso = (const void *)(uintptr_t)a->a_un.a_val;
        else if (a->a_type == AT_EXECFN)
            rt_shim.exe = (const char *)(uintptr_t)a->a_un.a_val;
        else if (a->a_type == AT_SECURE)
            secure = a->a_un.a_val != 0;
    }
    size_t n = rt_shim.exe ? rt_strlen(rt_shim.exe) : 0;
    rt_shim.exe_len = (uint32_t)(n < ARGV_MAX ? n : ARGV_MAX);
    return !secure;
}

bool rt_is_off(const char *s)
{
    return s && ((s[0] == '0' && !s[1]) || (rt_starts(s, "no") && !s[2]) || (rt_starts(s, "off") && !s[3]) ||
                 (rt_starts(s, "false") && !s[5]));
}

/* glibc's loader passes them, also to a program without libc (then its own symbols are not in scope). musl passes nothing, but has set
 * environ; argc stands before argv, which ends before envp. */
static bool find_arguments(bool have_libc, int *argc, char ***argv, char ***envp)
{
    if (&__libc_stack_end || !have_libc)
        return *envp != NULL;
    if (!&environ || !environ)
        return false;
    *envp = environ;
    char **end = environ - 1;
    for (intptr_t n = 0; n < 4096; n++) {
        if ((intptr_t)end[-n - 1] == n) {
            *argc = (int)n;
            *argv = end - n;
            return *end == NULL;
        }
    }
    return false;
}

static enum rt_stdout_mode stdout_mode(const char *s)
{
    return s && rt_starts(s, "always") ? RT_STDOUT_ALWAYS : s && rt_starts(s, "never") ? RT_STDOUT_NEVER : RT_STDOUT_AUTO;
}

static __attribute__((constructor)) void shim_start(int argc, char **argv, char **envp)
{
    struct variable v = {0};
    const void *vdso = NULL;
    if (!find_arguments(rt_real_start(), &argc, &argv, &envp))
        return;
    read_variables(envp, &v);
    if (rt_is_off(v.enabled) || rt_fd_filtered(v.fds) || !rt_has_tls() || !read_auxv(envp, &vdso) || rt_plain_is_collector(argc, argv))
        return;
    rt_next_start(envp);
    bool plain = !v.run || !*v.run;
    if (!rt_policy_allows(rt_next_is_named(), !plain) || (plain && !(v.run = rt_plain_start(argv, envp))))
        return;
    rt_shim.clock_mt = 1; /* CLOCK_MONOTONIC */
    rt_clock_start(vdso);
    note_argv(argc, argv);
    rt_shim.stdout_mode = stdout_mode(v.stdout_mode);
    rt_files_start(v.files);
    if (plain) {
        rt_next_set_run(v.run);
        rt_fd_start(NULL, true);
        rt_plain_tell_children();
    }
    if (!rt_claim(v.run, rt_strlen(v.run)))
        return;
    if (!plain)
        rt_fd_start(v.fds, false);
#ifdef RT_TESTPOINTS
    rt_test_without_slot = v.no_slot != NULL;
#endif
    rt_slot_start();
    rt_shim.dprintf_by_name = rt_libc_version() >= DPRINTF_DIRECT;
    if (rt_identity_start())
        rt_modules_start();
    rt_fatal_start();
}

typedef int main_function(int, char **, char **);
int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end);

/* libc is ready, main is not: the first moment for what the constructor is too early for. */
RT_API int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                             void *stack_end)
{
    rt_plain_extend_environment();
    rt_exit_watch();
    if (!RT_REAL(__libc_start_main))
        rt_syscall(SYS_exit_group, 127); /* nobody else could have been meant */
    return rt_real.__libc_start_main(main, argc, argv, init, fini, rtld_fini, stack_end);
}
