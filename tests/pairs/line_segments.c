/* Pairs of points, each a line. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("line_segments.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_line_options style = rr_line_options_default();
    style.color = rr_rgb(10, 20, 30);
    style.stroke_width = 2;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_line_segments(RR_CURRENT, "plane/segments", (const float[]){0, 0, 1, 1, 2, 2, 3, 1}, 4, 2, &style, &options);
    style.stroke_width = 0.25f;
    const float space[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 1, 4, 0, 0, 5, 0, 0};
    rr_log_line_segments(RR_CURRENT, "world/segments", space, 6, 3, &style, &options);
    return pair_end(&err);
}
