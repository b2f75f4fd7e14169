/* A whole plot in one call, on two timelines. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("send_columns.rrd", &err);
    double sine[64], squares[64];
    int64_t step[64], elapsed[64], wall[64];
    for (int i = 0; i < 64; i++) {
        step[i] = i;
        elapsed[i] = i * INT64_C(500000000);
        wall[i] = INT64_C(1700000000000000000) + i * 1000;
        sine[i] = i * 0.25 - 4;
        squares[i] = i * i;
    }
    rr_component_column *columns;
    uint32_t n;
    rr_bundle *bundle = rr_scalars(sine, 64);
    rr_bundle_columns(bundle, &columns, &n);
    rr_time_column both[] = {rr_time_column_sequence("step", step, 64), rr_time_column_duration_ns("elapsed", elapsed, 64)};
    rr_recording_stream_send_columns(RR_CURRENT, rr_make_string("plot/sine"), both, 2, columns, n, &err);
    rr_component_columns_free(columns, n);
    rr_bundle_free(bundle);

    bundle = rr_scalars(squares, 64);
    rr_bundle_columns(bundle, &columns, &n);
    rr_time_column one[] = {rr_time_column_timestamp_ns("wall", wall, 64)};
    rr_recording_stream_send_columns(RR_CURRENT, rr_make_string("plot/wall"), one, 1, columns, n, &err);
    rr_component_columns_free(columns, n);
    rr_bundle_free(bundle);
    return pair_end(&err);
}
