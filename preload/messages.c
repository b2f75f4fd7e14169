/* err and warn, perror, assert, abort: one MESSAGE each; what libc prints for it on stderr is the mirror. error() is left to the stdio
 * slot: it has no form with a va_list, and what it prints depends on counters inside libc. */
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "real.h"
#include "shim.h"

enum { WITH_ERRNO = 1 };

/* @fmt may be NULL: then the text is what errno means, or nothing. */
static RT_COLD void tell(enum rt_message_kind kind, int what, int errnum, const char *fmt, va_list ap)
{
    const struct rt_writer *w = rt_capture();
    struct rt_text t;
    if (!w)
        return;
    if (fmt) {
        va_list copy;
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
    rt_message_write(w, &m, &names, t.at, t.len, t.cut ? RT_FLAG_TRUNCATED : 0);
    rt_text_done(&t, w);
}

static void mark_enter(struct rt_mark *m)
{
    if (rt_capture())
        rt_mark_enter(m);
    else
        m->cookie = 0;
}
static void mark_leave(struct rt_mark *m)
{
    if (m->cookie)
        rt_mark_leave(m);
}

/* ---------------------------------------------------------------- err, warn */
RT_API void vwarn(const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    struct rt_mark mark;
    tell(RT_MESSAGE_WARN, WITH_ERRNO, e, fmt, ap);
    mark_enter(&mark);
    if (RT_REAL(vwarn))
        rt_real.vwarn(fmt, ap);
    mark_leave(&mark);
}
RT_API void vwarnx(const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    struct rt_mark mark;
    tell(RT_MESSAGE_WARN, 0, e, fmt, ap);
    mark_enter(&mark);
    if (RT_REAL(vwarnx))
        rt_real.vwarnx(fmt, ap);
    mark_leave(&mark);
}
RT_API void warn(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vwarn(fmt, ap);
    va_end(ap);
}
RT_API void warnx(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vwarnx(fmt, ap);
    va_end(ap);
}

/* exit() is called inside; handlers that run there print for themselves. */
RT_API void verr(int status, const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    tell(RT_MESSAGE_ERR, WITH_ERRNO, e, fmt, ap);
    struct rt_mark mark;
    va_list copy;
    mark_enter(&mark);
    va_copy(copy, ap);
    if (RT_REAL(vwarn))
        rt_real.vwarn(fmt, copy);
    va_end(copy);
    mark_leave(&mark);
    exit(status);
}
RT_API void verrx(int status, const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    tell(RT_MESSAGE_ERR, 0, e, fmt, ap);
    struct rt_mark mark;
    va_list copy;
    mark_enter(&mark);
    va_copy(copy, ap);
    if (RT_REAL(vwarnx))
        rt_real.vwarnx(fmt, copy);
    va_end(copy);
    mark_leave(&mark);
    exit(status);
}
RT_API void err(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    verr(status, fmt, ap);
    va_end(ap);
}
RT_API void errx(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    verrx(status, fmt, ap);
    va_end(ap);
}

/* ---------------------------------------------------------------- perror */
static RT_COLD void tell_perror(int errnum, ...)
{
    va_list ap;
    va_start(ap, errnum);
    const char *s = va_arg(ap, const char *);
    va_end(ap);
    va_start(ap, errnum);
    tell(RT_MESSAGE_PERROR, WITH_ERRNO, errnum, s && *s ? "%s" : NULL, ap);
    va_end(ap);
}
RT_API void perror(const char *s)
{
    struct rt_mark mark;
    tell_perror(rt_errno_get(), s);
    mark_enter(&mark);
    if (RT_REAL(perror))
        rt_real.perror(s);
    mark_leave(&mark);
}

/* ---------------------------------------------------------------- assert, abort */
static RT_COLD void tell_place(enum rt_message_kind kind, int errnum, const struct rt_part *text, unsigned n_text, const char *file,
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
    struct rt_message m = {.kind = kind, .pri = -1, .errnum = errnum, .line = line};
    struct rt_message_names names = {rt_program_name(), file, function};
    rt_message_write(w, &m, &names, joined, len, len == sizeof joined ? RT_FLAG_TRUNCATED : 0);
}
#define LITERAL(s) {s, sizeof s - 1}

RT_API void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    struct rt_part text[3] = {LITERAL("Assertion `"), {expression, expression ? rt_strlen(expression) : 0}, LITERAL("' failed.")};
    struct rt_mark mark;
    tell_place(RT_MESSAGE_ASSERT, 0, text, 3, file, line, function);
    mark_enter(&mark);
    if (RT_REAL(__assert_fail))
        rt_real.__assert_fail(expression, file, line, function);
    __builtin_trap();
}
RT_API void __assert_perror_fail(int errnum, const char *file, unsigned line, const char *function)
{
    struct rt_text t = {.at = t.room};
    struct rt_mark mark;
    int e = rt_errno_get();
    rt_text_append_error(&t, errnum);
    rt_errno_set(e);
    struct rt_part text[1] = {{t.at, t.len}};
    tell_place(RT_MESSAGE_ASSERT, errnum, text, 1, file, line, function);
    mark_enter(&mark);
    if (RT_REAL(__assert_perror_fail))
        rt_real.__assert_perror_fail(errnum, file, line, function);
    __builtin_trap();
}

RT_API void abort(void)
{
    const struct rt_part text[1] = {LITERAL("abort() called")};
    tell_place(RT_MESSAGE_ABORT, 0, text, 1, NULL, 0, NULL);
    if (RT_REAL(abort))
        rt_real.abort();
    __builtin_trap();
}

RT_API __attribute__((noreturn)) void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
    const struct rt_part text[1] = {LITERAL("*** stack smashing detected ***")};
    tell_place(RT_MESSAGE_ABORT, 0, text, 1, NULL, 0, NULL);
    if (RT_REAL(__stack_chk_fail))
        rt_real.__stack_chk_fail();
    __builtin_trap();
}
