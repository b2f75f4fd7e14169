/* Messages on their way to the sinks: each is encoded once and given to all; a change of sinks hands the backlog on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "recording/inside.h"

static int give(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    int r = sink->ops->take(sink, m, err);
    if (r < 0)
        sink->n_lost += m->n_rows;
    return r;
}

int rt_recording_send(struct rt_recording *rec, struct rt_log_message *m, struct rt_error *err)
{
    int first = 0;
    if (!rec->n_sinks)
        rec->dropped += m->n_rows;
    for (uint32_t i = 0; i < rec->n_sinks; i++) {
        int r = give(rec->sinks[i], m, first ? NULL : err);
        first = first ? first : r;
    }
    return first;
}

int rt_recording_deliver(struct rt_recording *rec, struct rt_log_message *m, struct rt_error *err)
{
    m->seq = ++rec->seq;
    int r = rt_recording_send(rec, m, err);
    rt_message_unref(m);
    return r;
}

struct rt_log_message *rt_recording_store_info(struct rt_recording *rec)
{
    struct rt_buf *frame = &rec->encoder.frame;
    struct rt_log_message *m = NULL;
    rt_buf_clear(frame);
    if (rt_rrd_store_info(frame, &rec->store->id, rt_encoder_ids(&rec->encoder, rt_real_ns(), 1)) == 0)
        m = rt_message_new(rec->store, RT_MESSAGE_STORE_INFO, frame->len);
    if (m)
        memcpy(m->frame, frame->data, frame->len);
    return m;
}

/* ---------------------------------------------------------------- sinks come and go */

int rt_recording_add_sink(struct rt_recording *rec, struct rt_sink *sink)
{
    struct rt_sink **sinks = realloc(rec->sinks, (rec->n_sinks + 1) * sizeof *sinks);
    if (!sinks)
        return -ENOMEM;
    rec->sinks = sinks;
    sinks[rec->n_sinks++] = sink;
    return 0;
}

static void abandon(struct rt_sink *sink)
{
    if (sink->ops->abandon)
        sink->ops->abandon(sink);
    else
        sink->ops->close(sink, rt_mono_ns(), NULL);
}

static int close_sinks(struct rt_recording *rec, struct rt_sink **sinks, uint32_t n, uint64_t deadline_ns, struct rt_error *err)
{
    int first = 0;
    for (uint32_t i = 0; i < n; i++) {
        rec->dropped += sinks[i]->n_lost;
        int r = sinks[i]->ops->close(sinks[i], deadline_ns, first ? NULL : err);
        first = first ? first : r;
    }
    free(sinks);
    return first;
}

/* What nobody took yet. Sinks that were set together hold the same messages, so that of the one with most is all. */
static int take_backlog(struct rt_recording *rec, struct rt_backlog *ret)
{
    int r = 0;
    for (uint32_t i = 0; !r && i < rec->n_sinks; i++) {
        struct rt_backlog b = {0};
        if (rec->sinks[i]->ops->backlog)
            r = rec->sinks[i]->ops->backlog(rec->sinks[i], &b);
        if (b.n > ret->n) {
            struct rt_backlog less = *ret;
            *ret = b;
            b = less;
        }
        rt_backlog_deinit(&b);
    }
    return r;
}

/* StoreInfo, then the backlog without those that it already holds. */
static int begin_sink(struct rt_recording *rec, struct rt_sink *sink, struct rt_log_message *info, const struct rt_backlog *backlog,
                      struct rt_error *err)
{
    int first = give(sink, info, err);
    for (size_t i = 0; i < backlog->n; i++) {
        struct rt_log_message *m = backlog->list[i];
        int r = m->type == RT_MESSAGE_STORE_INFO && m->store == rec->store ? 0 : give(sink, m, first ? NULL : err);
        first = first ? first : r;
    }
    return first;
}

static int without_memory(struct rt_sink *const *sinks, uint32_t n, struct rt_log_message *info, struct rt_error *err)
{
    rt_message_unref(info);
    for (uint32_t i = 0; i < n; i++)
        abandon(sinks[i]);
    return rt_error_set(err, -ENOMEM, "no memory for other sinks");
}

int rt_recording_set_sinks(struct rt_recording *rec, struct rt_sink *const *sinks, uint32_t n, uint64_t deadline_ns, struct rt_error *err)
{
    struct rt_sink **list = malloc((n ? n : 1) * sizeof(void *)), **old = rec->sinks;
    struct rt_log_message *info = list ? rt_recording_store_info(rec) : NULL;
    struct rt_backlog backlog = {0};
    uint32_t n_old = rec->n_sinks;
    if (!info) {
        free(list);
        return without_memory(sinks, n, info, err);
    }
    int first = take_backlog(rec, &backlog);
    rt_error_set(first ? err : NULL, first, "messages that wait for a sink are lost: %s", strerror(-first));
    info->seq = ++rec->seq;
    for (uint32_t i = 0; i < n; i++) {
        list[i] = sinks[i];
        list[i]->shared = n > 1;
        int r = begin_sink(rec, list[i], info, &backlog, first ? NULL : err);
        first = first ? first : r;
    }
    rec->sinks = list;
    rec->n_sinks = n;
    rt_backlog_deinit(&backlog);
    rt_message_unref(info);
    int r = close_sinks(rec, old, n_old, deadline_ns, first ? NULL : err);
    first = first ? first : r;
    return first == -ENOMEM ? -ENOBUFS : first; /* -ENOMEM means that the sinks before are still in place */
}

struct rt_recording *rt_recording_in_child(struct rt_recording *parent)
{
    const struct rt_recording_config config = {parent->store->id.application_id, parent->store->id.recording_id, parent->store->kind,
                                               parent->settings, parent->bump};
    struct rt_recording *rec;
    if (rt_recording_new(&config, &rec, NULL))
        return NULL;
    struct rt_sink **list = malloc((parent->n_sinks ? parent->n_sinks : 1) * sizeof(void *));
    uint32_t n = 0;
    for (uint32_t i = 0; list && i < parent->n_sinks; i++) {
        const struct rt_sink_ops *ops = parent->sinks[i]->ops;
        struct rt_sink *sink = ops->in_child ? ops->in_child(parent->sinks[i]) : NULL;
        if (sink)
            list[n++] = sink;
    }
    int r = list ? rt_recording_set_sinks(rec, list, n, 0, NULL) : -ENOMEM;
    free(list);
    return r == -ENOMEM ? rt_recording_free(rec) : rec;
}

/* ---------------------------------------------------------------- all sinks */

int rt_recording_flush_sinks(struct rt_recording *rec, uint64_t deadline_ns, bool sync, struct rt_error *err)
{
    int first = 0;
    for (uint32_t i = 0; i < rec->n_sinks; i++) {
        const struct rt_sink_ops *ops = rec->sinks[i]->ops;
        int r = ops->flush ? ops->flush(rec->sinks[i], deadline_ns, sync, first ? NULL : err) : 0;
        first = first ? first : r;
    }
    return first;
}

uint64_t rt_recording_dropped(const struct rt_recording *rec)
{
    uint64_t n = rec->dropped;
    for (uint32_t i = 0; i < rec->n_sinks; i++)
        n += rec->sinks[i]->n_lost;
    return n;
}

uint64_t rt_recording_written(const struct rt_recording *rec)
{
    for (uint32_t i = 0; i < rec->n_sinks; i++)
        if (rec->sinks[i]->ops->written)
            return rec->sinks[i]->ops->written(rec->sinks[i]);
    return 0;
}

int64_t rt_recording_tick_ns(const struct rt_recording *rec)
{
    int64_t tick = INT64_MAX;
    if (rec->settings.tick_ns)
        return rec->settings.tick_ns;
    for (uint32_t i = 0; i < rec->n_sinks; i++)
        if (rec->sinks[i]->tick_ns && rec->sinks[i]->tick_ns < tick)
            tick = rec->sinks[i]->tick_ns;
    return tick;
}

/* ---------------------------------------------------------------- the end */

int rt_recording_close(struct rt_recording *rec, uint64_t deadline_ns, struct rt_error *err)
{
    int first = rt_recording_flush(rec, err);
    int r = close_sinks(rec, rec->sinks, rec->n_sinks, deadline_ns, first ? NULL : err);
    rec->sinks = NULL;
    rec->n_sinks = 0;
    rt_recording_free(rec);
    return first ? first : r;
}

struct rt_recording *rt_recording_free(struct rt_recording *rec)
{
    if (!rec)
        return NULL;
    for (uint32_t i = 0; i < rec->n_sinks; i++)
        abandon(rec->sinks[i]);
    free(rec->sinks);
    rt_recording_free_builders(rec);
    rt_encoder_deinit(&rec->encoder);
    rt_store_unref(rec->store);
    free(rec);
    return NULL;
}
