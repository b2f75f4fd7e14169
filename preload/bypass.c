/* Functions of libc that print on standard error in a way that no hook below them sees: psiginfo(), herror(), backtrace_symbols_fd(). What
 * they print is put together here; the real ones print it. */
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <netdb.h>
#include <signal.h>

#include "fdclass.h"
#include "message.h"
#include "real.h"
#include "shim.h"

extern const char *sigdescr_np(int sig) __attribute__((weak));
extern const char *hstrerror(int e) __attribute__((weak));
extern int *__h_errno_location(void) __attribute__((weak, const));
extern int dladdr1(const void *at, Dl_info *ret, void **extra, int what) __attribute__((weak));

static RT_COLD __attribute__((format(printf, 4, 5))) void tell(uint64_t site, enum rt_message_kind kind, int errnum, const char *fmt, ...)
{
    const struct rt_writer *w = rt_message_writer();
    struct rt_call call = {.site = site};
    struct rt_message m = {.kind = kind, .pri = -1, .errnum = errnum};
    struct rt_message_names names = {.ident = rt_program_name()};
    struct rt_text t;
    va_list ap;
    if (!w)
        return;
    va_start(ap, fmt);
    rt_text_format(&t, w, RT_UNFORTIFIED, rt_errno_get(), fmt, ap);
    va_end(ap);
    rt_message_write(w, &call, &m, &names, t.at, t.len, t.cut ? RT_FLAG_TRUNCATED : 0);
    rt_text_done(&t, w);
}

/* ---------------------------------------------------------------- psiginfo, in our own words */
RT_API void psiginfo(const siginfo_t *info, const char *s)
{
    const char *colon = s && *s ? ": " : "", *what = sigdescr_np ? sigdescr_np(info->si_signo) : NULL;
    int sig = info->si_signo;
    if (!s)
        s = "";
    if (!what)
        tell(RT_SITE, RT_MESSAGE_SIGNAL, 0, "%s%ssignal %d (code %d)", s, colon, sig, info->si_code);
    else if (info->si_code > 0 && (sig == SIGILL || sig == SIGFPE || sig == SIGSEGV || sig == SIGBUS))
        tell(RT_SITE, RT_MESSAGE_SIGNAL, 0, "%s%s%s (code %d, address %p)", s, colon, what, info->si_code, info->si_addr);
    else if (sig == SIGCHLD)
        tell(RT_SITE, RT_MESSAGE_SIGNAL, 0, "%s%s%s (code %d, pid %d, status %d, uid %u)", s, colon, what, info->si_code, (int)info->si_pid,
             info->si_status, (unsigned)info->si_uid);
    else
        tell(RT_SITE, RT_MESSAGE_SIGNAL, 0, "%s%s%s (code %d, from pid %d, uid %u)", s, colon, what, info->si_code, (int)info->si_pid,
             (unsigned)info->si_uid);
    if (RT_REAL(psiginfo))
        rt_real.psiginfo(info, s);
}

/* ---------------------------------------------------------------- herror */
RT_API void herror(const char *s)
{
    const char *what = hstrerror && __h_errno_location ? hstrerror(*__h_errno_location()) : "";
    tell(RT_SITE, RT_MESSAGE_PERROR, 0, "%s%s%s", s ? s : "", s && *s ? ": " : "", what);
    if (RT_REAL(herror))
        rt_real.herror(s);
}

/* ---------------------------------------------------------------- backtrace_symbols_fd, one line an address */
struct hex {
    char digits[16];
};
static struct rt_part hex_of(struct hex *h, uint64_t n)
{
    char *at = h->digits + sizeof h->digits;
    do
        *--at = "0123456789abcdef"[n & 15];
    while (n >>= 4);
    return (struct rt_part){at, (size_t)(h->digits + sizeof h->digits - at)};
}
static struct rt_part text_of(const char *s)
{
    return (struct rt_part){s, rt_strlen(s)};
}

/* file(symbol+0x12)[0x1234], as far as known. Return: how many parts. */
static unsigned frame_parts(const void *at, struct rt_part *parts, struct hex *hex)
{
    Dl_info info;
    struct link_map *map = NULL;
    unsigned n = 0;
    if (dladdr1 && dladdr1(at, &info, (void **)&map, RTLD_DL_LINKMAP) && info.dli_fname && *info.dli_fname) {
        parts[n++] = text_of(info.dli_fname);
        if (info.dli_sname || (map && map->l_addr)) {
            uintptr_t from = info.dli_sname ? (uintptr_t)info.dli_saddr : map->l_addr, to = (uintptr_t)at;
            parts[n++] = text_of("(");
            if (info.dli_sname)
                parts[n++] = text_of(info.dli_sname);
            parts[n++] = text_of(to >= from ? "+0x" : "-0x");
            parts[n++] = hex_of(&hex[0], to >= from ? to - from : from - to);
            parts[n++] = text_of(")");
        }
    }
    parts[n++] = text_of("[0x");
    parts[n++] = hex_of(&hex[1], (uintptr_t)at);
    parts[n++] = text_of("]\n");
    return n;
}

static RT_COLD void record_frames(enum rt_fd_class class, uint64_t site, void *const *at, int n)
{
    for (int i = 0; i < n; i++) {
        struct rt_call call = {.site = site, .kind = RT_MESSAGE_SIGNAL};
        struct rt_part parts[9];
        struct hex hex[2];
        struct rt_sent sent;
        unsigned n_parts = frame_parts(at[i], parts, hex);
        rt_record_data(rt_fd_stream(class), 0, &call, parts, n_parts, &sent);
    }
}

RT_API void backtrace_symbols_fd(void *const *at, int n, int fd)
{
    enum rt_fd_class class = rt_fd_class(fd);
    if (rt_fd_is_text(class))
        record_frames(class, RT_SITE, at, n);
    if (RT_REAL(backtrace_symbols_fd))
        rt_real.backtrace_symbols_fd(at, n, fd);
}
