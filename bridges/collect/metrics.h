/* Numbers of calls as curves: /metrics/<program>/<template>/<arg>, Scalars over log_time, for the formats that were asked for (--metrics).
 * Values wait in small batches and leave at each tick. */
#ifndef RT_COLLECT_METRICS_H
#define RT_COLLECT_METRICS_H

#include "collect/rows.h"

#define RT_METRICS_MAX   256u /* curves; numbers that would need more are not drawn, and counted */
#define RT_METRICS_BATCH 128u

struct rt_metric;
struct rt_metrics {
    rr_recording_stream rec;
    const char *glob; /* which formats; NULL = none. Borrowed */
    struct rt_metric *slot[2 * RT_METRICS_MAX]; /* open addressing, by path */
    uint32_t n;
    uint64_t n_left_out; /* numbers that found no curve */
};

/* Takes the numbers of @row, a call of @program. Return: 0, -ENOMEM, -EIO (the recording could not write). */
int rt_metrics_take(struct rt_metrics *m, const char *program, const struct rt_log_row *row);
/* Hands all that waits to the recording. Return: 0 or -EIO. */
int rt_metrics_flush(struct rt_metrics *m);
void rt_metrics_deinit(struct rt_metrics *m);

#endif
