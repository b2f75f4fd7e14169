/* GLib's messages: one MESSAGE each, with domain, level and place as far as given; what GLib, or a handler or writer of the program, then
 * prints or sends is the mirror. Also what nobody would print is recorded: it was said. g_print() and g_printerr() are printing like any
 * other. */
#include <string.h>

#include "ring/args.h"

#include "backlog.h"
#include "library.h"
#include "message.h"
#include "pass.h"
#include "shim.h"

#pragma weak stdout

/* As GLib's headers have them. */
enum { LEVEL_ERROR = 1 << 2, LEVEL_CRITICAL = 1 << 3, LEVEL_WARNING = 1 << 4 };
struct field {
    const char *key;
    const void *value;
    intptr_t length; /* -1 = ends with NUL */
};

static struct {
    void (*g_logv)(const char *, int, const char *, va_list);
    void (*g_log_structured)(const char *, int, ...);
    void (*g_log_structured_standard)(const char *, int, const char *, const char *, const char *, const char *, ...);
    void (*g_log_structured_array)(int, const struct field *, size_t);
    void (*g_log_variant)(const char *, int, void *);
    void (*g_return_if_fail_warning)(const char *, const char *, const char *);
    void (*g_warn_message)(const char *, const char *, int, const char *, const char *);
    void (*g_assertion_message)(const char *, const char *, int, const char *, const char *);
    void (*g_assertion_message_expr)(const char *, const char *, int, const char *, const char *);
    void (*g_print)(const char *, ...);
    void (*g_printerr)(const char *, ...);
    void *(*g_variant_lookup_value)(void *, const char *, const void *);
    const char *(*g_variant_get_string)(void *, size_t *);
    void (*g_variant_unref)(void *);
} real;
#define REAL(name) RT_LIBRARY_REAL(real, "libglib-2.0.so.0", name)

/* What is said, besides the text. */
struct saying {
    uint64_t site;
    const char *domain, *file, *function;
    int level;
    unsigned line;
};

/* Below this mark GLib prints what was said, on standard error or output. Output that waits in the buffer is another call's: it must be
 * known already, else it could not be told from GLib's. */
static RT_COLD void mirror_enter(struct rt_mark *m)
{
    struct rt_call before = {0};
    bool follows = rt_shim.slot && &stdout && rt_capture();
    if (follows)
        rt_backlog_take(stdout, &before);
    rt_mirror_enter(m);
    m->whole = follows && rt_backlog_is_all(stdout);
}

static RT_COLD void write_text(const struct rt_writer *w, const struct saying *s, struct rt_call *call, const char *text, size_t len, bool cut)
{
    struct rt_message m = {.kind = RT_MESSAGE_GLIB, .pri = -1, .line = s->line, .options = (uint16_t)s->level};
    struct rt_message_names names = {s->domain, s->file, s->function};
    call->site = s->site;
    rt_message_write(w, call, &m, &names, text, len, cut ? RT_FLAG_TRUNCATED : 0);
}

/* @is_template: @fmt is the program's own. */
static RT_COLD void tell_format(const struct saying *s, bool is_template, const char *fmt, va_list ap)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call_args call = {.call = {0}};
    struct rt_text t;
    va_list copy;
    int errnum = rt_errno_get();
    if (!w || !fmt)
        return;
    if (is_template)
        rt_template_take(&call, fmt, errnum, ap);
    va_copy(copy, ap);
    rt_text_format(&t, w, RT_UNFORTIFIED, errnum, fmt, copy);
    va_end(copy);
    write_text(w, s, &call.call, t.at, t.len, t.cut);
    rt_text_done(&t, w);
}
static RT_COLD __attribute__((format(printf, 2, 3))) void tell(const struct saying *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    tell_format(s, false, fmt, ap);
    va_end(ap);
}

/* Tells by @tell, then calls @name of GLib. */
#define FORWARD(tell, name, arguments) \
    do { \
        struct rt_mark mark; \
        tell; \
        mirror_enter(&mark); \
        if (REAL(name)) \
            real.name arguments; \
        rt_mirror_leave(&mark); \
    } while (0)

/* ---------------------------------------------------------------- g_log */
void g_logv(const char *domain, int level, const char *fmt, va_list ap);
RT_API void g_logv(const char *domain, int level, const char *fmt, va_list ap)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .level = level};
    FORWARD(tell_format(&s, true, fmt, ap), g_logv, (domain, level, fmt, ap));
}
void g_log(const char *domain, int level, const char *fmt, ...);
RT_API void g_log(const char *domain, int level, const char *fmt, ...)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .level = level};
    va_list ap;
    va_start(ap, fmt);
    FORWARD(tell_format(&s, true, fmt, ap), g_logv, (domain, level, fmt, ap));
    va_end(ap);
}

/* ---------------------------------------------------------------- structured */
static size_t length_of(const struct field *f)
{
    return f->length >= 0 ? (size_t)f->length : f->value ? rt_strlen(f->value) : 0;
}
static bool is(const char *s, const char *name)
{
    return rt_starts(s, name) && !s[rt_strlen(name)];
}
static unsigned number_of(const char *s)
{
    unsigned n = 0;
    for (; s && *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (unsigned)(*s - '0');
    return n;
}

/* A field that says where, or whose. Those with a length of their own may have no NUL: left out. */
static RT_COLD void note_field(struct saying *s, const struct field *f)
{
    if (!f->key || f->length >= 0)
        return;
    if (is(f->key, "GLIB_DOMAIN"))
        s->domain = f->value;
    else if (is(f->key, "CODE_FILE"))
        s->file = f->value;
    else if (is(f->key, "CODE_LINE"))
        s->line = number_of(f->value);
    else if (is(f->key, "CODE_FUNC"))
        s->function = f->value;
}

static RT_COLD void tell_fields(struct saying *s, const struct field *fields, size_t n)
{
    const struct rt_writer *w = rt_message_writer();
    const struct field *text = NULL;
    struct rt_call call = {0};
    if (!w || !fields)
        return;
    for (const struct field *f = fields; f < fields + n; f++) {
        note_field(s, f);
        if (f->key && is(f->key, "MESSAGE"))
            text = f;
    }
    if (text)
        write_text(w, s, &call, text->value, length_of(text), false);
}

void g_log_structured_array(int level, const struct field *fields, size_t n);
RT_API void g_log_structured_array(int level, const struct field *fields, size_t n)
{
    struct saying s = {.site = RT_SITE, .level = level};
    FORWARD(tell_fields(&s, fields, n), g_log_structured_array, (level, fields, n));
}

static RT_COLD void tell_variant(const struct saying *s, void *variant)
{
    if (!rt_message_writer() || !variant || !REAL(g_variant_lookup_value) || !REAL(g_variant_get_string) || !REAL(g_variant_unref))
        return;
    void *value = real.g_variant_lookup_value(variant, "MESSAGE", "s"); /* a type is its text */
    if (!value)
        return;
    tell(s, "%s", real.g_variant_get_string(value, NULL));
    real.g_variant_unref(value);
}
void g_log_variant(const char *domain, int level, void *variant);
RT_API void g_log_variant(const char *domain, int level, void *variant)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .level = level};
    FORWARD(tell_variant(&s, variant), g_log_variant, (domain, level, variant));
}

/* ---------------------------------------------------------------- what macros call */
void g_return_if_fail_warning(const char *domain, const char *function, const char *expression);
RT_API void g_return_if_fail_warning(const char *domain, const char *function, const char *expression)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .function = function, .level = LEVEL_CRITICAL};
    FORWARD(tell(&s, "%s: assertion '%s' failed", function, expression), g_return_if_fail_warning, (domain, function, expression));
}
void g_warn_message(const char *domain, const char *file, int line, const char *function, const char *expression);
RT_API void g_warn_message(const char *domain, const char *file, int line, const char *function, const char *expression)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .file = file, .line = (unsigned)line, .function = function,
                       .level = LEVEL_WARNING};
    const char *colon = function && *function ? ":" : "", *in = function ? function : "";
    FORWARD(expression ? tell(&s, "(%s:%d):%s%s runtime check failed: (%s)", file, line, in, colon, expression)
                       : tell(&s, "(%s:%d):%s%s code should not be reached", file, line, in, colon),
            g_warn_message, (domain, file, line, function, expression));
}
void g_assertion_message(const char *domain, const char *file, int line, const char *function, const char *text);
RT_API void g_assertion_message(const char *domain, const char *file, int line, const char *function, const char *text)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .file = file, .line = (unsigned)line, .function = function, .level = LEVEL_ERROR};
    FORWARD(tell(&s, "%s", text ? text : ""), g_assertion_message, (domain, file, line, function, text));
}
void g_assertion_message_expr(const char *domain, const char *file, int line, const char *function, const char *expression);
RT_API void g_assertion_message_expr(const char *domain, const char *file, int line, const char *function, const char *expression)
{
    struct saying s = {.site = RT_SITE, .domain = domain, .file = file, .line = (unsigned)line, .function = function, .level = LEVEL_ERROR};
    FORWARD(expression ? tell(&s, "assertion failed: (%s)", expression) : tell(&s, "code should not be reached"), g_assertion_message_expr,
            (domain, file, line, function, expression));
}

/* ---------------------------------------------------------------- variadic, without a va_list form */
#if defined(__x86_64__)
static const char *text_in(const struct rt_passing *p, unsigned i)
{
    return (const char *)(uintptr_t)p->word[i];
}

/* The format and its arguments from @ap on are told, and passed on. */
static size_t pass_format(struct rt_passing *p, const void *stack, const struct saying *s, const char *fmt, va_list *ap)
{
    struct rt_format f;
    if (!fmt || !rt_message_writer() || !rt_format_read(&f, fmt))
        return RT_STEP_ASIDE;
    tell_format(s, true, fmt, *ap);
    rt_args_skip(&f, ap);
    mirror_enter(&p->mark);
    return rt_pass_bytes(stack, ap);
}

RT_PASS_ON(g_log_structured_standard, enter_standard)
size_t enter_standard(struct rt_passing *p, const void *stack)
{
    struct saying s = {.site = rt_pass_site(stack), .domain = text_in(p, 0), .level = (int)p->word[1], .file = text_in(p, 2),
                       .line = number_of(text_in(p, 3)), .function = text_in(p, 4)};
    va_list ap;
    p->real = RT_PASS_TO(REAL(g_log_structured_standard));
    rt_pass_args(p, stack, 6, &ap);
    return pass_format(p, stack, &s, text_in(p, 5), &ap);
}

/* Pairs of key and value; behind the key MESSAGE a format and its arguments, which are the last. */
RT_PASS_ON(g_log_structured, enter_structured)
size_t enter_structured(struct rt_passing *p, const void *stack)
{
    struct saying s = {.site = rt_pass_site(stack), .domain = text_in(p, 0), .level = (int)p->word[1]};
    struct field f = {.length = -1};
    va_list ap;
    p->real = RT_PASS_TO(REAL(g_log_structured));
    rt_pass_args(p, stack, 2, &ap);
    while ((f.key = va_arg(ap, const char *)) && !is(f.key, "MESSAGE")) {
        f.value = va_arg(ap, const void *);
        note_field(&s, &f);
    }
    return f.key ? pass_format(p, stack, &s, va_arg(ap, const char *), &ap) : RT_STEP_ASIDE;
}

static size_t pass_print(struct rt_passing *p, const void *stack)
{
    size_t bytes = rt_pass_format(p, stack, 1, 0, 0);
    if (bytes != RT_STEP_ASIDE)
        p->mark.whole = true; /* GLib prints by functions that are hooked, too */
    return bytes;
}
RT_PASS_ON(g_print, enter_print)
size_t enter_print(struct rt_passing *p, const void *stack)
{
    p->real = RT_PASS_TO(REAL(g_print));
    return pass_print(p, stack);
}
RT_PASS_ON(g_printerr, enter_printerr)
size_t enter_printerr(struct rt_passing *p, const void *stack)
{
    p->real = RT_PASS_TO(REAL(g_printerr));
    return pass_print(p, stack);
}
#endif
