#include "handler/log4c/log4c.h"

#define API __attribute__((visibility("default")))

static int32_t levelno_of(int priority)
{
    static const struct {
        int most; /* of log4c's priorities, small is severe */
        int32_t levelno;
    } levels[] = {
        {LOG4C_PRIORITY_CRIT, RR_LEVELNO_CRITICAL}, {LOG4C_PRIORITY_ERROR, RR_LEVELNO_ERROR}, {LOG4C_PRIORITY_WARN, RR_LEVELNO_WARN},
        {LOG4C_PRIORITY_INFO, RR_LEVELNO_INFO},     {LOG4C_PRIORITY_DEBUG, RR_LEVELNO_DEBUG}, {LOG4C_PRIORITY_TRACE, RR_LEVELNO_TRACE},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (priority <= levels[i].most)
            return levels[i].levelno;
    return RR_LEVELNO_INFO;
}

/* The handlers that open() made are the appender's; they end with the process, as log4c's own appenders do without log4c_fini(). */
static int open_appender(log4c_appender_t *a)
{
    if (!log4c_appender_get_udata(a))
        log4c_appender_set_udata(a, rr_logging_handler_new("/logs"));
    return log4c_appender_get_udata(a) ? 0 : -1;
}

/* log4c's inline functions tell where in its own header they stand. */
static bool is_of_program(const log4c_location_info_t *place)
{
    return place && place->loc_function && strncmp(place->loc_function, "log4c_", 6);
}

static int append(log4c_appender_t *a, const log4c_logging_event_t *event)
{
    rr_log_record r = rr_log_record_default();
    r.logger = event->evt_category;
    r.levelno = levelno_of(event->evt_priority);
    r.message = event->evt_msg;
    r.time_ns = (int64_t)event->evt_timestamp.tv_sec * 1000000000 + (int64_t)event->evt_timestamp.tv_usec * 1000;
    if (is_of_program(event->evt_loc)) {
        r.file = event->evt_loc->loc_file;
        r.function = event->evt_loc->loc_function;
        r.line = (uint32_t)event->evt_loc->loc_line;
    }
    rr_logging_handler_emit(log4c_appender_get_udata(a), &r);
    return 0;
}

static int close_appender(log4c_appender_t *a)
{
    (void)a;
    return 0;
}

API void rr_log4c_register(void)
{
    static const log4c_appender_type_t type = {"retap", open_appender, append, close_appender};
    log4c_appender_type_set(&type);
}
