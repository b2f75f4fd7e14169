/* The public functions: handles to recordings, struct rt_error to rr_error. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "recording/appid.h"
#include "recording/recording.h"
#include "version.h"

#define RR_API __attribute__((visibility("default")))

/* recordings open at once, less one: slot 0 stays free, so that no handle is 0 */
enum { SLOT_BITS = 8, N_SLOTS = 1 << SLOT_BITS };

/* A handle is generation << SLOT_BITS | slot: one that was closed is told from its successor. */
static struct {
    struct rt_recording *recording_mt;
    uint32_t generation; /* under the lock; read by users of a handle, which is not closed meanwhile */
} slots[N_SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct rt_recording *lookup(rr_recording_stream handle)
{
    uint32_t slot = handle & (N_SLOTS - 1);
    /* pairs with the release in insert() */
    struct rt_recording *rec = rt_load_acquire(&slots[slot].recording_mt);
    return rec && slots[slot].generation == handle >> SLOT_BITS ? rec : NULL;
}

/* Return: 0 when all are taken. */
static rr_recording_stream insert(struct rt_recording *rec)
{
    rr_recording_stream handle = 0;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 1; i < N_SLOTS && !handle; i++)
        if (!rt_load_relaxed(&slots[i].recording_mt)) {
            slots[i].generation = (slots[i].generation + 1) & (UINT32_MAX >> SLOT_BITS);
            handle = slots[i].generation << SLOT_BITS | i;
            rt_store_release(&slots[i].recording_mt, rec);
        }
    pthread_mutex_unlock(&lock);
    return handle;
}

/* Takes the recording out of its slot: the handle is gone. */
static struct rt_recording *take(rr_recording_stream handle)
{
    pthread_mutex_lock(&lock);
    struct rt_recording *rec = lookup(handle);
    if (rec)
        rt_store_release(&slots[handle & (N_SLOTS - 1)].recording_mt, (struct rt_recording *)NULL);
    pthread_mutex_unlock(&lock);
    return rec;
}

static rr_error_code fail(rr_error *err, rr_error_code code, const char *text)
{
    if (err) {
        err->code = code;
        snprintf(err->description, sizeof err->description, "%s", text);
    }
    return code;
}

static rr_error_code no_handle(rr_error *err)
{
    return fail(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "no such recording stream");
}

/* @r of an internal function into a public code; -EINVAL is the caller's mistake, all else is @otherwise. */
static rr_error_code translate(int r, const struct rt_error *e, rr_error_code otherwise, rr_error *err)
{
    rr_error_code code = otherwise;
    if (!r)
        return RR_ERROR_CODE_OK;
    if (r == -ENOMEM)
        code = RR_ERROR_CODE_OUT_OF_MEMORY;
    if (r == -EINVAL)
        code = RR_ERROR_CODE_INVALID_STRING_ARGUMENT;
    return fail(err, code, e->message[0] ? e->message : strerror(-r));
}

/* ---------------------------------------------------------------- open and close */

RR_API const char *rr_retap_version(void)
{
    return RETAP_VERSION;
}

RR_API rr_stream_options rr_stream_options_default(const char *application_id)
{
    return (rr_stream_options){.struct_size = sizeof(rr_stream_options), .application_id = application_id};
}

/* "rec_" and 32 hex digits; caller frees. */
static char *random_id(void)
{
    uuid_t id;
    char *p = malloc(4 + 32 + 1);
    uuid_generate_random(id);
    for (int i = 0; p && i < 16; i++)
        sprintf(p + 4 + 2 * i, "%02x", id[i]);
    return p ? memcpy(p, "rec_", 4) : NULL;
}

static int begin_file(struct rt_recording *rec, const rr_stream_options *o, struct rt_error *err)
{
    struct rt_sink *sink;
    int r = rt_sink_file(o->save, RT_SINK_CREATE, o->compact_at_close != 2, &sink, err);
    r = r ? r : rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, err);
    if (r || o->send_properties == 2)
        return r;
    return rt_recording_properties(rec, o->start_time_ns ? o->start_time_ns : (int64_t)rt_real_ns(), o->recording_name, err);
}

static int open_file(const rr_stream_options *o, struct rt_recording **ret, struct rt_error *err)
{
    char *application = rt_appid_rewrite(o->application_id);
    char *id = o->recording_id && o->recording_id[0] ? strdup(o->recording_id) : random_id();
    struct rt_recording *rec = NULL;
    const struct rt_recording_config config = {application, id, RR_STORE_KIND_RECORDING, rt_settings_read(), true};
    int r = application && id ? rt_recording_new(&config, &rec, err) : rt_error_set(err, -ENOMEM, "%s: out of memory", o->save);
    free(application);
    free(id);
    if (!r)
        r = o->resume ? rt_recording_resume(rec, o->save, o->resume_bytes, o->compact_at_close != 2, err) : begin_file(rec, o, err);
    *ret = r ? rt_recording_free(rec) : rec;
    return r;
}

RR_API rr_recording_stream rr_recording_stream_open(const rr_stream_options *options, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_recording *rec = NULL;
    if (!options || !options->application_id || !options->save) {
        fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options, application_id and save must be given");
        return 0;
    }
    if (options->struct_size != sizeof *options || !options->application_id[0]) {
        fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE,
             options->application_id[0] ? "struct_size is not that of rr_stream_options"
                 : "application_id is empty");
        return 0;
    }
    int r = open_file(options, &rec, &e);
    if (r) {
        fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE,
             e.message);
        return 0;
    }
    rr_recording_stream handle = insert(rec);
    if (!handle) {
        rt_recording_free(rec);
        fail(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "too many recordings are open");
    }
    return handle;
}

RR_API rr_error_code rr_recording_stream_close(rr_recording_stream handle, float timeout_sec, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_recording *rec = take(handle);
    (void)timeout_sec; /* the file sink is synchronous */
    if (!rec)
        return no_handle(err);
    return translate(rt_recording_close(rec, UINT64_MAX, &e), &e, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, err);
}

RR_API void rr_recording_stream_abandon(rr_recording_stream handle)
{
    rt_recording_free(take(handle));
}

RR_API void rr_recording_stream_flush_blocking(rr_recording_stream handle, float timeout_sec, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_recording *rec = lookup(handle);
    (void)timeout_sec;
    if (!rec)
        no_handle(err);
    else
        translate(rt_recording_flush(rec, &e), &e, RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE, err);
}

/* ---------------------------------------------------------------- rows */

#ifndef NDEBUG
/* Well-formed UTF-8 (Unicode, table 3-7). */
static bool is_utf8(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint8_t c = p[i++];
        unsigned more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 &&
            c < 0xF5 ? 3 : 9;
        uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F
            : 0xBF;
        if (more > n - i || (more && (p[i] < low || p[i] > high)))
            return false;
        for (unsigned k = 1; k < more; k++)
            if ((p[i + k] & 0xC0) != 0x80)
                return false;
        i += more;
    }
    return true;
}

static bool text_is_utf8(const rr_text_batch *b)
{
    for (uint32_t i = 0; i < b->n_rows; i++) {
        uint32_t n = b->text_offsets[i + 1] - b->text_offsets[i]; /* text may be NULL when all rows are empty */
        if (n && !is_utf8((const uint8_t *)b->text + b->text_offsets[i], n))
            return false;
    }
    return true;
}
#endif

RR_API rr_error_code rr_text_columns(rr_recording_stream handle, const char *entity_path,
                                     const rr_text_batch *batch, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_recording *rec = lookup(handle);
    if (!rec)
        return no_handle(err);
    if (!entity_path || !batch || (batch->n_rows && (!batch->log_time_ns || !batch->text_offsets)) ||
        (batch->n_columns && !batch->columns))
        return fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT,
                    "entity_path, batch, its times, texts and columns must be given");
    if (batch->struct_size != sizeof *batch)
        return fail(err, RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE,
                    "struct_size is not that of rr_text_batch");
#ifndef NDEBUG
    if (!text_is_utf8(batch))
        return fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "text is not UTF-8");
#endif
    return translate(rt_recording_append(rec, entity_path, batch, &e), &e,
                     RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, err);
}

RR_API rr_error_code rr_log_columns(rr_recording_stream handle, const char *entity_path, uint32_t n_rows,
                                    const int64_t *log_time_ns,
                                    const rr_column *columns, uint32_t n_columns, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_recording *rec = lookup(handle);
    const rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = n_rows, .log_time_ns = log_time_ns,
                                 .columns = columns, .n_columns = n_columns};
    if (!rec)
        return no_handle(err);
    if (!entity_path || !columns || !n_columns)
        return fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "entity_path and columns must be given");
    int r = log_time_ns ? rt_recording_append(rec, entity_path, &batch, &e)
        : rt_recording_append_static(rec, entity_path, &batch, &e);
    return translate(r, &e, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, err);
}

/* ---------------------------------------------------------------- counters */

RR_API uint64_t rr_recording_stream_durable_bytes(rr_recording_stream handle)
{
    struct rt_recording *rec = lookup(handle);
    return rec ? rt_recording_written(rec) : 0;
}

RR_API uint64_t rr_recording_stream_pending_rows(rr_recording_stream handle, uint64_t *ret_bytes)
{
    struct rt_recording *rec = lookup(handle);
    if (rec)
        return rt_recording_pending(rec, ret_bytes);
    if (ret_bytes)
        *ret_bytes = 0;
    return 0;
}

RR_API uint64_t rr_recording_stream_dropped(rr_recording_stream handle)
{
    struct rt_recording *rec = lookup(handle);
    return rec ? rt_recording_dropped(rec) : 0;
}
