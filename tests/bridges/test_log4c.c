/* log4c's events through the appender: real calls of log4c, caught before they are in a lane. */
#include "tests/unit/logged.h"

#if __has_include(<log4c.h>)
#include "handler/log4c/log4c.h"

static log4c_category_t *category(const char *name, rr_logging_handler *handler)
{
    rr_log4c_register();
    CHECK_INT(log4c_init(), 0);
    log4c_appender_t *a = log4c_appender_get("recording");
    log4c_appender_set_type(a, log4c_appender_type_get("retap"));
    log4c_appender_set_udata(a, handler);
    log4c_category_t *c = log4c_category_get(name);
    log4c_category_set_appender(c, a);
    log4c_category_set_priority(c, LOG4C_PRIORITY_TRACE);
    log4c_category_set_additivity(c, 0);
    return c;
}

RT_TEST(an_event_becomes_a_row)
{
    rr_logging_handler *h = rr_logging_handler_new("/app");
    log4c_category_t *c = category("net.http", h);
    int64_t before = (int64_t)time(NULL) * 1000000000;
    log4c_category_log(c, LOG4C_PRIORITY_WARN, "torque %d", 41);
    CHECK_STR(logged.path, "/app/net/http");
    CHECK_ROW("TextLog:text=torque 41|TextLog:level=WARN");
    CHECK(logged.time_ns >= before - 1000000000 && logged.time_ns < before + 60000000000);
    rr_logging_handler_set_level(h, "error", NULL);
    log4c_category_log(c, LOG4C_PRIORITY_WARN, "not wanted");
    CHECK_INT(logged.n, 1);
}

RT_TEST(an_appender_without_a_handler_makes_one)
{
    log4c_category_t *c = category("net", NULL);
    log4c_category_log(c, LOG4C_PRIORITY_INFO, "hello");
    CHECK_STR(logged.path, "/logs/net");
}

RT_TEST(levels)
{
    static const struct {
        int priority;
        const char *level;
    } levels[] = {
        {LOG4C_PRIORITY_FATAL, "CRITICAL"}, {LOG4C_PRIORITY_ALERT, "CRITICAL"}, {LOG4C_PRIORITY_CRIT, "CRITICAL"}, {LOG4C_PRIORITY_ERROR, "ERROR"},
        {LOG4C_PRIORITY_WARN, "WARN"},      {LOG4C_PRIORITY_NOTICE, "INFO"},    {LOG4C_PRIORITY_INFO, "INFO"},     {LOG4C_PRIORITY_DEBUG, "DEBUG"},
        {LOG4C_PRIORITY_TRACE, "TRACE"},
    };
    log4c_category_t *c = category("x", rr_logging_handler_new(NULL));
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        char row[64];
        snprintf(row, sizeof row, "TextLog:text=m|TextLog:level=%s", levels[i].level);
        log4c_category_log(c, levels[i].priority, "m");
        CHECK_ROW(row);
    }
}

RT_TEST(locations)
{
    static const log4c_location_info_t here = {"net.c", 12, "serve", NULL};
    log4c_category_t *c = category("x", rr_logging_handler_new(NULL));
    log4c_category_log_locinfo(c, &here, LOG4C_PRIORITY_INFO, "m");
    CHECK_ROW("TextLog:text=m|TextLog:level=INFO|retap.Log:line=12|retap.Log:file=net.c|retap.Log:function=serve");
}
#else
RT_TEST(an_event_becomes_a_row)
{
    rt_test_skip("no log4c headers here");
}
#endif
