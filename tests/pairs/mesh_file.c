/* A mesh file in memory, turned and moved. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("mesh_file.rrd", &err);
    static const char obj[] = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n";
    static const float transform[] = {0, -1, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3};
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_mesh_file(RR_CURRENT, "world/asset", RR_MESH_OBJ, obj, sizeof obj - 1, transform, &options);
    return pair_end(&err);
}
