/* A depth image, a metre being 1000. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("depth_image.rrd", &err);
    uint16_t millimetres[20];
    float metres[20];
    for (int i = 0; i < 20; i++) {
        millimetres[i] = (uint16_t)(i * 100);
        metres[i] = (float)i * 0.25f;
    }
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_depth_image_options options = rr_depth_image_options_default();
    options.meter = RR_FLOATS(1000);
    rr_image_view depth = rr_image_view_of(millimetres, 5, 4, 1, RR_CHANNEL_U16);
    rr_log_take(RR_CURRENT, "camera/depth", NULL, rr_depth_image(&depth, &options), &err);
    depth = rr_image_view_of(metres, 5, 4, 1, RR_CHANNEL_F32);
    rr_log_take(RR_CURRENT, "camera/metres", NULL, rr_depth_image(&depth, NULL), &err);
    return pair_end(&err);
}
