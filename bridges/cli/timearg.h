/* Times as people write them (--since, --until) and as rows show them.
 *
 *   2026-01-31T12:00:00.5Z  2026-01-31 12:00+01:00  2026-01-31   a moment; without a zone local time
 *   12:00  12:00:00.5       a time of day, local, on the day of the last row (or the day before, if only that is recorded)
 *   @1767225600.5           seconds since the epoch
 *   -5m  5m  -10  1h        that long before the last row; units ns us ms s m h d, none = seconds (then with a sign)
 *   +30s                    that long after the first row */
#ifndef RT_CLI_TIMEARG_H
#define RT_CLI_TIMEARG_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/out.h"

enum rt_timearg_kind { RT_TIMEARG_MOMENT, RT_TIMEARG_BEFORE_LAST, RT_TIMEARG_AFTER_FIRST, RT_TIMEARG_OF_DAY };

struct rt_timearg {
    enum rt_timearg_kind kind;
    int64_t ns; /* since the epoch; a distance; since midnight */
};

/* Return: false when @text is no time. */
bool rt_timearg_parse(const char *text, struct rt_timearg *ret);
/* In nanoseconds since the epoch, for a recording from @first to @last. */
int64_t rt_timearg_resolve(const struct rt_timearg *arg, int64_t first, int64_t last);

/* Prints times, remembering the broken-down second: rows come in order. Zero-initialised is ready. */
struct rt_timeprint {
    bool has_second;
    int64_t second;
    bool is_utc;
    char date[32], clock[16]; /* "2026-01-31", "12:00:00" */
};
/* "12:00:00.123", with @date "2026-01-31 12:00:00.123"; local. */
void rt_timeprint_local(struct rt_timeprint *t, struct rt_out *o, int64_t ns, bool date);
/* "2026-01-31T12:00:00.123456789Z" */
void rt_timeprint_utc(struct rt_timeprint *t, struct rt_out *o, int64_t ns);
/* Are both on one local day? */
bool rt_time_same_day(int64_t a, int64_t b);

#endif
