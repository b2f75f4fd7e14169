/* retap/reader.h, the reading half. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "encode/rrd_write.h"
#include "recording/arrow_out.h"
#include "recording/log.h"
#include "recording/reader.h"

struct rr_rrd_reader {
    struct rt_rrd_reader *in;
    char *name;            /* for messages */
    struct rt_chunk chunk; /* that was just read and not taken */
    struct rt_activation activation;
    struct rt_store_info info;
    char *application_id, *recording_id, *entity_path; /* of a chunk, which may have been taken */
};

int rt_reader_open_bytes(rr_bytes bytes, struct rt_rrd_reader **ret, struct rt_error *err)
{
    int fd = memfd_create("retap-rrd", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : rt_write_all(fd, bytes.bytes, bytes.length, NULL);
    if (!r && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    if (!r)
        return rt_rrd_reader_open_fd(fd, "bytes", ret, err);
    rt_fd_close(fd);
    return rt_error_set(err, r, "%s", strerror(-r));
}

static rr_error_code fail(const char *name, int r, const struct rt_error *e, rr_error *err)
{
    return rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_FILE_READ, "%s: %s", name,
                   e->message[0] ? e->message : strerror(-r));
}

static rr_rrd_reader *wrap(const char *name, int r, struct rt_rrd_reader *in, struct rt_error *e, rr_error *err)
{
    rr_rrd_reader *reader = r ? NULL : calloc(1, sizeof *reader);
    if (reader) {
        reader->in = in;
        if ((reader->name = strdup(name)))
            return reader;
        free(reader);
    }
    if (!r)
        rt_rrd_reader_free(in);
    fail(name, r ? r : -ENOMEM, e, err);
    return NULL;
}

RR_API rr_rrd_reader *rr_rrd_reader_open(const char *path, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_rrd_reader *in = NULL;
    if (!path) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
        return NULL;
    }
    int r = rt_rrd_reader_open(path, &in, &e);
    return wrap(path, r, in, &e, err);
}

RR_API rr_rrd_reader *rr_rrd_reader_open_bytes(rr_bytes bytes, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_rrd_reader *in = NULL;
    if (!bytes.bytes) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "bytes is NULL");
        return NULL;
    }
    int r = rt_reader_open_bytes(bytes, &in, &e);
    return wrap("bytes", r, in, &e, err);
}

static void forget(rr_rrd_reader *r)
{
    rt_chunk_deinit(&r->chunk);
    free(r->application_id);
    free(r->recording_id);
    free(r->entity_path);
    r->application_id = r->recording_id = r->entity_path = NULL;
}

RR_API rr_rrd_reader *rr_rrd_reader_free(rr_rrd_reader *r)
{
    if (!r)
        return NULL;
    forget(r);
    rt_rrd_reader_free(r->in);
    free(r->name);
    free(r);
    return NULL;
}

RR_API bool rr_rrd_reader_has_footer(const rr_rrd_reader *r)
{
    return r && rt_rrd_reader_has_footer(r->in);
}

/* ---------------------------------------------------------------- messages */

static void say_store(rr_rrd_message *m, const struct rt_store_info *info)
{
    m->store_kind = (rr_store_kind)info->kind;
    m->application_id = info->application_id;
    m->recording_id = info->recording_id;
}

static int read_chunk(rr_rrd_reader *r, const struct rt_frame *frame, rr_rrd_message *m, struct rt_error *err)
{
    int code = rt_chunk_decode(frame, &r->chunk, err);
    if (code)
        return code;
    r->application_id = strdup(r->chunk.application_id);
    r->recording_id = strdup(r->chunk.recording_id);
    r->entity_path = strdup(r->chunk.entity_path);
    if (!r->application_id || !r->recording_id || !r->entity_path)
        return rt_error_set(err, -ENOMEM, "out of memory");
    m->store_kind = (rr_store_kind)r->chunk.store_kind;
    m->application_id = r->application_id;
    m->recording_id = r->recording_id;
    m->entity_path = r->entity_path;
    memcpy(m->chunk_id, r->chunk.id, sizeof m->chunk_id);
    m->is_static = r->chunk.is_static;
    m->n_rows = r->chunk.n_rows;
    return 0;
}

static int read_message(rr_rrd_reader *r, const struct rt_frame *frame, rr_rrd_message *m, struct rt_error *err)
{
    static const uint8_t kinds[] = {[RT_FRAME_SET_STORE_INFO] = RR_RRD_STORE_INFO, [RT_FRAME_ARROW] = RR_RRD_CHUNK,
                                    [RT_FRAME_BLUEPRINT] = RR_RRD_ACTIVATION};
    int code;
    *m = (rr_rrd_message){.struct_size = sizeof *m, .kind = kinds[frame->kind], .offset = frame->offset,
                          .n_bytes = RT_RRD_FRAME_HEADER_BYTES + frame->payload_len};
    if (frame->kind == RT_FRAME_ARROW)
        return read_chunk(r, frame, m, err);
    if (frame->kind == RT_FRAME_SET_STORE_INFO) {
        if (!(code = rt_store_info_decode(frame, &r->info, err)))
            say_store(m, &r->info);
        return code;
    }
    if (!(code = rt_activation_decode(frame, &r->activation, err))) {
        say_store(m, &r->activation.store);
        m->make_active = r->activation.make_active;
        m->make_default = r->activation.make_default;
    }
    return code;
}

RR_API bool rr_rrd_reader_next(rr_rrd_reader *r, rr_rrd_message *ret, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_frame frame;
    rr_rrd_message m;
    if (!r || !ret) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", r ? "ret" : "reader");
        return false;
    }
    if (ret->struct_size != sizeof *ret) {
        rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "struct_size is %u, not that of rr_rrd_message", ret->struct_size);
        return false;
    }
    forget(r);
    int code;
    do
        code = rt_rrd_reader_next(r->in, &frame, &e);
    while (!code && frame.kind == RT_FRAME_END);
    if (code == RT_RRD_E_END)
        return false;
    code = code ? code : read_message(r, &frame, &m, &e);
    if (code) {
        fail(r->name, code, &e, err);
        return false;
    }
    *ret = m;
    return true;
}

RR_API rr_error_code rr_rrd_reader_chunk(rr_rrd_reader *r, struct ArrowSchema *ret_schema, struct ArrowArray *ret_array, rr_error *err)
{
    struct rt_error e = {0};
    if (!r || !ret_schema || !ret_array)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", !r ? "reader" : ret_schema ? "ret_array" : "ret_schema");
    if (!r->chunk.entity_path)
        return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "no chunk was read, or it was taken already");
    int code = rt_arrow_out(&r->chunk, ret_schema, ret_array, &e);
    if (!code)
        return RR_ERROR_CODE_OK;
    return rt_fail(err, code == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s", e.message);
}
