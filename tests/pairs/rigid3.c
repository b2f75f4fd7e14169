/* Where an entity is: moved and turned, told both ways. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    pair_begin("rigid3.rrd", &err);
    rr_legacy_options options = rr_legacy_options_default();
    options.err = &err;
    rr_rigid3 pose = {{1, 2, 3}, {0, 0, 0.6f, 0.8f}}, origin = {{0, 0, 0}, {0, 0, 0, 1}};
    rr_set_time_sequence(RR_CURRENT, "frame", 1);
    rr_log_rigid3(RR_CURRENT, "world/a", &pose, NULL, NULL, &options);
    rr_log_rigid3(RR_CURRENT, "world/b", NULL, &pose, NULL, &options);
    rr_log_rigid3(RR_CURRENT, "world/c", &origin, NULL, "RDF", &options);
    return pair_end(&err);
}
