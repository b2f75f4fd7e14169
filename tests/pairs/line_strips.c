/* Polylines in the plane and in space. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("line_strips.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_line_strips2d_options flat = rr_line_strips2d_options_default();
    flat.radii = RR_FLOATS(0.25f);
    flat.colors = RR_COLORS(0xFF00FFFF);
    rr_vecs path = RR_VECS2(0, 0, 1, 1, 2, 0.5f);
    rr_log_take(RR_CURRENT, "plane/path", NULL, rr_line_strips2d(&path, 1, &flat), &err);

    rr_line_strips3d_options thick = rr_line_strips3d_options_default();
    thick.radii = RR_FLOATS(0.5f);
    thick.colors = RR_COLORS(0x0080FFC8);
    rr_vecs climb = RR_VECS3(0, 0, 0, 1, 1, 1, 2, 0, 4, 3, 0.5f, 0);
    rr_log_take(RR_CURRENT, "world/path", NULL, rr_line_strips3d(&climb, 1, &thick), &err);

    rr_set_time_sequence(RR_CURRENT, "frame", 2);
    rr_vecs two[] = {RR_VECS3(0, 0, 0, 1, 0, 0), RR_VECS3(5, 5, 5, 6, 6, 6, 7, 7, 7)};
    rr_log_take(RR_CURRENT, "world/path", NULL, rr_line_strips3d(two, 2, &thick), &err);
    return pair_end(&err);
}
