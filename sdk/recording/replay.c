#include "recording/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "encode/arrowpack.h"
#include "encode/typepack.h"
#include "recording/path.h"
#include "recording/staged.h"

#define HELD_MOST      (32u << 20)  /* bytes of rows that wait for their sinks */
#define BUFFER_MOST    (256u << 20) /* … of a recording that has no file yet */
#define REQUESTS_MOST  (32u << 20)  /* … of requests that wait for their turn */
#define STREAMS_MOST   4096u
#define COLUMNS_MOST   4096u
#define URGENT_NS      10000000u    /* a row of level ERROR waits at most this long */

struct message { /* a copy that waits */
    struct message *next;
    uint64_t mono_ns;
    size_t n;
    _Alignas(8) uint8_t bytes[];
};

struct queue {
    struct message *first, **last;
};

struct stream {
    struct stream *next;
    uint32_t handle, active; /* generation of the sinks that it has */
    struct rt_recording *rec;
    struct rt_buf told;      /* the OPEN message, with the sinks that it has now */
    struct queue held;       /* rows of generations to come */
    uint64_t flushed_ns, n_rows, buffer_limit;
    bool urgent, failed;     /* failed: a file that took no more was told */
};

struct rt_replay {
    struct rt_replay_hooks hooks;
    struct stream *streams, *last; /* last: of the last row */
    uint32_t n_streams;
    struct queue requests;         /* by number */
    uint64_t held_bytes, request_bytes, n_rows;
    const struct rt_component_type **types;
    struct rt_type_map map;        /* over types */
    struct rt_row_room room;
    bool told;
};

/* ---------------------------------------------------------------- words */

static __attribute__((format(printf, 3, 4))) void warn_once(struct rt_replay *p, bool *told, const char *fmt, ...)
{
    char text[RT_ERROR_MAX + 128];
    va_list ap;
    if (*told)
        return;
    *told = true;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->hooks.warn(p->hooks.ctx, text);
}

void rt_replay_lost(struct rt_replay *p)
{
    warn_once(p, &p->told, "rows that a program staged found no room, and are lost");
}

/* ---------------------------------------------------------------- queues */

static struct message *copy(const void *bytes, size_t n, uint64_t mono_ns)
{
    struct message *m = malloc(sizeof *m + n);
    if (m) {
        *m = (struct message){.mono_ns = mono_ns, .n = n};
        memcpy(m->bytes, bytes, n);
    }
    return m;
}

static void push(struct queue *q, struct message *m)
{
    if (!q->first)
        q->last = &q->first;
    *q->last = m;
    q->last = &m->next;
}

static struct message *pop(struct queue *q)
{
    struct message *m = q->first;
    if (m)
        q->first = m->next;
    if (!q->first)
        q->last = &q->first;
    return m;
}

static const struct rt_ask *ask_of(const struct message *m)
{
    return (const void *)m->bytes;
}

static void queue_free(struct queue *q)
{
    struct message *m;
    while ((m = pop(q)))
        free(m);
}

/* ---------------------------------------------------------------- streams */

static struct stream *find(struct rt_replay *p, uint32_t handle)
{
    if (p->last && p->last->handle == handle)
        return p->last;
    for (struct stream *s = p->streams; s; s = s->next)
        if (s->handle == handle)
            return p->last = s;
    return NULL;
}

static int end_recording(struct stream *s, struct rt_error *err)
{
    int r = s->rec ? rt_recording_close(s->rec, UINT64_MAX, err) : 0;
    s->rec = NULL;
    return r;
}

static int stream_end(struct rt_replay *p, struct stream *s, struct rt_error *err)
{
    struct stream **at = &p->streams;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    p->last = NULL;
    p->n_streams--;
    for (struct message *m; (m = pop(&s->held)); free(m))
        p->held_bytes -= m->n;
    int r = end_recording(s, err);
    rt_buf_deinit(&s->told);
    free(s);
    return r;
}

/* What was said of it can't be believed: its file ends here, and what follows is dropped. */
static int bad(struct rt_replay *p, struct stream *s, const char *what)
{
    warn_once(p, &p->told, "a program staged %s that can't be read; %s", what, s ? "its recording ends there" : "it is ignored");
    if (s)
        end_recording(s, NULL);
    return -EBADMSG;
}

static void tell_failure(struct rt_replay *p, struct stream *s, const struct rt_error *e)
{
    warn_once(p, &s->failed, "rows that a program staged are lost: %.400s", e->message);
}

/* ---------------------------------------------------------------- reading */

struct cursor {
    const uint8_t *p, *end;
};

/* @n bytes, padded; NULL when there are not so many. */
static const void *take(struct cursor *c, uint64_t n)
{
    const uint8_t *p = c->p;
    uint64_t left = (uint64_t)(c->end - c->p);
    if (n > left || ((n + 7) & ~7ull) > left)
        return NULL;
    c->p += (n + 7) & ~7ull;
    return p;
}

static char *take_text(struct cursor *c, uint32_t n)
{
    const char *p = take(c, n);
    return p && rt_utf8_ok(p, n) && !memchr(p, 0, n) ? strndup(p, n) : NULL;
}

/* ---------------------------------------------------------------- component types */

static int type_room(struct rt_replay *p, uint32_t number)
{
    if (number < p->map.n)
        return 0;
    uint32_t n = number + 64 < RT_STAGED_TYPES ? number + 64 : RT_STAGED_TYPES;
    const struct rt_component_type **at = realloc(p->types, n * sizeof *at);
    if (!at)
        return -ENOMEM;
    memset(at + p->map.n, 0, (n - p->map.n) * sizeof *at);
    p->types = at;
    p->map = (struct rt_type_map){at, n};
    return 0;
}

static int take_type(struct rt_replay *p, const struct rt_type_msg *m, size_t n)
{
    struct cursor c = {(const uint8_t *)(m + 1), (const uint8_t *)m + n};
    struct rt_datatype *t = NULL;
    if (n < sizeof *m || m->number <= RT_C_COUNT || m->number >= RT_STAGED_TYPES)
        return bad(p, NULL, "a component type");
    char *component = take_text(&c, m->component_len), *archetype = component ? take_text(&c, m->archetype_len) : NULL,
         *type = archetype ? take_text(&c, m->type_len) : NULL;
    int r = type && *component ? rt_type_unpack(c.p, (size_t)(c.end - c.p), &t, NULL) : -EBADMSG;
    r = r ? r : type_room(p, m->number);
    if (!r && !(p->types[m->number] = rt_type_intern(component, m->has_archetype ? archetype : NULL, m->has_type ? type : NULL, t)))
        r = -ENOMEM;
    rt_datatype_free(t);
    free(component);
    free(archetype);
    free(type);
    return r && r != -ENOMEM ? bad(p, NULL, "a component type") : r;
}

/* ---------------------------------------------------------------- rows */

static struct stream *open_now(struct rt_replay *p, uint32_t handle);

/* The stream that a row is for. NULL: there is none, or the row waits for its sinks; *ret then says how it went. */
static struct stream *stream_for(struct rt_replay *p, uint32_t handle, uint32_t generation, const void *message, size_t n, int *ret)
{
    struct stream *s = find(p, handle);
    *ret = 0;
    if (!s && !(s = open_now(p, handle)))
        warn_once(p, &p->told, "rows of a stream that no program told of are dropped");
    if (!s || !s->rec)
        return NULL;
    if ((int32_t)(generation - s->active) <= 0)
        return s;
    struct message *m = p->held_bytes + n <= HELD_MOST ? copy(message, n, 0) : NULL;
    if (m) {
        push(&s->held, m);
        p->held_bytes += n;
    } else {
        rt_replay_lost(p);
        *ret = -ENOMEM;
    }
    return NULL;
}

/* In its final form? Parsing it gives itself then. */
static bool is_path(const char *path, uint32_t n)
{
    char again[RT_PATH_MOST + 1];
    size_t len;
    if (rt_path_is_clean(path, n))
        return n <= RT_PATH_MOST;
    int r = rt_path_parse(path, n, again, sizeof again, &len);
    return n && (r == 0 || r == RT_PATH_E_RESERVED) && len == n && !memcmp(again, path, n);
}

/* What the rest of the library takes for granted of a row. */
static bool times_are_right(const struct rt_row *row)
{
    for (uint32_t i = 0; i < row->n_times; i++) {
        const struct rt_row_time *t = &row->times[i], *before = i ? t - 1 : NULL;
        uint32_t k = before && before->len < t->len ? before->len : t->len;
        int order = before ? memcmp(before->timeline, t->timeline, k) : -1;
        order = order ? order : before->len < t->len ? -1 : 1;
        if (order > 0 || !t->len || t->type < RR_TIME_TYPE_SEQUENCE || t->type > RR_TIME_TYPE_TIMESTAMP ||
            memchr(t->timeline, 0, t->len) || !rt_utf8_ok(t->timeline, t->len))
            return false;
    }
    return !(row->flags & RT_ROW_STATIC) || !row->n_times;
}

static bool text_is_right(const struct rt_cell *cell)
{
    uint32_t from = 0;
    if (cell->array || !cell->ends || cell->type->datatype->kind != RT_KIND_UTF8)
        return true;
    for (uint32_t i = 0; i < cell->n; from = cell->ends[i++])
        if (!rt_utf8_ok((const char *)cell->values + from, cell->ends[i] - from))
            return false;
    return true;
}

static bool cells_are_right(const struct rt_row *row)
{
    for (uint32_t i = 0; i < row->n_cells; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (row->cells[k].type == row->cells[i].type)
                return false;
        if (!text_is_right(&row->cells[i]))
            return false;
    }
    return row->n_cells > 0;
}

static bool is_right(const struct rt_row *row)
{
    return row->n_cells <= RT_STAGED_CELLS && is_path(row->path, row->path_len) && times_are_right(row) &&
        cells_are_right(row);
}

static int take_row(struct rt_replay *p, const struct rt_row_rec *rec, size_t n)
{
    struct rt_error e = {0};
    int r;
    if (n < sizeof *rec)
        return bad(p, NULL, "a row");
    struct stream *s = stream_for(p, rec->stream, rec->generation, rec, n, &r);
    if (!s)
        return r;
    r = rt_record_read(rec, true, &p->room, &e);
    if (r == -EBADMSG || (!r && !is_right(&p->room.row)))
        return bad(p, s, "a row");
    r = r ? r : rt_recording_row(s->rec, &p->room.row, &e);
    if (r < 0)
        tell_failure(p, s, &e);
    s->n_rows++;
    p->n_rows++;
    s->urgent |= rec->flags & RT_REC_URGENT;
    return 0;
}

/* ---------------------------------------------------------------- columns */

struct columns {
    struct rt_time_column *times;
    struct rt_list_column *columns;
    struct ArrowArray *views;
    struct rt_arena arena;
    int64_t n_rows;
};

/* A packed array of @t, which has no less than it says. */
static int take_array(struct cursor *c, const struct rt_datatype *t, uint64_t n, uint64_t bytes, struct columns *k, struct ArrowArray *ret)
{
    const void *p = take(c, bytes);
    int r = p ? rt_arrow_unpack(t, p, bytes, &k->arena, ret) : -EBADMSG;
    if (r || ret->length != (int64_t)n || ret->length <= 0 || (k->n_rows && ret->length != k->n_rows) || rt_array_check(t, ret, NULL))
        return -EBADMSG;
    k->n_rows = ret->length;
    return 0;
}

static int take_time(struct cursor *c, struct columns *k, uint32_t i)
{
    const struct rt_time_rec *rec = take(c, sizeof *rec);
    const char *name = rec ? take(c, rec->name_len) : NULL;
    if (!name || !rec->name_len || rec->type < RR_TIME_TYPE_SEQUENCE || rec->type > RR_TIME_TYPE_TIMESTAMP || rec->value <= 0 ||
        rec->value > INT32_MAX || !rt_utf8_ok(name, rec->name_len) || memchr(name, 0, rec->name_len))
        return -EBADMSG;
    for (uint32_t q = 0; q < i; q++)
        if (k->times[q].len == rec->name_len && !memcmp(k->times[q].name, name, rec->name_len))
            return -EBADMSG;
    /* without nulls there is one size that it can have */
    uint64_t bytes = 8 + 8 * (uint64_t)rec->value;
    int r = take_array(c, &rt_datatype_i64, (uint64_t)rec->value, bytes, k, &k->views[i]);
    k->times[i] = (struct rt_time_column){name, rec->name_len, rec->type, &k->views[i]};
    return r ? r : k->views[i].null_count ? -EBADMSG : 0;
}

static int take_column(const struct rt_replay *p, struct cursor *c, struct columns *k, uint32_t i, struct ArrowArray *view)
{
    const struct rt_cell_rec *rec = take(c, sizeof *rec);
    const struct rt_component_type *type = rec && rec->type < p->map.n ? p->types[rec->type] : NULL;
    if (!type || rec->form != RT_CELL_PACKED)
        return -EBADMSG;
    for (uint32_t q = 0; q < i; q++)
        if (k->columns[q].type == type)
            return -EBADMSG;
    const struct rt_datatype item = {.name = "item", .children = type->datatype->children, .n_children = type->datatype->n_children,
                                     .size = type->datatype->size, .kind = type->datatype->kind, .nullable = true};
    const struct rt_datatype *const items[] = {&item};
    const struct rt_datatype list = {.kind = RT_KIND_LIST, .children = items, .n_children = 1};
    k->columns[i] = (struct rt_list_column){type, view};
    return take_array(c, &list, rec->n, rec->bytes, k, view);
}

/* Memory of the arrays' nodes: known by the types alone. */
static int columns_room(const struct rt_replay *p, const struct rt_columns_msg *m, size_t n, struct columns *k)
{
    const struct cursor whole = {(const uint8_t *)(m + 1), (const uint8_t *)m + n};
    struct cursor c = whole;
    size_t arena = m->n_times * rt_arrow_arena_size(&rt_datatype_i64);
    take(&c, m->path_len);
    for (uint32_t i = 0; i < m->n_times; i++) {
        const struct rt_time_rec *rec = take(&c, sizeof *rec);
        if (!rec || !take(&c, rec->name_len) || rec->value < 0 || rec->value > INT32_MAX || !take(&c, 8 + 8 * (uint64_t)rec->value))
            return -EBADMSG;
    }
    for (uint32_t i = 0; i < m->n_columns; i++) {
        const struct rt_cell_rec *rec = take(&c, sizeof *rec);
        const struct rt_component_type *type = rec && rec->type < p->map.n ? p->types[rec->type] : NULL;
        if (!type || !take(&c, rec->bytes))
            return -EBADMSG;
        const struct rt_datatype *const items[] = {type->datatype};
        const struct rt_datatype list = {.kind = RT_KIND_LIST, .children = items, .n_children = 1};
        arena += rt_arrow_arena_size(&list);
    }
    if (c.p != c.end)
        return -EBADMSG;
    size_t views = (size_t)m->n_times + m->n_columns, head = views * sizeof *k->views + m->n_times * sizeof *k->times + m->n_columns * sizeof *k->columns;
    uint8_t *room = malloc(head + arena + 64);
    if (!room)
        return -ENOMEM;
    *k = (struct columns){.views = (void *)room, .times = (void *)(room + views * sizeof *k->views),
                          .columns = (void *)(room + views * sizeof *k->views + m->n_times * sizeof *k->times), .arena = {room + head, arena + 64}};
    return 0;
}

static int send_columns(struct rt_replay *p, struct stream *s, const struct rt_columns_msg *m, size_t n, struct columns *k)
{
    struct cursor c = {(const uint8_t *)(m + 1), (const uint8_t *)m + n};
    struct rt_error e = {0};
    const char *path = take(&c, m->path_len);
    int r = is_path(path, m->path_len) ? 0 : -EBADMSG;
    for (uint32_t i = 0; !r && i < m->n_times; i++)
        r = take_time(&c, k, i);
    for (uint32_t i = 0; !r && i < m->n_columns; i++)
        r = take_column(p, &c, k, i, &k->views[m->n_times + i]);
    if (r)
        return r;
    r = rt_recording_columns(s->rec, path, m->path_len, (struct rt_tuid){m->time_ns, m->inc}, k->times, m->n_times, k->columns, m->n_columns, &e);
    if (r < 0)
        tell_failure(p, s, &e);
    s->n_rows += (uint64_t)k->n_rows;
    p->n_rows += (uint64_t)k->n_rows;
    return 0;
}

static int take_columns(struct rt_replay *p, const struct rt_columns_msg *m, size_t n)
{
    struct columns k = {0};
    int r;
    if (n < sizeof *m)
        return bad(p, NULL, "columns");
    struct stream *s = stream_for(p, m->stream, m->generation, m, n, &r);
    if (!s)
        return r;
    bool fits = m->n_columns && m->n_columns <= COLUMNS_MOST && m->n_times <= COLUMNS_MOST && m->path_len <= RT_PATH_MOST;
    r = fits ? columns_room(p, m, n, &k) : -EBADMSG;
    r = r ? r : send_columns(p, s, m, n, &k);
    free(k.views);
    return r == -EBADMSG ? bad(p, s, "columns") : r;
}

/* ---------------------------------------------------------------- sinks */

/* Paths as the program told them: absolute, of what a file may stand for. */
static int take_path(struct cursor *c, const char **ret)
{
    const char *p = (const char *)c->p, *end = memchr(p, 0, (size_t)(c->end - c->p));
    struct stat st;
    if (!end || *p != '/' || !take(c, (uint64_t)(end - p) + 1))
        return -EBADMSG;
    *ret = p;
    bool waits = stat(p, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISBLK(st.st_mode));
    return waits ? -ENOTSUP : 0; /* opening it could take for ever */
}

static int make_sinks(struct cursor *c, const struct rt_sinks_told *told, uint64_t buffer_limit, struct rt_sink *sinks[RT_STAGED_SINKS],
                      uint32_t *ret_n, struct rt_error *err)
{
    const char *path;
    uint32_t n = 0;
    int r = told->n > RT_STAGED_SINKS ? -EBADMSG : 0;
    uint64_t limit = buffer_limit && buffer_limit < BUFFER_MOST ? buffer_limit : BUFFER_MOST;
    for (uint32_t i = 0; !r && i < told->n; i++) {
        r = take_path(c, &path);
        r = r ? r : rt_sink_file(path, RT_SINK_CREATE, told->compact, &sinks[n], err);
        n += !r;
    }
    if (!r && !told->n)
        n += !(r = told->drops ? rt_sink_nothing(&sinks[n], err) : rt_sink_buffered(limit, &sinks[n], err));
    for (uint32_t i = 0; r && i < n; i++)
        rt_sink_abandon(sinks[i]);
    *ret_n = n;
    return r;
}

/* ---------------------------------------------------------------- requests */

static int open_recording(struct stream *s, const struct rt_open_msg *m, struct cursor *c, const struct rt_recording_config *config, const char *name,
                          struct rt_error *err)
{
    struct rt_sink *sinks[RT_STAGED_SINKS];
    const char *path;
    uint32_t n;
    int r = rt_recording_new(config, &s->rec, err);
    if (!r && m->sinks.n == 1 && m->sinks.keep != UINT64_MAX) {
        r = take_path(c, &path);
        return r ? r : rt_recording_resume(s->rec, path, m->sinks.keep, m->sinks.compact, err);
    }
    r = r ? r : make_sinks(c, &m->sinks, m->buffer_limit, sinks, &n, err);
    r = r ? r : rt_recording_set_sinks(s->rec, sinks, n, UINT64_MAX, err);
    if (!r && m->properties)
        r = rt_recording_properties(s->rec, m->start_time_ns, *name ? name : NULL, err);
    return r;
}

static int do_open(struct rt_replay *p, const struct rt_open_msg *m, size_t n)
{
    struct rt_error e = {0};
    struct cursor c = {(const uint8_t *)(m + 1), (const uint8_t *)m + n};
    if (n < sizeof *m || m->kind != RR_STORE_KIND_RECORDING || find(p, m->ask.stream))
        return -EBADMSG;
    if (m->dialect != rt_staged_dialect())
        return -EPROTO;
    if (p->n_streams == STREAMS_MOST)
        return -EMFILE;
    char *application = take_text(&c, m->application_len), *recording = application ? take_text(&c, m->recording_len) : NULL,
         *name = recording ? take_text(&c, m->name_len) : NULL;
    struct stream *s = name && *application && *recording ? calloc(1, sizeof *s) : NULL;
    int r = s ? 0 : -EBADMSG;
    if (s) {
        *s = (struct stream){.handle = m->ask.stream, .active = m->sinks.generation, .buffer_limit = m->buffer_limit};
        const struct rt_recording_config config = {application, recording, (int)m->kind, m->settings, false};
        r = open_recording(s, m, &c, &config, name, &e);
        r = r ? r : rt_buf_append(&s->told, m, n);
    }
    if (!r) {
        s->next = p->streams;
        p->streams = s;
        p->n_streams++;
    } else if (s) {
        rt_recording_free(s->rec);
        rt_buf_deinit(&s->told);
        free(s);
    }
    free(application);
    free(recording);
    free(name);
    return r;
}

static void release_held(struct rt_replay *p, struct stream *s)
{
    struct queue held = s->held;
    uint64_t before = p->held_bytes;
    s->held = (struct queue){0};
    for (struct message *m; (m = pop(&held)); free(m)) {
        p->held_bytes = before -= m->n;
        rt_replay_take(p, m->bytes, m->n, 0); /* may be held again */
        before = p->held_bytes;
    }
}

/* The sinks of @m in the place of those that were told first. */
static int retell(struct stream *s, const struct rt_sinks_msg *m, size_t n)
{
    struct rt_open_msg *open = (void *)s->told.data;
    s->told.len = sizeof *open + ((open->application_len + 7u) & ~7u) + ((open->recording_len + 7u) & ~7u) + ((open->name_len + 7u) & ~7u);
    int r = rt_buf_append(&s->told, m + 1, n - sizeof *m);
    open = (void *)s->told.data;
    open->sinks = m->sinks;
    open->ask.head.bytes = (uint32_t)s->told.len;
    return r;
}

static int do_sinks(struct rt_replay *p, struct stream *s, const struct rt_sinks_msg *m, size_t n)
{
    struct rt_sink *sinks[RT_STAGED_SINKS];
    struct cursor c = {(const uint8_t *)(m + 1), (const uint8_t *)m + n};
    uint32_t n_sinks;
    if (n < sizeof *m)
        return -EBADMSG;
    rt_recording_flush(s->rec, NULL);
    int r = make_sinks(&c, &m->sinks, s->buffer_limit, sinks, &n_sinks, NULL);
    r = r ? r : rt_recording_set_sinks(s->rec, sinks, n_sinks, UINT64_MAX, NULL);
    s->n_rows = 0;
    s->active = m->sinks.generation;
    r = r ? r : retell(s, m, n);
    release_held(p, s);
    return r;
}

static int write_out(struct rt_replay *p, struct stream *s, bool sync, uint64_t now_ns)
{
    struct rt_error e = {0};
    int first = rt_recording_flush(s->rec, &e);
    int r = rt_recording_flush_sinks(s->rec, UINT64_MAX, sync, first ? NULL : &e);
    if (first || r)
        tell_failure(p, s, &e);
    s->n_rows = 0;
    s->urgent = false;
    s->flushed_ns = now_ns;
    return first ? first : r;
}

static int do_request(struct rt_replay *p, const struct message *q)
{
    const struct rt_ask *a = ask_of(q);
    struct stream *s = find(p, a->stream);
    if (a->head.type == RT_MSG_OPEN)
        return do_open(p, (const void *)a, q->n);
    if (!s)
        return a->head.type == RT_MSG_CLOSE ? 0 : -ENOENT;
    if (a->head.type == RT_MSG_CLOSE)
        return stream_end(p, s, NULL);
    if (!s->rec)
        return -EBADMSG;
    if (a->head.type == RT_MSG_SINKS)
        return do_sinks(p, s, (const void *)a, q->n);
    return q->n < sizeof(struct rt_ask_msg) ? -EBADMSG : write_out(p, s, ((const struct rt_ask_msg *)(const void *)a)->sync, s->flushed_ns);
}

static int take_request(struct rt_replay *p, const struct rt_ask *a, size_t n, uint64_t mono_ns)
{
    struct message *m = n >= sizeof *a && p->request_bytes + n <= REQUESTS_MOST ? copy(a, n, mono_ns) : NULL, **at = &p->requests.first;
    if (!m)
        return bad(p, NULL, "a request");
    while (*at && (int32_t)(ask_of(*at)->number - a->number) <= 0)
        at = &(*at)->next;
    m->next = *at;
    *at = m;
    p->request_bytes += n;
    return 0;
}

static void do_first(struct rt_replay *p)
{
    struct message *q = pop(&p->requests);
    p->request_bytes -= q->n;
    int r = do_request(p, q);
    p->hooks.answer(p->hooks.ctx, ask_of(q)->owner, ask_of(q)->number, r);
    free(q);
}

void rt_replay_advance(struct rt_replay *p, uint64_t complete_ns)
{
    while (p->requests.first && p->requests.first->mono_ns < complete_ns)
        do_first(p);
}

/* Who logs into a stream has had the answer that it is open: from a collector before this one, which did not live to note it. */
static struct stream *open_now(struct rt_replay *p, uint32_t handle)
{
    const struct message *q = p->requests.first;
    while (q && (ask_of(q)->head.type != RT_MSG_OPEN || ask_of(q)->stream != handle))
        q = q->next;
    for (uint32_t number = q ? ask_of(q)->number : 0; q && p->requests.first && (int32_t)(ask_of(p->requests.first)->number - number) <= 0;)
        do_first(p);
    return q ? find(p, handle) : NULL;
}

bool rt_replay_waits(const struct rt_replay *p)
{
    return p->requests.first != NULL;
}

/* ---------------------------------------------------------------- messages */

int rt_replay_take(struct rt_replay *p, const void *message, size_t n, uint64_t mono_ns)
{
    const struct rt_rec *head = message;
    if (n < sizeof *head || head->bytes != n || n % 8)
        return bad(p, NULL, "something");
    switch (head->type) {
    case RT_REC_ROW:
        return take_row(p, message, n);
    case RT_MSG_COLUMNS:
        return take_columns(p, message, n);
    case RT_MSG_TYPE:
        return take_type(p, message, n);
    case RT_MSG_OPEN:
    case RT_MSG_SINKS:
    case RT_MSG_FLUSH:
    case RT_MSG_CLOSE:
        return take_request(p, message, n, mono_ns);
    default:
        return bad(p, NULL, "something");
    }
}

bool rt_replay_is_outside(const void *message, size_t n, struct rt_replay_outside *ret)
{
    const struct rt_outside_msg *m = message;
    if (n != sizeof *m || m->head.bytes != n || m->head.type != RT_MSG_OUTSIDE || m->bytes > RT_STAGED_MOST)
        return false;
    *ret = (struct rt_replay_outside){m->pid, m->number, m->bytes, m->owner};
    return true;
}

/* ---------------------------------------------------------------- ticks */

static uint64_t stream_due_in(const struct stream *s, uint64_t now)
{
    int64_t tick = s->rec && s->n_rows ? rt_recording_tick_ns(s->rec) : -1;
    if (tick < 0 || tick == INT64_MAX)
        return UINT64_MAX;
    uint64_t wait = s->urgent && tick > URGENT_NS ? URGENT_NS : (uint64_t)tick, since = now - s->flushed_ns;
    return since >= wait ? 0 : wait - since;
}

uint64_t rt_replay_due_in(const struct rt_replay *p, uint64_t now_ns)
{
    uint64_t least = UINT64_MAX;
    for (const struct stream *s = p->streams; s; s = s->next) {
        uint64_t wait = stream_due_in(s, now_ns);
        least = wait < least ? wait : least;
    }
    return least;
}

void rt_replay_tick(struct rt_replay *p, uint64_t now_ns, bool all)
{
    for (struct stream *s = p->streams; s; s = s->next)
        if (s->rec && s->n_rows && (all || !stream_due_in(s, now_ns)))
            write_out(p, s, false, now_ns);
}

uint64_t rt_replay_rows(const struct rt_replay *p)
{
    return p->n_rows;
}

/* ---------------------------------------------------------------- over the death of a collector */

/* In front of each message that is saved. */
struct saved {
    uint64_t mono_ns;
    uint32_t n, what; /* enum saved_what */
};
enum saved_what { SAVED_STREAM, SAVED_MESSAGE };

static int save(struct rt_buf *out, const void *message, size_t n, enum saved_what what, uint64_t mono_ns)
{
    const struct saved head = {mono_ns, (uint32_t)n, what};
    int r = rt_buf_append(out, &head, sizeof head);
    return r ? r : rt_buf_append(out, message, n);
}

static int save_types(const struct rt_replay *p, struct rt_buf *out)
{
    struct rt_buf b = {0};
    int r = 0;
    for (uint32_t i = RT_C_COUNT + 1; !r && i < p->map.n; i++) {
        rt_buf_clear(&b);
        if (p->types[i] && !(r = rt_staged_type(p->types[i], i, &b)))
            r = save(out, b.data, b.len, SAVED_MESSAGE, 0);
    }
    rt_buf_deinit(&b);
    return r;
}

static int save_queue(const struct queue *q, struct rt_buf *out)
{
    int r = 0;
    for (const struct message *m = q->first; !r && m; m = m->next)
        r = save(out, m->bytes, m->n, SAVED_MESSAGE, m->mono_ns);
    return r;
}

int rt_replay_save(const struct rt_replay *p, struct rt_buf *out)
{
    int r = save_types(p, out);
    for (const struct stream *s = p->streams; !r && s; s = s->next) {
        size_t at = out->len + sizeof(struct saved);
        r = s->rec ? save(out, s->told.data, s->told.len, SAVED_STREAM, 0) : 0;
        if (r || !s->rec)
            continue;
        struct rt_open_msg *open = (void *)(out->data + at);
        open->sinks.generation = s->active;
        open->sinks.keep = rt_recording_written(s->rec);
        open->properties = open->properties && !open->sinks.n;
        r = save_queue(&s->held, out);
    }
    return r ? r : save_queue(&p->requests, out);
}

int rt_replay_load(struct rt_replay *p, const void *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct saved head;
        if (n - at < sizeof head)
            return -EBADMSG;
        memcpy(&head, (const uint8_t *)bytes + at, sizeof head);
        at += sizeof head;
        if (head.n > n - at || head.n % 8 || head.n < sizeof(struct rt_rec))
            return -EBADMSG;
        struct message *m = copy((const uint8_t *)bytes + at, head.n, head.mono_ns);
        if (!m)
            return -ENOMEM;
        at += head.n;
        if (head.what == SAVED_MESSAGE)
            rt_replay_take(p, m->bytes, m->n, m->mono_ns);
        else if (do_open(p, (const void *)m->bytes, m->n))
            warn_once(p, &p->told, "a recording that a program stages can't be continued after the death of the collector");
        free(m);
    }
    return 0;
}

/* ---------------------------------------------------------------- all */

struct rt_replay *rt_replay_new(const struct rt_replay_hooks *hooks)
{
    struct rt_replay *p = calloc(1, sizeof *p);
    if (!p || type_room(p, RT_C_COUNT)) {
        free(p);
        return NULL;
    }
    p->hooks = *hooks;
    for (unsigned i = 0; i < RT_C_COUNT; i++)
        p->types[i + 1] = rt_type_of_table(i);
    p->room.types = &p->map;
    return p;
}

void rt_replay_free(struct rt_replay *p)
{
    if (!p)
        return;
    while (p->streams)
        stream_end(p, p->streams, NULL);
    queue_free(&p->requests);
    rt_row_room_deinit(&p->room);
    free(p->types);
    free(p);
}
