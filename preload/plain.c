#include "plain.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fdclass.h"
#include "nextenv.h"
#include "policy.h"
#include "ring/control.h"
#include "shim.h"

#define PATH_BYTES     512
#define DIR_BYTES      64
#define NAME_BYTES     256
#define START_WAIT_MS  50
#define COLLECTOR_FD   3
#define SYSTEM_LOGS    "/var/log/retap/" /* with /etc/ld.so.preload: a service works in /, or anywhere */
#define KERNEL_SIGSET  8 /* bytes */

extern char **environ __attribute__((weak));
#pragma weak dladdr

static struct {
    char *const *envp;         /* as the kernel gave it; NULL = nothing was started */
    char dir[DIR_BYTES], fds[16 + RT_FDS_TEXT]; /* fds: RETAP_FDS=... */
    const char *base;          /* the tmpfs that the run directory is on */
    char retap[PATH_BYTES];    /* the program */
    char name[NAME_BYTES];     /* RETAP_NAME=..., "" = set by somebody else */
    bool logs;                 /* nobody said where to: SYSTEM_LOGS */
} plain;

/* ---------------------------------------------------------------- whether */
static const char *file_name(const char *path)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}
static bool is_retap(void)
{
    const char *name = rt_shim.exe ? file_name(rt_shim.exe) : "";
    return rt_starts(name, "retap") && !name[5];
}
bool rt_plain_is_collector(int argc, char *const *argv)
{
    return is_retap() && argc > 1 && rt_starts(argv[1], "collect") && !argv[1][7];
}

static bool may_start(void)
{
    int subreaper = 0;
    return !is_retap() && !rt_policy_is_filtered() && rt_syscall(SYS_getpid, 0) != 1 &&
           rt_syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && !subreaper;
}

/* ---------------------------------------------------------------- what */
/* The program beside us, as the loader found us. */
static bool find_retap(void)
{
    static const char places[][20] = {"retap", "../bin/retap", "../../bin/retap"};
    Dl_info us;
    if (!dladdr || !dladdr(&plain, &us) || !us.dli_fname || rt_strlen(us.dli_fname) > PATH_BYTES - sizeof places[0])
        return false;
    char *end = rt_append(plain.retap, us.dli_fname, (size_t)(file_name(us.dli_fname) - us.dli_fname));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        rt_append(end, places[i], rt_strlen(places[i]));
        if (rt_syscall(SYS_faccessat, AT_FDCWD, plain.retap, X_OK) == 0)
            return true;
    }
    return false;
}

static bool is_tmpfs(const char *path)
{
    struct statfs s;
    return path && path[0] == '/' && rt_syscall(SYS_statfs, path, &s) == 0 && s.f_type == TMPFS_MAGIC;
}

/* A name that nobody guesses: whoever made it before could read what is logged. */
static bool choose_directory(const char *runtime)
{
    uint64_t random;
    plain.base = is_tmpfs("/dev/shm") ? "/dev/shm" : is_tmpfs(runtime) ? runtime : "";
    size_t n = rt_strlen(plain.base);
    if (!n || n + 24 > sizeof plain.dir || rt_syscall(SYS_getrandom, &random, sizeof random, 1 /* GRND_NONBLOCK */) != sizeof random)
        return false;
    char *to = rt_append(rt_append(plain.dir, plain.base, n), "/retap-", 7);
    for (int i = 0; i < 16; i++)
        to = rt_append(to, &"0123456789abcdef"[random >> 4 * i & 15], 1);
    return true;
}

struct variables {
    const char *runtime, *name, *output, *start_wait;
};
static void read_environment(char *const *envp, struct variables *v)
{
    for (; *envp; envp++) {
        if (rt_starts(*envp, "XDG_RUNTIME_DIR="))
            v->runtime = *envp + 16;
        else if (rt_starts(*envp, "RETAP_NAME="))
            v->name = *envp + 11;
        else if (rt_starts(*envp, "RETAP_OUTPUT="))
            v->output = *envp + 13;
        else if (rt_starts(*envp, "RETAP_START_WAIT="))
            v->start_wait = *envp + 17;
    }
}

/* Digits and ms or s; anything else is the default. */
static uint64_t wait_ms(const char *s)
{
    uint64_t n = 0;
    if (!s || *s < '0' || *s > '9')
        return START_WAIT_MS;
    for (; *s >= '0' && *s <= '9' && n < 1000000; s++)
        n = n * 10 + (uint64_t)(*s - '0');
    return rt_starts(s, "ms") && !s[2] ? n : s[0] == 's' && !s[1] ? n * 1000 : n ? START_WAIT_MS : 0;
}

static void note_name(const char *argv0)
{
    const char *name = file_name(argv0 && *argv0 ? argv0 : rt_shim.exe ? rt_shim.exe : "");
    size_t n = rt_strlen(name);
    if (n && n < NAME_BYTES - 11)
        rt_append(rt_append(plain.name, "RETAP_NAME=", 11), name, n);
}

/* ---------------------------------------------------------------- start */
static void fill_environment(const char **to, const char *run)
{
    size_t n = 0;
    for (char *const *e = plain.envp; *e; e++)
        if (!rt_starts(*e, "LD_PRELOAD=") && !rt_starts(*e, "RETAP_RUN="))
            to[n++] = *e;
    to[n++] = run;
    to[n++] = RT_CONTROL_ENV "=3";
    if (plain.name[0])
        to[n++] = plain.name;
    if (plain.logs)
        to[n++] = "RETAP_OUTPUT=" SYSTEM_LOGS;
    to[n] = NULL;
}

/* In the grandchild. Nothing of the program may stay open, and none of its signal settings. */
static __attribute__((noreturn)) void become_collector(int fd)
{
    uint64_t none[8] = {0};
    char run[16 + DIR_BYTES];
    size_t n = 0;
    while (plain.envp[n])
        n++;
    const char **env = __builtin_alloca((n + 5) * sizeof *env);
    rt_append(rt_append(run, "RETAP_RUN=", 10), plain.dir, rt_strlen(plain.dir));
    fill_environment(env, run);
    rt_syscall(SYS_setsid, 0);
    for (int sig = 1; sig < 65; sig++)
        rt_syscall(SYS_rt_sigaction, sig, none, NULL, KERNEL_SIGSET);
    rt_syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, KERNEL_SIGSET);
    long at = rt_syscall(SYS_fcntl, fd, F_DUPFD, 10), null = rt_syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        if (null != i)
            rt_syscall(SYS_dup3, null, i, 0);
    rt_syscall(SYS_dup3, at, COLLECTOR_FD, 0);
    rt_syscall(SYS_close_range, COLLECTOR_FD + 1, ~0u, 0);
    const char *argv[] = {"retap", "collect", "--no-clobber", NULL};
    rt_syscall(SYS_execve, plain.retap, argv, env);
    for (;;)
        rt_syscall(SYS_exit_group, 127);
}

/* Return: the pid of a child that has ended or soon will; negative = it could not be. */
static long start_collector(int fd)
{
    long child = rt_syscall(SYS_clone, CLONE_VFORK, 0, 0, 0, 0);
    if (child != 0)
        return child;
    if (rt_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
        become_collector(fd);
    for (;;)
        rt_syscall(SYS_exit_group, 0);
}

static void await_ready(int fd, uint64_t ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    rt_syscall(SYS_ppoll, &p, 1, &t, NULL, KERNEL_SIGSET); /* ready, failed or late: the claim will tell */
}

const char *rt_plain_start(char *const *argv, char *const *envp)
{
    struct variables v = {0};
    struct rt_control m = {.kind = RT_CONTROL_EXEC};
    int pair[2];
    read_environment(envp, &v);
    if (!may_start() || !find_retap() || !choose_directory(v.runtime) ||
        rt_syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return NULL;
    plain.envp = envp;
    plain.logs = !rt_next_is_named() && (!v.output || !*v.output);
    if (!v.name || !*v.name)
        note_name(argv ? argv[0] : NULL);
    long child = start_collector(pair[1]);
    rt_syscall(SYS_close, pair[1]);
    if (child > 0) {
        m.pid = (uint32_t)rt_syscall(SYS_getpid, 0);
        rt_syscall(SYS_sendto, pair[0], &m, sizeof m, MSG_NOSIGNAL, NULL, 0);
        while (rt_syscall(SYS_wait4, child, NULL, __WCLONE, NULL) == -4 /* EINTR */)
            ;
        await_ready(pair[0], wait_ms(v.start_wait));
    }
    rt_syscall(SYS_close, pair[0]);
    if (child <= 0)
        plain.envp = NULL;
    return child > 0 ? plain.dir : NULL;
}

/* ---------------------------------------------------------------- the marker in the environment */
void rt_plain_tell_children(void)
{
    rt_fd_compose(rt_append(plain.fds, "RETAP_FDS=", 10));
}

void rt_plain_extend_environment(void)
{
    size_t n = 0, tail = 0, out = 0; /* tail: entries of the auxiliary vector */
    if (rt_likely(!plain.envp) || !&environ || !environ)
        return;
    while (environ[n])
        n++;
    const Elf64_auxv_t *auxv = environ == plain.envp ? rt_auxv(environ) : NULL;
    if (auxv)
        while (auxv[tail++].a_type != AT_NULL)
            ;
    size_t bytes = (n + 3) * sizeof(char *) + tail * sizeof *auxv;
    long page = rt_syscall(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((unsigned long)page > -4096ul)
        return;
    const char **to = (const char **)(uintptr_t)page;
    for (size_t i = 0; i < n; i++)
        if (!rt_starts(environ[i], "RETAP_RUN=") && !rt_starts(environ[i], "RETAP_FDS="))
            to[out++] = environ[i];
    to[out++] = rt_next_run();
    to[out++] = plain.fds;
    to[out++] = NULL;
    memcpy(to + out, auxv, tail * sizeof *auxv);
    environ = (char **)(uintptr_t)page;
}
