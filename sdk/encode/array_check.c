#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "encode/bits.h"
#include "encode/datatype.h"

enum { DEPTH_MAX = 2 * RT_DATATYPE_DEPTH }; /* types that were put together from imported ones may be deeper than those */
#define BYTES_MAX INT32_MAX

/* Where in the tree: printed only when something is wrong. */
struct place {
    const struct place *up;
    const struct rt_datatype *type;
    unsigned depth;
    bool contents; /* texts and nulls, too */
};

/* One node as the checks see it: elements [first, first + n) of its buffers. */
struct node {
    const struct rt_datatype *t;
    const struct ArrowArray *a;
    uint64_t first, n;
};

static size_t place_text(const struct place *p, char *buf, size_t n)
{
    if (!p->up)
        return 0;
    size_t at = place_text(p->up, buf, n);
    int r = snprintf(buf + at, n - at, ".%s", p->type->name ? p->type->name : "");
    size_t len = r > 0 ? (size_t)r : 0;
    return at + (len < n - at ? len : n - at - 1);
}

static int fail(const struct place *p, struct rt_error *err, const char *why)
{
    char path[128] = "", name[128];
    place_text(p, path, sizeof path);
    rt_datatype_name(p->type, name, sizeof name);
    return rt_error_set(err, -EINVAL, "Arrow array%s%s of type %s: %s", path[0] ? " " : "", path, name, why);
}

static const char short_offsets[] = "offsets that run backwards or beyond 2 GiB", no_buffer[] = "a buffer is NULL";

/* Offsets 32 or 64 bits wide, of any alignment. */
static int64_t offset_at(const void *offsets, bool wide, uint64_t i)
{
    int64_t v;
    int32_t small;
    if (wide)
        memcpy(&v, (const uint8_t *)offsets + 8 * i, 8);
    else {
        memcpy(&small, (const uint8_t *)offsets + 4 * i, 4);
        v = small;
    }
    return v;
}

static bool ascending_32(const uint8_t *p, uint64_t n)
{
    int32_t a, b, down = 0;
    memcpy(&a, p, 4);
    down |= a < 0;
    for (uint64_t i = 1; i <= n; i++, a = b) {
        memcpy(&b, p + 4 * i, 4);
        down |= b < a;
    }
    return !down;
}

static bool ascending_64(const uint8_t *p, uint64_t n)
{
    int64_t a = offset_at(p, true, 0);
    bool down = a < 0;
    for (uint64_t i = 1; i <= n; i++) {
        int64_t b = offset_at(p, true, i);
        down |= b < a;
        a = b;
    }
    return !down && a <= BYTES_MAX;
}

static const char *check_offsets(const struct node *x, bool wide, uint64_t *ret_last)
{
    *ret_last = 0;
    if (!x->n)
        return NULL;
    const uint8_t *p = x->a->buffers[1];
    if (!p)
        return no_buffer;
    p += (wide ? 8 : 4) * x->first;
    if (!(wide ? ascending_64(p, x->n) : ascending_32(p, x->n)))
        return short_offsets;
    *ret_last = (uint64_t)offset_at(p, wide, x->n);
    return NULL;
}

static const char *check_header(const struct node *x)
{
    const struct ArrowArray *a = x->a;
    unsigned n_buffers = rt_kind_buffers((enum rt_kind)x->t->kind);
    if (a->length < 0 || a->offset < 0 || a->length > INT32_MAX || a->offset > INT32_MAX || a->length + a->offset > INT32_MAX)
        return "an impossible length or offset";
    if (a->null_count < -1 || a->null_count > a->length)
        return "an impossible null count";
    if (a->n_buffers != n_buffers || (n_buffers && !a->buffers))
        return "a wrong number of buffers";
    if (a->n_children != x->t->n_children || (x->t->n_children && !a->children))
        return "a wrong number of children";
    if (a->dictionary)
        return "a dictionary";
    for (uint32_t i = 0; i < x->t->n_children; i++)
        if (!a->children[i] || a->children[i]->length < 0)
            return "a child is missing";
    return NULL;
}

static bool has_validity(uint8_t kind)
{
    return kind != RT_KIND_NULL && kind != RT_KIND_DENSE_UNION && kind != RT_KIND_SPARSE_UNION;
}

static const char *check_validity(const struct node *x)
{
    return has_validity(x->t->kind) && x->a->null_count > 0 && !x->a->buffers[0] ? "nulls without a validity buffer" : NULL;
}

static const char *check_values(const struct node *x)
{
    unsigned width = rt_datatype_width(x->t);
    if (x->n && !x->a->buffers[1])
        return no_buffer;
    return (x->first + x->n) * width > BYTES_MAX ? "more than 2 GiB" : NULL;
}

/* All at once: then only the ends may still lie within characters. Readers look at the bytes of null cells, too. */
static bool texts_valid(const struct node *x, bool wide)
{
    const uint8_t *offsets = (const uint8_t *)x->a->buffers[1] + (wide ? 8 : 4) * x->first, *bytes = x->a->buffers[2];
    int64_t from = offset_at(offsets, wide, 0), to = offset_at(offsets, wide, x->n);
    if (from < to && !rt_utf8_ok(bytes + from, (size_t)(to - from)))
        return false;
    for (uint64_t i = 0; i < x->n; i++) {
        int64_t at = offset_at(offsets, wide, i);
        if (at < to && (bytes[at] & 0xC0) == 0x80)
            return false;
    }
    return true;
}

static const char *check_bytes(const struct node *x, bool wide, bool text)
{
    uint64_t last;
    const char *why = check_offsets(x, wide, &last);
    if (why)
        return why;
    if (last && !x->a->buffers[2])
        return no_buffer;
    return text && x->n && !texts_valid(x, wide) ? "a text that is not UTF-8" : NULL;
}

static const char *check_type_ids(const struct node *x)
{
    const int8_t *ids = x->a->buffers[0];
    const uint8_t *offsets = x->t->kind == RT_KIND_DENSE_UNION ? x->a->buffers[1] : NULL;
    if (!x->n)
        return NULL;
    if (!ids || (x->t->kind == RT_KIND_DENSE_UNION && !offsets))
        return no_buffer;
    for (uint64_t i = x->first; i < x->first + x->n; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= x->t->n_children)
            return "a type id without a child";
        int64_t at = offsets ? offset_at(offsets, false, i) : (int64_t)i;
        if (at < 0 || at >= x->a->children[ids[i]]->length)
            return "an offset outside its child";
    }
    return NULL;
}

/* The part of the children that the node uses: [*ret_first, *ret_first + *ret_n) of each. */
static const char *check_nesting(const struct node *x, uint64_t *ret_first, uint64_t *ret_n)
{
    uint64_t first = x->first, n = x->n, last;
    const char *why;
    bool wide = x->t->kind == RT_KIND_LARGE_LIST;
    switch (x->t->kind) {
    case RT_KIND_LIST:
    case RT_KIND_LARGE_LIST:
        if ((why = check_offsets(x, wide, &last)))
            return why;
        first = x->n ? (uint64_t)offset_at(x->a->buffers[1], wide, x->first) : 0;
        n = last - first;
        break;
    case RT_KIND_FIXED_LIST:
        first *= (uint64_t)x->t->size;
        n *= (uint64_t)x->t->size;
        break;
    case RT_KIND_DENSE_UNION:
        *ret_first = 0;
        *ret_n = UINT64_MAX; /* all of it */
        return check_type_ids(x);
    case RT_KIND_SPARSE_UNION:
        if ((why = check_type_ids(x)))
            return why;
        break;
    }
    for (uint32_t i = 0; i < x->t->n_children; i++)
        if (first + n > (uint64_t)x->a->children[i]->length)
            return "a child that is too short";
    *ret_first = first;
    *ret_n = n;
    return NULL;
}

/* Is a null of @child where @x itself has a value? @first, @n: what x uses of it. */
static bool null_unmasked(const struct node *x, const struct ArrowArray *child, uint64_t first, uint64_t n)
{
    const uint8_t *validity = child->null_count ? child->buffers[0] : NULL, *own = x->a->null_count ? x->a->buffers[0] : NULL;
    uint64_t at = (uint64_t)child->offset + first;
    if (!validity || !rt_bits_zeros(validity, at, n))
        return false;
    if (!own || (x->t->kind != RT_KIND_STRUCT && x->t->kind != RT_KIND_FIXED_LIST))
        return true;
    uint64_t per = x->t->kind == RT_KIND_STRUCT ? 1 : (uint64_t)x->t->size;
    for (uint64_t i = 0; i < n; i++)
        if (!rt_bit(validity, at + i) && rt_bit(own, x->first + i / per))
            return true;
    return false;
}

static int check(const struct place *p, const struct ArrowArray *a, uint64_t first, uint64_t n, struct rt_error *err);

static int check_children(const struct place *p, const struct node *x, uint64_t first, uint64_t n, struct rt_error *err)
{
    for (uint32_t i = 0; i < x->t->n_children; i++) {
        const struct ArrowArray *child = x->a->children[i];
        struct place below = {p, x->t->children[i], p->depth + 1, p->contents};
        uint64_t count = n == UINT64_MAX ? (uint64_t)child->length : n;
        int r = check(&below, child, first, count, err);
        if (r < 0)
            return r;
        bool nulls = p->contents && !below.type->nullable && has_validity(below.type->kind) &&
                     x->t->kind != RT_KIND_SPARSE_UNION; /* there only some of them count */
        if (nulls && null_unmasked(x, child, first, count))
            return fail(&below, err, "nulls where its type has none");
    }
    return 0;
}

/* Elements [first, first + n) of @a, which is long enough if its header is right. */
static int check(const struct place *p, const struct ArrowArray *a, uint64_t first, uint64_t n, struct rt_error *err)
{
    const struct rt_datatype *t = p->type;
    struct node x = {t, a, 0, n};
    const char *why = p->depth >= DEPTH_MAX ? "nested too deeply" : check_header(&x);
    uint64_t below = 0, n_below = 0;
    if (!why)
        why = check_validity(&x);
    if (why)
        return fail(p, err, why);
    x.first = (uint64_t)a->offset + first;
    if (t->kind >= RT_KIND_LIST)
        why = check_nesting(&x, &below, &n_below);
    else if (t->kind >= RT_KIND_UTF8 && t->kind <= RT_KIND_LARGE_BINARY)
        why = check_bytes(&x, t->kind == RT_KIND_LARGE_UTF8 || t->kind == RT_KIND_LARGE_BINARY,
                          p->contents && (t->kind == RT_KIND_UTF8 || t->kind == RT_KIND_LARGE_UTF8));
    else if (t->kind != RT_KIND_NULL)
        why = check_values(&x);
    return why ? fail(p, err, why) : check_children(p, &x, below, n_below, err);
}

static int check_root(const struct rt_datatype *t, const struct ArrowArray *array, bool contents, struct rt_error *err)
{
    struct place root = {NULL, t, 0, contents};
    if (!array)
        return fail(&root, err, "it is NULL");
    return check(&root, array, 0, array->length < 0 ? 0 : (uint64_t)array->length, err);
}

int rt_array_check(const struct rt_datatype *t, const struct ArrowArray *array, struct rt_error *err)
{
    return check_root(t, array, true, err);
}

int rt_array_check_shape(const struct rt_datatype *t, const struct ArrowArray *array, struct rt_error *err)
{
    return check_root(t, array, false, err);
}
