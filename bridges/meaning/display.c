#include "meaning/display.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- scanning ---- */

static bool is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

#ifdef __SSE2__
/* Bits of the bytes that end a line in *end; *control and *high likewise. */
static inline void classify(const uint8_t *p, unsigned *end, unsigned *control, unsigned *high)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(v, _mm_setzero_si128()));
    low = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')), low);
    low = _mm_or_si128(low, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
    *end = (unsigned)_mm_movemask_epi8(ends);
    *control = (unsigned)_mm_movemask_epi8(low);
    *high = (unsigned)_mm_movemask_epi8(v);
}

/* Whole blocks of 16, the last one overlapping its neighbour. @n >= 16. */
static size_t line_end_blocks(const uint8_t *p, size_t n, unsigned *flags)
{
    unsigned seen_control = 0, seen_high = 0, end, control, high;
    size_t at = 0, result = n;
    for (;; at = at + 32 <= n ? at + 16 : n - 16) {
        classify(p + at, &end, &control, &high);
        if (end) {
            unsigned before = (end & -end) - 1;
            seen_control |= control & before;
            seen_high |= high & before;
            result = at + (size_t)__builtin_ctz(end);
            break;
        }
        seen_control |= control;
        seen_high |= high;
        if (at + 16 == n)
            break;
    }
    *flags |= (seen_control ? RT_TEXT_CONTROL : 0u) | (seen_high ? RT_TEXT_HIGH : 0u);
    return result;
}
#endif

size_t rt_text_line_end(const void *bytes, size_t n, unsigned *flags)
{
    const uint8_t *p = bytes;
#ifdef __SSE2__
    if (n >= 16)
        return line_end_blocks(p, n, flags);
#endif
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == 0)
            return i;
        *flags |= (p[i] >= 0x80 ? RT_TEXT_HIGH : 0u) | (is_control(p[i]) ? RT_TEXT_CONTROL : 0u);
    }
    return n;
}

/* ---- UTF-8 ---- */

/* Well-formed sequences, Unicode table 3-7: range of the first byte, of the second, length. */
static const struct {
    uint8_t first, last, second_min, second_max, len;
} sequences[] = {
    {0xc2, 0xc2, 0xa0, 0xbf, 2}, /* from U+00A0: C1 controls are not text */
    {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t rt_text_char(const uint8_t *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        if (p[0] < sequences[i].first || p[0] > sequences[i].last)
            continue;
        if (n < sequences[i].len || p[1] < sequences[i].second_min || p[1] > sequences[i].second_max)
            return 0;
        for (size_t k = 2; k < sequences[i].len; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return sequences[i].len;
    }
    return 0;
}

/* Length of the valid text at the front. */
static size_t valid_prefix(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= 8 && (memcpy(&word, p + i, 8), !(word & 0x8080808080808080u))) {
            i += 8;
            continue;
        }
        size_t len = rt_text_char(p + i, n - i);
        if (len == 0)
            break;
        i += len;
    }
    return i;
}

bool rt_text_valid(const void *bytes, size_t n)
{
    return valid_prefix(bytes, n) == n;
}

/* ---- rewriting ---- */

/* A string that ends with BEL or ESC \ (OSC, DCS and the like); @i is behind its introducer. */
static size_t skip_string(const uint8_t *p, size_t n, size_t i)
{
    while (i < n && p[i] != 0x07) {
        if (p[i] == 0x1b)
            return i + 1 < n && p[i + 1] == '\\' ? i + 2 : i;
        i++;
    }
    return i < n ? i + 1 : n;
}

/* Length of the escape sequence at @p (p[0] is ESC), ECMA-48; 0 when it is none. A sequence cut by the line's end counts. */
static size_t escape_len(const uint8_t *p, size_t n)
{
    size_t i = 1;
    if (n < 2)
        return 0;
    if (p[1] == '[') {
        for (i = 2; i < n && p[i] >= 0x20 && p[i] <= 0x3f;)
            i++;
        return i < n && p[i] >= 0x40 && p[i] <= 0x7e ? i + 1 : i;
    }
    if (p[1] == ']' || p[1] == 'P' || p[1] == 'X' || p[1] == '^' || p[1] == '_')
        return skip_string(p, n, 2);
    while (i < n && p[i] >= 0x20 && p[i] <= 0x2f)
        i++;
    return i < n && p[i] >= 0x30 && p[i] <= 0x7e ? i + 1 : i > 1 ? i : 0;
}

/* U+FFFD or the picture of a control character; three bytes each. */
static size_t put_substitute(uint8_t *out, uint8_t c)
{
    uint8_t low = c == 0x7f ? 0x21 : c;
    out[0] = c < 0x80 ? 0xe2 : 0xef;
    out[1] = c < 0x80 ? 0x90 : 0xbf;
    out[2] = c < 0x80 ? (uint8_t)(0x80 | low) : 0xbd;
    return 3;
}

/* Writes one segment (no \r, no \n); room for 3 bytes a byte. *shows: something other than blanks came out. */
static size_t put_segment(uint8_t *out, const uint8_t *p, size_t n, bool *shows, bool *changed)
{
    size_t o = 0, len;
    for (size_t i = 0; i < n; i += len) {
        if (p[i] >= 0x20 && p[i] < 0x7f) {
            len = 1;
            *shows |= p[i] != ' ';
            out[o++] = p[i];
            continue;
        }
        len = p[i] == 0x1b ? escape_len(p + i, n - i) : 0;
        if (len) {
            *changed = true;
            continue;
        }
        len = is_control(p[i]) ? 0 : rt_text_char(p + i, n - i);
        *shows |= p[i] != '\t';
        if (len) {
            memcpy(out + o, p + i, len);
            o += len;
        } else {
            *changed = true;
            o += put_substitute(out + o, p[i]);
            len = 1;
        }
    }
    return o;
}

/* One line without its \n. Segments are tried from the last: each is written at most once. */
static size_t put_line(uint8_t *out, const uint8_t *p, size_t n, bool *changed)
{
    if (n && p[n - 1] == '\r')
        n--;
    size_t end = n, o;
    bool shows = false;
    for (;;) {
        const uint8_t *cr = memrchr(p, '\r', end);
        size_t start = cr ? (size_t)(cr - p) + 1 : 0;
        o = put_segment(out, p + start, end - start, &shows, changed);
        *changed |= cr != NULL;
        if (shows || !cr)
            return o;
        end = start - 1;
    }
}

int rt_display_append(struct rt_buf *out, const void *bytes, size_t n, bool *changed)
{
    const uint8_t *p = n ? bytes : (const uint8_t *)"", *end = p + n;
    int r = n > SIZE_MAX / 4 ? -ENOMEM : rt_buf_reserve(out, 3 * n + 1);
    if (r < 0)
        return -ENOMEM;
    for (;;) {
        const uint8_t *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        size_t len = (size_t)((nl ? nl : end) - p);
        if (len)
            out->len += put_line(out->data + out->len, p, len, changed);
        if (!nl)
            return 0;
        out->data[out->len++] = '\n';
        p = nl + 1;
    }
}

/* Clean text at the front, for the case that there is no memory to write the rest. */
static size_t clean_prefix(const uint8_t *p, size_t n)
{
    size_t i = 0;
    n = valid_prefix(p, n);
    while (i < n && (p[i] == '\n' || !is_control(p[i])))
        i++;
    return i;
}

struct rt_display rt_display(struct rt_buf *scratch, const void *bytes, size_t n, unsigned flags)
{
    struct rt_display d = {.text = bytes, .len = n};
    if (!(flags & RT_TEXT_CONTROL) && (!(flags & RT_TEXT_HIGH) || rt_text_valid(bytes, n)))
        return d;
    rt_buf_clear(scratch);
    if (rt_display_append(scratch, bytes, n, &d.changed) < 0) {
        d.len = clean_prefix(bytes, n);
        d.changed = true;
        return d;
    }
    d.text = (const char *)scratch->data;
    d.len = scratch->len;
    return d;
}
