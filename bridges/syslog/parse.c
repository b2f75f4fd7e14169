#include "syslog/parse.h"

#include "meaning/level.h"
#include "syslog/timestamp.h"

static bool is_at(struct rt_slice s, char c)
{
    return s.n && *s.p == c;
}
static struct rt_slice behind(struct rt_slice s, size_t n)
{
    return rt_slice(s.p + n, s.n - n);
}
static void skip_blanks(struct rt_slice *s)
{
    while (is_at(*s, ' '))
        *s = behind(*s, 1);
}
/* Up to the next blank. */
static struct rt_slice first_word(struct rt_slice s)
{
    const char *end = s.n ? memchr(s.p, ' ', s.n) : NULL;
    return rt_slice(s.p, end ? (size_t)(end - s.p) : s.n);
}

/* ---------------------------------------------------------------- <PRI> */
static void take_pri(struct rt_slice *s, struct rt_syslog *m)
{
    size_t digits = 0;
    uint64_t pri = 0;
    if (!is_at(*s, '<'))
        return;
    while (digits < 3 && 1 + digits < s->n && s->p[1 + digits] >= '0' && s->p[1 + digits] <= '9')
        digits++;
    if (!rt_slice_number(rt_slice(s->p + 1, digits), 999, &pri) || (s->p[1] == '0' && digits > 1) || !is_at(behind(*s, 1 + digits), '>'))
        return;
    m->pri = (int32_t)pri;
    m->severity = m->pri & 7;
    m->facility = m->pri >> 3 < 24 ? m->pri >> 3 : -1;
    *s = behind(*s, digits + 2);
}

/* ---------------------------------------------------------------- RFC 5424 */
/* A field of the header: a word of printable bytes, "-" for none, a blank behind it. */
static bool take_field(struct rt_slice *s, struct rt_slice *ret)
{
    struct rt_slice w = first_word(*s);
    if (!w.n || w.n == s->n)
        return false;
    for (size_t i = 0; i < w.n; i++)
        if ((uint8_t)w.p[i] <= ' ' || w.p[i] == 0x7f)
            return false;
    *s = behind(*s, w.n + 1);
    *ret = rt_slice_is(w, "-") ? rt_slice(w.p, 0) : w;
    return true;
}

static bool is_name_char(char c)
{
    return c > ' ' && c < 0x7f && c != '=' && c != ']' && c != '"';
}
static bool take_name(struct rt_slice *s, struct rt_slice *ret)
{
    size_t n = 0;
    while (n < s->n && is_name_char(s->p[n]))
        n++;
    *ret = rt_slice(s->p, n);
    *s = behind(*s, n);
    return n > 0;
}

/* `name="value"` */
static bool take_param(struct rt_slice *s, struct rt_syslog_param *ret)
{
    if (!take_name(s, &ret->name) || s->n < 2 || s->p[0] != '=' || s->p[1] != '"')
        return false;
    *s = behind(*s, 2);
    size_t n = 0;
    while (n < s->n && s->p[n] != '"' && s->p[n] != ']')
        n += s->p[n] == '\\' && n + 1 < s->n ? 2 : 1;
    if (n >= s->n || s->p[n] != '"')
        return false;
    ret->value = rt_slice(s->p, n);
    *s = behind(*s, n + 1);
    return true;
}

/* Whatever stands next: "[id", " name=…" or "]". Return: false, nothing of these; *ret_any: there is a parameter (or an empty element). */
static bool data_step(struct rt_slice *s, struct rt_slice *id, struct rt_syslog_param *ret, bool *ret_any)
{
    *ret_any = false;
    if (!id->p) {
        if (!is_at(*s, '['))
            return false;
        *s = behind(*s, 1);
        if (!take_name(s, id))
            return false;
        *ret = (struct rt_syslog_param){.id = *id};
        *ret_any = is_at(*s, ']');
        return true;
    }
    if (is_at(*s, ']')) {
        *s = behind(*s, 1);
        *id = (struct rt_slice){0};
        return true;
    }
    if (!is_at(*s, ' '))
        return false;
    skip_blanks(s);
    ret->id = *id;
    *ret_any = true;
    return take_param(s, ret);
}

bool rt_syslog_next(struct rt_syslog_walk *w, struct rt_syslog_param *ret)
{
    for (bool any = false; !any;)
        if (!w->rest.n || !data_step(&w->rest, &w->id, ret, &any))
            return false;
    return true;
}

/* One or more elements, and a blank or the end behind them. */
static bool take_data(struct rt_slice *s, struct rt_slice *ret)
{
    struct rt_slice at = *s, id = {0};
    struct rt_syslog_param unused;
    bool any;
    do {
        if (!data_step(&at, &id, &unused, &any))
            return false;
    } while (id.p || is_at(at, '['));
    if (at.n && *at.p != ' ')
        return false;
    *ret = rt_slice(s->p, s->n - at.n);
    *s = at;
    return true;
}

static void take_modern_text(struct rt_slice *s, struct rt_syslog *m)
{
    if (is_at(*s, '-') && (s->n == 1 || s->p[1] == ' '))
        *s = behind(*s, 1);
    else if (!take_data(s, &m->data))
        return; /* it is text */
    if (is_at(*s, ' '))
        *s = behind(*s, 1);
    m->is_utf8 = s->n >= 3 && !memcmp(s->p, "\xef\xbb\xbf", 3);
    if (m->is_utf8)
        *s = behind(*s, 3);
}

/* "1 TIME HOST APP PROCID MSGID " or nothing. */
static bool take_modern(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context)
{
    struct rt_slice at = *s, time;
    struct rt_syslog found = *m;
    if (at.n < 2 || memcmp(at.p, "1 ", 2))
        return false;
    at = behind(at, 2);
    if (!take_field(&at, &time) || !take_field(&at, &found.host) || !take_field(&at, &found.app) || !take_field(&at, &found.procid))
        return false;
    if (time.n && (!rt_syslog_time_iso(&time, &found, context) || time.n || !found.has_zone))
        return false;
    if (!take_field(&at, &found.msgid)) {
        /* Some leave out data and text together: the last field is then the line's end. */
        if (first_word(at).n != at.n || !at.n)
            return false;
        found.msgid = rt_slice_is(at, "-") ? rt_slice(at.p, 0) : at;
        at = behind(at, at.n);
    }
    found.format = RT_SYSLOG_MODERN;
    *m = found;
    *s = at;
    take_modern_text(s, m);
    return true;
}

/* ---------------------------------------------------------------- RFC 3164: TAG[PID]: */
struct tag {
    struct rt_slice app, procid;
    size_t used; /* bytes, with the colon and the blank behind it */
};

/* The "[PID]" that the word ends in, without its brackets. */
static size_t pid_at(struct rt_slice word)
{
    if (word.n < 3 || word.p[word.n - 1] != ']')
        return 0;
    const char *open = memchr(word.p, '[', word.n);
    return open && open > word.p && open < word.p + word.n - 2 ? (size_t)(open - word.p) : 0;
}

/* What no tag is made of: the beginning of JSON, key=value, XML. */
static bool is_tag_name(struct rt_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] <= ' ' || strchr("\x7f\"{}<>=,;", s.p[i]))
            return false;
    return s.n > 0 && s.p[0] != '[';
}

/* `name:`, `name[pid]:` with a blank or the end behind it; `name[123]` and `name[123]:text` also without. */
static bool take_tag(struct rt_slice s, struct tag *ret)
{
    struct rt_slice word = first_word(s);
    const char *close = word.n ? memchr(word.p, ']', word.n) : NULL;
    uint64_t pid;
    if (close && close + 1 < word.p + word.n && close[1] == ':')
        word.n = (size_t)(close + 2 - word.p);
    bool colon = word.n > 1 && word.p[word.n - 1] == ':';
    struct rt_slice name = rt_slice(word.p, word.n - colon);
    size_t at = pid_at(name);
    if (at)
        ret->procid = rt_slice(name.p + at + 1, name.n - at - 2), name.n = at;
    else
        ret->procid = (struct rt_slice){0};
    if (!colon && (!at || !rt_slice_number(ret->procid, UINT32_MAX, &pid)))
        return false;
    ret->app = name;
    ret->used = word.n + (word.n < s.n && s.p[word.n] == ' ');
    return is_tag_name(name);
}

/* "fe80::" ends in a colon and is no tag. */
static bool is_address(struct rt_slice s)
{
    size_t colons = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        colons += c == ':';
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f') || c == ':' || c == '.'))
            return false;
    }
    return colons > 1;
}

static bool is_host(struct rt_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("._-:/@%", c)) || (uint8_t)c >= 0x80))
            return false;
    }
    return s.n > 0 && s.n <= 255;
}

static void use_tag(struct rt_slice *s, struct rt_syslog *m, const struct tag *t)
{
    m->app = t->app;
    m->procid = t->procid;
    *s = behind(*s, t->used);
}

/* "HOST TAG: ", "TAG: " or neither. Cisco writes "HOST : %TAG: " and "HOST: %TAG: ". */
static void take_names(struct rt_slice *s, struct rt_syslog *m, bool from_afar)
{
    struct rt_slice word = first_word(*s), rest = behind(*s, word.n);
    struct tag first, second;
    skip_blanks(&rest);
    if (rest.n > 1 && rest.p[0] == ':' && rest.p[1] == ' ')
        rest = behind(rest, 2);
    bool tag_first = !is_address(word) && take_tag(*s, &first), tag_second = take_tag(rest, &second);
    if (tag_first && !(tag_second && is_at(rest, '%'))) {
        use_tag(s, m, &first);
        return;
    }
    if (tag_first)
        word = first.app;
    if (!is_host(word) || !(tag_second || from_afar))
        return;
    m->format = RT_SYSLOG_REMOTE;
    m->host = word;
    *s = rest;
    if (tag_second)
        use_tag(s, m, &second);
}

/* What stands before a date: a blank, "*" or "." (a clock that is not set), a sequence number "29: ". */
static struct rt_slice skip_before_date(struct rt_slice s)
{
    size_t n = 0;
    skip_blanks(&s);
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (n && n + 1 < s.n && s.p[n] == ':' && s.p[n + 1] == ' ')
        s = behind(s, n + 2);
    skip_blanks(&s);
    return is_at(s, '*') || is_at(s, '.') ? behind(s, 1) : s;
}

static bool take_old(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context)
{
    struct rt_slice at = skip_before_date(*s);
    if (!rt_syslog_time_bsd(&at, m, context) && !rt_syslog_time_iso(&at, m, context))
        return false;
    if (at.n && *at.p != ' ' && *at.p != ':') {
        m->has_time = m->has_year = m->has_zone = false;
        m->time_ns = 0;
        return false;
    }
    m->format = RT_SYSLOG_LOCAL;
    if (is_at(at, ':'))
        at = behind(at, 1);
    skip_blanks(&at);
    *s = at;
    take_names(s, m, context->from_afar);
    return true;
}

/* Without a date a word and a colon are a name only where a PRI stands before, and not when they say how bad it is ("error: x") or count
 * ("29: x"). glibc writes ": " for the date when it cannot tell the time. */
static void take_lone_tag(struct rt_slice *s, struct rt_syslog *m)
{
    struct tag t;
    uint64_t number;
    if (m->pri < 0)
        return;
    if (s->n > 2 && !memcmp(s->p, ": ", 2))
        *s = behind(*s, 2);
    if (take_tag(*s, &t) &&
        (t.procid.n || (rt_level_of_word(t.app.p, t.app.n) == RT_LEVEL_NONE && !rt_slice_number(t.app, UINT64_MAX, &number))))
        use_tag(s, m, &t);
}

struct rt_syslog rt_syslog_parse(const void *bytes, size_t n, const struct rt_syslog_context *context)
{
    struct rt_syslog m = {.pri = -1, .facility = -1, .severity = -1};
    struct rt_slice s = rt_slice(n ? bytes : "", n);
    uint64_t pid;
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == 0))
        s.n--;
    take_pri(&s, &m);
    if (!(m.pri >= 0 && take_modern(&s, &m, context)) && !take_old(&s, &m, context))
        take_lone_tag(&s, &m);
    if (rt_slice_number(m.procid, UINT32_MAX, &pid))
        m.pid = (uint32_t)pid;
    m.text = s;
    return m;
}

/* ---------------------------------------------------------------- small */
size_t rt_syslog_unescape(char *out, size_t size, struct rt_slice value)
{
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\\' && i + 1 < value.n && strchr("\"\\]", value.p[i + 1]) && value.p[i + 1])
            i++;
        if (n < size)
            out[n] = value.p[i];
        n++;
    }
    return n;
}

const char *rt_syslog_facility_name(int facility)
{
    static const char *const names[] = {
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    };
    return facility >= 0 && facility < (int)(sizeof names / sizeof *names) ? names[facility] : NULL;
}
