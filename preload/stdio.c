/* Functions that print on a FILE, by name. The stdio slot sees what they write; these add where the call came from and, of the printf kind,
 * with which format and arguments, and follow what stays in stdout's buffer (backlog.h):
 *
 *   printf(fmt, …) → mark {site, template, arguments} → libc's vprintf → slot_write() takes the mark along | rt_backlog_take()
 *
 * Calls on other files than the tapped streams are one comparison and a jump; the variadic ones are entered in assembly for that. Where there
 * is no slot (musl) the bytes themselves are recorded here. */
#include <stdio.h>

#include "backlog.h"
#include "fdclass.h"
#include "files.h"
#include "message.h"
#include "real.h"
#include "slot.h"
#include "template.h"

#undef fwrite_unlocked
#undef putc
#undef putchar
#undef putc_unlocked
#undef putchar_unlocked
#undef fputc_unlocked
#pragma weak fileno
#pragma weak stdout

/* NULL: what libc makes of it is left to libc, which does not look at the FILE when there is nothing to write. */
static inline int fd_of(FILE *f)
{
    if (rt_unlikely(!f))
        return -1;
    if (rt_unlikely(rt_stdio_names))
        return fileno ? fileno(f) : -1;
    return f->_fileno;
}
static inline enum rt_fd_class class_of(FILE *f)
{
    return rt_fd_class(fd_of(f));
}

/* ---------------------------------------------------------------- where there is no slot */
static inline bool is_recorded(enum rt_fd_class c)
{
    return rt_fd_is_text(c) || rt_fd_is_channel(c);
}

static RT_COLD void record(FILE *f, uint64_t site, const struct rt_part *parts, unsigned n)
{
    int fd = fd_of(f);
    enum rt_fd_class c = rt_fd_class(fd);
    struct rt_call call = {.site = site, .origin = rt_origin(c, fd)};
    struct rt_sent sent;
    if (is_recorded(c))
        rt_record_data(rt_fd_stream(c), rt_fd_flags(c), &call, parts, n, &sent);
}

static RT_COLD void record_format(enum rt_fd_class c, struct rt_call *call, int fortify, const char *fmt, va_list ap)
{
    const struct rt_writer *w = is_recorded(c) ? rt_capture() : NULL;
    struct rt_sent sent;
    struct rt_text t;
    va_list copy;
    if (!w)
        return;
    va_copy(copy, ap);
    rt_text_format(&t, w, fortify, rt_errno_get(), fmt, copy);
    va_end(copy);
    struct rt_part part = {t.at, t.len};
    rt_record_data(rt_fd_stream(c), rt_fd_flags(c), call, &part, 1, &sent);
    rt_text_done(&t, w);
}

/* ---------------------------------------------------------------- marks */
static inline bool begin(struct rt_mark *m, struct rt_call *c, enum rt_fd_class class, uint64_t site)
{
    return rt_unlikely(rt_fd_is_text(class)) && !rt_stdio_names && rt_mark_begin(m, c, 0, site);
}

static inline void end(struct rt_mark *m, struct rt_call *c, FILE *f)
{
    rt_mark_leave(m);
    if (f == stdout)
        rt_backlog_take(f, c);
}

#define UNWRAP(...) __VA_ARGS__

/* The call itself is in a function of its own: the hook of a FILE that is not tapped has no frame. */
#define MARKED(type, name, file, parameters, arguments) \
    static __attribute__((noinline)) type marked_##name(uint64_t site, UNWRAP parameters) \
    { \
        struct rt_mark mark; \
        struct rt_call call; \
        if (!begin(&mark, &call, class_of(file), site)) \
            return rt_real.name arguments; \
        type r = rt_real.name arguments; \
        end(&mark, &call, file); \
        return r; \
    }

/* A call that is not of the printf kind. @parts...: what to record where there is no slot. */
#define PRINTS(type, fail, name, file, parameters, arguments, ...) \
    MARKED(type, name, file, parameters, arguments) \
    RT_API type name parameters; \
    RT_API type name parameters \
    { \
        if (!RT_REAL(name)) \
            return fail; \
        if (rt_unlikely(rt_stdio_names)) { \
            struct rt_part parts[] = {__VA_ARGS__}; \
            record(file, RT_SITE, parts, sizeof parts / sizeof *parts); \
        } else if (rt_unlikely(rt_fd_is_text(class_of(file)))) { \
            return marked_##name(RT_SITE, UNWRAP arguments); \
        } \
        return rt_real.name arguments; \
    }

PRINTS(int, EOF, puts, stdout, (const char *s), (s), {s, rt_strlen(s)}, {"\n", 1})
PRINTS(int, EOF, fputs, f, (const char *s, FILE *f), (s, f), {s, rt_strlen(s)})
PRINTS(int, EOF, fputs_unlocked, f, (const char *s, FILE *f), (s, f), {s, rt_strlen(s)})
PRINTS(size_t, 0, fwrite, f, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f), {p, size * n})
PRINTS(size_t, 0, fwrite_unlocked, f, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f), {p, size * n})
PRINTS(int, EOF, putw, f, (int word, FILE *f), (word, f), {&word, sizeof word})

/* Character by character: what stays in stdout's buffer is taken line by line. */
#define PUTS_CHARACTER(type, fail, name, file, parameters, arguments) \
    MARKED(type, name, file, parameters, arguments) \
    RT_API type name parameters; \
    RT_API type name parameters \
    { \
        if (!RT_REAL(name)) \
            return fail; \
        if (rt_unlikely(rt_stdio_names)) { \
            char byte = (char)c; \
            struct rt_part part = {&byte, 1}; \
            record(file, RT_SITE, &part, 1); \
        } else if (rt_unlikely(rt_fd_is_text(class_of(file))) && (c == '\n' || file != stdout)) { \
            return marked_##name(RT_SITE, UNWRAP arguments); \
        } \
        return rt_real.name arguments; \
    }

PUTS_CHARACTER(int, EOF, fputc, f, (int c, FILE *f), (c, f))
PUTS_CHARACTER(int, EOF, fputc_unlocked, f, (int c, FILE *f), (c, f))
PUTS_CHARACTER(int, EOF, putc, f, (int c, FILE *f), (c, f))
PUTS_CHARACTER(int, EOF, putc_unlocked, f, (int c, FILE *f), (c, f))
PUTS_CHARACTER(int, EOF, _IO_putc, f, (int c, FILE *f), (c, f))
PUTS_CHARACTER(int, EOF, putchar, stdout, (int c), (c))
PUTS_CHARACTER(int, EOF, putchar_unlocked, stdout, (int c), (c))

/* What putc_unlocked() becomes in line when the buffer is full, or there is none. */
MARKED(int, __overflow, f, (FILE *f, int c), (f, c))
int __overflow(FILE *f, int c);
RT_API int __overflow(FILE *f, int c)
{
    if (!RT_REAL(__overflow))
        return EOF;
    return rt_unlikely(rt_fd_is_text(class_of(f))) ? marked___overflow(RT_SITE, f, c) : rt_real.__overflow(f, c);
}

/* ---------------------------------------------------------------- flushes */
/* What waits in a buffer is written for who asks; who printed it is not known any more, but of standard output. */
int rt_stdio_flush(FILE *f, uint64_t site, int (*flush)(FILE *))
{
    struct rt_mark mark;
    struct rt_call call;
    bool marked = begin(&mark, &call, f ? class_of(f) : RT_FD_ERR, site); /* NULL: all files */
    int r = flush(f);
    if (marked)
        rt_mark_leave(&mark);
    return r;
}

#undef fflush_unlocked
RT_API int fflush(FILE *f)
{
    return RT_REAL(fflush) ? rt_stdio_flush(f, RT_SITE, rt_real.fflush) : EOF;
}
RT_API int fflush_unlocked(FILE *f)
{
    return RT_REAL(fflush_unlocked) ? rt_stdio_flush(f, RT_SITE, rt_real.fflush_unlocked) : EOF;
}

/* What waits in the buffer is thrown away. */
void __fpurge(FILE *f);
RT_API void __fpurge(FILE *f)
{
    if (RT_REAL(__fpurge))
        rt_real.__fpurge(f);
    if (rt_shim.slot && rt_backlog_has(f))
        rt_backlog_drop();
}

/* ---------------------------------------------------------------- printf */
struct said {
    struct rt_mark mark;
    struct rt_call_args call;
};

/* Reading what a printf is given costs as much as a printf that only fills a buffer; what is written at once costs ten times that. */
static bool tells_format(FILE *f)
{
    return rt_shim.calls == RT_TELL_ALL || f != stdout || rt_stdio_names || !rt_backlog_fills(f);
}

/* Marks the call, or where there is no slot records it. Return: end() is due. */
static bool begin_format(struct said *s, int fd, uint64_t site, int fortify, bool tells, const char *fmt, va_list ap)
{
    enum rt_fd_class class = rt_fd_class(fd);
    bool by_name = rt_stdio_names && is_recorded(class);
    if (!begin(&s->mark, &s->call.call, class, site) && !by_name)
        return false;
    if (by_name)
        s->call.call = (struct rt_call){.site = site, .origin = rt_origin(class, fd)};
    if (tells)
        rt_template_take(&s->call, fmt, rt_errno_get(), ap);
    if (by_name)
        record_format(class, &s->call.call, fortify, fmt, ap);
    return !by_name;
}

static int say(FILE *f, uint64_t site, const char *fmt, va_list ap)
{
    struct said s;
    bool marked = begin_format(&s, fd_of(f), site, RT_UNFORTIFIED, tells_format(f), fmt, ap);
    int r = RT_REAL(vfprintf) ? rt_real.vfprintf(f, fmt, ap) : -1;
    if (marked)
        end(&s.mark, &s.call.call, f);
    return r;
}
static int say_chk(FILE *f, uint64_t site, int flag, const char *fmt, va_list ap)
{
    struct said s;
    bool marked = begin_format(&s, fd_of(f), site, flag, tells_format(f), fmt, ap);
    int r = RT_REAL(__vfprintf_chk) ? rt_real.__vfprintf_chk(f, flag, fmt, ap) : -1;
    if (marked)
        end(&s.mark, &s.call.call, f);
    return r;
}
/* Without a FILE; some libcs do not pass the slot. */
static int say_fd(int fd, uint64_t site, int fortify, const char *fmt, va_list ap)
{
    struct said s;
    enum rt_fd_class class = rt_fd_class(fd);
    bool marked = begin_format(&s, fd, site, fortify, true, fmt, ap), channel = rt_fd_is_channel(class) && !rt_stdio_names;
    if (channel)
        s.call.call = (struct rt_call){.site = site, .origin = rt_origin(class, fd)};
    if ((marked || channel) && rt_shim.dprintf_by_name)
        record_format(class, &s.call.call, fortify, fmt, ap);
    int r = -1;
    if (fortify != RT_UNFORTIFIED && RT_REAL(__vdprintf_chk))
        r = rt_real.__vdprintf_chk(fd, fortify, fmt, ap);
    else if (RT_REAL(vdprintf))
        r = rt_real.vdprintf(fd, fmt, ap);
    if (marked)
        rt_mark_leave(&s.mark);
    return r;
}

RT_API int vprintf(const char *fmt, va_list ap)
{
    return say(stdout, RT_SITE, fmt, ap);
}
RT_API int vfprintf(FILE *f, const char *fmt, va_list ap)
{
    return say(f, RT_SITE, fmt, ap);
}
RT_API int vdprintf(int fd, const char *fmt, va_list ap)
{
    return say_fd(fd, RT_SITE, RT_UNFORTIFIED, fmt, ap);
}
int __vprintf_chk(int flag, const char *fmt, va_list ap);
RT_API int __vprintf_chk(int flag, const char *fmt, va_list ap)
{
    return say_chk(stdout, RT_SITE, flag, fmt, ap);
}
int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap);
RT_API int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap)
{
    return say_chk(f, RT_SITE, flag, fmt, ap);
}
int __vdprintf_chk(int fd, int flag, const char *fmt, va_list ap);
RT_API int __vdprintf_chk(int fd, int flag, const char *fmt, va_list ap)
{
    return say_fd(fd, RT_SITE, flag, fmt, ap);
}

/* Said by name(…), entered below. */
#define VARIADIC(linkage, full, call, ...) \
    linkage int full(__VA_ARGS__, ...); \
    linkage int full(__VA_ARGS__, ...) \
    { \
        va_list ap; \
        va_start(ap, fmt); \
        int r = call; \
        va_end(ap); \
        return r; \
    }
VARIADIC(RT_API, dprintf, say_fd(fd, RT_SITE, RT_UNFORTIFIED, fmt, ap), int fd, const char *fmt)
VARIADIC(RT_API, __dprintf_chk, say_fd(fd, RT_SITE, flag, fmt, ap), int fd, int flag, const char *fmt)

#define ENTERED __attribute__((used))
#define SAID_BY(name, call) ((void)RT_REAL(name), call) /* found for the next time, when it may be jumped to */
VARIADIC(ENTERED, rt_say_printf, SAID_BY(printf, say(stdout, RT_SITE, fmt, ap)), const char *fmt)
VARIADIC(ENTERED, rt_say_fprintf, SAID_BY(fprintf, say(f, RT_SITE, fmt, ap)), FILE *f, const char *fmt)
VARIADIC(ENTERED, rt_say___printf_chk, SAID_BY(__printf_chk, say_chk(stdout, RT_SITE, flag, fmt, ap)), int flag, const char *fmt)
VARIADIC(ENTERED, rt_say___fprintf_chk, SAID_BY(__fprintf_chk, say_chk(f, RT_SITE, flag, fmt, ap)), FILE *f, int flag, const char *fmt)

#if defined(__x86_64__)
/* Flags, r10 and r11 alone are touched: all arguments, the count of vector registers included, arrive as they were. To the C function when
 * the FILE's class is OUT or ERR (1 or 2), or when there is no slot, or no real function yet; else on to that. */
#define LOAD_STDOUT "mov stdout@GOTPCREL(%%rip), %%r11\n mov (%%r11), %%r11\n movslq %c[fileno](%%r11), %%r10\n"
#define LOAD_FIRST  "movslq %c[fileno](%%rdi), %%r10\n"
#define ENTRY(name, load, ...) \
    int name(__VA_ARGS__, ...); \
    RT_API __attribute__((naked)) int name(__VA_ARGS__, ...) \
    { \
        __asm__("cmpb $0, rt_stdio_names(%%rip)\n jne rt_say_" #name "\n" \
                load \
                "cmp %[fds], %%r10\n jae 1f\n lea rt_fd_table(%%rip), %%r11\n movzbl (%%r11, %%r10), %%r10d\n dec %%r10d\n" \
                "cmp %[last], %%r10d\n jb rt_say_" #name "\n" \
                "1: mov rt_real+%c[real](%%rip), %%r11\n test %%r11, %%r11\n je rt_say_" #name "\n jmp *%%r11" \
                : : [real] "i"(offsetof(struct rt_real, name)), [fileno] "i"(offsetof(FILE, _fileno)), [fds] "i"(RT_FDS), \
                    [last] "i"(RT_FD_ERR)); \
    }
_Static_assert(RT_FD_OUT == 1 && RT_FD_ERR == 2, "as ENTRY tests it");
ENTRY(printf, LOAD_STDOUT, const char *fmt)
ENTRY(fprintf, LOAD_FIRST, FILE *f, const char *fmt)
ENTRY(__printf_chk, LOAD_STDOUT, int flag, const char *fmt)
ENTRY(__fprintf_chk, LOAD_FIRST, FILE *f, int flag, const char *fmt)
#else
RT_API int printf(const char *fmt, ...) __attribute__((alias("rt_say_printf")));
RT_API int fprintf(FILE *f, const char *fmt, ...) __attribute__((alias("rt_say_fprintf")));
RT_API int __printf_chk(int flag, const char *fmt, ...) __attribute__((alias("rt_say___printf_chk")));
RT_API int __fprintf_chk(FILE *f, int flag, const char *fmt, ...) __attribute__((alias("rt_say___fprintf_chk")));
#endif
