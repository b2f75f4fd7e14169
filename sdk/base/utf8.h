/* UTF-8: is it, and what to show where it is not. Well-formed as Unicode has it: no surrogates, no overlong forms, nothing above U+10FFFF;
 * NUL is a character like others. */
#ifndef RT_BASE_UTF8_H
#define RT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RT_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Length of the character at @p (@n >= 1 bytes), 0 when there is none. */
size_t rt_utf8_char(const uint8_t *p, size_t n);
/* Length of the well-formed text at the front. */
size_t rt_utf8_ok_len(const void *bytes, size_t n);
/* How long the text is with U+FFFD for each byte that belongs to no character. */
size_t rt_utf8_repaired_len(const void *bytes, size_t n);
/* Writes that text; room for rt_utf8_repaired_len() bytes. Return: its length. */
size_t rt_utf8_repair(char *out, const void *bytes, size_t n);

typedef uint64_t rt_utf8_block __attribute__((vector_size(16), aligned(1), may_alias)); /* 16 bytes at any address */

/* The same for less than 16 bytes: two words that overlap. */
static inline bool rt_utf8_is_short_ascii(const char *p, size_t n)
{
    uint64_t a = 0, b = 0;
    if (n >= 8) {
        memcpy(&a, p, 8);
        memcpy(&b, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            a |= (uint8_t)p[i];
    }
    return !((a | b) & 0x8080808080808080u);
}

/* No byte above 0x7f? Sixteen at a time; the last block overlaps the one before. */
static inline bool rt_utf8_is_ascii(const void *bytes, size_t n)
{
    const char *p = bytes;
    if (n < sizeof(rt_utf8_block))
        return rt_utf8_is_short_ascii(p, n);
    rt_utf8_block all = *(const rt_utf8_block *)(p + n - sizeof all);
    for (size_t i = 0; i + sizeof all <= n; i += sizeof all)
        all |= *(const rt_utf8_block *)(p + i);
    return !((all[0] | all[1]) & 0x8080808080808080u);
}
static inline bool rt_utf8_ok(const void *bytes, size_t n)
{
    return rt_utf8_is_ascii(bytes, n) || rt_utf8_ok_len(bytes, n) == n;
}
/* Well-formed, and without a NUL: what string arguments have to be. */
static inline bool rt_utf8_is_text(const void *bytes, size_t n)
{
    return rt_utf8_ok(bytes, n) && !(n && memchr(bytes, 0, n));
}

/* The code point of the well-formed character of @len bytes at @p. */
static inline uint32_t rt_utf8_code(const uint8_t *p, size_t len)
{
    uint32_t c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}
/* Writes @c, which is no surrogate and at most U+10FFFF. Return: bytes, 1 to 4. */
static inline size_t rt_utf8_put(char out[4], uint32_t c)
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(first[len] | c);
    return len;
}

#endif
