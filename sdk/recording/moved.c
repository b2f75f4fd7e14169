#include "recording/moved.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/futex.h"

static uint64_t on_their_way_mt;
static uint32_t arrivals_mt, waiters_mt; /* arrivals: futex word, counts while somebody waits */

static bool fits(uint64_t before, uint64_t bytes)
{
    return !before || before + bytes <= RT_MOVED_MOST; /* one alone may be larger */
}

bool rt_moved_admit(uint64_t bytes)
{
    uint64_t n = rt_load_relaxed(&on_their_way_mt);
    while (fits(n, bytes))
        if (rt_cas_seq_cst(&on_their_way_mt, &n, n + bytes))
            return true;
    return false;
}

bool rt_moved_is_filling(void)
{
    return rt_load_relaxed(&on_their_way_mt) > RT_MOVED_MOST / 16;
}

void rt_moved_withdraw(uint64_t bytes)
{
    uint64_t left = rt_add_seq_cst(&on_their_way_mt, -bytes) - bytes; /* before waiters is looked at: see rt_moved_wait() */
    if (left > RT_MOVED_MOST / 2 || !rt_load_seq_cst(&waiters_mt)) /* all are woken: when there is room for many */
        return;
    rt_add_acq_rel(&arrivals_mt, 1);
    rt_futex_private(&arrivals_mt, FUTEX_WAKE, INT_MAX, NULL);
}

void rt_moved_wait(uint64_t bytes, unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    uint32_t seen = rt_load_acquire(&arrivals_mt);
    rt_add_seq_cst(&waiters_mt, 1);
    if (!fits(rt_load_seq_cst(&on_their_way_mt), bytes))
        rt_futex_private(&arrivals_mt, FUTEX_WAIT, seen, &t);
    rt_add_seq_cst(&waiters_mt, (uint32_t)-1);
}

struct rt_moved *rt_moved_row_new(uint64_t record_bytes)
{
    struct rt_moved *m = malloc(sizeof *m + record_bytes);
    if (m) {
        *m = (struct rt_moved){.is_row = true};
        ((struct rt_rec *)(void *)m->record)->bytes = 0;
    }
    return m;
}

/* One block for everything but the arrays' own memory. */
struct rt_moved *rt_moved_columns_new(const char *path, uint32_t path_len, rr_time_column *times, uint32_t n_times,
                                      rr_component_column *columns, const struct rt_component_type *const *types, uint32_t n_columns)
{
    size_t names = 0;
    for (uint32_t i = 0; i < n_times; i++)
        names += times[i].timeline.name.length_in_bytes;
    size_t size = sizeof(struct rt_moved) + n_times * (sizeof *times + sizeof(struct rt_time_column)) +
        n_columns * (sizeof *columns + sizeof(struct rt_list_column)) + names + path_len;
    struct rt_moved *m = malloc(size);
    if (!m)
        return NULL;
    *m = (struct rt_moved){.path_len = path_len, .n_times = n_times, .n_columns = n_columns};
    m->times = (void *)m->record;
    m->columns = (void *)(m->times + n_times);
    m->time_views = (void *)(m->columns + n_columns);
    m->column_views = (void *)(m->time_views + n_times);
    char *p = (void *)(m->column_views + n_columns);
    for (uint32_t i = 0; i < n_times; i++) {
        rr_string name = times[i].timeline.name;
        memcpy(p, name.utf8, name.length_in_bytes);
        m->times[i] = times[i];
        m->time_views[i] = (struct rt_time_column){p, name.length_in_bytes, (uint8_t)times[i].timeline.type, &m->times[i].array};
        times[i].array.release = NULL;
        p += name.length_in_bytes;
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        m->columns[i] = columns[i];
        m->column_views[i] = (struct rt_list_column){types[i], &m->columns[i].array};
        columns[i].array.release = NULL;
    }
    m->path = memcpy(p, path, path_len);
    return m;
}

int rt_moved_send(struct rt_moved *m, struct rt_recording *rec, struct rt_error *err)
{
    return rt_recording_columns(rec, m->path, m->path_len, m->id, m->time_views, m->n_times, m->column_views, m->n_columns, err);
}

static void release(struct ArrowArray *a)
{
    if (a->release)
        a->release(a);
}

void rt_moved_free(struct rt_moved *m)
{
    rt_moved_withdraw(m->bytes);
    if (m->is_row && ((struct rt_rec *)(void *)m->record)->bytes)
        rt_record_release((struct rt_row_rec *)(void *)m->record);
    for (uint32_t i = 0; i < m->n_times; i++)
        release(&m->times[i].array);
    for (uint32_t i = 0; i < m->n_columns; i++)
        release(&m->columns[i].array);
    free(m);
}
