/* err and warn, perror, assert, abort: one MESSAGE each; what libc prints for it on stderr is the mirror. error() is left to the stdio
 * slot: it has no form with a va_list, and what it prints depends on counters inside libc. */
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"
#include "message.h"
#include "real.h"
#include "shim.h"
#include "template.h"

enum { WITH_ERRNO = 1, NO_TEMPLATE = 2 };

/* @fmt may be NULL: then the text is what errno means, or nothing. */
static RT_COLD void tell(uint64_t site, enum rt_message_kind kind, int what, int errnum, const char *fmt, va_list ap)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call_args call = {.call = {.site = site}};
    struct rt_text t;
    if (!w)
        return;
    if (fmt) {
        va_list copy;
        if (!(what & NO_TEMPLATE))
            rt_template_take(&call, fmt, errnum, ap);
        va_copy(copy, ap);
        rt_text_format(&t, w, RT_UNFORTIFIED, errnum, fmt, copy);
        va_end(copy);
    } else {
        t.at = t.room;
        t.len = 0;
        t.cut = false;
        t.scratch = NULL;
    }
    if (what & WITH_ERRNO)
        rt_text_append_error(&t, errnum);
    struct rt_message m = {.kind = kind, .pri = -1, .errnum = what & WITH_ERRNO ? errnum : 0};
    struct rt_message_names names = {.ident = rt_program_name()};
    rt_message_write(w, &call.call, &m, &names, t.at, t.len, t.cut ? RT_FLAG_TRUNCATED : 0);
    rt_text_done(&t, w);
}

/* ---------------------------------------------------------------- err, warn */
/* Tells, and prints as @kind does. */
static void warned(uint64_t site, enum rt_message_kind kind, int what, const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    struct rt_mark mark;
    va_list copy;
    tell(site, kind, what, e, fmt, ap);
    rt_mirror_enter(&mark);
    va_copy(copy, ap);
    if (what & WITH_ERRNO ? RT_REAL(vwarn) : RT_REAL(vwarnx))
        (what & WITH_ERRNO ? rt_real.vwarn : rt_real.vwarnx)(fmt, copy);
    va_end(copy);
    rt_mirror_leave(&mark);
}

#define WARNS(name, kind, what) \
    RT_API void v##name(const char *fmt, va_list ap) \
    { \
        warned(RT_SITE, kind, what, fmt, ap); \
    } \
    RT_API void name(const char *fmt, ...) \
    { \
        va_list ap; \
        va_start(ap, fmt); \
        warned(RT_SITE, kind, what, fmt, ap); \
        va_end(ap); \
    }
/* exit() is called outside: handlers that run there print for themselves. */
#define ENDS(name, kind, what) \
    RT_API void v##name(int status, const char *fmt, va_list ap) \
    { \
        warned(RT_SITE, kind, what, fmt, ap); \
        exit(status); \
    } \
    RT_API void name(int status, const char *fmt, ...) \
    { \
        va_list ap; \
        va_start(ap, fmt); \
        warned(RT_SITE, kind, what, fmt, ap); \
        va_end(ap); \
        exit(status); \
    }
WARNS(warn, RT_MESSAGE_WARN, WITH_ERRNO)
WARNS(warnx, RT_MESSAGE_WARN, 0)
ENDS(err, RT_MESSAGE_ERR, WITH_ERRNO)
ENDS(errx, RT_MESSAGE_ERR, 0)

/* ---------------------------------------------------------------- perror */
static RT_COLD void tell_perror(uint64_t site, int errnum, ...)
{
    va_list ap;
    va_start(ap, errnum);
    const char *s = va_arg(ap, const char *);
    va_end(ap);
    va_start(ap, errnum);
    tell(site, RT_MESSAGE_PERROR, WITH_ERRNO | NO_TEMPLATE, errnum, s && *s ? "%s" : NULL, ap);
    va_end(ap);
}
RT_API void perror(const char *s)
{
    struct rt_mark mark;
    tell_perror(RT_SITE, rt_errno_get(), s);
    rt_mirror_enter(&mark);
    if (RT_REAL(perror))
        rt_real.perror(s);
    rt_mirror_leave(&mark);
}

/* ---------------------------------------------------------------- assert, abort */
static RT_COLD void tell_place(uint64_t site, enum rt_message_kind kind, int errnum, const struct rt_part *text, unsigned n_text, const char *file,
                               unsigned line, const char *function)
{
    const struct rt_writer *w = rt_capture();
    char joined[512];
    size_t len = 0;
    if (!w)
        return;
    for (unsigned i = 0; i < n_text; i++) {
        size_t n = text[i].len < sizeof joined - len ? text[i].len : sizeof joined - len;
        memcpy(joined + len, text[i].data, n);
        len += n;
    }
    struct rt_call call = {.site = site};
    struct rt_message m = {.kind = kind, .pri = -1, .errnum = errnum, .line = line};
    rt_store_relaxed(&rt_fatal_told_mt, kind != RT_MESSAGE_ABORT);
    struct rt_message_names names = {rt_program_name(), file, function};
    rt_message_write(w, &call, &m, &names, joined, len, len == sizeof joined ? RT_FLAG_TRUNCATED : 0);
}
#define LITERAL(s) {s, sizeof s - 1}

static __attribute__((noreturn)) void fail(uint64_t site, const char *expression, const char *file, unsigned line, const char *function)
{
    struct rt_part text[3] = {LITERAL("Assertion `"), {expression, expression ? rt_strlen(expression) : 0}, LITERAL("' failed.")};
    struct rt_mark mark;
    tell_place(site, RT_MESSAGE_ASSERT, 0, text, 3, file, line, function);
    rt_mirror_enter(&mark);
    if (RT_REAL(__assert_fail))
        rt_real.__assert_fail(expression, file, line, function);
    __builtin_trap();
}
RT_API void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    fail(RT_SITE, expression, file, line, function);
}
RT_API void __assert(const char *expression, const char *file, int line)
{
    fail(RT_SITE, expression, file, (unsigned)line, NULL);
}
RT_API void __assert_perror_fail(int errnum, const char *file, unsigned line, const char *function)
{
    struct rt_text t = {.at = t.room};
    struct rt_mark mark;
    int e = rt_errno_get();
    rt_text_append_error(&t, errnum);
    rt_errno_set(e);
    struct rt_part text[1] = {{t.at, t.len}};
    tell_place(RT_SITE, RT_MESSAGE_ASSERT, errnum, text, 1, file, line, function);
    rt_mirror_enter(&mark);
    if (RT_REAL(__assert_perror_fail))
        rt_real.__assert_perror_fail(errnum, file, line, function);
    __builtin_trap();
}

RT_API void abort(void)
{
    const struct rt_part text[1] = {LITERAL("abort() called")};
    if (!rt_is_mirror()) /* else who calls it has said why */
        tell_place(RT_SITE, RT_MESSAGE_ABORT, 0, text, 1, NULL, 0, NULL);
    if (RT_REAL(abort))
        rt_real.abort();
    __builtin_trap();
}

RT_API __attribute__((noreturn)) void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    const struct rt_part text[1] = {LITERAL("*** stack smashing detected ***: terminated")};
    tell_place(RT_SITE, RT_MESSAGE_FATAL, 0, text, 1, NULL, 0, NULL);
    if (RT_REAL(__stack_chk_fail))
        rt_real.__stack_chk_fail();
    __builtin_trap();
}
