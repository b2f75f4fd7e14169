/* The name of the recording and when it began. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("recording_name.rrd", &err);
    rr_recording_stream_send_recording_name(RR_CURRENT, "a long walk", &err);
    rr_recording_stream_send_recording_start_time_nanos(RR_CURRENT, 1700000000123456789, &err);
    return pair_end(&err);
}
