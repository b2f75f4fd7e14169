/* What is logged before there is a sink: kept until one is set. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/hold.h"

enum { TICK_NS = 200000000 };

struct buffered_sink {
    struct rt_sink base;
    struct rt_hold hold;
};

static int buffered_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct buffered_sink *b = (struct buffered_sink *)sink;
    int r = rt_hold_add(&b->hold, m, &sink->n_lost);
    return r < 0 ? rt_error_set(err, r, "no memory for what is logged before a sink is set") : 0;
}

static int buffered_backlog(struct rt_sink *sink, struct rt_backlog *ret)
{
    rt_hold_move(&((struct buffered_sink *)sink)->hold, ret);
    return 0;
}

static int buffered_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    struct buffered_sink *b = (struct buffered_sink *)sink;
    uint64_t rows = rt_hold_rows(&b->hold);
    (void)deadline_ns;
    rt_hold_deinit(&b->hold);
    free(sink->name);
    free(sink);
    return rows ? rt_error_set(err, -ENODATA, "%llu rows were logged and never given to a file or another sink", (unsigned long long)rows) : 0;
}

static struct rt_sink *buffered_in_child(struct rt_sink *sink)
{
    rt_hold_forget(&((struct buffered_sink *)sink)->hold);
    sink->n_lost = 0;
    return sink;
}

static const struct rt_sink_ops buffered_ops = {
    .kind = "buffered",
    .take = buffered_take,
    .backlog = buffered_backlog,
    .close = buffered_close,
    .in_child = buffered_in_child,
};

int rt_sink_buffered(uint64_t limit_bytes, struct rt_sink **ret, struct rt_error *err)
{
    struct buffered_sink *b = calloc(1, sizeof *b);
    char *name = b ? strdup("buffer") : NULL;
    if (!name) {
        free(b);
        return rt_error_set(err, -ENOMEM, "no memory for a buffered sink");
    }
    b->base = (struct rt_sink){.ops = &buffered_ops, .name = name, .tick_ns = TICK_NS, .quick = true};
    b->hold.limit = limit_bytes;
    *ret = &b->base;
    return 0;
}
