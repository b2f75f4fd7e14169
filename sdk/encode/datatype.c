#include "encode/datatype.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
    const char *format, *name; /* C data interface; how it is shown. NULL format: has parameters */
    uint8_t width, buffers;
} kinds[] = {
    [RT_KIND_NULL] = {"n", "Null", 0, 0},
    [RT_KIND_BOOL] = {"b", "Bool", 0, 2},
    [RT_KIND_I8] = {"c", "Int8", 1, 2},
    [RT_KIND_U8] = {"C", "UInt8", 1, 2},
    [RT_KIND_I16] = {"s", "Int16", 2, 2},
    [RT_KIND_U16] = {"S", "UInt16", 2, 2},
    [RT_KIND_I32] = {"i", "Int32", 4, 2},
    [RT_KIND_U32] = {"I", "UInt32", 4, 2},
    [RT_KIND_I64] = {"l", "Int64", 8, 2},
    [RT_KIND_U64] = {"L", "UInt64", 8, 2},
    [RT_KIND_F16] = {"e", "Float16", 2, 2},
    [RT_KIND_F32] = {"f", "Float32", 4, 2},
    [RT_KIND_F64] = {"g", "Float64", 8, 2},
    [RT_KIND_UTF8] = {"u", "Utf8", 0, 3},
    [RT_KIND_BINARY] = {"z", "Binary", 0, 3},
    [RT_KIND_LARGE_UTF8] = {"U", "LargeUtf8", 0, 3},
    [RT_KIND_LARGE_BINARY] = {"Z", "LargeBinary", 0, 3},
    [RT_KIND_FIXED_BINARY] = {NULL, "FixedSizeBinary", 0, 2},
    [RT_KIND_TIMESTAMP] = {NULL, "Timestamp", 8, 2},
    [RT_KIND_DURATION] = {NULL, "Duration", 8, 2},
    [RT_KIND_LIST] = {"+l", "List", 0, 2},
    [RT_KIND_LARGE_LIST] = {"+L", "LargeList", 0, 2},
    [RT_KIND_FIXED_LIST] = {NULL, "FSL", 0, 1},
    [RT_KIND_STRUCT] = {"+s", "Struct", 0, 1},
    [RT_KIND_DENSE_UNION] = {NULL, "DenseUnion", 0, 2},
    [RT_KIND_SPARSE_UNION] = {NULL, "SparseUnion", 0, 1},
};
_Static_assert(sizeof kinds / sizeof *kinds == RT_KIND_COUNT, "one row a kind");

#define FLAT(id, k, bytes) const struct rt_datatype rt_datatype_##id = {.name = "item", .kind = RT_KIND_##k, .size = bytes, .nullable = true};
FLAT(null, NULL, 0)
FLAT(bool, BOOL, 0)
FLAT(i8, I8, 0)
FLAT(u8, U8, 0)
FLAT(i16, I16, 0)
FLAT(u16, U16, 0)
FLAT(i32, I32, 0)
FLAT(u32, U32, 0)
FLAT(i64, I64, 0)
FLAT(u64, U64, 0)
FLAT(f16, F16, 0)
FLAT(f32, F32, 0)
FLAT(f64, F64, 0)
FLAT(utf8, UTF8, 0)
FLAT(binary, BINARY, 0)
FLAT(large_utf8, LARGE_UTF8, 0)
FLAT(large_binary, LARGE_BINARY, 0)
FLAT(timestamp, TIMESTAMP, 3)
FLAT(duration, DURATION, 3)
FLAT(tuid, FIXED_BINARY, 16)
#undef FLAT

unsigned rt_kind_width(enum rt_kind kind)
{
    return kinds[kind].width;
}

unsigned rt_kind_buffers(enum rt_kind kind)
{
    return kinds[kind].buffers;
}

uint32_t rt_datatype_nodes(const struct rt_datatype *t)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < t->n_children; i++)
        n += rt_datatype_nodes(t->children[i]);
    return n;
}

/* ---------------------------------------------------------------- trees on the heap */

struct rt_datatype *rt_datatype_free(struct rt_datatype *t)
{
    if (!t)
        return NULL;
    for (uint32_t i = 0; t->children && i < t->n_children; i++)
        rt_datatype_free((struct rt_datatype *)(uintptr_t)t->children[i]);
    free((void *)(uintptr_t)t->name);
    free(t);
    return NULL;
}

/* A type with room for the pointers to its children behind it. */
static struct rt_datatype *node_new(const struct rt_datatype *model, const char *name, uint32_t n_children)
{
    struct rt_datatype *t = calloc(1, sizeof *t + n_children * sizeof(void *));
    if (!t)
        return NULL;
    *t = *model;
    t->children = n_children ? (const struct rt_datatype *const *)(const void *)(t + 1) : NULL;
    t->n_children = n_children;
    t->name = name ? strdup(name) : NULL;
    if (name && !t->name) {
        free(t);
        return NULL;
    }
    return t;
}

static const struct rt_datatype **children_of(struct rt_datatype *t)
{
    return (const struct rt_datatype **)(void *)(t + 1);
}

int rt_datatype_copy(const struct rt_datatype *t, struct rt_datatype **ret)
{
    struct rt_datatype *copy = node_new(t, t->name, t->n_children), *child;
    for (uint32_t i = 0; copy && i < t->n_children; i++) {
        if (rt_datatype_copy(t->children[i], &child) < 0)
            copy = rt_datatype_free(copy);
        else
            children_of(copy)[i] = child;
    }
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

bool rt_datatype_equal(const struct rt_datatype *a, const struct rt_datatype *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->size != b->size || a->n_children != b->n_children)
        return false;
    for (uint32_t i = 0; i < a->n_children; i++) {
        const struct rt_datatype *x = a->children[i], *y = b->children[i];
        if (x != y && (x->nullable != y->nullable || strcmp(x->name ? x->name : "", y->name ? y->name : "") || !rt_datatype_equal(x, y)))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- import */

struct import {
    uint32_t n_nodes;
    struct rt_error *err;
};

static const char units[] = "smun"; /* of timestamps and durations, by size */

/* The number behind "w:"; 0 = none that can be. */
static int32_t format_size(const char *digits)
{
    char *end;
    errno = 0;
    long n = strtol(digits, &end, 10);
    return *digits >= '0' && *digits <= '9' && !*end && !errno && n > 0 && n <= INT32_MAX ? (int32_t)n : 0;
}

/* "0,1,2": the ids of a union of @n fields that are numbered in order. */
static bool format_ids(const char *ids, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        char *end;
        if (*ids < '0' || *ids > '9' || strtol(ids, &end, 10) != i || *end != (i + 1 < n ? ',' : 0))
            return false;
        ids = end + (i + 1 < n);
    }
    return !*ids;
}

static bool unit_of(char c, int32_t *ret)
{
    const char *at = c ? strchr(units, c) : NULL;
    *ret = at ? (int32_t)(at - units) : 0;
    return at != NULL;
}

/* Kind and size out of a format. Return: false when it is none that this library has. */
static bool format_parse(const char *f, int64_t n_children, struct rt_datatype *ret)
{
    for (uint8_t k = 0; k < RT_KIND_COUNT; k++)
        if (kinds[k].format && !strcmp(f, kinds[k].format)) {
            ret->kind = k;
            return true;
        }
    bool is_list = f[0] == '+' && f[1] == 'w', is_time = f[0] == 't' && (f[1] == 's' || f[1] == 'D');
    if (is_time && unit_of(f[2], &ret->size)) {
        ret->kind = f[1] == 's' ? RT_KIND_TIMESTAMP : RT_KIND_DURATION;
        return !strcmp(f + 3, f[1] == 's' ? ":" : ""); /* no time zones: Rerun has none */
    }
    if (!strncmp(f + is_list, "w:", 2)) {
        ret->kind = is_list ? RT_KIND_FIXED_LIST : RT_KIND_FIXED_BINARY;
        ret->size = format_size(f + is_list + 2);
        return ret->size > 0;
    }
    ret->kind = !strncmp(f, "+ud:", 4) ? RT_KIND_DENSE_UNION : RT_KIND_SPARSE_UNION;
    return (!strncmp(f, "+ud:", 4) || !strncmp(f, "+us:", 4)) && format_ids(f + 4, n_children);
}

/* How many children a kind has: -1 = any number. */
static int children_wanted(uint8_t kind)
{
    return kind == RT_KIND_LIST || kind == RT_KIND_LARGE_LIST || kind == RT_KIND_FIXED_LIST ? 1 : kind >= RT_KIND_STRUCT ? -1 : 0;
}

/* What is wrong with a schema node; NULL = nothing, *ret is its model. */
static const char *judge(const struct ArrowSchema *s, const struct import *in, unsigned depth, struct rt_datatype *ret)
{
    *ret = (struct rt_datatype){.nullable = s && s->flags & 2 /* ARROW_FLAG_NULLABLE */};
    if (!s || !s->format)
        return "is missing";
    if (depth >= RT_DATATYPE_DEPTH)
        return "is nested too deeply (RT_DATATYPE_DEPTH)";
    if (s->n_children < 0 || s->n_children >= RT_DATATYPE_NODES - in->n_nodes || (s->n_children && !s->children))
        return "has an impossible number of children";
    if (s->dictionary)
        return "is dictionary-encoded, which is not supported";
    if (s->name && !rt_utf8_ok(s->name, strlen(s->name)))
        return "has a name that is not UTF-8";
    if (!format_parse(s->format, s->n_children, ret))
        return "is of an Arrow type that is not supported";
    int wanted = children_wanted(ret->kind);
    if (wanted >= 0 ? s->n_children != wanted : s->n_children > 127 && ret->kind != RT_KIND_STRUCT)
        return "has a wrong number of children";
    return NULL;
}

static int import_node(struct import *in, const struct ArrowSchema *s, unsigned depth, struct rt_datatype **ret)
{
    struct rt_datatype model, *t, *child;
    const char *why = judge(s, in, depth, &model);
    if (why)
        return rt_error_set(in->err, -EINVAL, "Arrow schema: field \"%.100s\" with format \"%.40s\" %s", s && s->name ? s->name : "",
                            s && s->format ? s->format : "", why);
    in->n_nodes++;
    t = node_new(&model, s->name ? s->name : "", (uint32_t)s->n_children);
    if (!t)
        return rt_error_set(in->err, -ENOMEM, "Arrow schema: out of memory");
    for (uint32_t i = 0; i < t->n_children; i++) {
        int r = import_node(in, s->children[i], depth + 1, &child);
        if (r < 0) {
            rt_datatype_free(t);
            return r;
        }
        children_of(t)[i] = child;
    }
    *ret = t;
    return 0;
}

int rt_datatype_import(const struct ArrowSchema *schema, struct rt_datatype **ret, struct rt_error *err)
{
    struct import in = {.err = err};
    if (!schema || !schema->release)
        return rt_error_set(err, -EINVAL, "Arrow schema: %s", schema ? "it was released" : "it is NULL");
    return import_node(&in, schema, 0, ret);
}

/* ---------------------------------------------------------------- names */

struct text {
    char *buf;
    size_t n, len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    size_t at = t->len < t->n ? t->len : t->n;
    va_start(ap, fmt);
    int r = vsnprintf(t->buf ? t->buf + at : NULL, t->n - at, fmt, ap);
    va_end(ap);
    t->len += r > 0 ? (size_t)r : 0;
}

static void put_name(struct text *out, const struct rt_datatype *t)
{
    bool is_list = children_wanted(t->kind) == 1, brackets = t->kind == RT_KIND_FIXED_BINARY || t->kind == RT_KIND_FIXED_LIST;
    put(out, "%s", kinds[t->kind].name);
    if (brackets)
        put(out, "[%d]", t->size);
    if (t->kind == RT_KIND_TIMESTAMP || t->kind == RT_KIND_DURATION)
        put(out, "(%c%s)", units[t->size & 3], t->size ? "s" : "");
    if (!t->n_children)
        return;
    put(out, is_list ? "<" : "{");
    for (uint32_t i = 0; i < t->n_children; i++) {
        put(out, "%s%s: ", i ? ", " : "", t->children[i]->name ? t->children[i]->name : "");
        put_name(out, t->children[i]);
        put(out, "%s", t->children[i]->nullable ? "" : "!");
    }
    put(out, is_list ? ">" : "}");
}

size_t rt_datatype_format(const struct rt_datatype *t, char *buf, size_t n)
{
    struct text out = {buf, n, 0};
    bool is_dense = t->kind == RT_KIND_DENSE_UNION;
    if (kinds[t->kind].format)
        put(&out, "%s", kinds[t->kind].format);
    else if (t->kind == RT_KIND_FIXED_BINARY || t->kind == RT_KIND_FIXED_LIST)
        put(&out, t->kind == RT_KIND_FIXED_LIST ? "+w:%d" : "w:%d", t->size);
    else if (t->kind == RT_KIND_TIMESTAMP || t->kind == RT_KIND_DURATION)
        put(&out, t->kind == RT_KIND_TIMESTAMP ? "ts%c:" : "tD%c", units[t->size & 3]);
    else
        put(&out, is_dense ? "+ud:" : "+us:");
    for (uint32_t i = 0; t->kind >= RT_KIND_DENSE_UNION && i < t->n_children; i++)
        put(&out, i ? ",%u" : "%u", i);
    return out.len;
}

void rt_datatype_name(const struct rt_datatype *t, char *buf, size_t n)
{
    struct text out = {buf, n, 0};
    put_name(&out, t);
}
