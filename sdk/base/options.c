#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum option_type {
    RT_OPTION_BOOL,
    RT_OPTION_INT,
    RT_OPTION_SIZE,
    RT_OPTION_DURATION,
    RT_OPTION_STRING,
    RT_OPTION_ENUM,
    RT_OPTION_LIST,
    RT_OPTION_GLOBS,
    RT_OPTION_LEVEL,
    N_OPTION_TYPES,
};

struct option_def {
    const char *name; /* without --; "" = only a variable */
    char letter;
    unsigned char type;
    unsigned short scopes;
    const char *env;
    size_t offset;          /* of the field in struct rt_options */
    int64_t initial;
    uint64_t min, max;      /* bytes, nanoseconds, counts */
    const char *metavar;    /* enum: a|b|c */
    const char *min_text, *max_text;
    const char *help, *facts;
};

static const struct option_def table[RT_OPT_COUNT] = {
#include "options_table.inc"
};

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1}, {"B", 1}, {"K", 1u << 10}, {"KiB", 1u << 10}, {"M", 1u << 20}, {"MiB", 1u << 20}, {"G", 1u << 30}, {"GiB", 1u << 30}, {0},
};
static const struct unit duration_units[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}, {0},
};
static const struct unit no_units[] = {{"", 1}, {0}};

/* "64MiB" by the unit's factor; a lone 0 needs no unit. Digits only, no sign, no fraction. Return: true when well-formed and in 64 bits. */
static bool parse_number(const char *text, const struct unit *units, uint64_t *ret)
{
    uint64_t n = 0;
    const char *p = text;
    for (; isdigit((unsigned char)*p); p++)
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return false;
    if (p == text)
        return false;
    *ret = 0;
    if (n == 0 && *p == '\0')
        return true;
    for (; units->name; units++)
        if (!strcmp(p, units->name))
            return !__builtin_mul_overflow(n, units->factor, ret);
    return false;
}

static bool set_number(const struct option_def *d, void *field, const char *text, const struct unit *units)
{
    uint64_t n;
    if (!parse_number(text, units, &n) || n < d->min || n > d->max)
        return false;
    *(uint64_t *)field = n;
    return true;
}

static bool set_int(const struct option_def *d, void *field, const char *text)
{
    return set_number(d, field, text, no_units);
}

static bool set_size(const struct option_def *d, void *field, const char *text)
{
    return set_number(d, field, text, size_units);
}

static bool set_duration(const struct option_def *d, void *field, const char *text)
{
    return set_number(d, field, text, duration_units);
}

static bool set_bool(const struct option_def *d, void *field, const char *text)
{
    static const char words[][2][6] = {{"0", "1"}, {"no", "yes"}, {"off", "on"}, {"false", "true"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int value = 0; value < 2; value++)
            if (!strcmp(text, words[i][value])) {
                *(bool *)field = value;
                return true;
            }
    return false;
}

static bool set_string(const struct option_def *d, void *field, const char *text)
{
    if (*text == '\0')
        return false;
    *(const char **)field = text;
    return true;
}

static bool set_enum(const struct option_def *d, void *field, const char *text)
{
    size_t n = strlen(text);
    const char *p = d->metavar;
    for (int i = 0; n; i++) {
        size_t len = strcspn(p, "|");
        if (len == n && !memcmp(p, text, n)) {
            *(int *)field = i;
            return true;
        }
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    return false;
}

static bool set_level(const struct option_def *d, void *field, const char *text)
{
    enum rt_level level = rt_level_from_text(text, strlen(text));
    if (level == RT_LEVEL_NONE)
        return false;
    *(enum rt_level *)field = level;
    return true;
}

/* Entries are appended to what the list has. */
static bool append_entries(char *list, const char *text)
{
    size_t have = strlen(list), n = strlen(text);
    if (have + (have > 0) + n >= RT_OPTION_LIST_MAX)
        return false;
    if (have)
        list[have++] = ',';
    memcpy(list + have, text, n + 1);
    return true;
}

/* Each entry is SOURCE=LEVEL. */
static bool set_list(const struct option_def *d, void *field, const char *text)
{
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ","), key = strcspn(p, "=,");
        if (key == 0 || key >= len || rt_level_from_text(p + key + 1, len - key - 1) == RT_LEVEL_NONE)
            return false;
        p += len;
        if (*p == '\0')
            break;
    }
    return append_entries(field, text);
}

/* No entry is empty. */
static bool set_globs(const struct option_def *d, void *field, const char *text)
{
    size_t n = strlen(text);
    return n && text[0] != ',' && text[n - 1] != ',' && !strstr(text, ",,") && append_entries(field, text);
}

static const struct {
    bool (*set)(const struct option_def *d, void *field, const char *text);
    const char *allowed; /* what a message says; %s are range or choices */
} types[] = {
    [RT_OPTION_BOOL] = {set_bool, "allowed are yes and no"},
    [RT_OPTION_INT] = {set_int, "allowed are numbers from %s to %s"},
    [RT_OPTION_SIZE] = {set_size, "allowed are sizes from %s to %s, such as 512KiB or 64MiB"},
    [RT_OPTION_DURATION] = {set_duration, "allowed are durations from %s to %s, such as 100ms or 2s"},
    [RT_OPTION_STRING] = {set_string, "it must not be empty"},
    [RT_OPTION_ENUM] = {set_enum, "allowed are %s"},
    [RT_OPTION_LIST] = {set_list, "allowed is %s[,…] with up to 511 bytes in all; levels are critical, error, warn, info, debug, trace"},
    [RT_OPTION_GLOBS] = {set_globs, "allowed is %s[,…] with up to 511 bytes in all"},
    [RT_OPTION_LEVEL] = {set_level, "allowed are critical, error, warn, info, debug, trace"},
};
_Static_assert(sizeof types / sizeof *types == N_OPTION_TYPES, "a type lacks its row");

void rt_options_init(struct rt_options *o)
{
    *o = (struct rt_options){0};
    for (int i = 0; i < RT_OPT_COUNT; i++) {
        void *field = (char *)o + table[i].offset;
        switch (table[i].type) {
        case RT_OPTION_BOOL: *(bool *)field = table[i].initial; break;
        case RT_OPTION_ENUM: *(int *)field = (int)table[i].initial; break;
        case RT_OPTION_INT:
        case RT_OPTION_SIZE:
        case RT_OPTION_DURATION: *(int64_t *)field = table[i].initial; break;
        default: break; /* strings, lists, levels: nothing given is all zero */
        }
    }
}

/* The allowed values of @d in words. */
static void describe_allowed(const struct option_def *d, char *out, size_t size)
{
    const char *format = types[d->type].allowed, *first = *d->max_text ? d->min_text : d->metavar;
    size_t n = 0;
    for (int arg = 0; *format && n + 1 < size; format++) {
        if (format[0] == '%' && format[1] == 's') {
            int w = snprintf(out + n, size - n, "%s", arg++ ? d->max_text : first);
            n = n + (size_t)w < size ? n + (size_t)w : size - 1;
            format++;
        } else {
            out[n++] = *format;
        }
    }
    out[n] = '\0';
}

int rt_options_set(struct rt_options *o, enum rt_option_id id, const char *from, const char *text, struct rt_error *err)
{
    const struct option_def *d = &table[id];
    if (types[d->type].set(d, (char *)o + d->offset, text)) {
        o->given |= UINT64_C(1) << id;
        return 0;
    }
    char allowed[256];
    describe_allowed(d, allowed, sizeof allowed);
    return rt_error_set(err, -EINVAL, "%s: '%.100s' is not possible; %s", from, text, allowed);
}

int rt_options_from_env(struct rt_options *o, unsigned scope, struct rt_error *err)
{
    for (int i = 0; i < RT_OPT_COUNT; i++) {
        const char *text = *table[i].env && table[i].scopes & scope ? getenv(table[i].env) : NULL;
        int r = text && *text ? rt_options_set(o, (enum rt_option_id)i, table[i].env, text, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Option of @scope with this name (@len bytes of it), or letter when @name is NULL. Return: its id, or -1. */
static int find(unsigned scope, const char *name, size_t len, char letter)
{
    for (int i = 0; i < RT_OPT_COUNT; i++) {
        if (!(table[i].scopes & scope) || !*table[i].name)
            continue;
        if (name ? strlen(table[i].name) == len && !memcmp(table[i].name, name, len) : letter && table[i].letter == letter)
            return i;
    }
    return -1;
}

static int unknown_option(unsigned scope, const char *word, struct rt_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = NULL;
    for (int i = 0; i < RT_OPT_COUNT; i++)
        if (table[i].scopes & scope && *table[i].name && rt_is_near(name, table[i].name) &&
            (!near || rt_edit_distance(name, table[i].name) < rt_edit_distance(name, near)))
            near = table[i].name;
    if (near)
        return rt_error_set(err, -EINVAL, "unknown option '%.100s'; did you mean --%s?", word, near);
    return rt_error_set(err, -EINVAL, "unknown option '%.100s'; --help lists all", word);
}

/* Where a parse stands. */
struct cursor {
    int argc, next; /* next: the argument after the word at hand */
    char **argv;
    unsigned scope;
    struct rt_options *o;
    struct rt_error *err;
};

/* The value of an option that needs one and has none in its own word. */
static int set_from_next(struct cursor *c, int id, const char *from)
{
    if (c->next >= c->argc)
        return rt_error_set(c->err, -EINVAL, "%s needs a value: %s", from, table[id].metavar);
    return rt_options_set(c->o, (enum rt_option_id)id, from, c->argv[c->next++], c->err);
}

static int parse_long(struct cursor *c, const char *word)
{
    char from[40];
    size_t len = strcspn(word + 2, "=");
    if (len == 4 && !memcmp(word + 2, "help", 4))
        return RT_OPTIONS_E_HELP;
    int id = find(c->scope, word + 2, len, 0);
    if (id < 0)
        return unknown_option(c->scope, word, c->err);
    snprintf(from, sizeof from, "--%s", table[id].name);
    if (word[2 + len] == '=')
        return rt_options_set(c->o, (enum rt_option_id)id, from, word + 2 + len + 1, c->err);
    if (table[id].type == RT_OPTION_BOOL)
        return rt_options_set(c->o, (enum rt_option_id)id, from, "yes", c->err);
    return set_from_next(c, id, from);
}

static int parse_letters(struct cursor *c, const char *word)
{
    for (const char *p = word + 1; *p; p++) {
        if (*p == 'h')
            return RT_OPTIONS_E_HELP;
        char from[3] = {'-', *p, '\0'};
        int id = find(c->scope, NULL, 0, *p);
        if (id < 0)
            return rt_error_set(c->err, -EINVAL, "unknown option '%s'; --help lists all", from);
        if (table[id].type != RT_OPTION_BOOL)
            return p[1] ? rt_options_set(c->o, (enum rt_option_id)id, from, p + 1, c->err) : set_from_next(c, id, from);
        int r = rt_options_set(c->o, (enum rt_option_id)id, from, "yes", c->err);
        if (r)
            return r;
    }
    return 0;
}

int rt_options_parse(int argc, char **argv, unsigned scope, struct rt_options *o, int *ret_first_operand, struct rt_error *err)
{
    struct cursor c = {.argc = argc, .next = 1, .argv = argv, .scope = scope, .o = o, .err = err};
    while (c.next < argc) {
        const char *word = argv[c.next];
        if (word[0] != '-' || word[1] == '\0')
            break;
        c.next++;
        if (!strcmp(word, "--"))
            break;
        int r = word[1] == '-' ? parse_long(&c, word) : parse_letters(&c, word);
        if (r)
            return r;
    }
    *ret_first_operand = c.next;
    return 0;
}

/* Prints words of @text at column @column where the line wraps at 100, indented by 6. Return: the column reached. */
static size_t print_wrapped(FILE *f, const char *text, size_t column)
{
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column > 6 && column + 1 + n > 100) {
            fputs("\n      ", f);
            column = 6;
        } else if (column > 6) {
            fputc(' ', f);
            column++;
        }
        fwrite(text, 1, n, f);
        column += n;
        text += n + (text[n] == ' ');
    }
    return column;
}

static void print_option(FILE *f, const struct option_def *d)
{
    if (d->letter)
        fprintf(f, "  -%c, --%s", d->letter, d->name);
    else
        fprintf(f, "  --%s", d->name);
    fprintf(f, "%s%s\n      ", *d->metavar ? " " : "", d->metavar);
    size_t column = print_wrapped(f, d->help, 6);
    if (*d->facts) {
        char facts[160];
        snprintf(facts, sizeof facts, "(%s)", d->facts);
        print_wrapped(f, facts, column);
    }
    fputc('\n', f);
}

void rt_options_help(FILE *f, unsigned scope)
{
    for (int i = 0; i < RT_OPT_COUNT; i++)
        if (table[i].scopes & scope && *table[i].name)
            print_option(f, &table[i]);
    fputs("  -h, --help\n      Show the options and exit.\n", f);
}

enum rt_level rt_options_source_level(const char *list, const char *source, enum rt_level fallback)
{
    size_t n = strlen(source);
    enum rt_level level = fallback;
    for (const char *p = list; *p; p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (len > n && !memcmp(p, source, n) && p[n] == '=')
            level = rt_level_from_text(p + n + 1, len - n - 1);
        p += len;
    }
    return level;
}
