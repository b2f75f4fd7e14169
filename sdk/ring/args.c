#include "ring/args.h"

#include <limits.h>
#include <string.h>

enum { FETCH_NONE, FETCH_INT, FETCH_LONG, FETCH_POINTER, FETCH_DOUBLE, FETCH_LONG_DOUBLE };
_Static_assert(sizeof(long long) == sizeof(long) && sizeof(intmax_t) == sizeof(long) && sizeof(void *) == 8, "all long ones are alike");

#define ANY_LENGTH (RT_ARG_TEXT_MAX + 1)

bool rt_format_has_binary;

/* ---------------------------------------------------------------- reading a format */
/* "" is the last: what nothing else matches. */
static const struct modifier {
    char text[3];
    uint8_t int_bytes, float_fetch;
} modifiers[] = {
    {"hh", 1, FETCH_NONE}, {"h", 2, FETCH_NONE},        {"ll", 8, FETCH_NONE}, {"l", 8, FETCH_DOUBLE}, {"q", 8, FETCH_NONE},
    {"L", 8, FETCH_LONG_DOUBLE}, {"j", 8, FETCH_NONE},  {"z", 8, FETCH_NONE},  {"t", 8, FETCH_NONE},   {"", 4, FETCH_DOUBLE},
};

struct reading {
    const char *at;
    bool in_order, numbered; /* which ways of meaning an argument were seen */
    uint8_t n;               /* arguments so far, of those in order */
    uint8_t fetch[RT_FORMAT_ARGS]; /* of the numbered ones */
};

static bool is_one_of(char c, const char *set)
{
    for (; *set; set++)
        if (*set == c)
            return true;
    return false;
}

/* Return: -1 when libc would not take it. No digits are 0. */
static int read_number(const char **p)
{
    int n = 0;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        if (n > (INT_MAX - 9) / 10)
            return -1;
        n = n * 10 + (**p - '0');
    }
    return n;
}

/* "N$" → N, 0 = there is none. */
static unsigned read_place(struct reading *r)
{
    const char *p = r->at;
    int n = read_number(&p);
    if (n <= 0 || *p != '$')
        return 0;
    r->at = p + 1;
    return (unsigned)n;
}

/* Return: the number of the argument: @place, or the next when that is 0. 0 = doubt. */
static uint8_t argument(struct reading *r, unsigned place, uint8_t fetch)
{
    if (!place) {
        r->in_order = true;
        return ++r->n;
    }
    r->numbered = true;
    if (place > RT_FORMAT_ARGS || (r->fetch[place - 1] && r->fetch[place - 1] != fetch))
        return 0;
    r->fetch[place - 1] = fetch;
    return (uint8_t)place;
}

/* A width or precision: digits or a star. */
static bool read_amount(struct reading *r, int *ret_amount, uint8_t *ret_star)
{
    *ret_amount = 0;
    *ret_star = 0;
    if (*r->at != '*')
        return (*ret_amount = read_number(&r->at)) >= 0;
    r->at++;
    *ret_star = argument(r, read_place(r), FETCH_INT);
    return *ret_star != 0;
}

static const struct modifier *read_modifier(struct reading *r)
{
    const struct modifier *m = modifiers;
    while (m->text[0] && (r->at[0] != m->text[0] || (m->text[1] && r->at[1] != m->text[1])))
        m++;
    r->at += (m->text[0] != 0) + (m->text[1] != 0);
    return m;
}

static bool is_plain(const struct modifier *m)
{
    return !m->text[0];
}

/* The letter of the conversion, after modifier @m. Return: false when they do not go together. */
static bool read_letter(char letter, const struct modifier *m, struct rt_conversion *c)
{
    if (is_one_of(letter, "diouxX") || (is_one_of(letter, "bB") && rt_format_has_binary)) {
        c->fetch = m->int_bytes == 8 ? FETCH_LONG : FETCH_INT;
        c->type = is_one_of(letter, "di") ? RT_ARG_INT : RT_ARG_UINT;
        c->shift = (uint8_t)(64 - 8 * m->int_bytes);
        return true;
    }
    if (is_one_of(letter, "eEfFgGaA")) {
        c->fetch = m->float_fetch;
        c->type = RT_ARG_DOUBLE;
        return c->fetch != FETCH_NONE;
    }
    if (letter == 'c')
        c->fetch = FETCH_INT, c->type = RT_ARG_CHAR, c->shift = 56;
    else if (letter == 's')
        c->fetch = FETCH_POINTER, c->type = RT_ARG_TEXT;
    else if (letter == 'p')
        c->fetch = FETCH_POINTER, c->type = RT_ARG_POINTER;
    else if (letter == 'm')
        c->fetch = FETCH_NONE, c->type = RT_ARG_ERROR;
    else
        return false;
    return is_plain(m);
}

/* What stands behind a %. */
static bool read_conversion(struct reading *r, struct rt_conversion *c)
{
    int width, precision = INT_MAX;
    *c = (struct rt_conversion){0};
    unsigned place = read_place(r);
    while (is_one_of(*r->at, " +-#0'I"))
        r->at++;
    if (!read_amount(r, &width, &c->width_star))
        return false;
    if (*r->at == '.') {
        r->at++;
        if (!read_amount(r, &precision, &c->precision_star))
            return false;
    }
    c->precision = (uint8_t)(precision < (int)ANY_LENGTH ? precision : (int)ANY_LENGTH);
    const struct modifier *m = read_modifier(r);
    if (!read_letter(*r->at, m, c))
        return false;
    r->at++;
    if (c->fetch == FETCH_NONE)
        return !place;
    c->value = argument(r, place, c->fetch);
    return c->value != 0;
}

/* Numbered arguments are only known when none is left out. Return: how many, -1 = doubt. */
static int count_numbered(const struct reading *r)
{
    unsigned n = 0, last = 0;
    for (unsigned i = 0; i < RT_FORMAT_ARGS; i++)
        if (r->fetch[i])
            n++, last = i + 1;
    return n == last && !(r->numbered && r->in_order) ? (int)n : -1;
}

bool rt_format_read(struct rt_format *f, const char *fmt)
{
    struct reading r = {.at = fmt};
    f->n = 0;
    for (; *r.at; ) {
        if ((size_t)(r.at - fmt) >= RT_FORMAT_MAX)
            return false;
        if (*r.at++ != '%')
            continue;
        if (*r.at == '%')
            r.at++;
        else if (f->n == RT_FORMAT_ARGS || !read_conversion(&r, &f->conversion[f->n++]))
            return false;
    }
    int numbered = count_numbered(&r);
    if (numbered < 0 || (size_t)(r.at - fmt) > RT_FORMAT_MAX)
        return false;
    f->numbered = (uint8_t)numbered;
    f->len = (uint16_t)(r.at - fmt);
    f->is_plain = !numbered;
    for (unsigned i = 0; i < f->n; i++) {
        const struct rt_conversion *c = &f->conversion[i];
        f->is_plain &= !c->width_star && !c->precision_star && c->fetch != FETCH_LONG_DOUBLE;
    }
    return true;
}

/* ---------------------------------------------------------------- fetching */
struct source {
    va_list ap;
    const uint64_t *numbered; /* values fetched before, NULL = in order */
};

/* A long double as the bits of the nearest double. By hand: the processor's way can raise an exception that the program asked to be killed
 * by, or needs a compiler library. */
static uint64_t double_bits(const long double *from)
{
    uint64_t word[2] = {0, 0}, mantissa; /* mantissa: the one before the point in the highest bit */
    unsigned top;                        /* sign and 15 bits of exponent */
#if __LDBL_MANT_DIG__ == 64
    __builtin_memcpy(word, from, 10);
    mantissa = word[0];
    top = (unsigned)(word[1] & 0xffff);
#elif __LDBL_MANT_DIG__ == 113
    __builtin_memcpy(word, from, 16);
    top = (unsigned)(word[1] >> 48);
    mantissa = (uint64_t)((top & 0x7fff) != 0) << 63 | word[1] << 16 >> 1 | word[0] >> 49 | ((word[0] << 15) != 0);
#else
#error "the long double of this processor is not known here: add it"
#endif
    uint64_t sign = (uint64_t)(top >> 15) << 63, infinite = 0x7ffull << 52;
    int exponent = (int)(top & 0x7fff) - 16383 + 1023, shift = 11;
    if ((top & 0x7fff) == 0x7fff)
        return sign | infinite | (mantissa << 1 ? 1ull << 51 | mantissa << 1 >> 12 : 0);
    if (exponent >= 0x7ff)
        return sign | infinite;
    if (exponent <= 0) {
        shift += 1 - exponent;
        exponent = 1;
        if (shift > 64)
            return sign;
    }
    uint64_t kept = mantissa >> (shift - 1) >> 1, rest = mantissa << (64 - shift), half = 1ull << 63;
    kept += rest > half || (rest == half && kept & 1);
    return sign | (((uint64_t)(exponent - 1) << 52) + kept);
}

static inline uint64_t fetch_next(struct source *s, uint8_t how)
{
    switch (how) {
    case FETCH_INT:
        return (uint64_t)(int64_t)va_arg(s->ap, int);
    case FETCH_LONG:
        return (uint64_t)va_arg(s->ap, long);
    case FETCH_POINTER:
        return (uintptr_t)va_arg(s->ap, void *);
    case FETCH_DOUBLE: {
        double d = va_arg(s->ap, double);
        uint64_t bits;
        __builtin_memcpy(&bits, &d, sizeof bits);
        return bits;
    }
    case FETCH_LONG_DOUBLE: {
        long double d = va_arg(s->ap, long double);
        return double_bits(&d);
    }
    default:
        return 0;
    }
}

static inline uint64_t fetch(struct source *s, uint8_t which, uint8_t how)
{
    return s->numbered ? s->numbered[which - 1] : fetch_next(s, how);
}

static __attribute__((noinline, cold)) void fetch_numbered(const struct rt_format *f, struct source *s, uint64_t *values)
{
    uint8_t how[RT_FORMAT_ARGS + 1]; /* [0]: of those that have no argument */
    for (const struct rt_conversion *c = f->conversion; c < f->conversion + f->n; c++) {
        how[c->width_star] = how[c->precision_star] = FETCH_INT;
        how[c->value] = c->fetch;
    }
    for (unsigned i = 0; i < f->numbered; i++)
        values[i] = fetch_next(s, how[i + 1]);
    s->numbered = values;
}

void rt_args_skip(const struct rt_format *f, va_list *ap)
{
    struct source s = {.numbered = NULL};
    uint64_t values[RT_FORMAT_ARGS];
    va_copy(s.ap, *ap);
    if (f->numbered)
        fetch_numbered(f, &s, values);
    for (const struct rt_conversion *c = f->conversion; c < f->conversion + f->n && !f->numbered; c++) {
        if (c->width_star)
            fetch_next(&s, FETCH_INT);
        if (c->precision_star)
            fetch_next(&s, FETCH_INT);
        fetch_next(&s, c->fetch);
    }
    va_end(*ap);
    va_copy(*ap, s.ap);
    va_end(s.ap);
}

/* ---------------------------------------------------------------- encoding */
/* All return where the next one goes, NULL = no room. */
static inline uint8_t *put_word(uint8_t *to, const uint8_t *end, uint8_t type, uint64_t word)
{
    if (end - to < 1 + (ptrdiff_t)sizeof word)
        return NULL;
    *to = type;
    __builtin_memcpy(to + 1, &word, sizeof word);
    return to + 1 + sizeof word;
}

#define EACH 0x0101010101010101u /* one of each byte of a word */
typedef uint64_t word __attribute__((may_alias));
typedef uint64_t unaligned_word __attribute__((aligned(1), may_alias));

/* Copies up to @most bytes of @s up to its NUL; writes as many as 7 more behind them. Reads whole aligned words: they do not leave the page.
 * Return: how many. */
static inline __attribute__((no_sanitize("address"))) unsigned copy_text(uint8_t *to, const char *s, unsigned most)
{
    unsigned n = 0;
    for (; n < most && (uintptr_t)(s + n) & 7; n++) {
        if (!s[n])
            return n;
        to[n] = (uint8_t)s[n];
    }
    while (n < most) {
        uint64_t w = *(const word *)(const void *)(s + n), zeros = (w - EACH) & ~w & EACH << 7;
        unsigned k = zeros ? (unsigned)__builtin_ctzll(zeros) / 8 : 8; /* the lowest byte of a word is the first */
        *(unaligned_word *)(void *)(to + n) = w;
        n += k;
        if (zeros)
            break;
    }
    return n < most ? n : most;
}

/* @precision up to ANY_LENGTH: whether there is more than can be kept is seen at the first byte behind it, which printf reads, too. */
static inline uint8_t *put_text(uint8_t *to, const uint8_t *end, const char *s, unsigned precision)
{
    unsigned most = precision < RT_ARG_TEXT_MAX ? precision : RT_ARG_TEXT_MAX, n = 0;
    ptrdiff_t room = end - to - 3;
    if (!s) {
        if (to == end)
            return NULL;
        *to = RT_ARG_NULL;
        return to + 1;
    }
    if (room < 0)
        return NULL;
    if (room >= (ptrdiff_t)most + 8)
        n = copy_text(to + 3, s, most);
    else
        for (; n < most && s[n]; n++) {
            if ((ptrdiff_t)n == room)
                return NULL;
            to[3 + n] = (uint8_t)s[n];
        }
    uint16_t len = (uint16_t)n;
    *to = n == RT_ARG_TEXT_MAX && precision > RT_ARG_TEXT_MAX && s[n] ? RT_ARG_TEXT_CUT : RT_ARG_TEXT;
    __builtin_memcpy(to + 1, &len, sizeof len);
    return to + 3 + n;
}

static inline uint8_t *put(uint8_t *to, const uint8_t *end, const struct rt_conversion *c, unsigned precision, uint64_t v)
{
    if (c->type == RT_ARG_TEXT)
        return put_text(to, end, (const char *)(uintptr_t)v, precision);
    uint64_t wide = v << c->shift;
    return put_word(to, end, c->type, c->type == RT_ARG_INT ? (uint64_t)((int64_t)wide >> c->shift) : wide >> c->shift);
}

/* The usual ones: in order, without stars. */
static inline uint8_t *take_plain(const struct rt_format *f, int errnum, va_list ap, uint8_t *to, const uint8_t *end)
{
    for (const struct rt_conversion *c = f->conversion, *last = c + f->n; c < last && to; c++) {
        uint64_t v;
        double d;
        if (c->fetch == FETCH_INT)
            v = (uint64_t)(int64_t)va_arg(ap, int);
        else if (c->fetch == FETCH_LONG || c->fetch == FETCH_POINTER)
            v = (uint64_t)va_arg(ap, long);
        else if (c->fetch == FETCH_DOUBLE)
            d = va_arg(ap, double), __builtin_memcpy(&v, &d, sizeof v);
        else
            v = (uint64_t)(int64_t)errnum;
        to = put(to, end, c, c->precision, v);
    }
    return to;
}

static uint8_t *take_any(const struct rt_format *f, int errnum, va_list ap, uint8_t *at, const uint8_t *end)
{
    struct source s = {.numbered = NULL};
    uint64_t values[RT_FORMAT_ARGS];
    va_copy(s.ap, ap);
    if (f->numbered)
        fetch_numbered(f, &s, values);
    for (const struct rt_conversion *c = f->conversion; c < f->conversion + f->n && at; c++) {
        unsigned precision = c->precision;
        if (c->width_star)
            fetch(&s, c->width_star, FETCH_INT);
        if (c->precision_star) { /* a negative one is as none */
            uint64_t n = fetch(&s, c->precision_star, FETCH_INT);
            precision = n < ANY_LENGTH ? (unsigned)n : ANY_LENGTH;
        }
        at = put(at, end, c, precision, c->value ? fetch(&s, c->value, c->fetch) : (uint64_t)(int64_t)errnum);
    }
    va_end(s.ap);
    return at;
}

size_t rt_args_take(const struct rt_format *f, int errnum, va_list ap, uint8_t *to, size_t room)
{
    uint8_t *end = to + room, *at = (f->is_plain ? take_plain : take_any)(f, errnum, ap, to, end);
    return at ? (size_t)(at - to) : 0;
}

/* ---------------------------------------------------------------- decoding */
static bool next_text(const uint8_t **p, const uint8_t *end, struct rt_arg *ret)
{
    uint16_t len;
    if (end - *p < 3)
        return false;
    __builtin_memcpy(&len, *p + 1, sizeof len);
    if (len > RT_ARG_TEXT_MAX || end - *p - 3 < len)
        return false;
    ret->text = (const char *)*p + 3;
    ret->text_len = len;
    ret->cut = **p == RT_ARG_TEXT_CUT;
    ret->type = RT_ARG_TEXT;
    *p += 3 + len;
    return true;
}

bool rt_args_next(const uint8_t **p, const uint8_t *end, struct rt_arg *ret)
{
    *ret = (struct rt_arg){.text = ""};
    if (*p >= end || **p == 0 || **p >= RT_ARG_TYPES)
        return false;
    ret->type = (enum rt_arg_type)**p;
    if (ret->type == RT_ARG_TEXT || ret->type == RT_ARG_TEXT_CUT)
        return next_text(p, end, ret);
    if (ret->type == RT_ARG_NULL) {
        ++*p;
        return true;
    }
    if (end - *p < 1 + (ptrdiff_t)sizeof ret->u)
        return false;
    __builtin_memcpy(&ret->u, *p + 1, sizeof ret->u);
    *p += 1 + sizeof ret->u;
    return true;
}
