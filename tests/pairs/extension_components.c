/* The old way to add values: beside points, and alone. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("extension_components.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    const rr_field confidence = rr_f64s("confidence", (const double[]){0.5, 0.25}, 2);
    options.fields = &confidence;
    options.n_fields = 1;
    rr_log_points(RR_CURRENT, "world/points", (const float[]){1, 2, 3, 4, 5, 6}, 2, 3, NULL, &options);
    options.n_fields = 0;
    rr_log_extension_components(RR_CURRENT, "world/alone", RR_FIELDS(rr_f64("corrosion", 0.125), rr_str("checked", "yes")), &options);
    return pair_end(&err);
}
