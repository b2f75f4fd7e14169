/* Messages kept for a sink that comes later. With a limit the oldest chunks go first; what a viewer needs to make sense of the rest stays:
 * StoreInfo, static chunks, blueprints. */
#ifndef RT_SINK_HOLD_H
#define RT_SINK_HOLD_H

#include "recording/sink.h"

struct rt_hold {
    struct rt_backlog log; /* in order; list[i] NULL = gone */
    size_t oldest;         /* no chunk that may go is before it */
    size_t n_gone;         /* NULLs in the list */
    uint64_t bytes;        /* of the frames that are there */
    uint64_t limit;        /* of bytes; 0 = none */
};

/* Keeps @m. *ret_lost grows by the rows of chunks that went for it. Return: 0, -ENOMEM. */
int rt_hold_add(struct rt_hold *h, struct rt_log_message *m, uint64_t *ret_lost);
/* Moves everything to *ret, which is empty. */
void rt_hold_move(struct rt_hold *h, struct rt_backlog *ret);
/* Rows of temporal chunks that are there: what is lost when nobody takes them. (A recording's own static row is no loss.) */
uint64_t rt_hold_rows(const struct rt_hold *h);
void rt_hold_deinit(struct rt_hold *h);
/* In a forked child: forgets without freeing, since another thread of the parent may have been at it. */
void rt_hold_forget(struct rt_hold *h);

#endif
