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
typedef struct rr_string {
    const char *utf8;
    uint32_t length_in_bytes;
} rr_string;

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
typedef struct rr_error {
    rr_error_code code;
    char description[RR_MAX_ERROR_MESSAGE_SIZE_BYTES];
} rr_error;

/* ---------------------------------------------------------------- library */
const char *rr_version_string(void);
uint16_t rr_f16_from_f32(float value);
void rr_spawn(const rr_spawn_options *spawn_opts, rr_error *error);
rr_component_type_handle rr_register_component_type(rr_component_type component_type, rr_error *error);

/* ---------------------------------------------------------------- streams */
rr_recording_stream rr_recording_stream_new(const rr_store_info *store_info, bool default_enabled, bool send_properties, rr_error *error);
void rr_recording_stream_free(rr_recording_stream stream);
void rr_recording_stream_set_global(rr_recording_stream stream, rr_store_kind store_kind);
void rr_recording_stream_set_thread_local(rr_recording_stream stream, rr_store_kind store_kind);
bool rr_recording_stream_is_enabled(rr_recording_stream stream, rr_error *error);
void rr_recording_stream_flush_blocking(rr_recording_stream stream, float timeout_sec, rr_error *error);

/* ---------------------------------------------------------------- sinks: each replaces the current one */
void rr_recording_stream_set_sinks(rr_recording_stream stream, rr_log_sink *sinks, uint32_t num_sinks, rr_error *error);
void rr_recording_stream_connect_grpc(rr_recording_stream stream, rr_string url, float flush_timeout_sec, rr_error *error);
void rr_recording_stream_serve_grpc(rr_recording_stream stream, rr_string bind_ip, uint16_t port, rr_string server_memory_limit,
                                    bool newest_first, const rr_string *cors_allow_origins, uint32_t num_cors_allow_origins,
                                    rr_error *error);
void rr_recording_stream_spawn(rr_recording_stream stream, const rr_spawn_options *spawn_opts, rr_error *error);
void rr_recording_stream_save(rr_recording_stream stream, rr_string path, rr_error *error);
void rr_recording_stream_stdout(rr_recording_stream stream, rr_error *error);

/* ---------------------------------------------------------------- time of the calling thread */
void rr_recording_stream_set_time(rr_recording_stream stream, rr_string timeline_name, rr_time_type time_type, int64_t value,
                                  rr_error *error);
void rr_recording_stream_disable_timeline(rr_recording_stream stream, rr_string timeline_name, rr_error *error);
void rr_recording_stream_reset_time(rr_recording_stream stream);
void rr_recording_stream_set_log_tick_enabled(rr_recording_stream stream, bool enabled);
void rr_recording_stream_set_log_time_enabled(rr_recording_stream stream, bool enabled);

/* ---------------------------------------------------------------- data */
void rr_recording_stream_log(rr_recording_stream stream, rr_data_row data_row, bool inject_time, rr_error *error);
void rr_recording_stream_send_columns(rr_recording_stream stream, rr_string entity_path, rr_time_column *time_columns,
                                      uint32_t num_time_columns, rr_component_column *component_columns, uint32_t num_component_columns,
                                      rr_error *error);
void rr_recording_stream_log_file_from_path(rr_recording_stream stream, rr_string path, rr_string entity_path_prefix, bool static_,
                                            rr_error *error);
void rr_recording_stream_log_file_from_contents(rr_recording_stream stream, rr_string path, rr_bytes contents,
                                                rr_string entity_path_prefix, bool static_, rr_error *error);

/* ---------------------------------------------------------------- utilities */
typedef int64_t *(*rr_alloc_timestamps)(void *alloc_context, uint32_t num_timestamps);
int64_t *rr_video_asset_read_frame_timestamps_nanos(const uint8_t *video_bytes, uint64_t video_bytes_len, rr_string media_type,
                                                    void *alloc_context, rr_alloc_timestamps alloc_timestamps, rr_error *error);
char *_rr_escape_entity_path_part(rr_string part);
void _rr_free_string(char *string);

#ifdef __cplusplus
}
#endif

#endif
