/* Times in seconds and nanoseconds; the old forms tell from the size whether a time of day is meant. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("set_time_forms.rrd", &err);
    rr_set_time_seconds(RR_CURRENT, "since", 2.5);
    rr_set_time_seconds(RR_CURRENT, "wall", 1700000000.25);
    rr_log_scalar(RR_CURRENT, "plot/secs", 1);
    rr_recording_stream_reset_time(RR_CURRENT);
    rr_set_time_nanos(RR_CURRENT, "since", 1234567891);
    rr_set_time_nanos(RR_CURRENT, "wall", 1700000000123456789);
    rr_log_scalar(RR_CURRENT, "plot/nanos", 2);
    return pair_end(&err);
}
