/* Processes: fork, exit, wait, and what takes the right to make system calls away. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real.h"
#include "shim.h"

/* vfork is never hooked: it returns twice through the frame of its caller. */
RT_API pid_t fork(void)
{
    pid_t pid = RT_REAL(fork) ? rt_real.fork() : -1;
    if (pid == 0)
        rt_identity_child();
    return pid;
}
RT_API pid_t _Fork(void)
{
    pid_t pid = RT_REAL(_Fork) ? rt_real._Fork() : RT_REAL(fork) ? rt_real.fork() : -1;
    if (pid == 0)
        rt_identity_child();
    return pid;
}

/* ---------------------------------------------------------------- exit */
static void tell_exit(int code)
{
    int32_t c = code;
    rt_record_event(RT_RECORD_EXIT, &c, sizeof c);
}
static __attribute__((noreturn)) void leave(int code)
{
    for (;;)
        rt_syscall(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

/* A return from main() passes no hook. The handler is the first to be registered, so it is the last to be called: what others do then (and
 * log, and change their mind about the code) comes before. */
static bool exit_watched;
extern int on_exit(void (*)(int, void *), void *) __attribute__((weak));

static void at_end(int code, void *nothing)
{
    tell_exit(code);
}
void rt_exit_watch(void)
{
    exit_watched = rt_shim.identity && on_exit && on_exit(at_end, NULL) == 0;
}

RT_API void exit(int code)
{
    if (!exit_watched)
        tell_exit(code);
    if (RT_REAL(exit))
        rt_real.exit(code);
    leave(code);
}
RT_API void quick_exit(int code)
{
    tell_exit(code);
    if (RT_REAL(quick_exit))
        rt_real.quick_exit(code);
    leave(code);
}
/* Pure: Chromium calls it in a clone that has no thread-locals. */
RT_API void _exit(int code)
{
    tell_exit(code);
    if (RT_REAL(_exit))
        rt_real._exit(code);
    leave(code);
}
RT_API void _Exit(int code)
{
    _exit(code);
}

/* ---------------------------------------------------------------- wait */
static uint64_t microseconds(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static RT_COLD void tell_waited(pid_t pid, int status, const struct rusage *u)
{
    struct rt_waited w = {.pid = (uint32_t)pid, .status = status};
    if (u) {
        w.utime_us = microseconds(u->ru_utime);
        w.stime_us = microseconds(u->ru_stime);
        w.maxrss_kib = (uint64_t)u->ru_maxrss;
    }
    rt_record_event(RT_RECORD_WAITED, &w, sizeof w);
}

RT_API pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    if (!rt_shim.identity)
        return RT_REAL(wait4) ? rt_real.wait4(pid, status, options, usage)
                             : (pid_t)rt_return(rt_syscall(SYS_wait4, pid, status, options, usage));
    struct rusage own_usage;
    int own_status;
    int *s = status ? status : &own_status;
    struct rusage *u = usage ? usage : &own_usage;
    pid_t r = RT_REAL(wait4) ? rt_real.wait4(pid, s, options, u) : (pid_t)rt_return(rt_syscall(SYS_wait4, pid, s, options, u));
    if (r > 0 && (WIFEXITED(*s) || WIFSIGNALED(*s)))
        tell_waited(r, *s, u);
    return r;
}
RT_API pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}
RT_API pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}
RT_API pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

RT_API int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int r = RT_REAL(waitid) ? rt_real.waitid((int)type, id, info, options)
                           : (int)rt_return(rt_syscall(SYS_waitid, type, id, info, options, 0));
    if (r != 0 || !info || options & WNOWAIT || !info->si_pid || !rt_shim.identity)
        return r;
    if (info->si_code == CLD_EXITED)
        tell_waited(info->si_pid, (info->si_status & 0xff) << 8, NULL);
    else if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
        tell_waited(info->si_pid, (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0), NULL);
    return r;
}

/* ---------------------------------------------------------------- sandboxes */
int rt_hook_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d) __asm__("prctl");

RT_API int rt_hook_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    if (rt_unlikely(what == PR_SET_SECCOMP || (what == PR_SET_TSC && a == PR_TSC_SIGSEGV)))
        rt_forbid_syscalls(); /* before: after it, finding out would be too late. Should it fail, times are coarse, no more */
    if (RT_REAL(prctl))
        return rt_real.prctl(what, a, b, c, d);
    return (int)rt_return(rt_syscall(SYS_prctl, what, a, b, c, d));
}
