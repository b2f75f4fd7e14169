#include "recording/limit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* longest text that can mean something, blanks aside */
enum { TEXT_MAX = 64 };

static const struct {
    const char *unit;
    double bytes;
} units[] = {{"B", 1},         {"kB", 1e3},        {"MB", 1e6},        {"GB", 1e9},       {"TB", 1e12},
             {"KiB", 1 << 10}, {"MiB", 1 << 20},   {"GiB", 1 << 30},   {"TiB", 1024.0 * (1 << 30)}};

/* Digits with at most one point in front of @end; nothing that strtod would take beside. */
static bool parse_number(const char *text, const char *end, bool whole, double *ret)
{
    size_t n = (size_t)(end - text), digits = 0, points = 0;
    for (size_t i = 0; i < n; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        points += text[i] == '.';
    }
    if (!digits || points > !whole || digits + points != n)
        return false;
    double v = 0, scale = 1;
    for (size_t i = 0; i < n; i++) { /* not strtod: the locale may want a comma */
        if (text[i] == '.') {
            scale = 10;
        } else if (scale > 1) {
            v += (text[i] - '0') / scale;
            scale *= 10;
        } else {
            v = v * 10 + (text[i] - '0');
        }
    }
    *ret = v;
    return true;
}

static bool parse_percent(const char *text, size_t n, uint64_t *ret)
{
    double percent;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (!parse_number(text, text + n - 1, false, &percent) || percent > 100)
        return false;
    *ret = pages > 0 && page > 0 ? (uint64_t)((double)pages * (double)page * (percent / 100)) : RT_LIMIT_NONE;
    return true;
}

static bool parse_bytes(const char *text, size_t n, uint64_t *ret)
{
    const char *unit = text + strspn(text, "0123456789.");
    double v;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].unit) && parse_number(text, unit, units[i].bytes == 1, &v)) {
            v *= units[i].bytes;
            *ret = v >= 18446744073709549568.0 ? RT_LIMIT_NONE : (uint64_t)v; /* the largest double below 2^64 */
            return true;
        }
    *ret = 0;
    return !strcmp(text, "0") && n == 1;
}

static bool is_word_for_none(const char *text)
{
    return !strcmp(text, "unlimited") || !strcmp(text, "none") || !strcmp(text, "max") || !strcmp(text, "\u221e");
}

int rt_limit_parse(const char *text, size_t n, uint64_t *ret_bytes, struct rt_error *err)
{
    char packed[TEXT_MAX + 1];
    size_t m = 0;
    bool blank = false;
    for (size_t i = 0; i < n && m <= TEXT_MAX; i++) {
        if (text[i] == ' ')
            blank = true;
        else if (m < TEXT_MAX)
            packed[m++] = text[i];
        else
            m = TEXT_MAX + 1;
    }
    if (m && m <= TEXT_MAX) {
        packed[m] = 0;
        if (is_word_for_none(packed)) {
            *ret_bytes = RT_LIMIT_NONE;
            return 0;
        }
        if (packed[m - 1] == '%' ? !blank && parse_percent(packed, m, ret_bytes) : parse_bytes(packed, m, ret_bytes))
            return 0;
    }
    return rt_error_set(err, -EINVAL, "expected e.g. '16GB', got \"%.*s\"", (int)(n < 200 ? n : 200), text);
}
