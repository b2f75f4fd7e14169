/* Bundles into a row. */
#include <retap/archetypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "recording/bundle.h"
#include "recording/fieldset.h"

enum { FEW_VALUES = 64, SHOWN_BYTES = 200, FEW_LARGE = 4 };
#define LARGE_ITEMS 65536 /* of a list: so many bytes at least */

/* Two arguments for "%.*s". */
#define SHOWN(path) (int)((path).n < SHOWN_BYTES ? (path).n : SHOWN_BYTES), (path).p

rr_error_code rt_log_judge(uint32_t *site_mt, uint8_t strict, rr_error *err, rr_error_code code, const rr_error *answer)
{
    if (!code)
        return code;
    if (code > _RR_ERROR_CODE_CATEGORY_ARGUMENT && code < _RR_ERROR_CODE_CATEGORY_RECORDING_STREAM)
        return rt_misuse(site_mt, strict, err, code, "%s", answer->description);
    return rt_fail(err, code, "%s", answer->description);
}

static bool equal_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Two types of the same descriptor; of the table each has one type. */
static bool same_descriptor(const struct rt_component_type *a, const struct rt_component_type *b)
{
    if (a == b || (a->number <= RT_C_COUNT && b->number <= RT_C_COUNT))
        return a == b;
    return !strcmp(a->component, b->component) && equal_text(a->archetype, b->archetype);
}

/* The first value whose descriptor a later one has, too. */
static const struct rt_value *find_double(const struct rt_value *values, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (same_descriptor(values[i].type, values[k].type))
                return &values[i];
    return NULL;
}

/* A line of text: only TextLog, and perhaps fields. */
static bool is_text(const struct rt_value *values, uint32_t n)
{
    const char *text = rt_type_of_table(RT_C_TextLog_text)->archetype;
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        const char *archetype = values[i].type->archetype;
        if (archetype && archetype != text)
            return false;
        any |= archetype != NULL;
    }
    return any;
}

/* One call's say in what is misuse. */
struct judge {
    uint32_t *site_mt;
    rr_error *err;
    uint8_t strict;
};

static rr_error_code log_values(const struct judge *j, rr_recording_stream rec, struct rt_slice path, uint32_t flags,
                                const struct rt_value *values, uint32_t n)
{
    rr_error answer;
    const struct rt_value *twice = find_double(values, n);
    if (!n)
        return RR_ERROR_CODE_OK;
    if (twice)
        return rt_misuse(j->site_mt, j->strict, j->err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%.*s: given twice: %s", SHOWN(path),
                         twice->type->component);
    flags |= is_text(values, n) ? RT_LOG_TEXT : 0;
    rr_error_code code = rt_log_row(rec, path.p, path.n, flags, 0, values, n, &answer);
    return rt_log_judge(j->site_mt, j->strict, j->err, code, &answer);
}

/* Judges what the bundles bring. Return: 0: go on. */
static rr_error_code judge_bundles(const struct judge *j, struct rt_slice path, const struct rr_bundle *const *bundles, uint32_t n)
{
    rr_error_code code = 0;
    if (!path.p)
        return rt_misuse(j->site_mt, j->strict, j->err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "path is NULL");
    if (n && !bundles)
        return rt_misuse(j->site_mt, j->strict, j->err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%.*s: bundles is NULL", SHOWN(path));
    for (uint32_t i = 0; !code && i < n; i++)
        if (!bundles[i])
            code = rt_misuse(j->site_mt, j->strict, j->err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%.*s: bundle %u is NULL", SHOWN(path), i);
        else if (bundles[i]->code)
            code = rt_misuse(j->site_mt, j->strict, j->err, bundles[i]->code, "%.*s: %s", SHOWN(path), bundles[i]->message);
    return code;
}

/* A bundle in which something went wrong is left out as a whole: a row of labels without points helps nobody. */
static bool is_sound(const struct rr_bundle *b)
{
    return b && !b->code;
}

/* Arrays that the row takes along instead of a copy: pixels, files. */
struct large {
    struct ArrowArray arrays[FEW_LARGE];
    uint32_t n;
};

static bool is_large(const struct ArrowArray *a)
{
    return a && a->n_children == 1 && a->children[0]->length > LARGE_ITEMS;
}

/* Copies the values of @b to @to, large ones as arrays of their own that hold on to the bundle. */
static void collect(const struct rr_bundle *b, struct rt_value *to, struct large *large)
{
    memcpy(to, b->cells, b->n * sizeof *to);
    for (uint32_t i = 0; b->copy && i < b->n && large->n < FEW_LARGE; i++)
        if (is_large(to[i].array) && rt_bundle_export(b, &to[i], &large->arrays[large->n]))
            to[i].array = &large->arrays[large->n++];
}

static void release_rest(struct large *large)
{
    for (uint32_t i = 0; i < large->n; i++)
        if (large->arrays[i].release)
            large->arrays[i].release(&large->arrays[i]);
}

rr_error_code rt_bundles_log(rr_recording_stream rec, struct rt_slice path, uint32_t flags, uint8_t strict, uint32_t *site_mt,
                             const struct rr_bundle *const *bundles, uint32_t n, const struct rt_value *more, uint32_t n_more, rr_error *err)
{
    const struct judge j = {site_mt, err, strict};
    struct rt_value few[FEW_VALUES], *values = few;
    rr_error_code code = judge_bundles(&j, path, bundles, n);
    size_t total = n_more, at = 0;
    struct large large;
    large.n = 0;
    if (code || !path.p || (n && !bundles))
        return code;
    for (uint32_t i = 0; i < n; i++)
        total += is_sound(bundles[i]) ? bundles[i]->n : 0;
    if (total > FEW_VALUES && !(values = malloc(total * sizeof *values)))
        return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "%.*s: out of memory", SHOWN(path));
    for (uint32_t i = 0; i < n; i++) {
        if (!is_sound(bundles[i]))
            continue;
        collect(bundles[i], values + at, &large);
        at += bundles[i]->n;
        flags |= bundles[i]->urgent ? RT_LOG_URGENT : 0;
    }
    if (n_more)
        memcpy(values + at, more, n_more * sizeof *values);
    code = total ? log_values(&j, rec, path, flags, values, (uint32_t)total) : RR_ERROR_CODE_OK;
    release_rest(&large);
    if (values != few)
        free(values);
    return code;
}

/* ---------------------------------------------------------------- public */

/* Options that are not given are zero. Return: the code of a struct that was not begun with …_default(), in strict mode. */
static rr_error_code options_of(const rr_log_options *options, rr_log_options *ret, rr_error *err)
{
    static uint32_t site_mt;
    *ret = rr_log_options_default();
    if (options && !rt_options_reach(options, offsetof(rr_log_options, is_static), 1))
        return rt_misuse(&site_mt, 0, err, RR_ERROR_CODE_INVALID_ENUM_VALUE,
                         "%s: struct_size is %u, not %u: start from …_default()", "options", options->struct_size,
                         (unsigned)sizeof *ret);
    if (options)
        memcpy(ret, options, options->struct_size < sizeof *ret ? options->struct_size : sizeof *ret);
    return RR_ERROR_CODE_OK;
}

RR_API rr_error_code rr_log_n(rr_recording_stream rec, const char *path, size_t path_len, const rr_log_options *options,
                              const rr_bundle *const *bundles, uint32_t n, rr_error *err)
{
    static uint32_t site_mt;
    rr_log_options o;
    if (rec >= RR_REC_STREAM_CURRENT_BLUEPRINT && !rt_log_wanted(rec))
        return RR_ERROR_CODE_OK;
    rr_error_code code = options_of(options, &o, err);
    return code ? code : rt_bundles_log(rec, rt_slice(path, path_len), o.is_static ? RT_LOG_STATIC : 0, o.strict, &site_mt, bundles, n, NULL, 0, err);
}

RR_API rr_error_code rr_log(rr_recording_stream rec, const char *path, const rr_log_options *options, const rr_bundle *const *bundles, uint32_t n,
                            rr_error *err)
{
    return rr_log_n(rec, path, path ? strlen(path) : 0, options, bundles, n, err);
}

RR_API rr_error_code rr_log_take(rr_recording_stream rec, const char *path, const rr_log_options *options, rr_bundle *bundle, rr_error *err)
{
    rr_error_code code = rr_log(rec, path, options, (const rr_bundle *const[]){bundle}, 1, err);
    rr_bundle_free(bundle);
    return code;
}

/* ---------------------------------------------------------------- batches */

static void release_batches(rr_component_batch *batches, uint32_t n)
{
    for (uint32_t i = 0; batches && i < n; i++)
        if (batches[i].array.release)
            batches[i].array.release(&batches[i].array);
}

/* Checks the batches and makes values of them, which borrow their arrays. Return: 0, or the code with *err filled. */
static rr_error_code values_of_batches(const rr_component_batch *batches, uint32_t n, struct rt_value *values, rr_error *err)
{
    struct rt_error why;
    for (uint32_t i = 0; i < n; i++) {
        const struct rt_component_type *type = rt_type_at(batches[i].component_type);
        if (!type)
            return rt_fail(err, RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE, "batch %u: no such component type: %u", i, batches[i].component_type);
        if (!batches[i].array.release || rt_array_check(type->datatype, &batches[i].array, &why) < 0)
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: %s", type->component,
                           batches[i].array.release ? why.message : "the array is released");
        if (batches[i].array.length > INT32_MAX)
            return rt_fail(err, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: more than 2147483647 instances", type->component);
        values[i] = (struct rt_value){type, (uint32_t)batches[i].array.length, NULL, &batches[i].array};
    }
    return RR_ERROR_CODE_OK;
}

static rr_error_code log_batches(const struct judge *j, rr_recording_stream rec, struct rt_slice path, uint32_t flags,
                                 rr_component_batch *batches, uint32_t n)
{
    rr_error answer;
    struct rt_value *values = calloc(n + 1, sizeof *values);
    rr_error_code code = values ? values_of_batches(batches, n, values, &answer) : rt_fail(&answer, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    code = code ? rt_log_judge(j->site_mt, j->strict, j->err, code, &answer) : log_values(j, rec, path, flags, values, n);
    release_batches(batches, n);
    free(values);
    return code;
}

RR_API rr_error_code rr_log_object(rr_recording_stream rec, const char *path, const rr_log_options *options, rr_as_components as_components,
                                   void *object, rr_error *err)
{
    static uint32_t site_mt;
    rr_log_options o;
    rr_error_code code = options_of(options, &o, err);
    const struct judge j = {&site_mt, err, o.strict};
    rr_component_batch batches[RR_AS_COMPONENTS_MOST];
    uint32_t n = RR_AS_COMPONENTS_MOST;
    if (code)
        return code;
    if (!path || !as_components)
        return rt_misuse(&site_mt, j.strict, err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", path ? "as_components" : "path");
    memset(batches, 0, sizeof batches);
    bool done = as_components(object, batches, &n);
    n = n > RR_AS_COMPONENTS_MOST ? RR_AS_COMPONENTS_MOST : n;
    if (!done) {
        release_batches(batches, n);
        return rt_misuse(&site_mt, j.strict, err, RR_ERROR_CODE_INVALID_COMPONENT, "%s: the object has no components", path);
    }
    return log_batches(&j, rec, rt_slice(path, strlen(path)), o.is_static ? RT_LOG_STATIC : 0, batches, n);
}

/* ---------------------------------------------------------------- fields */

RR_API rr_error_code rr_log_fields(rr_recording_stream rec, const char *path, const rr_field *fields, uint32_t n)
{
    static uint32_t site_mt;
    const struct judge j = {&site_mt, NULL, 0};
    struct rt_value few[FEW_VALUES], *values = few;
    struct rt_scratch scratch;
    if (!path || (n && !fields))
        return rt_misuse(&site_mt, 0, NULL, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", path ? "fields" : "path");
    if (n > FEW_VALUES && !(values = malloc(n * sizeof *values)))
        return RR_ERROR_CODE_OUT_OF_MEMORY;
    rt_scratch_init(&scratch);
    n = rt_fields_values(fields, n, &scratch, values);
    rr_error_code code = log_values(&j, rec, rt_slice(path, strlen(path)), 0, values, n);
    rt_scratch_deinit(&scratch);
    if (values != few)
        free(values);
    return code;
}

/* ---------------------------------------------------------------- properties */

#define PROPERTIES "/__properties"

RR_API void rr_recording_stream_send_property(rr_recording_stream rec, const char *name, rr_component_batch *batches, uint32_t n, rr_error *err)
{
    static uint32_t site_mt;
    const struct judge j = {&site_mt, err, 1};
    char *path = name && *name ? malloc(sizeof PROPERTIES + 1 + strlen(name)) : NULL;
    if (!path || (n && !batches)) {
        bool bad = !name || !*name || (n && !batches);
        release_batches(batches, n);
        free(path);
        rt_fail(err, bad ? RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT : RR_ERROR_CODE_OUT_OF_MEMORY, "%s",
                bad ? "name or batches is NULL" : "out of memory");
        return;
    }
    stpcpy(stpcpy(stpcpy(path, PROPERTIES), "/"), name);
    log_batches(&j, rec, rt_slice(path, strlen(path)), RT_LOG_STATIC | RT_LOG_RESERVED, batches, n);
    free(path);
}

static void send_info(rr_recording_stream rec, const struct rt_value *value, rr_error *err)
{
    rt_log_row(rec, PROPERTIES, sizeof PROPERTIES - 1, RT_LOG_STATIC | RT_LOG_RESERVED, 0, value, 1, err);
}

RR_API void rr_recording_stream_send_recording_name(rr_recording_stream rec, const char *name, rr_error *err)
{
    struct rt_slice text = rt_slice(name, name ? strlen(name) : 0);
    if (!name)
        rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "name is NULL");
    else if (!rt_utf8_ok(text.p, text.n))
        rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "name is not UTF-8");
    else
        send_info(rec, &(struct rt_value){rt_type_of_table(RT_C_RecordingInfo_name), 1, &text, NULL}, err);
}

RR_API void rr_recording_stream_send_recording_start_time_nanos(rr_recording_stream rec, int64_t ns, rr_error *err)
{
    send_info(rec, &(struct rt_value){rt_type_of_table(RT_C_RecordingInfo_start_time), 1, &ns, NULL}, err);
}
