#include "recording/fieldset.h"

#include <inttypes.h>
#include <stdio.h>

#include <retap/text.h>

#include "archetype/table.h"
#include "base/atomic.h"
#include "base/utf8.h"

#define NUMBER_TEXT_MAX 32u /* "-1.7976931348623157e+308" and a NUL */

static uint64_t n_repaired_mt;

RR_API uint64_t rr_log_repaired(void)
{
    return rt_load_relaxed(&n_repaired_mt);
}

struct rt_slice rt_text_repaired(struct rt_slice s, struct rt_scratch *scratch)
{
    if (rt_utf8_ok(s.p, s.n))
        return s;
    static uint32_t site;
    rt_add_relaxed(&n_repaired_mt, 1);
    rt_warn(&site, "a logged text is not UTF-8; bytes that are no character become U+FFFD");
    char *copy = rt_scratch_get(scratch, rt_utf8_repaired_len(s.p, s.n));
    if (!copy)
        return rt_slice(s.p, rt_utf8_ok_len(s.p, s.n));
    return rt_slice(copy, rt_utf8_repair(copy, s.p, s.n));
}

/* ---------------------------------------------------------------- single values */

/* A number of any kind: a long double holds every int64_t, uint64_t and double as it is. */
static long double number_at(const rr_field *f, uint32_t i)
{
    switch (f->kind) {
    case RR_FIELD_I64:
        return (long double)(f->values ? ((const int64_t *)f->values)[i] : f->value.i64);
    case RR_FIELD_U64:
        return (long double)(f->values ? ((const uint64_t *)f->values)[i] : f->value.u64);
    case RR_FIELD_F64:
        return (long double)(f->values ? ((const double *)f->values)[i] : f->value.f64);
    default:
        return (long double)(f->values ? ((const bool *)f->values)[i] : f->value.boolean);
    }
}

static struct rt_slice bytes_at(const rr_field *f, uint32_t i)
{
    if (!f->values)
        return rt_slice(f->value.str.data, f->value.str.data ? f->value.str.len : 0);
    const char *text = ((const char *const *)f->values)[i];
    return rt_slice(text, text ? strlen(text) : 0);
}

static bool is_number(uint32_t kind)
{
    return kind >= RR_FIELD_I64 && kind <= RR_FIELD_BOOL;
}

/* Each: @x in the form of the type at @out, or false when that would be another number. */
static bool to_i64(long double x, void *out)
{
    if (!(x >= -0x1p63L && x < 0x1p63L))
        return false;
    *(int64_t *)out = (int64_t)x;
    return (long double)*(int64_t *)out == x;
}
static bool to_u64(long double x, void *out)
{
    if (!(x >= 0 && x < 0x1p64L))
        return false;
    *(uint64_t *)out = (uint64_t)x;
    return (long double)*(uint64_t *)out == x;
}
static bool to_f64(long double x, void *out)
{
    *(double *)out = (double)x;
    return (long double)*(double *)out == x || x != x;
}
static bool to_bool(long double x, void *out)
{
    *(bool *)out = x != 0;
    return x == 0 || x == 1;
}

static const struct {
    uint8_t arrow, width; /* enum rt_kind; bytes of an instance in a struct rt_value */
    bool (*from_number)(long double x, void *out);
} kinds[] = {
    [RR_FIELD_I64] = {RT_KIND_I64, sizeof(int64_t), to_i64},
    [RR_FIELD_U64] = {RT_KIND_U64, sizeof(uint64_t), to_u64},
    [RR_FIELD_F64] = {RT_KIND_F64, sizeof(double), to_f64},
    [RR_FIELD_BOOL] = {RT_KIND_BOOL, sizeof(bool), to_bool},
    [RR_FIELD_STR] = {RT_KIND_UTF8, sizeof(struct rt_slice), NULL},
    [RR_FIELD_BYTES] = {RT_KIND_BINARY, sizeof(struct rt_slice), NULL},
};
_Static_assert(sizeof kinds / sizeof *kinds == RR_FIELD_BYTES + 1, "a kind of field without its row");

static bool text_of_number(const rr_field *f, uint32_t i, struct rt_scratch *scratch, struct rt_slice *out)
{
    char *p = rt_scratch_get(scratch, NUMBER_TEXT_MAX);
    if (!p)
        return false;
    long double x = number_at(f, i);
    int n;
    if (f->kind == RR_FIELD_I64)
        n = snprintf(p, NUMBER_TEXT_MAX, "%" PRId64, (int64_t)x);
    else if (f->kind == RR_FIELD_U64)
        n = snprintf(p, NUMBER_TEXT_MAX, "%" PRIu64, (uint64_t)x);
    else if (f->kind == RR_FIELD_BOOL)
        n = snprintf(p, NUMBER_TEXT_MAX, "%s", x != 0 ? "true" : "false");
    else
        n = snprintf(p, NUMBER_TEXT_MAX, "%.17g", (double)x);
    for (char *c = p; *c; c++)
        if (*c == ',')
            *c = '.'; /* the decimal point of the program's locale */
    *out = rt_slice(p, (size_t)n);
    return true;
}

/* The instance @i of @f as text or bytes. */
static bool to_bytes(const rr_field *f, uint32_t i, uint32_t kind, struct rt_scratch *scratch, struct rt_slice *out)
{
    if (is_number(f->kind))
        return kind == RR_FIELD_STR && text_of_number(f, i, scratch, out);
    *out = bytes_at(f, i);
    if (kind == RR_FIELD_BYTES)
        return true;
    if (f->kind == RR_FIELD_BYTES)
        return rt_utf8_ok(out->p, out->n);
    *out = rt_text_repaired(*out, scratch);
    return true;
}

/* ---------------------------------------------------------------- fields */

/* The values of @f in the type of @kind. Return: NULL when that can't be, or without memory. */
static const void *cast_values(const rr_field *f, uint32_t kind, struct rt_scratch *scratch)
{
    if (is_number(kind) && kind == f->kind)
        return f->values ? f->values : &f->value;
    if (is_number(kind) && !is_number(f->kind))
        return NULL;
    char *out = rt_scratch_get(scratch, (size_t)f->n * kinds[kind].width);
    for (uint32_t i = 0; out && i < f->n; i++) {
        void *at = out + (size_t)i * kinds[kind].width;
        if (kinds[kind].from_number ? !kinds[kind].from_number(number_at(f, i), at) : !to_bytes(f, i, kind, scratch, at))
            return NULL;
    }
    return out;
}

/* Which RR_FIELD_* has this Arrow type; 0 = none. */
static uint32_t kind_of(const struct rt_component_type *type)
{
    for (uint32_t k = RR_FIELD_I64; k <= RR_FIELD_BYTES; k++)
        if (kinds[k].arrow == type->datatype->kind)
            return k;
    return 0;
}

/* What is wrong with the field itself, a warning's words; NULL = nothing. */
static const char *fault_of(const rr_field *f)
{
    struct rt_component taken;
    if (!f->name || !*f->name || !rt_utf8_ok(f->name, strlen(f->name)))
        return "a name of UTF-8 is needed";
    if (f->kind < RR_FIELD_I64 || f->kind > RR_FIELD_BYTES)
        return "its kind is none of RR_FIELD_*";
    if (f->n != 1 && f->n != 0 && !f->values)
        return "it has no values";
    if (f->kind == RR_FIELD_BYTES && f->values)
        return "an array of bytes is no field";
    if (strchr(f->name, ':') && rt_component_find(f->name, &taken))
        return "its name is that of an archetype's component";
    return NULL;
}

static bool is_there(const struct rt_value *values, uint32_t n, const struct rt_component_type *type)
{
    for (uint32_t i = 0; i < n; i++)
        if (values[i].type == type)
            return true;
    return false;
}

/* Fills *out. Return: NULL, or why not. */
static const char *field_value(const rr_field *f, struct rt_scratch *scratch, const struct rt_value *before, uint32_t n_before,
                               struct rt_value *out)
{
    const char *fault = fault_of(f);
    if (fault)
        return fault;
    const struct rt_component_type *type = rt_type_of_field(f->name, strlen(f->name), f->kind);
    uint32_t kind = type ? kind_of(type) : 0;
    if (!kind)
        return "no memory for its type";
    if (is_there(before, n_before, type))
        return "it is there twice";
    const void *values = cast_values(f, kind, scratch);
    if (!values)
        return "its value can't be cast to the type of the name's first use";
    *out = (struct rt_value){.type = type, .n = f->n, .values = values};
    return NULL;
}

uint32_t rt_fields_values(const rr_field *fields, uint32_t n, struct rt_scratch *scratch, struct rt_value *out)
{
    static uint32_t left_out;
    uint32_t n_out = 0, length = 1;
    for (uint32_t i = 0; i < n; i++) {
        const rr_field *f = &fields[i];
        const char *fault = field_value(f, scratch, out, n_out, &out[n_out]);
        if (!fault && f->n != 1 && length != 1 && f->n != length)
            fault = "its length is neither 1 nor that of the fields before it";
        if (fault) {
            rt_warn(&left_out, "field \"%.64s\" is left out: %s", f->name ? f->name : "", fault);
            continue;
        }
        length = f->n != 1 ? f->n : length;
        n_out++;
    }
    return n_out;
}
