/* Points of space. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("points3d.rrd", &err);
    float cloud[50][3];
    for (int i = 0; i < 50; i++) {
        cloud[i][0] = (float)i * 0.5f;
        cloud[i][1] = (float)-i;
        cloud[i][2] = (float)(i * i);
    }
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_take(RR_CURRENT, "world/one", NULL, rr_points3d((const float[]){1, 2, 3}, 1, NULL), &err);

    rr_points3d_options small = rr_points3d_options_default();
    small.radii = RR_FLOATS(0.125f);
    small.colors = RR_COLORS(0xFFC800FF);
    rr_log_take(RR_CURRENT, "world/cloud", NULL, rr_points3d(cloud[0], 50, &small), &err);

    rr_points3d_options named = rr_points3d_options_default();
    named.labels = RR_TEXTS("low", "high");
    named.class_ids = RR_IDS(1, 2);
    named.keypoint_ids = RR_IDS(10, 11);
    named.radii = RR_FLOATS(0.5f, 1.5f);
    named.colors = RR_COLORS(0x010203FF, 0x04050607);
    rr_log_take(RR_CURRENT, "world/named", NULL, rr_points3d((const float[]){0, 0, 1, 0, 0, 2}, 2, &named), &err);

    rr_set_time_sequence(RR_CURRENT, "frame", 2);
    rr_log_take(RR_CURRENT, "world/one", NULL, rr_points3d(NULL, 0, NULL), &err);
    return pair_end(&err);
}
