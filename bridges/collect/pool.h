/* The pool: makes segments ahead of need, grows those in use, tells dead from alive, takes dead ones back.
 *
 *   made → POOL (file in pool/, offered in the run page) → LIVE (claimed) → DEAD (lease granted: no process maps it)
 *        → DRAINED (drain thread has read all) → POOL again
 *
 * Dead or alive is asked of the kernel: a write lease on our only descriptor is granted when no other open file or mapping exists.
 * Threads: the keeper owns the pool; the drain thread reads segments and their state, moves POOL → LIVE and DEAD → DRAINED only. */
#ifndef RT_COLLECT_POOL_H
#define RT_COLLECT_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/rundir.h"
#include "collect/staging.h"
#include "ring/read.h"

enum rt_segment_state { RT_SEGMENT_POOL, RT_SEGMENT_LIVE, RT_SEGMENT_DEAD, RT_SEGMENT_DRAINED, RT_SEGMENT_BAD };

struct rt_pool_segment {
    uint32_t number, state_mt;
    int fd;
    struct rt_segment *map;
    struct rt_lane_reader reader[RT_SEGMENT_LANES];
    uint32_t lanes_mt, n_scratch; /* how many have memory */
    bool is_named;       /* keeper: the run page names it */
    uint32_t grow_mt;   /* lanes that the drain thread wants usable */
    uint32_t faulted_mt; /* a page of it could not be read: somebody cut the file */
    uint32_t bad_mt;     /* what is in it can't be believed: nothing is read from it any more */
    uint64_t live_ns;    /* drain: since when it is LIVE */
    uint64_t taken_ns;  /* keeper: since when the file is out of pool/ without an owner; 0 = it is not */
};

struct rt_pool {
    struct rt_rundir *dir;
    struct rt_pool_segment *segment[RT_SEGMENTS_MAX]; /* by number - 1; published with n_mt */
    uint32_t n_mt;
    uint32_t n_offered;  /* that the run page names */
    uint32_t n_waiting;  /* after the last replenishing */
    uint32_t pace;       /* how many were taken between two, lately */
    bool out_of_memory; /* the last try to make one failed: retried later */
};

/* Opens what is there (@recover: positions come from @staging) and fills the pool. */
int rt_pool_init(struct rt_pool *p, struct rt_rundir *d, const struct rt_staging *staging, bool recover, struct rt_error *err);
void rt_pool_deinit(struct rt_pool *p);

/* Makes or takes back segments until enough are offered; grows what asks for it. Threads: keeper. */
void rt_pool_replenish(struct rt_pool *p);

/* Asks of every live segment whether it is dead; marks those. Takes back what a claimer left that died before it was the owner. @now_ns:
 * CLOCK_MONOTONIC. Return: segments in use, or dead and not yet read. Threads: keeper. */
uint32_t rt_pool_check_leases(struct rt_pool *p, uint64_t now_ns);

/* Called by the SIGBUS handler: maps zeros over the page at @addr when it belongs to a segment. Return: true when it did. Signals: safe. */
bool rt_pool_fault(struct rt_pool *p, void *addr);

static inline struct rt_backlog *rt_pool_backlog(const struct rt_pool_segment *s, uint32_t i)
{
    return (struct rt_backlog *)(void *)((uint8_t *)s->map + RT_BACKLOG_OFFSET + i * RT_BACKLOG_BYTES);
}
static inline uint32_t rt_segment_state(const struct rt_pool_segment *s)
{
    return __atomic_load_n(&s->state_mt, __ATOMIC_ACQUIRE);
}

#endif
