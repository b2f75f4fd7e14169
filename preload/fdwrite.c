/* The write family. Bytes are recorded before the call, so that a call that blocks or kills still leaves them; a call that does less
 * than asked leaves a RESULT behind. What a bad address would do must happen in the call, not in our copy: suspicious ones are
 * recorded after it. */
#include <errno.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <fcntl.h>

#include "fdclass.h"
#include "files.h"
#include "real.h"
#include "shim.h"
#include "socket.h"

#define HIGH_ADDRESSES (1ull << 47) /* the kernel gives nothing beyond unless asked */
#define CALL_MAX       0x7ffff000u  /* bytes that one call can write */
#define IOV_MOST       1024
#define DATAGRAM_MOST  65536u       /* a longer one may well be refused, and come once more in another form */

_Static_assert(sizeof(struct iovec) == sizeof(struct rt_part) && offsetof(struct iovec, iov_len) == offsetof(struct rt_part, len),
               "an iovec is a part");

/* The real function, or before the constructor the bare system call. */
#define CALL(name, ...) (RT_REAL(name) ? rt_real.name(__VA_ARGS__) : (ssize_t)rt_return(rt_syscall(SYS_##name, __VA_ARGS__)))

static bool is_plain(const void *p, size_t n)
{
    return !rt_is_low(p) && n <= CALL_MAX && (uintptr_t)p + n < HIGH_ADDRESSES;
}

static inline bool is_usual(enum rt_fd_class c, const void *p, size_t n)
{
    bool usual = c == RT_FD_ERR || (c == RT_FD_OUT ? !rt_fd_stdout.left : !rt_fd_is_counted(c) && (n <= DATAGRAM_MOST || c == RT_FD_FILE));
    return usual && n && is_plain(p, n);
}

struct call { /* one tapped call between before() and after() */
    const struct rt_part *parts;
    size_t total;
    uint32_t n_parts;
    enum rt_fd_class class;
    bool late; /* record after the call */
    struct rt_call from;
    struct rt_sent sent;
};

static void before(struct call *c, const void *parts, size_t n_parts)
{
    c->parts = parts;
    c->n_parts = (uint32_t)n_parts;
    c->total = 0;
    c->sent.recorded = false;
    c->late = n_parts > IOV_MOST || !is_plain(parts, n_parts * sizeof(struct rt_part));
    for (size_t i = 0; !c->late && i < n_parts; i++) {
        c->total += c->parts[i].len;
        c->late = c->parts[i].len && !is_plain(c->parts[i].data, c->parts[i].len);
    }
    c->late |= c->total > (rt_fd_is_socket(c->class) ? DATAGRAM_MOST : CALL_MAX);
    if (rt_unlikely(c->late || !c->total))
        return;
    if (rt_unlikely(c->class == RT_FD_OUT && rt_fd_stdout.left && c->parts[0].len))
        c->class = rt_fd_judge_slow(c->parts[0].data, c->parts[0].len);
    if (rt_likely(!rt_fd_is_counted(c->class)))
        rt_record_data(rt_fd_stream(c->class), rt_fd_flags(c->class), &c->from, c->parts, c->n_parts, &c->sent);
}

/* What a call wrote is readable for certain; what it did not write may not be. */
static RT_COLD void record_late(struct call *c, size_t got)
{
    const uint32_t flags = RT_FLAG_AFTER | rt_fd_flags(c->class);
    struct rt_sent sent;
    uint32_t whole = 0;
    while (whole < c->n_parts && c->parts[whole].len <= got)
        got -= c->parts[whole++].len;
    if (whole)
        rt_record_data(rt_fd_stream(c->class), flags, &c->from, c->parts, whole, &sent); /* a datagram is one record */
    if (whole < c->n_parts && got) {
        struct rt_part part = {c->parts[whole].data, got};
        rt_record_data(rt_fd_stream(c->class), flags, &c->from, &part, 1, &sent);
    }
}

static RT_COLD ssize_t after_slow(struct call *c, ssize_t got)
{
    if (rt_fd_is_counted(c->class)) {
        if (got > 0)
            rt_record_count((uint64_t)got);
    } else if (c->late) {
        if (got > 0)
            record_late(c, (size_t)got);
    } else if (got != (ssize_t)c->total) {
        rt_record_result(&c->sent, got);
    }
    return got;
}

static inline ssize_t after(struct call *c, ssize_t got)
{
    return rt_likely(got == (ssize_t)c->total && !rt_fd_is_counted(c->class) && !c->late) ? got : after_slow(c, got);
}

/* The usual case first: text that is all there, written whole. */
#define TAPPED_BUFFER(name, of, fd, data, n, ...) do { \
        enum rt_fd_class class_ = of; \
        if (rt_likely(!rt_fd_is_tapped(class_))) \
            return CALL(name, __VA_ARGS__); \
        struct rt_part part_ = {data, n}; \
        if (rt_likely(is_usual(class_, data, n))) { \
            struct rt_call from_ = {.site = RT_SITE, .origin = rt_origin(class_, fd)}; \
            struct rt_sent sent_; \
            rt_record_data(rt_fd_stream(class_), rt_fd_flags(class_), &from_, &part_, 1, &sent_); \
            ssize_t r_ = CALL(name, __VA_ARGS__); \
            if (rt_unlikely(r_ != (ssize_t)(n))) \
                rt_record_result(&sent_, r_); \
            return r_; \
        } \
        struct call c_ = {.class = class_, .from = {.site = RT_SITE, .origin = rt_origin(class_, fd)}}; \
        before(&c_, &part_, 1); \
        return after(&c_, CALL(name, __VA_ARGS__)); \
    } while (0)

#define TAPPED_VECTOR(name, fd, iov, n, ...) do { \
        enum rt_fd_class class_ = rt_fd_class(fd); \
        if (rt_likely(!rt_fd_is_tapped(class_))) \
            return CALL(name, __VA_ARGS__); \
        struct call c_ = {.class = class_, .from = {.site = RT_SITE, .origin = rt_origin(class_, fd)}}; \
        before(&c_, iov, (size_t)(n)); \
        return after(&c_, CALL(name, __VA_ARGS__)); \
    } while (0)

#define SYS_pwrite SYS_pwrite64
#define SYS_send SYS_sendto /* the two missing arguments are zero */

/* glibc exports some under several names; on 64-bit machines off_t has one size. */
#define ALIAS(of) RT_API __attribute__((alias(#of)))

RT_API ssize_t write(int fd, const void *data, size_t n)
{
    TAPPED_BUFFER(write, rt_fd_class(fd), fd, data, n, fd, data, n);
}
ALIAS(write) ssize_t __write(int fd, const void *data, size_t n);

RT_API ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    TAPPED_BUFFER(pwrite, rt_fd_class(fd), fd, data, n, fd, data, n, at);
}
ALIAS(pwrite) ssize_t pwrite64(int fd, const void *data, size_t n, off_t at);
ALIAS(pwrite) ssize_t __pwrite64(int fd, const void *data, size_t n, off_t at);

RT_API ssize_t writev(int fd, const struct iovec *iov, int n)
{
    TAPPED_VECTOR(writev, fd, iov, n, fd, iov, n);
}
RT_API ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
    TAPPED_VECTOR(pwritev, fd, iov, n, fd, iov, n, at);
}
ALIAS(pwritev) ssize_t pwritev64(int fd, const struct iovec *iov, int n, off_t at);

RT_API ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t at, int flags)
{
    if (rt_unlikely(!RT_REAL(pwritev2))) { /* the bare call takes the offset in two words, the high one ignored here */
        return rt_return(rt_syscall(SYS_pwritev2, fd, iov, n, at, 0, flags));
    }
    TAPPED_VECTOR(pwritev2, fd, iov, n, fd, iov, n, at, flags);
}
ALIAS(pwritev2) ssize_t pwritev64v2(int fd, const struct iovec *iov, int n, off_t at, int flags);

RT_API ssize_t send(int fd, const void *data, size_t n, int flags)
{
    TAPPED_BUFFER(send, rt_fd_class(fd), fd, data, n, fd, data, n, flags);
}
ALIAS(send) ssize_t __send(int fd, const void *data, size_t n, int flags);

RT_API ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *to, socklen_t to_len)
{
    TAPPED_BUFFER(sendto, rt_socket_class(fd, to, to_len), fd, data, n, fd, data, n, flags, to, to_len);
}

RT_API ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    if (rt_unlikely(!is_plain(m, sizeof *m)))
        return CALL(sendmsg, fd, m, flags);
    enum rt_fd_class class = rt_socket_class(fd, m->msg_name, m->msg_namelen);
    if (rt_likely(!rt_fd_is_tapped(class)))
        return CALL(sendmsg, fd, m, flags);
    struct call c = {.class = class, .from = {.site = RT_SITE, .origin = rt_origin(class, fd)}};
    before(&c, m->msg_iov, m->msg_iovlen);
    ssize_t r = after(&c, CALL(sendmsg, fd, m, flags));
    if (rt_unlikely(r == 0 && class == RT_FD_JOURNAL))
        rt_socket_passed(m);
    return r;
}

/* Several messages, each a record of its own. Afterwards: how many of them went is known then, and one that did not will be sent again. */
RT_API int sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
    int r = RT_REAL(sendmmsg) ? rt_real.sendmmsg(fd, m, n, flags) : (int)rt_return(rt_syscall(SYS_sendmmsg, fd, m, n, flags));
    for (int i = 0; i < r; i++) {
        const struct msghdr *h = &m[i].msg_hdr;
        struct call c = {.class = rt_socket_class(fd, h->msg_name, h->msg_namelen), .late = true, .from.site = RT_SITE,
                         .parts = (const struct rt_part *)h->msg_iov, .n_parts = (uint32_t)h->msg_iovlen};
        if (rt_fd_is_tapped(c.class))
            after_slow(&c, (ssize_t)m[i].msg_len);
    }
    return r;
}

/* ---------------------------------------------------------------- bytes that pass by inside the kernel: counted */
static inline ssize_t passed(int fd, ssize_t got)
{
    if (rt_unlikely(got > 0 && rt_fd_is_tapped(rt_fd_class(fd))))
        rt_record_count((uint64_t)got);
    return got;
}

RT_API ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
    return passed(to, CALL(sendfile, to, from, at, n));
}
ALIAS(sendfile) ssize_t sendfile64(int to, int from, off_t *at, size_t n);

RT_API ssize_t splice(int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags)
{
    return passed(to, CALL(splice, from, from_at, to, to_at, n, flags));
}
RT_API ssize_t tee(int from, int to, size_t n, unsigned flags)
{
    return passed(to, CALL(tee, from, to, n, flags));
}
RT_API ssize_t vmsplice(int to, const struct iovec *iov, size_t n, unsigned flags)
{
    return passed(to, CALL(vmsplice, to, iov, n, flags));
}
RT_API ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t n, unsigned flags)
{
    return passed(to, CALL(copy_file_range, from, from_at, to, to_at, n, flags));
}

/* ---------------------------------------------------------------- syscall(2) by number */
/* Calls that are not ours (clone and vfork among them, which return twice) must leave by a jump, with no frame of ours on the stack. */
static long syscall_write(uint64_t site, long nr, long a, long b, long c, long d)
{
    struct rt_part part = {(const void *)b, (size_t)c};
    enum rt_fd_class class = rt_fd_class((int)a);
    struct call call = {.class = class, .from = {.site = site, .origin = rt_origin(class, (int)a)}};
    bool vector = nr == SYS_writev;
    before(&call, vector ? (const void *)b : &part, vector ? (size_t)c : 1);
    return after(&call, rt_real.syscall(nr, a, b, c, d, 0, 0));
}
/* The few that are ours; none has more than four arguments. */
static inline __attribute__((always_inline)) long watched(uint64_t site, long nr, long a, long b, long c, long d)
{
    if (rt_unlikely(!RT_REAL(syscall)))
        return rt_return(rt_syscall6(nr, a, b, c, d, 0, 0));
    if ((nr == SYS_write || nr == SYS_writev || nr == SYS_pwrite64) && rt_fd_is_tapped(rt_fd_class((int)a)))
        return syscall_write(site, nr, a, b, c, d);
    if (nr == SYS_seccomp && (a == 0 || (a == 1 && c))) /* SECCOMP_SET_MODE_STRICT, _FILTER; without a filter it is only a question */
        rt_forbid_syscalls(); /* before, as for prctl() */
    else if (nr == SYS_close)
        rt_fd_closed((int)a);
    else if (nr == SYS_close_range && !(c & CLOSE_RANGE_CLOEXEC))
        rt_fd_closed_range((unsigned)a, (unsigned)b);
    return rt_real.syscall(nr, a, b, c, d, 0, 0);
}

#if defined(__x86_64__)
/* No seventh argument: its place on the stack is the caller's own when it passed fewer, and not to be written to. */
__attribute__((used)) long rt_syscall_watched(long nr, long a, long b, long c, long d);
__attribute__((used)) long rt_syscall_watched(long nr, long a, long b, long c, long d)
{
    return watched(RT_SITE, nr, a, b, c, d);
}
__attribute__((used)) long rt_syscall_result(long r);
__attribute__((used)) long rt_syscall_result(long r)
{
    return rt_return(r);
}
RT_API __attribute__((naked)) long syscall(long nr, ...)
{
    __asm__("cmp %0, %%rdi\n je rt_syscall_watched\n cmp %1, %%rdi\n je rt_syscall_watched\n"
            "cmp %2, %%rdi\n je rt_syscall_watched\n cmp %3, %%rdi\n je rt_syscall_watched\n"
            "cmp %4, %%rdi\n je rt_syscall_watched\n cmp %5, %%rdi\n je rt_syscall_watched\n"
            "mov rt_real+%c6(%%rip), %%r11\n test %%r11, %%r11\n je 1f\n jmp *%%r11\n"
            "1: mov %%rdi, %%rax\n mov %%rsi, %%rdi\n mov %%rdx, %%rsi\n mov %%rcx, %%rdx\n mov %%r8, %%r10\n mov %%r9, %%r8\n"
            "mov 8(%%rsp), %%r9\n syscall\n mov %%rax, %%rdi\n jmp rt_syscall_result"
            : : "i"(SYS_write), "i"(SYS_writev), "i"(SYS_pwrite64), "i"(SYS_seccomp), "i"(SYS_close), "i"(SYS_close_range),
              "i"(offsetof(struct rt_real, syscall)));
}
#else /* seven arguments fit registers: the compiler's own tail call leaves no frame */
__attribute__((used)) long rt_syscall_any(long nr, long a, long b, long c, long d, long e, long f);
__attribute__((used)) long rt_syscall_any(long nr, long a, long b, long c, long d, long e, long f)
{
    if (nr == SYS_write || nr == SYS_writev || nr == SYS_pwrite64 || nr == SYS_seccomp || nr == SYS_close || nr == SYS_close_range)
        return watched(RT_SITE, nr, a, b, c, d);
    return RT_REAL(syscall) ? rt_real.syscall(nr, a, b, c, d, e, f) : rt_return(rt_syscall6(nr, a, b, c, d, e, f));
}
RT_API long syscall(long nr, ...) __attribute__((alias("rt_syscall_any")));
#endif
