#include <string.h>

#include "encode/decode.h"

static bool bit(const uint8_t *bits, uint32_t i)
{
    return !bits || bits[i / 8] >> (i % 8) & 1;
}

uint32_t rt_cell_count(const struct rt_chunk_column *col, uint32_t row, bool *ret_null)
{
    bool is_null = !bit(col->validity, row);
    if (ret_null)
        *ret_null = is_null;
    if (is_null)
        return 0;
    return col->list_offsets ? (uint32_t)(col->list_offsets[row + 1] - col->list_offsets[row]) : 1;
}

/* Position of an instance in the column's values. Return: false when there is none, or a null. */
static bool item_at(const struct rt_chunk_column *col, uint32_t row, uint32_t i, uint32_t *ret)
{
    if (i >= rt_cell_count(col, row, NULL))
        return false;
    *ret = col->list_offsets ? (uint32_t)col->list_offsets[row] + i : row;
    return bit(col->item_validity, *ret);
}

size_t rt_cell_bytes(const struct rt_chunk_column *col, uint32_t row, uint32_t i, const char **ret)
{
    uint32_t at;
    *ret = NULL;
    if (!col->value_offsets || !item_at(col, row, i, &at))
        return 0;
    *ret = (const char *)col->values + col->value_offsets[at];
    return (size_t)(col->value_offsets[at + 1] - col->value_offsets[at]);
}

static const uint8_t widths[] = {
    [RT_TYPE_U8] = 1, [RT_TYPE_U16] = 2, [RT_TYPE_U32] = 4, [RT_TYPE_U64] = 8, [RT_TYPE_I8] = 1, [RT_TYPE_I16] = 2,
    [RT_TYPE_I32] = 4, [RT_TYPE_I64] = 8, [RT_TYPE_F32] = 4, [RT_TYPE_F64] = 8, [RT_TYPE_BINARY] = 0,
};
_Static_assert(sizeof widths == RT_TYPE_BINARY + 1, "a row for every type");

/* The bytes of a number, sign-extended to 64 bits where its type is signed. */
static int64_t load(enum rt_type type, const uint8_t *values, uint32_t at)
{
    unsigned n = widths[type], shift = 64 - 8 * n;
    uint64_t v = 0;
    memcpy(&v, values + (size_t)at * n, n);
    if (type >= RT_TYPE_I8 && type <= RT_TYPE_I64)
        return (int64_t)(v << shift) >> shift;
    return (int64_t)v;
}

bool rt_cell_i64(const struct rt_chunk_column *col, uint32_t row, uint32_t i, int64_t *ret)
{
    uint32_t at;
    if (col->type < RT_TYPE_BOOL || col->type > RT_TYPE_F64 || !item_at(col, row, i, &at))
        return false;
    double f;
    if (col->type == RT_TYPE_BOOL)
        *ret = bit(col->values, at);
    else if (col->type < RT_TYPE_F32)
        *ret = load(col->type, col->values, at);
    else if (rt_cell_f64(col, row, i, &f) && f >= -0x1p63 && f < 0x1p63)
        *ret = (int64_t)f;
    else
        return false;
    return true;
}

bool rt_cell_f64(const struct rt_chunk_column *col, uint32_t row, uint32_t i, double *ret)
{
    uint32_t at;
    int64_t v;
    if (col->type != RT_TYPE_F32 && col->type != RT_TYPE_F64) {
        if (!rt_cell_i64(col, row, i, &v))
            return false;
        *ret = col->type == RT_TYPE_U64 ? (double)(uint64_t)v : (double)v;
        return true;
    }
    if (!item_at(col, row, i, &at))
        return false;
    v = load(col->type, col->values, at);
    uint32_t low = (uint32_t)v;
    float f;
    memcpy(&f, &low, sizeof f);
    if (col->type == RT_TYPE_F32)
        *ret = f;
    else
        memcpy(ret, &v, sizeof v);
    return true;
}

int64_t rt_time_value(const struct rt_chunk_column *timeline, uint32_t row)
{
    return load(RT_TYPE_I64, timeline->values, row);
}
