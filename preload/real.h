/* The functions behind the hooks. NULL = not found, or not yet looked for.
 *
 * X(name, since, when, return type, parameters): since 0 = in every libc, or looked for only when a hook of that name was called: who calls it
 * has it, from whichever library; otherwise the first glibc that has it (and no musl). A lookup that fails would allocate, through whatever
 * malloc the program has. A function is found when it is first called (lookup.h). when: NOW = by the constructor, since assembly jumps there;
 * START = likewise, but only where there is dlsym alone to ask, which may not be called in a signal handler or a vfork child; LATE = never
 * before it is called. Variadic functions are called by the fixed form that covers their use. */
#ifndef RT_PRELOAD_REAL_H
#define RT_PRELOAD_REAL_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <wchar.h>

struct argp;
struct argp_state;
struct option;

#define RT_REALS(X) \
    X(write, 0, START, ssize_t, (int, const void *, size_t)) \
    X(writev, 0, START, ssize_t, (int, const struct iovec *, int)) \
    X(pwrite, 0, START, ssize_t, (int, const void *, size_t, off_t)) \
    X(pwritev, 0, START, ssize_t, (int, const struct iovec *, int, off_t)) \
    X(pwritev2, 226, START, ssize_t, (int, const struct iovec *, int, off_t, int)) \
    X(send, 0, START, ssize_t, (int, const void *, size_t, int)) \
    X(sendto, 0, START, ssize_t, (int, const void *, size_t, int, const struct sockaddr *, socklen_t)) \
    X(sendmsg, 0, START, ssize_t, (int, const struct msghdr *, int)) \
    X(__libc_start_main, 0, START, int, (int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *)) \
    X(sendmmsg, 0, START, int, (int, struct mmsghdr *, unsigned, int)) \
    X(socket, 0, START, int, (int, int, int)) \
    X(connect, 0, START, int, (int, const struct sockaddr *, socklen_t)) \
    X(sendfile, 0, START, ssize_t, (int, int, off_t *, size_t)) \
    X(splice, 0, START, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned)) \
    X(tee, 0, START, ssize_t, (int, int, size_t, unsigned)) \
    X(vmsplice, 0, START, ssize_t, (int, const struct iovec *, size_t, unsigned)) \
    X(copy_file_range, 227, START, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned)) \
    X(syscall, 0, NOW, long, (long, long, long, long, long, long, long)) \
    X(prctl, 0, START, int, (int, unsigned long, unsigned long, unsigned long, unsigned long)) \
    X(dup, 0, START, int, (int)) \
    X(dup2, 0, START, int, (int, int)) \
    X(dup3, 0, START, int, (int, int, int)) \
    X(fcntl, 0, START, int, (int, int, long)) \
    X(close, 0, START, int, (int)) \
    X(close_range, 234, START, int, (unsigned, unsigned, int)) \
    X(closefrom, 234, START, void, (int)) \
    X(open, 0, START, int, (const char *, int, unsigned)) \
    X(openat, 0, START, int, (int, const char *, int, unsigned)) \
    X(__open_2, 0, LATE, int, (const char *, int)) \
    X(__openat_2, 0, LATE, int, (int, const char *, int)) \
    X(fopen, 0, LATE, FILE *, (const char *, const char *)) \
    X(freopen, 0, LATE, FILE *, (const char *, const char *, FILE *)) \
    X(fclose, 0, LATE, int, (FILE *)) \
    X(daemon, 0, LATE, int, (int, int)) \
    X(login_tty, 0, LATE, int, (int)) \
    X(fork, 0, START, pid_t, (void)) \
    X(_Fork, 234, START, pid_t, (void)) \
    X(clone, 0, START, int, (int (*)(void *), void *, int, void *, ...)) \
    X(setuid, 0, START, int, (uid_t)) \
    X(setgid, 0, START, int, (gid_t)) \
    X(seteuid, 0, START, int, (uid_t)) \
    X(setegid, 0, START, int, (gid_t)) \
    X(setreuid, 0, START, int, (uid_t, uid_t)) \
    X(setregid, 0, START, int, (gid_t, gid_t)) \
    X(setresuid, 0, START, int, (uid_t, uid_t, uid_t)) \
    X(setresgid, 0, START, int, (gid_t, gid_t, gid_t)) \
    X(chroot, 0, START, int, (const char *)) \
    X(unshare, 0, START, int, (int)) \
    X(setns, 0, START, int, (int, int)) \
    X(execve, 0, START, int, (const char *, char *const *, char *const *)) \
    X(execvpe, 0, START, int, (const char *, char *const *, char *const *)) \
    X(fexecve, 0, START, int, (int, char *const *, char *const *)) \
    X(execveat, 234, START, int, (int, const char *, char *const *, char *const *, int)) \
    X(posix_spawn, 0, START, int, (pid_t *, const char *, const void *, const void *, char *const *, char *const *)) \
    X(posix_spawnp, 0, START, int, (pid_t *, const char *, const void *, const void *, char *const *, char *const *)) \
    X(dl_iterate_phdr, 0, START, int, (int (*)(struct dl_phdr_info *, size_t, void *), void *)) \
    X(dlopen, 0, LATE, void *, (const char *, int)) \
    X(dlmopen, 0, LATE, void *, (long, const char *, int)) \
    X(exit, 0, START, void, (int)) \
    X(_exit, 0, START, void, (int)) \
    X(quick_exit, 0, START, void, (int)) \
    X(wait4, 0, START, pid_t, (pid_t, int *, int, struct rusage *)) \
    X(waitid, 0, START, int, (int, unsigned, siginfo_t *, int)) \
    X(vsyslog, 0, LATE, void, (int, const char *, va_list)) \
    X(__vsyslog_chk, 0, LATE, void, (int, int, const char *, va_list)) \
    X(openlog, 0, LATE, void, (const char *, int, int)) \
    X(closelog, 0, LATE, void, (void)) \
    X(setlogmask, 0, LATE, int, (int)) \
    X(vwarn, 0, LATE, void, (const char *, va_list)) \
    X(vwarnx, 0, LATE, void, (const char *, va_list)) \
    X(perror, 0, LATE, void, (const char *)) \
    X(__assert_fail, 0, LATE, void, (const char *, const char *, unsigned, const char *)) \
    X(__assert_perror_fail, 0, LATE, void, (int, const char *, unsigned, const char *)) \
    X(abort, 0, LATE, void, (void)) \
    X(__stack_chk_fail, 0, LATE, void, (void)) \
    X(puts, 0, LATE, int, (const char *)) \
    X(fputs, 0, LATE, int, (const char *, FILE *)) \
    X(fwrite, 0, LATE, size_t, (const void *, size_t, size_t, FILE *)) \
    X(printf, 0, LATE, int, (const char *, ...)) \
    X(vprintf, 0, LATE, int, (const char *, va_list)) \
    X(fprintf, 0, LATE, int, (FILE *, const char *, ...)) \
    X(vfprintf, 0, LATE, int, (FILE *, const char *, va_list)) \
    X(__printf_chk, 0, LATE, int, (int, const char *, ...)) \
    X(__vprintf_chk, 0, LATE, int, (int, const char *, va_list)) \
    X(__fprintf_chk, 0, LATE, int, (FILE *, int, const char *, ...)) \
    X(__vfprintf_chk, 0, LATE, int, (FILE *, int, const char *, va_list)) \
    X(vdprintf, 0, LATE, int, (int, const char *, va_list)) \
    X(__vdprintf_chk, 0, LATE, int, (int, int, const char *, va_list)) \
    X(fputs_unlocked, 0, LATE, int, (const char *, FILE *)) \
    X(fflush, 0, LATE, int, (FILE *)) \
    X(__fpurge, 0, LATE, void, (FILE *)) \
    X(fflush_unlocked, 0, LATE, int, (FILE *)) \
    X(fwrite_unlocked, 0, LATE, size_t, (const void *, size_t, size_t, FILE *)) \
    X(fputc, 0, LATE, int, (int, FILE *)) \
    X(fputc_unlocked, 0, LATE, int, (int, FILE *)) \
    X(putc, 0, LATE, int, (int, FILE *)) \
    X(putc_unlocked, 0, LATE, int, (int, FILE *)) \
    X(_IO_putc, 0, LATE, int, (int, FILE *)) \
    X(putchar, 0, LATE, int, (int)) \
    X(putchar_unlocked, 0, LATE, int, (int)) \
    X(putw, 0, LATE, int, (int, FILE *)) \
    X(__overflow, 0, LATE, int, (FILE *, int)) \
    X(__woverflow, 0, LATE, wint_t, (FILE *, wint_t)) \
    X(vwprintf, 0, LATE, int, (const wchar_t *, va_list)) \
    X(vfwprintf, 0, LATE, int, (FILE *, const wchar_t *, va_list)) \
    X(__vwprintf_chk, 0, LATE, int, (int, const wchar_t *, va_list)) \
    X(__vfwprintf_chk, 0, LATE, int, (FILE *, int, const wchar_t *, va_list)) \
    X(fputws, 0, LATE, int, (const wchar_t *, FILE *)) \
    X(fputws_unlocked, 0, LATE, int, (const wchar_t *, FILE *)) \
    X(fputwc, 0, LATE, wint_t, (wchar_t, FILE *)) \
    X(fputwc_unlocked, 0, LATE, wint_t, (wchar_t, FILE *)) \
    X(putwc, 0, LATE, wint_t, (wchar_t, FILE *)) \
    X(putwc_unlocked, 0, LATE, wint_t, (wchar_t, FILE *)) \
    X(putwchar, 0, LATE, wint_t, (wchar_t)) \
    X(putwchar_unlocked, 0, LATE, wint_t, (wchar_t)) \
    X(sigaction, 0, START, int, (int, const struct sigaction *, struct sigaction *)) \
    X(signal, 0, START, sighandler_t, (int, sighandler_t)) \
    X(bsd_signal, 0, LATE, sighandler_t, (int, sighandler_t)) \
    X(ssignal, 0, LATE, sighandler_t, (int, sighandler_t)) \
    X(sysv_signal, 0, LATE, sighandler_t, (int, sighandler_t)) \
    X(__sysv_signal, 0, LATE, sighandler_t, (int, sighandler_t)) \
    X(sigset, 0, LATE, sighandler_t, (int, sighandler_t)) \
    X(error, 0, LATE, void, (int, int, const char *, ...)) \
    X(error_at_line, 0, LATE, void, (int, int, const char *, unsigned, const char *, ...)) \
    X(getopt, 0, LATE, int, (int, char *const *, const char *)) \
    X(getopt_long, 0, LATE, int, (int, char *const *, const char *, const struct option *, int *)) \
    X(getopt_long_only, 0, LATE, int, (int, char *const *, const char *, const struct option *, int *)) \
    X(argp_parse, 0, LATE, int, (const struct argp *, int, char **, unsigned, int *, void *)) \
    X(argp_state_help, 0, LATE, void, (const struct argp_state *, FILE *, unsigned)) \
    X(argp_usage, 0, LATE, void, (const struct argp_state *)) \
    X(argp_help, 0, LATE, void, (const struct argp *, FILE *, unsigned, char *)) \
    X(argp_error, 0, LATE, void, (const struct argp_state *, const char *, ...)) \
    X(argp_failure, 0, LATE, void, (const struct argp_state *, int, int, const char *, ...)) \
    X(psignal, 0, LATE, void, (int, const char *)) \
    X(psiginfo, 0, LATE, void, (const siginfo_t *, const char *)) \
    X(herror, 0, LATE, void, (const char *)) \
    X(fmtmsg, 0, LATE, int, (long, const char *, int, const char *, const char *, const char *)) \
    X(malloc_stats, 0, LATE, void, (void)) \
    X(malloc_info, 0, LATE, int, (int, FILE *)) \
    X(backtrace_symbols_fd, 0, LATE, void, (void *const *, int, int))

struct dl_phdr_info;
struct rt_real {
#define X(name, since, when, type, parameters) type(*name) parameters;
    RT_REALS(X)
#undef X
};
extern struct rt_real rt_real;

/* Fills rt_real. Return: false when there is no dlsym: then there is no libc either, and no hook will ever be called. */
int rt_real_start(void);
/* "2.36" → 236; 0 = not glibc. */
unsigned rt_libc_version(void);

/* Looks for the function at @index of rt_real. Return: found. */
bool rt_real_find(unsigned index);
/* Is it libc's own, not one that another library has under the same name? */
bool rt_real_is_libcs(unsigned index);

#define RT_REAL_INDEX(name) (offsetof(struct rt_real, name) / sizeof(void *))
/* For functions that no system call stands for: looked for when it is not there yet. */
#define RT_REAL(name) (__builtin_expect(rt_real.name != NULL, 1) || rt_real_find(RT_REAL_INDEX(name)))

#endif
