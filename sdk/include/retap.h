/* retap.h: what retap adds to the official C API, same style (rr_*, rr_error last).
 *
 * This part: a recording into a file, and columns of rows into it. Rows wait in a builder per entity and become chunks
 * when a builder holds enough (RERUN_FLUSH_NUM_ROWS, RERUN_FLUSH_NUM_BYTES; defaults 4096 rows or 384 KiB) or when
 * rr_recording_stream_flush_blocking() or rr_recording_stream_close() is called. A chunk holds one entity, its rows sorted by log_time,
 * log_time unique in the entity (equal times are bumped by 1 ns).
 *
 * Words: *borrows* = read during the call only; *copies* = the caller may reuse its memory at once. */
#ifndef RETAP_H
#define RETAP_H

#include <stddef.h>
#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Severity of a row; numbers follow config/levels.def. NONE is written as an empty list. */
typedef uint8_t rr_log_level;
enum {
    RR_LOG_LEVEL_NONE = 0,
    RR_LOG_LEVEL_CRITICAL,
    RR_LOG_LEVEL_ERROR,
    RR_LOG_LEVEL_WARN,
    RR_LOG_LEVEL_INFO,
    RR_LOG_LEVEL_DEBUG,
    RR_LOG_LEVEL_TRACE,
};

/** How a recording is opened. Start from rr_stream_options_default(); pointers are borrowed during open. */
typedef struct rr_stream_options {
    uint32_t struct_size;       /* sizeof(rr_stream_options), set by rr_stream_options_default() */
    const char *application_id; /* rewritten by Rerun's rule when it has other than [A-Za-z0-9_- []:] or > 180 bytes */
    const char *recording_id;   /* NULL = "rec_" + 32 hex digits of a random UUID */
    const char *recording_name; /* NULL = none; property RecordingInfo:name */
    const char *save;           /* path of the .rrd file; created or truncated */
    int64_t start_time_ns;      /* property RecordingInfo:start_time, ns since the epoch; 0 = now */
    uint8_t send_properties;    /* 0 default (on), 1 on, 2 off */
    uint8_t compact_at_close;   /* 0 default (on), 1 on, 2 off: rewrite a file of many small chunks when it closes */
    uint8_t resume;             /* 1: the file exists, with the same ids; it is cut to resume_bytes and continued */
    uint64_t resume_bytes;      /* length of the part to keep, a frame boundary told by rr_recording_stream_durable_bytes() */
} rr_stream_options;

rr_stream_options rr_stream_options_default(const char *application_id);

/**
 * Opens a recording with a file behind it: writes the stream header, SetStoreInfo and the properties.
 * Return: a handle, or 0 with *err filled (SAVE_FAILURE names path and reason).
 * Threads: any; one recording is used by one thread at a time (in this version). Signals: not safe. Blocks: on the disk. Fork: the child
 * must not use it.
 */
rr_recording_stream rr_recording_stream_open(const rr_stream_options *options, rr_error *err);

/** Values of one component for the rows of a batch; everything is borrowed, copied by the call. */
typedef struct rr_column {
    const char *component;       /* identifier, e.g. "retap.Log:pid"; type, archetype and component type come from the archetype table.
                                    An identifier "retap.Field:NAME" is always allowed and is Utf8 */
    const void *values;          /* fixed-size types: the instances, in the type's width; Utf8 and Binary: their bytes */
    const uint32_t *value_offsets; /* Utf8 and Binary: n_instances + 1 positions in values; else NULL */
    const uint32_t *list_offsets;  /* n_rows + 1 positions in the instances; NULL = exactly one instance a row.
                                      A row with no instance is written as an empty list, never null */
} rr_column;

/** A batch of text rows of one entity. Lengths: n_rows each unless said. */
typedef struct rr_text_batch {
    uint32_t struct_size;          /* sizeof(rr_text_batch) */
    uint32_t n_rows;
    const int64_t *log_time_ns;    /* ns since the epoch, any order */
    const char *text;              /* UTF-8, valid (checked in debug builds) */
    const uint32_t *text_offsets;  /* n_rows + 1 positions in text, in bytes */
    const rr_log_level *levels;    /* NULL = none anywhere */
    const rr_column *columns;      /* further components */
    uint32_t n_columns;
} rr_text_batch;

/**
 * rr_text_columns() - append text rows to an entity
 * Archetype TextLog (text, level), timeline log_time. Copies. A write that fails (disk full) is reported here or by flush and
 * close; the rows of the lost chunk are counted (rr_recording_stream_dropped()).
 * Return: 0 or the code also put in *err (which may be NULL).
 */
rr_error_code rr_text_columns(rr_recording_stream rec, const char *entity_path, const rr_text_batch *batch, rr_error *err);

/** Generic rows: no text, only columns; log_time_ns NULL = static (one row is usual). Otherwise as rr_text_columns(). */
rr_error_code rr_log_columns(rr_recording_stream rec, const char *entity_path, uint32_t n_rows, const int64_t *log_time_ns,
                             const rr_column *columns, uint32_t n_columns, rr_error *err);

/** Cuts every builder into chunks and writes them. timeout in seconds (the file sink writes synchronously). As the official one. */
void rr_recording_stream_flush_blocking(rr_recording_stream rec, float timeout_sec, rr_error *err);

/** Flush, footer, compaction when it pays, close; the handle is gone afterwards whatever happens. */
rr_error_code rr_recording_stream_close(rr_recording_stream rec, float timeout_sec, rr_error *err);

/** Ends without a footer and without flushing what is in builders: the file stays as the last write left it. */
void rr_recording_stream_abandon(rr_recording_stream rec);

/** Bytes of whole frames written so far (write(2) returned): what resume_bytes wants. */
uint64_t rr_recording_stream_durable_bytes(rr_recording_stream rec);
/** Rows waiting in builders, and the bytes they hold in memory. */
uint64_t rr_recording_stream_pending_rows(rr_recording_stream rec, uint64_t *ret_bytes);
/** Rows lost because a chunk could not be written. */
uint64_t rr_recording_stream_dropped(rr_recording_stream rec);

/** Version of retap itself, e.g. "0.1.0". */
const char *rr_retap_version(void);

#ifdef __cplusplus
}
#endif

#endif
