#include "cli/out.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/fd.h"

int rt_out_flush(struct rt_out *o)
{
    if (o->n && !o->error)
        o->error = rt_write_all(o->fd, o->data, o->n, NULL);
    o->n = 0;
    return o->error;
}

void rt_out_bytes(struct rt_out *o, const char *p, size_t n)
{
    while (n > RT_OUT_BYTES - o->n) {
        size_t part = RT_OUT_BYTES - o->n;
        memcpy(o->data + o->n, p, part);
        o->n += part;
        p += part;
        n -= part;
        rt_out_flush(o);
    }
    memcpy(o->data + o->n, p, n);
    o->n += n;
}

void rt_out_u64(struct rt_out *o, uint64_t v)
{
    char text[20];
    unsigned at = sizeof text;
    do
        text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    rt_out_bytes(o, text + at, sizeof text - at);
}

void rt_out_i64(struct rt_out *o, int64_t v)
{
    if (v < 0)
        rt_out_char(o, '-');
    rt_out_u64(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void rt_out_f64(struct rt_out *o, double v)
{
    char text[40];
    if (isfinite(v))
        rt_out_bytes(o, text, (size_t)snprintf(text, sizeof text, "%.17g", v));
    else
        rt_out_str(o, "null");
}

void rt_out_digits(struct rt_out *o, uint64_t v, unsigned digits)
{
    char text[20];
    for (unsigned i = digits; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    rt_out_bytes(o, text, digits);
}

unsigned rt_utf8_length(const uint8_t *p, size_t n)
{
    static const struct {
        uint8_t first, last, low, high; /* range of the lead byte; of the byte after it */
        unsigned length;
    } forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last)
            continue;
        if (forms[i].length > n || (forms[i].length > 1 && (p[1] < forms[i].low || p[1] > forms[i].high)))
            return 0;
        for (unsigned k = 2; k < forms[i].length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* Writes a character that is not plain ASCII of the format at hand. */
typedef void (*put_special)(struct rt_out *o, uint8_t ch);

static void put_control(struct rt_out *o, uint8_t ch)
{
    if (ch == '\n') {
        rt_out_str(o, "\n    ");
    } else if (ch == '\t') {
        rt_out_char(o, '\t');
    } else {
        rt_out_str(o, "\\x");
        rt_out_hex(o, &ch, 1);
    }
}

static void put_json(struct rt_out *o, uint8_t ch)
{
    static const char names[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    const char *p = ch ? strchr(names, ch) : NULL;
    rt_out_char(o, '\\');
    if (p) {
        rt_out_char(o, p[1]);
    } else {
        rt_out_str(o, "u00");
        rt_out_hex(o, &ch, 1);
    }
}

/* Copies runs of plain bytes whole; what is_special says goes through @put; sequences of UTF-8 are checked. */
static void put_text(struct rt_out *o, const char *text, size_t n, const bool is_special[128], put_special put)
{
    const uint8_t *p = (const uint8_t *)text;
    for (size_t i = 0, start = 0; i <= n; i++) {
        if (i < n && p[i] < 0x80 && !is_special[p[i]])
            continue;
        rt_out_bytes(o, text + start, i - start);
        if (i == n)
            return;
        unsigned len = rt_utf8_length(p + i, n - i);
        bool c1 = len == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0; /* terminals may obey these, JSON may carry them */
        if (len == 1 || (c1 && put == put_control))
            put(o, p[i + len - 1]);
        else if (len)
            rt_out_bytes(o, text + i, len);
        else
            rt_out_str(o, "\xef\xbf\xbd");
        i += len ? len - 1 : 0;
        start = i + 1;
    }
}

#define CONTROLS [0 ... 31] = true, [127] = true

void rt_out_text(struct rt_out *o, const char *p, size_t n)
{
    static const bool is_special[128] = {CONTROLS};
    put_text(o, p, n, is_special, put_control);
}

void rt_out_json(struct rt_out *o, const char *p, size_t n)
{
    static const bool is_special[128] = {CONTROLS, ['"'] = true, ['\\'] = true};
    put_text(o, p, n, is_special, put_json);
}

void rt_out_hex(struct rt_out *o, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rt_out_char(o, "0123456789abcdef"[p[i] >> 4]);
        rt_out_char(o, "0123456789abcdef"[p[i] & 15]);
    }
}

void rt_out_base64(struct rt_out *o, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (have > 2 ? p[i + 2] : 0);
        for (unsigned k = 0; k < 4; k++)
            rt_out_char(o, k <= have ? digits[v >> (18 - 6 * k) & 63] : '=');
    }
}
