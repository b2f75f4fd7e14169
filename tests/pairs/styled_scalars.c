/* Plots with a style: a line, and scattered points. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("styled_scalars.rrd", &err);
    rr_log_options fixed = rr_log_options_default();
    fixed.is_static = 1;
    rr_series_lines_options line = rr_series_lines_options_default();
    line.colors = RR_COLORS(0xFF0000FF);
    line.widths = RR_FLOATS(2.5f);
    line.names = RR_TEXTS("red line");
    rr_log_take(RR_CURRENT, "plot/line", &fixed, rr_series_lines(&line), &err);
    rr_series_points_options points = rr_series_points_options_default();
    points.colors = RR_COLORS(0x00FF0080);
    points.marker_sizes = RR_FLOATS(4);
    points.names = RR_TEXTS("green points");
    rr_log_take(RR_CURRENT, "plot/points", &fixed, rr_series_points(&points), &err);
    for (int i = 0; i < 10; i++) {
        rr_set_time_sequence(RR_CURRENT, "step", i);
        rr_log_scalar(RR_CURRENT, "plot/line", i * 0.5);
        rr_log_scalar(RR_CURRENT, "plot/points", -i * 0.25);
    }
    rr_scalar_options dots = rr_scalar_options_default();
    dots.scattered = 1;
    dots.label = "dots";
    dots.color = rr_rgb(1, 2, 3);
    dots.radius = 2;
    dots.err = &err;
    rr_log_scalar_ex(RR_CURRENT, "plot/dots", 7.5, &dots);
    return pair_end(&err);
}
