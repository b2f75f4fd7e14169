/* Several timelines on one row: a number, a duration, a time of day. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("timelines.rrd", &err);
    for (int i = 0; i < 5; i++) {
        rr_set_time_sequence(RR_CURRENT, "frame", i - 2);
        rr_set_time_duration_secs(RR_CURRENT, "elapsed", i * 0.25);
        rr_set_time_timestamp_ns(RR_CURRENT, "wall", 1700000000500000000 + i * INT64_C(1000000000));
        rr_log_scalar(RR_CURRENT, "plot/a", i);
    }
    return pair_end(&err);
}
