/* Points of the plane, with all that a point may have. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("points2d.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_take(RR_CURRENT, "plane/one", NULL, rr_points2d((const float[]){1.5f, 2.5f}, 1, NULL), &err);
    rr_points2d_options many = rr_points2d_options_default();
    many.radii = RR_FLOATS(0.25f, 0.5f, 0.75f);
    many.colors = RR_COLORS(0xFF0000FF, 0x00FF00FF, 0x0000FF80);
    many.labels = RR_TEXTS("a", "b", "c");
    many.class_ids = RR_IDS(1, 2, 3);
    many.keypoint_ids = RR_IDS(4, 5, 6);
    many.draw_order = RR_FLOATS(7);
    rr_log_take(RR_CURRENT, "plane/many", NULL, rr_points2d((const float[]){0, 0, 1, 0.5f, 2, 1}, 3, &many), &err);

    rr_set_time_sequence(RR_CURRENT, "frame", 2);
    many.radii = RR_FLOATS(1);
    many.colors = RR_COLORS(0x090909FF);
    many.labels = RR_TEXTS("all");
    many.class_ids = many.keypoint_ids = RR_IDS(9);
    many.draw_order = RR_FLOATS(8);
    rr_log_take(RR_CURRENT, "plane/many", NULL, rr_points2d((const float[]){9, 9}, 1, &many), &err);
    return pair_end(&err);
}
