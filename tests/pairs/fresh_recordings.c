/* Two recordings with ids of their own, used by turns. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    rr_recording_stream a = pair_stream("a", "a.rrd", &err), b = pair_stream("b", "b.rrd", &err);
    for (int i = 0; i < 10; i++) {
        rr_recording_stream rec = i % 3 ? b : a;
        rr_set_time_sequence(rec, "step", i);
        rr_log_scalar(rec, "plot/turns", i);
    }
    rr_recording_stream_close(a, 10, &err);
    rr_recording_stream_close(b, 10, &err);
    return pair_end(&err);
}
