/* One row into the calling thread's lane. */
#include "recording/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "recording/api.h"
#include "recording/moved.h"
#include "recording/path.h"
#include "recording/plain.h"
#include "recording/staged.h"
#include "recording/thread.h"
#include "recording/worker.h"

enum { FEW_VALUES = 24, WAIT_MS = 100, RT_USUAL_PATH = 256 };

/* ---------------------------------------------------------------- which stream */

bool rt_log_wanted(rr_recording_stream rec)
{
    const struct rt_thread *t = rt_thread();
    if (!t)
        return false;
    rt_rcu_read_lock();
    const struct rt_stream *s = rt_stream_resolve(t, rec);
    bool wanted = s && rt_stream_takes_rows(s);
    rt_rcu_read_unlock();
    return wanted;
}

bool rt_log_stands(rr_recording_stream rec, rr_error *err)
{
    const struct rt_thread *t = rt_thread();
    if (!t)
        return false;
    rt_rcu_read_lock();
    const struct rt_stream *s = rt_stream_resolve(t, rec);
    bool stands = s && rt_stream_takes_rows(s);
    rt_rcu_read_unlock();
    if (!s && rec < RR_REC_STREAM_CURRENT_BLUEPRINT)
        rt_fail(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "no such recording stream: handle %u", rec);
    return stands;
}

/* ---------------------------------------------------------------- what the row says beside its values */

/* Adds log_tick to the times of the user, in its place. @out has room for RT_TIMELINES_MOST + 1. Return: how many there are. */
static uint32_t with_tick(const struct rt_times *times, int64_t tick, struct rt_row_time *out)
{
    static const char name[] = "log_tick";
    const struct rt_row_time own = {name, sizeof name - 1, RR_TIME_TYPE_SEQUENCE, tick};
    uint32_t n = 0, total = times ? times->n : 0;
    bool done = false;
    for (uint32_t i = 0; i < total; i++) {
        const struct rt_row_time *t = &times->list[i];
        int order = memcmp(t->timeline, name, t->len < own.len ? t->len : own.len);
        order = order ? order : (int)t->len - (int)own.len;
        if (order >= 0 && !done) {
            out[n++] = own;
            done = true;
        }
        if (order)
            out[n++] = *t;
    }
    if (!done)
        out[n++] = own;
    return n;
}

struct row {
    struct rt_row_head head;
    struct rt_row_time times[RT_TIMELINES_MOST + 1];
    uint32_t n_ticked; /* times with log_tick, 0 = it has none yet; a row that waits for room keeps its tick */
    bool staged;
};

/* Inside a read section. */
static void describe(struct row *r, struct rt_thread *t, struct rt_stream *s, uint32_t flags)
{
    r->head.stream = s->handle;
    r->head.generation = rt_load_acquire(&s->generation_mt);
    r->head.flags = (uint8_t)((flags & RT_LOG_STATIC ? RT_ROW_STATIC : 0) | (flags & RT_LOG_TEXT ? RT_ROW_TEXT : 0) |
                              (flags & RT_LOG_URGENT ? RT_REC_URGENT : 0));
    if (flags & RT_LOG_STATIC)
        return;
    const struct rt_times *times = rt_thread_times(t, s->key);
    r->head.times = times ? times->list : NULL;
    r->head.n_times = times ? times->n : 0;
    if (flags & RT_LOG_NO_TIME)
        return;
    if (rt_load_relaxed(&s->log_time_mt))
        r->head.flags |= RT_REC_LOG_TIME;
    if (rt_load_relaxed(&s->log_tick_mt)) {
        if (!r->n_ticked)
            r->n_ticked = with_tick(times, (int64_t)rt_add_relaxed(&s->tick_mt, 1), r->times);
        r->head.times = r->times;
        r->head.n_times = r->n_ticked;
    }
}

struct rt_tuid rt_lane_row_id(struct rt_lane *l, int64_t time_ns)
{
    uint64_t ns = time_ns ? (uint64_t)time_ns : rt_real_ns();
    if (!time_ns && ns < l->last_ns)
        ns = l->last_ns;
    if (!time_ns)
        l->last_ns = ns;
    if (ns <= l->last_id_ns) /* only where the time does not tell it from the one before: what stays equal costs no bytes in a file */
        l->n_rows++;
    l->last_id_ns = ns;
    return (struct rt_tuid){ns, (rt_core.id_base + ((uint64_t)l->number << 40 | l->n_rows)) & INT64_MAX};
}

/* ---------------------------------------------------------------- into the lane */

/* The record where it is too large for a ring: it stands in the heap, and the lane holds its address. Return: 1 done, 0 no room, -errno. */
static int put_outside(struct rt_lane *l, const struct row *row, int64_t time_ns, const struct rt_value *values, uint32_t n,
                       const uint32_t *sizes, uint64_t bytes, uint64_t moved)
{
    struct rt_rec_outside *o = rt_lane_reserve(l, sizeof *o);
    if (!o)
        return 0;
    if (!rt_moved_admit(bytes + moved))
        return -EAGAIN;
    struct rt_moved *m = rt_moved_row_new(bytes);
    if (m)
        m->bytes = bytes + moved;
    if (!m || rt_record_write(&row->head, rt_lane_row_id(l, time_ns), values, n, sizes, bytes, m->record) < 0) {
        if (m)
            rt_moved_free(m);
        else
            rt_moved_withdraw(bytes + moved);
        return -ENOMEM;
    }
    *o = (struct rt_rec_outside){{sizeof *o, RT_REC_OUTSIDE, 0}, m};
    rt_lane_commit(l, sizeof *o);
    return 1;
}

static int put(struct rt_lane *l, const struct row *row, int64_t time_ns, const struct rt_value *values, uint32_t n,
               const uint32_t *sizes, uint64_t bytes, uint64_t moved)
{
    if (bytes > l->write->size / 4 || moved)
        return put_outside(l, row, time_ns, values, n, sizes, bytes, moved);
    void *p = rt_lane_reserve(l, (uint32_t)bytes);
    if (!p)
        return 0;
    rt_record_write(&row->head, rt_lane_row_id(l, time_ns), values, n, sizes, bytes, p);
    rt_lane_commit(l, (uint32_t)bytes);
    return 1;
}

void rt_lane_wait_for_worker(struct rt_lane *l, uint64_t moved)
{
    int saved = errno; /* the program's */
    rt_worker_start();
    if (!rt_worker_stand_in()) {
        rt_worker_ring(RT_RING_FILLING);
        if (moved)
            rt_moved_wait(moved, WAIT_MS);
        else
            rt_lane_wait(l, WAIT_MS);
    }
    errno = saved;
}

/* No room. Return: false when the row is dropped. Outside of a read section. */
static bool wait_for_room(struct rt_thread *t, rr_recording_stream handle, uint64_t moved)
{
    bool drop = rt_worker_is_me();
    rt_rcu_read_lock();
    struct rt_stream *s = rt_stream_resolve(t, handle);
    drop |= s && s->full_policy == RR_FULL_DROP_NEWEST;
    if (drop && s)
        rt_add_relaxed(&s->dropped_mt, 1);
    rt_rcu_read_unlock();
    rt_worker_start();
    rt_worker_ring(RT_RING_FILLING);
    if (!drop)
        rt_lane_wait_for_worker(t->lane, moved);
    return !drop;
}

static rr_error_code log_values(struct rt_thread *t, rr_recording_stream handle, struct row *row, uint32_t flags, int64_t time_ns,
                                const struct rt_value *values, uint32_t n, uint32_t *sizes, rr_error *err)
{
    for (unsigned tries = 0;;) {
        rt_rcu_read_lock();
        struct rt_stream *s = rt_stream_resolve(t, handle);
        if (!s || !rt_stream_takes_rows(s)) {
            rt_rcu_read_unlock();
            return s || handle >= RR_REC_STREAM_CURRENT_BLUEPRINT
                ? RR_ERROR_CODE_OK
                : rt_fail(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "no such recording stream: handle %u", handle);
        }
        if (s->owner) {
            rt_rcu_read_unlock();
            return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "an owner stream takes batches only");
        }
        describe(row, t, s, flags);
        row->head.copies = row->staged = rt_is_staged(s);
        uint64_t moved = 0, bytes = rt_record_size(&row->head, values, n, sizes, &moved);
        if (bytes && row->staged) {
            int r = rt_staged_row(t, s, &row->head, rt_lane_row_id(t->lane, time_ns), values, n, sizes, bytes);
            bool again = rt_staged_later(s, r);
            rt_rcu_read_unlock();
            if (!again)
                return r >= 0 ? RR_ERROR_CODE_OK : rt_staged_fail(r, bytes, err);
            if (!rt_staged_wait(s, r, 1, &tries))
                return RR_ERROR_CODE_OK;
            continue;
        }
        int r = bytes ? put(t->lane, row, time_ns, values, n, sizes, bytes, moved) : -EOVERFLOW;
        if (r < 0 && r != -EAGAIN)
            rt_add_relaxed(&s->dropped_mt, 1);
        rt_rcu_read_unlock();
        if (r > 0)
            return RR_ERROR_CODE_OK;
        if (r == -EOVERFLOW)
            return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "a row of more than 1 GiB");
        if (r < 0 && r != -EAGAIN)
            return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory for a row of %llu bytes", (unsigned long long)bytes);
        if (!wait_for_room(t, handle, r == -EAGAIN ? bytes + moved : 0))
            return RR_ERROR_CODE_OK;
    }
}

/* ---------------------------------------------------------------- entry */

/* Outcomes of rt_path_parse() for the user. */
rr_error_code rt_path_fail(int outcome, const char *path, size_t len, rr_error *err)
{
    int n = len > 200 ? 200 : (int)len;
    switch (outcome) {
    case RT_PATH_E_RESERVED:
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "entity_path: parts that begin with __ are reserved: %.*s", n, path);
    case RT_PATH_E_UTF8:
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "entity_path is not UTF-8 or holds a NUL");
    default:
        return rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "entity_path has more than %u bytes: %.*s…", RT_PATH_MOST, n, path);
    }
}

static rr_error_code log_parsed(struct rt_thread *t, rr_recording_stream rec, const char *path, size_t len, struct row *row, uint32_t flags,
                                int64_t time_ns, const struct rt_value *values, uint32_t n, uint32_t *sizes, rr_error *err)
{
    char room[RT_PATH_MOST + 1];
    size_t parsed;
    int r = rt_path_parse(path, len, room, sizeof room, &parsed);
    if (r == RT_PATH_E_RESERVED && flags & RT_LOG_RESERVED)
        r = 0;
    if (r == 0 && parsed > RT_PATH_MOST)
        r = RT_PATH_E_LONG;
    if (r)
        return rt_path_fail(r, path, len, err);
    rt_path_warn(path, len, room, parsed);
    row->head.path = room;
    row->head.path_len = (uint32_t)parsed;
    return log_values(t, rec, row, flags, time_ns, values, n, sizes, err);
}

static __attribute__((noinline)) rr_error_code log_any(struct rt_thread *t, rr_recording_stream rec, const char *path, size_t path_len,
                                                       uint32_t flags, int64_t time_ns, const struct rt_value *values, uint32_t n,
                                                       rr_error *err)
{
    uint32_t few[FEW_VALUES], *sizes = few;
    struct row row;
    rr_error_code code;
    if (n > UINT16_MAX)
        return rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "%u components in a row, at most %u are possible", n, UINT16_MAX);
    if (n > FEW_VALUES && !(sizes = malloc(n * sizeof *sizes)))
        return rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory");
    row.head = (struct rt_row_head){.path = path, .path_len = (uint32_t)path_len};
    row.n_ticked = 0;
    row.staged = false;
    char usual[RT_USUAL_PATH];
    if (path_len && path_len < RT_USUAL_PATH && path[0] != '/' && rt_path_is_clean_behind_slash(path, path_len)) {
        usual[0] = '/';
        memcpy(usual + 1, path, path_len);
        row.head.path = usual;
        row.head.path_len++;
        code = log_values(t, rec, &row, flags, time_ns, values, n, sizes, err);
    } else if (path_len <= RT_PATH_MOST && rt_path_is_clean(path, path_len))
        code = log_values(t, rec, &row, flags, time_ns, values, n, sizes, err);
    else
        code = log_parsed(t, rec, path, path_len, &row, flags, time_ns, values, n, sizes, err);
    if (sizes != few)
        free(sizes);
    if (row.staged)
        return code;
    rt_worker_start();
    rt_worker_ring(rt_lane_is_filling(t->lane) || rt_moved_is_filling() ? RT_RING_FILLING : flags & RT_LOG_URGENT ? RT_RING_URGENT : RT_RING_ROW);
    return code;
}

rr_error_code rt_log_row(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                         const struct rt_value *values, uint32_t n, rr_error *err)
{
    struct rt_plain_cell cells[RT_PLAIN_CELLS_MOST];
    struct rt_thread *t = rt_thread();
    if (!t) /* nothing can be kept; in a child that nobody prepared nothing is said of it either */
        return rt_load_relaxed(rt_epoch) ? rt_fail(err, RR_ERROR_CODE_OUT_OF_MEMORY, "out of memory for a thread's first row") : RR_ERROR_CODE_OK;
    if (rt_plain_cells(values, n, cells) && rt_log_plain(rec, path, path_len, flags, time_ns, cells, n) != RT_PLAIN_NOT)
        return RR_ERROR_CODE_OK;
    return log_any(t, rec, path, path_len, flags, time_ns, values, n, err);
}
