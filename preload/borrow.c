/* Children that run on their parent's memory, and with its thread-locals, while it runs: clone(CLONE_VM) without CLONE_THREAD. They are
 * other processes, but what the parent knows of itself they find as their own. Once such a child was made (rt_shim.shared_mt), every record
 * asks for its pid, and those that are not the owner's speak from a place of their own here: by the right name, and without two processors
 * in one counter.
 *
 * A vfork child is different, its parent sleeps: only what it does as a process is told in its own name (rt_capture_exact). */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>

#include "real.h"
#include "shim.h"

#define BORROWERS 8 /* alive at a time; more are not recorded */

static struct borrower {
    uint32_t pid_mt; /* 0 = free */
    struct rt_writer writer;
    struct rt_thread thread;
} borrowers[BORROWERS];
static struct rt_thread nobody; /* for who found no place */

static bool is_alive(uint32_t pid)
{
    return rt_syscall(SYS_kill, pid, 0) != -ESRCH;
}

/* A place of one's own: by pid, else a free one, else a dead one's. */
static struct borrower *borrower_of(uint32_t pid)
{
    for (int i = 0; i < BORROWERS; i++)
        if (rt_load_relaxed(&borrowers[i].pid_mt) == pid)
            return &borrowers[i];
    for (int i = 0; i < BORROWERS; i++) {
        struct borrower *b = &borrowers[i];
        uint32_t was = rt_load_relaxed(&b->pid_mt);
        if ((was && is_alive(was)) || !rt_cas_seq_cst(&b->pid_mt, &was, pid))
            continue;
        b->writer = rt_shim.identity->writer;
        b->writer.pid = pid;
        b->thread = (struct rt_thread){.generation = rt_shim.identity->generation, .writer = {.tid = pid, .lane_hint = pid}};
        rt_identity_tell(&b->writer, &b->thread.writer, RT_PROCESS_FORK);
        return b;
    }
    return NULL;
}

RT_COLD struct rt_thread *rt_self_shared(void)
{
    uint32_t pid;
    if (!rt_is_borrowed(&pid))
        return &rt_thread;
    struct borrower *b = borrower_of(pid);
    return b ? &b->thread : &nobody;
}

RT_COLD const struct rt_writer *rt_capture_shared(void)
{
    struct rt_thread *t = rt_self_shared();
    const struct rt_identity *id = rt_shim.identity;
    bool panics = rt_load_relaxed(&rt_shim.writer.run->panic_mt);
    if (t == &rt_thread)
        return id->generation == t->generation && id->generation && !panics ? &id->writer : rt_capture_slow();
    if (t == &nobody || panics)
        return NULL;
    return &((struct borrower *)(void *)((char *)t - offsetof(struct borrower, thread)))->writer;
}

/* The child starts on a stack of its own and never returns through this frame. With CLONE_VFORK it is gone when the call returns. */
RT_API int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
    va_list ap;
    va_start(ap, arg);
    void *parent_tid = va_arg(ap, void *), *tls = va_arg(ap, void *), *child_tid = va_arg(ap, void *);
    va_end(ap);
    bool shares = (flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM;
    if (shares)
        rt_add_relaxed(&rt_shim.shared_mt, 1);
    int r = RT_REAL(clone) ? rt_real.clone(fn, stack, flags, arg, parent_tid, tls, child_tid) : (int)rt_return(-ENOSYS);
    if (shares && (r < 0 || flags & CLONE_VFORK))
        rt_add_relaxed(&rt_shim.shared_mt, (uint32_t)-1);
    return r;
}
