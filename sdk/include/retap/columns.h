/* retap/columns.h: many rows of one entity at once, as columns. */
#ifndef RETAP_COLUMNS_H
#define RETAP_COLUMNS_H

#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Severity of a row; numbers follow config/levels.def. NONE is written as an empty list. */
typedef uint8_t rr_level;
enum {
    RR_LEVEL_NONE = 0,
    RR_LEVEL_CRITICAL,
    RR_LEVEL_ERROR,
    RR_LEVEL_WARN,
    RR_LEVEL_INFO,
    RR_LEVEL_DEBUG,
    RR_LEVEL_TRACE,
};

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
    const rr_level *levels;    /* NULL = none anywhere */
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

#ifdef __cplusplus
}
#endif

#endif
