/* retap/log4c.h: log4c's events into an rr_logging_handler (libretap-log4c, pkg-config retap-log4c).
 *
 *   rr_log4c_register();                                   the appender type "retap", before log4c_init() when log4crc names it:
 *   <appender name="recording" type="retap"/>              its rows go to /logs
 *
 *   log4c_appender_t *a = log4c_appender_get("recording");  or by hand:
 *   log4c_appender_set_type(a, log4c_appender_type_get("retap"));
 *   log4c_appender_set_udata(a, handler);                   an rr_logging_handler of the program's own, which outlives the appender's use
 *
 * The category is the logger: "net.http" goes to /logs/net/http. FATAL, ALERT and CRIT are CRITICAL, NOTICE is INFO, the others keep their names.
 * The body is the message, without the layout; the time is the event's. */
#ifndef RETAP_LOG4C_H
#define RETAP_LOG4C_H

#include <log4c.h>
#include <retap/handler.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the appender type "retap" known to log4c; again is nothing. Threads: as log4c, before others use it. */
void rr_log4c_register(void);

#ifdef __cplusplus
}
#endif

#endif
