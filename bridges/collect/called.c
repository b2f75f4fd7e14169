/* What is known of a call becomes cells of its row: place in the program, format, arguments. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "collect/interpret_internal.h"
#include "meaning/display.h"
#include "ring/args.h"

#define TEXT_BYTES (RT_FORMAT_ARGS * (3 * RT_ARG_TEXT_MAX + 8)) /* a byte that is no text takes three */

/* The fewest digits that give the same number again. */
static int print_double(char *to, size_t size, double d)
{
    int n = snprintf(to, size, "%.15g", d);
    if (!isfinite(d) || strtod(to, NULL) == d)
        return n;
    n = snprintf(to, size, "%.16g", d);
    return strtod(to, NULL) == d ? n : snprintf(to, size, "%.17g", d);
}

/* Appends the text of @a to @b, which has room for it. Return: its number, NAN = it is none. */
static double append(struct rt_buf *b, const struct rt_arg *a)
{
    char *to = (char *)b->data + b->len;
    bool changed = false;
    char c;
    switch (a->type) {
    case RT_ARG_INT: case RT_ARG_ERROR:
        b->len += (size_t)snprintf(to, 32, "%lld", (long long)a->i);
        return (double)a->i;
    case RT_ARG_UINT:
        b->len += (size_t)snprintf(to, 32, "%llu", (unsigned long long)a->u);
        return (double)a->u;
    case RT_ARG_DOUBLE:
        b->len += (size_t)print_double(to, 32, a->d);
        return a->d;
    case RT_ARG_POINTER:
        b->len += (size_t)snprintf(to, 32, "0x%llx", (unsigned long long)a->u);
        return NAN;
    case RT_ARG_NULL:
        b->len += (size_t)snprintf(to, 32, "(null)");
        return NAN;
    case RT_ARG_CHAR:
        c = (char)a->u;
        rt_display_append(b, &c, 1, &changed);
        return NAN;
    default:
        rt_display_append(b, a->text, a->text_len, &changed);
        if (a->cut)
            rt_buf_append(b, "\xe2\x80\xa6", 3);
        return NAN;
    }
}

static void set_args(struct rt_interpreter *it, const uint8_t *args, size_t len, struct rt_log_row *row)
{
    struct rt_buf *b = &it->arg_text;
    struct rt_arg a;
    const uint8_t *end = args + len;
    uint32_t n = 0;
    rt_buf_clear(b);
    if (rt_buf_reserve(b, TEXT_BYTES)) {
        it->error = -ENOMEM;
        return;
    }
    while (n < RT_FORMAT_ARGS && rt_args_next(&args, end, &a)) {
        struct rt_row_arg *to = &it->arg[n++];
        size_t at = b->len;
        to->number = append(b, &a);
        to->text = (char *)b->data + at;
        to->len = (uint32_t)(b->len - at);
    }
    row->args = it->arg;
    row->n_args = n;
}

void rt__called(struct rt_interpreter *it, const struct rt_thread *t, const struct rt_proc *p, const struct rt_call *call,
                const uint8_t *args, bool whole, struct rt_log_row *row)
{
    struct rt_place place;
    if (it->calls == RT_CALLS_NONE)
        return;
    if (call->site && rt_modules_find(it->modules, p->maps, call->site, &place)) {
        row->module.p = place.path, row->module.n = place.path_len;
        row->build_id.p = place.id, row->build_id.n = place.id_len;
        row->offset = place.offset;
        if (!row->function.n)
            row->function.p = place.function, row->function.n = place.function_len;
    }
    const struct rt_name *template = whole && call->template ? rt_names_get(&it->names, t->segment, call->template) : NULL;
    if (!template || it->calls == RT_CALLS_SITES)
        return;
    row->template.p = template->text;
    row->template.n = template->len;
    set_args(it, args, call->args_len, row);
    int r = rt_metrics_take(&it->metrics, p->program, row);
    if (r && !it->error)
        it->error = r;
}
