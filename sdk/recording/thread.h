/* What the library knows of one thread: its lane, its current streams, its times. */
#ifndef RT_RECORDING_THREAD_H
#define RT_RECORDING_THREAD_H

#include "recording/core.h"
#include "recording/row.h"

#define RT_TIMELINES_MOST 64u /* of a thread in one store */

struct rt_times { /* of one store */
    struct rt_store_key *key; /* counted */
    uint32_t n;
    struct rt_row_time *list; /* sorted by name; names owned */
};

enum { RT_SEEN_PATHS = 8, RT_SEEN_BYTES = 56 };

/* An entity path that was found to be plain (plain.c); len 0: none. */
struct rt_seen_path {
    uint64_t len;
    char text[RT_SEEN_BYTES];
};

struct rt_thread {
    uint32_t epoch;         /* of the process that made the lane */
    struct rt_lane *lane;
    struct rt_stream *local[2]; /* by kind - 1; counted */
    struct rt_times *times;
    uint32_t n_times, last_times; /* last_times: the store used last */
    struct rt_seen_path seen[RT_SEEN_PATHS];
    /* for streams that are staged (staged.c) */
    struct rt_writer_thread *speaker;
    uint64_t *told;         /* bits: component types that the collector knows from this thread */
    uint32_t n_told, speaker_epoch;
};

extern __thread struct rt_thread *rt_self __attribute__((visibility("hidden"), tls_model("initial-exec")));

struct rt_thread *rt_thread_slow(void);
/* The calling thread's, with a lane of this process. Return: NULL without memory, and in a child that nobody prepared (_Fork).
 * Threads: any. Allocates: the first time. */
static inline struct rt_thread *rt_thread(void)
{
    struct rt_thread *t = rt_self;
    return t && t->epoch == rt_load_relaxed(rt_epoch) && t->epoch ? t : rt_thread_slow();
}
/* What a log call of @handle is for. Inside a read section. Return: NULL when there is none. */
static inline struct rt_stream *rt_stream_resolve(const struct rt_thread *t, rr_recording_stream handle)
{
    int kind = handle == RR_REC_STREAM_CURRENT_BLUEPRINT;
    if (handle < RR_REC_STREAM_CURRENT_BLUEPRINT)
        return rt_stream_find(handle);
    return t->local[kind] ? t->local[kind] : rt_rcu_load(&rt_core.global_mt[kind]);
}
static inline bool rt_stream_takes_rows(const struct rt_stream *s)
{
    return s->enabled && !rt_load_relaxed(&rt_core.off_mt);
}
/* The times of @key's store; NULL when there are none. */
const struct rt_times *rt_thread_times(struct rt_thread *t, const struct rt_store_key *key);
/* Copies. gives the type that the timeline had in this thread, 0 = none. Return: 0, -ENOMEM, -E2BIG (RT_TIMELINES_MOST). */
int rt_thread_set_time(struct rt_thread *t, struct rt_store_key *key, const char *name, size_t len, rr_time_type type,
                       int64_t value, uint8_t *ret_old_type);
/* Has the thread such a timeline? gives its type. */
bool rt_thread_time_type(struct rt_thread *t, const struct rt_store_key *key, const char *name, size_t len, uint8_t *ret_type);
void rt_thread_clear_time(struct rt_thread *t, const struct rt_store_key *key, const char *name, size_t len);
void rt_thread_reset_time(struct rt_thread *t, const struct rt_store_key *key);
void rt_thread_init(void);

#endif
