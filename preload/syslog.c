/* syslog(3): the rules of glibc for mask, facility and ident are applied at the call, the text is formatted once more for us, and the
 * original arguments go on. What LOG_PERROR prints is the mirror. */
#include <errno.h>
#include <stdarg.h>
#include <syslog.h>

#include "message.h"
#include "real.h"
#include "shim.h"
#include "template.h"

static struct {
    const char *ident; /* the program's own memory, read when a message is written, as libc does */
    int options, facility, mask;
} state = {NULL, 0, LOG_USER, 0xff};

static RT_COLD void tell(uint64_t site, int pri, int fortify, int errnum, const char *fmt, va_list ap)
{
    const struct rt_writer *w = rt_capture();
    struct rt_call_args call = {.call = {.site = site}};
    struct rt_text t;
    if (!w)
        return;
    pri &= LOG_PRIMASK | LOG_FACMASK;
    if (!(LOG_MASK(LOG_PRI(pri)) & rt_load_relaxed(&state.mask)))
        return;
    if (!(pri & LOG_FACMASK))
        pri |= rt_load_relaxed(&state.facility);
    const char *ident = rt_load_relaxed(&state.ident);
    struct rt_message m = {.kind = RT_MESSAGE_SYSLOG, .pri = pri, .errnum = errnum,
                           .options = (uint16_t)rt_load_relaxed(&state.options)};
    struct rt_message_names names = {.ident = ident ? ident : rt_program_name()};
    va_list copy;
    rt_template_take(&call, fmt, errnum, ap);
    va_copy(copy, ap);
    rt_text_format(&t, w, fortify, errnum, fmt, copy);
    va_end(copy);
    rt_message_write(w, &call.call, &m, &names, t.at, t.len, t.cut ? RT_FLAG_TRUNCATED : 0);
    rt_text_done(&t, w);
}

static void log_one(uint64_t site, int pri, int fortify, const char *fmt, va_list ap)
{
    int e = rt_errno_get();
    struct rt_mark mark;
    bool on = rt_capture() && !rt_is_mirror();
    if (on) {
        tell(site, pri, fortify, e, fmt, ap);
        rt_mark_enter(&mark, NULL);
    }
    if (fortify != RT_UNFORTIFIED && RT_REAL(__vsyslog_chk))
        rt_real.__vsyslog_chk(pri, fortify, fmt, ap);
    else if (RT_REAL(vsyslog))
        rt_real.vsyslog(pri, fmt, ap);
    if (on)
        rt_mark_leave(&mark);
}

RT_API void vsyslog(int pri, const char *fmt, va_list ap)
{
    log_one(RT_SITE, pri, RT_UNFORTIFIED, fmt, ap);
}
RT_API void syslog(int pri, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_one(RT_SITE, pri, RT_UNFORTIFIED, fmt, ap);
    va_end(ap);
}
RT_API void __vsyslog_chk(int pri, int flag, const char *fmt, va_list ap);
void __vsyslog_chk(int pri, int flag, const char *fmt, va_list ap)
{
    log_one(RT_SITE, pri, flag, fmt, ap);
}
RT_API void __syslog_chk(int pri, int flag, const char *fmt, ...);
void __syslog_chk(int pri, int flag, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_one(RT_SITE, pri, flag, fmt, ap);
    va_end(ap);
}

/* As libc keeps them: a NULL ident leaves what was there, a facility of 0 becomes kern. */
RT_API void openlog(const char *ident, int options, int facility)
{
    if (ident)
        rt_store_relaxed(&state.ident, ident);
    rt_store_relaxed(&state.options, options);
    if (!(facility & ~LOG_FACMASK))
        rt_store_relaxed(&state.facility, facility);
    if (RT_REAL(openlog))
        rt_real.openlog(ident, options, facility);
}
RT_API void closelog(void)
{
    rt_store_relaxed(&state.ident, NULL);
    if (RT_REAL(closelog))
        rt_real.closelog();
}
RT_API int setlogmask(int mask)
{
    if (mask)
        rt_store_relaxed(&state.mask, mask);
    return RT_REAL(setlogmask) ? rt_real.setlogmask(mask) : 0xff;
}
