#include "encode/decode_flat.h"

#include <string.h>

static bool inside(uint32_t len, uint64_t pos, uint64_t n)
{
    return pos <= len && n <= len - pos;
}

static bool table_at(const uint8_t *data, uint32_t len, uint64_t pos, struct rt_flat_table *ret)
{
    if (!inside(len, pos, 4))
        return false;
    int64_t vtable = (int64_t)pos - (int32_t)rt_flat_le(data + pos, 4);
    if (vtable < 0 || !inside(len, (uint64_t)vtable, 4))
        return false;
    uint32_t vtable_len = (uint32_t)rt_flat_le(data + vtable, 2), table_len = (uint32_t)rt_flat_le(data + vtable + 2, 2);
    if (vtable_len < 4 || vtable_len % 2 || !inside(len, (uint64_t)vtable, vtable_len))
        return false;
    if (table_len < 4 || !inside(len, pos, table_len))
        return false;
    *ret = (struct rt_flat_table){data, len, (uint32_t)pos, (uint32_t)vtable, (vtable_len - 4) / 2, table_len};
    return true;
}

/* Follows the u32 reference at @pos, which is inside. Return: false when it does not point forward to @n bytes or more. */
static bool follow(const uint8_t *data, uint32_t len, uint32_t pos, uint32_t n, uint64_t *ret)
{
    uint64_t step = rt_flat_le(data + pos, 4);
    *ret = pos + step;
    return step && inside(len, *ret, n);
}

/* Where the field of @slot stands; *ret 0 = absent. */
static bool field_at(const struct rt_flat_table *t, unsigned slot, unsigned bytes, uint32_t *ret)
{
    *ret = 0;
    if (!t->data || slot >= t->n_slots)
        return true;
    uint32_t at = (uint32_t)rt_flat_le(t->data + t->vtable + 4 + 2 * slot, 2);
    if (!at)
        return true;
    if (at < 4 || at + bytes > t->table_len)
        return false;
    *ret = t->pos + at;
    return true;
}

bool rt_flat_root(const uint8_t *data, size_t len, struct rt_flat_table *ret)
{
    uint64_t pos;
    return len >= 8 && len < INT32_MAX && follow(data, (uint32_t)len, 0, 4, &pos) && table_at(data, (uint32_t)len, pos, ret);
}

bool rt_flat_scalar(const struct rt_flat_table *t, unsigned slot, unsigned bytes, uint64_t absent, uint64_t *ret)
{
    uint32_t at;
    if (!field_at(t, slot, bytes, &at))
        return false;
    *ret = at ? rt_flat_le(t->data + at, bytes) : absent;
    return true;
}

bool rt_flat_table(const struct rt_flat_table *t, unsigned slot, struct rt_flat_table *ret)
{
    uint32_t at;
    uint64_t pos;
    *ret = (struct rt_flat_table){0};
    if (!field_at(t, slot, 4, &at))
        return false;
    return !at || (follow(t->data, t->len, at, 4, &pos) && table_at(t->data, t->len, pos, ret));
}

bool rt_flat_vector(const struct rt_flat_table *t, unsigned slot, unsigned element_bytes, struct rt_flat_vector *ret)
{
    uint32_t at;
    uint64_t pos;
    *ret = (struct rt_flat_vector){0};
    if (!field_at(t, slot, 4, &at))
        return false;
    if (!at)
        return true;
    if (!follow(t->data, t->len, at, 4, &pos))
        return false;
    uint64_t n = rt_flat_le(t->data + pos, 4);
    if (!inside(t->len, pos + 4, n * element_bytes))
        return false;
    *ret = (struct rt_flat_vector){t->data, t->len, (uint32_t)pos + 4, (uint32_t)n};
    return true;
}

bool rt_flat_vector_table(const struct rt_flat_vector *v, uint32_t i, struct rt_flat_table *ret)
{
    uint64_t pos;
    return i < v->n && follow(v->data, v->len, v->pos + 4 * i, 4, &pos) && table_at(v->data, v->len, pos, ret);
}

bool rt_flat_string(const struct rt_flat_table *t, unsigned slot, const char **ret)
{
    struct rt_flat_vector v;
    *ret = NULL;
    if (!rt_flat_vector(t, slot, 1, &v))
        return false;
    if (!v.data)
        return true;
    if (!inside(v.len, (uint64_t)v.pos + v.n, 1) || v.data[v.pos + v.n])
        return false;
    *ret = (const char *)v.data + v.pos;
    return true;
}
