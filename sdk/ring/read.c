#include "ring/read.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>

#include "base/atomic.h"
#include "base/guest.h"
#include "base/testpoint.h"

static struct rt_lane_control *control_of(const struct rt_lane_reader *l)
{
    return &l->segment->lane[l->lane];
}

static uint64_t *word_at(const struct rt_lane_reader *l, uint64_t pos)
{
    uint8_t *base = (uint8_t *)l->segment + rt_lane_offset(l->lane);
    return (uint64_t *)(void *)(base + (pos & (rt_lane_size(l->lane) - 1)));
}

/* Zeroes [from, to) of the ring (G2). */
static void zero_range(const struct rt_lane_reader *l, uint64_t from, uint64_t to)
{
    uint32_t size = rt_lane_size(l->lane);
    while (from < to) {
        uint64_t n = size - (from & (size - 1));
        if (n > to - from)
            n = to - from;
        memset(word_at(l, from), 0, n);
        from += n;
    }
}

/* Gives [.., to), in which nothing is open, to the producers and wakes those that wait for it. */
static void free_until(struct rt_lane_reader *l, uint64_t to)
{
    struct rt_lane_control *c = control_of(l);
    zero_range(l, l->pos, to);
    l->pos = l->scan = to;
    RT_TESTPOINT("ring.zeroed");
    if (l->retired) { /* whatever was incomplete lies behind now */
        l->retired = false;
        rt_store_relaxed(&c->retired_mt, 0);
    }
    /* Pairs with the acquire in lane_reserve(); seq_cst because the waiters flag is looked at next (a waiter stores it, then reads tail).
     */
    rt_store_seq_cst(&c->tail_mt, to);
    rt_store_relaxed(&c->timed_out_mt, 0);
    if (rt_load_seq_cst(&c->waiters_mt) && rt_exchange_acq_rel(&c->waiters_mt, 0))
        rt_syscall(SYS_futex, &c->tail_mt, FUTEX_WAKE, INT_MAX, 0, 0, 0);
    RT_TESTPOINT("ring.freed");
}

void rt_lane_reader_init(struct rt_lane_reader *l, struct rt_segment *segment, uint32_t lane, uint64_t pos)
{
    *l = (struct rt_lane_reader){.segment = segment, .lane = lane};
    uint64_t tail = rt_load_acquire(&control_of(l)->tail_mt);
    rt_store_relaxed(&control_of(l)->retired_mt, 0);
    l->pos = l->scan = tail;
    if (pos <= tail)
        return;
    if (pos - tail <= rt_lane_size(lane))
        free_until(l, pos);
    else
        l->pos = l->scan = pos; /* G5: somebody wrote over tail */
}

/* A complete or announced record at @pos whose length can be believed: inside the lane, not past @end. Return: bytes or 0. */
static uint32_t stamp_bytes(const struct rt_lane_reader *l, uint64_t pos, uint64_t end, uint64_t stamp)
{
    uint32_t bytes = RT_STAMP_BYTES(stamp), size = rt_lane_size(l->lane), type = RT_STAMP_TYPE(stamp);
    uint32_t least = type == RT_RECORD_PAD ? 8 : sizeof(struct rt_record);
    uint32_t offset = (uint32_t)(pos & (size - 1));
    if (bytes < least || bytes % 8 || bytes > size - offset || bytes > end - pos || type == RT_RECORD_NONE || type >= RT_RECORD_TYPES)
        return 0;
    return bytes;
}

/* First word that is not zero in (pos, end); end when there is none. Nobody writes payload before its stamp, so it is a stamp. */
static uint64_t next_stamp(const struct rt_lane_reader *l, uint64_t pos, uint64_t end)
{
    for (pos += 8; pos < end; pos += 8)
        if (rt_load_acquire(word_at(l, pos)))
            return pos;
    return end;
}

/* Length of the incomplete record at scan. *ret 0: not known yet. Return: 0 or -EBADMSG. */
static int hole_bytes(struct rt_lane_reader *l, uint64_t head, bool dead, uint32_t *ret)
{
    uint64_t stamp = rt_load_acquire(word_at(l, l->scan));
    *ret = 0;
    if (stamp) {
        *ret = stamp_bytes(l, l->scan, head, stamp);
        return *ret ? 0 : -EBADMSG;
    }
    uint64_t next = next_stamp(l, l->scan, head);
    if (dead || (next < head && next == l->candidate && !rt_load_acquire(word_at(l, l->scan))))
        *ret = (uint32_t)(next - l->scan);
    l->candidate = next < head ? next : 0; /* believed when the word is still unstamped one pass later */
    return 0;
}

/* The record at scan is incomplete: wait, retire the lane, or, when the segment is dead, skip it. Return: 1 = look again, 0, -EBADMSG. */
static int at_incomplete(struct rt_lane_reader *l, uint64_t now_ns, uint64_t head, bool dead)
{
    uint32_t bytes;
    if (!l->stuck_ns)
        l->stuck_ns = now_ns ? now_ns : 1;
    if (!dead && now_ns - l->stuck_ns < RT_RETIRE_NS)
        return 0;
    int r = hole_bytes(l, head, dead, &bytes);
    if (r < 0)
        return r;
    if (dead) {
        l->truncated++;
        l->stuck_ns = 0;
        l->n_holes = 0;
        free_until(l, l->scan + bytes);
        return 1;
    }
    l->retired = true;
    rt_store_relaxed(&control_of(l)->retired_mt, 1);
    if (!bytes || l->n_holes == RT_HOLES)
        return 0;
    l->hole[l->n_holes++] = (struct rt_hole){.pos = l->scan, .bytes = bytes};
    l->scan += bytes;
    l->stuck_ns = l->candidate = 0;
    return 1;
}

/* A committed record inside hole @h. *ret_open: incomplete ones passed on the way. Return: 1, 0, -EBADMSG. */
static int find_late(const struct rt_lane_reader *l, struct rt_hole *h, bool dead, uint32_t *ret_open, struct rt_lane_span *ret)
{
    uint64_t p = h->pos, end = h->pos + h->bytes;
    *ret_open = 0;
    while (p < end) {
        uint64_t stamp = rt_load_acquire(word_at(l, p)), next;
        if (stamp) {
            uint32_t bytes = stamp_bytes(l, p, end, stamp);
            if (!bytes)
                return -EBADMSG;
            next = p + bytes;
            if (stamp & RT_STAMP_COMMIT) {
                *ret = (struct rt_lane_span){(const uint8_t *)word_at(l, p), p, next, true};
                return 1;
            }
        } else {
            next = next_stamp(l, p, end);
            if (!dead && next < end && (next > h->seen || rt_load_acquire(word_at(l, p)))) {
                h->seen = next; /* perhaps payload of a record at p that is being stamped right now: one pass later it is clear */
                return 0;
            }
        }
        *ret_open += 1;
        p = next;
    }
    return 0;
}

/* A record in a hole that was completed after all; when dead, the holes without one are given up. Return: 1, 0, -EBADMSG. */
static int next_late(struct rt_lane_reader *l, bool dead, struct rt_lane_span *ret)
{
    uint32_t open, all_open = 0;
    for (uint32_t i = 0; i < l->n_holes; i++) {
        struct rt_hole *h = &l->hole[i];
        int r = find_late(l, h, dead, &open, ret);
        bool splits = r > 0 && ret->from > h->pos && ret->to < h->pos + h->bytes;
        if (r < 0 || (r > 0 && (dead || !splits || l->n_holes < RT_HOLES)))
            return r;
        all_open += open;
    }
    if (dead && l->n_holes) {
        l->truncated += all_open;
        l->n_holes = 0;
        free_until(l, l->scan);
    }
    return 0;
}

int rt_lane_next(struct rt_lane_reader *l, uint64_t now_ns, bool dead, struct rt_lane_span *ret)
{
    struct rt_lane_control *c = control_of(l);
    uint32_t size = rt_lane_size(l->lane);
    uint64_t head = rt_load_acquire(&c->head_mt);

    if (head - l->pos > size || head < l->scan || ((head | l->pos) & 7))
        return -EBADMSG;
    if (l->n_holes) {
        int r = next_late(l, dead, ret);
        if (r)
            return r;
    }
    for (;;) {
        uint64_t p = l->scan;
        while (p < head) {
            /* Pairs with the release in write_one(). */
            uint64_t stamp = rt_load_acquire(word_at(l, p));
            if (!(stamp & RT_STAMP_COMMIT))
                break;
            uint32_t bytes = stamp_bytes(l, p, head, stamp);
            if (!bytes)
                return -EBADMSG;
            p += bytes;
            if (!(p & (size - 1)))
                break; /* a span does not wrap */
        }
        if (p > l->scan) {
            *ret = (struct rt_lane_span){(const uint8_t *)word_at(l, l->scan), l->scan, p, false};
            l->stuck_ns = l->candidate = 0;
            return 1;
        }
        if (p >= head)
            return 0;
        int r = at_incomplete(l, now_ns, head, dead);
        if (r <= 0)
            return r;
    }
}

/* Takes [from, to) out of hole @i: what lies before and behind it are holes of their own. */
static void hole_cut(struct rt_lane_reader *l, uint32_t i, uint64_t from, uint64_t to)
{
    struct rt_hole before = l->hole[i], behind = l->hole[i];
    before.bytes = (uint32_t)(from - before.pos);
    behind.bytes = (uint32_t)(behind.pos + behind.bytes - to);
    behind.pos = to;
    if (before.bytes && behind.bytes && l->n_holes == RT_HOLES) {
        l->truncated++; /* only when dead: nothing will complete there */
        before.bytes = 0;
    }
    l->hole[i] = before.bytes ? before : behind;
    if (before.bytes && behind.bytes)
        l->hole[l->n_holes++] = behind;
    else if (!before.bytes && !behind.bytes)
        l->hole[i] = l->hole[--l->n_holes];
}

void rt_lane_done(struct rt_lane_reader *l, const struct rt_lane_span *span)
{
    if (!span->late) {
        if (l->n_holes)
            l->scan = span->to;
        else
            free_until(l, span->to);
        return;
    }
    for (uint32_t i = 0; i < l->n_holes; i++) {
        if (span->from >= l->hole[i].pos && span->from < l->hole[i].pos + l->hole[i].bytes) {
            hole_cut(l, i, span->from, span->to);
            break;
        }
    }
    if (!l->n_holes)
        free_until(l, l->scan);
}

bool rt_lane_idle(const struct rt_lane_reader *l)
{
    return rt_load_seq_cst(&control_of(l)->head_mt) == l->scan;
}

uint32_t rt_record_check(const uint8_t *p, size_t n)
{
    uint64_t stamp;
    if (n < 8)
        return 0;
    memcpy(&stamp, p, 8);
    uint32_t bytes = RT_STAMP_BYTES(stamp), type = RT_STAMP_TYPE(stamp);
    if (!(stamp & RT_STAMP_COMMIT) || bytes > n || bytes % 8 || type == RT_RECORD_NONE || type >= RT_RECORD_TYPES)
        return 0;
    if (type == RT_RECORD_PAD)
        return bytes >= 8 ? bytes : 0;
    struct rt_record r;
    if (bytes < sizeof r)
        return 0;
    memcpy(&r, p, sizeof r);
    return r.len <= bytes - sizeof r ? bytes : 0;
}
