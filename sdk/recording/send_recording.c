/* A recording in a file becomes part of a stream: its chunks, in pieces, so that rows of others get their turn between them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "recording/api.h"
#include "recording/foreign.h"
#include "recording/inside.h"
#include "recording/reader.h"
#include "recording/worker.h"
#include "recording/staged.h"

enum {
    PIECE_FRAMES = 256,
    PIECE_BYTES = 4 << 20,
};

/* Copies of frames on their way to the worker. */
struct piece {
    struct rt_buf bytes;
    struct part {
        enum rt_frame_kind kind;
        uint64_t offset; /* in the file */
        size_t at, len;  /* of the payload in bytes */
    } parts[PIECE_FRAMES];
    uint32_t n;
    struct rt_store **blueprints; /* stores of the file, by id; owned */
    size_t n_blueprints, cap_blueprints;
};

static void piece_free(struct piece *p)
{
    for (size_t i = 0; i < p->n_blueprints; i++)
        rt_store_unref(p->blueprints[i]);
    free(p->blueprints);
    rt_buf_deinit(&p->bytes);
    free(p);
}

/* The file's blueprint of these ids, sent on for @application_id. NULL without memory. */
static struct rt_store *blueprint_of(struct piece *p, const char *application_id, const char *recording_id)
{
    for (size_t i = 0; i < p->n_blueprints; i++)
        if (!strcmp(p->blueprints[i]->id.recording_id, recording_id))
            return p->blueprints[i];
    if (p->n_blueprints == p->cap_blueprints) {
        struct rt_store **list = rt_array_grow(p->blueprints, &p->cap_blueprints, sizeof *list);
        if (!list)
            return NULL;
        p->blueprints = list;
    }
    struct rt_store *s = rt_store_new(application_id, recording_id, RR_STORE_KIND_BLUEPRINT);
    if (s)
        p->blueprints[p->n_blueprints++] = s;
    return s;
}

/* A frame that is sent on as it is: StoreInfo and activation of a blueprint. */
static int send_frame(struct rt_recording *rec, struct rt_store *store, enum rt_message_type type, const struct rt_frame *frame,
                      struct rt_error *err)
{
    const uint64_t head[2] = {frame->kind, frame->payload_len};
    struct rt_log_message *m = store ? rt_message_new(store, type, sizeof head + frame->payload_len) : NULL;
    if (!m)
        return -ENOMEM;
    memcpy(m->frame, head, sizeof head);
    memcpy(m->frame + sizeof head, frame->payload, frame->payload_len);
    int r = rt_recording_send(rec, m, err);
    rt_message_unref(m);
    return r;
}

static int send_chunk(struct rt_recording *rec, struct piece *p, const struct rt_frame *frame, struct rt_error *err)
{
    struct rt_log_message *m = NULL;
    struct rt_chunk c;
    int r = rt_chunk_decode(frame, &c, err);
    if (r)
        return r < 0 ? r : -EBADMSG;
    bool is_blueprint = c.store_kind == RR_STORE_KIND_BLUEPRINT;
    struct rt_store *store = is_blueprint ? blueprint_of(p, c.application_id, c.recording_id) : rec->store;
    rt_chunk_deinit(&c);
    r = store ? rt_foreign_chunk(store, frame, &m, err) : -ENOMEM;
    if (r)
        return r;
    if (!is_blueprint)
        return rt_recording_deliver(rec, m, err); /* takes it */
    r = rt_recording_send(rec, m, err);
    rt_message_unref(m);
    return r;
}

static int send_part(struct rt_recording *rec, struct piece *p, const struct rt_frame *frame, struct rt_error *err)
{
    struct rt_store_info info;
    struct rt_activation activation;
    switch (frame->kind) {
    case RT_FRAME_ARROW:
        return send_chunk(rec, p, frame, err);
    case RT_FRAME_SET_STORE_INFO: /* the recording's own is dropped: its chunks are this stream's now */
        if (rt_store_info_decode(frame, &info, err))
            return -EBADMSG;
        return info.kind != RR_STORE_KIND_BLUEPRINT
            ? 0 : send_frame(rec, blueprint_of(p, info.application_id, info.recording_id), RT_MESSAGE_STORE_INFO, frame, err);
    case RT_FRAME_BLUEPRINT:
        if (rt_activation_decode(frame, &activation, err))
            return -EBADMSG;
        return send_frame(rec, blueprint_of(p, activation.store.application_id, activation.store.recording_id), RT_MESSAGE_ACTIVATE, frame, err);
    default:
        return 0;
    }
}

static int send_work(struct rt_stream *s, void *arg, uint64_t deadline_ns, struct rt_error *err)
{
    struct piece *p = arg;
    struct rt_recording *rec = rt_stream_recording(s);
    int r = rec ? 0 : -ENOMEM;
    (void)deadline_ns;
    for (uint32_t i = 0; !r && i < p->n; i++) {
        const struct rt_frame frame = {p->parts[i].kind, p->parts[i].offset, p->bytes.data + p->parts[i].at, p->parts[i].len};
        r = send_part(rec, p, &frame, err);
    }
    return r;
}

/* ---------------------------------------------------------------- in the caller's thread */

static rr_error_code failed(const char *name, int r, const struct rt_error *e, rr_error *err)
{
    rr_error_code code = r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY
        : r > 0 || r == -EBADMSG || r == -ENOTSUP ? RR_ERROR_CODE_FILE_READ : RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE;
    return rt_fail(err, code, "%s: %s", name, e->message[0] ? e->message : strerror(r < 0 ? -r : EBADMSG));
}

static int flush_piece(struct rt_stream *s, struct piece *p, struct rt_error *err)
{
    int r = p->n ? rt_worker_do(send_work, s, p, RT_FOREVER, err) : 0;
    p->n = 0;
    rt_buf_clear(&p->bytes);
    return r;
}

static int add_frame(struct piece *p, const struct rt_frame *frame)
{
    p->parts[p->n] = (struct part){frame->kind, frame->offset, p->bytes.len, frame->payload_len};
    int r = rt_buf_append(&p->bytes, frame->payload, frame->payload_len);
    while (!r && p->bytes.len % 8) /* Arrow bodies want to be aligned */
        r = rt_buf_append(&p->bytes, "", 1);
    p->n += !r;
    return r;
}

static int send_all(struct rt_stream *s, struct rt_rrd_reader *in, struct piece *p, struct rt_error *err)
{
    struct rt_frame frame;
    int r, sent = 0;
    while (!(r = rt_rrd_reader_next(in, &frame, err)) && !sent) {
        sent = add_frame(p, &frame);
        if (!sent && (p->n == PIECE_FRAMES || p->bytes.len >= PIECE_BYTES))
            sent = flush_piece(s, p, err);
    }
    if (sent)
        return sent;
    struct rt_error e = {0};
    sent = flush_piece(s, p, &e); /* what is before a cut, too */
    if (sent && r == RT_RRD_E_END)
        *err = e;
    return r != RT_RRD_E_END ? r : sent;
}

static rr_error_code send_from(rr_recording_stream rec, const char *name, struct rt_rrd_reader *in, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_stream *s;
    rr_error_code code = rt_stream_get(rec, &s, err);
    if (code || !s) {
        rt_rrd_reader_free(in);
        return code;
    }
    if (rt_is_staged(s)) {
        rt_rrd_reader_free(in);
        rt_stream_unref(s, true, NULL);
        return rt_staged_refuse("another recording", err);
    }
    struct piece *p = calloc(1, sizeof *p);
    int r = !p ? -ENOMEM : s->enabled && !s->owner ? send_all(s, in, p, &e) : 0;
    if (s->owner)
        code = rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "an owner stream takes text rows and columns only");
    if (r)
        code = r == -EDEADLK ? rt_stream_fail(r, &e, err) : failed(name, r, &e, err);
    if (p)
        piece_free(p);
    rt_rrd_reader_free(in);
    rt_stream_unref(s, true, NULL);
    return code;
}

RR_API rr_error_code rr_recording_stream_send_recording(rr_recording_stream rec, const char *path, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_rrd_reader *in = NULL;
    if (!path)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    int r = rt_rrd_reader_open(path, &in, &e);
    return r ? failed(path, r < 0 && r != -ENOMEM ? -EBADMSG : r, &e, err) : send_from(rec, path, in, err);
}

RR_API rr_error_code rr_recording_stream_send_recording_bytes(rr_recording_stream rec, rr_bytes bytes, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_rrd_reader *in = NULL;
    if (!bytes.bytes)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "bytes is NULL");
    int r = rt_reader_open_bytes(bytes, &in, &e);
    return r ? failed("bytes", r < 0 && r != -ENOMEM ? -EBADMSG : r, &e, err) : send_from(rec, "bytes", in, err);
}
