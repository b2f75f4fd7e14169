/* The official functions that log: rows and columns of Arrow data, and the component types they are of. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "encode/arrowpack.h"
#include "recording/api.h"
#include "recording/line.h"
#include "recording/moved.h"
#include "recording/path.h"
#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

enum { FEW = 16 };

/* ---------------------------------------------------------------- component types */

static bool is_name(rr_string s)
{
    return s.length_in_bytes && !rt_string_check(s, "", true, NULL);
}

static const struct rt_component_type *intern(const rr_component_descriptor *d, const struct rt_datatype *t)
{
    char *component = rt_string_copy(d->component), *archetype = is_name(d->archetype) ? rt_string_copy(d->archetype) : NULL,
         *type = is_name(d->component_type) ? rt_string_copy(d->component_type) : NULL;
    const struct rt_component_type *c = component ? rt_type_intern(component, archetype, type, t) : NULL;
    free(component);
    free(archetype);
    free(type);
    return c;
}

RR_API rr_component_type_handle rr_register_component_type(rr_component_type type, rr_error *err)
{
    struct rt_error e = {0};
    struct rt_datatype *t = NULL;
    const struct rt_component_type *c = NULL;
    if (!rt_string_check(type.descriptor.component, "component", true, err)) {
        if (rt_datatype_import(&type.schema, &t, &e) < 0)
            rt_fail(err, RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR, "schema of %.*s: %s", (int)type.descriptor.component.length_in_bytes,
                    type.descriptor.component.utf8, e.message);
        else if (!(c = intern(&type.descriptor, t)))
            rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "no memory for another component type, or %u of them exist", RT_TYPES_MOST);
    }
    rt_datatype_free(t);
    if (type.schema.release)
        type.schema.release(&type.schema);
    return c ? c->number : RR_COMPONENT_TYPE_HANDLE_INVALID;
}

/* ---------------------------------------------------------------- rows */

static void release(struct ArrowArray *a)
{
    if (a->release)
        a->release(a);
    a->release = NULL;
}

static rr_error_code array_fail(int r, const struct rt_component_type *c, const struct rt_error *e, rr_error *err)
{
    return r == -ENOMEM ? rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory")
                        : rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: %s", c->component, e->message);
}

/* Of a type that comes twice in a row the last one counts. */
static uint32_t place_of(const struct rt_value *values, uint32_t n, const struct rt_component_type *c)
{
    uint32_t i = 0;
    while (i < n && values[i].type != c)
        i++;
    return i;
}

/* The usual component: one text. Return: false when it is something else, or not right. */
static bool one_text(const struct rt_component_type *c, const struct ArrowArray *a, struct rt_slice *ret)
{
    if (c->datatype->kind != RT_KIND_UTF8 || a->length != 1 || a->offset < 0 || a->null_count || a->n_buffers != 3 || a->n_children ||
        a->dictionary || !a->buffers || !a->buffers[1] || !a->buffers[2])
        return false;
    int64_t from = rt_view_offset(a->buffers[1], false, (uint64_t)a->offset), to = rt_view_offset(a->buffers[1], false, (uint64_t)a->offset + 1);
    *ret = rt_slice((const char *)a->buffers[2] + from, (size_t)(to - from));
    return from >= 0 && to >= from && to - from <= (int64_t)RT_MOVE_BYTES && rt_utf8_ok(ret->p, ret->n);
}

static rr_error_code gather(const rr_data_row *row, struct rt_value *values, struct rt_slice *texts, uint32_t *ret_n, rr_error *err)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->num_component_batches; i++) {
        rr_component_batch *b = &row->component_batches[i];
        const struct rt_component_type *c = rt_type_at(b->component_type);
        struct rt_error e = {0};
        if (!c)
            return rt_fail(err, RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE, "component_batches[%u]: no such component type: %u", i,
                           b->component_type);
        if (!b->array.release)
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: the array was released already", c->component);
        uint32_t at = place_of(values, n, c);
        n = at == n ? n + 1 : n;
        if (one_text(c, &b->array, &texts[at])) {
            values[at] = (struct rt_value){.type = c, .n = 1, .values = &texts[at]};
            continue;
        }
        int r = rt_array_check(c->datatype, &b->array, &e);
        if (r)
            return array_fail(r, c, &e, err);
        values[at] = (struct rt_value){.type = c, .n = (uint32_t)b->array.length, .array = &b->array};
    }
    *ret_n = n;
    return RR_ERROR_CODE_OK;
}

/* Is it a log line of level ERROR or above? */
static bool is_urgent(const struct rt_value *values, uint32_t n)
{
    const struct rt_component_type *level = rt_type_of_table(RT_C_TextLog_level);
    uint32_t i = place_of(values, n, level);
    return i < n && values[i].values && values[i].n == 1 && rt_urgency(*(const struct rt_slice *)values[i].values);
}

static rr_error_code log_row(rr_recording_stream stream, const rr_data_row *row, bool inject_time, struct rt_value *values,
                             struct rt_slice *texts, rr_error *err)
{
    uint32_t n = 0;
    static uint32_t site;
    rr_error_code code = gather(row, values, texts, &n, err);
    if (code)
        return code;
    if (!n) {
        rt_warn(&site, "%.*s: a row without components is not written", (int)row->entity_path.length_in_bytes, row->entity_path.utf8);
        return RR_ERROR_CODE_OK;
    }
    uint32_t flags = (inject_time ? 0 : RT_LOG_STATIC) | (is_urgent(values, n) ? RT_LOG_URGENT : 0) | RT_LOG_RESERVED; /* as the official one */
    return rt_log_row(stream, row->entity_path.utf8, row->entity_path.length_in_bytes, flags, 0, values, n, err);
}

static __attribute__((noinline)) void log_checked(rr_recording_stream stream, const rr_data_row *row, bool inject_time, rr_error *err)
{
    struct rt_value few[FEW], *values = few;
    struct rt_slice few_texts[FEW], *texts = few_texts;
    uint32_t n = row->num_component_batches;
    if (row->entity_path.length_in_bytes && !row->entity_path.utf8) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "entity_path is NULL");
    } else if (n > FEW && !(values = calloc(n, sizeof *values + sizeof *texts))) {
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    } else {
        if (n > FEW)
            texts = (struct rt_slice *)(void *)(values + n);
        log_row(stream, row, inject_time, values, texts, err);
    }
    if (values != few)
        free(values);
}

RR_API void rr_recording_stream_log(rr_recording_stream stream, rr_data_row row, bool inject_time, rr_error *err)
{
    if (row.num_component_batches && !row.component_batches) {
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "component_batches is NULL");
        return;
    }
    if (!rt_load_relaxed(&rt_core.off_mt))
        log_checked(stream, &row, inject_time, err);
    for (uint32_t i = 0; i < row.num_component_batches; i++)
        release(&row.component_batches[i].array);
}

/* ---------------------------------------------------------------- columns */

struct columns {
    char path[RT_PATH_MOST + 1];
    size_t path_len;
    const struct rt_component_type *few[FEW], **types;
};

static bool has_nulls(const struct ArrowArray *a)
{
    const uint8_t *bits = a->null_count ? a->buffers[0] : NULL;
    for (int64_t i = a->offset; bits && i < a->offset + a->length; i++)
        if (!(bits[i / 8] >> i % 8 & 1))
            return true;
    return false;
}

static rr_error_code check_times(const rr_time_column *times, uint32_t n, int64_t *rows, rr_error *err)
{
    struct rt_error e = {0};
    for (uint32_t i = 0; i < n; i++) {
        rr_string name = times[i].timeline.name;
        rr_error_code code = rt_string_check(name, "timeline.name", true, err);
        if (code)
            return code;
        if (name.length_in_bytes > RT_TIMELINE_NAME_MOST)
            return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "timeline.name has more than %u bytes", RT_TIMELINE_NAME_MOST);
        if (times[i].timeline.type < RR_TIME_TYPE_SEQUENCE || times[i].timeline.type > RR_TIME_TYPE_TIMESTAMP)
            return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "timeline.type: no such type: %u", times[i].timeline.type);
        if (times[i].sorting_status > RR_SORTING_STATUS_UNSORTED)
            return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "sorting_status: no such status: %u", times[i].sorting_status);
        if (!times[i].array.release || rt_array_check(&rt_datatype_i64, &times[i].array, &e))
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "times of %.*s: %s", (int)name.length_in_bytes, name.utf8,
                           e.message[0] ? e.message : "the array was released already");
        for (uint32_t k = 0; k < i; k++)
            if (times[k].timeline.name.length_in_bytes == name.length_in_bytes &&
                !memcmp(times[k].timeline.name.utf8, name.utf8, name.length_in_bytes))
                return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "timeline %.*s is given twice",
                               (int)name.length_in_bytes, name.utf8);
        if (*rows >= 0 && times[i].array.length != *rows)
            return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "timeline %.*s has %lld values, others have %lld",
                           (int)name.length_in_bytes, name.utf8, (long long)times[i].array.length, (long long)*rows);
        if (has_nulls(&times[i].array))
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "timeline %.*s has nulls",
                           (int)name.length_in_bytes, name.utf8);
        *rows = times[i].array.length;
    }
    return RR_ERROR_CODE_OK;
}

static rr_error_code check_columns(const rr_component_column *columns, uint32_t n, const struct rt_component_type **types, int64_t *rows,
                                   rr_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct rt_error e = {0};
        const struct rt_component_type *c = types[i] = rt_type_at(columns[i].component_type);
        if (!c)
            return rt_fail(err, RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE, "component_columns[%u]: no such component type: %u", i,
                           columns[i].component_type);
        const struct rt_datatype item = {.name = "item", .children = c->datatype->children, .n_children = c->datatype->n_children,
                                         .size = c->datatype->size, .kind = c->datatype->kind, .nullable = true};
        const struct rt_datatype *const items[] = {&item};
        const struct rt_datatype list = {.kind = RT_KIND_LIST, .children = items, .n_children = 1};
        if (!columns[i].array.release || rt_array_check(&list, &columns[i].array, &e))
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: %s", c->component,
                           e.message[0] ? e.message : "the array was released already");
        for (uint32_t k = 0; k < i; k++)
            if (types[k] == c)
                return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "%s is given twice", c->component);
        if (*rows >= 0 && columns[i].array.length != *rows)
            return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "%s has %lld rows, others have %lld", c->component,
                           (long long)columns[i].array.length, (long long)*rows);
        *rows = columns[i].array.length;
    }
    return RR_ERROR_CODE_OK;
}

static rr_error_code parse_path(rr_string path, struct columns *c, rr_error *err)
{
    if (path.length_in_bytes && !path.utf8)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "entity_path is NULL");
    int r = rt_path_parse(path.utf8, path.length_in_bytes, c->path, sizeof c->path, &c->path_len);
    if (r == RT_PATH_E_RESERVED)
        r = 0; /* as the official one: the C++ SDK sends properties this way */
    if (!r && c->path_len > RT_PATH_MOST)
        r = RT_PATH_E_LONG;
    return r ? rt_path_fail(r, path.utf8, path.length_in_bytes, err) : RR_ERROR_CODE_OK;
}

/* Bytes of what the arrays hold: bounds what is on its way. */
static uint64_t weight(const rr_component_column *columns, const struct rt_component_type *const *types, uint32_t n)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct rt_datatype *const item[] = {types[i]->datatype};
        const struct rt_datatype list = {.kind = RT_KIND_LIST, .children = item, .n_children = 1};
        bytes += rt_arrow_packed_size(&list, &columns[i].array);
    }
    return bytes;
}

/* Takes @m: into the lane, behind the thread's rows. */
static rr_error_code send(struct rt_thread *t, rr_recording_stream stream, struct rt_moved *m)
{
    bool admitted = false;
    for (;;) {
        struct rt_rec_outside *o = NULL;
        admitted = admitted || rt_moved_admit(m->bytes);
        rt_rcu_read_lock();
        struct rt_stream *s = rt_stream_resolve(t, stream);
        bool stands = s && s->enabled && !s->owner;
        bool drops = stands && s->full_policy == RR_FULL_DROP_NEWEST;
        if (stands && admitted && (o = rt_lane_reserve(t->lane, sizeof *o))) {
            m->stream = s->handle;
            m->generation = rt_load_acquire(&s->generation_mt);
            m->id = rt_lane_row_id(t->lane, 0);
            t->lane->n_rows += m->n_rows;
            *o = (struct rt_rec_outside){{sizeof *o, RT_REC_COLUMNS, 0}, m};
            rt_lane_commit(t->lane, sizeof *o);
        } else if (drops || (stands && rt_worker_is_me())) {
            rt_add_relaxed(&s->dropped_mt, m->n_rows);
            stands = false;
        }
        rt_rcu_read_unlock();
        if (o)
            break;
        if (!stands) {
            m->bytes = admitted ? m->bytes : 0;
            rt_moved_free(m);
            break;
        }
        rt_lane_wait_for_worker(t->lane, admitted ? 0 : m->bytes);
    }
    rt_worker_start();
    rt_worker_ring(rt_lane_is_filling(t->lane) || rt_moved_is_filling() ? RT_RING_FILLING : RT_RING_ROW);
    return RR_ERROR_CODE_OK;
}

/* As send(), into a stream that is staged. Return: false = it is none. */
static bool send_staged(struct rt_thread *t, rr_recording_stream stream, const struct columns *c, uint64_t n_rows, const rr_time_column *times,
                        uint32_t n_times, const rr_component_column *columns, uint32_t n_columns, rr_error *err)
{
    for (unsigned tries = 0;;) {
        rt_rcu_read_lock();
        struct rt_stream *s = rt_stream_resolve(t, stream);
        if (!s || !s->enabled || !rt_is_staged(s)) {
            rt_rcu_read_unlock();
            return false;
        }
        const struct rt_tuid id = rt_lane_row_id(t->lane, 0);
        t->lane->n_rows += n_rows;
        int r = rt_staged_columns(t, s, c->path, (uint32_t)c->path_len, id, n_rows, times, n_times, columns, c->types, n_columns);
        bool again = rt_staged_later(s, r);
        rt_rcu_read_unlock();
        if (!again && r < 0)
            rt_staged_fail(r, weight(columns, c->types, n_columns), err);
        if (!again || !rt_staged_wait(s, r, n_rows, &tries))
            return true;
    }
}

static rr_error_code send_columns(rr_recording_stream stream, rr_string path, rr_time_column *times, uint32_t n_times,
                                  rr_component_column *columns, uint32_t n_columns, struct columns *c, rr_error *err)
{
    int64_t rows = -1;
    rr_error_code code;
    if ((code = parse_path(path, c, err)) || !rt_log_stands(stream, err) || (code = check_times(times, n_times, &rows, err)) ||
        (code = check_columns(columns, n_columns, c->types, &rows, err)))
        return code;
    struct rt_thread *t = rt_thread();
    if (rows <= 0 || !n_columns || !t)
        return RR_ERROR_CODE_OK;
    if (send_staged(t, stream, c, (uint64_t)rows, times, n_times, columns, n_columns, err))
        return RR_ERROR_CODE_OK;
    uint64_t bytes = weight(columns, c->types, n_columns);
    struct rt_moved *m = rt_moved_columns_new(c->path, (uint32_t)c->path_len, times, n_times, columns, c->types, n_columns);
    if (!m)
        return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    m->bytes = bytes;
    m->n_rows = (uint64_t)rows;
    return send(t, stream, m);
}

RR_API void rr_recording_stream_send_columns(rr_recording_stream stream, rr_string path, rr_time_column *times, uint32_t n_times,
                                             rr_component_column *columns, uint32_t n_columns, rr_error *err)
{
    struct columns c = {.types = c.few};
    if ((n_times && !times) || (n_columns && !columns))
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", n_times && !times ? "time_columns" : "component_columns");
    else if (n_columns > FEW && !(c.types = calloc(n_columns, sizeof *c.types)))
        rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    else
        send_columns(stream, path, times, n_times, columns, n_columns, &c, err);
    for (uint32_t i = 0; times && i < n_times; i++)
        release(&times[i].array);
    for (uint32_t i = 0; columns && i < n_columns; i++)
        release(&columns[i].array);
    if (c.types != c.few)
        free(c.types);
}
