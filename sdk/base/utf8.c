#include "base/utf8.h"

#include <string.h>

/* By the first byte: how long, and the range of the second byte (Unicode 15, table 3-7). */
static size_t multibyte_len(uint8_t first, uint8_t *ret_least, uint8_t *ret_most)
{
    *ret_least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *ret_most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t rt_utf8_char(const uint8_t *p, size_t n)
{
    uint8_t least, most;
    if (p[0] < 0x80)
        return 1;
    size_t len = multibyte_len(p[0], &least, &most);
    if (!len || len > n || p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static size_t ascii_prefix(const uint8_t *p, size_t n)
{
    size_t i = 0;
    uint64_t word;
    for (; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

size_t rt_utf8_ok_len(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t i = 0;
    for (;;) {
        i += ascii_prefix(p + i, n - i);
        size_t len = i < n ? rt_utf8_char(p + i, n - i) : 0;
        if (!len)
            return i;
        i += len;
    }
}

size_t rt_utf8_repaired_len(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t len = n;
    for (size_t i = rt_utf8_ok_len(p, n); i < n; i += 1 + rt_utf8_ok_len(p + i + 1, n - i - 1))
        len += sizeof RT_UTF8_REPLACEMENT - 2;
    return len;
}

size_t rt_utf8_repair(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t o = 0, i = 0;
    while (i < n) {
        size_t good = rt_utf8_ok_len(p + i, n - i);
        memcpy(out + o, p + i, good);
        o += good;
        i += good;
        if (i == n)
            break;
        memcpy(out + o, RT_UTF8_REPLACEMENT, sizeof RT_UTF8_REPLACEMENT - 1);
        o += sizeof RT_UTF8_REPLACEMENT - 1;
        i++;
    }
    return o;
}
