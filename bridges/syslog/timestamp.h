/* Timestamps of syslog messages. Each reader takes bytes from the front of a slice and moves it on; on false nothing has moved. */
#ifndef RT_SYSLOG_TIMESTAMP_H
#define RT_SYSLOG_TIMESTAMP_H

#include "base/slice.h"
#include "syslog/parse.h"

/* 2026-11-20T16:14:09.352502+00:00, with Z, or (an old header's) without a zone. */
bool rt_syslog_time_iso(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context);

/* Nov 20 16:14:09, day padded by a blank, a zero or not at all; a year behind day or time, a fraction behind the seconds. */
bool rt_syslog_time_bsd(struct rt_slice *s, struct rt_syslog *m, const struct rt_syslog_context *context);

#endif
