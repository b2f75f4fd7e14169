#include "message.h"

#include <stdio.h>

#pragma weak vsnprintf
extern int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *fmt, va_list ap) __attribute__((weak));
extern char *program_invocation_short_name __attribute__((weak));

static int format(char *to, size_t size, int fortify, int errnum, const char *fmt, va_list ap)
{
    rt_errno_set(errnum);
    if (fortify != RT_UNFORTIFIED && __vsnprintf_chk)
        return __vsnprintf_chk(to, size, fortify, size, fmt, ap);
    return vsnprintf ? vsnprintf(to, size, fmt, ap) : -1;
}

void rt_text_format(struct rt_text *t, const struct rt_writer *w, int fortify, int errnum, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    t->at = t->room;
    t->scratch = NULL;
    int n = format(t->room, sizeof t->room, fortify, errnum, fmt, ap);
    size_t size = sizeof t->room;
    if (n >= (int)size) {
        t->scratch = rt_scratch_take(w, &rt_self()->writer);
        if (t->scratch) {
            t->at = t->scratch;
            size = RT_SCRATCH_BYTES;
            n = format(t->at, size, fortify, errnum, fmt, again);
        }
    }
    va_end(again);
    t->cut = n >= (int)size;
    t->len = n < 0 ? 0 : t->cut ? size - 1 : (size_t)n;
    rt_errno_set(errnum);
}

static __attribute__((format(printf, 3, 4))) int print(char *to, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf ? vsnprintf(to, size, fmt, ap) : -1;
    va_end(ap);
    return n;
}

void rt_text_append_error(struct rt_text *t, int errnum)
{
    size_t size = t->scratch ? RT_SCRATCH_BYTES : sizeof t->room;
    rt_errno_set(errnum);
    int n = print(t->at + t->len, size - t->len, t->len ? ": %m" : "%m");
    if (n > 0) {
        t->cut |= (size_t)n >= size - t->len;
        t->len += (size_t)n < size - t->len ? (size_t)n : size - t->len - 1;
    }
    rt_errno_set(errnum);
}

void rt_text_done(struct rt_text *t, const struct rt_writer *w)
{
    if (t->scratch)
        rt_scratch_give(w, t->scratch);
}

static uint16_t name_len(const char *s)
{
    size_t n = s ? rt_strlen(s) : 0;
    return (uint16_t)(n < 4096 ? n : 4096);
}

void rt_message_write(const struct rt_writer *w, struct rt_call *call, struct rt_message *m, const struct rt_message_names *names,
                      const char *text, size_t len, uint32_t flags)
{
    m->ident_len = name_len(names->ident);
    m->file_len = name_len(names->file);
    m->function_len = name_len(names->function);
    m->text_len = (uint32_t)len;
    rt_module_of(call->site);
    call->text_len = UINT32_MAX; /* whatever follows */
    struct rt_part head = {call, sizeof *call + call->args_len};
    struct rt_part parts[5] = {{m, sizeof *m}, {names->ident, m->ident_len}, {names->file, m->file_len},
                               {names->function, m->function_len}, {text, len}};
    flags |= RT_FLAG_CALL;
    uint64_t now = rt_now(&flags);
    rt_ring_write(w, &rt_self()->writer, RT_RECORD_MESSAGE, 0, flags, now, &head, parts, 5, NULL, NULL);
}

const char *rt_program_name(void)
{
    return &program_invocation_short_name ? program_invocation_short_name : NULL;
}

RT_COLD const struct rt_writer *rt_message_writer(void)
{
    const struct rt_writer *w = rt_capture();
    return w && !rt_is_mirror() ? w : NULL;
}

RT_COLD void rt_mirror_enter(struct rt_mark *m)
{
    m->cookie = 0;
    if (rt_capture())
        rt_mark_enter(m, NULL);
}

RT_COLD void rt_mirror_leave(struct rt_mark *m)
{
    if (m->cookie)
        rt_mark_leave(m);
}
