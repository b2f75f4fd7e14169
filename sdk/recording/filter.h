/* Filters of the logging handler, in the language of env_logger: "warn,net=debug,net::tls=off/pattern". Made once, then only read. */
#ifndef RT_RECORDING_FILTER_H
#define RT_RECORDING_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

#define RT_SEPARATOR_MOST 15u /* bytes */

/* What stands between the parts of a logger's name. */
struct rt_separator {
    bool any;  /* "." and "/" and "::"; else text, empty: nothing does */
    uint8_t len;
    char text[RT_SEPARATOR_MOST];
};
/* Length of the separator at @p, 0 when there is none. */
static inline size_t rt_separator_at(const struct rt_separator *s, const char *p)
{
    if (s->any)
        return *p == '.' || *p == '/' ? 1 : p[0] == ':' && p[1] == ':' ? 2 : 0;
    return s->len && !strncmp(p, s->text, s->len) ? s->len : 0;
}

struct rt_filter;

/* Return: 0, -EINVAL with the directive in @err, -ENOMEM. gives *ret. Threads: any. */
int rt_filter_parse(const char *text, struct rt_filter **ret, struct rt_error *err);
/* Return: NULL. */
struct rt_filter *rt_filter_free(struct rt_filter *f);
/* Is a line of @logger with this severity (RR_LEVELNO_*) wanted, its text aside? */
bool rt_filter_takes(const struct rt_filter *f, const struct rt_separator *s, const char *logger, int32_t levelno);
/* Does the text match the pattern, if there is one? */
bool rt_filter_matches(const struct rt_filter *f, const char *text);

/* A level's name in any case, "off" or, with @numbers, a number from 0 on. Return: false when it is none. */
bool rt_levelno_parse(struct rt_slice text, bool numbers, int32_t *ret);

#endif
