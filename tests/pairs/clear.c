/* An entity, and a tree of them, disappear. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("clear.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_take(RR_CURRENT, "world/point", NULL, rr_points3d((const float[]){1, 1, 1}, 1, NULL), &err);
    rr_log_take(RR_CURRENT, "world/tree/leaf", NULL, rr_points3d((const float[]){2, 2, 2}, 1, NULL), &err);
    rr_set_time_sequence(RR_CURRENT, "frame", 2);
    rr_log_take(RR_CURRENT, "world/point", NULL, rr_clear(false), &err);
    rr_log_take(RR_CURRENT, "world/tree", NULL, rr_clear(true), &err);
    return pair_end(&err);
}
