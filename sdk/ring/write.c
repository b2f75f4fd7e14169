#include "ring/write.h"

#include <linux/futex.h>
#include <string.h>

#include "base/atomic.h"
#include "base/guest.h"
#include "base/testpoint.h"

_Static_assert(RT_PAYLOAD_MOST == 65536 / 8 - sizeof(struct rt_record) && RT_BACKLOG_DATA == RT_PAYLOAD_MOST, "a backlog fits a record");

#ifdef RT_TESTPOINTS
void (*rt_testpoint_hook)(const char *name);
#endif

#define RESERVE_SHARE 8 /* of a lane, kept for messages and stderr: 1/8 = 12 % */
#define LANE_TRIES    3
#define NO_LANE       RT_SEGMENT_LANES
#define WAIT_SLICE_NS 10000000u /* then all lanes are tried again: the one waited for may be stuck or retired, others free or new */

static uint32_t record_bytes(size_t len)
{
    return (uint32_t)((sizeof(struct rt_record) + len + 7) & ~(size_t)7);
}

/* Reserves @bytes in one piece, with a PAD before it when the lane's end is too near. Stamps PAD and BUSY.
 * Return: the record's address, NULL = no room (or retired). */
static inline __attribute__((always_inline)) struct rt_record *lane_reserve(struct rt_segment *seg, uint32_t lane, uint32_t bytes,
                                                                            bool privileged, uint64_t busy)
{
    struct rt_lane_control *c = &seg->lane[lane];
    uint32_t size = rt_lane_size(lane);
    uint32_t limit = privileged ? size : size - size / RESERVE_SHARE;
    uint8_t *base = (uint8_t *)seg + rt_lane_offset(lane);

    if (rt_load_relaxed(&c->retired_mt)) /* a hint: a record that slips in is read all the same */
        return NULL;
    uint64_t head = rt_load_acquire(&c->head_mt);
    for (;;) {
        /* Pairs with the store in free_until(): what is below tail was zeroed and may be used again. */
        uint64_t tail = rt_load_acquire(&c->tail_mt);
        int64_t used = (int64_t)(head - tail);
        if (used < 0 || used > (int64_t)size || (head & 7)) { /* head is older than tail: both moved meanwhile */
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

/* The lanes a thread may use, best first: its own, then the largest. Retired ones are passed over. */
struct choice {
    uint32_t lane[LANE_TRIES], n;
    uint32_t wait_lane; /* whose tail is worth waiting for, NO_LANE = none: all timed out */
    uint32_t tail;      /* its low half, read before any of the lanes was found full: a move since then is not missed */
};

/* Lanes that may be used, 0 when the header makes no sense. Pairs with the release after the memory was allocated. */
static inline uint32_t usable_lanes(const struct rt_segment *seg)
{
    uint32_t n = rt_load_acquire(&seg->usable_lanes_mt);
    return n <= RT_SEGMENT_LANES ? n : 0;
}

/* Spreads threads over the lanes; hint 0, a lone thread, gets the largest. */
static inline uint32_t own_lane(uint32_t n, uint32_t hint)
{
    return __builtin_expect(!hint, 1) ? n - 1 : n - 1 - hint % n; /* a division costs 10 ns */
}

static void choose(const struct rt_segment *seg, uint32_t hint, struct choice *c)
{
    uint32_t n = usable_lanes(seg), own = n ? own_lane(n, hint) : NO_LANE;
    *c = (struct choice){.wait_lane = NO_LANE};
    for (uint32_t i = 0; i <= n && n && c->n < LANE_TRIES; i++) {
        uint32_t l = i ? n - i : own;
        if ((i && l == own) || rt_load_relaxed(&seg->lane[l].retired_mt))
            continue;
        c->lane[c->n++] = l;
        if (!rt_load_relaxed(&seg->lane[l].timed_out_mt) &&
            (c->wait_lane == NO_LANE || rt_lane_size(l) > rt_lane_size(c->wait_lane)))
            c->wait_lane = l;
    }
    if (c->wait_lane != NO_LANE)
        c->tail = (uint32_t)rt_load_seq_cst(&seg->lane[c->wait_lane].tail_mt);
}

static uint64_t guest_mono_ns(void)
{
    struct { int64_t s, ns; } t = {0, 0};
    rt_syscall(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, &t);
    return (uint64_t)t.s * 1000000000u + (uint64_t)t.ns;
}

/* Waits until the chosen lane's tail moves, a signal comes or the slice ends. Return: false when the deadline was over before. */
static bool lane_wait(struct rt_segment *seg, const struct choice *c, uint64_t deadline_ns)
{
    struct rt_lane_control *l = &seg->lane[c->wait_lane];
    uint64_t now = guest_mono_ns();
    if (now >= deadline_ns)
        return false;
    uint64_t left = deadline_ns - now;
    struct { int64_t s, ns; } timeout = {0, (int64_t)(left < WAIT_SLICE_NS ? left : WAIT_SLICE_NS)};
    rt_store_seq_cst(&l->waiters_mt, 1); /* pairs with the load after the consumer's store of tail */
    if ((uint32_t)rt_load_seq_cst(&l->tail_mt) == c->tail) {
        RT_TESTPOINT("ring.waits");
        rt_syscall(SYS_futex, &l->tail_mt, FUTEX_WAIT, c->tail, &timeout, 0, 0);
    }
    return true;
}

static bool may_wait(const struct rt_writer *w)
{
    return w->full_wait_ns && !rt_load_relaxed(&w->segment->no_syscall_mt) && !rt_load_relaxed(&w->run->no_wait_mt);
}

/* The thread's own lane is full: tries others, then waits. The bell is rung once, since between two passes the collector waits on it,
 * too; by those who don't wait only when the tail moved since the last ring (timed_out_mt remembers). */
static __attribute__((noinline, cold)) struct rt_record *reserve_slow(const struct rt_writer *w, uint32_t hint, uint32_t bytes,
                                                                      bool privileged, uint64_t busy)
{
    struct rt_segment *seg = w->segment;
    uint64_t deadline_ns = 0;
    uint32_t first_lane = NO_LANE, first_tail = 0;
    struct choice c;

    for (bool last = false;;) {
        choose(seg, hint, &c);
        for (uint32_t i = 0; i < c.n; i++) {
            struct rt_record *r = lane_reserve(seg, c.lane[i], bytes, privileged, busy);
            if (r)
                return r;
        }
        RT_TESTPOINT("ring.full");
        if (last || c.wait_lane == NO_LANE)
            break;
        if (!may_wait(w)) {
            if (!rt_exchange_acq_rel(&seg->lane[c.wait_lane].timed_out_mt, 1))
                ring_bell_slow(w);
            break;
        }
        if (!deadline_ns) {
            deadline_ns = guest_mono_ns() + w->full_wait_ns;
            first_lane = c.wait_lane;
            first_tail = c.tail;
            ring_bell_slow(w);
        }
        last = !lane_wait(seg, &c, deadline_ns);
    }
    if (deadline_ns && c.wait_lane == first_lane && c.tail == first_tail)
        rt_store_relaxed(&seg->lane[first_lane].timed_out_mt, 1); /* it did not move at all */
    return NULL;
}

/* Reserves in the thread's own lane, else in others. Return: NULL = no room anywhere. */
static struct rt_record *reserve_any(const struct rt_writer *w, uint32_t hint, uint32_t bytes, bool privileged, uint64_t busy)
{
    uint32_t n = usable_lanes(w->segment);
    if (__builtin_expect(n == 0, 0))
        return NULL;
    struct rt_record *r = lane_reserve(w->segment, own_lane(n, hint), bytes, privileged, busy);
    return __builtin_expect(!r, 0) ? reserve_slow(w, hint, bytes, privileged, busy) : r;
}

/* A payload: what stands before it, and its pieces. */
struct payload {
    const struct rt_part *head; /* NULL = nothing */
    const struct rt_part *parts;
    unsigned n_parts;
};

static size_t head_bytes(const struct payload *p)
{
    return p->head ? p->head->len : 0;
}

/* @n bytes of the payload from @skip on; the head counts, and comes first. */
static void copy_payload(uint8_t *to, const struct payload *p, size_t skip, size_t n)
{
    if (skip < head_bytes(p)) {
        memcpy(to, p->head->data, p->head->len); /* skip is 0: a head fits a record */
        to += p->head->len;
        n -= p->head->len;
        skip = p->head->len;
    }
    skip -= head_bytes(p);
    const struct rt_part *parts = p->parts;
    unsigned n_parts = p->n_parts;
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
static int write_one(const struct rt_writer *w, const struct rt_writer_thread *t, uint64_t kind, uint64_t mono_ns, bool privileged,
                     const struct payload *p, size_t skip, size_t n, uint32_t seq)
{
    uint32_t bytes = record_bytes(n);
    uint64_t stamp = kind | bytes;
    struct rt_record *r = reserve_any(w, t->lane_hint, bytes, privileged, stamp);
    if (__builtin_expect(!r, 0))
        return RT_WRITE_E_DROPPED;
    r->mono_ns = mono_ns;
    r->pid = w->pid;
    r->tid = t->tid;
    r->thread_seq = seq;
    r->len = (uint32_t)n;
    copy_payload((uint8_t *)(r + 1), p, skip, n);
    RT_TESTPOINT("ring.copied");
    /* Pairs with the acquire in rt_lane_next(): publishes the whole record. */
    rt_store_release(&r->stamp_mt, stamp | RT_STAMP_COMMIT);
    RT_TESTPOINT("ring.committed");
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

/* Adds to what the thread has still to tell. Each field by itself is safe against a signal handler that does the same. */
static void owe(struct rt_writer_thread *t, const struct rt_lost *lost)
{
    rt_add_relaxed(&t->lost.calls, lost->calls);
    rt_add_relaxed(&t->lost.bytes, lost->bytes);
    rt_add_relaxed(&t->lost.lines, lost->lines);
    rt_add_relaxed(&t->lost.seqs, lost->seqs);
}

/* Counts the call from byte @done on as lost, and @seqs numbers that it leaves unused. */
static __attribute__((noinline, cold)) int count_lost(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_stream stream,
                                                      const struct rt_part *parts, unsigned n_parts, size_t done, uint32_t seqs)
{
    struct rt_loss_counter *c = &w->segment->lost[stream < RT_STREAMS ? stream : 0];
    struct rt_lost lost = {.calls = 1, .seqs = seqs};

    count_rest(parts, n_parts, done, &lost.bytes, &lost.lines);
    rt_add_relaxed(&c->calls_mt, 1);
    rt_add_relaxed(&c->bytes_mt, lost.bytes);
    rt_add_relaxed(&c->lines_mt, lost.lines);
    owe(t, &lost);
    return RT_WRITE_E_DROPPED;
}

/* Tells the assembler that numbers of this thread are missing, before its next record. Not more privileged than that record, or a
 * flood of stdout would fill the reserve with LOST records. Return: 0 or RT_WRITE_E_DROPPED. */
static __attribute__((noinline, cold)) int tell_lost(const struct rt_writer *w, struct rt_writer_thread *t, uint64_t mono_ns,
                                                     bool privileged)
{
    struct rt_lost lost = {.seqs = rt_exchange_acq_rel(&t->lost.seqs, 0)};
    struct rt_part part = {&lost, sizeof lost};
    lost.calls = rt_exchange_acq_rel(&t->lost.calls, 0);
    lost.bytes = rt_exchange_acq_rel(&t->lost.bytes, 0);
    lost.lines = rt_exchange_acq_rel(&t->lost.lines, 0);
    struct payload p = {.parts = &part, .n_parts = 1};
    int r = write_one(w, t, RT_STAMP(0, RT_RECORD_LOST, 0, 0), mono_ns, privileged, &p, 0, sizeof lost, rt_bump(&t->seq, 1));
    if (r) {
        lost.seqs++; /* the number of this try */
        owe(t, &lost);
    }
    return r;
}

/* The common case, one part that fits one record, all in line (9 ns less of 33). Return: false = nothing was done. */
static inline __attribute__((always_inline)) bool write_fast(const struct rt_writer *w, struct rt_writer_thread *t, uint64_t kind,
                                                             uint64_t mono_ns, bool privileged, const struct rt_part *head,
                                                             const struct rt_part *part, uint32_t *ret_seq)
{
    size_t head_len = head ? head->len : 0;
    uint32_t bytes = record_bytes(head_len + part->len), n = usable_lanes(w->segment);
    uint64_t stamp = kind | bytes;
    struct rt_record *r = n ? lane_reserve(w->segment, own_lane(n, t->lane_hint), bytes, privileged, stamp) : NULL;
    if (__builtin_expect(!r, 0))
        return false;
    *ret_seq = rt_bump(&t->seq, 1);
    r->mono_ns = mono_ns;
    r->pid = w->pid;
    r->tid = t->tid;
    r->thread_seq = *ret_seq;
    r->len = (uint32_t)(head_len + part->len);
    if (head_len == sizeof(struct rt_call))
        *(struct rt_call *)(void *)(r + 1) = *(const struct rt_call *)head->data;
    else if (head_len == sizeof(uint64_t))
        *(uint64_t *)(void *)(r + 1) = *(const uint64_t *)head->data;
    else if (head)
        memcpy(r + 1, head->data, head_len);
    memcpy((uint8_t *)(r + 1) + head_len, part->data, part->len);
    RT_TESTPOINT("ring.copied");
    /* Pairs with the acquire in rt_lane_next(): publishes the whole record. */
    rt_store_release(&r->stamp_mt, stamp | RT_STAMP_COMMIT);
    RT_TESTPOINT("ring.committed");
    ring_bell(w);
    return true;
}

int rt_ring_write(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_record_type type, enum rt_stream stream, uint32_t flags,
                  uint64_t mono_ns, const struct rt_part *head, const struct rt_part *parts, unsigned n_parts, uint32_t *ret_first_seq,
                  uint32_t *ret_last_seq)
{
    const struct payload p = {head, parts, n_parts};
    const size_t most = RT_PAYLOAD_MOST; /* so that a piece can go anywhere */
    size_t len = head_bytes(&p), done = 0;
    bool privileged = type != RT_RECORD_DATA || (stream != RT_STREAM_STDOUT && stream != RT_STREAM_FILE);
    uint32_t seq;

    flags |= rt_load_relaxed(&w->flags_mt);
    if (__builtin_expect(n_parts == 1 && len + parts->len <= most && !rt_load_relaxed(&t->lost.seqs), 1) &&
        write_fast(w, t, RT_STAMP(0, type, stream, flags), mono_ns, privileged, head, parts, &seq)) {
        if (ret_first_seq)
            *ret_first_seq = seq;
        if (ret_last_seq)
            *ret_last_seq = seq;
        return 0;
    }
    for (unsigned i = 0; i < n_parts; i++)
        len += parts[i].len;
    if (__builtin_expect(rt_load_relaxed(&t->lost.seqs), 0) && tell_lost(w, t, mono_ns, privileged))
        return count_lost(w, t, stream, parts, n_parts, 0, 0);
    /* All numbers at once: a signal handler that writes meanwhile does not come between the pieces. */
    uint32_t pieces = len <= most ? 1 : (uint32_t)((len + most - 1) / most);
    uint32_t first = rt_bump(&t->seq, pieces);
    for (uint32_t i = 0; i < pieces; i++) {
        size_t n = len - done < most ? len - done : most;
        uint32_t of_piece = (i ? flags & ~(uint32_t)RT_FLAGS_CALL : flags) | (i + 1 < pieces ? RT_FLAG_MORE : 0);
        if (write_one(w, t, RT_STAMP(0, type, stream, of_piece), mono_ns, privileged, &p, done, n, first + i))
            return count_lost(w, t, stream, parts, n_parts, done > head_bytes(&p) ? done - head_bytes(&p) : 0, pieces - i);
        done += n;
    }
    ring_bell(w);
    if (ret_first_seq)
        *ret_first_seq = first;
    if (ret_last_seq)
        *ret_last_seq = first + pieces - 1;
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
