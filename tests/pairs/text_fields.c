/* Text rows with fields beside them. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("text_fields.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_text(RR_CURRENT, "logs/arm", RR_LOG_LEVEL_WARN, "torque high",
                RR_FIELDS(rr_i64("joint", 3), rr_f64("nm", 41.75), rr_str("unit", "Nm"), rr_bool("stopped", false)));
    rr_set_time_sequence(RR_CURRENT, "step", 2);
    rr_log_text(RR_CURRENT, "logs/arm", RR_LOG_LEVEL_INFO, "torque normal",
                RR_FIELDS(rr_i64("joint", 3), rr_f64("nm", 12.5), rr_str("unit", "Nm"), rr_bool("stopped", true)));
    return pair_end(&err);
}
