#include "journal/parse.h"

static struct rt_slice behind(struct rt_slice s, size_t n)
{
    return rt_slice(s.p + n, s.n - n);
}

static bool is_name(struct rt_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9' && i)))
            return false;
    }
    return s.n > 0 && s.n <= RT_JOURNAL_NAME_MAX && s.p[0] != '_';
}

static uint64_t read_length(const char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | (uint8_t)p[i];
    return v;
}

/* Behind "NAME\n". */
static enum rt_journal_step take_binary(struct rt_slice *rest, struct rt_journal_field *ret)
{
    if (rest->n < 8)
        return RT_JOURNAL_BAD;
    uint64_t length = read_length(rest->p);
    *rest = behind(*rest, 8);
    ret->cut = length > rest->n;
    ret->value = rt_slice(rest->p, ret->cut ? rest->n : (size_t)length);
    *rest = behind(*rest, ret->value.n);
    if (rest->n && rest->p[0] != '\n') {
        *rest = behind(*rest, rest->n);
        return RT_JOURNAL_BAD;
    }
    *rest = behind(*rest, rest->n ? 1 : 0);
    return RT_JOURNAL_FIELD;
}

enum rt_journal_step rt_journal_next(struct rt_slice *rest, struct rt_journal_field *ret)
{
    while (rest->n) {
        const char *end = memchr(rest->p, '\n', rest->n);
        struct rt_slice line = rt_slice(rest->p, end ? (size_t)(end - rest->p) : rest->n);
        *rest = behind(*rest, line.n + (end ? 1 : 0));
        if (!line.n)
            return RT_JOURNAL_ENTRY;
        if (line.p[0] == '#' || line.p[0] == '.')
            continue;
        const char *equals = memchr(line.p, '=', line.n);
        if (equals == line.p)
            continue;
        *ret = (struct rt_journal_field){.name = rt_slice(line.p, equals ? (size_t)(equals - line.p) : line.n), .cut = !end};
        ret->valid = is_name(ret->name);
        if (equals) {
            ret->value = behind(line, ret->name.n + 1);
            return RT_JOURNAL_FIELD;
        }
        enum rt_journal_step step = end ? take_binary(rest, ret) : RT_JOURNAL_BAD;
        if (step == RT_JOURNAL_BAD)
            *rest = behind(*rest, rest->n);
        return step;
    }
    return RT_JOURNAL_END;
}

/* ---------------------------------------------------------------- one entry */
enum kind { TEXT, NUMBER };
static const struct known {
    const char *name;
    enum kind kind;
    uint32_t most; /* of a number */
    uint16_t at;
} known[] = {
#define AT(field) (uint16_t)offsetof(struct rt_journal_entry, field)
    {"MESSAGE", TEXT, 0, AT(message)},
    {"SYSLOG_IDENTIFIER", TEXT, 0, AT(ident)},
    {"CODE_FILE", TEXT, 0, AT(file)},
    {"CODE_FUNC", TEXT, 0, AT(function)},
    {"CODE_LINE", NUMBER, UINT32_MAX, AT(line)},
    {"PRIORITY", NUMBER, 7, AT(priority)},
    {"SYSLOG_FACILITY", NUMBER, 23, AT(facility)},
    {"SYSLOG_PID", NUMBER, UINT32_MAX, AT(pid)},
    {"ERRNO", NUMBER, INT32_MAX, AT(errnum)},
#undef AT
};
#define N_KNOWN (sizeof known / sizeof *known)
_Static_assert(sizeof(int32_t) == sizeof(uint32_t), "numbers are stored as 32 bits");

/* Return: index, N_KNOWN = none of them. */
static size_t find(struct rt_slice name)
{
    size_t i = 0;
    while (i < N_KNOWN && !rt_slice_is(name, known[i].name))
        i++;
    return i;
}

bool rt_journal_is_known(struct rt_slice name)
{
    return find(name) < N_KNOWN;
}

static void pick(struct rt_journal_entry *e, uint32_t *seen, const struct rt_journal_field *f)
{
    size_t i = find(f->name);
    uint64_t number;
    if (i == N_KNOWN || *seen & 1u << i)
        return;
    if (known[i].kind == TEXT) {
        memcpy((char *)e + known[i].at, &f->value, sizeof f->value);
    } else {
        if (!rt_slice_number(f->value, known[i].most, &number))
            return;
        uint32_t v = (uint32_t)number;
        memcpy((char *)e + known[i].at, &v, sizeof v);
    }
    *seen |= 1u << i;
    e->has_message |= i == 0;
}

bool rt_journal_take(struct rt_slice *rest, struct rt_journal_entry *ret)
{
    struct rt_journal_field f;
    uint32_t seen = 0;
    bool any = false;
    *ret = (struct rt_journal_entry){.priority = -1, .facility = -1};
    for (;;) {
        enum rt_journal_step step = rt_journal_next(rest, &f);
        if (step == RT_JOURNAL_FIELD) {
            any = true;
            ret->cut |= f.cut;
            if (f.valid)
                pick(ret, &seen, &f);
        } else if (step != RT_JOURNAL_ENTRY || any) {
            ret->cut |= step == RT_JOURNAL_BAD;
            return any;
        }
    }
}

/* ---------------------------------------------------------------- streams */
static bool is_flag(struct rt_slice s)
{
    return s.n == 1 && (*s.p == '0' || *s.p == '1');
}

int rt_journal_stream_take(const void *bytes, size_t n, struct rt_journal_stream *ret)
{
    enum { IDENT, UNIT, PRIORITY, PREFIX, TO_SYSLOG, TO_KMSG, TO_CONSOLE, LINES };
    struct rt_slice rest = rt_slice(n ? bytes : "", n < RT_JOURNAL_HEADER_MAX ? n : RT_JOURNAL_HEADER_MAX), line[LINES];
    uint64_t priority = 0;
    for (int i = 0; i < LINES; i++) {
        const char *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
        if (!end)
            return n < RT_JOURNAL_HEADER_MAX ? 0 : -1;
        line[i] = rt_slice(rest.p, (size_t)(end - rest.p));
        rest = behind(rest, line[i].n + 1);
        if ((i == PRIORITY && !rt_slice_number(line[i], 191, &priority)) || (i > PRIORITY && !is_flag(line[i])))
            return -1;
    }
    *ret = (struct rt_journal_stream){.ident = line[IDENT], .unit = line[UNIT], .priority = (int32_t)(priority & 7),
                                      .level_prefix = *line[PREFIX].p == '1'};
    return (int)(rest.p - (const char *)bytes);
}
