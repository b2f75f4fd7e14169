/* Interim, to be deleted by whoever adds the real ones: rows and columns through the batch path (text rows only), functions not built yet. */
#include <string.h>

#include "recording/recording.h"
#include "recording/log.h"

int rt_recording_row(struct rt_recording *rec, const struct rt_row *row, struct rt_error *err)
{
    char path[5000];
    int64_t t = row->n_times ? row->times[0].value : 0;
    uint32_t off[2] = {0, (uint32_t)row->cells[0].n_bytes}, lo[2] = {0, row->n_cells > 1 ? (uint32_t)row->cells[1].n_bytes : 0};
    memcpy(path, row->path, row->path_len);
    path[row->path_len] = 0;
    rr_column level = {"TextLog:level", row->n_cells > 1 ? row->cells[1].values : NULL, lo, NULL};
    rr_text_batch b = {.struct_size = sizeof b, .n_rows = 1, .log_time_ns = &t, .text = row->cells[0].values, .text_offsets = off,
                       .columns = &level, .n_columns = row->n_cells > 1};
    return rt_recording_append(rec, path, &b, err);
}

int rt_recording_columns(struct rt_recording *rec, const char *path, uint32_t path_len, struct rt_tuid id,
                         const struct rt_time_column *times, uint32_t n_times, const struct rt_list_column *columns, uint32_t n_columns,
                         struct rt_error *err)
{
    return rt_error_set(err, -ENOSYS, "columns are not implemented yet");
}

RR_API void rr_recording_stream_collect(rr_recording_stream rec, rr_error *err)
{
    rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "staging through a collector is not implemented yet");
}

RR_API void rr_recording_stream_spawn(rr_recording_stream rec, const rr_spawn_options *options, rr_error *err)
{
    rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "spawn is not implemented yet");
}
