#include "recording/format.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/copy.h"
#include "base/utf8.h"

#define DIGITS_MOST 20 /* of a uint64_t */

struct out {
    char *p, *end;
    uint64_t high; /* has the high bits of what was written, perhaps some more */
    bool short_of_room;
};

struct spec {
    bool left, zero, has_precision;
    uint32_t width, precision;
    char length; /* 'H' hh, 'h', 'l', 'L' ll, 'j', 'z', 't', 0 */
    char conversion;
};

/* The arguments by pointer, so that functions can share them. */
struct args {
    va_list list;
};

/* ---------------------------------------------------------------- writing */

static inline void put(struct out *o, const char *p, size_t n)
{
    if (n > (size_t)(o->end - o->p)) {
        o->short_of_room = true;
        return;
    }
    rt_copy_short(o->p, p, n);
    o->p += n;
}

static inline void fill(struct out *o, char c, size_t n)
{
    if (n > (size_t)(o->end - o->p)) {
        o->short_of_room = true;
        return;
    }
    memset(o->p, c, n);
    o->p += n;
}

/* @sign (0 = none) and digits, or a text, in the width. */
static inline void put_field(struct out *o, const struct spec *s, const char *sign, size_t n_sign, const char *p, size_t n)
{
    size_t pad = s->width > n + n_sign ? s->width - n - n_sign : 0;
    if (pad && !s->left && !s->zero)
        fill(o, ' ', pad);
    put(o, sign, n_sign);
    if (pad && !s->left && s->zero)
        fill(o, '0', pad);
    put(o, p, n);
    if (pad && s->left)
        fill(o, ' ', pad);
}

/* Digits of @v, ending at @end. Return: where they begin. */
static inline char *decimal(char *end, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960"
                                "616263646566676869707172737475767778798081828384858687888990919293949596979899";
    for (; v >= 100; v /= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (v % 100), 2);
    }
    if (v >= 10) {
        end -= 2;
        memcpy(end, pairs + 2 * v, 2);
        return end;
    }
    *--end = (char)('0' + v);
    return end;
}

static inline char *hexadecimal(char *end, uint64_t v, const char *digits)
{
    do
        *--end = digits[v & 15];
    while (v >>= 4);
    return end;
}

/* ---------------------------------------------------------------- arguments */

static inline int64_t signed_arg(struct args *a, char length)
{
    switch (length) {
    case 'H':
        return (signed char)va_arg(a->list, int);
    case 'h':
        return (short)va_arg(a->list, int);
    case 0:
        return va_arg(a->list, int);
    default: /* l ll j z t: all of 64 bits */
        return va_arg(a->list, int64_t);
    }
}
_Static_assert(sizeof(long) == sizeof(int64_t) && sizeof(size_t) == sizeof(int64_t), "a 64-bit system");

static inline uint64_t unsigned_arg(struct args *a, char length)
{
    switch (length) {
    case 'H':
        return (unsigned char)va_arg(a->list, int);
    case 'h':
        return (unsigned short)va_arg(a->list, int);
    case 0:
        return va_arg(a->list, unsigned);
    default:
        return va_arg(a->list, uint64_t);
    }
}

/* ---------------------------------------------------------------- conversions */

static void put_decimal(struct out *o, const struct spec *s, struct args *a)
{
    char digits[DIGITS_MOST];
    bool is_signed = s->conversion != 'u';
    int64_t v = is_signed ? signed_arg(a, s->length) : 0;
    uint64_t u = !is_signed ? unsigned_arg(a, s->length) : v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char *p = decimal(digits + DIGITS_MOST, u);
    put_field(o, s, "-", v < 0, p, (size_t)(digits + DIGITS_MOST - p));
}

static void put_hexadecimal(struct out *o, const struct spec *s, struct args *a)
{
    char digits[DIGITS_MOST];
    char *p = hexadecimal(digits + DIGITS_MOST, unsigned_arg(a, s->length), s->conversion == 'x' ? "0123456789abcdef" : "0123456789ABCDEF");
    put_field(o, s, "", 0, p, (size_t)(digits + DIGITS_MOST - p));
}

static void put_pointer(struct out *o, const struct spec *s, struct args *a)
{
    char digits[DIGITS_MOST];
    uintptr_t v = (uintptr_t)va_arg(a->list, void *);
    char *p = hexadecimal(digits + DIGITS_MOST, v, "0123456789abcdef");
    if (v)
        put_field(o, s, "0x", 2, p, (size_t)(digits + DIGITS_MOST - p));
    else
        put_field(o, s, "", 0, "(nil)", 5);
}

/* Return: false for NULL with a precision, which is for vsnprintf() to judge. */
static bool put_string(struct out *o, const struct spec *s, struct args *a)
{
    const char *text = va_arg(a->list, const char *);
    if (!text && s->has_precision)
        return false;
    if (!text)
        text = "(null)";
    size_t n = s->has_precision ? strnlen(text, s->precision) : strlen(text);
    o->high |= rt_utf8_is_ascii(text, n) ? 0 : 0x80;
    put_field(o, s, "", 0, text, n);
    return true;
}

static void put_character(struct out *o, const struct spec *s, struct args *a)
{
    char c = (char)va_arg(a->list, int);
    o->high |= (uint8_t)c;
    put_field(o, s, "", 0, &c, 1);
}

/* ---------------------------------------------------------------- reading the format */

/* A number or * at @p. Return: behind it, NULL when it is too large. A negative * is a left-hand width; as a precision it is none. */
static const char *read_number(const char *p, struct args *a, int64_t *ret)
{
    int64_t v = 0;
    if (*p == '*') {
        *ret = va_arg(a->list, int);
        return p + 1;
    }
    for (; *p >= '0' && *p <= '9'; p++)
        if ((v = v * 10 + (*p - '0')) > INT_MAX)
            return NULL;
    *ret = v;
    return p;
}

static const char *read_length(const char *p, char *ret)
{
    *ret = 0;
    if ((p[0] == 'h' || p[0] == 'l') && p[1] == p[0]) {
        *ret = p[0] == 'h' ? 'H' : 'L';
        return p + 2;
    }
    if (*p == 'l' || *p == 'z' || *p == 'h' || *p == 'j' || *p == 't')
        *ret = *p++;
    return p;
}

/* What stands behind a '%'. Return: behind it, NULL when something is not known here. */
static const char *read_spec(const char *p, struct args *a, struct spec *s)
{
    int64_t width = 0, precision = 0;
    *s = (struct spec){0};
    for (; *p == '-' || *p == '0'; p++) {
        s->left |= *p == '-';
        s->zero |= *p == '0';
    }
    if (*p == '*' || (*p >= '1' && *p <= '9'))
        p = read_number(p, a, &width);
    if (p && *p == '.') {
        s->has_precision = true;
        p = read_number(p + 1, a, &precision);
    }
    if (!p)
        return NULL;
    s->left |= width < 0;
    s->width = (uint32_t)(width < 0 ? -width : width);
    s->has_precision &= precision >= 0;
    s->precision = (uint32_t)precision;
    p = read_length(p, &s->length);
    s->conversion = *p;
    return *p ? p + 1 : NULL;
}

static bool convert(struct out *o, const struct spec *s, struct args *a)
{
    bool bare = !s->length && !s->zero;
    switch (s->conversion) {
    case 'd':
    case 'i':
    case 'u':
        if (!s->has_precision)
            put_decimal(o, s, a);
        return !s->has_precision;
    case 'x':
    case 'X':
        if (!s->has_precision)
            put_hexadecimal(o, s, a);
        return !s->has_precision;
    case 's':
        return bare && put_string(o, s, a);
    case 'c':
        if (bare && !s->has_precision)
            put_character(o, s, a);
        return bare && !s->has_precision;
    case 'p':
        if (bare && !s->has_precision)
            put_pointer(o, s, a);
        return bare && !s->has_precision;
    case '%':
        put(o, "%", 1);
        return bare && !s->has_precision && !s->width && !s->left;
    default:
        return false;
    }
}

#define BYTES(c) (0x0101010101010101u * (uint8_t)(c))

/* Copies up to the next '%' or @end, eight bytes at a time. Return: the place in the format. */
static inline const char *put_literal(struct out *o, const char *format, const char *end)
{
    char *p = o->p;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - format >= 8 && o->end - p >= 8) {
        uint64_t word, x, percent;
        memcpy(&word, format, sizeof word);
        memcpy(p, &word, sizeof word); /* what is behind a '%' will be written over */
        o->high |= word;
        x = word ^ BYTES('%');
        percent = (x - BYTES(1)) & ~x & BYTES(0x80); /* its lowest bit is at the first '%' */
        size_t n = percent ? (size_t)__builtin_ctzll(percent) / 8 : sizeof word;
        format += n;
        p += n;
        if (percent)
            break;
    }
#endif
    while (format < end && *format != '%' && p < o->end) {
        o->high |= (uint8_t)*format;
        *p++ = *format++;
    }
    o->short_of_room |= format < end && *format != '%';
    o->p = p;
    return format;
}

static bool format_all(struct out *o, const char *format, const char *end, struct args *a)
{
    struct spec s;
    for (;;) {
        format = put_literal(o, format, end);
        if (format == end || o->short_of_room)
            return !o->short_of_room;
        format = read_spec(format + 1, a, &s);
        if (!format || !convert(o, &s, a))
            return false;
    }
}

int rt_format(char *out, size_t size, const char *format, size_t format_len, bool *ret_ascii, va_list args)
{
    struct out o = {.p = out, .end = out + (size < INT_MAX ? size : INT_MAX)};
    struct args a;
    va_copy(a.list, args);
    bool done = format_all(&o, format, format + format_len, &a);
    va_end(a.list);
    *ret_ascii = !(o.high & BYTES(0x80));
    return done && !o.short_of_room ? (int)(o.p - out) : -1;
}
