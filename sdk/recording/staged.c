/* The program's side of staged.h: rows, columns and component types as messages. */
#include "recording/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <retap/text.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/utf8.h"
#include "encode/arrowpack.h"
#include "encode/typepack.h"
#include "recording/moved.h"
#include "recording/outlet.h"
#include "recording/path.h"
#include "recording/thread.h"

#define SMALL      2048u
#define PAUSE_NS   1000000
#define PAUSES     (RT_OUTLET_WAIT_NS / PAUSE_NS)

/* ---------------------------------------------------------------- a message on its way */

struct draft {
    uint8_t *p;      /* where it is written */
    uint64_t bytes;
    uint32_t number; /* of its file; 0 = in memory */
    _Alignas(8) uint8_t small[SMALL];
};

static void name_outside(char out[RT_OUTLET_DIR + 32], uint32_t number)
{
    snprintf(out, RT_OUTLET_DIR + 32, "%s/out-%u-%u", rt_outlet_dir(), rt_core.pid, number);
}

/* A file of the run directory, mapped. Return: 0, -ENOSPC, -errno. */
static int draft_outside(struct draft *d)
{
    static uint32_t last_mt;
    char path[RT_OUTLET_DIR + 32];
    d->number = rt_add_relaxed(&last_mt, 1) + 1;
    name_outside(path, d->number);
    RT_CLEANUP(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)d->bytes);
    void *p = r ? MAP_FAILED : mmap(NULL, d->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        r = r ? r : errno;
        unlink(path);
        d->number = 0;
        return -r;
    }
    d->p = p;
    return 0;
}

/* Room for @bytes. Return: 0, -EAGAIN: much is outside already, -E2BIG, -ENOMEM, -ENOSPC. */
static int draft_begin(struct draft *d, uint64_t bytes)
{
    d->bytes = bytes;
    d->number = 0;
    d->p = d->small;
    if (bytes <= sizeof d->small)
        return 0;
    if (bytes <= RT_STAGED_INSIDE)
        return (d->p = malloc(bytes)) ? 0 : -ENOMEM;
    if (bytes > RT_STAGED_MOST)
        return -E2BIG;
    if (!rt_outlet_admit(bytes, RT_STAGED_OUTSIDE))
        return -EAGAIN;
    int r = draft_outside(d);
    if (r)
        rt_outlet_withdraw(bytes);
    return r;
}

static void draft_end(struct draft *d)
{
    if (d->number)
        munmap(d->p, d->bytes);
    else if (d->p != d->small)
        free(d->p);
}

/* Return: false = dropped. */
static bool draft_send(struct draft *d, struct rt_writer_thread *t, bool waits)
{
    struct rt_outside_msg m = {{sizeof m, RT_MSG_OUTSIDE, 0}, rt_core.pid, d->number, d->bytes, rt_outlet_owner()};
    const struct rt_slice part = d->number ? rt_slice((const char *)&m, sizeof m) : rt_slice((const char *)d->p, d->bytes);
    char path[RT_OUTLET_DIR + 32];
    bool ok = rt_outlet_write(t, waits, &part, 1);
    if (!ok && d->number) {
        name_outside(path, d->number);
        unlink(path);
        rt_outlet_withdraw(d->bytes);
    }
    return ok;
}

/* Copies and pads with zeros. Return: behind it. */
static uint8_t *put(uint8_t *p, const void *data, uint32_t n)
{
    if (n) {
        memset(p + rt_pad8(n) - 8, 0, 8);
        memcpy(p, data, n);
    }
    return p + rt_pad8(n);
}

/* ---------------------------------------------------------------- component types */

int rt_staged_append(struct rt_buf *b, const char *text, size_t n)
{
    static const char zeros[8];
    int r = rt_buf_append(b, text, n);
    return r ? r : rt_buf_append(b, zeros, rt_pad8((uint32_t)n) - n);
}

int rt_staged_type(const struct rt_component_type *c, uint32_t number, struct rt_buf *out)
{
    size_t component = strlen(c->component), archetype = c->archetype ? strlen(c->archetype) : 0, type = c->component_type ? strlen(c->component_type) : 0;
    struct rt_type_msg m = {{0, RT_MSG_TYPE, 0}, number, (uint16_t)component, (uint16_t)archetype, (uint16_t)type, c->archetype != NULL,
                            c->component_type != NULL, 0};
    size_t at = out->len;
    if (component > UINT16_MAX || archetype > UINT16_MAX || type > UINT16_MAX || number >= RT_STAGED_TYPES)
        return -E2BIG;
    int r = rt_buf_append(out, &m, sizeof m);
    r = r ? r : rt_staged_append(out, c->component, component);
    r = r ? r : rt_staged_append(out, c->archetype, archetype);
    r = r ? r : rt_staged_append(out, c->component_type, type);
    r = r ? r : rt_type_pack(c->datatype, out);
    if (!r && out->len - at > RT_STAGED_INSIDE)
        r = -E2BIG;
    if (!r)
        ((struct rt_rec *)(void *)(out->data + at))->bytes = (uint32_t)(out->len - at);
    return r;
}

static int tell_type(struct rt_thread *t, const struct rt_component_type *c, bool waits)
{
    struct rt_buf b = {0};
    int r = rt_staged_type(c, c->number, &b);
    const struct rt_slice part = rt_slice(b.data, b.len);
    if (!r && !rt_outlet_write(t->speaker, waits, &part, 1))
        r = -ENOBUFS;
    rt_buf_deinit(&b);
    return r;
}

/* Is the type told by this thread, or can it be? Return: 0, -ENOMEM, -ENOBUFS, -E2BIG. */
static int know_type(struct rt_thread *t, const struct rt_component_type *c, bool waits)
{
    uint32_t word = c->number / 64;
    uint64_t bit = 1ull << c->number % 64;
    if (c->number <= RT_C_COUNT)
        return 0;
    if (word >= t->n_told) {
        uint32_t n = (word + 8) & ~7u;
        uint64_t *told = realloc(t->told, n * sizeof *told);
        if (!told)
            return -ENOMEM;
        memset(told + t->n_told, 0, (n - t->n_told) * sizeof *told);
        t->told = told;
        t->n_told = n;
    }
    int r = t->told[word] & bit ? 0 : tell_type(t, c, waits);
    if (!r)
        t->told[word] |= bit;
    return r;
}

/* ---------------------------------------------------------------- rows */

/* What the thread needs in this process. Return: 0, -ESTALE, -ENOMEM. */
static int ready(struct rt_thread *t, const struct rt_staged *g)
{
    if (rt_load_acquire(&g->epoch) != t->epoch)
        return -ESTALE;
    if (t->speaker && t->speaker_epoch == t->epoch)
        return 0;
    free(t->speaker);
    t->speaker = rt_outlet_thread();
    t->speaker_epoch = t->epoch;
    if (t->n_told)
        memset(t->told, 0, t->n_told * sizeof *t->told);
    return t->speaker ? 0 : -ENOMEM;
}

static int drop(struct rt_stream *s, uint64_t n_rows)
{
    rt_add_relaxed(&s->dropped_mt, n_rows);
    return 0;
}

int rt_staged_record(struct rt_thread *t, struct rt_stream *s, const void *record, uint32_t bytes, bool urgent)
{
    const struct rt_slice part = rt_slice(record, bytes);
    int r = ready(t, s->staged_mt);
    if (r)
        return r;
    if (!rt_outlet_write(t->speaker, s->full_policy != RR_FULL_DROP_NEWEST, &part, 1))
        return drop(s, 1);
    if (urgent)
        rt_outlet_hurry();
    return 1;
}

int rt_staged_row(struct rt_thread *t, struct rt_stream *s, const struct rt_row_head *head, struct rt_tuid id, const struct rt_value *values,
                  uint32_t n, const uint32_t *sizes, uint64_t bytes)
{
    struct draft d;
    bool waits = s->full_policy != RR_FULL_DROP_NEWEST;
    int r = n > RT_STAGED_CELLS ? -E2BIG : ready(t, s->staged_mt);
    for (uint32_t i = 0; !r && i < n; i++)
        r = know_type(t, values[i].type, waits);
    r = r ? r : draft_begin(&d, bytes);
    if (r)
        return r == -ENOBUFS || (r == -EAGAIN && !waits) ? drop(s, 1) : r;
    rt_record_write(head, id, values, n, sizes, bytes, d.p);
    bool ok = draft_send(&d, t->speaker, waits);
    draft_end(&d);
    if (!ok)
        return drop(s, 1);
    if (head->flags & RT_REC_URGENT)
        rt_outlet_hurry();
    return 1;
}

static struct rt_datatype list_of(const struct rt_datatype *const item[1])
{
    return (struct rt_datatype){.kind = RT_KIND_LIST, .children = item, .n_children = 1};
}

static uint8_t *put_column(uint8_t *p, const struct rt_component_type *c, const struct ArrowArray *a, uint32_t size)
{
    const struct rt_datatype *const item[] = {c->datatype};
    const struct rt_datatype list = list_of(item);
    const struct rt_cell_rec rec = {c->number, (uint32_t)a->length, size, RT_CELL_PACKED};
    memcpy(p, &rec, sizeof rec);
    rt_arrow_pack(&list, a, p + sizeof rec);
    return p + sizeof rec + size;
}

static uint64_t columns_size(uint32_t path_len, const rr_time_column *times, uint32_t n_times, const rr_component_column *columns,
                             const struct rt_component_type *const *types, uint32_t n_columns)
{
    uint64_t bytes = sizeof(struct rt_columns_msg) + rt_pad8(path_len);
    for (uint32_t i = 0; i < n_times; i++)
        bytes += sizeof(struct rt_time_rec) + rt_pad8(times[i].timeline.name.length_in_bytes) +
            rt_arrow_packed_size(&rt_datatype_i64, &times[i].array);
    for (uint32_t i = 0; i < n_columns; i++) {
        const struct rt_datatype *const item[] = {types[i]->datatype};
        const struct rt_datatype list = list_of(item);
        bytes += sizeof(struct rt_cell_rec) + rt_arrow_packed_size(&list, &columns[i].array);
    }
    return bytes;
}

int rt_staged_columns(struct rt_thread *t, struct rt_stream *s, const char *path, uint32_t path_len, struct rt_tuid id, uint64_t n_rows,
                      const rr_time_column *times, uint32_t n_times, const rr_component_column *columns,
                      const struct rt_component_type *const *types, uint32_t n_columns)
{
    struct draft d;
    bool waits = s->full_policy != RR_FULL_DROP_NEWEST;
    uint64_t bytes = columns_size(path_len, times, n_times, columns, types, n_columns);
    int r = bytes > RT_STAGED_MOST || n_columns > RT_STAGED_CELLS ? -E2BIG : ready(t, s->staged_mt);
    for (uint32_t i = 0; !r && i < n_columns; i++)
        r = know_type(t, types[i], waits);
    r = r ? r : draft_begin(&d, bytes);
    if (r)
        return r == -ENOBUFS || (r == -EAGAIN && !waits) ? drop(s, n_rows) : r;
    const struct rt_columns_msg m = {{(uint32_t)bytes, RT_MSG_COLUMNS, 0}, s->handle, rt_load_acquire(&s->generation_mt), id.time_ns, id.inc,
                                     path_len, n_times, n_columns, 0};
    memcpy(d.p, &m, sizeof m);
    uint8_t *p = put(d.p + sizeof m, path, path_len);
    for (uint32_t i = 0; i < n_times; i++) {
        rr_string name = times[i].timeline.name;
        const struct rt_time_rec rec = {times[i].array.length, (uint8_t)times[i].timeline.type, (uint8_t)name.length_in_bytes, {0}};
        memcpy(p, &rec, sizeof rec);
        p = put(p + sizeof rec, name.utf8, name.length_in_bytes);
        rt_arrow_pack(&rt_datatype_i64, &times[i].array, p);
        p += rt_arrow_packed_size(&rt_datatype_i64, &times[i].array);
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        const struct rt_datatype *const item[] = {types[i]->datatype};
        const struct rt_datatype list = list_of(item);
        p = put_column(p, types[i], &columns[i].array, (uint32_t)rt_arrow_packed_size(&list, &columns[i].array));
    }
    bool ok = draft_send(&d, t->speaker, waits);
    draft_end(&d);
    return ok ? 1 : drop(s, n_rows);
}

rr_error_code rt_staged_fail(int r, uint64_t bytes, rr_error *err)
{
    return r == -E2BIG ? rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE,
                                 "a row of %llu bytes: at most %u bytes and %u components can be staged through a collector", (unsigned long long)bytes,
                                 RT_STAGED_MOST, RT_STAGED_CELLS)
                       : rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "no shared memory for %llu bytes: %s", (unsigned long long)bytes, strerror(-r));
}

bool rt_staged_later(struct rt_stream *s, int r)
{
    return (r == -ESTALE || r == -EAGAIN) && rt_stream_ref(s);
}

bool rt_staged_wait(struct rt_stream *s, int r, uint64_t n_rows, unsigned *tries)
{
    const struct timespec pause = {0, PAUSE_NS};
    if (r == -ESTALE)
        rt_staged_again(s);
    else
        nanosleep(&pause, NULL);
    bool more = ++*tries < PAUSES;
    if (!more)
        drop(s, n_rows);
    rt_stream_unref(s, false, NULL);
    return more;
}

/* Texts as a row has them: no detour through memory that a handler has not. */
static bool is_fit(struct rt_slice path, struct rt_slice level, struct rt_slice text)
{
    return path.n + level.n + text.n <= RR_SIGNAL_TEXT_MOST && rt_path_is_clean(path.p, path.n) && rt_utf8_ok(level.p, level.n) && rt_utf8_ok(text.p, text.n);
}

/* A line of a signal handler. Return: false = there is no room, or it is too large. */
static bool stage_line(struct rt_thread *t, struct rt_stream *s, struct rt_slice path, struct rt_slice level, struct rt_slice text, uint64_t time_ns)
{
    static uint64_t n_mt;
    _Alignas(8) uint8_t room[RR_SIGNAL_TEXT_MOST + 256];
    uint32_t sizes[2], n = level.n ? 2 : 1;
    uint64_t moved = 0;
    const struct rt_value values[2] = {{.type = rt_type_of_table(RT_C_TextLog_text), .n = 1, .values = &text},
                                       {.type = rt_type_of_table(RT_C_TextLog_level), .n = 1, .values = &level}};
    const struct rt_row_head head = {
        .stream = s->handle, .generation = rt_load_acquire(&s->generation_mt), .path = path.p, .path_len = (uint32_t)path.n, .copies = true,
        .flags = RT_ROW_TEXT | RT_REC_URGENT | (rt_load_relaxed(&s->log_time_mt) ? RT_REC_LOG_TIME : 0)};
    const struct rt_tuid id = {time_ns, (rt_core.id_base + (1ull << 39 | rt_add_relaxed(&n_mt, 1))) & INT64_MAX}; /* no lane's */
    uint64_t bytes = rt_record_size(&head, values, n, sizes, &moved);
    const struct rt_slice part = rt_slice(room, bytes);
    if (bytes > sizeof room)
        return false;
    rt_record_write(&head, id, values, n, sizes, bytes, room);
    bool done = rt_outlet_write(t->speaker, false, &part, 1);
    rt_outlet_hurry();
    return done;
}

bool rt_staged_signal(rr_recording_stream rec, const char *path, const char *level, const char *text)
{
    struct rt_thread *t = rt_self;
    const struct rt_slice p = rt_slice(path, strlen(path)), texts[2] = {rt_slice(text, strlen(text)), rt_slice(level ? level : "", level ? strlen(level) : 0)};
    if (!t || !t->epoch || t->epoch != rt_load_relaxed(rt_epoch) || !t->speaker || t->speaker_epoch != t->epoch || !is_fit(p, texts[1], texts[0]))
        return false;
    rt_rcu_read_lock(); /* the thread is known to RCU: it has a lane */
    struct rt_stream *s = rec < RR_REC_STREAM_CURRENT_BLUEPRINT ? rt_stream_find(rec) : rt_rcu_load(&rt_core.global_mt[0]);
    const struct rt_staged *g = s && rt_stream_takes_rows(s) ? rt_load_acquire(&s->staged_mt) : NULL;
    bool done = g && rt_load_acquire(&g->epoch) == t->epoch && stage_line(t, s, p, texts[1], texts[0], rt_real_ns());
    rt_rcu_read_unlock();
    return done;
}

void rt_staged_text(struct rt_stream *s, struct rt_slice path, struct rt_slice level, struct rt_slice text, int64_t time_ns)
{
    struct rt_thread *t = rt_thread();
    char room[RT_PATH_MOST + 1];
    size_t len;
    int r = t ? ready(t, s->staged_mt) : -ENOMEM;
    if (r == -ESTALE) {
        rt_staged_again(s);
        r = rt_is_staged(s) ? ready(t, s->staged_mt) : r;
    }
    if (r || rt_path_parse(path.p, path.n, room, sizeof room, &len) || len > RT_PATH_MOST ||
        !stage_line(t, s, rt_slice(room, len), level, text, (uint64_t)time_ns))
        drop(s, 1);
}
