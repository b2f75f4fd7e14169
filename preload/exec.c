/* exec and spawn. The program that comes next gets an environment by which it finds its way (nextenv.h). What is about to be executed is
 * told before, and taken back by an empty record when the call returns: then it failed. */
#include <spawn.h>
#include <stdarg.h>
#include <unistd.h>

#include "nextenv.h"
#include "real.h"
#include "shim.h"

#define PATH_MAX_RECORDED 4096
#define NOT_FOUND 38 /* ENOSYS */

extern char **environ __attribute__((weak));

static size_t recorded(const char *path)
{
    size_t n = rt_is_low(path) ? 0 : rt_strlen(path);
    return n < PATH_MAX_RECORDED ? n : PATH_MAX_RECORDED;
}
static char *const *env_now(void)
{
    return &environ ? environ : NULL;
}

#define EXEC(path, envp, name, ...) do { \
        RT_NEXT_ENVIRONMENT(envp, path); \
        rt_record_event(RT_RECORD_EXEC, path, recorded(path)); \
        int r_ = RT_REAL(name) ? rt_real.name(__VA_ARGS__) : (int)rt_return(-NOT_FOUND); \
        rt_record_event(RT_RECORD_EXEC, NULL, 0); \
        return r_; \
    } while (0)

/* The two that are system calls work before the constructor, too. */
static int bare_execve(const char *path, char *const *argv, char *const *envp)
{
    return (int)rt_return(rt_syscall(SYS_execve, path, argv, envp));
}
static int bare_execveat(int dir, const char *path, char *const *argv, char *const *envp, int flags)
{
    return (int)rt_return(rt_syscall(SYS_execveat, dir, path, argv, envp, flags));
}

RT_API int execve(const char *path, char *const argv[], char *const envp[])
{
    if (!RT_REAL(execve))
        return bare_execve(path, argv, envp);
    EXEC(path, envp, execve, path, argv, next);
}
RT_API int execv(const char *path, char *const argv[])
{
    return execve(path, argv, env_now());
}
RT_API int execvpe(const char *file, char *const argv[], char *const envp[])
{
    EXEC(file, envp, execvpe, file, argv, next);
}
RT_API int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, env_now());
}
RT_API int fexecve(int fd, char *const argv[], char *const envp[])
{
    EXEC(rt_is_low(argv) ? NULL : argv[0], envp, fexecve, fd, argv, next);
}
RT_API int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
    if (!RT_REAL(execveat))
        return bare_execveat(dir, path, argv, envp, flags);
    EXEC(path, envp, execveat, dir, path, argv, next, flags);
}

/* The l variants: arguments up to a NULL become an array. */
#define ARGV_FROM_LIST(first, ap_end) \
    va_list ap_; \
    size_t n_ = 1; \
    va_start(ap_, first); \
    while (va_arg(ap_, char *)) \
        n_++; \
    va_end(ap_); \
    char **argv_ = __builtin_alloca((n_ + 1) * sizeof(char *)); \
    argv_[0] = (char *)(uintptr_t)(first); \
    va_start(ap_, first); \
    for (size_t i_ = 1; i_ <= n_; i_++) \
        argv_[i_] = va_arg(ap_, char *); \
    ap_end; \
    va_end(ap_)

RT_API int execl(const char *path, const char *arg, ...)
{
    ARGV_FROM_LIST(arg, (void)0);
    return execve(path, argv_, env_now());
}
RT_API int execlp(const char *file, const char *arg, ...)
{
    ARGV_FROM_LIST(arg, (void)0);
    return execvpe(file, argv_, env_now());
}
RT_API int execle(const char *path, const char *arg, ...)
{
    char *const *envp;
    ARGV_FROM_LIST(arg, envp = va_arg(ap_, char *const *));
    return execve(path, argv_, envp);
}

/* ---------------------------------------------------------------- spawn */
/* The child is libc's, so its exec is told by the parent: in the child's name, at the time before the call, since what the new program
 * says comes after. */
struct spawned {
    uint64_t mono_ns;
    uint32_t flags;
};
static struct spawned before_spawn(void)
{
    struct spawned s = {0};
    if (rt_capture())
        s.mono_ns = rt_now(&s.flags);
    return s;
}
static int after_spawn(const struct spawned *s, int error, pid_t pid, const char *path)
{
    const struct rt_writer *w = error || !s->mono_ns ? NULL : rt_capture();
    if (!w)
        return error;
    struct rt_writer child = *w;
    struct rt_writer_thread t = {.tid = (uint32_t)pid};
    struct rt_part part = {path, recorded(path)};
    child.pid = (uint32_t)pid;
    rt_ring_write(&child, &t, RT_RECORD_EXEC, 0, s->flags, s->mono_ns, NULL, &part, 1, NULL, NULL);
    return error;
}

#define SPAWN(name) do { \
        RT_NEXT_ENVIRONMENT(envp, path); \
        struct spawned s_ = before_spawn(); \
        pid_t own_ = 0, *to_ = pid ? pid : &own_; \
        int r_ = RT_REAL(name) ? rt_real.name(to_, path, actions, attr, argv, next) : NOT_FOUND; \
        return after_spawn(&s_, r_, r_ ? 0 : *to_, path); \
    } while (0)

RT_API int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                       char *const argv[], char *const envp[])
{
    SPAWN(posix_spawn);
}
RT_API int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                        char *const argv[], char *const envp[])
{
    SPAWN(posix_spawnp);
}
