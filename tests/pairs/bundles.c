/* Points, arrows and values of one's own in one row. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("bundles.rrd", &err);
    rr_points3d_options point = rr_points3d_options_default();
    rr_arrows3d_options arrow = rr_arrows3d_options_default();
    point.radii = RR_FLOATS(0.5f, 1);
    arrow.radii = RR_FLOATS(0.125f, 0.25f);
    rr_bundle *points = rr_points3d((const float[]){1, 2, 3, 4, 5, 6}, 2, &point);
    rr_bundle *arrows = rr_arrows3d((const float[]){1, 0, 0, 0, 1, 0}, 2, &arrow);
    rr_bundle *values = rr_any_values(RR_FIELDS(rr_f64s("confidence", (const double[]){0.5, 0.75}, 2), rr_str("source", "lidar")));
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log(RR_CURRENT, "world/probe", NULL, RR_BUNDLES(points, arrows, values), &err);
    rr_bundle_free(points);
    rr_bundle_free(arrows);
    rr_bundle_free(values);
    return pair_end(&err);
}
