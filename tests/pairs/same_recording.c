/* Two inits with one id: one recording, in two files; the second init closes the first file. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("first.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, "plot/a", 1);

    pair_begin("second.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 2);
    rr_log_scalar(RR_CURRENT, "plot/a", 2);
    return pair_end(&err);
}
