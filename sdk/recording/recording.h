/* A recording's own work, by one thread at a time: rows into builders, builders into chunks, chunks as messages to the sinks.
 *
 *   row ─▶ builder of (entity, static?, timelines, components) ─▶ chunk = message, encoded once ─▶ each sink
 *
 * A sink that refuses a message loses its rows, counted; the others get it all the same. */
#ifndef RT_RECORDING_RECORDING_H
#define RT_RECORDING_RECORDING_H

#include <retap.h>

#include "recording/row.h"
#include "recording/settings.h"
#include "recording/sink.h"

#define RT_PROPERTIES_PATH "/__properties"

struct rt_recording;

struct rt_recording_config {
    const char *application_id, *recording_id; /* final; copied */
    int kind;                                  /* RR_STORE_KIND_*; 0 = recording */
    struct rt_settings settings;
    bool bump;                                 /* log_time of batches is made unique in its entity (the collector) */
};

/* Without sinks; messages wait for none: set sinks first. Return: 0, -ENOMEM, -EIO. */
int rt_recording_new(const struct rt_recording_config *config, struct rt_recording **ret, struct rt_error *err);
/* Continues a file of the same ids (resume.h); @rec is new and has no sinks. With @compact as rt_sink_file(). */
int rt_recording_resume(struct rt_recording *rec, const char *path, uint64_t keep, bool compact, struct rt_error *err);
/* Takes @sinks, whatever happens. The backlog of the present ones goes to the new ones, behind a StoreInfo; then the present ones are closed.
 * Rows in builders must have been cut before (rt_recording_flush()). Return: 0, or the first thing that failed; the new sinks are in place
 * nevertheless, unless it is -ENOMEM. */
int rt_recording_set_sinks(struct rt_recording *rec, struct rt_sink *const *sinks, uint32_t n, uint64_t deadline_ns, struct rt_error *err);
/* In a forked child: a recording with the same ids and the children of the sinks, empty. The parent's object is left behind as it is.
 * Return: NULL without memory. */
struct rt_recording *rt_recording_in_child(struct rt_recording *parent);

/* Copies a row into its builder; may cut a chunk. A row that fails is counted as dropped. Return: 0, -ENOMEM, or what a sink said of that
 * chunk. */
int rt_recording_row(struct rt_recording *rec, const struct rt_row *row, struct rt_error *err);
/* send_columns: one chunk, encoded at once. Arrays are borrowed; that their texts are UTF-8 was checked. Times are int64 without nulls,
 * components List<datatype>, all of equal lengths. @n_times 0: static. The chunk's id is @id, those of the rows are the ones behind it. Rows
 * are sorted (stably, by the timelines in the order of their names) when they are not. No rows, or no component with a value: nothing
 * happens.
 * Return: 0, -EINVAL with the column's name, -ENOMEM, -EOVERFLOW, or what a sink said. */
struct rt_time_column {
    const char *name;
    uint32_t len;
    uint8_t type; /* RR_TIME_TYPE_* */
    const struct ArrowArray *array;
};
struct rt_list_column {
    const struct rt_component_type *type;
    const struct ArrowArray *array;
};
int rt_recording_columns(struct rt_recording *rec, const char *path, uint32_t path_len, struct rt_tuid id, const struct rt_time_column *times,
                         uint32_t n_times, const struct rt_list_column *columns, uint32_t n_columns, struct rt_error *err);
int rt_recording_append(struct rt_recording *rec, const char *path, const rr_text_batch *batch, struct rt_error *err);
int rt_recording_append_static(struct rt_recording *rec, const char *path, const rr_text_batch *batch, struct rt_error *err);
/* The static RecordingInfo row; @name may be NULL. */
int rt_recording_properties(struct rt_recording *rec, int64_t start_time_ns, const char *name, struct rt_error *err);

/* All builders into chunks. The first error is reported, the others are tried. */
int rt_recording_flush(struct rt_recording *rec, struct rt_error *err);
/* Flush of the sinks. */
int rt_recording_flush_sinks(struct rt_recording *rec, uint64_t deadline_ns, bool sync, struct rt_error *err);
uint64_t rt_recording_pending(const struct rt_recording *rec, uint64_t *ret_bytes); /* rows in builders; @ret_bytes may be NULL */
uint64_t rt_recording_dropped(const struct rt_recording *rec); /* rows lost, once for each sink that lost them */
uint64_t rt_recording_written(const struct rt_recording *rec); /* bytes in its file */
int64_t rt_recording_tick_ns(const struct rt_recording *rec);  /* the settings', else the smallest of the sinks'; INT64_MAX = never by time */
/* A message of another origin (a blueprint's chunks, a loaded file), to all sinks, which take references of their own. */
int rt_recording_send(struct rt_recording *rec, struct rt_log_message *m, struct rt_error *err);
/* Flush, ends of the sinks, frees. */
int rt_recording_close(struct rt_recording *rec, uint64_t deadline_ns, struct rt_error *err);
/* Frees; files stay as they are. Return: NULL. */
struct rt_recording *rt_recording_free(struct rt_recording *rec);

#endif
