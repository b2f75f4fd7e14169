/* A plot: one number a row. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("scalars.rrd", &err);
    for (int i = 0; i < 100; i++) {
        rr_set_time_sequence(RR_CURRENT, "step", i);
        rr_log_scalar(RR_CURRENT, "plot/square", i * i / 16.0);
        rr_log_scalar(RR_CURRENT, "plot/saw", i % 7 - 3.0);
    }
    return pair_end(&err);
}
