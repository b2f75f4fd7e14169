/* Bundles and batches as columns. What is exported is a tree of ArrowArrays over the bundle's memory:
 *
 *   struct export: counts its nodes that were not released yet, refers to the bundle
 *     node ─▶ private_data = the export; children are nodes of their own, so that a consumer may move them out */
#include <retap/archetypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archetype/form.h"
#include "base/atomic.h"
#include "recording/bundle.h"
#include "recording/moved.h"
#include "recording/path.h"

/* ---------------------------------------------------------------- exports */

struct export {
    uint32_t refs_mt;
    struct rr_bundle *bundle; /* counted */
    struct rt_region region;      /* of the nodes */
};

static void export_unref(struct export *e)
{
    if (rt_add_acq_rel(&e->refs_mt, -1u) != 1)
        return;
    rr_bundle_free(e->bundle);
    rt_region_deinit(&e->region);
    free(e);
}

static void node_release(struct ArrowArray *a)
{
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release)
            a->children[i]->release(a->children[i]);
    a->release = NULL;
    export_unref(a->private_data);
}

/* Makes *to a node like @from, whose buffers it shares. Return: false without memory; then nothing of *to is to be released. */
static bool node_copy(struct export *e, const struct ArrowArray *from, struct ArrowArray *to)
{
    size_t n = (size_t)from->n_children;
    struct ArrowArray *children = rt_region_take(&e->region, n * sizeof *children);
    struct ArrowArray **list = rt_region_take(&e->region, (n + 1) * sizeof *list);
    bool ok = children && list;
    for (size_t i = 0; ok && i < n; i++) {
        list[i] = &children[i];
        ok = node_copy(e, from->children[i], list[i]);
    }
    if (!ok)
        return false;
    *to = *from;
    to->children = n ? list : NULL;
    to->release = node_release;
    to->private_data = e;
    e->refs_mt++;
    return true;
}

/* A value's array, made of its flat values if need be. NULL without memory. */
static const struct ArrowArray *array_of(struct export *e, const struct rt_value *v)
{
    struct ArrowArray *array = v->array ? NULL : rt_region_take(&e->region, sizeof *array);
    if (v->array)
        return v->array;
    return array && !rt_form_pack(v->type->datatype, v->values, v->n, false, &e->region, array, NULL) ? array : NULL;
}

bool rt_bundle_export(const struct rr_bundle *bundle, const struct rt_value *v, struct ArrowArray *ret)
{
    struct rr_bundle *b = (struct rr_bundle *)(uintptr_t)bundle; /* its count changes, not its content */
    struct export *e = malloc(sizeof *e);
    if (!e)
        return false;
    *e = (struct export){.refs_mt = 0, .bundle = b};
    rt_region_init(&e->region, NULL, 0);
    const struct ArrowArray *array = array_of(e, v);
    if (array && node_copy(e, array, ret)) {
        rt_add_relaxed(&b->refs_mt, 1);
        return true;
    }
    rt_region_deinit(&e->region);
    free(e);
    return false;
}

/* ---------------------------------------------------------------- batches */

RR_API void rr_component_batches_free(rr_component_batch *batches, uint32_t n)
{
    for (uint32_t i = 0; batches && i < n; i++)
        if (batches[i].array.release)
            batches[i].array.release(&batches[i].array);
    free(batches);
}

RR_API rr_error_code rr_bundle_batches(const rr_bundle *b, rr_component_batch **ret_batches, uint32_t *ret_n)
{
    if (!b || !ret_batches || !ret_n)
        return RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT;
    if (b->code)
        return b->code;
    rr_component_batch *batches = calloc(b->n + 1, sizeof *batches);
    bool ok = batches != NULL;
    for (uint32_t i = 0; ok && i < b->n; i++) {
        batches[i].component_type = b->cells[i].type->number;
        ok = rt_bundle_export(b, &b->cells[i], &batches[i].array);
    }
    if (!ok) {
        rr_component_batches_free(batches, b->n);
        return RR_ERROR_CODE_OUT_OF_MEMORY;
    }
    *ret_batches = batches;
    *ret_n = b->n;
    return RR_ERROR_CODE_OK;
}

/* ---------------------------------------------------------------- columns */

/* A List array over an array that it owns. */
struct list_array {
    struct ArrowArray child, *children[1];
    const void *buffers[2];
    uint8_t *validity;
    int32_t offsets[];
};

static void list_release(struct ArrowArray *a)
{
    struct list_array *l = a->private_data;
    if (l->child.release)
        l->child.release(&l->child);
    a->release = NULL;
    free(l->validity);
    free(l);
}

bool rt_list_array(struct ArrowArray *child, const uint32_t *lengths, uint32_t n, uint8_t *validity, struct ArrowArray *ret)
{
    struct list_array *l = malloc(sizeof *l + ((size_t)n + 1) * sizeof *l->offsets);
    if (!l) {
        child->release(child);
        free(validity);
        return false;
    }
    l->child = *child;
    child->release = NULL;
    l->children[0] = &l->child;
    l->buffers[0] = l->validity = validity;
    l->buffers[1] = l->offsets;
    l->offsets[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        l->offsets[i + 1] = l->offsets[i] + (int32_t)(lengths ? lengths[i] : 1);
    *ret = (struct ArrowArray){.length = n, .null_count = validity ? -1 : 0, .n_buffers = 2, .n_children = 1, .buffers = l->buffers,
                               .children = l->children, .release = list_release, .private_data = l};
    return true;
}

/* Do they sum up to @length instances? */
static bool lengths_fit(const uint32_t *lengths, uint32_t n, int64_t length)
{
    int64_t sum = lengths ? 0 : n;
    for (uint32_t i = 0; lengths && i < n && sum <= length; i++)
        sum += lengths[i];
    return sum == length && length <= INT32_MAX;
}

RR_API rr_error_code rr_component_batch_partition(rr_component_batch *batch, const uint32_t *lengths, uint32_t n, rr_component_column *ret_column)
{
    if (!batch || !batch->array.release || !ret_column) {
        if (batch && batch->array.release)
            batch->array.release(&batch->array);
        return RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT;
    }
    if (!lengths_fit(lengths, n, batch->array.length)) {
        batch->array.release(&batch->array);
        return RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE;
    }
    ret_column->component_type = batch->component_type;
    return rt_list_array(&batch->array, lengths, n, NULL, &ret_column->array) ? RR_ERROR_CODE_OK : RR_ERROR_CODE_OUT_OF_MEMORY;
}

RR_API void rr_component_columns_free(rr_component_column *columns, uint32_t n)
{
    for (uint32_t i = 0; columns && i < n; i++)
        if (columns[i].array.release)
            columns[i].array.release(&columns[i].array);
    free(columns);
}

RR_API rr_error_code rr_bundle_columns(const rr_bundle *bundle, rr_component_column **ret_columns, uint32_t *ret_n)
{
    rr_component_batch *batches;
    uint32_t n;
    if (!ret_columns || !ret_n)
        return RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT;
    rr_error_code code = rr_bundle_batches(bundle, &batches, &n);
    if (code)
        return code;
    rr_component_column *columns = calloc(n + 1, sizeof *columns);
    code = columns ? 0 : RR_ERROR_CODE_OUT_OF_MEMORY;
    for (uint32_t i = 0; !code && i < n; i++)
        code = rr_component_batch_partition(&batches[i], NULL, (uint32_t)batches[i].array.length, &columns[i]);
    rr_component_batches_free(batches, n);
    if (code) {
        rr_component_columns_free(columns, n);
        return code;
    }
    *ret_columns = columns;
    *ret_n = n;
    return RR_ERROR_CODE_OK;
}

/* ---------------------------------------------------------------- times */

struct times_array {
    const void *buffers[2];
    int64_t values[];
};

static void times_release(struct ArrowArray *a)
{
    free(a->private_data);
    a->release = NULL;
}

static rr_time_column time_column(const char *name, rr_time_type type, const int64_t *values, uint32_t n)
{
    rr_time_column c = {.timeline = {rr_make_string(name), type}, .sorting_status = RR_SORTING_STATUS_UNKNOWN};
    struct times_array *t = values || !n ? malloc(sizeof *t + (size_t)n * sizeof *t->values) : NULL;
    if (!t)
        return c;
    t->buffers[0] = NULL;
    t->buffers[1] = t->values;
    if (n)
        memcpy(t->values, values, (size_t)n * sizeof *values);
    c.array = (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = t->buffers, .release = times_release, .private_data = t};
    return c;
}

RR_API rr_time_column rr_time_column_sequence(const char *name, const int64_t *values, uint32_t n)
{
    return time_column(name, RR_TIME_TYPE_SEQUENCE, values, n);
}

RR_API rr_time_column rr_time_column_duration_ns(const char *name, const int64_t *ns, uint32_t n)
{
    return time_column(name, RR_TIME_TYPE_DURATION, ns, n);
}

RR_API rr_time_column rr_time_column_timestamp_ns(const char *name, const int64_t *ns, uint32_t n)
{
    return time_column(name, RR_TIME_TYPE_TIMESTAMP, ns, n);
}

/* ---------------------------------------------------------------- sending */

static void release_all(rr_time_column *times, uint32_t n_times, rr_component_column *columns, uint32_t n_columns)
{
    for (uint32_t i = 0; times && i < n_times; i++)
        if (times[i].array.release)
            times[i].array.release(&times[i].array);
    for (uint32_t i = 0; columns && i < n_columns; i++)
        if (columns[i].array.release)
            columns[i].array.release(&columns[i].array);
}

static bool is_reserved(const char *path)
{
    path += strspn(path, "/");
    return path[0] == '_' && path[1] == '_';
}

RR_API rr_error_code rr_recording_stream_send_columns_ex(rr_recording_stream rec, const char *path, rr_time_column *times, uint32_t n_times,
                                                         rr_component_column *columns, uint32_t n_columns, const rr_log_options *options,
                                                         rr_error *err)
{
    static uint32_t site_mt;
    uint8_t strict = options && rt_options_reach(options, offsetof(rr_log_options, strict), 1) ? options->strict : 0;
    rr_error answer;
    answer.code = 0;
    if (!path || (n_times && !times) || (n_columns && !columns) || (options && options->is_static)) {
        release_all(times, n_times, columns, n_columns);
        const char *what = !path                               ? "path is NULL"
                           : options && options->is_static ? "options.is_static: static columns are those without times"
                                                           : "times or columns is NULL";
        return rt_misuse(&site_mt, strict, err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s", what);
    }
    if (is_reserved(path)) {
        release_all(times, n_times, columns, n_columns);
        rt_path_fail(RT_PATH_E_RESERVED, path, strlen(path), &answer);
    } else {
        rr_recording_stream_send_columns(rec, rr_make_string(path), times, n_times, columns, n_columns, &answer);
    }
    if (answer.code == RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE || answer.code == RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR)
        return rt_misuse(&site_mt, strict, err, answer.code, "%s: %s", path, answer.description);
    return rt_log_judge(&site_mt, strict, err, answer.code, &answer);
}
