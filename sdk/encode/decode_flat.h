/* FlatBuffers, read-only and untrusted: every step checks that it stays inside the buffer.
 *
 *   buffer: [u32 root]…[vtable: u16 its bytes, u16 table bytes, u16 per slot]…[table: i32 back to its vtable, fields]…
 *
 * References point forward only (u32 from where they stand), so that walking down always ends. A slot that is absent has
 * its default. Return of all: true, or false for "these bytes can't be". */
#ifndef RT_ENCODE_DECODE_FLAT_H
#define RT_ENCODE_DECODE_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_flat_table {
    const uint8_t *data; /* the whole buffer; NULL = no table there */
    uint32_t len, pos, vtable;
    uint32_t n_slots, table_len;
};

struct rt_flat_vector {
    const uint8_t *data; /* the whole buffer; NULL = no vector there */
    uint32_t len, pos;   /* of the first element */
    uint32_t n;
};

bool rt_flat_root(const uint8_t *data, size_t len, struct rt_flat_table *ret);
/* @bytes is 1, 2, 4 or 8; the value is zero-extended. */
bool rt_flat_scalar(const struct rt_flat_table *t, unsigned slot, unsigned bytes, uint64_t absent, uint64_t *ret);
bool rt_flat_table(const struct rt_flat_table *t, unsigned slot, struct rt_flat_table *ret);
bool rt_flat_vector(const struct rt_flat_table *t, unsigned slot, unsigned element_bytes, struct rt_flat_vector *ret);
bool rt_flat_vector_table(const struct rt_flat_vector *v, uint32_t i, struct rt_flat_table *ret);
/* NUL-terminated in the buffer; NULL when absent. */
bool rt_flat_string(const struct rt_flat_table *t, unsigned slot, const char **ret);

static inline uint64_t rt_flat_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

#endif
