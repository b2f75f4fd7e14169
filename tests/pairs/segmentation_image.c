/* Class numbers as an image, and what they mean. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("segmentation_image.rrd", &err);
    uint8_t classes[24];
    uint16_t many[24];
    for (int i = 0; i < 24; i++) {
        classes[i] = (uint8_t)(i % 3);
        many[i] = (uint16_t)(i * 20);
    }
    rr_log_options fixed = rr_log_options_default();
    fixed.is_static = 1;
    rr_log_take(RR_CURRENT, "camera", &fixed,
                rr_annotation_context(RR_CLASSES({0, "background", 0x0A0A0AFF}, {1, "person", 0xFF0000FF}, {2, "car", 0x0000FFFF})), &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_image_view image = rr_image_view_of(classes, 6, 4, 1, RR_CHANNEL_U8);
    rr_log_take(RR_CURRENT, "camera/classes", NULL, rr_segmentation_image(&image, NULL), &err);
    image = rr_image_view_of(many, 6, 4, 1, RR_CHANNEL_U16);
    rr_log_take(RR_CURRENT, "camera/many", NULL, rr_segmentation_image(&image, NULL), &err);
    return pair_end(&err);
}
