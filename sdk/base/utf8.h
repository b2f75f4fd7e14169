/* UTF-8: is it, and what to show where it is not. Well-formed as Unicode has it: no surrogates, no overlong forms, nothing above U+10FFFF;
 * NUL is a character like others. */
#ifndef RT_BASE_UTF8_H
#define RT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Length of the character at @p (@n >= 1 bytes), 0 when there is none. */
size_t rt_utf8_char(const uint8_t *p, size_t n);
/* Are the @n bytes well-formed? */
bool rt_utf8_ok_slow(const void *bytes, size_t n);
/* How long the text is with U+FFFD for each byte that belongs to no character. */
size_t rt_utf8_repaired_len(const void *bytes, size_t n);
/* Writes that text; room for rt_utf8_repaired_len() bytes. Return: its length. */
size_t rt_utf8_repair(char *out, const void *bytes, size_t n);

typedef uint64_t rt_utf8_block __attribute__((vector_size(16), aligned(1), may_alias)); /* 16 bytes at any address */

/* No byte above 0x7f? Sixteen at a time; the last block overlaps the one before. */
static inline bool rt_utf8_is_ascii(const void *bytes, size_t n)
{
    const char *p = bytes;
    uint8_t high = 0;
    if (n < sizeof(rt_utf8_block)) {
        for (size_t i = 0; i < n; i++)
            high |= (uint8_t)p[i];
        return high < 0x80;
    }
    rt_utf8_block all = *(const rt_utf8_block *)(p + n - sizeof all);
    for (size_t i = 0; i + sizeof all <= n; i += sizeof all)
        all |= *(const rt_utf8_block *)(p + i);
    return !((all[0] | all[1]) & 0x8080808080808080u);
}
static inline bool rt_utf8_ok(const void *bytes, size_t n)
{
    return rt_utf8_is_ascii(bytes, n) || rt_utf8_ok_slow(bytes, n);
}

#endif
