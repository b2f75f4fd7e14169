/* Paths as texts and as lists of parts. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    char part[64], path[128];
    pair_begin("entity_paths.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, RR_ENTITY_PATH("world", 42, "my image!"), 1);
    rr_escape_entity_path_part("a/b c", part, sizeof part);
    snprintf(path, sizeof path, "world/%s", part);
    rr_log_scalar(RR_CURRENT, path, 2);
    rr_new_entity_path(path, sizeof path, RR_PATH("über", "tab\there", "x-1.5_y"));
    rr_log_scalar(RR_CURRENT, path, 3);
    rr_log_scalar(RR_CURRENT, "/absolute/path", 4);
    rr_log_scalar(RR_CURRENT, "trailing/slash/", 5);
    return pair_end(&err);
}
