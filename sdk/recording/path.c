#include "recording/path.h"

#include <string.h>

#include "base/atomic.h"
#include "base/letter.h"
#include "base/utf8.h"
#include "recording/log.h"

#define AS_IS(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z') || (c) == '_' || (c) == '-' || (c) == '.')
#define CLASS(c) AS_IS(c) ? 0 : (c) == '/' ? RT_PATH_SLASH : RT_PATH_OTHER
#define CLASS4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)
const uint8_t rt_path_class[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};

#define HEX_DIGITS_MOST 6u /* of \u{…}; also the official parser's limit */

/* ---------------------------------------------------------------- writing: counts past the end, writes up to it */
static void put(struct rt_path_writer *w, const void *p, size_t n)
{
    if (w->len <= w->cap && n <= w->cap - w->len && n)
        memcpy(w->out + w->len, p, n);
    w->len += n;
}

static void put_hex(struct rt_path_writer *w, uint32_t c)
{
    char hex[8]; /* at least four digits */
    size_t at = sizeof hex;
    for (; c || sizeof hex - at < 4; c >>= 4)
        hex[--at] = "0123456789ABCDEF"[c & 15];
    put(w, "\\u{", 3);
    put(w, hex + at, sizeof hex - at);
    put(w, "}", 1);
}

static void put_escaped(struct rt_path_writer *w, uint32_t c, const uint8_t *p, size_t len)
{
    w->backslash_last = c == '\\';
    if (w->raw || (c < 0x80 ? rt_path_class[c] == 0 : rt_is_letter(c))) {
        put(w, p, len);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        put(w, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", 2);
    } else if (c >= ' ' && c < 0x7f) {
        char pair[2] = {'\\', (char)c};
        put(w, pair, 2);
    } else {
        put_hex(w, c);
    }
}

static void put_slash(struct rt_path_writer *w)
{
    if (w->backslash_last) {
        w->len -= 2;
        put_hex(w, '\\');
    }
    w->backslash_last = false;
    put(w, "/", 1);
}

static void put_char(struct rt_path_writer *w, uint32_t c)
{
    char bytes[4];
    size_t len = rt_utf8_put(bytes, c);
    put_escaped(w, c, (const uint8_t *)bytes, len);
}

/* The character at @p. Return: its bytes. */
static size_t put_one(struct rt_path_writer *w, const uint8_t *p, size_t n)
{
    size_t len = rt_utf8_char(p, n);
    put_escaped(w, rt_utf8_code(p, len), p, len);
    return len;
}

/* What may stand as it is, from @i on. Return: the place behind it. */
static size_t put_run(struct rt_path_writer *w, const uint8_t *p, size_t i, size_t n)
{
    size_t run = i;
    while (run < n && rt_path_class[p[run]] == 0)
        run++;
    if (run > i) {
        put(w, p + i, run - i);
        w->backslash_last = false;
    }
    return run;
}

/* All of valid UTF-8, nothing in it special. */
static void put_text(struct rt_path_writer *w, const uint8_t *p, size_t n)
{
    for (size_t i = put_run(w, p, 0, n); i < n; i = put_run(w, p, i, n))
        i += put_one(w, p + i, n - i);
}

/* ---------------------------------------------------------------- reading */
static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* What follows "\u" at @p: "{1F600}" gives the character and its length; anything else 0. */
static size_t read_code_point(const uint8_t *p, size_t n, uint32_t *ret_c)
{
    uint32_t c = 0;
    size_t i = 1;
    if (n == 0 || p[0] != '{')
        return 0;
    for (int digit; i < n && i <= HEX_DIGITS_MOST && (digit = hex_digit(p[i])) >= 0; i++)
        c = c << 4 | (uint32_t)digit;
    if (i == 1 || i >= n || p[i] != '}' || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *ret_c = c;
    return i + 1;
}

/* A malformed "\u…" stays literally: as many bytes as the braces may take, or up to the first '}'; what is in there escapes nothing. */
static size_t malformed_length(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && i < HEX_DIGITS_MOST + 2 && (i == 0 || p[i - 1] != '}'))
        i += rt_utf8_char(p + i, n - i);
    return i;
}

/* An escape: @p is behind the backslash. Return: the bytes used. */
static size_t read_escape(struct rt_path_writer *w, const uint8_t *p, size_t n)
{
    static const char named[] = "n\nr\rt\t";
    uint32_t c = '\\';
    if (n == 0) { /* at the end: itself */
        put_char(w, c);
        return 0;
    }
    for (const char *s = named; *s; s += 2)
        if (p[0] == (uint8_t)*s)
            return put_char(w, (uint8_t)s[1]), 1;
    if (p[0] != 'u')
        return put_one(w, p, n);
    size_t len = read_code_point(p + 1, n - 1, &c);
    if (len) {
        put_char(w, c);
        return 1 + len;
    }
    put_char(w, '\\');
    len = 1 + malformed_length(p + 1, n - 1);
    put_text(w, p, len);
    return len;
}

static void read_part(struct rt_path_writer *w, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = put_run(w, p, i, n);
        if (run > i) {
            i = run;
        } else if (p[i] == '\\') {
            i += 1 + read_escape(w, p + i + 1, n - i - 1);
        } else {
            i += put_one(w, p + i, n - i);
        }
    }
}

/* A slash right behind a backslash does not end a part, whatever stands before that. */
static size_t part_length(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] != '/' || (i && p[i - 1] == '\\')))
        i++;
    return i;
}

/* The next part of a path in any form. Return: its length, 0 at the end; *io_at: where it begins, the caller adds the length. */
static size_t next_part(const uint8_t *p, size_t n, size_t *io_at)
{
    while (*io_at < n && p[*io_at] == '/')
        ++*io_at;
    return part_length(p + *io_at, n - *io_at);
}

/* ---------------------------------------------------------------- whole paths */
static int finish(const struct rt_path_writer *w, size_t *ret_len)
{
    *ret_len = w->len;
    return w->len > w->cap ? RT_PATH_E_LONG : 0;
}

int rt_path_parse(const char *p, size_t n, char *out, size_t cap, size_t *ret_len)
{
    struct rt_path_writer w = {.out = out, .cap = cap};
    if (rt_path_is_clean(p, n)) {
        put(&w, p, n);
        return finish(&w, ret_len);
    }
    if (!rt_utf8_is_text(p, n))
        return RT_PATH_E_UTF8;
    for (size_t at = 0, len; (len = next_part((const uint8_t *)p, n, &at)); at += len) {
        put_slash(&w);
        read_part(&w, (const uint8_t *)p + at, len);
    }
    rt_path_end(&w);
    int r = finish(&w, ret_len);
    return r ? r : w.len > 2 && !memcmp(out, "/__", 3) ? RT_PATH_E_RESERVED : 0;
}

/* Unicode's White_Space. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
        c == 0x202f || c == 0x205f || c == 0x3000;
}

enum { ODD_NOTHING, ODD_SPACE, ODD_ESCAPE };

/* The first that stands in the text, which is valid. */
static int oddity(const uint8_t *p, size_t n)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = rt_utf8_char(p + i, n - i);
        if (p[i] != '\\') {
            if (is_space(rt_utf8_code(p + i, len)))
                return ODD_SPACE;
            continue;
        }
        if (i + 1 == n)
            break;
        uint8_t c = p[i + 1];
        if (c >= 0x80 || c == 0x7f || (c < ' ') || (rt_is_letter(c) && !strchr("nrtu", c)))
            return ODD_ESCAPE;
        len = 2;
    }
    return ODD_NOTHING;
}

void rt_path_warn(const char *p, size_t n, const char *taken_as, size_t taken_len)
{
    static const char *const what[] = {NULL, "whitespace that is not escaped", "an escape that means nothing"};
    static uint32_t site_mt[3];
    if (rt_load_relaxed(&site_mt[ODD_SPACE]) && rt_load_relaxed(&site_mt[ODD_ESCAPE]))
        return;
    int odd = oddity((const uint8_t *)p, n);
    if (odd)
        rt_warn(&site_mt[odd], "entity path \"%.*s\" holds %s; it is taken as %.*s", (int)(n < 200 ? n : 200), p, what[odd],
                (int)(taken_len < 400 ? taken_len : 400), taken_as);
}

int rt_path_part(const char *p, size_t n, size_t index, char *out, size_t cap, size_t *ret_len)
{
    struct rt_path_writer w = {.out = out, .cap = cap, .raw = true};
    size_t at = 0, len;
    if (!rt_utf8_is_text(p, n))
        return RT_PATH_E_UTF8;
    while ((len = next_part((const uint8_t *)p, n, &at)) && index--)
        at += len;
    read_part(&w, (const uint8_t *)p + at, len);
    return finish(&w, ret_len);
}

int rt_path_escape_part(const char *p, size_t n, char *out, size_t cap, size_t *ret_len)
{
    struct rt_path_writer w = {.out = out, .cap = cap};
    if (!rt_utf8_is_text(p, n))
        return RT_PATH_E_UTF8;
    put_text(&w, (const uint8_t *)p, n);
    return finish(&w, ret_len);
}

int rt_path_add_part(struct rt_path_writer *w, const char *p, size_t n)
{
    if (!rt_utf8_is_text(p, n))
        return RT_PATH_E_UTF8;
    if (n) {
        put_slash(w);
        put_text(w, (const uint8_t *)p, n);
    }
    return 0;
}

void rt_path_end(struct rt_path_writer *w)
{
    if (w->len == 0)
        put_slash(w);
}
