/* Grey, RGB and RGBA images of bytes, shorts and floats. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("images.rrd", &err);
    uint8_t bytes[48];
    uint16_t shorts[12];
    float floats[12];
    for (int i = 0; i < 48; i++)
        bytes[i] = (uint8_t)i;
    for (int i = 0; i < 12; i++) {
        shorts[i] = (uint16_t)(i * 1000);
        floats[i] = (float)i / 16;
    }
    const struct {
        const char *path;
        rr_image_view pixels;
    } images[] = {
        {"camera/grey", rr_image_view_of(bytes, 4, 3, 1, RR_CHANNEL_U8)},   {"camera/rgb", rr_image_view_of(bytes, 4, 3, 3, RR_CHANNEL_U8)},
        {"camera/rgba", rr_image_view_of(bytes, 4, 3, 4, RR_CHANNEL_U8)},   {"camera/short", rr_image_view_of(shorts, 4, 3, 1, RR_CHANNEL_U16)},
        {"camera/float", rr_image_view_of(floats, 4, 3, 1, RR_CHANNEL_F32)},
    };
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    for (int i = 0; i < 5; i++)
        rr_log_take(RR_CURRENT, images[i].path, NULL, rr_image(&images[i].pixels, NULL), &err);
    return pair_end(&err);
}
