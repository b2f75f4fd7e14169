/* `retap stats`: what is in a recording and what was lost, as a page for people or one JSON object a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/census.h"
#include "cli/cmd.h"
#include "cli/operands.h"
#include "cli/out.h"
#include "cli/timearg.h"

#define LINES_MAX 30 /* of a list on the page; JSON has all */

static void put_pair(struct rt_out *o, const char *before, uint64_t n, const char *after)
{
    rt_out_str(o, before);
    rt_out_u64(o, n);
    rt_out_str(o, after);
}

/* Bytes a row in tenths; 0 without rows. */
static uint64_t row_tenths(const struct rt_census *c)
{
    return c->n_rows ? (c->bytes * 10 + c->n_rows / 2) / c->n_rows : 0;
}

/* ------------------------------------------------------------------ the page */

static void print_number(struct rt_out *o, uint64_t n, unsigned width)
{
    char text[24];
    rt_out_bytes(o, text, (size_t)snprintf(text, sizeof text, "%*llu", (int)width, (unsigned long long)n));
}

/* Key of an entry as text: a process is "program [pid]", no level is "none". */
static void print_key(struct rt_out *o, const struct rt_tally_entry *e)
{
    size_t n = strlen(e->key);
    rt_out_text(o, e->key_len ? e->key : "none", e->key_len ? n : 4);
    if (n < e->key_len) {
        rt_out_str(o, " [");
        rt_out_str(o, e->key + n + 1);
        rt_out_char(o, ']');
    }
}

static void print_tally(struct rt_out *o, const char *title, const struct rt_tally *t)
{
    if (!t->n_entries)
        return;
    rt_out_str(o, title);
    rt_out_char(o, '\n');
    for (size_t i = 0; i < t->n_entries && i < LINES_MAX; i++) {
        print_number(o, t->entries[i].n, 11);
        rt_out_str(o, "  ");
        print_key(o, &t->entries[i]);
        rt_out_char(o, '\n');
    }
    if (t->n_entries > LINES_MAX)
        put_pair(o, "             and ", t->n_entries - LINES_MAX, " more\n");
}

/* "COUNT  PROGRAM REASON" */
static void print_uncovered(struct rt_out *o, const struct rt_tally *t)
{
    if (t->n_entries)
        rt_out_str(o, "not covered\n");
    for (size_t i = 0; i < t->n_entries && i < LINES_MAX; i++) {
        const struct rt_tally_entry *e = &t->entries[i];
        size_t n = strlen(e->key);
        print_number(o, e->n, 11);
        rt_out_str(o, "  ");
        rt_out_text(o, e->key, n);
        rt_out_char(o, ' ');
        rt_out_text(o, e->key + n + 1, e->key_len - n - 1);
        rt_out_char(o, '\n');
    }
    if (t->n_entries > LINES_MAX)
        put_pair(o, "             and ", t->n_entries - LINES_MAX, " more\n");
}

static void print_moment(struct rt_out *o, const struct rt_census *c, int64_t v)
{
    struct rt_timeprint clock = {0};
    if (c->time_unit == 't')
        rt_timeprint_local(&clock, o, v, true);
    else
        rt_out_i64(o, v);
}

static void print_time(struct rt_out *o, const struct rt_census *c)
{
    if (!*c->timeline || c->first > c->last)
        return;
    rt_out_str(o, "time      ");
    print_moment(o, c, c->first);
    rt_out_str(o, " to ");
    print_moment(o, c, c->last);
    if (strcmp(c->timeline, "log_time")) {
        rt_out_str(o, " on ");
        rt_out_text(o, c->timeline, strlen(c->timeline));
    }
    rt_out_char(o, '\n');
}

static bool is_in_equation(const char *name)
{
    static const char *const names[] = {"emitted", "stored", "folded", "limited", "dropped"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void print_ledger(struct rt_out *o, const struct rt_census *c)
{
    if (!c->n_ledger) {
        rt_out_str(o, "ledger    none in this file\n");
        return;
    }
    put_pair(o, "ledger    emitted ", rt_census_loss(c, "emitted"), " = ");
    put_pair(o, "stored ", rt_census_loss(c, "stored"), " + ");
    put_pair(o, "folded ", rt_census_loss(c, "folded"), " + ");
    put_pair(o, "limited ", rt_census_loss(c, "limited"), " + ");
    put_pair(o, "dropped ", rt_census_loss(c, "dropped"), rt_census_adds_up(c) ? "\n" : "   DOES NOT ADD UP\n");
    for (unsigned i = 0; i < c->n_ledger; i++) {
        if (is_in_equation(c->ledger[i].name))
            continue;
        rt_out_str(o, "          ");
        rt_out_text(o, c->ledger[i].name, strlen(c->ledger[i].name));
        put_pair(o, " ", c->ledger[i].value, "\n");
    }
}

static void print_page(struct rt_out *o, const struct rt_census *c, const char *name)
{
    rt_out_str(o, "file      ");
    rt_out_text(o, name, strlen(name));
    rt_out_str(o, c->has_footer ? ", closed, with footer\n" : ", no footer: still open, or never closed\n");
    put_pair(o, "rows      ", c->n_rows, "");
    put_pair(o, ", of them ", c->n_log_rows, " log rows");
    put_pair(o, "; static rows apart: ", c->n_static_rows, "\n");
    put_pair(o, "chunks    ", c->n_chunks, "\n");
    put_pair(o, "bytes     ", c->bytes, "");
    if (c->n_rows) {
        put_pair(o, ", ", row_tenths(c) / 10, ".");
        put_pair(o, "", row_tenths(c) % 10, " a row");
    }
    rt_out_char(o, '\n');
    print_time(o, c);
    print_tally(o, "levels", &c->levels);
    print_tally(o, "paths", &c->paths);
    print_tally(o, "processes", &c->processes);
    print_uncovered(o, &c->uncovered);
    print_ledger(o, c);
}

/* ------------------------------------------------------------------ JSON */

static void json_string(struct rt_out *o, const char *s, size_t n)
{
    rt_out_char(o, '"');
    rt_out_json(o, s, n);
    rt_out_char(o, '"');
}

/* ,"key": */
static void json_key(struct rt_out *o, const char *before, const char *key, size_t n)
{
    rt_out_str(o, before);
    json_string(o, key, n);
    rt_out_char(o, ':');
}

static void json_number(struct rt_out *o, const char *key, uint64_t n)
{
    json_key(o, ",", key, strlen(key));
    rt_out_u64(o, n);
}

/* "key":{"name":count,…} */
static void json_tally(struct rt_out *o, const char *key, const struct rt_tally *t)
{
    json_key(o, ",", key, strlen(key));
    rt_out_char(o, '{');
    for (size_t i = 0; i < t->n_entries; i++) {
        const struct rt_tally_entry *e = &t->entries[i];
        json_key(o, i ? "," : "", e->key_len ? e->key : "none", e->key_len ? e->key_len : 4);
        rt_out_u64(o, e->n);
    }
    rt_out_char(o, '}');
}

static void json_processes(struct rt_out *o, const struct rt_tally *t)
{
    rt_out_str(o, ",\"processes\":[");
    for (size_t i = 0; i < t->n_entries; i++) {
        const struct rt_tally_entry *e = &t->entries[i];
        size_t n = strlen(e->key);
        rt_out_str(o, i ? ",{\"pid\":" : "{\"pid\":");
        rt_out_str(o, e->key + n + 1);
        json_key(o, ",", "program", 7);
        json_string(o, e->key, n);
        json_number(o, "rows", e->n);
        rt_out_char(o, '}');
    }
    rt_out_char(o, ']');
}

/* Programs that were seen to start, and whose writes were not. */
static void json_uncovered(struct rt_out *o, const struct rt_tally *t)
{
    rt_out_str(o, ",\"not_covered\":[");
    for (size_t i = 0; i < t->n_entries; i++) {
        const struct rt_tally_entry *e = &t->entries[i];
        size_t n = strlen(e->key);
        rt_out_str(o, i ? ",{\"program\":" : "{\"program\":");
        json_string(o, e->key, n);
        json_key(o, ",", "reason", 6);
        json_string(o, e->key + n + 1, e->key_len - n - 1);
        json_number(o, "processes", e->n);
        rt_out_char(o, '}');
    }
    rt_out_char(o, ']');
}

/* Rows are counted; what the ledger has as <stream>_<unit> is added. */
static void json_streams(struct rt_out *o, const struct rt_census *c)
{
    rt_out_str(o, ",\"streams\":{");
    for (size_t i = 0; i < c->sources.n_entries; i++) {
        const struct rt_tally_entry *e = &c->sources.entries[i];
        json_key(o, i ? "," : "", e->key, e->key_len);
        put_pair(o, "{\"rows\":", e->n, "");
        for (unsigned k = 0; k < c->n_ledger; k++) {
            const char *name = c->ledger[k].name, *unit = strrchr(name, '_');
            if (unit && (size_t)(unit - name) == e->key_len && !memcmp(name, e->key, e->key_len) && strcmp(unit, "_rows"))
                json_number(o, unit + 1, c->ledger[k].value);
        }
        rt_out_char(o, '}');
    }
    rt_out_char(o, '}');
}

static void json_time(struct rt_out *o, const struct rt_census *c)
{
    struct rt_timeprint clock = {0};
    if (!*c->timeline || c->first > c->last)
        return;
    rt_out_str(o, ",\"time\":{\"timeline\":");
    json_string(o, c->timeline, strlen(c->timeline));
    if (c->time_unit == 't') {
        rt_out_str(o, ",\"first\":\"");
        rt_timeprint_utc(&clock, o, c->first);
        rt_out_str(o, "\",\"last\":\"");
        rt_timeprint_utc(&clock, o, c->last);
        rt_out_char(o, '"');
    }
    rt_out_str(o, c->time_unit == 's' ? ",\"first\":" : ",\"first_ns\":");
    rt_out_i64(o, c->first);
    rt_out_str(o, c->time_unit == 's' ? ",\"last\":" : ",\"last_ns\":");
    rt_out_i64(o, c->last);
    rt_out_char(o, '}');
}

static void json_ledger(struct rt_out *o, const struct rt_census *c)
{
    if (!c->n_ledger) {
        rt_out_str(o, ",\"ledger\":null");
        return;
    }
    rt_out_str(o, ",\"ledger\":{\"adds_up\":");
    rt_out_str(o, rt_census_adds_up(c) ? "true" : "false");
    for (unsigned i = 0; i < c->n_ledger; i++)
        json_number(o, c->ledger[i].name, c->ledger[i].value);
    rt_out_char(o, '}');
}

static void print_json(struct rt_out *o, const struct rt_census *c, const char *name)
{
    rt_out_str(o, "{\"file\":");
    json_string(o, name, strlen(name));
    rt_out_str(o, c->has_footer ? ",\"footer\":true" : ",\"footer\":false");
    rt_out_str(o, c->n_errors ? ",\"damaged\":true" : ",\"damaged\":false");
    json_number(o, "rows", c->n_rows);
    json_number(o, "log_rows", c->n_log_rows);
    json_number(o, "static_rows", c->n_static_rows);
    json_number(o, "chunks", c->n_chunks);
    json_number(o, "bytes", c->bytes);
    put_pair(o, ",\"bytes_per_row\":", row_tenths(c) / 10, ".");
    rt_out_u64(o, row_tenths(c) % 10);
    json_time(o, c);
    json_tally(o, "levels", &c->levels);
    json_tally(o, "paths", &c->paths);
    json_processes(o, &c->processes);
    json_uncovered(o, &c->uncovered);
    json_streams(o, c);
    json_ledger(o, c);
    rt_out_str(o, "}\n");
}

/* ------------------------------------------------------------------ the command */

/* Return: 0 or RT_EXIT_FAILURE after one line about the file. */
static int stats_of(struct rt_out *o, const char *path, bool json)
{
    struct rt_census c;
    const char *name = strcmp(path, "-") ? path : "standard input";
    int r = rt_census_take(&c, path);
    if (!r && c.is_readable && !(r = rt_tally_sort(&c.paths)) && !(r = rt_tally_sort(&c.levels)) &&
        !(r = rt_tally_sort(&c.processes)) && !(r = rt_tally_sort(&c.uncovered)))
        (json ? print_json : print_page)(o, &c, name);
    rt_out_flush(o);
    int status = 0;
    if (r)
        status = cmd_fail("stats", RT_EXIT_FAILURE, "%s: out of memory", name);
    else if (c.n_errors > 1)
        status = cmd_fail("stats", RT_EXIT_FAILURE, "%s: %s (and %u more)", name, c.first_error.message, c.n_errors - 1);
    else if (c.n_errors)
        status = cmd_fail("stats", RT_EXIT_FAILURE, "%s: %s", name, c.first_error.message);
    rt_census_deinit(&c);
    return status;
}

int cmd_stats(int argc, char **argv)
{
    static struct rt_out out = {.fd = 1};
    struct rt_options options;
    unsigned n_paths;
    int status;
    if (!cmd_options_and_files(argc, argv, &options, &n_paths, &status))
        return status;
    status = 0;
    for (unsigned i = 0; i < n_paths && !out.error; i++) {
        if (i && !options.json)
            rt_out_char(&out, '\n');
        int r = stats_of(&out, argv[1 + i], options.json);
        status = r ? r : status;
    }
    if (out.error && out.error != -EPIPE)
        return cmd_fail("stats", RT_EXIT_FAILURE, "cannot write to standard output: %s", strerror(-out.error));
    return status;
}
