/* A timeline is left out, then all are. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("timelines_off.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_set_time_sequence(RR_CURRENT, "other", 2);
    rr_log_scalar(RR_CURRENT, "plot/both", 1);
    rr_recording_stream_disable_timeline(RR_CURRENT, rr_make_string("other"), &err);
    rr_recording_stream_disable_timeline(RR_CURRENT, rr_make_string("never set"), &err);
    rr_log_scalar(RR_CURRENT, "plot/frame", 2);
    rr_recording_stream_reset_time(RR_CURRENT);
    rr_set_time_sequence(RR_CURRENT, "third", 3);
    rr_log_scalar(RR_CURRENT, "plot/third", 3);
    return pair_end(&err);
}
