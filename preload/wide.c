/* Wide characters on a FILE: the slot sees the bytes that become of them; these add where the call came from. */
#include <stdio.h>
#include <wchar.h>

#include "fdclass.h"
#include "real.h"
#include "shim.h"
#include "slot.h"

#pragma weak stdout

#define UNWRAP(...) __VA_ARGS__
#define IS_TAPPED(f) (rt_unlikely(rt_fd_is_text(rt_fd_class((f)->_fileno))) && !rt_stdio_names)

/* says_NAME(site, …): the real function of the name @by, marked where the FILE is tapped. */
#define SAYS(type, fail, name, by, file, parameters, arguments) \
    static type says_##name(uint64_t site, UNWRAP parameters) \
    { \
        struct rt_mark mark; \
        struct rt_call call; \
        if (!RT_REAL(by)) \
            return fail; \
        if (rt_likely(!IS_TAPPED(file)) || !rt_mark_begin(&mark, &call, 0, site)) \
            return rt_real.by arguments; \
        type r = rt_real.by arguments; \
        rt_mark_leave(&mark); \
        return r; \
    }
#define PRINTS(type, fail, name, file, parameters, arguments) \
    SAYS(type, fail, name, name, file, parameters, arguments) \
    type name parameters; \
    RT_API type name parameters \
    { \
        return says_##name(RT_SITE, UNWRAP arguments); \
    }

#undef putwc
#undef putwchar
#undef putwc_unlocked
#undef putwchar_unlocked
#undef fputwc_unlocked
PRINTS(int, EOF, fputws, f, (const wchar_t *s, FILE *f), (s, f))
PRINTS(int, EOF, fputws_unlocked, f, (const wchar_t *s, FILE *f), (s, f))
PRINTS(wint_t, WEOF, fputwc, f, (wchar_t c, FILE *f), (c, f))
PRINTS(wint_t, WEOF, fputwc_unlocked, f, (wchar_t c, FILE *f), (c, f))
PRINTS(wint_t, WEOF, putwc, f, (wchar_t c, FILE *f), (c, f))
PRINTS(wint_t, WEOF, putwc_unlocked, f, (wchar_t c, FILE *f), (c, f))
PRINTS(wint_t, WEOF, putwchar, stdout, (wchar_t c), (c))
PRINTS(wint_t, WEOF, putwchar_unlocked, stdout, (wchar_t c), (c))
PRINTS(wint_t, WEOF, __woverflow, f, (FILE *f, wint_t c), (f, c))
PRINTS(int, -1, vwprintf, stdout, (const wchar_t *fmt, va_list ap), (fmt, ap))
PRINTS(int, -1, vfwprintf, f, (FILE *f, const wchar_t *fmt, va_list ap), (f, fmt, ap))
PRINTS(int, -1, __vwprintf_chk, stdout, (int flag, const wchar_t *fmt, va_list ap), (flag, fmt, ap))
PRINTS(int, -1, __vfwprintf_chk, f, (FILE *f, int flag, const wchar_t *fmt, va_list ap), (f, flag, fmt, ap))

/* The variadic ones, by the forms with a list. */
#define VARIADIC(name, by, file, parameters, arguments, list) \
    SAYS(int, -1, name, by, file, (UNWRAP parameters, va_list ap), list) \
    int name(UNWRAP parameters, ...); \
    RT_API int name(UNWRAP parameters, ...) \
    { \
        va_list ap; \
        va_start(ap, fmt); \
        int r = says_##name(RT_SITE, UNWRAP arguments, ap); \
        va_end(ap); \
        return r; \
    }
VARIADIC(wprintf, vwprintf, stdout, (const wchar_t *fmt), (fmt), (fmt, ap))
VARIADIC(fwprintf, vfwprintf, f, (FILE *f, const wchar_t *fmt), (f, fmt), (f, fmt, ap))
VARIADIC(__wprintf_chk, __vwprintf_chk, stdout, (int flag, const wchar_t *fmt), (flag, fmt), (flag, fmt, ap))
VARIADIC(__fwprintf_chk, __vfwprintf_chk, f, (FILE *f, int flag, const wchar_t *fmt), (f, flag, fmt), (f, flag, fmt, ap))
