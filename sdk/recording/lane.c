#include "recording/lane.h"

#include <sys/mman.h>

#include "base/futex.h"

static struct rt_ring *ring_new(struct rt_lanes *lanes, uint32_t size)
{
    size_t n = sizeof(struct rt_ring) + size;
    struct rt_ring *r = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED)
        return NULL;
    r->size = size;
    rt_add_relaxed(&lanes->bytes_mt, size);
    return r;
}

static void ring_free(struct rt_lanes *lanes, struct rt_ring *r)
{
    rt_add_relaxed(&lanes->bytes_mt, -(uint64_t)r->size);
    munmap(r, sizeof *r + r->size);
}

/* ---------------------------------------------------------------- the list */

static struct rt_lane *take_free(struct rt_lanes *lanes)
{
    /* pairs with the cmpxchg in lane_new(): the lane is whole before it is seen */
    for (struct rt_lane *l = rt_load_acquire(&lanes->first_mt); l; l = l->next) {
        uint32_t want = RT_LANE_FREE;
        if (rt_load_relaxed(&l->state_mt) == RT_LANE_FREE && rt_cas_seq_cst(&l->state_mt, &want, RT_LANE_USED))
            return l;
    }
    return NULL;
}

static struct rt_lane *lane_new(struct rt_lanes *lanes)
{
    size_t n = (sizeof(struct rt_lane) + 4095) & ~(size_t)4095;
    uint32_t size = rt_load_relaxed(&lanes->bytes_mt) + RT_RING_START > RT_LANES_MOST ? RT_RING_SMALL : RT_RING_START;
    struct rt_lane *l = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct rt_ring *r = l == MAP_FAILED ? NULL : ring_new(lanes, size);
    if (!r) {
        if (l != MAP_FAILED)
            munmap(l, n);
        return NULL;
    }
    l->write = l->read = r;
    l->state_mt = RT_LANE_USED;
    l->number = rt_add_relaxed(&lanes->n_mt, 1) + 1;
    l->next = rt_load_acquire(&lanes->first_mt);
    while (!rt_cas_seq_cst(&lanes->first_mt, &l->next, l))
        ;
    return l;
}

struct rt_lane *rt_lane_take(struct rt_lanes *lanes)
{
    struct rt_lane *l = take_free(lanes);
    return l ? l : lane_new(lanes);
}

/* ---------------------------------------------------------------- producer */

void *rt_lane_reserve_slow(struct rt_lane *l, uint32_t n)
{
    struct rt_ring *r = l->write, *more = rt_load_relaxed(&l->offer_mt);
    if (more) {
        more = rt_exchange_acq_rel(&l->offer_mt, (struct rt_ring *)NULL);
        rt_store_release(&r->next_mt, more); /* pairs with the acquire in rt_lane_peek(); r is the worker's from here on */
        l->write = r = more;
        l->head = l->tail_seen = 0;
        return rt_lane_reserve(l, n);
    }
    /* pairs with the release in rt_lane_advance() */
    uint64_t tail = rt_load_acquire(&r->tail_mt);
    uint32_t room = r->size - ((uint32_t)l->head & (r->size - 1));
    l->tail_seen = tail;
    return r->size - (l->head - tail) < (n <= room ? n : (uint64_t)room + n) ? NULL : rt_lane_reserve(l, n);
}

void rt_lane_wait(struct rt_lane *l, unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    uint64_t tail = l->tail_seen;
    rt_store_seq_cst(&l->full_mt, 1);
    /* The worker stores tail, then looks at full: one of the two sees the other. */
    if (rt_load_seq_cst(&l->write->tail_mt) == tail && !rt_load_seq_cst(&l->offer_mt))
        rt_futex_private(&l->full_mt, FUTEX_WAIT, 1, &t);
    rt_store_relaxed(&l->full_mt, 0);
}

/* ---------------------------------------------------------------- worker */

struct rt_lane_mark rt_lane_mark(const struct rt_lane *l)
{
    const struct rt_ring *r = l->read, *next;
    while ((next = rt_load_acquire(&r->next_mt)))
        r = next;
    return (struct rt_lane_mark){r, rt_load_acquire(&r->head_mt)};
}

const struct rt_rec *rt_lane_peek(struct rt_lane *l, struct rt_lanes *lanes, struct rt_lane_mark end)
{
    for (;;) {
        struct rt_ring *r = l->read, *next;
        uint64_t tail = rt_load_relaxed(&r->tail_mt); /* only this thread writes it */
        if (r == end.ring && tail == end.head)
            return NULL;
        next = rt_load_acquire(&r->next_mt); /* before head: nothing is written to r after next is set */
        if (tail == rt_load_acquire(&r->head_mt)) {
            if (!next)
                return NULL;
            l->read = next;
            ring_free(lanes, r);
            continue;
        }
        const struct rt_rec *rec = (const struct rt_rec *)(const void *)(r->data + (tail & (r->size - 1)));
        if (rec->type != RT_REC_PAD)
            return rec;
        rt_store_release(&r->tail_mt, tail + rec->bytes);
    }
}

bool rt_lane_is_empty(const struct rt_lane *l)
{
    return rt_load_acquire(&l->read->head_mt) == rt_load_relaxed(&l->read->tail_mt) && !rt_load_acquire(&l->read->next_mt);
}

static void offer(struct rt_lane *l, struct rt_lanes *lanes, uint64_t drained)
{
    uint32_t size = l->read->size, most = l->waited ? RT_RING_MOST : RT_RING_GROWN;
    if (size >= most || (drained < size / 4 && !l->waited) || rt_load_relaxed(&l->offer_mt) || rt_load_relaxed(&l->read->next_mt))
        return;
    size *= 4;
    if (rt_load_relaxed(&lanes->bytes_mt) + size > RT_LANES_MOST)
        return;
    struct rt_ring *r = ring_new(lanes, size);
    if (r)
        rt_store_seq_cst(&l->offer_mt, r);
}

void rt_lane_after(struct rt_lane *l, struct rt_lanes *lanes, uint64_t drained)
{
    uint32_t used = RT_LANE_ORPHAN;
    if (drained)
        offer(l, lanes, drained);
    rt_store_seq_cst(&l->read->tail_mt, rt_load_relaxed(&l->read->tail_mt)); /* before full is looked at: see rt_lane_wait() */
    if (rt_load_seq_cst(&l->full_mt)) {
        l->waited = true;
        offer(l, lanes, drained);
        rt_store_relaxed(&l->full_mt, 0);
        rt_futex_private(&l->full_mt, FUTEX_WAKE, 1, NULL);
    }
    /* pairs with rt_lane_leave(): all that the thread wrote is visible */
    if (rt_load_acquire(&l->state_mt) == RT_LANE_ORPHAN && rt_lane_is_empty(l))
        rt_cas_seq_cst(&l->state_mt, &used, RT_LANE_FREE);
}
