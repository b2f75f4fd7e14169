/* A triangle with all that a mesh may have, and a bare one. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("mesh.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_mesh3d_options options = rr_mesh3d_options_default();
    options.vertex_normals = RR_VECS3(0, 0, 1, 0, 0, 1, 0, 0, 1);
    options.vertex_colors = RR_COLORS(0xFF0000FF, 0x00FF00FF, 0x0000FFFF);
    options.triangle_indices = RR_UVECS3(0, 1, 2);
    options.albedo_factor = RR_COLORS(0xFFFFFF80);
    rr_log_take(RR_CURRENT, "world/mesh", NULL, rr_mesh3d((const float[]){0, 0, 0, 1, 0, 0, 0, 1, 0}, 3, &options), &err);
    rr_log_take(RR_CURRENT, "world/soup", NULL, rr_mesh3d((const float[]){0, 0, 0, 1, 0, 0, 0, 1, 0, 5, 0, 0, 6, 0, 0, 5, 1, 0}, 6, NULL), &err);
    return pair_end(&err);
}
