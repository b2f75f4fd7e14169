/* Blueprints in files, and from files into streams. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "recording/api.h"
#include "recording/appid.h"
#include "recording/blueprint.h"
#include "recording/foreign.h"
#include "recording/worker.h"
#include "recording/staged.h"

/* ---------------------------------------------------------------- load */

/* Ids of the last blueprint that has chunks, in *ret. */
struct wanted {
    char *recording_id, *application_id;
    bool found;
};

static void wanted_deinit(struct wanted *w)
{
    free(w->recording_id);
    free(w->application_id);
}

static int want(struct wanted *w, const struct rt_chunk *c)
{
    if (c->store_kind != RR_STORE_KIND_BLUEPRINT)
        return 0;
    wanted_deinit(w);
    *w = (struct wanted){strdup(c->recording_id), strdup(c->application_id), true};
    return w->recording_id && w->application_id ? 0 : -ENOMEM;
}

static bool is_wanted(const struct wanted *w, const struct rt_chunk *c)
{
    return c->store_kind == RR_STORE_KIND_BLUEPRINT && !strcmp(c->recording_id, w->recording_id) && !strcmp(c->application_id, w->application_id);
}

/* Reads the file once: with @store NULL to see what is wanted, then for its chunks. */
static int read_file(const char *path, struct wanted *w, struct rt_store *store, struct rt_backlog *ret, struct rt_error *err)
{
    struct rt_rrd_reader *reader;
    struct rt_frame frame;
    int r = rt_rrd_reader_open(path, &reader, err);
    if (r)
        return r;
    while (!(r = rt_rrd_reader_next(reader, &frame, err))) {
        struct rt_chunk c;
        struct rt_log_message *m = NULL;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        if ((r = rt_chunk_decode(&frame, &c, err)))
            break;
        if (!store)
            r = want(w, &c);
        else if (is_wanted(w, &c))
            r = rt_foreign_chunk(store, &frame, &m, err);
        rt_chunk_deinit(&c);
        if (m)
            r = rt_backlog_add(ret, m);
        rt_message_unref(m);
        if (r)
            break;
    }
    rt_rrd_reader_free(reader);
    return r == RT_RRD_E_END ? 0 : r;
}

static int load(rr_blueprint *bp, const char *path, struct rt_error *err)
{
    struct wanted w = {0};
    struct rt_store *store = NULL;
    int r = read_file(path, &w, NULL, NULL, err);
    if (!r && !w.found)
        r = rt_error_set(err, -ENODATA, "there is no blueprint in it");
    if (!r && !(store = rt_store_new(w.application_id, w.recording_id, RR_STORE_KIND_BLUEPRINT)))
        r = -ENOMEM;
    r = r ? r : read_file(path, &w, store, &bp->loaded, err);
    rt_store_unref(store);
    wanted_deinit(&w);
    return r;
}

RR_API rr_blueprint *rr_blueprint_load_rbl(const char *path, rr_error *err)
{
    struct rt_error e = {0};
    if (!path) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
        return NULL;
    }
    rr_blueprint *bp = rr_blueprint_new();
    int r = bp ? load(bp, path, &e) : -ENOMEM;
    if (!r) {
        bp->is_loaded = true;
        return bp;
    }
    rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_FILE_READ, "%s: %s", path,
            e.message[0] ? e.message : strerror(-r));
    return rr_blueprint_free(bp);
}

/* ---------------------------------------------------------------- a loaded one, for another application */

static int add_info(struct rt_store *store, struct rt_backlog *ret)
{
    struct rt_buf frame = {0};
    int r = rt_rrd_store_info(&frame, &store->id, (struct rt_tuid){rt_real_ns(), 1});
    struct rt_log_message *m = r ? NULL : rt_message_new(store, RT_MESSAGE_STORE_INFO, frame.len);
    if (m) {
        memcpy(m->frame, frame.data, frame.len);
        r = rt_backlog_add(ret, m);
        rt_message_unref(m);
    }
    rt_buf_deinit(&frame);
    return r ? r : m ? 0 : -ENOMEM;
}

static int add_chunk(struct rt_store *store, const struct rt_log_message *m, struct rt_backlog *ret, struct rt_error *err)
{
    const struct rt_frame frame = {RT_FRAME_ARROW, 0, m->frame + RT_RRD_FRAME_HEADER_BYTES, m->len - RT_RRD_FRAME_HEADER_BYTES};
    struct rt_log_message *now;
    int r = rt_foreign_chunk(store, &frame, &now, err);
    if (r)
        return r;
    r = rt_backlog_add(ret, now);
    rt_message_unref(now);
    return r;
}

int rt_blueprint_readdress(const rr_blueprint *bp, const char *application_id, bool make_active, bool make_default, struct rt_backlog *ret,
                           struct rt_error *err)
{
    char id[37];
    rt_blueprint_fresh_id(id);
    struct rt_store *store = rt_store_new(application_id, id, RR_STORE_KIND_BLUEPRINT);
    int r = store ? add_info(store, ret) : -ENOMEM;
    for (size_t i = 0; !r && i < bp->loaded.n; i++)
        r = add_chunk(store, bp->loaded.list[i], ret, err);
    if (!r && (make_active || make_default))
        r = rt_blueprint_activation(store, make_active, make_default, ret);
    rt_store_unref(store);
    if (r)
        rt_backlog_deinit(ret);
    return r;
}

/* ---------------------------------------------------------------- save */

static int write_sink(const char *path, const struct rt_backlog *messages, struct rt_error *err)
{
    struct rt_sink *sink;
    int r = rt_sink_file(path, RT_SINK_CREATE, false, &sink, err);
    if (r)
        return r;
    for (size_t i = 0; !r && i < messages->n; i++)
        r = sink->ops->take(sink, messages->list[i], err);
    int end = sink->ops->close(sink, UINT64_MAX, r ? NULL : err);
    return r ? r : end;
}

RR_API rr_error_code rr_blueprint_save_rbl(const rr_blueprint *bp, const char *application_id, const char *path, rr_error *err)
{
    struct rt_backlog messages = {0};
    struct rt_error e = {0};
    if (!application_id || !path)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", application_id ? "path" : "application_id");
    rr_error_code code = rt_string_check(rr_make_string(application_id), "application_id", true, err);
    char *fine = code ? NULL : rt_appid_rewrite(application_id);
    if (!code && !fine)
        code = rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    code = code ? code : rt_blueprint_messages(bp, fine, true, true, &messages, err);
    if (!code && write_sink(path, &messages, &e))
        code = rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "%s", e.message);
    rt_backlog_deinit(&messages);
    free(fine);
    return code;
}

/* ---------------------------------------------------------------- send */

static int send_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    const struct rt_backlog *messages = arg;
    struct rt_recording *rec = rt_stream_recording(s);
    int first = rec ? 0 : -ENOMEM;
    (void)deadline_ns;
    for (size_t i = 0; rec && i < messages->n; i++) {
        int r = rt_recording_send(rec, messages->list[i], first ? NULL : err);
        first = first ? first : r;
    }
    return first;
}

RR_API rr_error_code rr_recording_stream_send_blueprint(rr_recording_stream rec, const rr_blueprint *bp, bool make_active, bool make_default,
                                                        rr_error *err)
{
    struct rt_backlog messages = {0};
    struct rt_error e = {0};
    struct rt_stream *s;
    rr_error_code code = rr_blueprint_error(bp, err);
    if (code || (code = rt_stream_get(rec, &s, err)) || !s)
        return code;
    if (s->owner)
        code = rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "an owner stream takes text rows and columns only");
    else if (rt_is_staged(s))
        code = rt_staged_refuse("a blueprint", err);
    else if (s->enabled)
        code = rt_blueprint_messages(bp, s->config.application_id, make_active, make_default, &messages, err);
    if (!code && messages.n) {
        int r = rt_worker_do(send_work, s, &messages, RT_FOREVER, &e);
        code = r ? rt_stream_fail(r, &e, err) : RR_ERROR_CODE_OK;
    }
    rt_backlog_deinit(&messages);
    rt_stream_unref(s, true, NULL);
    return code;
}
