/* The calls of the first SDKs for images and tensors, as rows of today. */
#include "pair.h"

int main(void)
{
    static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9};
    uint8_t bytes[36];
    uint16_t shorts[12];
    double line[] = {1, 4, 9.5};
    rr_error err = {0};
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    for (int i = 0; i < 36; i++)
        bytes[i] = (uint8_t)(7 * i);
    for (int i = 0; i < 12; i++)
        shorts[i] = (uint16_t)(i * 5000);
    rr_image_view rgb = rr_image_view_of(bytes, 4, 3, 3, RR_CHANNEL_U8), grey = rr_image_view_of(shorts, 4, 3, 1, RR_CHANNEL_U16);
    rr_tensor_data cube = {RR_SIZES(3, 4, 3), RR_TEXTS("y", "x", "c"), RR_TENSOR_U8, bytes, 36};
    rr_tensor_data bars = {RR_SIZES(3), {0}, RR_TENSOR_F64, line, 3};

    pair_begin("old_images.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_image(RR_CURRENT, "camera/rgb", &rgb, &options);
    rr_log_depth_image(RR_CURRENT, "camera/depth", &grey, 1000, &options);
    rr_log_segmentation_image(RR_CURRENT, "camera/classes", &grey, &options);
    rr_log_image_file(RR_CURRENT, "camera/file", jpeg, sizeof jpeg, NULL, RR_IMAGE_FILE_JPEG, &options);
    rr_log_tensor(RR_CURRENT, "tensor/cube", &cube, 0, &options);
    rr_log_tensor(RR_CURRENT, "tensor/bars", &bars, 0, &options);
    return pair_end(&err);
}
