/* A camera. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("pinhole.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_pinhole(RR_CURRENT, "world/camera", (const float[]){500, 0.5f, 320, 0, 510, 240, 0, 0, 1}, 640, 480, &options);
    return pair_end(&err);
}
