/* What was already read out of retired lanes. Nothing is freed there while a record is open, and the position table stays at the open one,
 * so a restarted collector reads the rest of the lane again. A record is known by (segment, lane, position): these are the ranges delivered
 * before. */
#ifndef RT_COLLECT_SEEN_H
#define RT_COLLECT_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "collect/staging.h"

struct rt_seen_range {
    uint32_t segment, lane;
    uint64_t from, to; /* positions */
};

struct rt_seen {
    struct rt_seen_range *at;
    uint32_t n;
    size_t cap;
};

/* Was the record at @pos delivered before? */
bool rt_seen_has(const struct rt_seen *s, uint32_t segment, uint32_t lane, uint64_t pos);
/* The block is delivered: a range is kept when its lane has open records, and forgotten when the lane has gone on behind it. Return: 0 or
 * -ENOMEM. */
int rt_seen_add(struct rt_seen *s, const struct rt_block *b);
/* The segment is dead. */
void rt_seen_forget(struct rt_seen *s, uint32_t segment);
void rt_seen_deinit(struct rt_seen *s);

int rt_seen_save(const struct rt_seen *s, struct rt_buf *out);
int rt_seen_load(struct rt_seen *s, const uint8_t *p, size_t n, size_t *ret_used);

#endif
