/* What is too large for a lane stands in a heap object that the lane points to: a row's record, or columns whose Arrow arrays were moved.
 * Bytes on their way are bounded: above RT_MOVED_MOST a caller waits as for a full lane. */
#ifndef RT_RECORDING_MOVED_H
#define RT_RECORDING_MOVED_H

#include "recording/lane.h"
#include "recording/record.h"
#include "recording/recording.h"

#define RT_MOVED_MOST (32u << 20)

struct rt_moved {
    uint64_t bytes;      /* counted as on their way */
    uint64_t n_rows;     /* of columns */
    uint32_t stream, generation;
    bool is_row;
    /* columns */
    struct rt_tuid id;
    char *path;
    uint32_t path_len, n_times, n_columns;
    rr_time_column *times;       /* names owned */
    struct rt_time_column *time_views;
    rr_component_column *columns;
    struct rt_list_column *column_views;
    /* a row */
    _Alignas(8) uint8_t record[];
};

/* An id for a row of this lane's thread. @time_ns: 0 = now. */
struct rt_tuid rt_lane_row_id(struct rt_lane *l, int64_t time_ns);
/* The lane is full, or too much is on its way for @moved bytes more: has the worker make room, waits a while. Outside of a read section. */
void rt_lane_wait_for_worker(struct rt_lane *l, uint64_t moved);
/* An outcome of rt_path_parse() in the user's words. */
rr_error_code rt_path_fail(int outcome, const char *path, size_t len, rr_error *err);

struct rt_rec_outside {
    struct rt_rec head;
    struct rt_moved *moved;
};

static inline const struct rt_row_rec *rt_moved_row(const struct rt_moved *m)
{
    return m->is_row ? (const struct rt_row_rec *)(const void *)m->record : NULL;
}

/* May so many bytes more be on their way? Counts them. */
bool rt_moved_admit(uint64_t bytes);
void rt_moved_withdraw(uint64_t bytes);
/* Is so much on its way that the worker should be at it? A record of the lane tells nothing of its size. */
bool rt_moved_is_filling(void);
/* After admit said no: waits until many have arrived, at most @ms. */
void rt_moved_wait(uint64_t bytes, unsigned ms);
struct rt_moved *rt_moved_row_new(uint64_t record_bytes);
/* Moves all arrays. Return: NULL without memory, nothing moved. */
struct rt_moved *rt_moved_columns_new(const char *path, uint32_t path_len, rr_time_column *times, uint32_t n_times,
                                      rr_component_column *columns, const struct rt_component_type *const *types, uint32_t n_columns);
int rt_moved_send(struct rt_moved *m, struct rt_recording *rec, struct rt_error *err);
/* Releases, frees, withdraws its bytes. */
void rt_moved_free(struct rt_moved *m);

#endif
