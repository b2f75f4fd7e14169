/* Rows of several points: a column cut into unequal parts. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("send_columns_lists.rrd", &err);
    float positions[10][3];
    for (int i = 0; i < 10; i++) {
        positions[i][0] = (float)i;
        positions[i][1] = (float)i * 0.5f;
        positions[i][2] = (float)-i;
    }
    const int64_t steps[] = {10, 20, 30, 40};
    const uint32_t lengths[] = {1, 0, 4, 5};
    rr_component_batch *batches;
    rr_component_column *radii, columns[2];
    uint32_t n_batches, n_radii;
    rr_bundle *points = rr_points3d(positions[0], 10, NULL), *sizes = rr_bundle_new("Points3D");
    rr_bundle_batches(points, &batches, &n_batches);
    rr_component_batch_partition(&batches[0], lengths, 4, &columns[0]);
    rr_bundle_set(sizes, "radii", (const float[]){1, 2, 3, 4}, 4);
    rr_bundle_columns(sizes, &radii, &n_radii);
    columns[1] = radii[0];
    radii[0].array.release = NULL; /* moved */
    rr_time_column time = rr_time_column_sequence("step", steps, 4);
    rr_recording_stream_send_columns(RR_CURRENT, rr_make_string("world/cloud"), &time, 1, columns, 2, &err);
    rr_component_batches_free(batches, n_batches);
    rr_component_columns_free(radii, n_radii);
    rr_bundle_free(points);
    rr_bundle_free(sizes);
    return pair_end(&err);
}
