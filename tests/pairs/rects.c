/* Rectangles in six ways to write them. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("rects.rrd", &err);
    static const struct {
        const char *path;
        enum rr_rect_format format;
        float rect[4];
    } rects[] = {
        {"plane/xywh", RR_RECT_XYWH, {1, 2, 3, 4}},     {"plane/yxhw", RR_RECT_YXHW, {2, 1, 4, 3}},
        {"plane/xyxy", RR_RECT_XYXY, {1, 2, 4, 6}},     {"plane/yxyx", RR_RECT_YXYX, {2, 1, 6, 4}},
        {"plane/xcycwh", RR_RECT_XCYCWH, {2.5f, 4, 3, 4}}, {"plane/xcycw2h2", RR_RECT_XCYCW2H2, {2.5f, 4, 1.5f, 2}},
    };
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    for (int i = 0; i < 6; i++)
        rr_log_rect(RR_CURRENT, rects[i].path, rects[i].rect, rects[i].format, NULL, &options);
    static const uint8_t colors[] = {255, 0, 0, 0, 255, 0};
    rr_rects_options many = rr_rects_options_default();
    many.colors = rr_paint_u8(colors, 2, 3);
    many.labels = RR_TEXTS("cat", "dog");
    many.class_ids = RR_IDS(1, 2);
    rr_log_rects(RR_CURRENT, "plane/many", (const float[]){0, 0, 2, 2, 3, 4.5f, 4, 1}, 2, RR_RECT_XYWH, &many, &options);
    return pair_end(&err);
}
