/* Other transforms: a scale, a matrix, a turn around an axis, none known. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("transforms.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_transform3d_options t = rr_transform3d_options_default();
    t.translation = RR_VECS3(1, 0, 0);
    t.scale = RR_VECS3(2, 4, 8);
    rr_log_take(RR_CURRENT, "world/scaled", NULL, rr_transform3d(&t), &err);

    t = rr_transform3d_options_default();
    t.mat3x3 = RR_VECS9(1, 4, 7, 2, 5, 8, 3, 6, 10); /* column after column */
    rr_log_take(RR_CURRENT, "world/matrix", NULL, rr_transform3d(&t), &err);

    t = rr_transform3d_options_default();
    rr_axis_angle turn = {{0, 0, 1}, 0.5f};
    t.rotation_axis_angle = rr_axis_angles_of(&turn, 1);
    rr_log_take(RR_CURRENT, "world/turned", NULL, rr_transform3d(&t), &err);

    t = rr_transform3d_options_default();
    t.scale = RR_VECS3(0, 0, 0);
    rr_log_take(RR_CURRENT, "world/unknown", NULL, rr_transform3d(&t), &err);
    return pair_end(&err);
}
