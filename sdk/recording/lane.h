/* Lanes: how rows get from the threads that log to the worker. Each logging thread has one, alone: a ring of records in private memory with
 * one producer and one consumer. No two logging threads write one cache line.
 *
 *   thread ─▶ [ rec | rec | pad ] ring 64 KiB ─next─▶ [ rec … ] ring 256 KiB      worker reads them in this order
 *
 * A record begins at a multiple of 8 with struct rt_rec and never wraps; what does not fit before the end of the ring is left to a pad.
 * The worker offers a larger ring when it finds much in one (64 KiB, 256 KiB, 1 MiB; 4 MiB when the thread had to wait), as long as all rings
 * together have less than RT_LANES_MOST bytes; the producer changes over when it is short of room. A lane belongs to a thread until that ends
 * and to the next new thread once it is drained; lanes are never freed, they stand on a list that only grows.
 *
 * Synchronisation: record → worker: release store of head, acquire load. Worker → room: release store of tail, acquire load. Ring → ring:
 * release store of next, after which the producer never touches the old ring. List of lanes: cmpxchg of its head. */
#ifndef RT_RECORDING_LANE_H
#define RT_RECORDING_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

#define RT_RING_START  (64u << 10)
#define RT_RING_GROWN  (1u << 20)
#define RT_RING_MOST   (4u << 20)
#define RT_LANES_MOST  (32u << 20) /* bytes of all rings beyond which none grows; threads that come then get RT_RING_SMALL */
#define RT_RING_SMALL  (16u << 10)
#define RT_RECORD_MOST (RT_RING_SMALL / 4) /* bytes of a record in a ring; larger ones stand elsewhere (RT_REC_OUTSIDE) */

enum rt_rec_type {
    RT_REC_PAD,
    RT_REC_ROW,     /* recording/record.h */
    RT_REC_COLUMNS, /* struct rt_moved_columns *, the worker frees it */
    RT_REC_OUTSIDE, /* pointer to a record that is too large for the ring; the worker frees it */
};

struct rt_rec {
    uint32_t bytes; /* of the whole record, a multiple of 8 */
    uint16_t type;  /* enum rt_rec_type */
    uint16_t flags;
};

struct rt_ring {
    _Alignas(64) uint64_t head_mt; /* bytes ever written */
    _Alignas(64) uint64_t tail_mt; /* bytes ever read */
    _Alignas(64) struct rt_ring *next_mt;
    uint32_t size; /* of data; a power of 2 */
    _Alignas(64) uint8_t data[];
};

enum rt_lane_state { RT_LANE_FREE, RT_LANE_USED, RT_LANE_ORPHAN /* its thread has ended: free once drained */ };

struct rt_lane {
    /* the producer's */
    struct rt_ring *write;
    uint64_t head, tail_seen;   /* head runs ahead of head_mt only between reserve and commit */
    uint64_t last_ns, last_id_ns, n_rows; /* for row ids */
    uint32_t number;            /* of the lane, from 1: 0 is for rows of no lane */
    /* both sides', seldom written */
    _Alignas(64) uint32_t state_mt; /* enum rt_lane_state */
    uint32_t full_mt;               /* futex word: 1 = the producer waits for room */
    struct rt_ring *offer_mt;
    /* the worker's */
    _Alignas(64) struct rt_ring *read;
    bool waited;                    /* the producer was found waiting */
    struct rt_lane *next;           /* in the list */
};

/* All lanes of the process. A forked child starts an empty one. */
struct rt_lanes {
    struct rt_lane *first_mt;
    uint32_t n_mt;
    uint64_t bytes_mt; /* of all rings */
};

/* A lane for the calling thread: a free one or a new one. Return: NULL without memory. Threads: any. */
struct rt_lane *rt_lane_take(struct rt_lanes *lanes);
/* The thread has no more to say. */
static inline void rt_lane_leave(struct rt_lane *l)
{
    rt_store_release(&l->state_mt, RT_LANE_ORPHAN);
}

void *rt_lane_reserve_slow(struct rt_lane *l, uint32_t n);
/* Room for a record of @n bytes (a multiple of 8, at most RT_RECORD_MOST) in the owner's lane. Return: NULL when it is full.
 * Threads: owner. Blocks: never. */
static inline void *rt_lane_reserve(struct rt_lane *l, uint32_t n)
{
    struct rt_ring *r = l->write;
    uint32_t at = (uint32_t)l->head & (r->size - 1), room = r->size - at;
    if (r->size - (l->head - l->tail_seen) < (n <= room ? n : (uint64_t)room + n))
        return rt_lane_reserve_slow(l, n);
    if (n > room) {
        *(struct rt_rec *)(void *)(r->data + at) = (struct rt_rec){.bytes = room, .type = RT_REC_PAD};
        l->head += room;
        at = 0;
    }
    return r->data + at;
}
/* The record that was reserved is complete. */
static inline void rt_lane_commit(struct rt_lane *l, uint32_t n)
{
    l->head += n;
    /* pairs with the acquire in rt_lane_peek() */
    rt_store_release(&l->write->head_mt, l->head);
}
/* More than half full? Then it is time to wake the worker. */
static inline bool rt_lane_is_filling(struct rt_lane *l)
{
    if (l->head - l->tail_seen <= l->write->size / 2)
        return false;
    l->tail_seen = rt_load_acquire(&l->write->tail_mt); /* pairs with the release in rt_lane_advance() */
    return l->head - l->tail_seen > l->write->size / 2;
}
/* After reserve said full: waits until the worker made room, at most @ms. */
void rt_lane_wait(struct rt_lane *l, unsigned ms);

/* ---------------------------------------------------------------- the worker's side */

/* How far a lane has been written: reading ends there, or it would never end. */
struct rt_lane_mark {
    const struct rt_ring *ring;
    uint64_t head;
};
struct rt_lane_mark rt_lane_mark(const struct rt_lane *l);
/* The next record before @end. Return: NULL when all is read. */
const struct rt_rec *rt_lane_peek(struct rt_lane *l, struct rt_lanes *lanes, struct rt_lane_mark end);
/* It is done with; its room is the producer's after rt_lane_release(). */
static inline void rt_lane_advance(struct rt_lane *l, const struct rt_rec *rec)
{
    rt_store_release(&l->read->tail_mt, rt_load_relaxed(&l->read->tail_mt) + rec->bytes);
}
/* Wakes a producer that waits, frees the lane of a thread that has ended, offers a larger ring when @drained bytes of this pass were many. */
void rt_lane_after(struct rt_lane *l, struct rt_lanes *lanes, uint64_t drained);
/* Nothing to read? (one acquire load) */
bool rt_lane_is_empty(const struct rt_lane *l);

#endif
