#include "collect/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

bool rt_seen_has(const struct rt_seen *s, uint32_t segment, uint32_t lane, uint64_t pos)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct rt_seen_range *r = &s->at[i];
        if (r->segment == segment && r->lane == lane && pos >= r->from && pos < r->to)
            return true;
    }
    return false;
}

static void drop(struct rt_seen *s, uint32_t i)
{
    s->at[i] = s->at[--s->n];
}

static int push(struct rt_seen *s, struct rt_seen_range range)
{
    if (s->n == s->cap) {
        struct rt_seen_range *at = rt_array_grow(s->at, &s->cap, sizeof *at);
        if (!at)
            return -ENOMEM;
        s->at = at;
    }
    s->at[s->n++] = range;
    return 0;
}

int rt_seen_add(struct rt_seen *s, const struct rt_block *b)
{
    struct rt_seen_range range = {b->segment, b->lane, b->from, b->to};
    for (uint32_t i = 0; i < s->n;) {
        struct rt_seen_range *r = &s->at[i];
        bool here = r->segment == b->segment && r->lane == b->lane;
        if (here && b->late == RT_BLOCK_IN_ORDER && b->from >= r->to) { /* all before such a block is freed */
            drop(s, i);
        } else if (here && b->late != RT_BLOCK_IN_ORDER && range.from <= r->to && r->from <= range.to) {
            range.from = r->from < range.from ? r->from : range.from;
            range.to = r->to > range.to ? r->to : range.to;
            drop(s, i);
            i = 0; /* the wider one may touch others */
        } else {
            i++;
        }
    }
    return b->late == RT_BLOCK_IN_ORDER ? 0 : push(s, range);
}

void rt_seen_forget(struct rt_seen *s, uint32_t segment)
{
    for (uint32_t i = 0; i < s->n;) {
        if (s->at[i].segment == segment)
            drop(s, i);
        else
            i++;
    }
}

void rt_seen_deinit(struct rt_seen *s)
{
    free(s->at);
    *s = (struct rt_seen){0};
}

int rt_seen_save(const struct rt_seen *s, struct rt_buf *out)
{
    int r = rt_buf_append(out, &s->n, sizeof s->n);
    return r ? r : rt_buf_append(out, s->at, s->n * sizeof *s->at);
}

int rt_seen_load(struct rt_seen *s, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint32_t count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    if ((n - sizeof count) / sizeof *s->at < count)
        return -EBADMSG;
    for (uint32_t i = 0; i < count; i++) {
        struct rt_seen_range range;
        memcpy(&range, p + sizeof count + i * sizeof range, sizeof range);
        int r = push(s, range);
        if (r)
            return r;
    }
    *ret_used = sizeof count + count * sizeof *s->at;
    return 0;
}
