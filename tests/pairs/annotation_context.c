/* Classes with names and colours, keypoints and their connections. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("annotation_context.rrd", &err);
    rr_log_annotation_context(RR_CURRENT, "world", RR_CLASSES({0, "floor"}, {23, "bar"}));
    static const rr_annotation_info keypoints[] = {{0, "head", 0x00FF00FF}, {1, "hand", 0}};
    static const rr_keypoint_pair bones[] = {{0, 1}};
    const rr_class_description person = {1, "person", 0xFF0000FF, {keypoints, 2}, {bones, 1}};
    rr_log_annotation_context(RR_CURRENT, "people", &person, 1);
    return pair_end(&err);
}
