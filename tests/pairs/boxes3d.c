/* Oriented boxes. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("boxes3d.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_obb_options box = rr_obb_options_default();
    box.half_size = (const float[]){1, 2, 3};
    box.position = (const float[]){4, 5, 6};
    box.rotation_q = (const float[]){0, 0, 0.5f, 0.5f};
    box.stroke_width = 0.5f;
    box.color = rr_rgb(255, 255, 0);
    box.label = "crate";
    box.class_id = 3;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_obb(RR_CURRENT, "world/box", &box, &options);
    rr_boxes3d_options two = rr_boxes3d_options_default();
    two.centers = RR_VECS3(0, 0, 0, 9, 9, 9);
    rr_log_take(RR_CURRENT, "world/boxes", NULL, rr_boxes3d((const float[]){1, 1, 1, 2, 2, 2}, 2, &two), &err);
    return pair_end(&err);
}
