#include "recording/format.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/copy.h"
#include "base/utf8.h"

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

/* Room for @n bytes in the field's width, @sign and what pads it already written. Everything is written in its place, not copied there: bytes
 * read back as words right after they were written cost more than all else here. Return: NULL when the room is short. */
static inline char *field(struct out *o, const struct spec *s, const char *sign, size_t n_sign, size_t n)
{
    size_t whole = n + n_sign, pad = s->width > whole ? s->width - whole : 0;
    char *p = o->p;
    if (whole + pad > (size_t)(o->end - p)) {
        o->short_of_room = true;
        return NULL;
    }
    o->p += whole + pad;
    if (pad && s->left)
        memset(p + whole, ' ', pad);
    else if (pad && !s->zero)
        p = (char *)memset(p, ' ', pad) + pad;
    for (size_t i = 0; i < n_sign; i++)
        *p++ = sign[i];
    if (pad && !s->left && s->zero)
        p = (char *)memset(p, '0', pad) + pad;
    return p;
}

static inline unsigned decimal_digits(uint64_t v)
{
    static const uint64_t powers[] = {0,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      10000000000000000000u};
    unsigned about = (unsigned)(64 - __builtin_clzll(v | 1)) * 1233 >> 12; /* bits times log10(2): right or one too many */
    return about + (v >= powers[about]);
}

/* Digits of @v, ending at @end. */
static inline void decimal(char *end, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960"
                                "616263646566676869707172737475767778798081828384858687888990919293949596979899";
    for (; v >= 100; v /= 100)
        memcpy(end -= 2, pairs + 2 * (v % 100), 2);
    if (v >= 10)
        memcpy(end - 2, pairs + 2 * v, 2);
    else
        end[-1] = (char)('0' + v);
}

static inline unsigned hexadecimal_digits(uint64_t v)
{
    return (unsigned)(64 - __builtin_clzll(v | 1) + 3) / 4;
}

static inline void hexadecimal(char *end, uint64_t v, const char *digits)
{
    do
        *--end = digits[v & 15];
    while (v >>= 4);
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
    bool is_signed = s->conversion != 'u';
    int64_t v = is_signed ? signed_arg(a, s->length) : 0;
    uint64_t u = !is_signed ? unsigned_arg(a, s->length) : v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    unsigned n = decimal_digits(u);
    char *p = field(o, s, "-", v < 0, n);
    if (p)
        decimal(p + n, u);
}

static void put_hexadecimal(struct out *o, const struct spec *s, struct args *a)
{
    uint64_t v = unsigned_arg(a, s->length);
    unsigned n = hexadecimal_digits(v);
    char *p = field(o, s, "", 0, n);
    if (p)
        hexadecimal(p + n, v, s->conversion == 'x' ? "0123456789abcdef" : "0123456789ABCDEF");
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
    char *p = field(o, s, "", 0, n);
    if (p)
        rt_copy_short(p, text, n);
}

static void put_pointer(struct out *o, const struct spec *s, struct args *a)
{
    uintptr_t v = (uintptr_t)va_arg(a->list, void *);
    unsigned n = hexadecimal_digits(v);
    char *p = v ? field(o, s, "0x", 2, n) : NULL;
    if (p)
        hexadecimal(p + n, v, "0123456789abcdef");
    else if (!v)
        put_text(o, s, "(nil)", 5);
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
    put_text(o, s, text, n);
    return true;
}

static void put_character(struct out *o, const struct spec *s, struct args *a)
{
    char c = (char)va_arg(a->list, int);
    o->high |= (uint8_t)c;
    put_text(o, s, &c, 1);
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
        put_text(o, s, "%", 1);
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
