#include "ring/write.h"

#include <linux/futex.h>
#include <string.h>

#include "base/atomic.h"
#include "base/guest.h"
#include "base/testpoint.h"

#ifdef RT_TESTPOINTS
void (*rt_testpoint_hook)(const char *name);
#endif

#define RESERVE_SHARE 8 /* of a lane, kept for messages and stderr: 1/8 = 12 % */
#define LANE_TRIES    3

static uint32_t record_bytes(size_t len)
{
    return (uint32_t)((sizeof(struct rt_record) + len + 7) & ~(size_t)7);
}

/* Reserves @bytes in one piece, with a PAD before it when the lane's end is too near. Stamps PAD and BUSY.
 * Return: the record's address, NULL = no room (or retired). */
static struct rt_record *lane_reserve(struct rt_segment *seg, uint32_t lane, uint32_t bytes, bool privileged, uint64_t busy)
{
    struct rt_lane_control *c = &seg->lane[lane];
    uint32_t size = rt_lane_size(lane);
    uint32_t limit = privileged ? size : size - size / RESERVE_SHARE;
    uint8_t *base = (uint8_t *)seg + rt_lane_offset(lane);

    if (rt_load_relaxed(&c->retired_mt)) /* a hint: a record that slips in is read all the same */
        return NULL;
    uint64_t head = rt_load_acquire(&c->head_mt);
    for (;;) {
        /* Pairs with the release in rt_lane_release(): what is below tail was zeroed and may be used again. */
        uint64_t tail = rt_load_acquire(&c->tail_mt);
        int64_t used = (int64_t)(head - tail);
        if (used < 0 || used > (int64_t)size) { /* head is older than tail: both moved meanwhile */
            uint64_t again = rt_load_acquire(&c->head_mt);
            if (again == head)
                return NULL; /* not a race but nonsense: somebody wrote over the header */
            head = again;
            continue;
        }
        uint32_t offset = (uint32_t)(head & (size - 1));
        uint32_t pad = offset + bytes > size ? size - offset : 0;
        if (used + pad + bytes > (int64_t)limit)
            return NULL;
        RT_TESTPOINT("ring.reserve");
        if (!rt_cas_seq_cst(&c->head_mt, &head, head + pad + bytes))
            continue;
        RT_TESTPOINT("ring.reserved");
        if (pad) {
            rt_store_release((uint64_t *)(void *)(base + offset), RT_STAMP(pad, RT_RECORD_PAD, 0, 0) | RT_STAMP_COMMIT);
            offset = 0;
            RT_TESTPOINT("ring.padded");
        }
        struct rt_record *r = (void *)(base + offset);
        rt_store_relaxed(&r->stamp_mt, busy | RT_STAMP_BUSY);
        rt_signal_fence(); /* G2: no payload before the stamp */
        RT_TESTPOINT("ring.stamped");
        return r;
    }
}

/* The bell: only the first record after the collector fell asleep pays for a system call. */
static __attribute__((noinline, cold)) void ring_bell_slow(const struct rt_writer *w)
{
    if (rt_load_relaxed(&w->segment->no_syscall_mt))
        return;
    rt_store_seq_cst(&w->bell->sleeping_mt, 0);
    rt_add_acq_rel(&w->bell->bell_mt, 1);
    rt_syscall(SYS_futex, &w->bell->bell_mt, FUTEX_WAKE, 1, 0, 0, 0);
}

static inline void ring_bell(const struct rt_writer *w)
{
    /* Pairs with the seq_cst store of sleeping before the collector looks at heads: the cmpxchg of head came before this load. */
    if (__builtin_expect(rt_load_seq_cst(&w->bell->sleeping_mt), 0))
        ring_bell_slow(w);
}

/* Waits until the lane's tail moves. Return: true when it moved. */
static bool lane_wait(const struct rt_writer *w, struct rt_lane_control *c)
{
    struct rt_segment *seg = w->segment;
    if (!w->full_wait_ns || rt_load_relaxed(&seg->no_syscall_mt) || rt_load_relaxed(&w->run->no_wait_mt) || rt_load_relaxed(&c->timed_out_mt))
        return false;
    uint32_t before = (uint32_t)rt_load_seq_cst(&c->tail_mt);
    struct { int64_t s, ns; } timeout = {(int64_t)(w->full_wait_ns / 1000000000u), (int64_t)(w->full_wait_ns % 1000000000u)};
    rt_store_seq_cst(&c->waiters_mt, 1); /* pairs with the exchange after the consumer's store of tail */
    if ((uint32_t)rt_load_seq_cst(&c->tail_mt) != before)
        return true;
    RT_TESTPOINT("ring.waits");
    long r = rt_syscall(SYS_futex, &c->tail_mt, FUTEX_WAIT, before, &timeout, 0, 0);
    if (r == -110 /* ETIMEDOUT */ && (uint32_t)rt_load_seq_cst(&c->tail_mt) == before) {
        rt_store_relaxed(&c->timed_out_mt, 1);
        return false;
    }
    return true;
}

static struct rt_record *reserve_any(const struct rt_writer *w, uint32_t hint, uint32_t bytes, bool privileged, uint64_t busy);

static __attribute__((noinline, cold)) struct rt_record *reserve_slow(const struct rt_writer *w, uint32_t lane, uint32_t bytes,
                                                                      bool privileged, uint64_t busy)
{
    /* A signal that ends the wait early must not end the patience: the passes are bounded, each either moves tail or times out. */
    ring_bell_slow(w); /* between two passes the collector waits on the bell, too */
    for (int i = 0; i < 1000; i++) {
        struct rt_record *r = reserve_any(w, lane, bytes, privileged, busy);
        if (r)
            return r;
        uint32_t n = rt_load_acquire(&w->segment->usable_lanes_mt);
        uint32_t largest = n && n <= RT_SEGMENT_LANES ? n - 1 : 0;
        if (!lane_wait(w, &w->segment->lane[largest]))
            return NULL;
    }
    return NULL;
}

/* The thread's lane, then the largest usable ones. */
static struct rt_record *reserve_any(const struct rt_writer *w, uint32_t hint, uint32_t bytes, bool privileged, uint64_t busy)
{
    struct rt_segment *seg = w->segment;
    uint32_t n = rt_load_acquire(&seg->usable_lanes_mt); /* pairs with the release after fallocate */
    if (n == 0 || n > RT_SEGMENT_LANES)
        return NULL;
    uint32_t lane = n - 1 - hint % n; /* hint 0, a lone thread, gets the largest */
    struct rt_record *r = bytes <= rt_lane_size(lane) / 8 ? lane_reserve(seg, lane, bytes, privileged, busy) : NULL;
    for (uint32_t tries = 1, l = n; !r && tries < LANE_TRIES && l-- > 0;) {
        if (l == lane || bytes > rt_lane_size(l) / 8)
            continue;
        tries++;
        r = lane_reserve(seg, l, bytes, privileged, busy);
    }
    return r;
}

static void copy_parts(uint8_t *to, const struct rt_part *parts, unsigned n_parts, size_t skip, size_t n)
{
    for (unsigned i = 0; i < n_parts && n; i++) {
        if (skip >= parts[i].len) {
            skip -= parts[i].len;
            continue;
        }
        size_t k = parts[i].len - skip < n ? parts[i].len - skip : n;
        memcpy(to, (const uint8_t *)parts[i].data + skip, k);
        to += k;
        n -= k;
        skip = 0;
    }
}

/* One record holding @n bytes of @parts from @skip on. Return: 0 or RT_WRITE_E_DROPPED. */
static int write_one(const struct rt_writer *w, struct rt_writer_thread *t, uint64_t kind, uint64_t mono_ns, bool privileged,
                     const struct rt_part *parts, unsigned n_parts, size_t skip, size_t n, uint32_t *ret_seq)
{
    uint32_t bytes = record_bytes(n);
    uint64_t stamp = kind | bytes;
    uint32_t seq = rt_bump(&t->seq);
    struct rt_record *r = reserve_any(w, t->lane_hint, bytes, privileged, stamp);
    if (__builtin_expect(!r, 0)) {
        r = reserve_slow(w, t->lane_hint, bytes, privileged, stamp);
        if (!r) {
            t->lost.seqs++;
            return RT_WRITE_E_DROPPED;
        }
    }
    r->mono_ns = mono_ns;
    r->pid = w->pid;
    r->tid = t->tid;
    r->thread_seq = seq;
    r->len = (uint32_t)n;
    copy_parts((uint8_t *)(r + 1), parts, n_parts, skip, n);
    RT_TESTPOINT("ring.copied");
    /* Pairs with the acquire in rt_lane_scan(): publishes the whole record. */
    rt_store_release(&r->stamp_mt, stamp | RT_STAMP_COMMIT);
    RT_TESTPOINT("ring.committed");
    *ret_seq = seq;
    return 0;
}

/* Newlines and bytes of @parts from @skip on. */
static void count_rest(const struct rt_part *parts, unsigned n_parts, size_t skip, uint64_t *ret_bytes, uint64_t *ret_lines)
{
    uint64_t lines = 0, bytes = 0;
    for (unsigned i = 0; i < n_parts; i++) {
        for (size_t k = skip; k < parts[i].len; k++)
            lines += ((const char *)parts[i].data)[k] == '\n';
        bytes += parts[i].len > skip ? parts[i].len - skip : 0;
        skip = skip > parts[i].len ? skip - parts[i].len : 0;
    }
    *ret_bytes = bytes;
    *ret_lines = lines;
}

static __attribute__((noinline, cold)) int count_lost(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_stream stream,
                                                      const struct rt_part *parts, unsigned n_parts, size_t done)
{
    struct rt_loss_counter *c = &w->segment->lost[stream < RT_STREAMS ? stream : 0];
    uint64_t lines, bytes;

    count_rest(parts, n_parts, done, &bytes, &lines);
    rt_add_relaxed(&c->calls_mt, 1);
    rt_add_relaxed(&c->bytes_mt, bytes);
    rt_add_relaxed(&c->lines_mt, lines);
    t->lost.calls++;
    t->lost.bytes += bytes;
    t->lost.lines += lines;
    return RT_WRITE_E_DROPPED;
}

/* Tells the assembler that numbers of this thread are missing, before its next record. */
static __attribute__((noinline, cold)) void tell_lost(const struct rt_writer *w, struct rt_writer_thread *t, uint64_t mono_ns)
{
    struct rt_lost lost = t->lost;
    struct rt_part part = {&lost, sizeof lost};
    uint32_t seq;
    t->lost = (struct rt_lost){0};
    if (write_one(w, t, RT_STAMP(0, RT_RECORD_LOST, 0, 0), mono_ns, true, &part, 1, 0, sizeof lost, &seq)) {
        t->lost.calls += lost.calls; /* the failed try used up a number of its own: seqs already counts it */
        t->lost.seqs += lost.seqs;
        t->lost.bytes += lost.bytes;
        t->lost.lines += lost.lines;
    }
}

int rt_ring_write(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_record_type type, enum rt_stream stream, uint32_t flags,
                  uint64_t mono_ns, const struct rt_part *parts, unsigned n_parts, uint32_t *ret_first_seq, uint32_t *ret_last_seq)
{
    size_t len = 0, done = 0;
    bool privileged = type != RT_RECORD_DATA || stream == RT_STREAM_STDERR;
    uint32_t seq = 0, first = 0;

    for (unsigned i = 0; i < n_parts; i++)
        len += parts[i].len;
    if (__builtin_expect(t->lost.seqs, 0))
        tell_lost(w, t, mono_ns);
    /* Pieces fit an eighth of the smallest lane, so that a piece can go anywhere. */
    size_t most = rt_lane_size(0) / 8 - sizeof(struct rt_record);
    do {
        size_t n = len - done < most ? len - done : most;
        uint32_t more = done + n < len ? RT_FLAG_MORE : 0;
        if (write_one(w, t, RT_STAMP(0, type, stream, flags | more), mono_ns, privileged, parts, n_parts, done, n, &seq))
            return count_lost(w, t, stream, parts, n_parts, done);
        if (done == 0)
            first = seq;
        done += n;
    } while (done < len);
    ring_bell(w);
    if (ret_first_seq)
        *ret_first_seq = first;
    if (ret_last_seq)
        *ret_last_seq = seq;
    return 0;
}

void *rt_scratch_take(const struct rt_writer *w, struct rt_writer_thread *t)
{
    uint32_t n = rt_load_acquire(&w->segment->usable_scratch_mt);
    for (uint32_t i = 0; i < n && i < RT_SEGMENT_SCRATCH; i++) {
        uint32_t free_word = 0;
        if (rt_cas_seq_cst(&w->segment->scratch_owner_mt[i], &free_word, t->tid + 1))
            return (uint8_t *)w->segment + RT_SCRATCH_OFFSET + (size_t)i * RT_SCRATCH_BYTES;
    }
    rt_add_relaxed(&w->segment->truncated_mt, 1);
    return NULL;
}

void rt_scratch_give(const struct rt_writer *w, void *area)
{
    size_t i = ((uintptr_t)area - (uintptr_t)w->segment - RT_SCRATCH_OFFSET) / RT_SCRATCH_BYTES;
    if (i < RT_SEGMENT_SCRATCH)
        rt_store_release(&w->segment->scratch_owner_mt[i], 0);
}
