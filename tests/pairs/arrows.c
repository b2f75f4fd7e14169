/* Arrows in space. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("arrows.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_arrow_options arrow = rr_arrow_options_default();
    arrow.color = rr_rgb(0, 255, 255);
    arrow.label = "up";
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_arrow(RR_CURRENT, "world/arrow", (const float[]){1, 2, 3}, (const float[]){0, 0, 1.5f}, &arrow, &options);
    rr_arrows3d_options fan = rr_arrows3d_options_default();
    fan.colors = RR_COLORS(0xFF0000FF, 0x00FF00FF, 0x0000FFFF);
    rr_log_take(RR_CURRENT, "world/fan", NULL, rr_arrows3d((const float[]){1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, &fan), &err);
    return pair_end(&err);
}
