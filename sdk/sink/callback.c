/* An .rrd stream into a function of the program. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/parts.h"

enum { TICK_NS = 200000000 };

struct callback_sink {
    struct rt_sink base;
    void (*fn)(void *ctx, const uint8_t *bytes, size_t n);
    void *ctx;
    uint64_t written;
    struct rt_parts parts;
};

static void call(struct callback_sink *s, const void *bytes, size_t n)
{
    s->fn(s->ctx, bytes, n);
    s->written += n;
}

static int begin(struct callback_sink *s)
{
    struct rt_buf header = {0};
    int r = s->written ? 0 : rt_rrd_stream_header(&header);
    if (!r && header.len)
        call(s, header.data, header.len);
    rt_buf_deinit(&header);
    return r;
}

static int callback_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct callback_sink *s = (struct callback_sink *)sink;
    int r = begin(s);
    r = r ? r : rt_parts_room(&s->parts, m);
    if (r)
        return rt_error_set(err, r, "callback sink: out of memory");
    rt_parts_note(&s->parts, m, s->written);
    call(s, m->frame, m->len);
    return 0;
}

static void callback_abandon(struct rt_sink *sink)
{
    struct callback_sink *s = (struct callback_sink *)sink;
    rt_parts_deinit(&s->parts);
    free(sink->name);
    free(s);
}

static int callback_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    struct callback_sink *s = (struct callback_sink *)sink;
    struct rt_buf end = {0};
    (void)deadline_ns;
    int r = begin(s);
    r = r ? r : rt_parts_end(&s->parts, s->written, &end);
    if (r)
        rt_error_set(err, r, "callback sink: cannot make the footer: %s", strerror(-r));
    else
        call(s, end.data, end.len);
    rt_buf_deinit(&end);
    callback_abandon(sink);
    return r;
}

static struct rt_sink *callback_in_child(struct rt_sink *sink)
{
    (void)sink; /* what the function writes to is the parent's, too */
    return NULL;
}

static const struct rt_sink_ops callback_ops = {
    .kind = "callback",
    .take = callback_take,
    .close = callback_close,
    .in_child = callback_in_child,
    .abandon = callback_abandon,
};

int rt_sink_callback(void (*fn)(void *ctx, const uint8_t *bytes, size_t n), void *ctx, struct rt_sink **ret, struct rt_error *err)
{
    struct callback_sink *s = calloc(1, sizeof *s);
    char *name = s ? strdup("callback") : NULL;
    if (!name) {
        free(s);
        return rt_error_set(err, -ENOMEM, "no memory for a callback sink");
    }
    s->base = (struct rt_sink){.ops = &callback_ops, .name = name, .tick_ns = TICK_NS};
    s->fn = fn;
    s->ctx = ctx;
    *ret = &s->base;
    return 0;
}
