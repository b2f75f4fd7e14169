/* Where there is no stdio slot, what programs print on stdout and stderr is recorded by the names of the functions. With the slot in
 * place each of these is a jump to the real function; the variadic ones are entered in assembly for that. */
#include <stdio.h>

#include "fdclass.h"
#include "message.h"
#include "real.h"
#include "slot.h"

#pragma weak fileno

static enum rt_fd_class class_of(FILE *f)
{
    return f && fileno ? rt_fd_class(fileno(f)) : RT_FD_OTHER;
}
#pragma weak stdout

static RT_COLD void record(enum rt_fd_class c, const struct rt_part *parts, unsigned n)
{
    struct rt_sent sent;
    if (c == RT_FD_OUT || c == RT_FD_ERR)
        rt_record_data(rt_fd_stream(c), 0, parts, n, &sent);
}

static RT_COLD void record_format(FILE *f, int fortify, const char *fmt, va_list ap)
{
    enum rt_fd_class c = class_of(f);
    const struct rt_writer *w = rt_fd_is_tapped(c) ? rt_capture() : NULL;
    struct rt_text t;
    va_list copy;
    if (!w)
        return;
    va_copy(copy, ap);
    rt_text_format(&t, w, fortify, rt_errno_get(), fmt, copy);
    va_end(copy);
    struct rt_part part = {t.at, t.len};
    record(c, &part, 1);
    rt_text_done(&t, w);
}

RT_API int puts(const char *s)
{
    if (rt_unlikely(rt_stdio_names) && &stdout) {
        struct rt_part parts[2] = {{s, rt_strlen(s)}, {"\n", 1}};
        record(class_of(stdout), parts, 2);
    }
    return RT_REAL(puts) ? rt_real.puts(s) : EOF;
}
RT_API int fputs(const char *s, FILE *f)
{
    if (rt_unlikely(rt_stdio_names)) {
        struct rt_part part = {s, rt_strlen(s)};
        record(class_of(f), &part, 1);
    }
    return RT_REAL(fputs) ? rt_real.fputs(s, f) : EOF;
}
RT_API size_t fwrite(const void *data, size_t size, size_t n, FILE *f)
{
    if (rt_unlikely(rt_stdio_names)) {
        struct rt_part part = {data, size * n};
        record(class_of(f), &part, 1);
    }
    return RT_REAL(fwrite) ? rt_real.fwrite(data, size, n, f) : 0;
}
RT_API int vprintf(const char *fmt, va_list ap)
{
    if (rt_unlikely(rt_stdio_names) && &stdout)
        record_format(stdout, RT_UNFORTIFIED, fmt, ap);
    return RT_REAL(vprintf) ? rt_real.vprintf(fmt, ap) : -1;
}
RT_API int vfprintf(FILE *f, const char *fmt, va_list ap)
{
    if (rt_unlikely(rt_stdio_names))
        record_format(f, RT_UNFORTIFIED, fmt, ap);
    return RT_REAL(vfprintf) ? rt_real.vfprintf(f, fmt, ap) : -1;
}
int __vprintf_chk(int flag, const char *fmt, va_list ap);
RT_API int __vprintf_chk(int flag, const char *fmt, va_list ap)
{
    if (rt_unlikely(rt_stdio_names) && &stdout)
        record_format(stdout, flag, fmt, ap);
    return RT_REAL(__vprintf_chk) ? rt_real.__vprintf_chk(flag, fmt, ap) : -1;
}
int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap);
RT_API int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap)
{
    if (rt_unlikely(rt_stdio_names))
        record_format(f, flag, fmt, ap);
    return RT_REAL(__vfprintf_chk) ? rt_real.__vfprintf_chk(f, flag, fmt, ap) : -1;
}

/* ---------------------------------------------------------------- variadic: recorded here, entered below */
#define BY_NAME(type, name, last, call, ...) \
    __attribute__((used)) type rt_names_##name(__VA_ARGS__, ...); \
    __attribute__((used)) type rt_names_##name(__VA_ARGS__, ...) \
    { \
        va_list ap; \
        va_start(ap, last); \
        type r = call; \
        va_end(ap); \
        return r; \
    }
BY_NAME(int, printf, fmt, vprintf(fmt, ap), const char *fmt)
BY_NAME(int, fprintf, fmt, vfprintf(f, fmt, ap), FILE *f, const char *fmt)
BY_NAME(int, __printf_chk, fmt, __vprintf_chk(flag, fmt, ap), int flag, const char *fmt)
BY_NAME(int, __fprintf_chk, fmt, __vfprintf_chk(f, flag, fmt, ap), FILE *f, int flag, const char *fmt)

#if defined(__x86_64__)
/* Flags and one free register alone are touched: all arguments, the count of vector registers included, arrive as they were. */
#define ENTRY(name, ...) \
    RT_API __attribute__((naked)) int name(__VA_ARGS__, ...) \
    { \
        __asm__("cmpb $0, rt_stdio_names(%%rip)\n jne rt_names_" #name "\n mov rt_real+%c0(%%rip), %%r11\n test %%r11, %%r11\n" \
                " je rt_names_" #name "\n jmp *%%r11" : : "i"(offsetof(struct rt_real, name))); \
    }
int __printf_chk(int flag, const char *fmt, ...);
int __fprintf_chk(FILE *f, int flag, const char *fmt, ...);
ENTRY(printf, const char *fmt)
ENTRY(fprintf, FILE *f, const char *fmt)
ENTRY(__printf_chk, int flag, const char *fmt)
ENTRY(__fprintf_chk, FILE *f, int flag, const char *fmt)
#else
RT_API int printf(const char *fmt, ...) __attribute__((alias("rt_names_printf")));
RT_API int fprintf(FILE *f, const char *fmt, ...) __attribute__((alias("rt_names_fprintf")));
RT_API int __printf_chk(int flag, const char *fmt, ...) __attribute__((alias("rt_names___printf_chk")));
RT_API int __fprintf_chk(FILE *f, int flag, const char *fmt, ...) __attribute__((alias("rt_names___fprintf_chk")));
#endif
