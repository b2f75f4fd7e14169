/* What the library has to say itself: to a handler, else one line on a copy of standard error that was made before the host could reuse fd 2. */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recording/core.h"

enum { LOWEST_FD = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static rr_warning_handler handler;
static void *handler_ctx;
static int saved_fd = -1;

void rt_warn_init(void)
{
    saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, LOWEST_FD);
}

void rt_warn_in_child(void)
{
    pthread_mutex_init(&lock, NULL);
}

RR_API void rr_set_warning_handler(rr_warning_handler h, void *ctx)
{
    pthread_mutex_lock(&lock);
    handler = h;
    handler_ctx = ctx;
    pthread_mutex_unlock(&lock);
}

static void say(const char *text)
{
    pthread_mutex_lock(&lock);
    rr_warning_handler h = handler;
    void *ctx = handler_ctx;
    pthread_mutex_unlock(&lock);
    if (h) {
        h(ctx, text);
    } else {
        char line[RR_MAX_ERROR_MESSAGE_SIZE_BYTES + 16];
        int n = snprintf(line, sizeof line, "retap: %s\n", text);
        int fd = rt_load_relaxed(&saved_fd);
        if (write(fd >= 0 ? fd : STDERR_FILENO, line, (size_t)n) < 0)
            return; /* nobody to tell */
    }
}

static bool first_time(uint32_t *site_mt)
{
    return !site_mt || (!rt_load_relaxed(site_mt) && !__atomic_exchange_n(site_mt, 1, __ATOMIC_RELAXED));
}

void rt_warn(uint32_t *site_mt, const char *fmt, ...)
{
    char text[RR_MAX_ERROR_MESSAGE_SIZE_BYTES];
    va_list ap;
    if (!first_time(site_mt))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    say(text);
}

/* Formats into @to; where it does not fit, it ends before the character that was cut. The rest is zeros. */
static void format(char *to, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(to, size, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (len >= size) {
        len = size - 1;
        size_t start = len;
        while (start && ((unsigned char)to[start - 1] & 0xc0) == 0x80)
            start--;
        unsigned char lead = start ? (unsigned char)to[start - 1] : 0;
        size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
        if (start && len - (start - 1) < want)
            len = start - 1;
    }
    memset(to + len, 0, size - len);
}

rr_error_code rt_fail(rr_error *err, rr_error_code code, const char *fmt, ...)
{
    va_list ap;
    if (!err)
        return code;
    va_start(ap, fmt);
    format(err->description, sizeof err->description, fmt, ap);
    va_end(ap);
    err->code = code;
    return code;
}

rr_error_code rt_misuse(uint32_t *site_mt, uint8_t strict, rr_error *err, rr_error_code code, const char *fmt, ...)
{
    char text[RR_MAX_ERROR_MESSAGE_SIZE_BYTES];
    va_list ap;
    bool report = strict ? strict == 1 : rr_strict_mode();
    if (!report && !first_time(site_mt))
        return RR_ERROR_CODE_OK;
    va_start(ap, fmt);
    format(text, sizeof text, fmt, ap);
    va_end(ap);
    if (report)
        return rt_fail(err, code, "%s", text);
    say(text);
    return RR_ERROR_CODE_OK;
}
