/* The shim: a guest in a foreign process. It hooks what programs log through, copies bytes into a lane, and calls the real function.
 *
 *   hook → class of the fd, or meaning of the call → rt_capture() → rt_ring_write() → real function → RESULT if it did less
 *
 * Where a hook knows more than the bytes (who called, with which format and arguments), it leaves a struct rt_mark on its stack and calls
 * the real function; the bytes that libc writes below it take that along.
 *
 * Rules for all files here. Nothing of libc is needed to load: every import is weak (imports.allow) and may be NULL (musl, programs without
 * libc). No allocation, no lock, no file descriptor after the constructor, errno untouched. Thread-locals only after rt_has_tls().
 * At most 768 bytes of stack for a hook that sees bytes, with all that it calls (test_hostile.py measures it), 2 KiB for one that formats. A hook works before the constructor and after
 * everything else was torn down: capture off means rt_shim.identity is NULL, and a hook is then a plain call.
 *
 * Who this process is lives in one page that the kernel zeroes in the child of a fork (MADV_WIPEONFORK): generation 0 tells the child
 * to register itself. A vfork child shares the page and speaks with its parent's name, except where rt_capture_exact() is used. */
#ifndef RT_PRELOAD_SHIM_H
#define RT_PRELOAD_SHIM_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/atomic.h"
#include "base/guest.h"
#include "ring/claim.h"

#define RT_API __attribute__((visibility("default")))
#define RT_COLD __attribute__((noinline, cold))
#define rt_likely(x) __builtin_expect(!!(x), 1)
#define rt_unlikely(x) __builtin_expect(!!(x), 0)

#define RT_FILES       256u  /* paths of --files that a process is known by; others are not recorded */
#define RT_TEMPLATES   1024u /* format strings that a process is known by; calls with others have no template */

enum rt_stdout_mode { RT_STDOUT_AUTO, RT_STDOUT_ALWAYS, RT_STDOUT_NEVER };

struct rt_identity { /* in the page that a fork wipes */
    struct rt_writer writer;
    uint32_t generation; /* 0 = this process has not registered */
    uint32_t registering_mt;
    uint32_t near_lanes_mt; /* lanes whose pages this process has already */
    struct rt_writer_thread out; /* RT_TID_STDOUT */
    struct rt_backlog_state {
        struct rt_backlog *area; /* NULL = not asked for yet */
        const char *base;        /* of the FILE's buffer when its text was seen */
        uint32_t seen;           /* bytes of the buffer that are in the area, or already in a lane: */
        uint32_t recorded;
        uint32_t refused;        /* none was free when there were so many */
        uint32_t turn;           /* counts how often the buffer was written or thrown away */
        enum { RT_BACKLOG_FREE, RT_BACKLOG_FILLED, RT_BACKLOG_EMPTIED } busy; /* what is being done with the area, */
        uint32_t skipped;        /* calls that came meanwhile */
        bool taken;              /* … while a signal handler recorded what is in it */
    } backlog;
};

struct rt_shim { /* written by the constructor, then read only but for the fields in _mt */
    struct rt_identity *identity; /* NULL = capture is off */
    uint32_t shared_mt;           /* others may be running on our memory (borrow.c) */
    struct rt_writer writer;      /* where to go on in a forked child; pid: of the last process that registered */
    uint32_t generation_mt;
    uint32_t ticks_mt;            /* 1: records hold the time stamp counter, as the run page allowed at the start */
    uint32_t clock_mt;            /* else: CLOCK_MONOTONIC, or _COARSE where a precise clock could kill */
    int (*vdso_clock)(int, void *);
    const char *argv, *exe;
    uint32_t argv_len, exe_len;
    uint32_t argv_sum; /* of argv as it was at the start: programs write titles over it */
    enum rt_stdout_mode stdout_mode;
    uint32_t calls;               /* enum rt_tell: what records tell of their calls */
    bool slot;                    /* the stdio slot is in place */
    bool dprintf_by_name;         /* this libc's dprintf does not pass it */
    uint32_t loads_mt;            /* calls of dlopen: there may be more modules than at the start */
};
extern struct rt_shim rt_shim;

/* On the stack of a hook, found from the thread: what is written below it belongs to this call. */
struct rt_mark {
    struct rt_mark *outer;
    uint64_t cookie; /* as long as nobody wrote over it, the frame may still be alive */
    struct rt_call *call; /* goes before the bytes, with args_len bytes behind it; NULL = a MESSAGE has them already, they are its mirror */
    bool whole;            /* a mirror's bytes on standard output are its own, too; what hooks below a call print is this call's */
};
#define RT_MARK_COOKIE 0x6b72616d70617465u

struct rt_known { /* the module of the last call, as told; valid while there was no dlopen since */
    uint64_t start, bytes;
    uint32_t loads; /* 0 = none */
};

struct rt_thread {
    struct rt_writer_thread writer;
    uint32_t generation; /* of the process that tid and seq belong to */
    struct rt_mark *mark;
    struct rt_known known;
    uint64_t told_files[RT_FILES / 64]; /* files that it has given a FILE record */
    uint64_t told[RT_TEMPLATES / 64]; /* templates that this thread has given a TEMPLATE record, by their place in the table */
};
extern __thread struct rt_thread rt_thread __attribute__((tls_model("initial-exec")));

/* ---------------------------------------------------------------- identity.c */
const struct rt_writer *rt_capture_slow(void);
/* A writer whose pid is true even in a vfork child (one system call, unless forbidden); both are the caller's storage.
 * Return: false = capture is off. Threads: any. Signals: safe. */
bool rt_capture_exact(struct rt_writer *ret_writer, struct rt_writer_thread **thread, struct rt_writer_thread *room);
/* After a fork, in the child: says who it is. */
void rt_identity_child(void);
uint32_t rt_argv_sum(void);
/* Is the caller a vfork child (or CLONE_VM without CLONE_THREAD)? *ret_pid: its pid. */
bool rt_is_borrowed(uint32_t *ret_pid);
/* Makes the wiped page and registers. Return: false when the page could not be had. */
bool rt_identity_start(void);

/* Says that the process of @w is there. */
void rt_identity_tell(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_process_how how);

/* ---------------------------------------------------------------- borrow.c */
struct rt_thread *rt_self_shared(void);
const struct rt_writer *rt_capture_shared(void);
/* What belongs to the calling thread; only after rt_capture() gave a writer. */
static inline struct rt_thread *rt_self(void)
{
    return rt_likely(!rt_load_relaxed(&rt_shim.shared_mt)) ? &rt_thread : rt_self_shared();
}

/* The writer of this process with rt_self() ready, or NULL: record nothing. Threads: any. Signals: safe. Blocks: never. */
static inline const struct rt_writer *rt_capture(void)
{
    const struct rt_identity *id = rt_shim.identity;
    if (!id || !rt_has_tls())
        return NULL;
    if (rt_unlikely(rt_load_relaxed(&rt_shim.shared_mt)))
        return rt_capture_shared();
    if (rt_unlikely(id->generation != rt_thread.generation || !id->generation))
        return rt_capture_slow();
    return rt_likely(!rt_load_relaxed(&id->writer.run->panic_mt)) ? &id->writer : NULL;
}

/* May system calls be made? */
static inline bool rt_may_call(void)
{
    const struct rt_segment *s = rt_shim.writer.segment;
    return !s || !rt_load_relaxed(&s->no_syscall_mt);
}

/* ---------------------------------------------------------------- clock.c */
void rt_clock_start(const void *vdso);
uint64_t rt_now_slow(uint32_t *flags);
/* The time for a record; adds to *flags what it is: RT_FLAG_TICKS, RT_FLAG_COARSE, else monotonic nanoseconds. */
static inline uint64_t rt_now(uint32_t *flags)
{
#if defined(__x86_64__)
    if (rt_likely(rt_load_relaxed(&rt_shim.ticks_mt))) {
        *flags |= RT_FLAG_TICKS;
        return __builtin_ia32_rdtsc();
    }
#endif
    struct { int64_t s, ns; } t;
    if (rt_unlikely(rt_load_relaxed(&rt_shim.clock_mt) != 1 /* CLOCK_MONOTONIC */ || !rt_shim.vdso_clock))
        return rt_now_slow(flags);
    rt_shim.vdso_clock(1, &t);
    return (uint64_t)t.s * 1000000000u + (uint64_t)t.ns;
}
/* System calls and the precise clock may now kill: done without from here on. */
void rt_forbid_syscalls(void);

/* ---------------------------------------------------------------- claim.c */
/* Maps the run pages of @dir and claims a segment. Return: true with rt_shim.writer filled. */
bool rt_claim(const char *dir, size_t len);

/* ---------------------------------------------------------------- record.c */
struct rt_sent { /* what a later RESULT refers to */
    uint32_t first_seq, last_seq;
    uint32_t before; /* bytes of the call that had been recorded earlier */
    struct rt_writer_thread *as; /* NULL = the thread itself */
    bool recorded;
};
/* The innermost call that the caller is inside of, as far as a hook marked it; NULL = none. */
struct rt_mark *rt_mark_now(void);
/* Is the caller inside a call whose text was already recorded? */
static inline bool rt_is_mirror(void)
{
    const struct rt_mark *m = rt_mark_now();
    return m && !m->call;
}
/* Is the caller inside a call that speaks for all that is said below it? */
static inline bool rt_is_inside(void)
{
    const struct rt_mark *m = rt_mark_now();
    return m && (!m->call || m->whole);
}
/* Bytes of a stream. @call: where they come from, or NULL: the mark tells, if anything. Its text_len is filled in; after use it has no
 * template and no arguments any more, so that what the same call writes next is not taken for another one. */
void rt_record_data(enum rt_stream stream, uint32_t flags, struct rt_call *call, const struct rt_part *parts, unsigned n_parts,
                    struct rt_sent *sent);
/* … in the name of @as. */
void rt_record_data_as(struct rt_writer_thread *as, enum rt_stream stream, uint32_t flags, struct rt_call *call, const struct rt_part *parts,
                       unsigned n_parts, struct rt_sent *sent);
/* Bytes that went by without being seen. */
void rt_record_count(uint64_t bytes);
/* After the call: @got is what it returned, @want what would have been everything. */
void rt_record_result(const struct rt_sent *sent, int64_t got);
/* A record that is neither bytes nor a message, by the exact writer. */
void rt_record_event(enum rt_record_type type, const void *a, size_t a_len);
/* Likewise, in two pieces and in the name of the thread as it is. */
bool rt_record_named(enum rt_record_type type, const void *a, size_t a_len, const void *b, size_t b_len);

#define RT_SITE ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* ---------------------------------------------------------------- modules.c */
void rt_modules_start(void);
void rt_module_find(uint64_t site, uint32_t loads);
/* Before a call from @site is recorded: the module that it lies in is told. Only after rt_capture() gave a writer. Signals: safe. */
static inline void rt_module_of(uint64_t site)
{
    uint32_t loads = rt_load_relaxed(&rt_shim.loads_mt);
    if (rt_likely(!loads))
        return;
    const struct rt_known *k = &rt_self()->known;
    if (k->loads != loads || site - k->start >= k->bytes)
        rt_module_find(site, loads);
}

static inline void rt_mark_enter(struct rt_mark *m, struct rt_call *call)
{
    m->cookie = RT_MARK_COOKIE ^ (uintptr_t)m;
    m->call = call;
    m->whole = false;
    struct rt_thread *t = rt_self();
    m->outer = t->mark;
    t->mark = m;
}
/* A call that libc prints for: @c is what its bytes take along. Return: false = nothing is recorded, or a hook around it tells more. */
static inline bool rt_mark_begin(struct rt_mark *m, struct rt_call *c, uint32_t kind, uint64_t site)
{
    if (!rt_capture() || rt_is_inside())
        return false;
    *c = (struct rt_call){.site = site, .kind = (uint8_t)kind};
    rt_mark_enter(m, c);
    return true;
}
static inline void rt_mark_leave(struct rt_mark *m)
{
    rt_self()->mark = m->outer;
    *(volatile uint64_t *)&m->cookie = 0;
}

/* ---------------------------------------------------------------- process.c */
/* Before main: from here on exit codes are told at the very end. */
void rt_exit_watch(void);

/* ---------------------------------------------------------------- init.c */
/* The auxiliary vector, behind the environment that the kernel made. */
const Elf64_auxv_t *rt_auxv(char *const *envp);
/* Does a value of RETAP switch us off? */
bool rt_is_off(const char *value);

/* ---------------------------------------------------------------- small */
/* Nothing is ever mapped there: the call says EFAULT, and must be let. */
static inline bool rt_is_low(const void *p)
{
    return (uintptr_t)p < 65536u;
}
static inline size_t rt_strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}
/* Return: behind the last byte, where a NUL stands. */
static inline char *rt_append(char *to, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = s[i];
    to[n] = 0;
    return to + n;
}
static inline char *rt_append_number(char *to, uint32_t n)
{
    char digits[10];
    size_t k = sizeof digits;
    do {
        digits[--k] = (char)('0' + n % 10);
    } while (n /= 10);
    return rt_append(to, digits + k, sizeof digits - k);
}
static inline bool rt_starts(const char *s, const char *with)
{
    while (*with)
        if (*s++ != *with++)
            return false;
    return true;
}
extern int *__errno_location(void) __attribute__((weak, const));
static inline int rt_errno_get(void)
{
    return __errno_location ? *__errno_location() : 0;
}
static inline void rt_errno_set(int e)
{
    if (__errno_location)
        *__errno_location() = e;
}
/* What a libc wrapper makes of a kernel value. */
static inline long rt_return(long r)
{
    if ((unsigned long)r > -4096ul) {
        rt_errno_set((int)-r);
        return -1;
    }
    return r;
}

#endif
