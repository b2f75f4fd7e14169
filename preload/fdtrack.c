/* Descriptors that move: dup, close, open and what re-arranges 0 to 2 inside libc. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <utmp.h>

#include "fdclass.h"
#include "files.h"
#include "real.h"
#include "shim.h"
#include "slot.h"

#define ALIAS(of) RT_API __attribute__((alias(#of)))
#define CALL(name, ...) (RT_REAL(name) ? rt_real.name(__VA_ARGS__) : (int)rt_return(rt_syscall(SYS_##name, __VA_ARGS__)))

/* The weak import is glibc's and musl's alike; a FILE looks different in each. */
#pragma weak fileno

static inline int copied(int from, int to)
{
    if (to >= 0)
        rt_fd_copied(from, to);
    return to;
}

RT_API int dup(int fd)
{
    return copied(fd, CALL(dup, fd));
}
RT_API int dup3(int from, int to, int flags)
{
    return copied(from, CALL(dup3, from, to, flags));
}
RT_API int dup2(int from, int to)
{
    if (rt_unlikely(!RT_REAL(dup2)))
        return from == to ? from : dup3(from, to, 0);
    return copied(from, rt_real.dup2(from, to));
}
ALIAS(dup2) __attribute__((leaf, nothrow)) int __dup2(int from, int to);

RT_API int fcntl(int fd, int what, ...)
{
    va_list ap;
    va_start(ap, what);
    long arg = va_arg(ap, long);
    va_end(ap);
    int r = CALL(fcntl, fd, what, arg);
    if (rt_unlikely(what == F_DUPFD || what == F_DUPFD_CLOEXEC))
        copied(fd, r);
    return r;
}
ALIAS(fcntl) int fcntl64(int fd, int what, ...);

/* Cleared before the call: another thread may get the number at once. */
RT_API int close(int fd)
{
    rt_fd_closed(fd);
    return CALL(close, fd);
}
ALIAS(close) int __close(int fd);

RT_API int close_range(unsigned first, unsigned last, int flags)
{
    if (!(flags & CLOSE_RANGE_CLOEXEC))
        rt_fd_closed_range(first, last);
    return CALL(close_range, first, last, flags);
}
RT_API void closefrom(int first)
{
    rt_fd_closed_range(first < 0 ? 0 : (unsigned)first, ~0u);
    if (RT_REAL(closefrom))
        rt_real.closefrom(first);
    else
        rt_syscall(SYS_close_range, first < 0 ? 0 : first, ~0u, 0, 0, 0, 0);
}

/* ---------------------------------------------------------------- open: a number may come back as something else */
static bool creates(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}
static unsigned mode_of(int flags, va_list ap)
{
    return creates(flags) ? va_arg(ap, unsigned) : 0;
}
static inline int opened(int fd, int dir, const char *path, bool writes)
{
    if (rt_unlikely(fd >= 0 && (rt_fd_class(fd) || path[1] == 'd' || path[1] == 'p')))
        rt_fd_opened(fd, path);
    if (rt_unlikely(rt_files_asked) && fd >= 0 && writes)
        rt_file_opened(fd, dir, path);
    return fd;
}
static bool writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

RT_API int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = mode_of(flags, ap);
    va_end(ap);
    int fd = RT_REAL(open) ? rt_real.open(path, flags, mode)
                                     : (int)rt_return(rt_syscall(SYS_openat, AT_FDCWD, path, flags, mode, 0, 0));
    return opened(fd, AT_FDCWD, path, writes(flags));
}
ALIAS(open) int open64(const char *path, int flags, ...);

RT_API int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = mode_of(flags, ap);
    va_end(ap);
    return opened(CALL(openat, dir, path, flags, mode), dir, path, writes(flags));
}
ALIAS(openat) int openat64(int dir, const char *path, int flags, ...);

/* What _FORTIFY_SOURCE makes of an open() whose flags it does not know. libc ends a program that wants to create a file so. */
int __open_2(const char *path, int flags);
RT_API int __open_2(const char *path, int flags)
{
    return creates(flags) && RT_REAL(__open_2) ? rt_real.__open_2(path, flags) : open(path, flags);
}
ALIAS(__open_2) int __open64_2(const char *path, int flags);

int __openat_2(int dir, const char *path, int flags);
RT_API int __openat_2(int dir, const char *path, int flags)
{
    return creates(flags) && RT_REAL(__openat_2) ? rt_real.__openat_2(dir, path, flags) : openat(dir, path, flags);
}
ALIAS(__openat_2) int __openat64_2(int dir, const char *path, int flags);

RT_API int creat(const char *path, mode_t mode)
{
    return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
ALIAS(creat) int creat64(const char *path, mode_t mode);

/* ---------------------------------------------------------------- stdio and terminals: libc moves them inside */
static bool mode_writes(const char *mode)
{
    for (; *mode; mode++)
        if (*mode == 'w' || *mode == 'a' || *mode == '+')
            return true;
    return false;
}

static void file_opened(FILE *f, const char *path, const char *mode)
{
    if (f && path && fileno && (path[0] == '/' && (path[1] == 'd' || path[1] == 'p')))
        rt_fd_opened(fileno(f), path);
    if (rt_unlikely(rt_files_asked) && f && fileno && mode_writes(mode))
        rt_file_opened(fileno(f), AT_FDCWD, path);
}

RT_API FILE *fopen(const char *path, const char *mode)
{
    if (!RT_REAL(fopen))
        return NULL;
    FILE *f = rt_real.fopen(path, mode);
    file_opened(f, path, mode);
    return f;
}
ALIAS(fopen) FILE *fopen64(const char *path, const char *mode);

RT_API FILE *freopen(const char *path, const char *mode, FILE *was)
{
    if (!RT_REAL(freopen))
        return NULL;
    FILE *f = rt_real.freopen(path, mode, was);
    if (f && fileno && path && rt_shim.identity) {
        rt_fd_look(fileno(f));
        if (rt_unlikely(rt_files_asked) && mode_writes(mode))
            rt_file_opened(fileno(f), AT_FDCWD, path);
    }
    return f;
}
ALIAS(freopen) FILE *freopen64(const char *path, const char *mode, FILE *was);

RT_API int fclose(FILE *f)
{
    int fd = f && fileno && rt_shim.identity ? fileno(f) : -1;
    if (!RT_REAL(fclose))
        return EOF;
    int r = rt_stdio_flush(f, RT_SITE, rt_real.fclose); /* flushes: the class must still be there */
    if (fd >= 0)
        rt_fd_closed(fd);
    return r;
}

static void look_at_standard(void)
{
    for (int fd = 1; fd < 3; fd++)
        rt_fd_look(fd);
}

RT_API int daemon(int nochdir, int noclose)
{
    int r = RT_REAL(daemon) ? rt_real.daemon(nochdir, noclose) : -1;
    if (r == 0) {
        rt_identity_child();
        if (!noclose)
            look_at_standard();
    }
    return r;
}

RT_API int login_tty(int fd)
{
    int r = RT_REAL(login_tty) ? rt_real.login_tty(fd) : -1;
    if (r == 0)
        look_at_standard();
    return r;
}
