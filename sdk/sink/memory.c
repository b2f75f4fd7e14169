/* A recording in memory, read by the program itself. What is not read goes to the sink that is set next, as from a buffered sink. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "sink/parts.h"

enum { TICK_NS = 200000000 };

struct memory_sink {
    struct rt_sink base;
    struct rt_backlog log;   /* not read yet */
    struct rt_backlog infos; /* every StoreInfo so far, one a store: what is read later begins with it, too */
};

static struct memory_sink *of(struct rt_sink *sink)
{
    return (struct memory_sink *)sink;
}

static bool knows(const struct rt_backlog *b, const struct rt_store *store, enum rt_message_type type)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->list[i]->store == store && b->list[i]->type == type)
            return true;
    return false;
}

static int memory_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct memory_sink *s = of(sink);
    int r = 0;
    if (m->type == RT_MESSAGE_STORE_INFO && !knows(&s->infos, m->store, RT_MESSAGE_STORE_INFO))
        r = rt_backlog_add(&s->infos, m);
    r = r ? r : rt_backlog_add(&s->log, m);
    return r < 0 ? rt_error_set(err, r, "no memory to keep what is logged") : 0;
}

static int memory_backlog(struct rt_sink *sink, struct rt_backlog *ret)
{
    *ret = of(sink)->log;
    of(sink)->log = (struct rt_backlog){0};
    return 0;
}

void rt_sink_memory_unref(struct rt_sink *sink)
{
    /* acq_rel: whoever frees sees what the other did before */
    if (!sink || rt_add_acq_rel(&sink->refs_mt, -1u) != 1)
        return;
    rt_backlog_deinit(&of(sink)->log);
    rt_backlog_deinit(&of(sink)->infos);
    free(sink->name);
    free(sink);
}

static int memory_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    (void)deadline_ns;
    (void)err;
    rt_sink_memory_unref(sink);
    return 0;
}

/* Empty, and the child's handle reads it; the parent may have been changing the lists. */
static struct rt_sink *memory_in_child(struct rt_sink *sink)
{
    of(sink)->log = of(sink)->infos = (struct rt_backlog){0};
    sink->n_lost = 0;
    return sink;
}

static const struct rt_sink_ops memory_ops = {
    .kind = "memory",
    .take = memory_take,
    .backlog = memory_backlog,
    .close = memory_close,
    .in_child = memory_in_child,
};

int rt_sink_memory(struct rt_sink **ret, struct rt_error *err)
{
    struct memory_sink *s = calloc(1, sizeof *s);
    char *name = s ? strdup("memory") : NULL;
    if (!name) {
        free(s);
        return rt_error_set(err, -ENOMEM, "no memory for a memory sink");
    }
    s->base = (struct rt_sink){.ops = &memory_ops, .name = name, .tick_ns = TICK_NS, .quick = true, .refs_mt = 2};
    *ret = &s->base;
    return 0;
}

/* ---------------------------------------------------------------- reading */

size_t rt_sink_memory_count(const struct rt_sink *sink)
{
    return ((const struct memory_sink *)sink)->log.n;
}

static int add_all(struct rt_backlog *to, const struct rt_backlog *from)
{
    int r = 0;
    for (size_t i = 0; !r && i < from->n; i++)
        r = rt_backlog_add(to, from->list[i]);
    return r;
}

/* StoreInfo of stores with chunks here whose own was read before. */
static int add_infos(struct rt_backlog *to, const struct memory_sink *s)
{
    int r = 0;
    for (size_t i = 0; !r && i < s->infos.n; i++) {
        struct rt_log_message *info = s->infos.list[i];
        if (!knows(&s->log, info->store, RT_MESSAGE_STORE_INFO) && knows(&s->log, info->store, RT_MESSAGE_CHUNK))
            r = rt_backlog_add(to, info);
    }
    return r;
}

int rt_sink_memory_read(struct rt_sink *sink, const struct rt_backlog *before, struct rt_buf *out)
{
    struct memory_sink *s = of(sink);
    struct rt_backlog all = {0};
    int r = before ? add_all(&all, before) : 0;
    r = r ? r : add_infos(&all, s);
    r = r ? r : add_all(&all, &s->log);
    r = r ? r : rt_parts_whole(&all, out);
    rt_backlog_deinit(&all);
    return r;
}

void rt_sink_memory_empty(struct rt_sink *sink)
{
    rt_backlog_deinit(&of(sink)->log);
}
