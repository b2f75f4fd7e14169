/* One recording into two files at once, then into a third one. */
#include "pair.h"

static rr_log_sink file(const char *path)
{
    rr_log_sink sink = {.kind = RR_LOG_SINK_KIND_FILE, .file = {rr_make_string(path)}};
    return sink;
}

int main(void)
{
    rr_error err = {0};
    rr_log_sink both[] = {file("one.rrd"), file("two.rrd")}, third[] = {file("three.rrd")};
    pair_begin(NULL, &err);
    rr_recording_stream_set_sinks(RR_CURRENT, both, 2, &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, "plot/a", 1);
    rr_recording_stream_set_sinks(RR_CURRENT, third, 1, &err);
    rr_set_time_sequence(RR_CURRENT, "step", 2);
    rr_log_scalar(RR_CURRENT, "plot/a", 2);
    return pair_end(&err);
}
