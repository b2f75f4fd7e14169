#include "collect/rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Columns that exist only where some row has a cell. */
enum sparse_id {
    SPARSE_TID,
    SPARSE_SEQ,
    SPARSE_PRI,
    SPARSE_ERRNO,
    SPARSE_LINE,
    SPARSE_FLAGS,
    SPARSE_OFFSET,
    SPARSE_ARGS_NUM,
    SPARSE_RAW,
    SPARSE_IDENT,
    SPARSE_FILE,
    SPARSE_FUNCTION,
    SPARSE_FACILITY,
    SPARSE_HOST,
    SPARSE_MODULE,
    SPARSE_BUILD_ID,
    SPARSE_TEMPLATE,
    SPARSE_ARGS,
    SPARSE_COUNT
};

static const char *const sparse_names[SPARSE_COUNT] = {
    [SPARSE_TID] = "retap.Log:tid", /* only of other threads than the first, whose tid is the pid */
    [SPARSE_SEQ] = "retap.Log:seq",           [SPARSE_PRI] = "retap.Log:pri",     [SPARSE_ERRNO] = "retap.Log:errno",
    [SPARSE_LINE] = "retap.Log:line",         [SPARSE_FLAGS] = "retap.Log:flags", [SPARSE_RAW] = "retap.Log:raw",
    [SPARSE_IDENT] = "retap.Log:ident",       [SPARSE_FILE] = "retap.Log:file",   [SPARSE_FUNCTION] = "retap.Log:function",
    [SPARSE_FACILITY] = "retap.Log:facility", [SPARSE_HOST] = "retap.Log:host",
    [SPARSE_MODULE] = "retap.Log:module",     [SPARSE_BUILD_ID] = "retap.Log:build_id",
    [SPARSE_TEMPLATE] = "retap.Log:template", [SPARSE_OFFSET] = "retap.Log:offset",
    [SPARSE_ARGS] = "retap.Log:args",         [SPARSE_ARGS_NUM] = "retap.Log:args_num",
};

struct rt_entity {
    char *path;
    uint64_t hash, expected_seq;
    uint32_t n;
    int64_t time[RT_ROWS_BATCH], mono[RT_ROWS_BATCH];
    uint32_t pid[RT_ROWS_BATCH];
    bool numbered;          /* it has a row: expected_seq is known */
    bool has_pid, has_mono; /* some row of the entity had one: the collector's own have none */
    uint32_t text_offsets[RT_ROWS_BATCH + 1];
    rr_level level[RT_ROWS_BATCH];
    struct rt_buf text;
    size_t bytes, most;     /* of the rows so far; of any batch since memory was last given back */
    struct rt_cells sparse[SPARSE_COUNT];
    struct rt_fields *fields; /* NULL = no row had any */
};

#define TEXT_MOST (256u << 10) /* bytes of a batch */
#define KEPT_MOST (32u << 20)  /* … and of all together: then all go */

int rt_rows_init(struct rt_rows *r, rr_recording_stream rec)
{
    *r = (struct rt_rows){.rec = rec, .n_slots = 4 * 1024};
    r->table = calloc(r->n_slots, sizeof *r->table);
    return r->table ? 0 : -ENOMEM;
}

/* The memory of an empty batch. */
static void give_back(struct rt_entity *e)
{
    rt_buf_deinit(&e->text);
    for (int c = 0; c < SPARSE_COUNT; c++)
        rt_cells_deinit(&e->sparse[c]);
    if (e->fields)
        rt_fields_trim(e->fields);
    e->most = 0;
}

void rt_rows_deinit(struct rt_rows *r)
{
    for (uint32_t i = 0; r->table && i < r->n_slots; i++) {
        struct rt_entity *e = r->table[i];
        if (!e)
            continue;
        give_back(e);
        if (e->fields)
            rt_fields_free(e->fields);
        free(e->fields);
        free(e->path);
        free(e);
    }
    free(r->table);
    *r = (struct rt_rows){0};
}

struct rt_entity *rt_rows_entity(struct rt_rows *r, const char *path)
{
    uint64_t h = rt_hash(RT_HASH_START, path, strlen(path));
    uint32_t i = (uint32_t)h & (r->n_slots - 1);
    for (; r->table[i]; i = (i + 1) & (r->n_slots - 1))
        if (r->table[i]->hash == h && !strcmp(r->table[i]->path, path))
            return r->table[i];
    if (r->n_entities >= RT_ENTITIES_MAX && strncmp(path, "/logs/other/", 12) && strncmp(path, "/logs/retap/", 12))
        return NULL;
    struct rt_entity *e = calloc(1, sizeof *e);
    if (!e || !(e->path = strdup(path))) {
        free(e);
        return NULL;
    }
    e->hash = h;
    e->numbered = r->resumed;
    for (int c = SPARSE_RAW; c < SPARSE_COUNT; c++)
        e->sparse[c].bytes = true;
    e->sparse[SPARSE_ARGS].lists = e->sparse[SPARSE_ARGS_NUM].lists = true;
    r->table[i] = e;
    r->n_entities++;
    return e;
}

/* The cell of the row being added, which is row e->n. */
static int cell(struct rt_entity *e, enum sparse_id id, const void *p, size_t n)
{
    return rt_cells_add(&e->sparse[id], e->n, p, n);
}

static int field_cells(struct rt_entity *e, const struct rt_log_row *row)
{
    if (!e->fields && !(e->fields = calloc(1, sizeof *e->fields)))
        return -ENOMEM;
    return rt_fields_add(e->fields, e->n, row->fields, row->n_fields);
}

/* What the call was given: texts always, numbers where any is one. */
static int arg_cells(struct rt_entity *e, const struct rt_log_row *row)
{
    int r = 0;
    bool numbers = false;
    for (uint32_t i = 0; i < row->n_args; i++) {
        r |= cell(e, SPARSE_ARGS, row->args[i].text, row->args[i].len);
        numbers |= !isnan(row->args[i].number);
    }
    for (uint32_t i = 0; i < row->n_args && numbers; i++)
        r |= cell(e, SPARSE_ARGS_NUM, &row->args[i].number, sizeof row->args[i].number);
    return r;
}

static int add_cells(struct rt_entity *e, const struct rt_log_row *row, uint64_t seq)
{
    int r = 0;
    if (row->tid && row->tid != row->pid)
        r |= cell(e, SPARSE_TID, &row->tid, sizeof row->tid);
    if (e->numbered && seq != e->expected_seq)
        r |= cell(e, SPARSE_SEQ, &seq, sizeof seq);
    e->numbered = true;
    e->expected_seq = seq + 1;
    if (row->pri >= 0)
        r |= cell(e, SPARSE_PRI, &row->pri, sizeof row->pri);
    if (row->errnum)
        r |= cell(e, SPARSE_ERRNO, &row->errnum, sizeof row->errnum);
    if (row->line)
        r |= cell(e, SPARSE_LINE, &row->line, sizeof row->line);
    if (row->flags)
        r |= cell(e, SPARSE_FLAGS, &row->flags, sizeof row->flags);
    if (row->raw)
        r |= cell(e, SPARSE_RAW, row->raw, row->raw_len);
    if (row->ident.n)
        r |= cell(e, SPARSE_IDENT, row->ident.p, row->ident.n);
    if (row->file.n)
        r |= cell(e, SPARSE_FILE, row->file.p, row->file.n);
    if (row->function.n)
        r |= cell(e, SPARSE_FUNCTION, row->function.p, row->function.n);
    if (row->facility.n)
        r |= cell(e, SPARSE_FACILITY, row->facility.p, row->facility.n);
    if (row->host.n)
        r |= cell(e, SPARSE_HOST, row->host.p, row->host.n);
    if (row->module.n)
        r |= cell(e, SPARSE_MODULE, row->module.p, row->module.n);
    if (row->build_id.n)
        r |= cell(e, SPARSE_BUILD_ID, row->build_id.p, row->build_id.n);
    if (row->offset)
        r |= cell(e, SPARSE_OFFSET, &row->offset, sizeof row->offset);
    if (row->template.n)
        r |= cell(e, SPARSE_TEMPLATE, row->template.p, row->template.n);
    if (row->n_args)
        r |= arg_cells(e, row);
    if (row->n_fields)
        r |= field_cells(e, row);
    for (int c = 0; c < SPARSE_COUNT; c++)
        rt_cells_row(&e->sparse[c], e->n);
    if (e->fields)
        rt_fields_row(e->fields, e->n);
    return r ? -ENOMEM : 0;
}

static int flush_entity(struct rt_rows *r, struct rt_entity *e)
{
    rr_column columns[2 + SPARSE_COUNT + RT_FIELDS_MOST + 1];
    uint32_t n = 0;
    if (e->has_pid)
        columns[n++] = (rr_column){.component = "retap.Log:pid", .values = e->pid};
    if (e->has_mono)
        columns[n++] = (rr_column){.component = "retap.Log:mono", .values = e->mono};
    for (int c = 0; c < SPARSE_COUNT; c++)
        if (e->sparse[c].used)
            columns[n++] = rt_cells_column(&e->sparse[c], sparse_names[c], e->n);
    if (e->fields)
        n += rt_fields_columns(e->fields, e->n, columns + n);
    rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = e->n, .log_time_ns = e->time, .text = (const char *)e->text.data,
                           .text_offsets = e->text_offsets, .levels = e->level, .columns = columns, .n_columns = n};
    rr_error err = {0};
    uint64_t dropped = rr_recording_stream_dropped(r->rec);
    rr_error_code code = rr_text_columns(r->rec, e->path, &batch, &err);
    if (code && rr_recording_stream_dropped(r->rec) == dropped)
        r->n_failed += e->n; /* else these rows are among those of the chunk that is lost and counted */
    r->n_stored += e->n;
    e->n = 0;
    rt_buf_clear(&e->text);
    for (int c = 0; c < SPARSE_COUNT; c++)
        rt_cells_clear(&e->sparse[c]);
    if (e->fields)
        rt_fields_clear(e->fields);
    e->bytes = 0;
    return code ? -EIO : 0;
}

/* Bytes that the row takes in its batch. */
static size_t row_bytes(const struct rt_log_row *row)
{
    size_t n = row->text_len + (row->raw ? row->raw_len : 0) + row->template.n + row->module.n + row->ident.n + row->file.n + row->function.n;
    for (uint32_t i = 0; i < row->n_fields; i++)
        n += row->fields[i].name_len + row->fields[i].len;
    for (uint32_t i = 0; i < row->n_args; i++)
        n += row->args[i].len;
    return n;
}

int rt_rows_add(struct rt_rows *r, struct rt_entity *e, const struct rt_log_row *row)
{
    int result = 0;
    size_t bytes = row_bytes(row);
    if (e->n && e->bytes + bytes > TEXT_MOST)
        result = flush_entity(r, e);
    e->bytes += bytes;
    if (e->bytes > e->most) {
        r->kept += e->bytes - e->most;
        e->most = e->bytes;
    }
    if (rt_buf_append(&e->text, row->text, row->text_len))
        return -ENOMEM;
    int added = add_cells(e, row, row->mono_ns ? r->next_seq++ : e->expected_seq);
    uint32_t i = e->n++;
    e->time[i] = row->time_ns;
    e->mono[i] = (int64_t)row->mono_ns;
    e->pid[i] = row->pid;
    e->has_pid |= row->pid != 0;
    e->has_mono |= row->mono_ns != 0;
    e->level[i] = (rr_level)row->level;
    e->text_offsets[i + 1] = (uint32_t)e->text.len;
    if (e->n == RT_ROWS_BATCH)
        result = flush_entity(r, e);
    if (r->kept > KEPT_MOST)
        result = rt_rows_flush(r);
    return added ? added : result;
}

int rt_rows_flush(struct rt_rows *r)
{
    int result = 0;
    bool full = r->kept > KEPT_MOST;
    for (uint32_t i = 0; i < r->n_slots; i++) {
        struct rt_entity *e = r->table[i];
        if (e && e->n && flush_entity(r, e))
            result = -EIO;
        if (e && full)
            give_back(e);
    }
    if (full)
        r->kept = 0;
    return result;
}
