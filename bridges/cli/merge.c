#include "cli/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"

#define NO_TIME INT64_MIN /* Rerun reserves it: never a row's time */

static void note_error(struct rt_merge_source *s, const struct rt_error *err)
{
    if (!s->n_errors++)
        s->first_error = *err;
}

/* ------------------------------------------------------------------ opening */

/* Copies what @from gives into an unnamed temporary file. Return: its descriptor at byte 0, or -errno. */
static int spool(int from)
{
    const char *dir = getenv("TMPDIR");
    char name[4096];
    static uint8_t buffer[1 << 17];
    snprintf(name, sizeof name, "%s/retap-XXXXXX", dir && *dir ? dir : "/tmp");
    RT_CLEANUP(fd_close) int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(name);
    for (;;) {
        ssize_t n = read(from, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        int r = n < 0 ? -errno : n ? rt_write_all(fd, buffer, (size_t)n, NULL) : 0;
        if (r < 0)
            return r;
        if (n == 0)
            return lseek(fd, 0, SEEK_SET) < 0 ? -errno : rt_fd_steal(&fd);
    }
}

/* Return: a descriptor of a file that can be read twice, or -errno with a message. */
static int open_file(const char *path, struct rt_error *err)
{
    struct stat st;
    bool is_stdin = !strcmp(path, "-");
    RT_CLEANUP(fd_close) int fd = is_stdin ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return rt_error_set(err, -errno, "%s", strerror(errno));
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return rt_fd_steal(&fd);
    int copy = spool(fd);
    return copy < 0 ? rt_error_set(err, copy, "copying it to a temporary file: %s", strerror(-copy)) : copy;
}

/* ------------------------------------------------------------------ pass 1 */

static const struct rt_chunk_column *find_text(const struct rt_chunk *c)
{
    const struct rt_chunk_column *text = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:text");
    return text && text->type == RT_TYPE_UTF8 && c->store_kind == 1 ? text : NULL;
}

/* log_time, or the timeline that orders so far, or any. */
static const struct rt_chunk_column *find_time(const struct rt_merge *m, const struct rt_chunk *c)
{
    const struct rt_chunk_column *t = rt_chunk_find(c, RT_COLUMN_TIMELINE, "log_time");
    if (!t && *m->timeline)
        t = rt_chunk_find(c, RT_COLUMN_TIMELINE, m->timeline);
    else if (!t)
        t = rt_chunk_find(c, RT_COLUMN_TIMELINE, NULL);
    return t;
}

/* The first chunk with log_time makes it the time that orders: what was indexed by another one is without time then. */
static void choose_timeline(struct rt_merge *m, const struct rt_chunk_column *time)
{
    if (!strcmp(m->timeline, time->name) || (*m->timeline && strcmp(time->name, "log_time")))
        return;
    snprintf(m->timeline, sizeof m->timeline, "%s", time->name);
    m->time_unit = time->time_unit;
    m->first = INT64_MAX;
    m->last = INT64_MIN;
    for (size_t i = 0; i < m->n_entries; i++)
        m->entries[i].min = m->entries[i].max = NO_TIME;
}

static struct rt_merge_entry make_entry(struct rt_merge *m, unsigned source, uint64_t offset, const struct rt_chunk *c)
{
    struct rt_merge_entry e = {source, offset, NO_TIME, NO_TIME};
    const struct rt_chunk_column *time = find_time(m, c);
    if (!time || !c->n_rows)
        return e;
    choose_timeline(m, time);
    if (strcmp(time->name, m->timeline))
        return e;
    e.min = INT64_MAX;
    for (uint32_t i = 0; i < c->n_rows; i++) {
        int64_t t = rt_time_value(time, i);
        e.min = t < e.min ? t : e.min;
        e.max = t > e.max ? t : e.max;
    }
    m->first = e.min < m->first ? e.min : m->first;
    m->last = e.max > m->last ? e.max : m->last;
    return e;
}

static int add_entry(struct rt_merge *m, const struct rt_merge_entry *e)
{
    if (m->n_entries == m->entries_cap) {
        struct rt_merge_entry *p = rt_array_grow(m->entries, &m->entries_cap, sizeof *p);
        if (!p)
            return -ENOMEM;
        m->entries = p;
    }
    m->entries[m->n_entries++] = *e;
    return 0;
}

static int index_frame(struct rt_merge *m, unsigned source, const struct rt_frame *frame, rt_merge_wants wants,
                       void *ctx)
{
    struct rt_chunk c;
    struct rt_error err;
    int r = 0;
    if (frame->kind != RT_FRAME_ARROW)
        return 0;
    if (rt_chunk_decode(frame, &c, &err)) {
        note_error(&m->sources[source], &err);
        return 0;
    }
    if (find_text(&c)) {
        struct rt_merge_entry e = make_entry(m, source, frame->offset, &c); /* also of what is not wanted: first and last */
        if (c.n_rows && (!wants || wants(c.entity_path, ctx)))
            r = add_entry(m, &e);
    }
    rt_chunk_deinit(&c);
    return r;
}

static int index_source(struct rt_merge *m, unsigned source, rt_merge_wants wants, void *ctx)
{
    struct rt_merge_source *s = &m->sources[source];
    struct rt_error err = {0};
    struct rt_frame frame;
    int r = open_file(s->name, &err);
    if (r >= 0)
        r = rt_rrd_reader_open_fd(r, s->name, &s->reader, &err);
    if (r) {
        note_error(s, &err);
        return 0;
    }
    while (!(r = rt_rrd_reader_next(s->reader, &frame, &err)))
        if (index_frame(m, source, &frame, wants, ctx) < 0)
            return -ENOMEM;
    if (r != RT_RRD_E_END)
        note_error(s, &err);
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct rt_merge_entry *x = a, *y = b;
    if (x->min != y->min)
        return x->min < y->min ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

int rt_merge_open(struct rt_merge *m, char *const *paths, unsigned n_paths, rt_merge_wants wants, void *ctx)
{
    int r = 0;
    *m = (struct rt_merge){.first = INT64_MAX, .last = INT64_MIN};
    m->sources = calloc(n_paths, sizeof *m->sources);
    if (!m->sources)
        return -ENOMEM;
    m->n_sources = n_paths;
    for (unsigned i = 0; i < n_paths && !r; i++) {
        m->sources[i].name = paths[i];
        r = index_source(m, i, wants, ctx);
    }
    if (m->n_entries)
        qsort(m->entries, m->n_entries, sizeof *m->entries, compare_entries);
    return r;
}

void rt_merge_limit(struct rt_merge *m, int64_t since, int64_t until)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].min != NO_TIME && m->entries[i].max >= since && m->entries[i].min <= until)
            m->entries[n++] = m->entries[i];
    m->n_entries = n;
}

/* ------------------------------------------------------------------ pass 2: the heap */

static uint32_t row_of(const struct rt_merge_chunk *c)
{
    return c->order ? c->order[c->next] : c->next;
}

static int64_t time_of(const struct rt_merge_chunk *c, uint32_t row)
{
    return c->time ? rt_time_value(c->time, row) : NO_TIME;
}

/* Orders rows by time, then row id (big-endian: bytes in order of time). */
static int compare_rows(const struct rt_merge_chunk *a, uint32_t i, const struct rt_merge_chunk *b, uint32_t j)
{
    int64_t s = time_of(a, i), t = time_of(b, j);
    return s != t ? (s < t ? -1 : 1) : memcmp(a->chunk.row_ids + (size_t)16 * i, b->chunk.row_ids + (size_t)16 * j, 16);
}

static bool is_before(const struct rt_merge_chunk *a, const struct rt_merge_chunk *b)
{
    return compare_rows(a, row_of(a), b, row_of(b)) < 0;
}

static void sink_top(struct rt_merge *m)
{
    struct rt_merge_chunk **h = m->heap;
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child >= m->n_open)
            return;
        child += child + 1 < m->n_open && is_before(h[child + 1], h[child]);
        if (!is_before(h[child], h[i]))
            return;
        struct rt_merge_chunk *c = h[i];
        h[i] = h[child];
        h[child] = c;
        i = child;
    }
}

static int push(struct rt_merge *m, struct rt_merge_chunk *c)
{
    if (m->n_open == m->heap_cap) {
        struct rt_merge_chunk **p = rt_array_grow(m->heap, &m->heap_cap, sizeof *p);
        if (!p)
            return -ENOMEM;
        m->heap = p;
    }
    size_t i = m->n_open++;
    for (; i && is_before(c, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = c;
    return 0;
}

static struct rt_merge_chunk *free_chunk(struct rt_merge_chunk *c)
{
    if (c) {
        rt_chunk_deinit(&c->chunk);
        free(c->order);
        free(c);
    }
    return NULL;
}

static int compare_in_chunk(const void *a, const void *b, void *chunk)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    return compare_rows(chunk, i, chunk, j);
}

/* Gives c->order when its rows do not lie in order. */
static int sort_chunk(struct rt_merge_chunk *c)
{
    uint32_t n = c->chunk.n_rows, i = 1;
    while (i < n && compare_rows(c, i - 1, c, i) <= 0)
        i++;
    if (i >= n)
        return 0;
    c->order = malloc(n * sizeof *c->order);
    if (!c->order)
        return -ENOMEM;
    for (i = 0; i < n; i++)
        c->order[i] = i;
    qsort_r(c->order, n, sizeof *c->order, compare_in_chunk, c);
    return 0;
}

/* Decodes the chunk of @e once more. Return: 0 with a chunk to push, or an error of its source. */
static int open_chunk(struct rt_merge *m, const struct rt_merge_entry *e, struct rt_merge_chunk **ret,
                      struct rt_error *err)
{
    struct rt_frame frame;
    struct rt_merge_chunk *c = calloc(1, sizeof *c);
    int r = c ? rt_rrd_reader_at(m->sources[e->source].reader, e->offset, &frame, err)
              : rt_error_set(err, -ENOMEM, "out of memory");
    if (!r)
        r = rt_chunk_decode(&frame, &c->chunk, err);
    if (!r) {
        c->text = find_text(&c->chunk);
        c->level = rt_chunk_find(&c->chunk, RT_COLUMN_COMPONENT, "TextLog:level");
        c->time = e->min == NO_TIME ? NULL : rt_chunk_find(&c->chunk, RT_COLUMN_TIMELINE, m->timeline);
        if (!c->text || !c->chunk.n_rows || (!c->time && e->min != NO_TIME)) /* the file was changed under us */
            r = rt_error_set(err, RT_RRD_E_CORRUPT, "at byte %llu: changed while it was read",
                             (unsigned long long)e->offset);
        else if (sort_chunk(c) < 0)
            r = rt_error_set(err, -ENOMEM, "out of memory");
    }
    if (r)
        c = free_chunk(c);
    *ret = c;
    return r;
}

/* Opens every chunk whose first row may be the next one. */
static void open_due(struct rt_merge *m)
{
    while (m->next_entry < m->n_entries) {
        const struct rt_merge_entry *e = &m->entries[m->next_entry];
        struct rt_merge_chunk *c;
        struct rt_error err;
        if (m->n_open && time_of(m->heap[0], row_of(m->heap[0])) < e->min)
            return;
        m->next_entry++;
        int r = open_chunk(m, e, &c, &err);
        if (!r && push(m, c) < 0) {
            free_chunk(c);
            r = rt_error_set(&err, -ENOMEM, "out of memory");
        }
        if (r)
            note_error(&m->sources[e->source], &err);
    }
}

/* Moves the heap past the row given last; its chunk is freed when that was its last one. */
static void advance(struct rt_merge *m)
{
    struct rt_merge_chunk *c = m->current;
    if (!c)
        return;
    m->current = NULL;
    if (++c->next == c->chunk.n_rows) {
        m->heap[0] = m->heap[--m->n_open];
        free_chunk(c);
    }
    if (m->n_open)
        sink_top(m);
}

bool rt_merge_next(struct rt_merge *m, struct rt_merge_row *ret)
{
    advance(m);
    open_due(m);
    if (!m->n_open)
        return false;
    struct rt_merge_chunk *c = m->current = m->heap[0];
    uint32_t row = row_of(c);
    *ret = (struct rt_merge_row){c, row, c->time != NULL, c->time ? rt_time_value(c->time, row) : 0};
    return true;
}

void rt_merge_close(struct rt_merge *m)
{
    for (size_t i = 0; i < m->n_open; i++)
        free_chunk(m->heap[i]);
    for (unsigned i = 0; i < m->n_sources; i++)
        rt_rrd_reader_free(m->sources[i].reader);
    free(m->heap);
    free(m->entries);
    free(m->sources);
    *m = (struct rt_merge){0};
}
