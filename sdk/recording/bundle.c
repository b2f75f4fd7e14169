#include "recording/bundle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archetype/datatypes.h"
#include "archetype/form.h"
#include "base/atomic.h"

/* ---------------------------------------------------------------- life */

static void begin(struct rr_bundle *b)
{
    b->refs_mt = 1;
    b->copy = b->urgent = false;
    b->archetype = NULL;
    b->cells = b->few;
    b->n = 0;
    b->cap = RT_BUNDLE_FEW;
    b->code = 0;
    b->message = NULL;
    b->taken = NULL;
}

void rt_bundle_init(struct rr_bundle *b, void *first, size_t n)
{
    begin(b);
    rt_region_init(&b->region, first, n);
}

void rt_bundle_deinit(struct rr_bundle *b)
{
    for (struct rt_taken *t = b->taken; t; t = t->next)
        t->array.release(&t->array);
    rt_region_deinit(&b->region);
}

struct rr_bundle *rt_bundle_new(const struct rt_archetype *archetype)
{
    struct rr_bundle *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    rt_bundle_init(b, NULL, 0);
    b->copy = true;
    b->archetype = archetype;
    return b;
}

RR_API rr_bundle *rr_bundle_free(rr_bundle *b)
{
    if (b && rt_add_acq_rel(&b->refs_mt, -1u) == 1) {
        rt_bundle_deinit(b);
        free(b);
    }
    return NULL;
}

/* ---------------------------------------------------------------- failures */

rr_error_code rt_bundle_fail(struct rr_bundle *b, rr_error_code code, const char *fmt, ...)
{
    char text[256];
    va_list args;
    if (!b || b->code)
        return code;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *kept = rt_region_take(&b->region, strlen(text) + 1);
    b->code = code;
    b->message = kept ? strcpy(kept, text) : "out of memory";
    return code;
}

RR_API rr_error_code rr_bundle_error(const rr_bundle *b, rr_error *err)
{
    if (!b)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "bundle is NULL");
    return b->code ? rt_fail(err, b->code, "%s", b->message) : RR_ERROR_CODE_OK;
}

static rr_error_code code_of(int r)
{
    switch (r) {
    case -ENOMEM: return RR_ERROR_CODE_OUT_OF_MEMORY;
    case -EILSEQ: return RR_ERROR_CODE_INVALID_STRING_ARGUMENT;
    case -EFAULT: return RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT;
    default: return RR_ERROR_CODE_INVALID_COMPONENT;
    }
}

/* ---------------------------------------------------------------- values */

/* Where the values of @type are or shall be. Return: NULL without memory. */
static struct rt_value *cell_of(struct rr_bundle *b, const struct rt_component_type *type)
{
    for (uint32_t i = 0; i < b->n; i++)
        if (b->cells[i].type == type)
            return &b->cells[i];
    if (b->n == b->cap) {
        struct rt_value *more = rt_region_take(&b->region, 2 * (size_t)b->cap * sizeof *more);
        if (!more)
            return NULL;
        b->cells = memcpy(more, b->cells, b->n * sizeof *more);
        b->cap *= 2;
    }
    return &b->cells[b->n++];
}

rr_error_code rt_bundle_put_value(struct rr_bundle *b, const struct rt_value *v)
{
    struct rt_value *cell = b ? cell_of(b, v->type) : NULL;
    if (!cell)
        return rt_bundle_fail(b, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: out of memory", v->type->component);
    *cell = *v;
    return RR_ERROR_CODE_OK;
}

/* Values that a row takes as they are. */
static bool is_flat(const struct rt_datatype *t)
{
    return t->kind == RT_KIND_BOOL || rt_kind_width((enum rt_kind)t->kind) > 0;
}

static int make_flat(struct rr_bundle *b, struct rt_value *v, const void *values)
{
    static const uint64_t none;
    size_t size = (size_t)v->n * rt_form_size(v->type->datatype);
    if (v->n && !values)
        return -EFAULT;
    if (v->n > INT32_MAX)
        return -EOVERFLOW;
    v->values = v->n ? values : &none;
    if (!b->copy || !v->n)
        return 0;
    void *copy = rt_region_take(&b->region, size);
    v->values = copy ? memcpy(copy, values, size) : NULL;
    return copy ? 0 : -ENOMEM;
}

static int make_array(struct rr_bundle *b, struct rt_value *v, const void *values, struct rt_error *err)
{
    struct ArrowArray *array = rt_region_take(&b->region, sizeof *array);
    v->array = array;
    return array ? rt_form_pack(v->type->datatype, values, v->n, b->copy, &b->region, array, err) : -ENOMEM;
}

rr_error_code rt_bundle_put_type(struct rr_bundle *b, const struct rt_component_type *type, const void *values, uint32_t n)
{
    struct rt_error err = {0};
    struct rt_value v = {type, n, NULL, NULL};
    int r = !b ? 0 : is_flat(type->datatype) ? make_flat(b, &v, values) : make_array(b, &v, values, &err);
    if (r < 0)
        return rt_bundle_fail(b, code_of(r), "%s: %s", type->component,
                              r == -ENOMEM      ? "out of memory"
                              : err.message[0] ? err.message
                              : r == -EFAULT   ? "NULL"
                                               : "more than 2147483647 values");
    return rt_bundle_put_value(b, &v);
}

rr_error_code rt_bundle_put(struct rr_bundle *b, unsigned row, const void *values, uint32_t n)
{
    return rt_bundle_put_type(b, rt_type_of_table(row), values, n);
}

rr_error_code rt_bundle_put_copy(struct rr_bundle *b, unsigned row, const void *values, uint32_t n)
{
    bool copies = b && b->copy;
    if (b)
        b->copy = true;
    rr_error_code code = rt_bundle_put(b, row, values, n);
    if (b)
        b->copy = copies;
    return code;
}

/* Slices in the form of Binary. Return: NULL without memory. */
static struct rt_form_list *forms_of(struct rt_region *region, const struct rt_slice *slices, uint32_t n)
{
    struct rt_form_list *list = rt_region_take(region, n * sizeof *list);
    for (uint32_t i = 0; list && i < n; i++)
        list[i] = (struct rt_form_list){slices[i].p, (uint32_t)slices[i].n};
    return list;
}

rr_error_code rt_bundle_put_slices(struct rr_bundle *b, const struct rt_value *v)
{
    if (is_flat(v->type->datatype))
        return rt_bundle_put_type(b, v->type, v->values, v->n);
    struct ArrowArray *array = b ? rt_region_take(&b->region, sizeof *array) : NULL;
    struct rt_form_list *list = array ? forms_of(&b->region, v->values, v->n) : NULL;
    /* the arrays of Utf8 and Binary look alike */
    int r = list ? rt_form_pack(&rt_datatypes[RT_DATATYPE_BINARY], list, v->n, true, &b->region, array, NULL) : -ENOMEM;
    return r < 0 ? rt_bundle_fail(b, code_of(r), "%s: %s", v->type->component, r == -ENOMEM ? "out of memory" : "more than 2147483647 bytes")
                 : rt_bundle_put_value(b, &(struct rt_value){v->type, v->n, NULL, array});
}

/* ---------------------------------------------------------------- options */

static uint32_t size_of_options(const void *options)
{
    uint32_t size;
    memcpy(&size, options, sizeof size);
    return size;
}

bool rt_options_reach(const void *options, size_t offset, size_t size)
{
    return offset + size <= size_of_options(options);
}

/* A struct of a later version may be longer; what this library does not know has to be zero. */
static bool options_are_sound(const void *options, uint32_t known)
{
    const uint8_t *bytes = options;
    uint32_t size = size_of_options(options);
    bool sound = size >= known && size <= known + 4096;
    for (uint32_t i = known; sound && i < size; i++)
        sound = bytes[i] == 0;
    return sound;
}

bool rt_options_check(struct rr_bundle *b, const void *options, uint32_t known, const char *name)
{
    if (options_are_sound(options, known))
        return true;
    rt_bundle_fail(b, RR_ERROR_CODE_INVALID_COMPONENT, "%s: struct_size is %u, not %u: start from …_default()", name, size_of_options(options),
                   known);
    return false;
}

void rt_bundle_put_options(struct rr_bundle *b, const void *options, const struct rt_options *known)
{
    if (!options || !b || !rt_options_check(b, options, known->size, "options"))
        return;
    for (uint32_t i = 0; i < known->n; i++) {
        struct rt_form_list span;
        memcpy(&span, (const uint8_t *)options + known->list[i].offset, sizeof span);
        if (span.n)
            rt_bundle_put(b, known->list[i].row, span.data, span.n);
    }
}

/* ---------------------------------------------------------------- by name */

RR_API rr_bundle *rr_bundle_new(const char *archetype)
{
    const struct rt_archetype *a = archetype ? rt_archetype_find(archetype) : NULL;
    rr_bundle *b = rt_bundle_new(a);
    if (!archetype)
        rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "archetype is NULL");
    else if (!a)
        rt_bundle_fail(b, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "no such archetype: %s", archetype);
    return b;
}

/* The component that the caller names. Return: NULL after a failure, its code in *ret. */
static const struct rt_component_type *field_of(rr_bundle *b, const char *field, rr_error_code *ret)
{
    const char *name;
    const struct rt_component_type *type = b && b->archetype && field ? rt_archetype_field(b->archetype, field) : NULL;
    if (!b || !field)
        *ret = rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "field is NULL");
    else if (!type && b->archetype) {
        int n = rt_archetype_short_name(b->archetype, &name);
        *ret = rt_bundle_fail(b, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%.*s has no component %s", n, name, field);
    } else if (!type)
        *ret = rt_bundle_fail(b, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "a bundle of fields has no component %s", field);
    return type;
}

RR_API rr_error_code rr_bundle_set(rr_bundle *b, const char *field, const void *values, uint32_t n)
{
    rr_error_code code = 0;
    const struct rt_component_type *type = field_of(b, field, &code);
    return type ? rt_bundle_put_type(b, type, values, n) : code;
}

static rr_error_code take_array(rr_bundle *b, const struct rt_component_type *type, struct ArrowArray *array)
{
    struct rt_error err = {0};
    if (rt_array_check(type->datatype, array, &err) < 0)
        return rt_bundle_fail(b, RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, "%s: %s", type->component, err.message);
    struct rt_taken *t = array->length > INT32_MAX ? NULL : rt_region_take(&b->region, sizeof *t);
    if (!t)
        return rt_bundle_fail(b, RR_ERROR_CODE_OUT_OF_MEMORY, "%s: out of memory", type->component);
    *t = (struct rt_taken){*array, *array, b->taken};
    array->release = t->view.release = NULL;
    b->taken = t;
    return rt_bundle_put_value(b, &(struct rt_value){type, (uint32_t)t->view.length, NULL, &t->view});
}

RR_API rr_error_code rr_bundle_set_arrow(rr_bundle *b, const char *field, struct ArrowArray *array)
{
    rr_error_code code = 0;
    const struct rt_component_type *type = field_of(b, field, &code);
    if (type && (!array || !array->release))
        return rt_bundle_fail(b, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: array is NULL or released", type->component);
    if (type)
        code = take_array(b, type, array);
    if (array && array->release)
        array->release(array);
    return code;
}
