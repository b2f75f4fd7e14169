/* Log lines of signal handlers. A handler may have interrupted anything, a log call of its own thread as well, so these lines have a way of
 * their own: places of fixed size, taken by a cmpxchg, emptied by the worker.
 *
 *   handler: FREE ─▶ WRITING ─▶ READY ─▶ worker: row ─▶ FREE        a handler that never returns keeps its place
 */
#ifndef RT_RECORDING_SAFE_H
#define RT_RECORDING_SAFE_H

#include <rerun.h>

#include "base/slice.h"

/* One line as the worker gets it: valid UTF-8, borrowed during the call. */
struct rt_safe_row {
    rr_recording_stream rec; /* as given: a handle, or RR_CURRENT, which means the global one */
    int64_t time_ns;         /* CLOCK_REALTIME at the call */
    struct rt_slice path;    /* any form the user may write */
    struct rt_slice level;   /* empty: none */
    struct rt_slice text;
};

/* Makes the places; from the first stream on. Return: 0, -ENOMEM: lines are dropped, counted. Threads: any; again is nothing. */
int rt_safe_init(void);
/* Anything to tell? Two relaxed loads; for who drains. */
bool rt_safe_pending(void);
/* Calls @fn for each line that is there, oldest first, and frees its place. Return: how many. Warns once of lines that were dropped.
 * Threads: one at a time. */
uint32_t rt_safe_drain(void (*fn)(void *ctx, const struct rt_safe_row *row), void *ctx);
/* In a forked child: what the parent's handlers wrote is the parent's. */
void rt_safe_in_child(void);

#endif
