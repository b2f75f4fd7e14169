/* Bitmaps as Arrow has them: bit i is bit i % 8, counted from the lowest, of byte i / 8. */
#ifndef RT_ENCODE_BITS_H
#define RT_ENCODE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool rt_bit(const uint8_t *bits, uint64_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static inline void rt_bit_put(uint8_t *bits, uint64_t i, bool v)
{
    bits[i / 8] = (uint8_t)((bits[i / 8] & ~(1u << i % 8)) | (unsigned)v << i % 8);
}

/* Sets [from, from + n) to @v; other bits stay. */
void rt_bits_fill(uint8_t *bits, uint64_t from, uint64_t n, bool v);
/* Copies bits [from, from + n) of @src to [at, at + n) of @dst; other bits of @dst stay. */
void rt_bits_copy(uint8_t *dst, uint64_t at, const uint8_t *src, uint64_t from, uint64_t n);
/* How many of [from, from + n) are 0. */
uint64_t rt_bits_zeros(const uint8_t *bits, uint64_t from, uint64_t n);

#endif
