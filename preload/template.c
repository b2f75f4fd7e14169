#include "template.h"

#include <string.h>

#include "ring/args.h"

#define TEXT_BYTES 65536u /* of all formats together */
#define TRIES      8u     /* places looked at */
#define PAGE       4096u
#define PROBLEM    UINT32_MAX

static struct place {
    const char *fmt_mt;  /* NULL = free; set first */
    uint32_t number_mt;  /* 0 = not yet filled, PROBLEM = never will be; set last */
    uint32_t len;        /* with the NUL */
    const char *text;
    struct rt_format format;
} table[RT_TEMPLATES];
static char texts[TEXT_BYTES];
static uint32_t texts_used_mt;

typedef uint64_t word __attribute__((aligned(1), may_alias));
#define STEP 32u

static inline bool same_step(const char *a, const char *b)
{
    const word *x = (const word *)(const void *)a, *y = (const word *)(const void *)b;
    return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

/* Is @fmt still @text? Reads nothing behind the page in which @fmt ends. */
static bool same_text(const char *fmt, const char *text, uint32_t len)
{
    uint32_t i = 0;
    for (; i + STEP <= len && ((uintptr_t)(fmt + i) & (PAGE - 1)) <= PAGE - STEP; i += STEP)
        if (!same_step(fmt + i, text + i))
            return false;
    for (; i + 8 <= len && ((uintptr_t)(fmt + i) & (PAGE - 1)) <= PAGE - 8; i += 8)
        if (*(const word *)(const void *)(fmt + i) != *(const word *)(const void *)(text + i))
            return false;
    for (; i < len; i++)
        if (fmt[i] != text[i])
            return false;
    return true;
}

/* "%s" and "%s\n": the argument is the text, the format nothing. */
static bool says_nothing(const char *fmt)
{
    return fmt[0] == '%' && fmt[1] == 's' && (!fmt[2] || (fmt[2] == '\n' && !fmt[3]));
}

/* The place is ours alone. Its number comes from the segment, which other processes may share. */
static RT_COLD void fill(struct place *p, const char *fmt, const struct rt_writer *w)
{
    uint32_t len = (uint32_t)rt_strlen(fmt) + 1, number = PROBLEM;
    if (!says_nothing(fmt) && rt_format_read(&p->format, fmt)) {
        uint32_t at = rt_add_relaxed(&texts_used_mt, len);
        if (at <= TEXT_BYTES - RT_FORMAT_MAX && len <= RT_FORMAT_MAX) {
            memcpy(texts + at, fmt, len);
            p->text = texts + at;
            p->len = len;
            number = rt_add_relaxed(&w->segment->names_mt, 1) + 1;
        }
    }
    rt_store_release(&p->number_mt, number && number != PROBLEM ? number : PROBLEM);
}

/* Return: NULL = this format has no number. */
static inline struct place *find(const char *fmt, const struct rt_writer *w)
{
    uint32_t at = (uint32_t)(((uintptr_t)fmt * 0x9E3779B97F4A7C15u) >> 32); /* Fibonacci hashing */
    for (uint32_t i = 0; i < TRIES; i++) {
        struct place *p = &table[(at + i) % RT_TEMPLATES];
        const char *there = rt_load_acquire(&p->fmt_mt);
        if (!there && rt_cas_seq_cst(&p->fmt_mt, &there, fmt)) {
            fill(p, fmt, w);
            there = fmt;
        }
        if (there != fmt)
            continue;
        uint32_t number = rt_load_acquire(&p->number_mt);
        return number && number != PROBLEM && same_text(fmt, p->text, p->len) ? p : NULL;
    }
    return NULL;
}

static RT_COLD bool tell(const struct place *p)
{
    struct rt_named named = {.number = p->number_mt, .len = p->len - 1};
    return rt_record_named(RT_RECORD_TEMPLATE, &named, sizeof named, p->text, named.len);
}

void rt_template_take(struct rt_call_args *c, const char *fmt, int errnum, va_list ap)
{
    const struct rt_writer *w = rt_capture();
    struct place *p = w && fmt && rt_shim.calls <= RT_TELL_ALL ? find(fmt, w) : NULL;
    if (!p)
        return;
    uint32_t at = (uint32_t)(p - table);
    if (rt_unlikely(!(rt_self()->told[at / 64] & 1ull << at % 64))) {
        if (!tell(p))
            return; /* no room: the next call tries again */
        rt_self()->told[at / 64] |= 1ull << at % 64;
    }
    c->call.template = p->number_mt;
    if (!p->format.n)
        return;
    va_list copy;
    va_copy(copy, ap);
    c->call.args_len = (uint16_t)rt_args_take(&p->format, errnum, copy, c->args, sizeof c->args);
    va_end(copy);
}
