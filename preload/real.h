/* The functions behind the hooks, found once by the constructor. NULL = not found, or the constructor did not run yet.
 *
 * X(name, since, return type, parameters): since 0 = in every libc, otherwise the first glibc that has it (and no musl); a lookup that
 * fails would allocate, through whatever malloc the program has. Variadic functions are called by the fixed form that covers their use. */
#ifndef RT_PRELOAD_REAL_H
#define RT_PRELOAD_REAL_H

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define RT_GLIBC 200 /* any */

#define RT_REALS(X) \
    X(write, 0, ssize_t, (int, const void *, size_t)) \
    X(writev, 0, ssize_t, (int, const struct iovec *, int)) \
    X(pwrite, 0, ssize_t, (int, const void *, size_t, off_t)) \
    X(pwritev, 0, ssize_t, (int, const struct iovec *, int, off_t)) \
    X(pwritev2, 226, ssize_t, (int, const struct iovec *, int, off_t, int)) \
    X(send, 0, ssize_t, (int, const void *, size_t, int)) \
    X(sendto, 0, ssize_t, (int, const void *, size_t, int, const struct sockaddr *, socklen_t)) \
    X(sendmsg, 0, ssize_t, (int, const struct msghdr *, int)) \
    X(sendmmsg, 0, int, (int, struct mmsghdr *, unsigned, int)) \
    X(socket, 0, int, (int, int, int)) \
    X(connect, 0, int, (int, const struct sockaddr *, socklen_t)) \
    X(sendfile, 0, ssize_t, (int, int, off_t *, size_t)) \
    X(splice, 0, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned)) \
    X(tee, 0, ssize_t, (int, int, size_t, unsigned)) \
    X(vmsplice, 0, ssize_t, (int, const struct iovec *, size_t, unsigned)) \
    X(copy_file_range, 227, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned)) \
    X(syscall, 0, long, (long, long, long, long, long, long, long)) \
    X(prctl, 0, int, (int, unsigned long, unsigned long, unsigned long, unsigned long)) \
    X(dup, 0, int, (int)) \
    X(dup2, 0, int, (int, int)) \
    X(dup3, 0, int, (int, int, int)) \
    X(fcntl, 0, int, (int, int, long)) \
    X(close, 0, int, (int)) \
    X(close_range, 234, int, (unsigned, unsigned, int)) \
    X(closefrom, 234, void, (int)) \
    X(open, 0, int, (const char *, int, unsigned)) \
    X(openat, 0, int, (int, const char *, int, unsigned)) \
    X(fopen, 0, FILE *, (const char *, const char *)) \
    X(freopen, 0, FILE *, (const char *, const char *, FILE *)) \
    X(fclose, 0, int, (FILE *)) \
    X(daemon, 0, int, (int, int)) \
    X(login_tty, 0, int, (int)) \
    X(fork, 0, pid_t, (void)) \
    X(_Fork, 234, pid_t, (void)) \
    X(execve, 0, int, (const char *, char *const *, char *const *)) \
    X(execvpe, 0, int, (const char *, char *const *, char *const *)) \
    X(fexecve, 0, int, (int, char *const *, char *const *)) \
    X(execveat, 234, int, (int, const char *, char *const *, char *const *, int)) \
    X(posix_spawn, 0, int, (pid_t *, const char *, const void *, const void *, char *const *, char *const *)) \
    X(posix_spawnp, 0, int, (pid_t *, const char *, const void *, const void *, char *const *, char *const *)) \
    X(exit, 0, void, (int)) \
    X(_exit, 0, void, (int)) \
    X(quick_exit, 0, void, (int)) \
    X(wait4, 0, pid_t, (pid_t, int *, int, struct rusage *)) \
    X(waitid, 0, int, (int, unsigned, siginfo_t *, int)) \
    X(vsyslog, 0, void, (int, const char *, va_list)) \
    X(__vsyslog_chk, RT_GLIBC, void, (int, int, const char *, va_list)) \
    X(openlog, 0, void, (const char *, int, int)) \
    X(closelog, 0, void, (void)) \
    X(setlogmask, 0, int, (int)) \
    X(vwarn, 0, void, (const char *, va_list)) \
    X(vwarnx, 0, void, (const char *, va_list)) \
    X(perror, 0, void, (const char *)) \
    X(__assert_fail, 0, void, (const char *, const char *, unsigned, const char *)) \
    X(__assert_perror_fail, RT_GLIBC, void, (int, const char *, unsigned, const char *)) \
    X(abort, 0, void, (void)) \
    X(__libc_start_main, 0, int, (int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *)) \
    X(__stack_chk_fail, 0, void, (void)) \
    X(puts, 0, int, (const char *)) \
    X(fputs, 0, int, (const char *, FILE *)) \
    X(fwrite, 0, size_t, (const void *, size_t, size_t, FILE *)) \
    X(printf, 0, int, (const char *, ...)) \
    X(vprintf, 0, int, (const char *, va_list)) \
    X(fprintf, 0, int, (FILE *, const char *, ...)) \
    X(vfprintf, 0, int, (FILE *, const char *, va_list)) \
    X(__printf_chk, RT_GLIBC, int, (int, const char *, ...)) \
    X(__vprintf_chk, RT_GLIBC, int, (int, const char *, va_list)) \
    X(__fprintf_chk, RT_GLIBC, int, (FILE *, int, const char *, ...)) \
    X(__vfprintf_chk, RT_GLIBC, int, (FILE *, int, const char *, va_list))

struct rt_real {
#define X(name, since, type, parameters) type(*name) parameters;
    RT_REALS(X)
#undef X
};
extern struct rt_real rt_real;

/* Fills rt_real. Return: false when there is no dlsym: then there is no libc either, and no hook will ever be called. */
int rt_real_start(void);

/* For functions that no system call stands for: found on the spot when called before the constructor. */
#define RT_REAL(name) (__builtin_expect(rt_real.name != NULL, 1) || (rt_real_start() && rt_real.name))

#endif
