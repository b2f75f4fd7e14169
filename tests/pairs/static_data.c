/* Static rows: true at all times. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("static_data.rrd", &err);
    rr_log_options fixed = rr_log_options_default();
    fixed.is_static = 1;
    rr_points3d_options options = rr_points3d_options_default();
    options.radii = RR_FLOATS(0.5f);
    rr_text_log_options notice = rr_text_log_options_default();
    notice.level = RR_LOG_LEVEL_INFO;
    notice.is_static = 1;

    rr_set_time_sequence(RR_CURRENT, "frame", 5);
    rr_log_take(RR_CURRENT, "world/origin", &fixed, rr_points3d((const float[]){0, 0, 0}, 1, &options), &err);
    rr_log_text_ex(RR_CURRENT, "logs/notice", "built for the arm of 2026", &notice, &err);
    rr_log_take(RR_CURRENT, "world/moving", NULL, rr_points3d((const float[]){1, 1, 1}, 1, NULL), &err);
    return pair_end(&err);
}
