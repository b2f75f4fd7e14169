/* Text rows: levels, a level of one's own, none at all, and colours. */
#include "pair.h"

static void in_colour(const char *text, uint32_t color, rr_error *err)
{
    rr_text_log_options options = rr_text_log_options_default();
    options.level = RR_LOG_LEVEL_INFO;
    options.color = color;
    rr_log_text_ex(RR_CURRENT, "logs/colour", text, &options, err);
}

int main(void)
{
    static const char *const levels[] = {RR_LOG_LEVEL_CRITICAL, RR_LOG_LEVEL_ERROR, RR_LOG_LEVEL_WARN, RR_LOG_LEVEL_INFO,
                                         RR_LOG_LEVEL_DEBUG,    RR_LOG_LEVEL_TRACE, "NOTICE"};
    rr_error err = {0};
    pair_begin("text_levels.rrd", &err);
    for (int i = 0; i < 7; i++) {
        char text[64];
        snprintf(text, sizeof text, "line %d: größe 世界", i);
        rr_set_time_sequence(RR_CURRENT, "step", i);
        rr_log_text(RR_CURRENT, "logs/app", levels[i], text, RR_NO_FIELDS);
    }
    rr_set_time_sequence(RR_CURRENT, "step", 7);
    rr_log_text(RR_CURRENT, "logs/plain", NULL, "neither level nor colour", RR_NO_FIELDS);
    in_colour("orange", 0xFF8000FF, &err);
    in_colour("", 0x01020304, &err);
    return pair_end(&err);
}
