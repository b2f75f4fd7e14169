/* Columns without a timeline: static. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("send_columns_static.rrd", &err);
    rr_component_batch *batches;
    rr_component_column column;
    uint32_t n;
    rr_bundle *points = rr_points3d((const float[]){1, 2, 3, 4, 5, 6}, 2, NULL);
    rr_bundle_batches(points, &batches, &n);
    rr_component_batch_partition(&batches[0], (const uint32_t[]){2}, 1, &column);
    rr_recording_stream_send_columns(RR_CURRENT, rr_make_string("world/fixed"), NULL, 0, &column, 1, &err);
    rr_component_batches_free(batches, n);
    rr_bundle_free(points);
    return pair_end(&err);
}
