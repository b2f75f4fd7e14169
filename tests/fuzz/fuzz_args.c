/* Any bytes as a format, and any bytes as the arguments of a call. A format that is read must take the arguments that libc says it takes, and
 * what is encoded must be read again to its end. */
#include <printf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring/args.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)
#define MOST (3 * RT_FORMAT_ARGS)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const uint8_t *p, const uint8_t *end, bool ours)
{
    struct rt_arg a;
    volatile uint64_t sum = 0;
    while (rt_args_next(&p, end, &a)) {
        sum += a.type == RT_ARG_DOUBLE ? a.d > 0 : a.u;
        for (uint16_t i = 0; i < a.text_len; i++)
            sum += (uint8_t)a.text[i];
    }
    REQUIRE(!ours || p == end);
}

static void require_type(int type, uint8_t place, int expected)
{
    REQUIRE(!place || (type & ~PA_FLAG_MASK) == expected || (expected == PA_INT && (type & ~PA_FLAG_MASK) == PA_CHAR));
}

static void compare(const struct rt_format *f, const char *fmt)
{
    int types[MOST + 1];
    size_t n = parse_printf_format(fmt, MOST + 1, types), mine = f->numbered;
    for (const struct rt_conversion *c = f->conversion; c < f->conversion + f->n && !f->numbered; c++)
        mine += (c->value != 0) + (c->width_star != 0) + (c->precision_star != 0);
    REQUIRE(n == mine);
    for (const struct rt_conversion *c = f->conversion; c < f->conversion + f->n; c++) {
        int text = c->type == RT_ARG_TEXT ? PA_STRING : c->type == RT_ARG_POINTER ? PA_POINTER : c->type == RT_ARG_DOUBLE ? PA_DOUBLE : PA_INT;
        if (f->numbered && (text == PA_STRING || text == PA_POINTER)) /* several may mean the same pointer: libc tells the last */
            text = 0;
        require_type(types[c->width_star - (c->width_star != 0)], c->width_star, PA_INT);
        require_type(types[c->precision_star - (c->precision_star != 0)], c->precision_star, PA_INT);
        if (text)
            require_type(types[c->value - (c->value != 0)], c->value, text);
    }
}

static void skip(const struct rt_format *f, ...)
{
    va_list ap;
    va_start(ap, f);
    rt_args_skip(f, &ap);
    REQUIRE(va_arg(ap, void *));
    va_end(ap);
}

/* All arguments are the address of a text: as a number it is as good as any. */
static void take(const struct rt_format *f, ...)
{
    for (size_t room = 0; room <= RT_ARGS_MAX; room += room < 40 ? 1 : 400) {
        uint8_t *to = malloc(room ? room : 1);
        va_list ap;
        va_start(ap, f);
        size_t n = rt_args_take(f, 2, ap, to, room);
        va_end(ap);
        REQUIRE(n <= room);
        read_all(to, to + n, true);
        free(to);
    }
}

#define TEN(x) x, x, x, x, x, x, x, x, x, x

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rt_format f;
    char *fmt = malloc(size + 1);
    memcpy(fmt, data, size);
    fmt[size] = '\0';
    rt_format_has_binary = true;
    if (rt_format_read(&f, fmt)) {
        REQUIRE(f.len == strlen(fmt) && f.n <= RT_FORMAT_ARGS && f.numbered <= RT_FORMAT_ARGS);
        char *text = strdup("what every argument points to");
        compare(&f, fmt);
        take(&f, TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text));
        skip(&f, TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text), TEN(text));
        free(text);
    }
    read_all(data, data + size, false);
    free(fmt);
    return 0;
}
