/* The drain thread: copies lanes to staging, frees them, and does nothing else (a microsecond a line here would slow programs 3 to 7
 * times). It also stages events: what the keeper saw, in order with the records.
 *
 *   pass: every claimed segment, every lane: span → block → position noted → lane freed
 *   next pass after 1 ms while lanes fill by more than an eighth, else 5, backing off to 8 ms; after a second without rows it sleeps on the
 * bell */
#ifndef RT_COLLECT_DRAIN_H
#define RT_COLLECT_DRAIN_H

#include <pthread.h>
#include <stdbool.h>

#include "collect/loss.h"
#include "collect/pool.h"
#include "collect/staging.h"

enum rt_event_kind {
    RT_EVENT_CLOCK = 1, /* mono_ns, real_ns, tick: one instant on all clocks */
    RT_EVENT_DEAD,      /* segment: drained for good; owner, loss */
    RT_EVENT_STATUS,    /* pid, status: wait status of a child of the launcher; rusage */
    RT_EVENT_BAD,       /* segment: contents that no producer of ours writes; dropped */
    RT_EVENT_UNCOVERED, /* n: processes that found the pool empty */
    RT_EVENT_END,       /* nothing follows */
};

struct rt_event {
    uint32_t kind, segment;
    uint32_t pid;
    int32_t status;
    uint64_t mono_ns, real_ns, tick; /* tick: of RT_EVENT_CLOCK; 0 = none */
    double ns_per_tick;
    uint64_t n;
    uint64_t owner;          /* of the segment */
    struct rt_loss loss;     /* of the owner, since it took the segment */
    uint64_t utime_us, stime_us, maxrss_kib;
};

#define RT_EVENTS_QUEUED 64

struct rt_drain {
    struct rt_pool *pool;
    struct rt_staging *staging;
    struct rt_rundir *dir;
    int keeper_fd;               /* eventfd: the keeper is wanted (claims, growth, a drained segment) */
    pthread_t thread;
    pthread_mutex_t lock;        /* event[] and n_events */
    struct rt_event event[RT_EVENTS_QUEUED];
    uint32_t n_events;
    uint32_t stop_mt;            /* 1: one last pass over everything, END, return */
    uint64_t pass_mono_mt;       /* records committed before this time are staged */
    uint32_t staged_mt;          /* futex word: bumped when blocks became visible */
    uint32_t interpreter_waits_mt;
    uint32_t asked_mt;           /* futex word: bumped when somebody waits for what is staged */
    uint32_t asked;              /* rt_run_bell.asked_mt then */
    uint32_t interpreter_gone_mt; /* 1: nobody reads staging any more */
};

void rt_drain_init(struct rt_drain *d, struct rt_pool *pool, struct rt_staging *staging, struct rt_rundir *dir, int keeper_fd);
/* Return: 0 or -errno. */
int rt_drain_start(struct rt_drain *d);
/* Queues an event; it is staged within a pass. Waits when the queue is full. Threads: keeper. */
void rt_drain_event(struct rt_drain *d, const struct rt_event *e);
/* Ends a pause between passes. Threads: any. */
void rt_drain_ring(struct rt_drain *d);
/* Drains everything once more, stages END, ends the thread. Threads: keeper. */
void rt_drain_stop(struct rt_drain *d);
/* Somebody waits. Threads: any. */
void rt_drain_hurry(struct rt_drain *d);
/* Waits up to @timeout_ms until new blocks are visible. Threads: interpreter. */
void rt_drain_wait(struct rt_drain *d, uint32_t seen, int timeout_ms);

#endif
