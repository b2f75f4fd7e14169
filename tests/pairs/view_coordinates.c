/* Which way is up. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("view_coordinates.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    options.timeless = 1;
    rr_log_view_coordinates(RR_CURRENT, "world", NULL, "+Z", 0, &options);
    rr_log_view_coordinates(RR_CURRENT, "other", NULL, "-Y", 2, &options);
    rr_log_view_coordinates(RR_CURRENT, "camera", "RDF", NULL, 0, &options);
    options.timeless = 2;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_view_coordinates(RR_CURRENT, "moving", "FLU", NULL, 0, &options);
    return pair_end(&err);
}
