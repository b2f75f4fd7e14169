#include "shim.h"

#define MIRROR_REACH (256u << 10) /* bytes of stack between a hook and what it calls; farther is another stack */

struct rt_mark *rt_mark_now(void)
{
    struct rt_mark *m = rt_self()->mark;
    if (rt_likely(!m))
        return NULL;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    /* A frame that a longjmp or an exception left behind lies below the stack pointer, or was written over since. */
    if ((uintptr_t)m < here || m->cookie != (RT_MARK_COOKIE ^ (uintptr_t)m)) {
        if ((uintptr_t)m - here < MIRROR_REACH || here - (uintptr_t)m < MIRROR_REACH)
            rt_self()->mark = NULL;
        return NULL;
    }
    return (uintptr_t)m - here < MIRROR_REACH ? m : NULL;
}

/* A first write to a page costs 0.8 us, a first read brings 16 pages in 1.8 us [2 processors, kernel 6.18]. Who logs more than a little
 * gets all pages of the usable lanes at once; who logs little never pays for them. */
#define NEAR_EVERY 32     /* records of a thread between two looks */
#define NEAR_BYTES 65536u /* what a read fault brings */

static RT_COLD void come_near(const struct rt_writer *w)
{
    uint32_t *near = &rt_shim.identity->near_lanes_mt, n = rt_load_acquire(&w->segment->usable_lanes_mt);
    for (uint32_t i = rt_load_relaxed(near); i < n && i < RT_SEGMENT_LANES; i++)
        for (uint32_t at = 0; at < rt_lane_size(i); at += NEAR_BYTES)
            (void)*((const volatile uint8_t *)w->segment + rt_lane_offset(i) + at);
    rt_store_relaxed(near, n);
}

static inline uint32_t bytes_of(const struct rt_part *parts, unsigned n)
{
    size_t bytes = parts[0].len;
    for (unsigned i = 1; i < n; i++)
        bytes += parts[i].len;
    return (uint32_t)bytes;
}

/* Is its site all that is known of it? Fewer bytes are fewer lines of the cache that wander to the collector's processor. */
static inline bool is_bare(const struct rt_call *c)
{
    return !(c->template | c->origin | (uint32_t)c->errnum | c->args_len | c->kind | c->flags);
}

void rt_record_data(enum rt_stream stream, uint32_t flags, struct rt_call *call, const struct rt_part *parts, unsigned n_parts,
                    struct rt_sent *sent)
{
    rt_record_data_as(NULL, stream, flags, call, parts, n_parts, sent);
}

void rt_record_data_as(struct rt_writer_thread *as, enum rt_stream stream, uint32_t flags, struct rt_call *call, const struct rt_part *parts,
                       unsigned n_parts, struct rt_sent *sent)
{
    const struct rt_writer *w = rt_capture();
    if (as && w != &rt_shim.identity->writer)
        as = NULL; /* a child on its parent's memory */
    *sent = (struct rt_sent){.as = as};
    if (!w)
        return;
    const struct rt_mark *m = rt_mark_now();
    /* What a message flushes is not its mirror, and a file was asked for. */
    bool mirror = m && !m->call && stream != RT_STREAM_FILE && (stream != RT_STREAM_STDOUT || m->whole);
    if (mirror)
        flags |= RT_FLAG_MIRROR;
    else if (m && m->call && !call && (stream == RT_STREAM_STDERR || !m->call->kind))
        call = m->call;
    if (mirror || (rt_unlikely(rt_shim.calls == RT_TELL_NOTHING) && !(call && call->origin)))
        call = NULL;
    else if (rt_unlikely(rt_shim.calls == RT_TELL_NOTHING))
        call->site = 0;
    struct rt_part head;
    if (call)
        rt_module_of(call->site);
    if (call && is_bare(call)) {
        head = (struct rt_part){&call->site, sizeof call->site};
        flags |= RT_FLAG_SITE;
    } else if (call) {
        head = (struct rt_part){call, sizeof *call + call->args_len};
        call->text_len = bytes_of(parts, n_parts);
        call->tid = as ? rt_self()->writer.tid : 0;
        flags |= RT_FLAG_CALL;
    }
    uint64_t now = rt_now(&flags);
    sent->recorded = rt_ring_write(w, as ? as : &rt_self()->writer, RT_RECORD_DATA, stream, flags, now, call ? &head : NULL, parts, n_parts,
                                   &sent->first_seq, &sent->last_seq) == 0;
    if (call) {
        call->args_len = 0;
        call->template = 0;
        call->flags = (uint8_t)((call->flags | RT_CALL_CONTINUES) & ~RT_CALL_UNFINISHED);
    }
    if (rt_unlikely(sent->last_seq % NEAR_EVERY == NEAR_EVERY - 1))
        come_near(w);
}

RT_COLD void rt_record_count(uint64_t bytes)
{
    const struct rt_writer *w = rt_capture();
    struct rt_part part = {&bytes, sizeof bytes};
    uint32_t flags = RT_FLAG_AFTER;
    if (!w)
        return;
    uint64_t now = rt_now(&flags);
    rt_ring_write(w, &rt_self()->writer, RT_RECORD_DATA, RT_STREAM_BINARY, flags, now, NULL, &part, 1, NULL, NULL);
}

RT_COLD void rt_record_result(const struct rt_sent *sent, int64_t got)
{
    struct rt_result result = {sent->first_seq, sent->last_seq, -(int64_t)rt_errno_get()};
    if (got >= 0)
        result.result = got > sent->before ? got - sent->before : 0;
    struct rt_part part = {&result, sizeof result};
    const struct rt_writer *w = sent->recorded ? rt_capture() : NULL;
    uint32_t flags = 0;
    if (!w)
        return;
    uint64_t now = rt_now(&flags);
    rt_ring_write(w, sent->as ? sent->as : &rt_self()->writer, RT_RECORD_RESULT, 0, flags, now, NULL, &part, 1, NULL, NULL);
}

void rt_record_event(enum rt_record_type type, const void *a, size_t a_len)
{
    struct rt_writer w;
    struct rt_writer_thread room, *t;
    struct rt_part part = {a, a_len};
    uint32_t flags = 0;
    if (!rt_capture_exact(&w, &t, &room))
        return;
    uint64_t now = rt_now(&flags);
    rt_ring_write(&w, t, type, 0, flags, now, NULL, &part, 1, NULL, NULL);
}

RT_COLD bool rt_record_named(enum rt_record_type type, const void *a, size_t a_len, const void *b, size_t b_len)
{
    const struct rt_writer *w = rt_capture();
    struct rt_part head = {a, a_len}, part = {b, b_len};
    uint32_t flags = 0;
    if (!w)
        return false;
    uint64_t now = rt_now(&flags);
    return rt_ring_write(w, &rt_self()->writer, type, 0, flags, now, &head, &part, 1, NULL, NULL) == 0;
}
