/* Several meshes: an entity each. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("meshes.rrd", &err);
    static const float triangle[] = {0, 0, 0, 1, 0, 0, 0, 1, 0}, square[] = {0, 0, 4, 1, 0, 4, 0, 1, 4, 1, 1, 4};
    static const uint32_t indices[] = {0, 1, 2, 1, 2, 3};
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_mesh meshes[] = {rr_mesh_default(), rr_mesh_default()};
    meshes[0].positions = rr_floats_of(triangle, 9);
    meshes[0].indices.data = meshes[1].indices.data = indices;
    meshes[0].indices.n = 3;
    meshes[1].positions = rr_floats_of(square, 12);
    meshes[1].indices.n = 6;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_meshes(RR_CURRENT, "world/parts", meshes, 2, &options);
    return pair_end(&err);
}
