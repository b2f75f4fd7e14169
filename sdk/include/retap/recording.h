/* retap/recording.h: recordings and who logs into which.
 *
 *   handle ──▶ stream ──▶ sinks          a log call looks up: the handle it was given, else (RR_CURRENT) the thread's
 *   thread-local ─┘ ▲                    own recording, else the global one; none: the call does nothing
 *   global ─────────┘
 *
 * A log call copies its row into a lane of its own thread and returns; one worker thread makes chunks of rows and gives them to the
 * sinks. A stream lives while anything refers to it: its handle, the global slot, a thread's slot, rows not yet written.
 *
 * Words: *takes*, *borrows*, *gives*, *copies* say who owns what. Handles are never 0. Structs begin with struct_size and are filled by
 * …_default(). A tri-state is 0 default, 1 on, 2 off. Functions with an rr_error write it on failure only, so that one can be passed
 * through many calls and looked at once. Return of bool and handle functions on failure: false, 0. */
#ifndef RETAP_RECORDING_H
#define RETAP_RECORDING_H

#include <stddef.h>
#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The current recording of the calling thread; another name of RR_REC_STREAM_CURRENT_RECORDING. */
#define RR_CURRENT RR_REC_STREAM_CURRENT_RECORDING

/* ---------------------------------------------------------------- when rows become chunks */

/** Whichever comes first cuts a chunk. Start from a preset: 0 bytes or 0 rows mean a chunk for every row. */
typedef struct rr_chunk_batcher_config {
    uint32_t struct_size;
    double flush_tick_secs;              /* seconds between two looks at what waits; infinity = never by time */
    uint64_t flush_num_bytes;            /* of one entity's rows in memory */
    uint64_t flush_num_rows;
    uint64_t chunk_max_rows_if_unsorted; /* rows of a chunk whose times are not ascending */
} rr_chunk_batcher_config;

rr_chunk_batcher_config rr_chunk_batcher_config_default(void);     /* 0.2 s, 2 MiB, no row limit, 8192: as the official SDK */
rr_chunk_batcher_config rr_chunk_batcher_config_low_latency(void); /* 8 ms, else as default: what network sinks use */
rr_chunk_batcher_config rr_chunk_batcher_config_always(void);      /* a chunk a row; for tests: each chunk costs memory until the close */
rr_chunk_batcher_config rr_chunk_batcher_config_never(void);       /* only by flush and close */
/** Default changed by RERUN_FLUSH_TICK_SECS, RERUN_FLUSH_NUM_BYTES, RERUN_FLUSH_NUM_ROWS, RERUN_CHUNK_MAX_ROWS_IF_UNSORTED. */
rr_chunk_batcher_config rr_chunk_batcher_config_from_env(void);

/* ---------------------------------------------------------------- streams */

/** What happens to a row that finds its lane full although the worker is at work. */
enum { RR_FULL_BLOCK = 0, RR_FULL_DROP_NEWEST = 1 };

struct rr_blueprint; /* retap/blueprint.h */

/** How a stream is opened. Start from rr_stream_options_default(); everything is borrowed during the call. */
typedef struct rr_stream_options {
    uint32_t struct_size;
    const char *application_id;  /* rewritten by Rerun's rule when it has other than [A-Za-z0-9_- []:] or > 180 bytes */
    const char *recording_id;    /* NULL = the process default: random once, inherited by fork and exec (RETAP_RECORDING_ID) */
    rr_store_kind store_kind;    /* 0 = RR_STORE_KIND_RECORDING */
    const char *recording_name;  /* NULL = none; property RecordingInfo:name */
    int64_t start_time_ns;       /* property RecordingInfo:start_time, ns since the epoch; 0 = now */
    uint8_t send_properties;     /* tri-state, default on */
    uint8_t default_enabled;     /* tri-state, default on; the environment's RERUN wins */
    uint8_t make_default;        /* 1: becomes the global recording */
    uint8_t make_thread_default; /* 1: becomes the calling thread's recording */
    uint8_t compact_at_close;    /* tri-state, default on: a file of many small chunks is written anew when it closes */
    uint8_t full_policy;         /* RR_FULL_* */
    const rr_chunk_batcher_config *batcher; /* NULL = environment, else the sinks' default (4096 rows or 384 KiB, 0.2 s) */
    uint64_t buffer_limit_bytes; /* of the buffered sink; 0 = unlimited. Beyond it the oldest chunks go, counted */
    const char *save;            /* path of an .rrd file; created or truncated */
    const char *connect;         /* URL of a gRPC server; "" = rerun+http://127.0.0.1:9876/proxy */
    float flush_timeout_sec;     /* of connect, and of free and close; < 0 = default: connect 2 s, free as long as bytes move */
    uint8_t to_stdout;           /* 1: RRD to standard output */
    const struct rr_blueprint *default_blueprint; /* NULL = none */
    uint8_t resume;              /* 1: save exists, with the same ids; it is cut to resume_bytes and continued. Owner only, see owner */
    uint64_t resume_bytes;       /* length of the part to keep: a frame boundary told by rr_recording_stream_durable_bytes() */
    uint8_t owner;               /* 1: one thread at a time uses the stream, by rr_text_columns(), rr_log_columns(), flush and close
                                    only; they work in the calling thread, without lanes and worker (the collector's way) */
} rr_stream_options;

/** All defaults; struct_size is set. */
rr_stream_options rr_stream_options_default(const char *application_id);

/**
 * Opens a recording with all that the options say; save, connect and to_stdout together make a tee; none of them buffers.
 * Return: a handle, or 0 with *err filled; the message names the option at stake.
 * Threads: any. Signals: not safe. Blocks: while files are created. Fork: the child has the stream, too, see rr_recording_stream_save().
 */
rr_recording_stream rr_recording_stream_open(const rr_stream_options *options, rr_error *err);

/** Flush and free, bounded by @timeout_sec (< 0: as long as bytes move); reports what was lost. The handle is gone whatever happens.
 * Return: 0 or the code also put in *err. Threads: any; from a callback of the library: only the handle goes, the rest is left to the worker. */
rr_error_code rr_recording_stream_close(rr_recording_stream rec, float timeout_sec, rr_error *err);

/** As flush, then fsync of files: what was logged before is on the disk. */
void rr_recording_stream_sync(rr_recording_stream rec, float timeout_sec, rr_error *err);
/** Closes all files and connections of the stream; what is logged from now on is buffered. */
void rr_recording_stream_disconnect(rr_recording_stream rec, rr_error *err);

/** Rows lost so far: full lanes (RR_FULL_DROP_NEWEST), failed sinks, the buffer's limit. */
uint64_t rr_recording_stream_dropped(rr_recording_stream rec);
/** Copies the id, NUL-terminated, cut to @len. Return: its length, 0 = no such stream. */
size_t rr_recording_stream_recording_id(rr_recording_stream rec, char *buf, size_t len);
size_t rr_recording_stream_application_id(rr_recording_stream rec, char *buf, size_t len);
/**
 * From now on the rows of the stream are staged in shared memory of a `retap collect` process, which writes its files: no row whose call returned is
 * lost when the program is killed. The collector is that of RETAP_RUN (`retap run`), else one is started: $RETAP_PATH, `retap` beside the library, or in
 * PATH; it ends with the last process that stages rows. Also for all streams, as they are opened, by RETAP_COLLECT=1 in the environment.
 *
 * Files only: sinks of other kinds, blueprints, batches (rr_text_columns()) and recordings that are sent on answer NOT_IMPLEMENTED. A row may have 256 MiB and
 * 4096 components. Arrow data is copied and released before a call returns. A caller waits for room up to 10 s, then the row is dropped, counted. Lines of
 * rr_log_signal_safe() are staged at once in a thread that has staged rows before, else with the next flush or the end of the stream. A stream with one file may have rows already, others none.
 *
 * Errors: 0x14; 0x101, naming what was tried: there is no collector, or it can't go on with the file, and the stream goes on as it was; 2 (see above).
 * Threads: any; rows that other threads log meanwhile may be lost. Blocks: while a collector starts, 5 s at most; flush, free and other sinks wait for its
 * answer. Fork: the child's rows go to files of its own, NAME.<pid>.rrd, through the same collector. */
void rr_recording_stream_collect(rr_recording_stream rec, rr_error *err);

/** Ends without a footer and without flushing (owner streams): the file stays as the last write left it. */
void rr_recording_stream_abandon(rr_recording_stream rec);
/** Bytes of whole frames in the file so far: what resume_bytes wants. */
uint64_t rr_recording_stream_durable_bytes(rr_recording_stream rec);
/** Rows waiting in memory for their chunk, and their bytes. */
uint64_t rr_recording_stream_pending_rows(rr_recording_stream rec, uint64_t *ret_bytes);

/* ---------------------------------------------------------------- init */

typedef struct rr_init_options {
    rr_stream_options stream;    /* make_default is implied; the global slot alone owns the stream */
    uint8_t init_logging;        /* tri-state, default on; off: no recording is created, strict mode and old recordings as with on */
    uint8_t strict;              /* tri-state; default: RERUN_STRICT, else off */
    uint8_t spawn;               /* 1: start a viewer and connect to it */
    uint8_t exp_init_blueprint;  /* 1: make and set a blueprint stream, too */
    uint8_t exp_add_to_app_default_blueprint; /* tri-state, default on: that stream becomes the application's default */
} rr_init_options;

/** All defaults; both struct_sizes are set. */
rr_init_options rr_init_options_default(const char *application_id);
/** Flushes all streams, frees those in no scope and without a caller's handle, then opens a new one and makes it global.
 * Return: its handle, owned by the global slot (do not free it); 0 on failure and with init_logging off. */
rr_recording_stream rr_init(const rr_init_options *options, rr_error *err);

/* ---------------------------------------------------------------- scopes */

/** What RR_CURRENT means in this thread, or @rec itself when it is a handle of a stream that exists; 0 = none. */
rr_recording_stream rr_get_data_recording(rr_recording_stream rec);
rr_recording_stream rr_get_global(rr_store_kind kind);
rr_recording_stream rr_get_thread_local(rr_store_kind kind);
/** As the official setters; 0 = none. Return: the handle of the previous one, 0 = none; it is the caller's to free from now on, also where the
 * slot alone had owned it (rr_init()). */
rr_recording_stream rr_swap_global(rr_recording_stream rec, rr_store_kind kind);
rr_recording_stream rr_swap_thread_local(rr_recording_stream rec, rr_store_kind kind);

/** A scope that was entered; left once, by the pop. */
typedef struct rr_scope {
    rr_recording_stream rec;
    void *previous;
    uint8_t entered, done;
} rr_scope;

/** Makes @rec the thread's recording until the pop, which flushes what this thread logged into it (start only) and restores the one before. */
rr_scope rr_recording_push(rr_recording_stream rec);
void rr_recording_pop(rr_scope *scope);

/** A block with a thread's recording of its own, restored at its end, at break and at return. longjmp out of it is not supported, and
 * `continue` leaves the block. */
#define RR_WITH_RECORDING(rec_) RR_IN_SCOPE_(RR_SCOPE_NAME_(__LINE__), rr_recording_pop, rr_recording_push(rec_))
#define RR_IN_SCOPE_(scope_, leave_, enter_) \
    for (rr_scope scope_ __attribute__((cleanup(leave_))) = enter_; !scope_.done; scope_.done = 1)
#define RR_SCOPE_NAME_(line_)  RR_SCOPE_NAME__(line_) /* so that scopes nest without a warning */
#define RR_SCOPE_NAME__(line_) rr_scope_##line_

/** A fresh stream (random id) for this thread; at the end flushed and dropped. Save or connect it inside, or it buffers in vain.
 * rr_current() names it. */
rr_scope rr_thread_local_stream_begin(const char *application_id);
void rr_thread_local_stream_end(rr_scope *scope);
#define RR_THREAD_LOCAL_STREAM(application_id_) \
    RR_IN_SCOPE_(RR_SCOPE_NAME_(__LINE__), rr_thread_local_stream_end, rr_thread_local_stream_begin(application_id_))
static inline rr_recording_stream rr_current(void) { return rr_get_data_recording(RR_CURRENT); }

/** For coroutines: suspend takes the thread's recording away and gives it in a token, resume makes it the (perhaps other) thread's again.
 * Who switches does both: suspend before, resume after; a caller that has a thread-local recording of its own, too.
 * A generator or coroutine that yields inside RR_WITH_RECORDING without these leaks its recording into its caller. */
typedef struct rr_context {
    void *rec, *blueprint;
} rr_context;
rr_context rr_context_suspend(void);
void rr_context_resume(rr_context context);

/* ---------------------------------------------------------------- process-wide switches */

/** All logging on or off; wins over the environment's RERUN. A stream's own default_enabled stays separate. */
void rr_set_enabled(bool enabled);
/** Strict: calls of retap.h that misuse the API report the error to the caller. Otherwise they warn once per site and go on. */
void rr_set_strict_mode(bool strict);
bool rr_strict_mode(void);
/** Where the library's own warnings go; one line without newline. NULL = a saved copy of fd 2, the default.
 * @handler may be called in any thread, also with locks of the library held: it must not call the library. */
typedef void (*rr_warning_handler)(void *ctx, const char *text);
void rr_set_warning_handler(rr_warning_handler handler, void *ctx);

/** The id that streams opened without one get; before the first such stream only. Return: 0, or 0x12 when it is too late or empty. */
rr_error_code rr_set_default_recording_id(const char *id, rr_error *err);
/** A random UUIDv4 as text (libuuid). */
void rr_new_recording_id(char out[37]);
/** What Rerun's readers make of an application id. Copies, cut to @len. Return: the length. */
size_t rr_sanitize_application_id(const char *id, char *buf, size_t len);

/* ---------------------------------------------------------------- time of the calling thread */

/** As rr_recording_stream_set_time(), without an error: what is wrong goes to the warning handler, once. Seconds are rounded to nanoseconds. */
void rr_set_time_sequence(rr_recording_stream rec, const char *timeline, int64_t value);
void rr_set_time_duration_ns(rr_recording_stream rec, const char *timeline, int64_t ns);
void rr_set_time_timestamp_ns(rr_recording_stream rec, const char *timeline, int64_t ns);
void rr_set_time_duration_secs(rr_recording_stream rec, const char *timeline, double seconds);
void rr_set_time_timestamp_secs(rr_recording_stream rec, const char *timeline, double seconds);
/** The old forms: a value from 1971 on is a time since the epoch, a smaller one a duration. */
void rr_set_time_seconds(rr_recording_stream rec, const char *timeline, double seconds);
void rr_set_time_nanos(rr_recording_stream rec, const char *timeline, int64_t ns);

/** Version of retap itself, e.g. "0.1.0" (rr_version_string() answers that of the official API). */
const char *rr_retap_version(void);

#ifdef __cplusplus
}
#endif

#endif
