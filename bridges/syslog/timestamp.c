#include "syslog/timestamp.h"

#define DAY_NS  86400000000000
#define YEARS_BACK 8 /* 29 February comes back within so many */
#define YEAR_FIRST 1970
#define YEAR_LAST  2261 /* 64 bits of nanoseconds end in the next */

struct stamp {
    uint32_t year, month, day, hour, minute, second, fraction_ns; /* year 0 = not said */
};

/* Exactly @digits of them. */
static bool take_digits(struct rt_slice *s, size_t digits, uint32_t *ret)
{
    uint64_t v;
    if (s->n < digits || !rt_slice_number(rt_slice(s->p, digits), 9999, &v))
        return false;
    *ret = (uint32_t)v;
    *s = rt_slice(s->p + digits, s->n - digits);
    return true;
}

static bool take_char(struct rt_slice *s, char c)
{
    if (!s->n || *s->p != c)
        return false;
    *s = rt_slice(s->p + 1, s->n - 1);
    return true;
}

static bool is_digit(const struct rt_slice *s)
{
    return s->n && *s->p >= '0' && *s->p <= '9';
}

/* "hh:mm:ss" and a fraction of any length, also of none. */
static bool take_clock(struct rt_slice *s, struct stamp *t)
{
    if (!take_digits(s, 2, &t->hour) || !take_char(s, ':') || !take_digits(s, 2, &t->minute) || !take_char(s, ':') ||
        !take_digits(s, 2, &t->second) || t->hour > 23 || t->minute > 59 || t->second > 59)
        return false;
    if (!take_char(s, '.'))
        return true;
    for (uint32_t unit = 100000000; is_digit(s); unit /= 10, *s = rt_slice(s->p + 1, s->n - 1))
        t->fraction_ns += (uint32_t)(*s->p - '0') * unit;
    return true;
}

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_day(const struct stamp *t, uint32_t year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days[t->month - 1] + (uint32_t)(t->month == 2 && is_leap(year));
}

/* Days since 1970-01-01 in the Gregorian calendar, years counted from March. */
static int64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t since_march = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + since_march - 719468;
}

static int64_t epoch_ns(const struct stamp *t, uint32_t year, int32_t zone_s)
{
    int64_t s = days_of(year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 + t->second - zone_s;
    return s * 1000000000 + t->fraction_ns;
}

/* The year that @now_ns lies in, there. */
static uint32_t year_of(int64_t now_ns, int32_t zone_s)
{
    int64_t days = (now_ns / 1000000000 + zone_s) / 86400;
    uint32_t year = YEAR_FIRST + (uint32_t)(days > 0 ? days / 366 : 0);
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    return year;
}

static bool set_time(struct rt_syslog *m, const struct stamp *t, const struct rt_syslog_context *c, int32_t zone_s)
{
    uint32_t year = t->year ? t->year : year_of(c->now_ns, zone_s) + 1, last = t->year ? year : year - YEARS_BACK;
    for (; year >= last; year--) {
        if (!is_day(t, year) || year < YEAR_FIRST || year > YEAR_LAST)
            continue;
        int64_t ns = epoch_ns(t, year, zone_s);
        if (t->year || ns - DAY_NS <= c->now_ns) {
            m->time_ns = ns;
            return true;
        }
    }
    return false;
}

/* "Z", "+hh:mm" or "-hh:mm". Return: false, there is something else. */
static bool take_zone(struct rt_slice *s, int32_t *ret)
{
    uint32_t hours, minutes;
    *ret = 0;
    if (take_char(s, 'Z'))
        return true;
    bool west = s->n && *s->p == '-';
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret = (int32_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool rt_syslog_time_iso(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context)
{
    struct rt_slice at = *s;
    struct stamp t = {0};
    int32_t zone_s;
    if (!take_digits(&at, 4, &t.year) || t.year < YEAR_FIRST || !take_char(&at, '-') ||
        !take_digits(&at, 2, &t.month) || !take_char(&at, '-') || !take_digits(&at, 2, &t.day) || !take_char(&at, 'T') ||
        !take_clock(&at, &t))
        return false;
    bool zone = take_zone(&at, &zone_s);
    if (!set_time(m, &t, context, zone ? zone_s : context->zone_s))
        return false;
    m->has_zone = zone;
    m->has_time = m->has_year = true;
    *s = at;
    return true;
}

static bool take_month(struct rt_slice *s, uint32_t *ret)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (uint32_t i = 0; s->n >= 3 && i < 12; i++)
        if (!memcmp(s->p, names + 3 * i, 3)) {
            *ret = i + 1;
            *s = rt_slice(s->p + 3, s->n - 3);
            return true;
        }
    return false;
}

/* " 2026", and behind it a blank or the end; else nothing. */
static void take_year(struct rt_slice *s, struct stamp *t)
{
    struct rt_slice at = *s;
    uint32_t year;
    if (t->year || !take_char(&at, ' ') || !take_digits(&at, 4, &year) || year < YEAR_FIRST || (at.n && *at.p != ' '))
        return;
    t->year = year;
    *s = at;
}

bool rt_syslog_time_bsd(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context)
{
    struct rt_slice at = *s;
    struct stamp t = {0};
    if (!take_month(&at, &t.month) || !take_char(&at, ' '))
        return false;
    while (take_char(&at, ' '))
        ;
    if (!take_digits(&at, 2, &t.day) && !take_digits(&at, 1, &t.day))
        return false;
    take_year(&at, &t);
    if (!take_char(&at, ' ') || !take_clock(&at, &t))
        return false;
    take_year(&at, &t);
    if (!is_day(&t, t.year ? t.year : 2000))
        return false;
    m->has_time = set_time(m, &t, context, context->zone_s); /* a date that fits no year near now is none to rely on, but a date */
    m->has_year = m->has_time && t.year;
    m->has_zone = false;
    *s = at;
    return true;
}
