#include "encode/bits.h"

void rt_bits_fill(uint8_t *bits, uint64_t from, uint64_t n, bool v)
{
    uint64_t end = from + n;
    for (; from < end && from % 8; from++)
        rt_bit_put(bits, from, v);
    if (end - from >= 8) {
        memset(bits + from / 8, v ? 0xFF : 0, (end - from) / 8);
        from += (end - from) / 8 * 8;
    }
    for (; from < end; from++)
        rt_bit_put(bits, from, v);
}

/* Eight bits from @from on; the last of them is inside. */
static uint8_t byte_at(const uint8_t *src, uint64_t from)
{
    unsigned shift = from % 8;
    const uint8_t *p = src + from / 8;
    return (uint8_t)(shift ? p[0] >> shift | p[1] << (8 - shift) : p[0]);
}

void rt_bits_copy(uint8_t *dst, uint64_t at, const uint8_t *src, uint64_t from, uint64_t n)
{
    uint64_t i = 0;
    for (; i < n && (at + i) % 8; i++)
        rt_bit_put(dst, at + i, rt_bit(src, from + i));
    if ((from + i) % 8 == 0 && n - i >= 8) {
        memcpy(dst + (at + i) / 8, src + (from + i) / 8, (n - i) / 8);
        i += (n - i) / 8 * 8;
    }
    for (; i + 8 <= n; i += 8)
        dst[(at + i) / 8] = byte_at(src, from + i);
    for (; i < n; i++)
        rt_bit_put(dst, at + i, rt_bit(src, from + i));
}

uint64_t rt_bits_zeros(const uint8_t *bits, uint64_t from, uint64_t n)
{
    uint64_t end = from + n, ones = 0, word;
    for (; from < end && from % 8; from++)
        ones += rt_bit(bits, from);
    for (; from + 64 <= end; from += 64) {
        memcpy(&word, bits + from / 8, 8);
        ones += (uint64_t)__builtin_popcountll(word);
    }
    for (; from < end; from++)
        ones += rt_bit(bits, from);
    return n - ones;
}
