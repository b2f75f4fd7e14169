/* What was dropped in shared memory, each call counted once. A segment's counters are told when it is dead, and again
 * when the collector dies between telling and clearing them: what was counted is remembered by segment and owner, so
 * that a second telling adds only what is more. */
#ifndef RT_COLLECT_LOSS_H
#define RT_COLLECT_LOSS_H

#include <stdint.h>

#include "base/buf.h"

struct rt_loss {
    uint64_t calls, bytes, lines;
    uint64_t truncated; /* records cut by the death of their writer */
};

struct rt_counted {
    uint32_t segment, reserved;
    uint64_t owner; /* who had it: a number is given to others later */
    struct rt_loss loss;
};

struct rt_losses {
    struct rt_counted *at; /* segments that lost something */
    uint32_t n;
    size_t cap;
};

/* @told: all that the owner lost by now. *ret_new: what of it was not counted yet. Return: 0 or -ENOMEM. */
int rt_losses_count(struct rt_losses *l, uint32_t segment, uint64_t owner, const struct rt_loss *told,
                    struct rt_loss *ret_new);
void rt_losses_deinit(struct rt_losses *l);

int rt_losses_save(const struct rt_losses *l, struct rt_buf *out);
int rt_losses_load(struct rt_losses *l, const uint8_t *p, size_t n, size_t *ret_used);

#endif
