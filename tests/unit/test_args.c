/* Formats and arguments, held against what this libc makes of them: parse_printf_format(3) says which arguments a format takes, and what
 * vsnprintf(3) prints must come out of the decoded values again. */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <printf.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring/args.h"
#include "tests/harness/test.h"

#define ARGS_MOST 64

static uint64_t state = 0x9e3779b97f4a7c15;
static unsigned any(unsigned below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 33) % below);
}

static bool has_binary(void)
{
    int type[4];
    return parse_printf_format("%b", 4, type) == 1 && (type[0] & ~PA_FLAG_MASK) == PA_INT;
}

/* ---------------------------------------------------------------- formats that are read, formats that are not */
RT_TEST(what_is_certain_is_read)
{
    static const struct {
        const char *fmt;
        const char *types; /* of the values, a letter each: i u d c p e s */
    } table[] = {
        {"", ""}, {"plain", ""}, {"100%%", ""}, {"%%%d%%", "i"}, {"%d", "i"}, {"%5.3d|%-5i|%+d|% d|%05d|%'d|%Id", "iiiiiii"},
        {"%hhd %hd %ld %lld %qd %Ld %jd %zd %td", "iiiiiiiii"}, {"%u %o %x %X %#x %lx %zu %hhu", "uuuuuuuu"},
        {"%e %E %f %F %g %G %a %A %lf %Lf %La", "ddddddddddd"}, {"%c", "c"}, {"%s %-20s %.3s %.s %*s %.*s %-*.*s", "sssssss"},
        {"%p %20p", "pp"}, {"%m %d: %m", "eie"}, {"%*m", "e"}, {"%1$d", "i"}, {"%2$s %1$d", "si"}, {"%1$d %1$x %1$c", "iuc"},
        {"%1$s %1$p", "sp"}, {"%3$*1$.*2$s", "s"}, {"%1$*2$d", "i"}, {"%2$*1$d %m", "ie"}, {"%2147483639d", "i"},
        {"%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", "iiiiiiiiiiiiiiii"}, {"\xc3\xa4 %d \xff", "i"},
    };
    static const char letters[RT_ARG_TYPES] = {[RT_ARG_INT] = 'i', [RT_ARG_UINT] = 'u', [RT_ARG_DOUBLE] = 'd', [RT_ARG_CHAR] = 'c',
                                               [RT_ARG_POINTER] = 'p', [RT_ARG_ERROR] = 'e', [RT_ARG_TEXT] = 's'};
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        struct rt_format f;
        char types[RT_FORMAT_ARGS + 1] = "";
        if (!rt_format_read(&f, table[k].fmt))
            rt_test_fail(__FILE__, __LINE__, "\"%s\" is refused", table[k].fmt);
        CHECK_INT(f.len, strlen(table[k].fmt));
        for (unsigned i = 0; i < f.n; i++)
            types[i] = letters[f.conversion[i].type];
        CHECK_STR(types, table[k].types);
    }
}

RT_TEST(what_is_not_certain_is_refused)
{
    static const char *const table[] = {
        "%", "100%", "%d %", "%n", "%hhn", "%ls", "%S", "%lc", "%C", "%k", "%y", "%D", "%!", "%5", "%.5", "%l", "%-", "%*", "% ", "%\n",
        "%hs", "%hc", "%lp", "%hf", "%hhf", "%zf", "%llf", "%qf", "%jf", "%lm", "%5%", "%-%", "%*%", "%hlld", "%lLd", "%wd", "%w32d",
        "%.-5d", "%5-d", "%99999999999d", "%.99999999999s", "%4294967297$d", "%0$d", "%2$d", "%1$d %3$d", "%1$d %d", "%d %1$d",
        "%1$*d", "%*1$d", "%1$d %1$ld", "%1$d %1$s", "%1$f %1$Lf", "%1$s %1$*1$d", "%17$d", "%1$m", "%1$%", "%1$", "%-1$d", "%1$2$d",
        "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d",
    };
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        struct rt_format f;
        if (rt_format_read(&f, table[k]))
            rt_test_fail(__FILE__, __LINE__, "\"%s\" is read", table[k]);
    }
}

RT_TEST(the_longest_format_is_read_and_a_longer_one_is_not)
{
    static char fmt[RT_FORMAT_MAX + 2];
    struct rt_format f;
    memset(fmt, 'x', RT_FORMAT_MAX);
    memcpy(fmt + RT_FORMAT_MAX - 2, "%d", 2);
    CHECK(rt_format_read(&f, fmt));
    CHECK_INT(f.len, RT_FORMAT_MAX);
    CHECK_INT(f.n, 1);
    fmt[RT_FORMAT_MAX] = 'x';
    CHECK(!rt_format_read(&f, fmt));
    memcpy(fmt + RT_FORMAT_MAX - 1, "%d", 2); /* the longer one ends inside a conversion */
    CHECK(!rt_format_read(&f, fmt));
}

RT_TEST(binary_is_read_only_where_libc_prints_it)
{
    struct rt_format f;
    rt_format_has_binary = false;
    CHECK(!rt_format_read(&f, "%b"));
    CHECK(!rt_format_read(&f, "%#B"));
    rt_format_has_binary = true;
    CHECK(rt_format_read(&f, "%b"));
    CHECK(rt_format_read(&f, "%#lB"));
    CHECK_INT(f.conversion[0].type, RT_ARG_UINT);
}

/* ---------------------------------------------------------------- generated formats, and what parse_printf_format says of them */
static char *add(char *to, const char *s)
{
    return stpcpy(to, s);
}
static const char *one_of(const char *const *list, unsigned n)
{
    return list[any(n)];
}
#define ONE_OF(list) one_of(list, sizeof list / sizeof list[0])

static char *amount(char *to)
{
    static const char *const amounts[] = {"", "", "1", "7", "12", "*", "130"};
    return add(to, ONE_OF(amounts));
}

/* A conversion whose arguments come in order. */
static char *conversion(char *to)
{
    static const char *const flags[] = {"", "", "", "-", "+", "0", "#", " ", "'", "-+", "I", "0'"};
    static const char *const kinds[] = {"hhd", "hd", "d",  "ld", "lld", "qd", "Ld", "jd", "zd", "td", "i", "u", "hhu", "hx", "lx", "o",
                                        "zX",  "e",  "f",  "lg", "La",  "Lf", "A",  "c",  "s",  "s",  "p", "m"};
    to = add(add(to, "%"), ONE_OF(flags));
    to = amount(to);
    if (any(3) == 0)
        to = amount(add(to, "."));
    return add(to, ONE_OF(kinds));
}

/* The type as parse_printf_format() gives it. */
static int libc_type(const struct rt_conversion *c)
{
    switch (c->type) {
    case RT_ARG_TEXT:
        return PA_STRING;
    case RT_ARG_POINTER:
        return PA_POINTER;
    case RT_ARG_CHAR:
        return PA_CHAR;
    case RT_ARG_DOUBLE:
        return PA_DOUBLE;
    default: /* a char is an int to libc */
        return c->shift == 56 ? PA_CHAR : PA_INT;
    }
}

/* Arguments in order are numbered as they come. */
static size_t take_place(uint8_t place, int type, int *types, size_t k)
{
    if (!place)
        return k;
    CHECK_INT(place, k + 1);
    types[k] = type;
    return k + 1;
}

static void check_types(const char *fmt)
{
    struct rt_format f;
    int types[ARGS_MOST], expected[ARGS_MOST];
    size_t n = parse_printf_format(fmt, ARGS_MOST, types), k = 0;
    if (!rt_format_read(&f, fmt))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" is refused", fmt);
    for (const struct rt_conversion *c = f.conversion; c < f.conversion + f.n; c++) {
        k = take_place(c->width_star, PA_INT, expected, k);
        k = take_place(c->precision_star, PA_INT, expected, k);
        k = take_place(c->value, libc_type(c), expected, k);
    }
    if (k != n)
        rt_test_fail(__FILE__, __LINE__, "\"%s\" takes %zu arguments, expected %zu", fmt, k, n);
    for (size_t i = 0; i < n; i++)
        if ((types[i] & ~PA_FLAG_MASK) != expected[i])
            rt_test_fail(__FILE__, __LINE__, "\"%s\": argument %zu is of type %d, expected %d", fmt, i, expected[i], types[i]);
}

RT_TEST(libc_takes_as_many_arguments_of_the_same_types)
{
    for (unsigned round = 0; round < 20000; round++) {
        char fmt[512], *to = fmt;
        *to = '\0';
        for (unsigned n = any(RT_FORMAT_ARGS + 1); n; n--) {
            static const char *const between[] = {"", " ", "%%", "x=", "\xc3\xa4", ", "};
            to = conversion(add(to, ONE_OF(between)));
        }
        check_types(fmt);
    }
    if (has_binary()) {
        rt_format_has_binary = true;
        check_types("%b %#lB %hhb");
    }
}

/* ---------------------------------------------------------------- decoded values print as the call did */
struct printer {
    char text[4096];
    size_t len;
};
static void print(struct printer *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    p->len += (size_t)vsnprintf(p->text + p->len, sizeof p->text - p->len, fmt, ap);
    va_end(ap);
    CHECK(p->len < sizeof p->text);
}

/* One conversion [from, to) of a format without stars, with the longest type there is. */
static void print_value(struct printer *p, const char *from, const char *to, const struct rt_arg *a)
{
    char fmt[64] = "%", *at = fmt + 1;
    const char *dollar = memchr(from, '$', (size_t)(to - from));
    for (const char *s = dollar ? dollar + 1 : from + 1; s < to - 1; s++)
        if (!strchr("hlqLjzt", *s))
            *at++ = *s;
    char letter = to[-1];
    switch (a->type) {
    case RT_ARG_INT:
    case RT_ARG_UINT:
        sprintf(at, "l%c", letter);
        print(p, fmt, a->i);
        break;
    case RT_ARG_DOUBLE:
        sprintf(at, "%c", letter);
        print(p, fmt, a->d);
        break;
    case RT_ARG_CHAR:
        sprintf(at, "%c", letter);
        print(p, fmt, (int)a->u);
        break;
    case RT_ARG_POINTER:
        sprintf(at, "%c", letter);
        print(p, fmt, (void *)(uintptr_t)a->u);
        break;
    case RT_ARG_ERROR:
        sprintf(at, "%c", letter);
        errno = (int)a->i;
        print(p, fmt);
        break;
    case RT_ARG_NULL:
        sprintf(at, "%c", letter);
        print(p, fmt, (char *)NULL);
        break;
    case RT_ARG_TEXT: {
        char copy[RT_ARG_TEXT_MAX + 1];
        CHECK(!a->cut);
        memcpy(copy, a->text, a->text_len);
        copy[a->text_len] = '\0';
        sprintf(at, "%c", letter);
        print(p, fmt, copy);
        break;
    }
    default:
        rt_test_fail(__FILE__, __LINE__, "type %d", a->type);
    }
}

static const char *end_of_conversion(const char *s)
{
    return s + 1 + strcspn(s + 1, "diouxXbBeEfFgGaAcspm") + 1;
}

/* Prints by libc, and again from what was encoded. */
static void check_prints(const char *fmt, ...)
{
    struct rt_format f;
    uint8_t bytes[RT_ARGS_MAX];
    char expected[4096];
    struct printer p = {.len = 0};
    struct rt_arg a;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    if (!rt_format_read(&f, fmt))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" is refused", fmt);
    errno = ENOENT;
    vsnprintf(expected, sizeof expected, fmt, ap);
    size_t n = rt_args_take(&f, ENOENT, again, bytes, sizeof bytes);
    va_end(again);
    va_end(ap);
    const uint8_t *at = bytes, *end = bytes + n;
    for (const char *s = fmt; *s; ) {
        if (s[0] == '%' && s[1] != '%') {
            const char *next = end_of_conversion(s);
            if (!rt_args_next(&at, end, &a))
                rt_test_fail(__FILE__, __LINE__, "\"%s\": a value is missing", fmt);
            print_value(&p, s, next, &a);
            s = next;
        } else {
            print(&p, "%c", *s);
            s += 1 + (*s == '%');
        }
    }
    CHECK(at == end);
    CHECK(!rt_args_next(&at, end, &a));
    if (strcmp(p.text, expected))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" gives \"%s\", expected \"%s\"", fmt, p.text, expected);
}

RT_TEST(what_was_printed_can_be_printed_again)
{
    check_prints("nothing at all, 100%%");
    check_prints("%d %i %5d|%-5d|%05d|%+d|% d|%.3d", 1, -2, 3, 4, 5, 6, 7, 8);
    check_prints("%d %d %u %x", INT_MIN, INT_MAX, UINT_MAX, 0xdeadbeef);
    check_prints("%ld %ld %lu %lx %lld %qd %Ld %jd %zd %zu %td", LONG_MIN, LONG_MAX, ULONG_MAX, 1ul << 63, -1ll, -2ll, -3ll,
                 (intmax_t)-4, (ssize_t)-5, (size_t)6, (ptrdiff_t)-7);
    check_prints("%hhd %hhu %hd %hu %hhx %hx %hho", 0x1ff, 0x1ff, 0x1ffff, 0x1ffff, -1, -1, -1);
    check_prints("%f %e %g %a %.2f %10.3e %G %A %F %E", 1.5, -1e300, 1e-300, 0.1, 2.005, 1e10, 1e-5, -0.0, 1e5, 5e-324);
    check_prints("%f %f %f %g", INFINITY, -INFINITY, NAN, DBL_MAX);
    check_prints("%Lf %Lg %Le", 1.5L, -1e30L, 0.25L);
    check_prints("%c%c%c|%5c|%-3c|", 'a', 200, 'z', 'b', 'c');
    check_prints("%s|%10s|%-10s|%.3s|%.0s|%s", "abc", "right", "left", "cut here", "unseen", "");
    check_prints("%s %.6s %.10s", (char *)NULL, (char *)NULL, (char *)NULL);
    check_prints("%p %p %20p", (void *)0x1234, (void *)NULL, (void *)-1);
    check_prints("%m and %d and %30m", 5);
    check_prints("%#x %#o %'d %Id", 255, 8, 1234567, 42);
    if (has_binary()) {
        rt_format_has_binary = true;
        check_prints("%b %#b %hhb %lB", 5, 6, 0x1ff, 1l << 40);
    }
    check_prints("%2$s %1$d %2$.2s %1$x", 77, "twice");
    check_prints("%3$f %1$d %m %2$ld", 1, 2l, 3.5);
}

/* The first five words and eight doubles are passed in registers, each kind in its own: any mixture of them is a call. */
RT_TEST(any_values_of_any_conversions_print_again)
{
    static const char *const ints[] = {"hhd", "hd", "d", "ld", "lld", "jd", "zi", "hhu", "hu", "u", "lu", "x", "lX", "o", "c", "p"};
    static const char *const floats[] = {"f", "e", "g", "a", "lf", "G"};
    static const char *const shapes[] = {"", "", "-12", "20", "+", "-", " 5", "07"};
    for (unsigned round = 0; round < 20000; round++) {
        char fmt[512], *to = fmt;
        long word[5];
        double real[8];
        unsigned n_words = 0, n_reals = 0;
        *to = '\0';
        for (unsigned n = any(11); n; n--) {
            to = add(add(to, " %"), ONE_OF(shapes));
            unsigned kind = any(5);
            if (kind < 2 && n_words < 5) {
                word[n_words++] = (long)(((uint64_t)any(UINT_MAX) << 33 ^ any(UINT_MAX)) >> any(64));
                to = add(to, ONE_OF(ints));
            } else if (kind == 2 && n_words < 5) {
                static const char *const texts[] = {"", "x", "some text", "\xff\xfe", NULL};
                word[n_words++] = (long)(uintptr_t)ONE_OF(texts);
                to = add(to, any(2) ? "s" : ".4s");
            } else if (kind == 3 && n_reals < 8) {
                real[n_reals++] = ldexp((double)any(UINT_MAX) - 2e9, (int)any(200) - 100);
                to = add(to, ONE_OF(floats));
            } else {
                to = add(to, "m");
            }
        }
        check_prints(fmt, word[0], word[1], word[2], word[3], word[4], real[0], real[1], real[2], real[3], real[4], real[5], real[6],
                     real[7]);
    }
}

/* ---------------------------------------------------------------- stars, texts, room */
static size_t take(uint8_t *bytes, size_t room, const char *fmt, ...)
{
    struct rt_format f;
    va_list ap;
    CHECK(rt_format_read(&f, fmt));
    va_start(ap, fmt);
    size_t n = rt_args_take(&f, 0, ap, bytes, room);
    va_end(ap);
    return n;
}

static uint8_t bytes[RT_ARGS_MAX];

/* The text that is encoded at *p. */
static struct rt_arg text_at(const uint8_t **p, size_t n)
{
    struct rt_arg a;
    CHECK(rt_args_next(p, bytes + n, &a));
    CHECK_INT(a.type, RT_ARG_TEXT);
    return a;
}

RT_TEST(stars_are_fetched_but_not_encoded)
{
    const uint8_t *p = bytes;
    struct rt_arg a;
    size_t n = take(bytes, sizeof bytes, "%*d %.*s %-*.*f %.*s %.*s %d", 5, -42, 3, "abcdef", 9, 2, 1.25, -1, "whole", 0, "none", 7);
    CHECK(rt_args_next(&p, bytes + n, &a) && a.type == RT_ARG_INT && a.i == -42);
    a = text_at(&p, n);
    CHECK_MEM(a.text, a.text_len, "abc", 3);
    CHECK(rt_args_next(&p, bytes + n, &a) && a.type == RT_ARG_DOUBLE && a.d == 1.25);
    a = text_at(&p, n);
    CHECK_MEM(a.text, a.text_len, "whole", 5);
    CHECK_INT(text_at(&p, n).text_len, 0);
    CHECK(rt_args_next(&p, bytes + n, &a) && a.i == 7);
    CHECK(p == bytes + n);
    p = bytes;
    n = take(bytes, sizeof bytes, "%3$*1$.*2$s|%1$d", 4, 2, "numbered");
    a = text_at(&p, n);
    CHECK_MEM(a.text, a.text_len, "nu", 2);
    CHECK(rt_args_next(&p, bytes + n, &a) && a.i == 4 && p == bytes + n);
}

/* Many arguments: those behind the registers lie on the stack. */
RT_TEST(sixteen_conversions_with_stars_are_fetched_in_order)
{
    const uint8_t *p = bytes;
    size_t n = take(bytes, sizeof bytes, "%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d%*.*d",
                    1, 2, 100, 1, 2, 101, 1, 2, 102, 1, 2, 103, 1, 2, 104, 1, 2, 105, 1, 2, 106, 1, 2, 107, 1, 2, 108, 1, 2, 109,
                    1, 2, 110, 1, 2, 111, 1, 2, 112, 1, 2, 113, 1, 2, 114, 1, 2, 115);
    for (int i = 0; i < 16; i++) {
        struct rt_arg a;
        CHECK(rt_args_next(&p, bytes + n, &a));
        CHECK_INT(a.i, 100 + i);
    }
    CHECK(p == bytes + n);
}

RT_TEST(a_text_is_read_as_far_as_printf_reads_it)
{
    long page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(map != MAP_FAILED && mprotect(map + page, (size_t)page, PROT_NONE) == 0);
    memset(map, 'z', (size_t)page); /* no NUL at all: only the precision ends it */
    for (int len = 0; len <= 200; len++) {
        const uint8_t *p = bytes;
        size_t n = take(bytes, sizeof bytes, "%.*s", len, map + page - len);
        struct rt_arg a = text_at(&p, n);
        CHECK_INT(a.text_len, len < (int)RT_ARG_TEXT_MAX ? len : (int)RT_ARG_TEXT_MAX);
        CHECK_INT(a.cut, len > (int)RT_ARG_TEXT_MAX);
    }
    const uint8_t *p = bytes;
    CHECK_INT(text_at(&p, take(bytes, sizeof bytes, "%.7s", map + page - 7)).text_len, 7);
    map[page - 1] = '\0';
    for (int len = 0; len <= 200; len++) {
        p = bytes;
        size_t n = take(bytes, sizeof bytes, any(2) ? "%s" : "%.3000s", map + page - 1 - len);
        struct rt_arg a = text_at(&p, n);
        CHECK_INT(a.text_len, len < (int)RT_ARG_TEXT_MAX ? len : (int)RT_ARG_TEXT_MAX);
        CHECK_INT(a.cut, len > (int)RT_ARG_TEXT_MAX);
    }
}

/* A format, its arguments, and 4711 behind them. */
static void check_skips(const char *fmt, ...)
{
    struct rt_format f;
    va_list ap;
    CHECK(rt_format_read(&f, fmt));
    va_start(ap, fmt);
    rt_args_skip(&f, &ap);
    int next = va_arg(ap, int);
    va_end(ap);
    if (next != 4711)
        rt_test_fail(__FILE__, __LINE__, "\"%s\": %d follows", fmt, next);
}

RT_TEST(what_follows_the_arguments_is_found)
{
    check_skips("none %m", 4711);
    check_skips("%d %s %f %Lf %lld %c %p", 1, "", 2.0, 3.0L, 4ll, 'c', (void *)5, 4711);
    check_skips("%*.*f %-*d %.*s", 9, 2, 1.5, 3, 4, 5, "x", 4711);
    check_skips("%f%f%f%f%f%f%f%f%f%f%Lf%d%d%d%d%d", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11.L, 1, 2, 3, 4, 5, 4711);
    check_skips("%3$s %1$*2$d %4$f", 1, 2, "three", 4., 4711);
}

RT_TEST(what_does_not_fit_is_not_taken)
{
    size_t full = take(bytes, sizeof bytes, "%d %s %p %s", 1, "text", (void *)2, (char *)NULL);
    CHECK_INT(full, 9 + 7 + 9 + 1);
    for (size_t room = 0; room < full; room++) {
        uint8_t *exact = malloc(room ? room : 1); /* of its own, so that a write behind it shows */
        CHECK_INT(take(exact, room, "%d %s %p %s", 1, "text", (void *)2, (char *)NULL), 0);
        free(exact);
    }
    CHECK_INT(take(bytes, full, "%d %s %p %s", 1, "text", (void *)2, (char *)NULL), full);
    static char longest[RT_ARG_TEXT_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    CHECK_INT(take(bytes, sizeof bytes, "%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s", longest, longest, longest, longest, longest, longest, longest,
                   longest, longest, longest, longest, longest, longest, longest, longest, longest), RT_ARGS_MAX);
}

/* ---------------------------------------------------------------- long double */
static double double_of(long double v)
{
    const uint8_t *p = bytes;
    struct rt_arg a;
    size_t n = take(bytes, sizeof bytes, "%Lf", v);
    CHECK(rt_args_next(&p, bytes + n, &a));
    return a.d;
}

RT_TEST(a_long_double_becomes_the_nearest_double)
{
    static const long double table[] = {0.0L, 1.0L, 0.1L, 1e308L, 1e309L, LDBL_MAX, LDBL_MIN, 5e-324L, 3e-324L, 1e-310L, 1e-4000L, DBL_MAX,
                                        DBL_MIN, DBL_MAX * 1.0000000000000001L, 1 + DBL_EPSILON / 2.0L, 1 + DBL_EPSILON * 1.5L,
                                        1 + LDBL_EPSILON, INFINITY};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double expected = (double)table[i], got = double_of(table[i]), minus = double_of(-table[i]);
        if (memcmp(&got, &expected, sizeof got) || minus != -expected || !signbit(minus))
            rt_test_fail(__FILE__, __LINE__, "%La becomes %a, expected %a", table[i], got, expected);
    }
    CHECK(isnan(double_of(NAN)));
    for (unsigned round = 0; round < 200000; round++) {
        long double v = ldexpl((long double)any(UINT_MAX) * 0x1p32L + any(UINT_MAX), (int)any(2300) - 1200);
        double expected = (double)v, got = double_of(v);
        if (memcmp(&got, &expected, sizeof got))
            rt_test_fail(__FILE__, __LINE__, "%La becomes %a, expected %a", v, got, expected);
    }
}

/* ---------------------------------------------------------------- bytes of somebody else */
RT_TEST(bytes_that_are_no_arguments_are_refused)
{
    static const struct {
        uint8_t bytes[12];
        size_t n;
    } table[] = {
        {{0}, 1}, {{RT_ARG_TYPES}, 1}, {{255}, 1}, {{RT_ARG_INT}, 1}, {{RT_ARG_INT, 1, 2, 3, 4, 5, 6, 7}, 8}, {{RT_ARG_TEXT}, 1},
        {{RT_ARG_TEXT, 1}, 2},
        {{RT_ARG_TEXT, 1, 0}, 3}, {{RT_ARG_TEXT_CUT, 255, 255, 'x'}, 4}, {{RT_ARG_TEXT, RT_ARG_TEXT_MAX + 1, 0, 'x'}, 4}, {{0}, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t *exact = malloc(table[i].n ? table[i].n : 1);
        memcpy(exact, table[i].bytes, table[i].n);
        const uint8_t *p = exact;
        struct rt_arg a;
        CHECK(!rt_args_next(&p, exact + table[i].n, &a));
        CHECK(p == exact);
        free(exact);
    }
}

RT_TEST(any_bytes_are_read_within_their_bounds)
{
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = any(64);
        uint8_t *exact = malloc(n ? n : 1);
        for (size_t i = 0; i < n; i++)
            exact[i] = (uint8_t)any(any(2) ? 256 : RT_ARG_TYPES + 1);
        const uint8_t *p = exact;
        struct rt_arg a;
        while (rt_args_next(&p, exact + n, &a)) {
            CHECK(p > exact && p <= exact + n);
            CHECK(a.type == RT_ARG_TEXT || a.text_len == 0);
        }
        free(exact);
    }
}
