#include "collect/loss.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Return: NULL without memory. */
static struct rt_counted *counted_of(struct rt_losses *l, uint32_t segment, uint64_t owner)
{
    uint32_t i = 0;
    while (i < l->n && l->at[i].segment != segment)
        i++;
    if (i == l->n) {
        if (l->n == l->cap) {
            struct rt_counted *at = rt_array_grow(l->at, &l->cap, sizeof *at);
            if (!at)
                return NULL;
            l->at = at;
        }
        l->at[l->n++] = (struct rt_counted){.segment = segment, .owner = owner};
    }
    struct rt_counted *c = &l->at[i];
    if (c->owner != owner)
        *c = (struct rt_counted){.segment = segment, .owner = owner};
    return c;
}

/* Counters that are cleared one by one may be told half: what is less adds nothing. */
static uint64_t advance(uint64_t *counted, uint64_t told)
{
    uint64_t more = told > *counted ? told - *counted : 0;
    *counted += more;
    return more;
}

int rt_losses_count(struct rt_losses *l, uint32_t segment, uint64_t owner, const struct rt_loss *told,
                    struct rt_loss *ret_new)
{
    *ret_new = (struct rt_loss){0};
    if (!(told->calls | told->bytes | told->lines | told->truncated))
        return 0;
    struct rt_counted *c = counted_of(l, segment, owner);
    if (!c)
        return -ENOMEM;
    ret_new->calls = advance(&c->loss.calls, told->calls);
    ret_new->bytes = advance(&c->loss.bytes, told->bytes);
    ret_new->lines = advance(&c->loss.lines, told->lines);
    ret_new->truncated = advance(&c->loss.truncated, told->truncated);
    return 0;
}

void rt_losses_deinit(struct rt_losses *l)
{
    free(l->at);
    *l = (struct rt_losses){0};
}

int rt_losses_save(const struct rt_losses *l, struct rt_buf *out)
{
    int r = rt_buf_append(out, &l->n, sizeof l->n);
    return r ? r : rt_buf_append(out, l->at, l->n * sizeof *l->at);
}

int rt_losses_load(struct rt_losses *l, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint32_t count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    if ((n - sizeof count) / sizeof *l->at < count)
        return -EBADMSG;
    for (uint32_t i = 0; i < count; i++) {
        struct rt_counted saved, *c;
        memcpy(&saved, p + sizeof count + i * sizeof saved, sizeof saved);
        if (!(c = counted_of(l, saved.segment, saved.owner)))
            return -ENOMEM;
        *c = saved;
    }
    *ret_used = sizeof count + count * sizeof *l->at;
    return 0;
}
