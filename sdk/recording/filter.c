#include "recording/filter.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <strings.h>

#include <retap/handler.h>

#include "base/array.h"

struct directive {
    char *name; /* "" = every logger without another */
    int32_t least;
};

struct rt_filter {
    struct directive *list; /* the longest name first, of equal ones the last */
    size_t n, cap;
    bool has_pattern;
    regex_t pattern;
};

bool rt_levelno_parse(struct rt_slice text, bool numbers, int32_t *ret)
{
    static const struct {
        const char *name;
        int32_t levelno;
    } names[] = {
        {"off", RR_LEVELNO_OFF},     {"critical", RR_LEVELNO_CRITICAL}, {"error", RR_LEVELNO_ERROR}, {"warn", RR_LEVELNO_WARN},
        {"warning", RR_LEVELNO_WARN}, {"info", RR_LEVELNO_INFO},        {"debug", RR_LEVELNO_DEBUG}, {"trace", RR_LEVELNO_TRACE},
    };
    uint64_t number;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == text.n && !strncasecmp(names[i].name, text.p, text.n)) {
            *ret = names[i].levelno;
            return true;
        }
    if (!numbers || !rt_slice_number(text, INT32_MAX, &number))
        return false;
    *ret = (int32_t)number;
    return true;
}

static struct rt_slice trimmed(struct rt_slice s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static int add_directive(struct rt_filter *f, struct rt_slice name, int32_t least)
{
    if (f->n == f->cap) {
        void *more = rt_array_grow(f->list, &f->cap, sizeof *f->list);
        if (!more)
            return -ENOMEM;
        f->list = more;
    }
    char *copy = strndup(name.p, name.n);
    if (!copy)
        return -ENOMEM;
    size_t at = f->n++;
    for (; at > 0 && strlen(f->list[at - 1].name) <= name.n; at--)
        f->list[at] = f->list[at - 1];
    f->list[at] = (struct directive){copy, least};
    return 0;
}

/* "warn", "net", "net=", "net=debug". */
static int parse_directive(struct rt_filter *f, struct rt_slice d, struct rt_error *err)
{
    const char *equals = memchr(d.p, '=', d.n);
    struct rt_slice name = rt_slice(d.p, equals ? (size_t)(equals - d.p) : d.n), level = rt_slice("", 0);
    int32_t least = RR_LEVELNO_NOTSET;
    if (equals)
        level = rt_slice(equals + 1, d.n - name.n - 1);
    name = trimmed(name);
    level = trimmed(level);
    if (!equals && rt_levelno_parse(name, false, &least))
        name.n = 0;
    else if (level.n && !rt_levelno_parse(level, true, &least))
        return rt_error_set(err, -EINVAL, "filter: '%.*s' is no level, in the directive '%.*s'", (int)level.n, level.p, (int)d.n, d.p);
    return add_directive(f, name, least);
}

static int parse_pattern(struct rt_filter *f, const char *text, struct rt_error *err)
{
    char why[128];
    int r = regcomp(&f->pattern, text, REG_EXTENDED | REG_NOSUB);
    if (r) {
        regerror(r, &f->pattern, why, sizeof why);
        return rt_error_set(err, r == REG_ESPACE ? -ENOMEM : -EINVAL, "filter: pattern '%.200s': %s", text, why);
    }
    f->has_pattern = true;
    return 0;
}

static int parse(struct rt_filter *f, const char *text, struct rt_error *err)
{
    const char *slash = strchr(text, '/'), *end = slash ? slash : text + strlen(text);
    int r = slash ? parse_pattern(f, slash + 1, err) : 0;
    while (r == 0 && text < end) {
        const char *comma = memchr(text, ',', (size_t)(end - text)), *stop = comma ? comma : end;
        struct rt_slice d = trimmed(rt_slice(text, (size_t)(stop - text)));
        r = d.n ? parse_directive(f, d, err) : 0;
        text = comma ? comma + 1 : end;
    }
    if (r == 0 && f->n == 0)
        r = add_directive(f, rt_slice("", 0), RR_LEVELNO_ERROR);
    return r;
}

int rt_filter_parse(const char *text, struct rt_filter **ret, struct rt_error *err)
{
    struct rt_filter *f = calloc(1, sizeof *f);
    int r = f ? parse(f, text, err) : -ENOMEM;
    if (r < 0)
        f = rt_filter_free(f);
    else
        *ret = f;
    return r == -ENOMEM ? rt_error_set(err, r, "filter: no memory") : r;
}

struct rt_filter *rt_filter_free(struct rt_filter *f)
{
    if (!f)
        return NULL;
    for (size_t i = 0; i < f->n; i++)
        free(f->list[i].name);
    free(f->list);
    if (f->has_pattern)
        regfree(&f->pattern);
    free(f);
    return NULL;
}

/* Does @logger begin with @name? Separators are equal to each other. */
static bool begins_with(const struct rt_separator *s, const char *logger, const char *name)
{
    while (*name) {
        size_t a = rt_separator_at(s, logger), b = rt_separator_at(s, name);
        if (!a != !b || (!a && *logger != *name))
            return false;
        logger += a ? a : 1;
        name += b ? b : 1;
    }
    return true;
}

bool rt_filter_takes(const struct rt_filter *f, const struct rt_separator *s, const char *logger, int32_t levelno)
{
    for (size_t i = 0; i < f->n; i++)
        if (begins_with(s, logger, f->list[i].name))
            return levelno >= f->list[i].least && f->list[i].least != RR_LEVELNO_OFF;
    return false;
}

bool rt_filter_matches(const struct rt_filter *f, const char *text)
{
    return !f->has_pattern || !regexec(&f->pattern, text, 0, NULL, 0);
}
