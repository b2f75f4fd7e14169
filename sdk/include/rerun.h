/* rerun.h: the official C API of Rerun 0.41 (rerun_c), same names, same ABI. What retap adds is in retap.h.
 *
 * Errors: the last parameter, may be NULL; written only on failure, never reset, so the caller zeroes it. Strings: pointer and length,
 * copied during the call; length 0 is empty, whatever the pointer. Arrow arrays handed to log and send_columns are always taken: after the
 * call their release is NULL, also on failure. Handles start at 1; 0 is none. */
#ifndef RERUN_H
#define RERUN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RERUN_SDK_HEADER_VERSION       "0.41.0"
#define RERUN_SDK_HEADER_VERSION_MAJOR 0
#define RERUN_SDK_HEADER_VERSION_MINOR 41
#define RERUN_SDK_HEADER_VERSION_PATCH 0
#define RERUN_VERSION_GE(major, minor, patch)                                                             \
    ((RERUN_SDK_HEADER_VERSION_MAJOR) > (major) ||                                                        \
     ((RERUN_SDK_HEADER_VERSION_MAJOR) == (major) &&                                                      \
      ((RERUN_SDK_HEADER_VERSION_MINOR) > (minor) ||                                                      \
       ((RERUN_SDK_HEADER_VERSION_MINOR) == (minor) && (RERUN_SDK_HEADER_VERSION_PATCH) >= (patch)))))

#if defined(__GNUC__)
#define RR_DEPRECATED(msg) __attribute__((deprecated(msg)))
#else
#define RR_DEPRECATED(msg)
#endif

/* ---------------------------------------------------------------- Arrow C data interface */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/* ---------------------------------------------------------------- types */

/** UTF-8 without a NUL inside and none behind, borrowed during the call. Length 0 is empty, whatever the pointer; "optional" is empty, too. */
typedef struct rr_string {
    const char *utf8;
    uint32_t length_in_bytes;
} rr_string;

/** Any bytes. NULL is an error also with length 0. */
typedef struct rr_bytes {
    const uint8_t *bytes;
    uint32_t length;
} rr_bytes;

#ifndef __cplusplus
/** The string of a NUL-terminated text; NULL is empty. */
static inline rr_string rr_make_string(const char *utf8)
{
    rr_string s = {utf8, utf8 ? (uint32_t)strlen(utf8) : 0};
    return s;
}
#endif

typedef uint32_t rr_store_kind;
enum { RR_STORE_KIND_RECORDING = 1, RR_STORE_KIND_BLUEPRINT = 2 };

typedef uint32_t rr_recording_stream;
/** Stand for the current recording and blueprint: the thread's, else the global one; none: calls succeed and do nothing. */
#define RR_REC_STREAM_CURRENT_RECORDING ((rr_recording_stream)0xFFFFFFFF)
#define RR_REC_STREAM_CURRENT_BLUEPRINT ((rr_recording_stream)0xFFFFFFFE)

typedef uint32_t rr_component_type_handle;
#define RR_COMPONENT_TYPE_HANDLE_INVALID ((rr_component_type_handle)0xFFFFFFFF)

typedef struct rr_spawn_options {
    uint16_t port;                 /* 0 = 9876 */
    rr_string memory_limit;        /* empty = "75%" */
    rr_string server_memory_limit; /* empty = "1GiB" */
    bool hide_welcome_screen;
    bool detach_process;
    rr_string executable_name; /* empty = "rerun" */
    rr_string executable_path; /* empty = looked up in PATH */
} rr_spawn_options;

typedef struct rr_store_info {
    rr_string application_id;
    rr_string recording_id; /* empty = fresh */
    rr_store_kind store_kind;
} rr_store_info;

typedef struct rr_component_descriptor {
    rr_string archetype;
    rr_string component;
    rr_string component_type;
} rr_component_descriptor;

typedef struct rr_component_type {
    rr_component_descriptor descriptor;
    struct ArrowSchema schema;
} rr_component_type;

typedef struct rr_component_batch {
    rr_component_type_handle component_type;
    struct ArrowArray array;
} rr_component_batch;

typedef struct rr_data_row {
    rr_string entity_path;
    uint32_t num_component_batches;
    rr_component_batch *component_batches;
} rr_data_row;

typedef struct rr_component_column {
    rr_component_type_handle component_type;
    struct ArrowArray array; /* a List array */
} rr_component_column;

typedef uint32_t rr_sorting_status;
enum { RR_SORTING_STATUS_UNKNOWN = 0, RR_SORTING_STATUS_SORTED = 1, RR_SORTING_STATUS_UNSORTED = 2 };

typedef uint32_t rr_time_type;
enum { RR_TIME_TYPE_SEQUENCE = 1, RR_TIME_TYPE_DURATION = 2, RR_TIME_TYPE_TIMESTAMP = 3 };

typedef struct rr_timeline {
    rr_string name;
    rr_time_type type;
} rr_timeline;

typedef struct rr_time_column {
    rr_timeline timeline;
    struct ArrowArray array; /* int64, no nulls */
    rr_sorting_status sorting_status;
} rr_time_column;

typedef struct rr_grpc_sink {
    rr_string url;
    float flush_timeout_sec;
} rr_grpc_sink;

typedef struct rr_file_sink {
    rr_string path;
} rr_file_sink;

typedef struct rr_grpc_server_sink {
    rr_string bind_ip;
    uint16_t port;
    rr_string server_memory_limit;
    bool newest_first;
    const rr_string *cors_allow_origins;
    uint32_t num_cors_allow_origins;
} rr_grpc_server_sink;

typedef uint8_t rr_log_sink_kind;
enum { RR_LOG_SINK_KIND_GRPC = 0, RR_LOG_SINK_KIND_FILE = 1, RR_LOG_SINK_KIND_GRPC_SERVER = 2 };

typedef struct rr_log_sink {
    rr_log_sink_kind kind;
    union {
        rr_grpc_sink grpc;
        rr_file_sink file;
        rr_grpc_server_sink grpc_server;
    };
} rr_log_sink;

/** Declared by the official API, used by none of its functions. */
typedef struct rr_importer_settings {
    rr_string recording_id;
    rr_string entity_path_prefix;
    bool static_;
} rr_importer_settings;
typedef rr_importer_settings rr_data_loader_settings RR_DEPRECATED("use rr_importer_settings");

/* ---------------------------------------------------------------- errors */
typedef uint32_t rr_error_code;
enum {
    RR_ERROR_CODE_OK = 0x0,
    RR_ERROR_CODE_OUT_OF_MEMORY,
    RR_ERROR_CODE_NOT_IMPLEMENTED,
    RR_ERROR_CODE_SDK_VERSION_MISMATCH,

    _RR_ERROR_CODE_CATEGORY_ARGUMENT = 0x10,
    RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT,
    RR_ERROR_CODE_INVALID_STRING_ARGUMENT,
    RR_ERROR_CODE_INVALID_ENUM_VALUE,
    RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE,
    RR_ERROR_CODE_INVALID_SOCKET_ADDRESS,
    RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE,
    RR_ERROR_CODE_INVALID_TIME_ARGUMENT,
    RR_ERROR_CODE_INVALID_TENSOR_DIMENSION,
    RR_ERROR_CODE_INVALID_COMPONENT,
    RR_ERROR_CODE_INVALID_SERVER_URL,
    RR_ERROR_CODE_FILE_READ,
    RR_ERROR_CODE_INVALID_MEMORY_LIMIT,

    _RR_ERROR_CODE_CATEGORY_RECORDING_STREAM = 0x100,
    RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_STDOUT_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_SPAWN_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_SERVE_GRPC_FAILURE,
    RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT,
    RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE,

    _RR_ERROR_CODE_CATEGORY_ARROW = 0x1000,
    RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR,
    RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR,

    _RR_ERROR_CODE_CATEGORY_UTILITIES = 0x10000,
    RR_ERROR_CODE_VIDEO_LOAD_ERROR,

    _RR_ERROR_CODE_CATEGORY_FILE_IO = 0x100000,
    RR_ERROR_CODE_FILE_OPEN_FAILURE,

    _RR_ERROR_CODE_CATEGORY_ARROW_CPP_STATUS = 0x10000000,
    RR_ERROR_CODE_UNKNOWN,
};

#define RR_MAX_ERROR_MESSAGE_SIZE_BYTES 2048
/** What went wrong. Start with zeroes; a function that fails fills it, one that does not leaves it alone. */
typedef struct rr_error {
    rr_error_code code; /* RR_ERROR_CODE_* */
    char description[RR_MAX_ERROR_MESSAGE_SIZE_BYTES]; /* UTF-8, NUL-terminated, cut at a character */
} rr_error;

/* ---------------------------------------------------------------- library */

/** The version of the API: equal to RERUN_SDK_HEADER_VERSION, or header and library do not belong together. Static. Signals: safe. */
const char *rr_version_string(void);

/** The bits of the IEEE half float nearest to @value, ties to even; too large is infinity, NaN stays NaN. Signals: safe. */
uint16_t rr_f16_from_f32(float value);

/**
 * Starts a viewer in a process of its own, unless something listens on 127.0.0.1:port already.
 * @spawn_opts: borrowed; NULL = port 9876, "75%", "1GiB", welcome screen, detached, "rerun" from PATH, and no waiting. Not NULL: port 0 and empty
 * strings mean those, the two flags are taken as they are, and the call waits until the port is open.
 * Errors: INVALID_STRING_ARGUMENT, RECORDING_STREAM_SPAWN_FAILURE; NOT_IMPLEMENTED in this version.
 */
void rr_spawn(const rr_spawn_options *spawn_opts, rr_error *error);

/**
 * Makes a type of component known, under a handle that is valid in the whole process and for ever. The descriptor's component name is required,
 * archetype and component type may be empty. Of the schema its data type counts, not its name or metadata.
 * Takes the schema: it is released before the return, also on failure. The same type again gets another handle.
 * Return: the handle, or RR_COMPONENT_TYPE_HANDLE_INVALID. Errors: INVALID_STRING_ARGUMENT, ARROW_FFI_SCHEMA_IMPORT_ERROR. Threads: any.
 */
rr_component_type_handle rr_register_component_type(rr_component_type component_type, rr_error *error);

/* ---------------------------------------------------------------- streams */

/**
 * Opens a recording, or a blueprint. Until a sink is set its rows wait in memory.
 * @store_info: borrowed. The application id is required; characters that Rerun's readers refuse are replaced, with a warning. An empty recording
 * id means a fresh random one.
 * @default_enabled: false: all calls on it do nothing. The environment's RERUN (1, on, true; 0, off, false) wins.
 * @send_properties: a recording begins with its start time, as a static row of /__properties.
 * Return: a handle, never 0, never used again; 0 on failure. It is one reference to the stream, see rr_recording_stream_free().
 * Errors: UNEXPECTED_NULL_ARGUMENT, INVALID_STRING_ARGUMENT, INVALID_ENUM_VALUE, RECORDING_STREAM_CREATION_FAILURE.
 * Threads: any. Fork: the child may go on with the handle: its rows go to files and connections of its own.
 */
rr_recording_stream rr_recording_stream_new(const rr_store_info *store_info, bool default_enabled, bool send_properties, rr_error *error);

/**
 * Forgets the handle. If nothing else refers to the stream (the global slot, a thread's slot) it is flushed and closed: a file gets its footer.
 * No such handle, or one of RR_REC_STREAM_CURRENT_*: nothing happens.
 * Blocks: as long as bytes move, see rr_recording_stream_close() for a bound. In a callback of the library: never, the worker does the rest.
 */
void rr_recording_stream_free(rr_recording_stream stream);

/** Makes a stream the process' current one of that kind; the one before is let go. The slot keeps a reference of its own. No such handle:
 * the slot is empty then. Threads: any, those that log meanwhile too; a row goes to the stream that was current when it was logged. */
void rr_recording_stream_set_global(rr_recording_stream stream, rr_store_kind store_kind);

/** The same for the calling thread, which looks at this slot first. It is emptied when the thread ends. */
void rr_recording_stream_set_thread_local(rr_recording_stream stream, rr_store_kind store_kind);

/** Are rows of this stream taken? Errors: INVALID_RECORDING_STREAM_HANDLE, and then false. */
bool rr_recording_stream_is_enabled(rr_recording_stream stream, rr_error *error);

/**
 * Waits until all that this thread logged before has been handed to the operating system or taken by the server. No such handle: nothing.
 * @timeout_sec: seconds; 0 only starts the flush (FLUSH_TIMEOUT: it is not done yet), infinity waits without end.
 * Errors: INVALID_TIME_ARGUMENT (NaN, negative), RECORDING_STREAM_FLUSH_TIMEOUT (the rest stays queued), RECORDING_STREAM_FLUSH_FAILURE (a sink
 * failed, now or before, and rows are lost; or the call comes from a callback of the library). Blocks: up to @timeout_sec.
 */
void rr_recording_stream_flush_blocking(rr_recording_stream stream, float timeout_sec, rr_error *error);

/* ---------------------------------------------------------------- sinks: each replaces the current ones */

/* What waits in memory, because there was no sink before, goes to the new one; what was logged before into another sink goes to that, which is
 * flushed and closed. Strings are borrowed. On an error the sinks stay as they are. Threads: any, also while others log. */

/**
 * Several sinks at once; each gets everything. All are made first, in order: when one fails the files of those before it exist, empty.
 * @num_sinks: 0: from now on rows are dropped.
 * Errors: INVALID_RECORDING_STREAM_HANDLE, UNEXPECTED_NULL_ARGUMENT, INVALID_ENUM_VALUE, INVALID_STRING_ARGUMENT (empty; the same sink twice),
 * INVALID_SERVER_URL, INVALID_TIME_ARGUMENT, INVALID_MEMORY_LIMIT, RECORDING_STREAM_SAVE_FAILURE, RECORDING_STREAM_SERVE_GRPC_FAILURE.
 */
void rr_recording_stream_set_sinks(rr_recording_stream stream, rr_log_sink *sinks, uint32_t num_sinks, rr_error *error);

/**
 * To a server: a viewer or a proxy. Returns at once, the connection is made meanwhile.
 * @url: rerun://, rerun+http:// or rerun+https://, host and port, path /proxy; "rerun+http://127.0.0.1:9876/proxy" is the usual one.
 * @flush_timeout_sec: how long flush and the end wait for a first connection; finite, not negative; 0 = not at all.
 * Errors: INVALID_STRING_ARGUMENT (empty), INVALID_SERVER_URL, INVALID_TIME_ARGUMENT, INVALID_RECORDING_STREAM_HANDLE; NOT_IMPLEMENTED in this
 * version.
 */
void rr_recording_stream_connect_grpc(rr_recording_stream stream, rr_string url, float flush_timeout_sec, rr_error *error);

/**
 * Is a server itself, from which viewers fetch what was logged so far and what follows.
 * @bind_ip: an IP address, not a name. @server_memory_limit: "25%" of the memory, or "4GB"; beyond it the oldest rows go, static ones never; "0B"
 * keeps none for late viewers. @newest_first: late viewers get the newest first. @cors_allow_origins: web pages that may connect; NULL or none
 * = the default ones.
 * Errors: INVALID_STRING_ARGUMENT, INVALID_MEMORY_LIMIT, RECORDING_STREAM_SERVE_GRPC_FAILURE (also a port in use),
 * INVALID_RECORDING_STREAM_HANDLE; NOT_IMPLEMENTED in this version.
 */
void rr_recording_stream_serve_grpc(rr_recording_stream stream, rr_string bind_ip, uint16_t port, rr_string server_memory_limit,
                                    bool newest_first, const rr_string *cors_allow_origins, uint32_t num_cors_allow_origins,
                                    rr_error *error);

/** rr_spawn(), and a connection to that viewer. A disabled stream: nothing happens. Errors: as of both. */
void rr_recording_stream_spawn(rr_recording_stream stream, const rr_spawn_options *spawn_opts, rr_error *error);

/**
 * To an .rrd file, created or emptied now. It can be read while it grows; its footer comes with the end of the stream or the next sink.
 * Errors: INVALID_STRING_ARGUMENT (empty; looked at before the handle), INVALID_RECORDING_STREAM_HANDLE, RECORDING_STREAM_SAVE_FAILURE.
 * Fork: the child writes NAME.<pid>.rrd, same recording id, when it logs.
 */
void rr_recording_stream_save(rr_recording_stream stream, rr_string path, rr_error *error);

/** The same to standard output, a pipe or a file. When that is a terminal, or nobody reads the pipe, rows stay in memory instead.
 * SIGPIPE does not happen. Errors: INVALID_RECORDING_STREAM_HANDLE, RECORDING_STREAM_STDOUT_FAILURE. */
void rr_recording_stream_stdout(rr_recording_stream stream, rr_error *error);

/* ---------------------------------------------------------------- time of the calling thread */

/**
 * What the thread's rows of this stream get on a timeline from now on.
 * @value: a number; nanoseconds; nanoseconds since 1970, UTC. INT64_MIN is taken as the next one. A name that had another type has this one now.
 * Errors: INVALID_STRING_ARGUMENT (empty; looked at before the handle), INVALID_ENUM_VALUE, INVALID_RECORDING_STREAM_HANDLE.
 */
void rr_recording_stream_set_time(rr_recording_stream stream, rr_string timeline_name, rr_time_type time_type, int64_t value,
                                  rr_error *error);
/** The thread's rows have no time on this timeline any more; it needs not have had one. Errors: as rr_recording_stream_set_time(). */
void rr_recording_stream_disable_timeline(rr_recording_stream stream, rr_string timeline_name, rr_error *error);
/** The same for all timelines of the thread in this stream. */
void rr_recording_stream_reset_time(rr_recording_stream stream);
/** Whether rows get a running number of their stream on the timeline log_tick; off at first. For all threads. */
void rr_recording_stream_set_log_tick_enabled(rr_recording_stream stream, bool enabled);
/** Whether rows get the time of the call on the timeline log_time; on at first. For all threads. */
void rr_recording_stream_set_log_time_enabled(rr_recording_stream stream, bool enabled);

/* ---------------------------------------------------------------- data */

/**
 * Logs one row: values of several components of one entity.
 * @data_row: strings are borrowed. Arrays are of the registered types; all of them are taken: their release is NULL after the call, also when it
 * failed. Up to 64 KiB are copied and released before the return, more may be released later, by another thread. The same component twice:
 * the last one counts. The path is read as users write it; an empty one is the root.
 * @inject_time: true: with the thread's times, log_time and log_tick. false: static.
 * Errors: INVALID_RECORDING_STREAM_HANDLE, UNEXPECTED_NULL_ARGUMENT, INVALID_STRING_ARGUMENT, INVALID_COMPONENT_TYPE_HANDLE,
 * ARROW_FFI_ARRAY_IMPORT_ERROR. Signals: not safe. Blocks: while the thread's lane is full and the worker writes.
 */
void rr_recording_stream_log(rr_recording_stream stream, rr_data_row data_row, bool inject_time, rr_error *error);

/**
 * Logs many rows of one entity, as columns of equal length. Times are those of the columns only.
 * @time_columns: int64 arrays without nulls; none = static. @component_columns: List arrays, a row's values each. All arrays are taken, as in
 * rr_recording_stream_log(). sorting_status is believed, UNKNOWN is found out; rows that are not ascending are sorted.
 * Errors: as rr_recording_stream_log(), and RECORDING_STREAM_CHUNK_VALIDATION_FAILURE (unequal lengths, no lists).
 */
void rr_recording_stream_send_columns(rr_recording_stream stream, rr_string entity_path, rr_time_column *time_columns,
                                      uint32_t num_time_columns, rr_component_column *component_columns, uint32_t num_component_columns,
                                      rr_error *error);

/** Logs what an importer makes of a file, below @entity_path_prefix (may be empty), without times if @static_. Errors: INVALID_STRING_ARGUMENT
 * (empty path), INVALID_RECORDING_STREAM_HANDLE, RECORDING_STREAM_RUNTIME_FAILURE; NOT_IMPLEMENTED in this version. */
void rr_recording_stream_log_file_from_path(rr_recording_stream stream, rr_string path, rr_string entity_path_prefix, bool static_,
                                            rr_error *error);
/** The same of bytes in memory, borrowed; @path only tells what they are. */
void rr_recording_stream_log_file_from_contents(rr_recording_stream stream, rr_string path, rr_bytes contents,
                                                rr_string entity_path_prefix, bool static_, rr_error *error);

/* ---------------------------------------------------------------- utilities */

/** Called once with the number of timestamps; gives room for that many, or NULL. */
typedef int64_t *(*rr_alloc_timestamps)(void *alloc_context, uint32_t num_timestamps);

/**
 * When each frame of a video is shown, in nanoseconds from its beginning, ascending.
 * @video_bytes: borrowed. @media_type: "video/mp4", the only one that is understood.
 * @alloc_timestamps: gives the memory for the result; not called on failure.
 * Return: what it gave, or NULL. Errors: UNEXPECTED_NULL_ARGUMENT (bytes, function), VIDEO_LOAD_ERROR. Threads: any.
 */
int64_t *rr_video_asset_read_frame_timestamps_nanos(const uint8_t *video_bytes, uint64_t video_bytes_len, rr_string media_type,
                                                    void *alloc_context, rr_alloc_timestamps alloc_timestamps, rr_error *error);

/** Private to the C++ SDK: the escaped form of a part of an entity path. Gives a string for _rr_free_string(), or NULL when the part is not UTF-8
 * or has a NUL inside. C programs have rr_escape_entity_path_part(). */
char *_rr_escape_entity_path_part(rr_string part);
/** Frees it; NULL is fine. */
void _rr_free_string(char *string);

#ifdef __cplusplus
}
#endif

#endif
