/* Properties of the recording. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("properties.rrd", &err);
    rr_component_batch *batches;
    uint32_t n;
    rr_bundle *values = rr_any_values(RR_FIELDS(rr_str("weather", "rain"), rr_f64("wind", 12.5), rr_i64("crew", 3)));
    rr_bundle_batches(values, &batches, &n);
    rr_recording_stream_send_property(RR_CURRENT, "situation", batches, n, &err);
    rr_component_batches_free(batches, n);
    rr_bundle_free(values);

    rr_points3d_options options = rr_points3d_options_default();
    options.radii = RR_FLOATS(0.5f);
    rr_bundle *points = rr_points3d((const float[]){1, 2, 3}, 1, &options);
    rr_bundle_batches(points, &batches, &n);
    rr_recording_stream_send_property(RR_CURRENT, "robot", batches, n, &err);
    rr_component_batches_free(batches, n);
    rr_bundle_free(points);
    return pair_end(&err);
}
