/* Which recording is current: the global one, the thread's own, that of a block. */
#include <pthread.h>

#include "pair.h"

static rr_recording_stream own;

static void *other_thread(void *unused)
{
    rr_set_time_sequence(RR_CURRENT, "step", 3);
    rr_log_scalar(RR_CURRENT, "plot/other", 3);
    rr_recording_stream_set_thread_local(own, RR_STORE_KIND_RECORDING);
    rr_log_scalar(RR_CURRENT, "plot/other", 4);
    rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
    rr_log_scalar(RR_CURRENT, "plot/other", 5);
    return unused;
}

int main(void)
{
    rr_error err = {0};
    pthread_t thread;
    rr_stream_options options = rr_stream_options_default("pairs");
    options.recording_id = "global";
    options.send_properties = 2;
    options.save = "global.rrd";
    options.make_default = 1;
    rr_recording_stream_open(&options, &err);
    rr_recording_stream block = pair_stream("block", "block.rrd", &err);
    own = pair_stream("own", "own.rrd", &err);

    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, "plot/main", 1);
    RR_WITH_RECORDING(block) {
        rr_set_time_sequence(RR_CURRENT, "step", 2);
        rr_log_scalar(RR_CURRENT, "plot/main", 2);
        pthread_create(&thread, NULL, other_thread, NULL);
        pthread_join(thread, NULL);
        RR_WITH_RECORDING(own) {
            rr_set_time_sequence(RR_CURRENT, "step", 6);
            rr_log_scalar(RR_CURRENT, "plot/main", 6);
        }
        rr_log_scalar(RR_CURRENT, "plot/main", 7);
    }
    rr_log_scalar(RR_CURRENT, "plot/main", 8);
    return pair_end(&err);
}
