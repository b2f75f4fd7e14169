#include "recording/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

__thread struct rt_thread *rt_self;

static pthread_key_t key;

static void times_free(struct rt_times *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        free((char *)(uintptr_t)t->list[i].timeline);
    free(t->list);
    rt_store_key_unref(t->key);
}

/* At a thread's end. A later destructor of the host that logs gets a new struct rt_thread, and this is called again. */
static void thread_end(void *arg)
{
    struct rt_thread *t = arg;
    struct rt_stream *local[2] = {t->local[0], t->local[1]};
    t->local[0] = t->local[1] = NULL;
    if (t->lane && t->epoch == rt_load_relaxed(rt_epoch))
        rt_lane_leave(t->lane);
    for (uint32_t i = 0; i < t->n_times; i++)
        times_free(&t->times[i]);
    free(t->times);
    free(t->speaker);
    free(t->told);
    free(t);
    rt_self = NULL;
    for (int i = 0; i < 2; i++)
        if (local[i])
            rt_stream_unref(local[i], false, NULL);
}

void rt_thread_init(void)
{
    pthread_key_create(&key, thread_end);
}

static struct rt_thread *thread_make(void)
{
    rt_core_init();
    uint32_t epoch = rt_load_relaxed(rt_epoch);
    struct rt_thread *t = rt_self;
    if (!epoch)
        return NULL;
    if (!t) {
        t = calloc(1, sizeof *t);
        if (!t || pthread_setspecific(key, t)) {
            free(t);
            return NULL;
        }
        rt_self = t;
    }
    if (t->epoch != epoch) {
        t->lane = rt_lane_take(&rt_core.lanes);
        if (!t->lane)
            return NULL;
        rt_rcu_read_lock(); /* registers the thread */
        rt_rcu_read_unlock();
        t->epoch = epoch;
    }
    return t;
}

struct rt_thread *rt_thread_slow(void)
{
    int saved = errno; /* of who logs */
    struct rt_thread *t = thread_make();
    errno = saved;
    return t;
}

/* ---------------------------------------------------------------- times */

/* Those of stores without a stream go, when there is a new one. */
static void sweep(struct rt_thread *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < t->n_times; i++) {
        if (rt_load_relaxed(&t->times[i].key->live_mt))
            t->times[kept++] = t->times[i];
        else
            times_free(&t->times[i]);
    }
    t->n_times = kept;
    t->last_times = 0;
}

static struct rt_times *find_times(struct rt_thread *t, const struct rt_store_key *store)
{
    if (t->last_times < t->n_times && t->times[t->last_times].key == store)
        return &t->times[t->last_times];
    for (uint32_t i = 0; i < t->n_times; i++)
        if (t->times[i].key == store) {
            t->last_times = i;
            return &t->times[i];
        }
    return NULL;
}

const struct rt_times *rt_thread_times(struct rt_thread *t, const struct rt_store_key *store)
{
    return t->n_times ? find_times(t, store) : NULL;
}

static struct rt_times *make_times(struct rt_thread *t, struct rt_store_key *store)
{
    struct rt_times *p = find_times(t, store);
    if (p)
        return p;
    sweep(t);
    p = realloc(t->times, (t->n_times + 1) * sizeof *p);
    if (!p)
        return NULL;
    t->times = p;
    t->last_times = t->n_times;
    p[t->n_times] = (struct rt_times){.key = rt_store_key_ref(store)};
    return &p[t->n_times++];
}

/* Where @name stands, or would. Return: is it there? */
static bool find_timeline(const struct rt_times *p, const char *name, size_t len, uint32_t *ret)
{
    uint32_t i = 0;
    for (; i < p->n; i++) {
        size_t k = len < p->list[i].len ? len : p->list[i].len;
        int order = memcmp(p->list[i].timeline, name, k);
        if (order == 0)
            order = (int)p->list[i].len - (int)len;
        if (order >= 0) {
            *ret = i;
            return order == 0;
        }
    }
    *ret = i;
    return false;
}

int rt_thread_set_time(struct rt_thread *t, struct rt_store_key *store, const char *name, size_t len, rr_time_type type,
                       int64_t value, uint8_t *ret_old_type)
{
    struct rt_times *p = make_times(t, store);
    uint32_t at;
    *ret_old_type = 0;
    if (!p)
        return -ENOMEM;
    if (find_timeline(p, name, len, &at)) {
        *ret_old_type = p->list[at].type;
        p->list[at].type = (uint8_t)type;
        p->list[at].value = value;
        return 0;
    }
    if (p->n >= RT_TIMELINES_MOST)
        return -E2BIG;
    struct rt_row_time *list = realloc(p->list, (p->n + 1) * sizeof *list);
    char *copy = list ? malloc(len) : NULL;
    p->list = list ? list : p->list;
    if (!copy)
        return -ENOMEM;
    memcpy(copy, name, len);
    memmove(list + at + 1, list + at, (p->n - at) * sizeof *list);
    list[at] = (struct rt_row_time){copy, (uint8_t)len, (uint8_t)type, value};
    p->n++;
    return 0;
}

bool rt_thread_time_type(struct rt_thread *t, const struct rt_store_key *store, const char *name, size_t len, uint8_t *ret_type)
{
    const struct rt_times *p = find_times(t, store);
    uint32_t at;
    bool found = p && find_timeline(p, name, len, &at);
    if (found)
        *ret_type = p->list[at].type;
    return found;
}

void rt_thread_clear_time(struct rt_thread *t, const struct rt_store_key *store, const char *name, size_t len)
{
    struct rt_times *p = find_times(t, store);
    uint32_t at;
    if (p && find_timeline(p, name, len, &at)) {
        free((char *)(uintptr_t)p->list[at].timeline);
        memmove(p->list + at, p->list + at + 1, (p->n - at - 1) * sizeof *p->list);
        p->n--;
    }
}

void rt_thread_reset_time(struct rt_thread *t, const struct rt_store_key *store)
{
    struct rt_times *p = find_times(t, store);
    while (p && p->n)
        free((char *)(uintptr_t)p->list[--p->n].timeline);
}
