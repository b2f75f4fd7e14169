/* Starting a collector from inside a program: as a grandchild of which the program hears nothing, neither a signal nor a child to wait for.
 *
 *   program: clone(CLONE_VFORK, no exit signal) ──▶ child: clone ──▶ grandchild: own session, nothing open: exec retap collect
 *      │   wait4(__WCLONE)  ◀── exits at once                            │
 *      └── socket pair: "I am the program" ────▶  ◀── READY or FAILED ───┘
 *
 * Between clone and exec nothing but system calls: other threads may have held any lock. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/guest.h"
#include "recording/outlet.h"
#include "ring/control.h"

#define TMPFS        0x01021994
#define COLLECTOR_FD 3
#define READY_MS     5000
#define SIGSET_BYTES 8 /* of the kernel's */

extern char **environ;

struct start {
    char path[PATH_MAX], run[16 + RT_OUTLET_DIR + 1];
    char **env; /* of the collector */
    int fd;
};

/* ---------------------------------------------------------------- what to start */

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

static bool find_beside_us(char out[PATH_MAX])
{
    static const char *const places[] = {"retap", "../bin/retap", "../../bin/retap"};
    Dl_info us;
    const char *slash = dladdr((void *)(uintptr_t)rt_collector_start, &us) && us.dli_fname ? strrchr(us.dli_fname, '/') : NULL;
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++)
        if (snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - us.dli_fname), us.dli_fname, places[i]) < PATH_MAX && is_program(out))
            return true;
    return false;
}

static bool find_in_path(char out[PATH_MAX])
{
    const char *path = getenv("PATH");
    for (const char *p = path, *end; p; p = *end ? end + 1 : NULL) {
        end = strchrnul(p, ':');
        if (end > p && snprintf(out, PATH_MAX, "%.*s/retap", (int)(end - p), p) < PATH_MAX && is_program(out))
            return true;
    }
    return false;
}

static int find_retap(char out[PATH_MAX], struct rt_error *err)
{
    const char *given = getenv("RETAP_PATH");
    if (given && *given) {
        snprintf(out, PATH_MAX, "%s", given);
        return is_program(out) ? 0 : rt_error_set(err, -ENOENT, "RETAP_PATH=%s: %s", given, strerror(errno));
    }
    if (find_beside_us(out) || find_in_path(out))
        return 0;
    return rt_error_set(err, -ENOENT, "retap is neither beside the library nor in PATH, and RETAP_PATH is not set");
}

static bool is_tmpfs(const char *path)
{
    struct statfs s;
    return path && path[0] == '/' && statfs(path, &s) == 0 && s.f_type == TMPFS;
}

/* A name that nobody guesses. */
static int choose_directory(char ret[RT_OUTLET_DIR + 1], struct rt_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *base = is_tmpfs("/dev/shm") ? "/dev/shm" : is_tmpfs(runtime) ? runtime : NULL;
    uint64_t random;
    if (!base || strlen(base) + 24 > RT_OUTLET_DIR)
        return rt_error_set(err, -ENOENT, "neither /dev/shm nor XDG_RUNTIME_DIR is a tmpfs");
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = rt_real_ns() * 0x9E3779B97F4A7C15u + (uint64_t)getpid();
    snprintf(ret, RT_OUTLET_DIR + 1, "%s/retap-%016llx", base, (unsigned long long)random);
    return 0;
}

static int make_environment(struct start *s, const char *dir)
{
    static char control[] = RT_CONTROL_ENV "=3";
    static const char *const left_out[] = {"LD_PRELOAD=", "RETAP_", "RERUN"};
    size_t n = 0, k = 0;
    while (environ && environ[n])
        n++;
    s->env = malloc((n + 3) * sizeof *s->env);
    if (!s->env)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool out = false;
        for (size_t w = 0; w < sizeof left_out / sizeof *left_out; w++)
            out |= !strncmp(environ[i], left_out[w], strlen(left_out[w]));
        if (!out)
            s->env[k++] = environ[i];
    }
    snprintf(s->run, sizeof s->run, "RETAP_RUN=%s", dir);
    s->env[k++] = s->run;
    s->env[k++] = control;
    s->env[k] = NULL;
    return 0;
}

/* ---------------------------------------------------------------- start */

/* In the grandchild. Nothing of the program may stay open, and none of its signal settings. */
static __attribute__((noreturn)) void become_collector(const struct start *s)
{
    static const uint64_t none[8];
    const char *argv[] = {"retap", "collect", "-o", "/dev/null", NULL}; /* only what programs ask for is recorded */
    rt_syscall(SYS_setsid, 0);
    for (int sig = 1; sig < 65; sig++)
        rt_syscall(SYS_rt_sigaction, sig, none, NULL, SIGSET_BYTES);
    rt_syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SIGSET_BYTES);
    long at = rt_syscall(SYS_fcntl, s->fd, F_DUPFD, 10), null = rt_syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        if (null != i)
            rt_syscall(SYS_dup3, null, i, 0);
    rt_syscall(SYS_dup3, at, COLLECTOR_FD, 0);
    rt_syscall(SYS_close_range, COLLECTOR_FD + 1, ~0u, 0);
    rt_syscall(SYS_execve, s->path, argv, s->env);
    for (;;)
        rt_syscall(SYS_exit_group, 127);
}

/* Return: the pid of a child that has ended or soon will, or -errno. */
static long spawn(const struct start *s)
{
    long child = rt_syscall(SYS_clone, CLONE_VFORK, 0, 0, 0, 0);
    if (child != 0)
        return child;
    if (rt_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
        become_collector(s);
    for (;;)
        rt_syscall(SYS_exit_group, 0);
}

static int hear(int fd, const char *path, struct rt_error *err)
{
    struct pollfd p = {fd, POLLIN, 0};
    struct rt_control m = {0};
    uint64_t until = rt_mono_ns() + READY_MS * 1000000ull, now;
    int r = 0;
    while ((now = rt_mono_ns()) < until && (r = poll(&p, 1, (int)((until - now) / 1000000) + 1)) < 0 && errno == EINTR)
        ;
    if (r <= 0)
        return rt_error_set(err, -ETIMEDOUT, "%s collect did not start within %d s", path, READY_MS / 1000);
    if (recv(fd, &m, sizeof m, MSG_DONTWAIT) != sizeof m)
        return rt_error_set(err, -ENOEXEC, "%s collect ended at once", path);
    m.text[sizeof m.text - 1] = 0;
    return m.kind == RT_CONTROL_READY ? 0 : rt_error_set(err, -EIO, "%s collect: %.400s", path, m.text);
}

static int start(struct start *s, struct rt_error *err)
{
    int pair[2];
    sigset_t all, before;
    struct rt_control m = {.kind = RT_CONTROL_EXEC, .pid = (uint32_t)getpid()};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return rt_error_set(err, -errno, "no socket: %s", strerror(errno));
    s->fd = pair[1];
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the program runs in the copies */
    long child = spawn(s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(pair[1]);
    int r = child < 0 ? rt_error_set(err, (int)child, "no process: %s", strerror((int)-child)) : 0;
    if (!r) {
        (void)!send(pair[0], &m, sizeof m, MSG_NOSIGNAL);
        while (rt_syscall(SYS_wait4, child, NULL, __WCLONE, NULL) == -EINTR)
            ;
        r = hear(pair[0], s->path, err);
    }
    close(pair[0]);
    return r;
}

int rt_collector_start(char ret_dir[RT_OUTLET_DIR + 1], struct rt_error *err)
{
    struct start *s = calloc(1, sizeof *s);
    int r = s ? find_retap(s->path, err) : -ENOMEM;
    r = r ? r : choose_directory(ret_dir, err);
    r = r ? r : make_environment(s, ret_dir);
    r = r ? r : start(s, err);
    if (s)
        free(s->env);
    free(s);
    return r == -ENOMEM ? rt_error_set(err, r, "out of memory") : r;
}
