#include "recording/message.h"

#include "base/array.h"
#include "base/atomic.h"
#include "recording/sink.h"
#include "recording/store.h"

struct rt_log_message *rt_message_new(struct rt_store *store, enum rt_message_type type, size_t len)
{
    struct rt_log_message *m = len > SIZE_MAX - sizeof *m ? NULL : malloc(sizeof *m + len);
    if (!m)
        return NULL;
    *m = (struct rt_log_message){.refs_mt = 1, .type = type, .store = rt_store_ref(store), .len = len};
    return m;
}

struct rt_log_message *rt_message_ref(struct rt_log_message *m)
{
    rt_add_relaxed(&m->refs_mt, 1); /* the caller has one already */
    return m;
}

struct rt_log_message *rt_message_unref(struct rt_log_message *m)
{
    /* acq_rel: what other holders read happens before the last one frees */
    if (!m || rt_add_acq_rel(&m->refs_mt, -1u) != 1)
        return NULL;
    rt_store_unref(m->store);
    rt_chunk_facts_unref(m->facts);
    free(m);
    return NULL;
}

/* ---------------------------------------------------------------- backlog */

int rt_backlog_add(struct rt_backlog *b, struct rt_log_message *m)
{
    if (b->n == b->cap) {
        struct rt_log_message **list = rt_array_grow(b->list, &b->cap, sizeof *list);
        if (!list)
            return -ENOMEM;
        b->list = list;
    }
    b->list[b->n++] = rt_message_ref(m);
    return 0;
}

void rt_backlog_deinit(struct rt_backlog *b)
{
    for (size_t i = 0; i < b->n; i++)
        rt_message_unref(b->list[i]);
    free(b->list);
    *b = (struct rt_backlog){0};
}
