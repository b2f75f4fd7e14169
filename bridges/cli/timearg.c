#include "cli/timearg.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)

/* Exactly @n digits, at most @max. */
static bool take_digits(const char **p, unsigned n, int max, int *ret)
{
    int v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*p)[i]))
            return false;
        v = v * 10 + ((*p)[i] - '0');
    }
    *p += n;
    *ret = v;
    return v <= max;
}

/* ".5" in units of @unit nanoseconds; nothing is 0. */
static bool take_fraction(const char **p, int64_t unit, int64_t *ret)
{
    *ret = 0;
    if (**p != '.')
        return true;
    if (!isdigit((unsigned char)*++*p))
        return false;
    for (; isdigit((unsigned char)**p); ++*p)
        *ret += (**p - '0') * (unit /= 10);
    return true;
}

/* HH:MM[:SS[.fraction]] as nanoseconds since midnight. */
static bool take_clock(const char **p, int64_t *ret)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_digits(p, 2, 23, &hour) || *(*p)++ != ':' || !take_digits(p, 2, 59, &minute))
        return false;
    if (**p == ':' && (++*p, !take_digits(p, 2, 60, &second) || !take_fraction(p, SECOND, &fraction)))
        return false;
    *ret = ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
    return true;
}

/* Z, +HH:MM, -HHMM or nothing. */
static bool take_zone(const char **p, bool *ret_local, int64_t *ret_ns)
{
    int hour = 0, minute = 0;
    char sign = **p;
    *ret_local = sign == '\0';
    *ret_ns = 0;
    if (sign == '\0')
        return true;
    ++*p;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !take_digits(p, 2, 23, &hour))
        return false;
    *p += **p == ':';
    if (!take_digits(p, 2, 59, &minute))
        return false;
    *ret_ns = (sign == '-' ? -1 : 1) * (hour * 60 + minute) * 60 * SECOND;
    return true;
}

static bool parse_moment(const char *p, int64_t *ret)
{
    struct tm tm = {.tm_isdst = -1};
    int64_t clock = 0, zone, seconds;
    bool local;
    if (!take_digits(&p, 4, 9999, &tm.tm_year) || *p++ != '-' || !take_digits(&p, 2, 12, &tm.tm_mon) || *p++ != '-' ||
        !take_digits(&p, 2, 31, &tm.tm_mday) || !tm.tm_mon || !tm.tm_mday)
        return false;
    if ((*p == 'T' || *p == 't' || *p == ' ') && (++p, !take_clock(&p, &clock)))
        return false;
    if (!take_zone(&p, &local, &zone) || *p)
        return false;
    int mday = tm.tm_mday;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_hour = (int)(clock / (3600 * SECOND));
    tm.tm_min = (int)(clock / (60 * SECOND) % 60);
    tm.tm_sec = (int)(clock / SECOND % 60);
    int year = tm.tm_year;
    seconds = local ? mktime(&tm) : timegm(&tm);
    if (year < 0 || tm.tm_mday < mday || __builtin_mul_overflow(seconds, SECOND, ret)) /* 30 February became March */
        return false;
    return !__builtin_add_overflow(*ret, clock % SECOND - zone, ret);
}

/* 10, 1.5s, 5m … as nanoseconds. */
static bool parse_distance(const char *p, bool needs_unit, int64_t *ret)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"", SECOND},  {"ns", 1},          {"us", 1000},         {"ms", 1000000},
                 {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND}, {"d", DAY}};
    int64_t n = 0, fraction;
    const char *digits = p;
    for (; isdigit((unsigned char)*p); p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return false;
    const char *point = p;
    if (p == digits || !take_fraction(&p, SECOND, &fraction))
        return false;
    for (unsigned i = needs_unit; i < sizeof units / sizeof *units; i++) {
        if (strcmp(p, units[i].name))
            continue;
        take_fraction(&point, units[i].ns, &fraction);
        return !__builtin_mul_overflow(n, units[i].ns, ret) && !__builtin_add_overflow(*ret, fraction, ret);
    }
    return false;
}

bool rt_timearg_parse(const char *text, struct rt_timearg *ret)
{
    const char *p = text;
    ret->kind = *text == '+' ? RT_TIMEARG_AFTER_FIRST : RT_TIMEARG_BEFORE_LAST;
    if (*text == '+' || *text == '-')
        return parse_distance(text + 1, false, &ret->ns);
    if (parse_distance(text, true, &ret->ns))
        return true;
    ret->kind = RT_TIMEARG_MOMENT;
    if (*text == '@')
        return text[1 + strspn(text + 1, "0123456789.")] == '\0' && parse_distance(text + 1, false, &ret->ns);
    if (parse_moment(text, &ret->ns))
        return true;
    ret->kind = RT_TIMEARG_OF_DAY;
    return take_clock(&p, &ret->ns) && !*p;
}

static int64_t floor_second(int64_t ns)
{
    return ns / SECOND - (ns % SECOND < 0);
}

/* Local midnight of the day of @ns, moved by @days, plus @clock on that day's own wall clock. */
static int64_t on_day_of(int64_t ns, int days, int64_t clock)
{
    time_t t = floor_second(ns);
    struct tm tm;
    if (!localtime_r(&t, &tm))
        return ns;
    tm.tm_mday += days;
    tm.tm_hour = (int)(clock / (3600 * SECOND));
    tm.tm_min = (int)(clock / (60 * SECOND) % 60);
    tm.tm_sec = (int)(clock / SECOND % 60);
    tm.tm_isdst = -1;
    if (__builtin_mul_overflow((int64_t)mktime(&tm), SECOND, &ns) || __builtin_add_overflow(ns, clock % SECOND, &ns))
        return INT64_MAX;
    return ns;
}

int64_t rt_timearg_resolve(const struct rt_timearg *arg, int64_t first, int64_t last)
{
    int64_t ns = arg->ns, day_before;
    switch (arg->kind) {
    case RT_TIMEARG_MOMENT: return ns;
    case RT_TIMEARG_BEFORE_LAST: return __builtin_sub_overflow(last, ns, &ns) ? INT64_MIN : ns;
    case RT_TIMEARG_AFTER_FIRST: return __builtin_add_overflow(first, ns, &ns) ? INT64_MAX : ns;
    case RT_TIMEARG_OF_DAY: break;
    }
    ns = on_day_of(last, 0, arg->ns);
    day_before = on_day_of(last, -1, arg->ns);
    return ns > last && day_before >= first ? day_before : ns;
}

static uint64_t fraction_of(int64_t ns)
{
    return (uint64_t)(ns % SECOND + (ns % SECOND < 0 ? SECOND : 0));
}

static void break_down(struct rt_timeprint *t, int64_t ns, bool is_utc)
{
    time_t second = floor_second(ns);
    struct tm tm = {0};
    if (t->has_second && t->second == second && t->is_utc == is_utc)
        return;
    *t = (struct rt_timeprint){.has_second = true, .second = second, .is_utc = is_utc};
    if (is_utc ? !gmtime_r(&second, &tm) : !localtime_r(&second, &tm))
        tm = (struct tm){.tm_mday = 1};
    strftime(t->date, sizeof t->date, "%Y-%m-%d", &tm);
    strftime(t->clock, sizeof t->clock, "%H:%M:%S", &tm);
}

void rt_timeprint_local(struct rt_timeprint *t, struct rt_out *o, int64_t ns, bool date)
{
    break_down(t, ns, false);
    if (date) {
        rt_out_str(o, t->date);
        rt_out_char(o, ' ');
    }
    rt_out_str(o, t->clock);
    rt_out_char(o, '.');
    rt_out_digits(o, fraction_of(ns) / 1000000, 3);
}

void rt_timeprint_utc(struct rt_timeprint *t, struct rt_out *o, int64_t ns)
{
    break_down(t, ns, true);
    rt_out_str(o, t->date);
    rt_out_char(o, 'T');
    rt_out_str(o, t->clock);
    rt_out_char(o, '.');
    rt_out_digits(o, fraction_of(ns), 9);
    rt_out_char(o, 'Z');
}

bool rt_time_same_day(int64_t a, int64_t b)
{
    time_t x = floor_second(a), y = floor_second(b);
    struct tm p, q;
    return localtime_r(&x, &p) && localtime_r(&y, &q) && p.tm_year == q.tm_year && p.tm_yday == q.tm_yday;
}
