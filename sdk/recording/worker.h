/* The worker: one thread a process, from the first row on, that empties the lanes and writes. All signals are blocked in it, its stack has
 * 256 KiB, its name is retap-worker.
 *
 * Nobody wakes it for a row. It naps until the next tick of a stream with rows, a millisecond under load, and is woken by a lane that is
 * half full, by a row of level ERROR or above, and, after a second without any row, by the first one. */
#ifndef RT_RECORDING_WORKER_H
#define RT_RECORDING_WORKER_H

#include "recording/core.h"

/* How deep it sleeps; and what a caller rings for: who rings for a thing wakes it from that depth on. */
enum {
    RT_BELL_AWAKE,
    RT_BELL_SHORT, /* at most 10 ms: only a lane that fills is worth a call */
    RT_BELL_NAP,   /* … and an urgent row */
    RT_BELL_SLEEP, /* … and any row */
    RT_RING_FILLING = RT_BELL_SHORT,
    RT_RING_URGENT = RT_BELL_NAP,
    RT_RING_ROW = RT_BELL_SLEEP,
};

void rt_worker_ring_slow(void);
/* After a row was committed. @why: RT_RING_*. */
static inline void rt_worker_ring(uint32_t why)
{
    if (rt_load_relaxed(&rt_core.worker.bell_mt) >= why)
        rt_worker_ring_slow();
}
/* Starts it, once. Blocks: no. */
void rt_worker_start_slow(void);
static inline void rt_worker_start(void)
{
    if (rt_load_relaxed(&rt_core.worker.started_mt) != 1)
        rt_worker_start_slow();
}
/* Is the caller inside a callback of the library's own work? Then it must not wait for it. */
bool rt_worker_is_me(void);

/* What the worker is asked. It runs with the work lock held and all lanes drained. */
typedef int (*rt_work)(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err);
/**
 * Has @work done for @s (may be NULL) and waits for it; without a worker it is done here.
 * @timeout_sec: < 0 = as long as bytes move, else at most so long; then -ETIMEDOUT, and the work is done later: @arg must be a heap object that
 * the work frees, or NULL, unless @timeout_sec is infinite.
 * Return: what it returned; -ETIMEDOUT; -EDEADLK when the caller is the worker.
 */
int rt_worker_do(rt_work work, struct rt_stream *s, void *arg, double timeout_sec, struct rt_error *err);
#define RT_FOREVER 1e18
/* The same, not waited for. Return: false: there is no worker, or no memory; nothing was done. */
bool rt_worker_begin(rt_work work, struct rt_stream *s);
/* Where no thread could be started the caller empties all lanes in its place. Return: false, nothing was done, when there is a worker. */
bool rt_worker_stand_in(void);
/* Gives a stream without a count to the worker, which ends it. */
void rt_worker_retire(struct rt_stream *s);
/* Drains all lanes to the heads they have now. Work lock held. */
void rt_worker_drain(void);
void rt_worker_init(void);
/* In a forked child: no worker, new locks. */
void rt_worker_in_child(void);

#endif
