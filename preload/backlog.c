#include "backlog.h"

#include <errno.h>
#include <string.h>

#define IS_FILE 0x2000 /* glibc's _IO_IS_FILEBUF: it writes to a descriptor, not to memory */
#define SKIPPED_MOST 32
#define NEED_LOCK 128 /* glibc's _IO_FLAGS2_NEED_LOCK: there was more than one thread */

#pragma weak stdout
extern int ftrylockfile(FILE *) __attribute__((weak));
extern void funlockfile(FILE *) __attribute__((weak));

/* Is the process that has the area gone? Not while what it left has times of another clock than ours. */
static bool is_left(const struct rt_backlog *b, uint32_t owner)
{
    return rt_may_call() && (!rt_load_relaxed(&b->len_mt) || b->ticks == rt_load_relaxed(&rt_shim.ticks_mt)) &&
           rt_syscall(SYS_kill, owner, 0, 0, 0, 0, 0) == -ESRCH;
}

/* What it printed and never wrote goes into a lane in its name: there are few areas, and the segment's last process may live for long. */
static void bequeath(const struct rt_identity *id, const struct rt_backlog *b, uint32_t owner)
{
    struct rt_writer w = id->writer;
    struct rt_writer_thread t = {.tid = RT_TID_STDOUT | owner, .seq = b->seq};
    struct rt_part part = {b->data, rt_load_acquire(&b->len_mt)};
    uint32_t flags = RT_FLAG_CALL | RT_FLAG_UNFLUSHED | RT_FLAG_AFTER;
    uint64_t now = rt_now(&flags);
    w.pid = owner;
    if (part.len && part.len <= RT_BACKLOG_DATA)
        rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDOUT, flags, now, NULL, &part, 1, NULL, NULL);
}

static uint32_t usable(const struct rt_identity *id)
{
    uint32_t n = rt_load_acquire(&id->writer.segment->usable_backlogs_mt);
    return n < RT_SEGMENT_BACKLOGS ? n : RT_SEGMENT_BACKLOGS;
}

static void restart(struct rt_backlog_state *s)
{
    s->seen = s->recorded = 0;
    if (s->area)
        rt_store_relaxed(&s->area->len_mt, 0);
}

static RT_COLD struct rt_backlog *claim(struct rt_identity *id)
{
    struct rt_segment *s = id->writer.segment;
    uint32_t n = usable(id);
    for (uint32_t i = 0; i < n; i++) {
        struct rt_backlog *b = (struct rt_backlog *)(void *)((uint8_t *)s + RT_BACKLOG_OFFSET + i * RT_BACKLOG_BYTES);
        uint32_t owner = rt_load_relaxed(&b->owner_mt);
        if ((!owner || is_left(b, owner)) && rt_cas_seq_cst(&b->owner_mt, &owner, id->writer.pid)) {
            if (owner)
                bequeath(id, b, owner);
            rt_store_relaxed(&b->len_mt, 0);
            return id->backlog.area = b;
        }
    }
    id->backlog.refused = n; /* until there are more */
    return NULL;
}

struct rt_writer_thread *rt_writer_of(const FILE *f)
{
    struct rt_identity *id = rt_shim.identity;
    if (!id || f != stdout || !rt_backlog_fills(f))
        return NULL;
    if (rt_unlikely(!id->out.tid))
        id->out.tid = RT_TID_STDOUT | id->writer.pid;
    return &id->out;
}

/* What the area holds goes into a lane. @flags: MORE when the same write goes on behind it. */
static void spill(struct rt_identity *id, struct rt_writer_thread *as, enum rt_stream stream, uint32_t flags, struct rt_sent *sent)
{
    struct rt_backlog_state *s = &id->backlog;
    uint32_t len = rt_load_relaxed(&s->area->len_mt);
    struct rt_part part = {s->area->data, len};
    flags |= RT_FLAG_CALL;
    if (len) {
        uint64_t now = rt_now(&flags);
        sent->as = as;
        sent->recorded = rt_ring_write(&id->writer, as ? as : &rt_self()->writer, RT_RECORD_DATA, stream, flags, now, NULL, &part, 1, &sent->first_seq,
                                       &sent->last_seq) == 0;
    }
    rt_store_release(&s->area->len_mt, 0);
}

/* The area is full. A signal handler that writes the buffer meanwhile leaves it to us. Return: false = it came before, and did it. */
static RT_COLD bool empty(struct rt_identity *id, struct rt_writer_thread *as)
{
    struct rt_backlog_state *s = &id->backlog;
    struct rt_sent sent;
    s->busy = RT_BACKLOG_EMPTIED;
    rt_signal_fence();
    if (rt_load_relaxed(&s->taken))
        return false;
    spill(id, as, RT_STREAM_STDOUT, 0, &sent);
    s->recorded = s->seen;
    s->busy = RT_BACKLOG_FILLED;
    return true;
}

/* One more call in the area. The length is published last: a SIGKILL in between leaves what was complete. */
static void add(struct rt_identity *id, struct rt_writer_thread *as, struct rt_call *call, const char *text, uint32_t n)
{
    struct rt_backlog *b = id->backlog.area;
    uint32_t head = (uint32_t)sizeof *call + call->args_len, flags = 0;
    if (rt_unlikely(rt_load_relaxed(&b->len_mt) + head + n > RT_BACKLOG_DATA) && !empty(id, as))
        return;
    uint32_t at = rt_load_relaxed(&b->len_mt);
    if (rt_unlikely(at + head + n > RT_BACKLOG_DATA))
        n = RT_BACKLOG_DATA - at - head; /* the rest is the next call's, or the flush's */
    rt_module_of(call->site);
    call->text_len = n;
    call->mono_ns = rt_now(&flags);
    b->ticks = (flags & RT_FLAG_TICKS) != 0;
    call->tid = rt_self()->writer.tid;
    b->seq = id->out.seq;
    memcpy(b->data + at, call, head);
    memcpy(b->data + at + head, text, n);
    rt_store_release(&b->len_mt, at + head + n);
    id->backlog.seen += n;
}

static void take(struct rt_identity *id, FILE *f, struct rt_call *call)
{
    struct rt_backlog_state *s = &id->backlog;
    const char *base = f->_IO_write_base;
    size_t there = (size_t)(f->_IO_write_ptr - base);
    if (s->base != base || s->seen > there) { /* another buffer, or one that was emptied without us */
        restart(s);
        s->base = base;
    }
    if (there <= s->seen || there > INT32_MAX || (!s->area && (s->refused >= usable(id) || !claim(id))))
        return;
    const char *text = base + s->seen;
    uint32_t n = (uint32_t)(there - s->seen);
    if (rt_unlikely(rt_fd_stdout.left) && rt_fd_judge_slow(text, n) == RT_FD_BINARY)
        restart(s);
    else
        add(id, rt_writer_of(f), call, text, n);
}

/* No handler prints so much: one has jumped out. What it left in the area may be in a lane already. */
static RT_COLD bool is_abandoned(struct rt_backlog_state *s)
{
    if (++s->skipped < SKIPPED_MOST)
        return false;
    s->skipped = 0;
    s->turn++;
    s->seen = s->recorded;
    if (s->area)
        rt_store_relaxed(&s->area->len_mt, 0);
    return true;
}

/* Signal handlers may print and flush at any step of this. What one prints stays for the next call; when one flushes, our work is void. */
static void take_alone(struct rt_identity *id, FILE *f, struct rt_call *call)
{
    struct rt_backlog_state *s = &id->backlog;
    if (rt_unlikely(s->busy) && !is_abandoned(s))
        return;
    uint32_t turn = rt_load_relaxed(&s->turn);
    s->taken = false;
    rt_signal_fence();
    s->busy = RT_BACKLOG_FILLED;
    rt_signal_fence();
    take(id, f, call);
    rt_signal_fence();
    s->busy = RT_BACKLOG_FREE;
    rt_signal_fence();
    if (rt_unlikely(rt_load_relaxed(&s->turn) != turn))
        restart(s);
}

void rt_backlog_take(FILE *f, struct rt_call *call)
{
    struct rt_identity *id = rt_shim.identity;
    if (f->_IO_write_ptr == f->_IO_write_base || f->_mode > 0 || !(f->_flags & IS_FILE) || !rt_capture())
        return;
    bool lock = f->_flags2 & NEED_LOCK;
    /* Whoever holds the lock meanwhile is inside a call on stdout, and takes this text along. */
    if (lock && (!ftrylockfile || !funlockfile || ftrylockfile(f)))
        return;
    take_alone(id, f, call);
    if (lock)
        funlockfile(f);
}

bool rt_backlog_is_all(const FILE *f)
{
    size_t there = (size_t)(f->_IO_write_ptr - f->_IO_write_base);
    return !there || (rt_backlog_has(f) && rt_shim.identity->backlog.seen == there);
}

/* The buffer is gone, one way or the other. */
static void forget(struct rt_backlog_state *s)
{
    s->turn++;
    if (s->busy == RT_BACKLOG_FILLED)
        s->taken = true;
    if (rt_likely(!s->busy))
        restart(s);
    s->seen = s->recorded = 0;
}

bool rt_backlog_flush(const FILE *f, enum rt_stream stream, const char *data, size_t n, struct rt_sent *sent)
{
    struct rt_identity *id = rt_shim.identity;
    struct rt_backlog_state *s = &id->backlog;
    struct rt_sent rest;
    if (data != s->base || s->seen > n || !s->area || !rt_capture()) {
        rt_backlog_drop();
        return false;
    }
    uint32_t seen = s->busy == RT_BACKLOG_FILLED ? s->recorded : s->seen, recorded = s->recorded;
    struct rt_writer_thread *as = rt_writer_of(f);
    if (rt_likely(!s->busy))
        spill(id, as, stream, seen < n ? RT_FLAG_MORE : 0, sent);
    forget(s);
    if (seen < n) {
        struct rt_part part = {data + seen, n - seen};
        struct rt_mark *m = rt_mark_now();
        if (m && m->call && rt_backlog_fills(f))
            m->call->flags |= RT_CALL_UNFINISHED; /* why else would it be written in the middle of a call */
        rt_record_data_as(as, stream, 0, NULL, &part, 1, &rest);
        if (!sent->recorded) {
            *sent = rest;
            recorded = seen;
        } else if (rest.recorded) {
            sent->last_seq = rest.last_seq;
        }
    }
    sent->before = recorded;
    return true;
}

void rt_backlog_drop(void)
{
    if (rt_shim.identity)
        forget(&rt_shim.identity->backlog);
}
