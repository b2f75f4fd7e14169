/* Four dimensions, three, and one. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("tensor.rrd", &err);
    float four[120];
    for (int i = 0; i < 120; i++)
        four[i] = (float)i / 8;
    rr_tensor_data tensor = {RR_SIZES(2, 3, 4, 5), RR_TEXTS("batch", "channel", "height", "width"), RR_TENSOR_F32, four, 120};
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_take(RR_CURRENT, "tensor/four", NULL, rr_tensor(&tensor, NULL), &err);

    static const uint8_t six[] = {0, 1, 2, 3, 4, 5};
    rr_tensor_data bytes = {RR_SIZES(1, 2, 3), {0}, RR_TENSOR_U8, six, 6};
    rr_log_take(RR_CURRENT, "tensor/bytes", NULL, rr_tensor(&bytes, NULL), &err);
    rr_log_take(RR_CURRENT, "tensor/bars", NULL, rr_bar_chart((const double[]){1, 4, 9, 16.5}, 4, NULL), &err);
    return pair_end(&err);
}
