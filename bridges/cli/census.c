#include "cli/census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/* ------------------------------------------------------------------ rows of a chunk */

/* Part @i (from 0) of "/a/b/c", with its escapes. Return: its length, 0 when there is none. */
static size_t path_part(const char *path, unsigned i, const char **ret)
{
    for (const char *p = path + (*path == '/');; p++) {
        size_t n = 0;
        while (p[n] && p[n] != '/')
            n += p[n] == '\\' && p[n + 1] ? 2 : 1;
        *ret = p;
        if (i == 0)
            return n;
        if (!p[n])
            return 0;
        i--;
        p += n;
    }
}

static int count_levels(struct rt_census *c, const struct rt_chunk *chunk)
{
    const struct rt_chunk_column *level = rt_chunk_find(chunk, RT_COLUMN_COMPONENT, "TextLog:level");
    const char *last = "", *text;
    size_t last_len = 0;
    uint64_t run = 0;
    for (uint32_t i = 0; i < chunk->n_rows; i++) { /* equal neighbours are added at once */
        size_t len = level ? rt_cell_bytes(level, i, 0, &text) : 0;
        if (run && (len != last_len || (len && memcmp(text, last, len)))) {
            if (rt_tally_add(&c->levels, last, last_len, run) < 0)
                return -ENOMEM;
            run = 0;
        }
        last = len ? text : "";
        last_len = len;
        run++;
    }
    return run ? rt_tally_add(&c->levels, last, last_len, run) : 0;
}

/* Rows of /process/<program> that have a reason are about programs that were not recorded. */
static int count_uncovered(struct rt_census *c, const struct rt_chunk *chunk)
{
    const struct rt_chunk_column *col = rt_chunk_find(chunk, RT_COLUMN_COMPONENT, "retap.Log:reason");
    const char *program, *reason;
    size_t len = path_part(chunk->entity_path, 1, &program), n;
    char key[1024];
    int r = 0;
    for (uint32_t i = 0; col && i < chunk->n_rows && !r; i++)
        if ((n = rt_cell_bytes(col, i, 0, &reason)) && len + 1 + n <= sizeof key) {
            memcpy(key, program, len);
            key[len] = 0;
            memcpy(key + len + 1, reason, n);
            r = rt_tally_add(&c->uncovered, key, len + 1 + n, 1);
        }
    return r;
}

static int add_process(struct rt_census *c, const char *program, size_t len, int64_t pid, uint64_t n)
{
    char key[512];
    len = len < 400 ? len : 400;
    memcpy(key, program, len);
    key[len] = 0;
    int digits = snprintf(key + len + 1, sizeof key - len - 1, "%lld", (long long)pid);
    return rt_tally_add(&c->processes, key, len + 1 + (size_t)digits, n);
}

static int count_processes(struct rt_census *c, const struct rt_chunk *chunk)
{
    const struct rt_chunk_column *col = rt_chunk_find(chunk, RT_COLUMN_COMPONENT, "retap.Log:pid");
    const char *program;
    size_t len = path_part(chunk->entity_path, 1, &program);
    int64_t last = 0, pid;
    uint64_t run = 0;
    int r = 0;
    for (uint32_t i = 0; col && i < chunk->n_rows && !r; i++) {
        if (!rt_cell_i64(col, i, 0, &pid))
            continue;
        if (run && pid != last) {
            r = add_process(c, program, len, last, run);
            run = 0;
        }
        last = pid;
        run++;
    }
    return !r && run ? add_process(c, program, len, last, run) : r;
}

static void span_time(struct rt_census *c, const struct rt_chunk *chunk)
{
    const struct rt_chunk_column *t = rt_chunk_find(chunk, RT_COLUMN_TIMELINE, "log_time");
    if (!t)
        t = rt_chunk_find(chunk, RT_COLUMN_TIMELINE, *c->timeline ? c->timeline : NULL);
    if (!t || (!strcmp(c->timeline, "log_time") && strcmp(t->name, "log_time")))
        return;
    if (strcmp(c->timeline, t->name)) {
        snprintf(c->timeline, sizeof c->timeline, "%s", t->name);
        c->time_unit = t->time_unit;
        c->first = INT64_MAX;
        c->last = INT64_MIN;
    }
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        int64_t v = rt_time_value(t, i);
        c->first = v < c->first ? v : c->first;
        c->last = v > c->last ? v : c->last;
    }
}

static int count_rows(struct rt_census *c, const struct rt_chunk *chunk)
{
    const char *path = chunk->entity_path, *source;
    bool is_log = starts_with(path, "/logs/");
    size_t len = path_part(path, 2, &source);
    c->n_rows += chunk->n_rows;
    c->n_log_rows += is_log ? chunk->n_rows : 0;
    span_time(c, chunk);
    if (rt_tally_add(&c->paths, path, strlen(path), chunk->n_rows) < 0)
        return -ENOMEM;
    if (is_log && len && rt_tally_add(&c->sources, source, len, chunk->n_rows) < 0)
        return -ENOMEM;
    if (starts_with(path, "/process/"))
        return count_uncovered(c, chunk);
    if (starts_with(path, "/problems/") || !rt_chunk_find(chunk, RT_COLUMN_COMPONENT, "TextLog:text"))
        return 0;
    return count_levels(c, chunk) < 0 || count_processes(c, chunk) < 0 ? -ENOMEM : 0;
}

/* ------------------------------------------------------------------ the ledger */

static struct rt_census_loss *find_loss(const struct rt_census *c, const char *name)
{
    for (unsigned i = 0; i < c->n_ledger; i++)
        if (!strcmp(c->ledger[i].name, name))
            return &c->ledger[i];
    return NULL;
}

static struct rt_census_loss *new_loss(struct rt_census *c, const char *name)
{
    struct rt_census_loss *p = realloc(c->ledger, (c->n_ledger + 1) * sizeof *p);
    if (!p)
        return NULL;
    c->ledger = p;
    p += c->n_ledger;
    *p = (struct rt_census_loss){.name = strdup(name)};
    if (!p->name)
        return NULL;
    c->n_ledger++;
    return p;
}

static int read_ledger(struct rt_census *c, const struct rt_chunk *chunk)
{
    for (uint32_t k = 0; k < chunk->n_columns; k++) {
        const struct rt_chunk_column *col = &chunk->columns[k];
        int64_t v;
        if (col->kind != RT_COLUMN_COMPONENT || !starts_with(col->name, "retap.Ledger:"))
            continue;
        struct rt_census_loss *loss = find_loss(c, col->name + 13);
        for (uint32_t i = 0; i < chunk->n_rows; i++) {
            const uint8_t *id = chunk->row_ids + (size_t)16 * i;
            if (!rt_cell_i64(col, i, 0, &v) || (loss && memcmp(id, loss->row_id, 16) < 0))
                continue;
            if (!loss && !(loss = new_loss(c, col->name + 13)))
                return -ENOMEM;
            loss->value = (uint64_t)v;
            memcpy(loss->row_id, id, 16);
        }
    }
    return 0;
}

uint64_t rt_census_loss(const struct rt_census *c, const char *name)
{
    const struct rt_census_loss *loss = find_loss(c, name);
    return loss ? loss->value : 0;
}

bool rt_census_adds_up(const struct rt_census *c)
{
    static const char *const parts[] = {"stored", "folded", "limited", "dropped"};
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        sum += rt_census_loss(c, parts[i]);
    return find_loss(c, "emitted") && rt_census_loss(c, "emitted") == sum;
}

/* Streams that no row came from are named, too: standard output and error in any case, others when something was written there. */
static int name_streams(struct rt_census *c)
{
    static const char *const names[] = {
#define RT_STREAM_NAME(stream, name) name,
#include "config/streams.def"
    };
    char component[32];
    int r = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names && c->n_ledger && !r; i++) {
        snprintf(component, sizeof component, "%s_calls", names[i]);
        if (i < 2 || find_loss(c, component))
            r = rt_tally_add(&c->sources, names[i], strlen(names[i]), 0);
    }
    return r;
}

/* ------------------------------------------------------------------ files */

static void note_error(struct rt_census *c, const struct rt_error *err)
{
    if (!c->n_errors++)
        c->first_error = *err;
}

static int count_chunk(struct rt_census *c, const struct rt_frame *frame)
{
    struct rt_chunk chunk;
    struct rt_error err;
    int r = 0;
    if (rt_chunk_decode(frame, &chunk, &err)) {
        note_error(c, &err);
        return 0;
    }
    c->n_chunks++;
    if (chunk.is_static) {
        c->n_static_rows += chunk.n_rows;
        if (!strcmp(chunk.entity_path, "/stats/ledger"))
            r = read_ledger(c, &chunk);
    } else {
        r = count_rows(c, &chunk);
    }
    rt_chunk_deinit(&chunk);
    return r;
}

int rt_census_take(struct rt_census *c, const char *path)
{
    struct rt_rrd_reader *reader;
    struct rt_frame frame;
    struct rt_error err = {0};
    struct stat st;
    int memory = 0;
    *c = (struct rt_census){0};
    int r = rt_rrd_reader_open(path, &reader, &err);
    if (r) {
        note_error(c, &err);
        return 0;
    }
    c->is_readable = true;
    while (!memory && !(r = rt_rrd_reader_next(reader, &frame, &err)))
        if (frame.kind == RT_FRAME_ARROW)
            memory = count_chunk(c, &frame);
    if (r && r != RT_RRD_E_END)
        note_error(c, &err);
    c->has_footer = r == RT_RRD_E_END && rt_rrd_reader_has_footer(reader);
    bool regular = strcmp(path, "-") && !stat(path, &st) && S_ISREG(st.st_mode);
    c->bytes = regular ? (uint64_t)st.st_size : rt_rrd_reader_position(reader);
    rt_rrd_reader_free(reader);
    return memory ? memory : name_streams(c);
}

void rt_census_deinit(struct rt_census *c)
{
    rt_tally_deinit(&c->paths);
    rt_tally_deinit(&c->levels);
    rt_tally_deinit(&c->sources);
    rt_tally_deinit(&c->processes);
    rt_tally_deinit(&c->uncovered);
    for (unsigned i = 0; i < c->n_ledger; i++)
        free(c->ledger[i].name);
    free(c->ledger);
    *c = (struct rt_census){0};
}
