/* The way of most rows: a clean path, no timeline but log_time, single texts and a few numbers, room in the lane. One pass for the size, one
 * for the bytes; all else is left to rt_log_row(), which knows every case. */
#ifndef RT_RECORDING_PLAIN_H
#define RT_RECORDING_PLAIN_H

#include "recording/log.h"

#define RT_PLAIN_BYTES_MOST 2048u /* of a text or of numbers, and of a path */
#define RT_PLAIN_CELLS_MOST 16u

/* One component: a text (UTF-8), or n numbers. Borrowed. */
struct rt_plain_cell {
    uint32_t type;  /* number of the component type: RT_C_… + 1 for those of the table */
    uint32_t n;     /* instances; of a text 1 */
    const void *p;
    uint32_t bytes; /* of p; numbers: n * width */
    bool text;      /* Utf8 or Binary */
};
static inline struct rt_plain_cell rt_plain_text(unsigned component, struct rt_slice s)
{
    return (struct rt_plain_cell){component + 1, 1, s.p, s.n > RT_PLAIN_BYTES_MOST ? RT_PLAIN_BYTES_MOST + 1 : (uint32_t)s.n, true};
}
static inline struct rt_plain_cell rt_plain_u32(unsigned component, const uint32_t *number)
{
    return (struct rt_plain_cell){component + 1, 1, number, sizeof *number, false};
}

enum rt_plain { RT_PLAIN_NOT /* the row is not of this kind, there is no such stream, no room */, RT_PLAIN_DONE, RT_PLAIN_OFF /* logging is off */ };

/* Logs the row, with all that belongs to it, or says RT_PLAIN_NOT: then nothing was done and rt_log_row() has to. */
enum rt_plain rt_log_plain(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, int64_t time_ns,
                           const struct rt_plain_cell *cells, uint32_t n);
/* The same for a TextLog row; no level: level.n is 0. */
enum rt_plain rt_log_plain_text(rr_recording_stream rec, const char *path, size_t path_len, uint32_t flags, struct rt_slice text,
                                struct rt_slice level);
/* The values as cells, when they are such. @cells: room for RT_PLAIN_CELLS_MOST. */
bool rt_plain_cells(const struct rt_value *values, uint32_t n, struct rt_plain_cell *cells);

#endif
