/* `retap show`: log rows of recordings, merged over entities and files, as lines for people or JSON for programs. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/level.h"
#include "cli/cmd.h"
#include "cli/operands.h"
#include "cli/out.h"
#include "cli/merge.h"
#include "cli/timearg.h"

struct show {
    struct rt_options options;
    struct rt_timearg since, until;
    struct rt_merge rows;
    struct rt_timeprint clock;
    struct rt_out *out;
    bool color, with_date;
};

/* ------------------------------------------------------------------ which rows */

/* "nginx/stderr" of "/logs/nginx/stderr"; other entities as they are. */
static const char *shown_path(const char *path)
{
    return strncmp(path, "/logs/", 6) ? path : path + 6;
}

/* A pattern that begins with / is for the whole path, another for the path as shown. It is the path, one above it, or a
 * glob in which * goes over / too. */
static bool path_matches(const char *path, const char *pattern)
{
    const char *subject = *pattern == '/' ? path : shown_path(path);
    size_t n = strlen(pattern);
    while (n > 1 && pattern[n - 1] == '/')
        n--;
    if (!strncmp(subject, pattern, n) && (!subject[n] || subject[n] == '/' || pattern[n - 1] == '/'))
        return true;
    return fnmatch(pattern, subject, FNM_NOESCAPE) == 0; /* the backslashes of an escaped path stand for themselves */
}

/* The digest under /problems repeats rows of /logs: shown only when asked for by its path. */
static bool is_wanted(const char *path, void *ctx)
{
    const struct show *s = ctx;
    const char *pattern = s->options.path;
    if (pattern)
        return path_matches(path, pattern) && (*pattern == '/' || strncmp(path, "/problems/", 10));
    return strncmp(path, "/problems/", 10) != 0;
}

/* A row without a level, or with one that is unknown, counts as INFO. */
static bool is_severe(const struct show *s, const char *level, size_t len)
{
    enum rt_level l = rt_level_from_text(level, len);
    return s->options.level == RT_LEVEL_NONE || (l == RT_LEVEL_NONE ? RT_LEVEL_INFO : l) <= s->options.level;
}

/* ------------------------------------------------------------------ lines for people */

static const char *level_color(enum rt_level level)
{
    static const char *const colors[RT_LEVEL_COUNT] = {
        [RT_LEVEL_CRITICAL] = "\033[1;31m", [RT_LEVEL_ERROR] = "\033[31m", [RT_LEVEL_WARN] = "\033[33m",
        [RT_LEVEL_INFO] = "\033[32m",       [RT_LEVEL_DEBUG] = "\033[36m", [RT_LEVEL_TRACE] = "\033[90m",
    };
    return colors[level] ? colors[level] : "";
}

static void print_time(struct show *s, const struct rt_merge_row *row)
{
    if (!row->has_time) {
        rt_out_str(s->out, row->in->chunk.is_static ? "static" : "no time");
    } else if (s->rows.time_unit == 't') {
        rt_timeprint_local(&s->clock, s->out, row->time, s->with_date);
    } else if (s->rows.time_unit == 'd') {
        rt_out_str(s->out, row->time < 0 ? "-" : "+");
        uint64_t ns = row->time < 0 ? 0 - (uint64_t)row->time : (uint64_t)row->time;
        rt_out_u64(s->out, ns / 1000000000);
        rt_out_char(s->out, '.');
        rt_out_digits(s->out, ns % 1000000000 / 1000000, 3);
        rt_out_char(s->out, 's');
    } else {
        rt_out_char(s->out, '#');
        rt_out_i64(s->out, row->time);
    }
    rt_out_char(s->out, ' ');
}

static void print_level(struct show *s, const char *level, size_t len)
{
    static const char spaces[] = "         ";
    const char *color = s->color ? level_color(rt_level_from_text(level, len)) : "";
    size_t width = len ? len : 1;
    rt_out_str(s->out, color);
    rt_out_text(s->out, len ? level : "-", width);
    rt_out_str(s->out, *color ? "\033[0m" : "");
    rt_out_bytes(s->out, spaces, width < 8 ? 9 - width : 1);
}

/* The instances of a text cell, each in a line of its own. */
static void put_texts(const struct rt_merge_row *row, struct rt_out *out,
                      void (*put)(struct rt_out *o, const char *p, size_t n))
{
    uint32_t n = rt_cell_count(row->in->text, row->row, NULL);
    for (uint32_t i = 0; i < n; i++) {
        const char *text;
        size_t len = rt_cell_bytes(row->in->text, row->row, i, &text);
        while (i + 1 == n && len && text[len - 1] == '\n' && put == rt_out_text)
            len--;
        if (i)
            put(out, "\n", 1);
        put(out, text, len);
    }
}

static void print_line(struct show *s, const struct rt_merge_row *row, const char *level, size_t level_len)
{
    const char *path = shown_path(row->in->chunk.entity_path);
    print_time(s, row);
    print_level(s, level, level_len);
    rt_out_text(s->out, path, strlen(path));
    rt_out_str(s->out, ": ");
    put_texts(row, s->out, rt_out_text);
    rt_out_char(s->out, '\n');
}

/* ------------------------------------------------------------------ JSON for programs */

static void json_key(struct rt_out *o, const char *before, const char *key)
{
    rt_out_str(o, before);
    rt_out_char(o, '"');
    rt_out_json(o, key, strlen(key));
    rt_out_str(o, "\":");
}

static void json_string(struct rt_out *o, const char *p, size_t n)
{
    rt_out_char(o, '"');
    rt_out_json(o, p, n);
    rt_out_char(o, '"');
}

static void json_binary(struct rt_out *o, const char *p, size_t n, bool hex)
{
    rt_out_char(o, '"');
    (hex ? rt_out_hex : rt_out_base64)(o, (const uint8_t *)p, n);
    rt_out_char(o, '"');
}

static void json_item(struct rt_out *o, const struct rt_chunk_column *col, uint32_t row, uint32_t i)
{
    const char *bytes;
    size_t len;
    int64_t n;
    double f;
    switch (col->type) {
    case RT_TYPE_UTF8:
    case RT_TYPE_BINARY:
        len = rt_cell_bytes(col, row, i, &bytes);
        if (!bytes)
            rt_out_str(o, "null");
        else if (col->type == RT_TYPE_UTF8)
            json_string(o, bytes, len);
        else
            json_binary(o, bytes, len, !strcmp(col->name, "retap.Log:build_id"));
        return;
    case RT_TYPE_F32:
    case RT_TYPE_F64:
        if (rt_cell_f64(col, row, i, &f)) {
            rt_out_f64(o, f);
            return;
        }
        break;
    default:
        if (!rt_cell_i64(col, row, i, &n))
            break;
        if (col->type == RT_TYPE_BOOL)
            rt_out_str(o, n ? "true" : "false");
        else if (col->type == RT_TYPE_U64)
            rt_out_u64(o, (uint64_t)n);
        else
            rt_out_i64(o, n);
        return;
    }
    rt_out_str(o, "null");
}

/* Components that hold a list by their nature: an array also when it has one item. */
static bool is_list(const char *name)
{
    static const char *const lists[] = {"retap.Log:args", "retap.Log:args_num", "retap.Log:argv"};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!strcmp(lists[i], name))
            return true;
    return false;
}

static void json_cell(struct rt_out *o, const struct rt_chunk_column *col, uint32_t row, uint32_t n)
{
    bool array = n != 1 || is_list(col->name);
    if (array)
        rt_out_char(o, '[');
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            rt_out_char(o, ',');
        json_item(o, col, row, i);
    }
    if (array)
        rt_out_char(o, ']');
}

/* Key of a component: names of retap and TextLog without their archetype; NULL for a field, which goes into "fields". */
static const char *key_of(const char *name)
{
    if (!strncmp(name, "retap.Field:", 12))
        return NULL;
    return !strncmp(name, "retap.Log:", 10) ? name + 10 : !strncmp(name, "TextLog:", 8) ? name + 8 : name;
}

/* Prints the components that are fields, or those that are not. Return: how many there were. */
static unsigned json_components(struct rt_out *o, const struct rt_merge_row *row, bool fields)
{
    const struct rt_merge_chunk *in = row->in;
    unsigned printed = 0;
    for (uint32_t k = 0; k < in->chunk.n_columns; k++) {
        const struct rt_chunk_column *col = &in->chunk.columns[k];
        if (col->kind != RT_COLUMN_COMPONENT || col == in->text || col == in->level || col->type == RT_TYPE_OTHER)
            continue;
        const char *key = key_of(col->name);
        uint32_t n = (key == NULL) == fields ? rt_cell_count(col, row->row, NULL) : 0;
        if (!n)
            continue;
        json_key(o, !fields ? "," : printed ? "," : ",\"fields\":{", key ? key : col->name + 12);
        json_cell(o, col, row->row, n);
        printed++;
    }
    return printed;
}

static void json_time(struct show *s, const struct rt_merge_row *row)
{
    struct rt_out *o = s->out;
    bool is_moment = row->has_time && s->rows.time_unit == 't';
    rt_out_str(o, "{\"time\":");
    if (is_moment) {
        rt_out_char(o, '"');
        rt_timeprint_utc(&s->clock, o, row->time);
        rt_out_str(o, "\",\"time_ns\":");
        rt_out_i64(o, row->time);
    } else {
        rt_out_str(o, "null,\"time_ns\":null");
    }
    if (row->has_time && !is_moment) {
        rt_out_str(o, ",\"timeline\":");
        json_string(o, s->rows.timeline, strlen(s->rows.timeline));
        rt_out_str(o, ",\"at\":");
        rt_out_i64(o, row->time);
    }
}

static void print_json(struct show *s, const struct rt_merge_row *row, const char *level, size_t level_len)
{
    struct rt_out *o = s->out;
    const char *path = row->in->chunk.entity_path;
    json_time(s, row);
    rt_out_str(o, ",\"level\":");
    if (level_len)
        json_string(o, level, level_len);
    else
        rt_out_str(o, "null");
    rt_out_str(o, ",\"path\":");
    json_string(o, path, strlen(path));
    rt_out_str(o, ",\"text\":\"");
    put_texts(row, o, rt_out_json);
    rt_out_char(o, '"');
    json_components(o, row, false);
    if (json_components(o, row, true))
        rt_out_char(o, '}');
    rt_out_str(o, "}\n");
}

/* ------------------------------------------------------------------ the command */

static bool parse_times(struct show *s, int *ret_status)
{
    const struct {
        const char *flag, *text;
        struct rt_timearg *ret;
    } args[] = {{"--since", s->options.since, &s->since}, {"--until", s->options.until, &s->until}};
    for (unsigned i = 0; i < 2; i++)
        if (args[i].text && !rt_timearg_parse(args[i].text, args[i].ret)) {
            *ret_status = cmd_fail("show", RT_EXIT_USAGE,
                                   "%s: '%.100s' is no time; allowed are 2026-01-31T12:00:00, 12:00:00, @SECONDS, -5m, +30s",
                                   args[i].flag, args[i].text);
            return false;
        }
    return true;
}

/* Return: 0, or the status to end with. */
static int limit_times(struct show *s)
{
    if (!s->options.since && !s->options.until)
        return 0;
    if (*s->rows.timeline && s->rows.time_unit != 't')
        return cmd_fail("show", RT_EXIT_USAGE, "--since and --until need rows with log_time; these have %s", s->rows.timeline);
    int64_t since = INT64_MIN + 1, until = INT64_MAX;
    if (s->options.since)
        since = rt_timearg_resolve(&s->since, s->rows.first, s->rows.last);
    if (s->options.until)
        until = rt_timearg_resolve(&s->until, s->rows.first, s->rows.last);
    rt_merge_limit(&s->rows, since, until);
    s->rows.first = since > s->rows.first ? since : s->rows.first;
    s->rows.last = until < s->rows.last ? until : s->rows.last;
    return 0;
}

static void print_rows(struct show *s)
{
    struct rt_merge_row row;
    bool limited = s->options.since || s->options.until;
    while (!s->out->error && rt_merge_next(&s->rows, &row)) {
        const char *level = "";
        size_t len = row.in->level ? rt_cell_bytes(row.in->level, row.row, 0, &level) : 0;
        if (limited && (row.time < s->rows.first || row.time > s->rows.last))
            continue;
        if (!is_severe(s, level, len))
            continue;
        if (s->options.json)
            print_json(s, &row, level, len);
        else
            print_line(s, &row, level, len);
    }
    rt_out_flush(s->out);
}

/* One line for each file that could not be read to its end. */
static int report_errors(const struct rt_merge *rows)
{
    int status = 0;
    for (unsigned i = 0; i < rows->n_sources; i++) {
        const struct rt_merge_source *source = &rows->sources[i];
        char more[64] = "";
        if (!source->n_errors)
            continue;
        if (source->n_errors > 1)
            snprintf(more, sizeof more, " (and %u more)", source->n_errors - 1);
        status = cmd_fail("show", RT_EXIT_FAILURE, "%s: %s%s", source->name, source->first_error.message, more);
    }
    return status;
}

static int show_rows(struct show *s, char **paths, unsigned n_paths)
{
    if (rt_merge_open(&s->rows, paths, n_paths, is_wanted, s) < 0)
        return cmd_fail("show", RT_EXIT_FAILURE, "out of memory");
    int status = limit_times(s);
    if (status)
        return status;
    s->with_date = s->rows.time_unit == 't' && !rt_time_same_day(s->rows.first, s->rows.last);
    print_rows(s);
    if (s->out->error && s->out->error != -EPIPE) /* a reader that has seen enough is no failure */
        return cmd_fail("show", RT_EXIT_FAILURE, "cannot write to standard output: %s", strerror(-s->out->error));
    return report_errors(&s->rows);
}

static bool use_color(int mode)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (mode != RT_COLOR_AUTO)
        return mode == RT_COLOR_ALWAYS;
    return isatty(1) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}

int cmd_show(int argc, char **argv)
{
    struct show s = {0};
    unsigned n_paths;
    int status;
    if (!cmd_options_and_files(argc, argv, &s.options, &n_paths, &status) || !parse_times(&s, &status))
        return status;
    s.out = malloc(sizeof *s.out);
    if (!s.out)
        return cmd_fail("show", RT_EXIT_FAILURE, "out of memory");
    s.out->fd = 1;
    s.out->error = 0;
    s.out->n = 0;
    s.color = use_color(s.options.color);
    status = show_rows(&s, argv + 1, n_paths);
    rt_merge_close(&s.rows);
    free(s.out);
    return status;
}
