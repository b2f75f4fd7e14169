/* The live half of the SDK: streams that many threads log into, and the one worker that does their work.
 *
 *   log call ─▶ thread (TLS): lane, times, own current streams         thread.h
 *      │  in one read section: handle or current ─▶ stream ─▶ generation, switches; record into the lane
 *      ▼
 *   lanes ─▶ worker: drains all, rows into each stream's recording, chunks when a tick is due        worker.h
 *      ▲
 *   requests: flush, another set of sinks, the end of a stream: run by the worker between two drains, waited for by whoever asked
 *
 * A stream is counted: its handle, the global slot, each thread's slot. Whoever drops the last count has the worker end it: a grace period,
 * all lanes drained, the sinks closed. A swap of sinks publishes generation n + 1, waits a grace period, drains every lane to the head it then
 * had (a lane that already holds rows of n + 1 waits), hands over and closes n: a row belongs to the generation in whose read section it was
 * reserved.
 *
 * Locks: registry (slots, counts of store keys, defaults; short, never with I/O) and work (all recordings; held by the worker while it works).
 * Order: work, then registry. Logging takes neither.
 *
 * Fork: the child starts with no worker and new lanes; each stream gets a recording of its own at its first use (fork.c). */
#ifndef RT_RECORDING_CORE_H
#define RT_RECORDING_CORE_H

#include <pthread.h>

#include "base/rcu.h"
#include "recording/lane.h"
#include "recording/log.h"
#include "recording/recording.h"

#define RT_STREAM_BITS 14u
#define RT_STREAMS_MOST ((1u << RT_STREAM_BITS) - 1) /* open at once in a process */
#define RT_SINKS_MOST 64u                            /* of one stream */

/* Ids that several streams may share; times of a thread are per store. */
struct rt_store_key {
    struct rt_store_key *next; /* registry */
    uint32_t refs_mt;          /* the last one goes under registry */
    uint32_t live_mt;          /* streams with it */
    rr_store_kind kind;
    char *application_id, *recording_id;
};

struct rt_staged; /* staged.h */

struct rt_stream {
    /* read by those who log */
    uint32_t handle;
    uint32_t generation_mt;
    bool enabled, owner;
    uint8_t full_policy;        /* RR_FULL_* */
    uint8_t log_time_mt, log_tick_mt;
    bool compact, properties;   /* of its files: written anew at the close; with the recording's properties */
    rr_store_kind kind;
    struct rt_store_key *key;
    struct rt_staged *staged_mt; /* rows go to a collector; NULL = to the worker */
    _Alignas(64) uint64_t tick_mt; /* log_tick, written by every row while it is on */
    uint64_t dropped_mt;           /* rows that found no room */
    _Alignas(64) uint32_t refs_mt;
    bool handle_counts;         /* registry: the handle is one of the counts */
    float flush_timeout;        /* seconds; < 0 = as long as bytes move */
    uint8_t flush_started_mt;   /* 1: a flush that nobody waits for any more may hold a count */
    /* the worker's */
    struct rt_recording *recording; /* NULL in a child until its first use */
    struct rt_recording_config config;
    uint32_t active;            /* generation whose rows may be appended */
    uint64_t flushed_ns, n_rows; /* last cut; rows since */
    uint64_t n_all;             /* rows ever */
    bool urgent, failed_told;
    char failure[RT_ERROR_MAX];    /* why rows of these sinks are lost; "" = none are */
    uint64_t lost_told;
    struct rt_stream *retired;  /* list of those to be ended */
    /* registry: what a child makes its sinks of */
    struct rt_sink *sinks[RT_SINKS_MOST];
    uint32_t n_sinks;
    bool swapping;
    char *recording_name;
    int64_t start_time_ns;
    uint64_t buffer_limit;
};

struct rt_worker {
    pthread_t thread;
    pthread_mutex_t work;      /* all recordings */
    pthread_mutex_t requests_lock;
    pthread_cond_t answered;
    struct rt_request *first, **last;
    uint32_t started_mt;       /* 0 none, 1 runs, 2 could not be started */
    uint32_t bell_mt;          /* futex word: RT_BELL_* */
    uint64_t progress_mt;      /* grows while work gets on */
    struct rt_stream *retired_mt; /* without a count; the worker ends them */
};

struct rt_core {
    struct rt_lanes lanes;
    struct rt_worker worker;
    struct rt_stream *handles_mt[RT_STREAMS_MOST + 1]; /* RCU; by slot. Slot 0 is never used */
    struct rt_stream *streams_mt[RT_STREAMS_MOST + 1]; /* written under registry; the worker's: as long as rows can come */
    uint32_t handle_generation[RT_STREAMS_MOST + 1];   /* registry */
    uint32_t last_slot, pid;                           /* registry */
    uint32_t n_streams_mt;
    struct rt_stream *global_mt[2];                    /* RCU; by kind - 1; counted */
    uint32_t off_mt;                                   /* rr_set_enabled(false) */
    uint64_t id_base;                                  /* random; part of row ids */
    pthread_mutex_t registry;
};
extern struct rt_core rt_core __attribute__((visibility("hidden")));

/* One page that a fork clears: differs in every child, 0 where nobody prepared the library for it (_Fork, raw clone). */
extern uint32_t *rt_epoch __attribute__((visibility("hidden")));

/* Everything that is done once a process; from each function that may be the first. Threads: any. */
void rt_core_init(void);
void rt_warn_init(void);
void rt_warn_in_child(void);
void rt_fork_init(void);
void rt_exit_init(void);

/* ---------------------------------------------------------------- stream.c */
/* Makes and registers a stream with a count for its handle; takes @sinks, @n of them. Return: NULL with *err. */
struct rt_stream *rt_stream_new(const rr_stream_options *o, const char *recording_id, bool enabled, struct rt_sink *const *sinks,
                                uint32_t n, rr_error *err);
/* Counted; found by ids or made. NULL without memory. */
struct rt_store_key *rt_store_key_get(rr_store_kind kind, const char *application_id, const char *recording_id);
struct rt_store_key *rt_store_key_ref(struct rt_store_key *key);
void rt_store_key_unref(struct rt_store_key *key);
/* Inside a read section. Return: NULL when there is none; borrowed until the section ends. */
struct rt_stream *rt_stream_find(rr_recording_stream handle);
/* As find, with CURRENT resolved, and counted. rt_stream_unref() ends it. *ret NULL and 0 when CURRENT has none. Return: 0 or 0x14. */
rr_error_code rt_stream_get(rr_recording_stream handle, struct rt_stream **ret, rr_error *err);
bool rt_stream_ref(struct rt_stream *s);
/* @wait: when it was the last count, wait until the stream has ended (as its flush_timeout says). */
void rt_stream_unref(struct rt_stream *s, bool wait, rr_error *err);
/* Replaces the sinks; takes them, also on failure. Return: 0 or a code with *err. */
rr_error_code rt_stream_set_sinks(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, rr_error *err);
/* Its sinks are about to go: nobody, and no child, looks at them any more. */
void rt_stream_forget_sinks(struct rt_stream *s);
/* Rows go to a collector from now on, as @g, which it takes, says; its recording is the collector's. Work lock held. */
void rt_stream_hand_over(struct rt_stream *s, struct rt_staged *g);
/* In a child: rows go to the worker after all, into the files that @g names. */
void rt_stream_unstage(struct rt_stream *s, struct rt_staged *g);
/* Calls with its handle find it no longer; or find it again. */
void rt_stream_forget(struct rt_stream *s);
void rt_stream_remember(struct rt_stream *s);
/* Rows so far become chunks and reach the operating system; with @sync the disk. rt_worker_do() says how it waits. */
enum { RT_FLUSH_SYNC = 1, RT_FLUSH_REST = 2 /* without a word of rows that were lost before */ };
rr_error_code rt_stream_flush(struct rt_stream *s, double timeout_sec, unsigned how, rr_error *err);
/* Starts a flush and does not wait. */
void rt_stream_flush_start(struct rt_stream *s);
/* Waits for flushes that were started and not waited for: they hold counts. */
void rt_stream_flush_await(struct rt_stream *s);
/* Of all streams; an rt_work (worker.h). Return: 0, whatever becomes of the rows: they are counted. */
int rt_streams_flush(struct rt_stream *none, void *nothing, uint64_t deadline_ns, struct rt_error *err);
/* The handle is no count any more: slots alone own the stream. */
void rt_stream_disown(struct rt_stream *s);
/* Of an owner stream: everything goes as it is. */
void rt_stream_abandon(struct rt_stream *s);
void rt_core_random(void);
/* A message for a failed rt_worker_do(). */
rr_error_code rt_stream_fail(int r, const struct rt_error *e, rr_error *err);
/* Ends a stream: closes sinks, frees. Worker. */
int rt_stream_end(struct rt_stream *s, uint64_t deadline_ns, struct rt_error *err);
struct rt_recording *rt_stream_recording_slow(struct rt_stream *s);
/* Its recording, made anew in a child. NULL without memory. Worker. */
static inline struct rt_recording *rt_stream_recording(struct rt_stream *s)
{
    return s->recording ? s->recording : rt_stream_recording_slow(s);
}

/* ---------------------------------------------------------------- env.c */
struct rt_env {
    int enabled;             /* RERUN: -1 not set, 0, 1 */
    int strict;              /* RERUN_STRICT */
    bool log_time, log_tick; /* RERUN_LOG_TIME, RERUN_LOG_TICK */
    bool collect;            /* RETAP_COLLECT */
};
const struct rt_env *rt_env(void);
/* RERUN: 0, 1; -1 = it has no say. */
int rt_env_enabled(void);
/* The process' default recording id: RETAP_RECORDING_ID, rr_set_default_recording_id(), else random. */
const char *rt_default_recording_id(void);
/* The same when some stream has got it, else NULL. */
const char *rt_default_recording_id_made(void);

#endif
