/* Record batches of any origin as columns of entities.
 *
 *   schema, metadata ─▶ a struct column for each: index, data or neither ─▶ for each entity: times and lists ─▶ send_columns
 *
 * The batch's arrays are given out in pieces; each piece counts in struct shared, which releases the batch at the end. */
#include <retap/archetypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "recording/bundle.h"

#define BAD_BATCH RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE

struct shared {
    uint32_t refs_mt;
    struct ArrowArray batch;
};

static void shared_unref(struct shared *s)
{
    if (rt_add_acq_rel(&s->refs_mt, -1u) != 1)
        return;
    if (s->batch.release)
        s->batch.release(&s->batch);
    free(s);
}

static void piece_release(struct ArrowArray *a)
{
    a->release = NULL;
    shared_unref(a->private_data);
}

/* Child @i of the batch, with the batch's own offset and length. */
static struct ArrowArray piece(struct shared *s, int64_t i)
{
    struct ArrowArray a = *s->batch.children[i];
    a.offset += s->batch.offset;
    a.length = s->batch.length;
    if (s->batch.offset || a.length != s->batch.children[i]->length)
        a.null_count = a.null_count ? -1 : 0;
    a.release = piece_release;
    a.private_data = s;
    rt_add_relaxed(&s->refs_mt, 1);
    return a;
}

/* ---------------------------------------------------------------- metadata */

/* The value of @key in the metadata of an ArrowSchema: int32 number, then each int32 length, key, int32 length, value. */
static bool metadata_find(const char *metadata, const char *key, struct rt_slice *ret)
{
    int32_t n = 0, len[2];
    if (metadata)
        memcpy(&n, metadata, 4);
    for (const char *at = metadata ? metadata + 4 : NULL; n-- > 0; at += len[1]) {
        memcpy(&len[0], at, 4);
        if (len[0] < 0)
            return false;
        const char *name = at + 4;
        at = name + len[0];
        memcpy(&len[1], at, 4);
        at += 4;
        if (len[1] < 0)
            return false;
        if (rt_slice_is(rt_slice(name, (size_t)len[0]), key)) {
            *ret = rt_slice(at, (size_t)len[1]);
            return true;
        }
    }
    return false;
}

static char *metadata_copy(const char *metadata, const char *key)
{
    struct rt_slice value;
    return metadata_find(metadata, key, &value) ? strndup(value.p, value.n) : NULL;
}

/* ---------------------------------------------------------------- columns */

enum role { ROLE_DATA, ROLE_INDEX, ROLE_ROW_ID, ROLE_DONE };

struct column {
    enum role role;
    int64_t child;               /* of the batch */
    rr_time_type time_type;
    char *name, *path;           /* timeline or component; entity of a component */
    const struct rt_component_type *type;
    bool is_list;
};

struct reading {
    struct column *columns;
    uint32_t n, n_index, n_data;
    bool has_row_id;
    const char *metadata; /* of the batch */
    rr_error *err;
};

static enum role role_of(const struct ArrowSchema *field)
{
    struct rt_slice kind = {0};
    metadata_find(field->metadata, "rerun:kind", &kind);
    if (rt_slice_is(kind, "control") || rt_slice_is(kind, "row_id"))
        return ROLE_ROW_ID;
    return rt_slice_is(kind, "index") || rt_slice_is(kind, "time") ? ROLE_INDEX : ROLE_DATA;
}

static rr_time_type time_type_of(const char *format)
{
    return !strcmp(format, "l") ? RR_TIME_TYPE_SEQUENCE
        : !strncmp(format, "tsn:", 4) ? RR_TIME_TYPE_TIMESTAMP
        : !strcmp(format, "tDn") ? RR_TIME_TYPE_DURATION : 0;
}

static rr_error_code read_index(struct reading *r, struct column *c, const struct ArrowSchema *field)
{
    c->time_type = time_type_of(field->format);
    c->name = metadata_copy(field->metadata, "rerun:index_name");
    if (!c->name)
        c->name = strdup(field->name ? field->name : "");
    r->n_index++;
    if (c->time_type)
        return c->name ? 0 : rt_fail(r->err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    return rt_fail(r->err, BAD_BATCH, "column %s: no time type: %s (int64, timestamp[ns] and duration[ns] are)", field->name ? field->name : "",
                   field->format);
}

/* Entity and component: as metadata says, else as the name says ("/path:component"), else the batch's entity and the whole name. */
static void name_data(struct reading *r, struct column *c, const struct ArrowSchema *field)
{
    const char *name = field->name ? field->name : "", *colon = name[0] == '/' ? strchr(name, ':') : NULL;
    c->path = metadata_copy(field->metadata, "rerun:entity_path");
    c->name = metadata_copy(field->metadata, "rerun:component");
    if (!c->path)
        c->path = metadata_copy(r->metadata, "rerun:entity_path");
    if (!c->path && !c->name && colon) {
        c->path = strndup(name, (size_t)(colon - name));
        c->name = strdup(colon + 1);
    }
    if (!c->path)
        c->path = strdup("/");
    if (!c->name)
        c->name = strdup(name);
}

static rr_error_code read_data(struct reading *r, struct column *c, const struct ArrowSchema *field)
{
    struct rt_datatype *t = NULL;
    struct rt_error why;
    name_data(r, c, field);
    int code = rt_datatype_import(field, &t, &why);
    if (code < 0)
        return rt_fail(r->err, code == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR, "column %s: %s",
                       c->name ? c->name : "", why.message);
    char *archetype = metadata_copy(field->metadata, "rerun:archetype"), *type = metadata_copy(field->metadata, "rerun:component_type");
    c->is_list = t->kind == RT_KIND_LIST;
    if (c->name && c->name[0] && c->path)
        c->type = rt_type_intern(c->name, archetype, type, c->is_list ? t->children[0] : t);
    free(archetype);
    free(type);
    rt_datatype_free(t);
    r->n_data++;
    if (c->name && !c->name[0])
        return rt_fail(r->err, BAD_BATCH, "column %lld has no name", (long long)c->child);
    return c->type ? 0 : rt_fail(r->err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
}

static rr_error_code read_column(struct reading *r, const struct ArrowSchema *field, int64_t child)
{
    struct column *c = &r->columns[r->n++];
    *c = (struct column){.role = role_of(field), .child = child};
    r->has_row_id |= c->role == ROLE_ROW_ID;
    if (!field->format)
        return rt_fail(r->err, RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR, "column %lld has no format", (long long)child);
    return c->role == ROLE_INDEX ? read_index(r, c, field) : c->role == ROLE_DATA ? read_data(r, c, field) : 0;
}

/* Are all columns there, and as long as the batch? */
static rr_error_code check_columns(struct reading *r, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    int64_t n = schema->n_children;
    if (array->n_children != n || array->length < 0 || array->offset < 0 || array->length > INT32_MAX || n < 0 ||
        (n && (!schema->children || !array->children)))
        return rt_fail(r->err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "array: %lld columns of %lld rows, the schema has %lld columns",
                       (long long)array->n_children, (long long)array->length, (long long)n);
    for (int64_t i = 0; i < n; i++) {
        const struct ArrowArray *child = array->children[i];
        if (!schema->children[i] || !child || child->offset < 0 || child->length < array->length ||
            child->length - array->length < array->offset)
            return rt_fail(r->err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "column %lld: %lld rows, the batch has %lld", (long long)i,
                           child ? (long long)child->length : 0, (long long)array->length);
    }
    return 0;
}

static rr_error_code read_schema(struct reading *r, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    struct rt_slice id;
    rr_error_code code = 0;
    if (!schema->format || strcmp(schema->format, "+s"))
        return rt_fail(r->err, RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR, "schema: not a record batch: %s",
                       schema->format ? schema->format : "NULL");
    code = check_columns(r, schema, array);
    if (code)
        return code;
    r->metadata = schema->metadata;
    r->columns = calloc((size_t)schema->n_children + 1, sizeof *r->columns);
    if (!r->columns)
        return rt_fail(r->err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    for (int64_t i = 0; !code && i < schema->n_children; i++)
        code = read_column(r, schema->children[i], i);
    if (code)
        return code;
    if (!r->n_data)
        return rt_fail(r->err, BAD_BATCH, "the record batch has no component column: there is nothing to log");
    if (!r->n_index && !(r->has_row_id && metadata_find(schema->metadata, "rerun:id", &id)))
        return rt_fail(r->err, BAD_BATCH, "the record batch has no index column (rerun:kind = index): neither temporal nor static");
    return 0;
}

static void reading_deinit(struct reading *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        free(r->columns[i].name);
        free(r->columns[i].path);
    }
    free(r->columns);
}

/* ---------------------------------------------------------------- lists of one */

/* Validity of @a from its first element on. NULL: none is null, or no memory (*ret_ok). */
static uint8_t *validity_of(const struct ArrowArray *a, bool *ret_ok)
{
    const uint8_t *from = a->n_buffers > 0 && a->buffers ? a->buffers[0] : NULL;
    *ret_ok = true;
    if (!from || !a->null_count)
        return NULL;
    uint8_t *to = calloc((size_t)a->length / 8 + 1, 1);
    *ret_ok = to != NULL;
    for (int64_t i = 0; to && i < a->length; i++) {
        uint64_t k = (uint64_t)(a->offset + i);
        to[i / 8] |= (uint8_t)((from[k / 8] >> k % 8 & 1) << i % 8);
    }
    return to;
}

/* Takes the array; each element becomes a list of itself, a null a null. Return: false without memory; then the array was released. */
static bool wrap(struct ArrowArray *a, bool has_validity)
{
    bool ok = true;
    struct ArrowArray child = *a;
    uint8_t *validity = has_validity ? validity_of(a, &ok) : NULL;
    if (ok)
        return rt_list_array(&child, NULL, (uint32_t)child.length, validity, a);
    child.release(&child);
    return false;
}

/* ---------------------------------------------------------------- entities */

static bool kind_has_validity(uint8_t kind)
{
    return kind != RT_KIND_NULL && kind != RT_KIND_DENSE_UNION && kind != RT_KIND_SPARSE_UNION;
}

struct entity {
    rr_time_column *times;
    rr_component_column *columns;
    uint32_t n_times, n_columns;
};

static bool add_column(struct entity *e, struct shared *s, const struct column *c)
{
    struct ArrowArray a = piece(s, c->child);
    if (c->role == ROLE_INDEX) {
        e->times[e->n_times++] = (rr_time_column){{rr_make_string(c->name), c->time_type}, a, RR_SORTING_STATUS_UNKNOWN};
        return true;
    }
    if (!c->is_list && !wrap(&a, kind_has_validity(c->type->datatype->kind)))
        return false;
    e->columns[e->n_columns++] = (rr_component_column){c->type->number, a};
    return true;
}

/* Sends the entity of column @first, and marks its columns as done. */
static rr_error_code send_entity(rr_recording_stream rec, struct reading *r, struct shared *s, uint32_t first)
{
    const char *path = r->columns[first].path;
    struct entity e = {calloc(r->n, sizeof *e.times), calloc(r->n, sizeof *e.columns), 0, 0};
    bool ok = e.times && e.columns;
    rr_error answer;
    answer.code = 0;
    for (uint32_t i = 0; ok && i < r->n; i++) {
        struct column *c = &r->columns[i];
        bool mine = c->role == ROLE_DATA && !strcmp(c->path, path);
        if (mine || c->role == ROLE_INDEX)
            ok = add_column(&e, s, c);
        if (mine)
            c->role = ROLE_DONE;
    }
    if (ok)
        rr_recording_stream_send_columns(rec, rr_make_string(path), e.times, e.n_times, e.columns, e.n_columns, &answer);
    else
        rt_fail(&answer, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    for (uint32_t i = 0; !ok && i < e.n_times; i++)
        e.times[i].array.release(&e.times[i].array);
    for (uint32_t i = 0; !ok && i < e.n_columns; i++)
        e.columns[i].array.release(&e.columns[i].array);
    free(e.times);
    free(e.columns);
    return answer.code ? rt_fail(r->err, answer.code, "%s: %s", path, answer.description) : 0;
}

/* Takes @array, borrows @schema. */
static rr_error_code send_batch(rr_recording_stream rec, const struct ArrowSchema *schema, struct ArrowArray *array, rr_error *err)
{
    struct reading r = {.err = err};
    struct shared *s = malloc(sizeof *s);
    rr_error_code code = s ? read_schema(&r, schema, array) : rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    if (s) {
        *s = (struct shared){1, *array};
        array->release = NULL;
    }
    for (uint32_t i = 0; !code && array->length && i < r.n; i++)
        if (r.columns[i].role == ROLE_DATA)
            code = send_entity(rec, &r, s, i);
    reading_deinit(&r);
    if (s)
        shared_unref(s);
    return code;
}

/* ---------------------------------------------------------------- public */

RR_API rr_error_code rr_recording_stream_send_record_batch(rr_recording_stream rec, struct ArrowSchema *schema, struct ArrowArray *array,
                                                           rr_error *err)
{
    bool given = schema && schema->release && array && array->release;
    rr_error_code code = given ? send_batch(rec, schema, array, err)
                               : rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL or released",
                                         schema && schema->release ? "array" : "schema");
    if (schema && schema->release)
        schema->release(schema);
    if (array && array->release)
        array->release(array);
    return code;
}

static rr_error_code stream_failed(struct ArrowArrayStream *stream, const char *what, int error, rr_error *err)
{
    const char *text = stream->get_last_error ? stream->get_last_error(stream) : NULL;
    return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "stream: %s: %s", what, text ? text : strerror(error));
}

static rr_error_code send_stream(rr_recording_stream rec, struct ArrowArrayStream *stream, rr_error *err)
{
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    rr_error_code code = 0;
    int r = stream->get_schema(stream, &schema);
    if (r)
        return stream_failed(stream, "get_schema", r, err);
    while (!code && !(r = stream->get_next(stream, &array)) && array.release) {
        code = send_batch(rec, &schema, &array, err);
        if (array.release)
            array.release(&array);
    }
    if (schema.release)
        schema.release(&schema);
    return r ? stream_failed(stream, "get_next", r, err) : code;
}

RR_API rr_error_code rr_recording_stream_send_arrow_stream(rr_recording_stream rec, struct ArrowArrayStream *stream, rr_error *err)
{
    if (!stream || !stream->release)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "stream is NULL or released");
    rr_error_code code = send_stream(rec, stream, err);
    stream->release(stream);
    return code;
}
