#include "sink/hold.h"

#include <errno.h>
#include <rerun.h>
#include <stdlib.h>

#include "recording/store.h"

static bool may_go(const struct rt_log_message *m)
{
    return m && m->type == RT_MESSAGE_CHUNK && !m->is_static && m->store->kind != RR_STORE_KIND_BLUEPRINT;
}

/* Closes the gaps when half of the list is gaps. */
static void pack(struct rt_hold *h)
{
    size_t n = 0;
    if (h->n_gone * 2 < h->log.n)
        return;
    for (size_t i = 0; i < h->log.n; i++) {
        if (i == h->oldest)
            h->oldest = n;
        if (h->log.list[i])
            h->log.list[n++] = h->log.list[i];
    }
    h->log.n = n;
    h->n_gone = 0;
    if (h->oldest > n)
        h->oldest = n;
}

/* Lets the oldest chunk go. Return: its rows, -1 = there is none. */
static int64_t drop_oldest(struct rt_hold *h, size_t end)
{
    while (h->oldest < end && !may_go(h->log.list[h->oldest]))
        h->oldest++;
    if (h->oldest == end)
        return -1;
    struct rt_log_message *m = h->log.list[h->oldest];
    int64_t rows = m->n_rows;
    h->log.list[h->oldest++] = NULL;
    h->n_gone++;
    h->bytes -= m->len;
    rt_message_unref(m);
    return rows;
}

int rt_hold_add(struct rt_hold *h, struct rt_log_message *m, uint64_t *ret_lost)
{
    int64_t rows;
    int r = rt_backlog_add(&h->log, m);
    if (r < 0)
        return r;
    h->bytes += m->len;
    while (h->limit && h->bytes > h->limit && (rows = drop_oldest(h, h->log.n - 1)) >= 0) /* never the newest */
        *ret_lost += (uint64_t)rows;
    pack(h);
    return 0;
}

void rt_hold_move(struct rt_hold *h, struct rt_backlog *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < h->log.n; i++)
        if (h->log.list[i])
            h->log.list[n++] = h->log.list[i];
    h->log.n = n;
    *ret = h->log;
    rt_hold_forget(h);
}

uint64_t rt_hold_rows(const struct rt_hold *h)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < h->log.n; i++)
        rows += may_go(h->log.list[i]) ? h->log.list[i]->n_rows : 0;
    return rows;
}

void rt_hold_deinit(struct rt_hold *h)
{
    struct rt_backlog all;
    rt_hold_move(h, &all);
    rt_backlog_deinit(&all);
}

void rt_hold_forget(struct rt_hold *h)
{
    *h = (struct rt_hold){.limit = h->limit};
}
