/* Values of one's own, single and many. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("any_values.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_fields(RR_CURRENT, "sensor/one", RR_FIELDS(rr_f64("temperature", 21.5), rr_i64("count", 7), rr_str("name", "north"), rr_bool("ok", true)));
    rr_log_fields(RR_CURRENT, "sensor/many",
                  RR_FIELDS(rr_f64s("samples", (const double[]){1.5, 2.5, 3.5}, 3), rr_i64s("indices", (const int64_t[]){1, 2, 3}, 3),
                            rr_strs("tags", (const char *const[]){"a", "b", "c"}, 3)));
    rr_set_time_sequence(RR_CURRENT, "step", 2);
    rr_log_fields(RR_CURRENT, "sensor/one",
                  RR_FIELDS(rr_f64("temperature", -3.25), rr_i64("count", 8), rr_str("name", "south"), rr_bool("ok", false)));
    return pair_end(&err);
}
