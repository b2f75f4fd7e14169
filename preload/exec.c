/* exec and spawn. The program that comes next finds its way by RETAP_RUN and learns from RETAP_FDS what its fds 0 to 9 are. Both are
 * put into a copy of the environment on the stack, and only where that environment preloads us: an emptied one stays empty. No
 * allocation: the caller may be a vfork child. */
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "fdclass.h"
#include "forward.inc"
#include "real.h"
#include "shim.h"

#define ENV_MAX  2000 /* entries; a larger environment goes on unchanged */
#define PATH_MAX_RECORDED 4096

extern char **environ __attribute__((weak));

_Static_assert(RT_FORWARD_COUNT == 2, "env_copy() hands on two variables");

/* Is the entry @e of an environment the variable @which (RT_FORWARD_*)? */
static bool is_variable(const char *e, unsigned which)
{
    return rt_starts(e, rt_forward[which].name) && e[rt_forward[which].len] == '=';
}

static bool names_us(const char *preload)
{
    for (; *preload; preload++)
        if (rt_starts(preload, "libretap-preload"))
            return true;
    return false;
}

/* How many pointers the copy needs; 0 = pass the environment on as it is. */
static size_t env_room(char *const *envp)
{
    bool preloaded = false;
    size_t n = 0;
    if (!rt_shim.identity || !envp)
        return 0;
    for (; envp[n]; n++) {
        const char *e = envp[n];
        if (rt_starts(e, "LD_PRELOAD="))
            preloaded = names_us(e + 11);
        else if (is_variable(e, RT_FORWARD_RUN_DIR) &&
                 (rt_strlen(e) != rt_strlen(rt_shim.run_variable) || !rt_starts(e, rt_shim.run_variable)))
            return 0; /* another run's */
        if (n > ENV_MAX)
            return 0;
    }
    return preloaded ? n + 3 : 0;
}

static char **env_copy(char *const *envp, char **to, char *fds)
{
    size_t n = 0;
    bool run = false, noted = false;
    for (; envp[n]; n++) {
        to[n] = envp[n];
        run |= is_variable(envp[n], RT_FORWARD_RUN_DIR);
        if (is_variable(envp[n], RT_FORWARD_FDS)) {
            to[n] = fds;
            noted = true;
        }
    }
    if (!run)
        to[n++] = rt_shim.run_variable;
    if (!noted)
        to[n++] = fds;
    to[n] = NULL;
    const uint32_t len = rt_forward[RT_FORWARD_FDS].len;
    memcpy(fds, rt_forward[RT_FORWARD_FDS].name, len);
    fds[len] = '=';
    rt_fd_compose(fds + len + 1);
    return to;
}

/* The environment for the next program, in the caller's frame. */
#define ENV_FOR_NEXT(envp) \
    size_t room_ = env_room(envp); \
    char **copy_ = room_ ? __builtin_alloca(room_ * sizeof(char *)) : NULL; \
    char *fds_ = room_ ? __builtin_alloca(sizeof rt_forward->name + 1 + RT_FDS_TEXT) : NULL; \
    char *const *next = room_ ? env_copy(envp, copy_, fds_) : (envp)

static void tell_exec(const char *path)
{
    size_t n = path ? rt_strlen(path) : 0;
    rt_record_event(RT_RECORD_EXEC, path, n < PATH_MAX_RECORDED ? n : PATH_MAX_RECORDED);
}
static char *const *env_now(void)
{
    return &environ ? environ : NULL;
}

RT_API int execve(const char *path, char *const argv[], char *const envp[])
{
    ENV_FOR_NEXT(envp);
    tell_exec(path);
    return rt_real.execve ? rt_real.execve(path, argv, next) : (int)rt_return(rt_syscall(SYS_execve, path, argv, next));
}
RT_API int execv(const char *path, char *const argv[])
{
    return execve(path, argv, env_now());
}
RT_API int execvpe(const char *file, char *const argv[], char *const envp[])
{
    ENV_FOR_NEXT(envp);
    tell_exec(file);
    return RT_REAL(execvpe) ? rt_real.execvpe(file, argv, next) : -1;
}
RT_API int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, env_now());
}
RT_API int fexecve(int fd, char *const argv[], char *const envp[])
{
    ENV_FOR_NEXT(envp);
    tell_exec(argv[0]);
    return RT_REAL(fexecve) ? rt_real.fexecve(fd, argv, next) : -1;
}
RT_API int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
    ENV_FOR_NEXT(envp);
    tell_exec(path);
    return rt_real.execveat ? rt_real.execveat(dir, path, argv, next, flags)
                            : (int)rt_return(rt_syscall(SYS_execveat, dir, path, argv, next, flags));
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

/* No EXEC record: the exec happens in a child of libc's own making, whose first record says where it came from. */
RT_API int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                       char *const argv[], char *const envp[])
{
    ENV_FOR_NEXT(envp);
    return RT_REAL(posix_spawn) ? rt_real.posix_spawn(pid, path, actions, attr, argv, next) : 38 /* ENOSYS */;
}
RT_API int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                        char *const argv[], char *const envp[])
{
    ENV_FOR_NEXT(envp);
    return RT_REAL(posix_spawnp) ? rt_real.posix_spawnp(pid, file, actions, attr, argv, next) : 38;
}
