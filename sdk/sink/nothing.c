/* The sink of set_sinks with none: every message is done with at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording/sink.h"

enum { TICK_NS = 1000000000 }; /* nobody waits for it */

static int nothing_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    (void)sink;
    (void)m;
    (void)err;
    return 0;
}

static int nothing_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    (void)deadline_ns;
    (void)err;
    free(sink->name);
    free(sink);
    return 0;
}

static struct rt_sink *nothing_in_child(struct rt_sink *sink)
{
    return sink;
}

static const struct rt_sink_ops nothing_ops = {
    .kind = "nothing",
    .take = nothing_take,
    .close = nothing_close,
    .in_child = nothing_in_child,
};

int rt_sink_nothing(struct rt_sink **ret, struct rt_error *err)
{
    struct rt_sink *s = calloc(1, sizeof *s);
    char *name = s ? strdup("nothing") : NULL;
    if (!name) {
        free(s);
        return rt_error_set(err, -ENOMEM, "no memory for a sink");
    }
    *s = (struct rt_sink){.ops = &nothing_ops, .name = name, .tick_ns = TICK_NS, .quick = true};
    *ret = s;
    return 0;
}
