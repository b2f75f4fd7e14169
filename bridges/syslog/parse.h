/* One syslog message, taken apart. Pure: bytes in, borrowed slices out; never fails, never reads beyond @n. What does not follow a
 * grammar is text: a part is taken only when everything that the grammar wants around it is there.
 *
 *   LOCAL   <PRI>Mmm dd hh:mm:ss TAG[PID]: text               what programs send to /dev/log
 *   REMOTE  <PRI>Mmm dd hh:mm:ss HOST TAG[PID]: text          RFC 3164, in the many ways it is really written
 *   MODERN  <PRI>1 TIME HOST APP PROCID MSGID DATA text       RFC 5424
 *   NONE    <PRI>TAG[PID]: text, or text alone
 *
 * Lenient where senders are known to be: a year in the date, fractions, RFC 3339 in an old header, `*` or `.` or a sequence number
 * before it, no timestamp, names longer than allowed, priorities above 191 (glibc sends them when it is given nonsense; the severity
 * is still their low three bits). Strict where leniency would eat text: a PRI has at most three digits and no leading zero. */
#ifndef RT_SYSLOG_PARSE_H
#define RT_SYSLOG_PARSE_H

#include "base/slice.h"

enum rt_syslog_format { RT_SYSLOG_NONE, RT_SYSLOG_LOCAL, RT_SYSLOG_REMOTE, RT_SYSLOG_MODERN };

/* What a message does not say itself. */
struct rt_syslog_context {
    int64_t now_ns;      /* since the epoch: a date without a year is the last such day, or at most one day ahead */
    int32_t zone_s;      /* seconds east of UTC, for times without a zone */
    bool from_afar;      /* came over a network: the first word of an old header is a host even where no tag follows it */
};

struct rt_syslog {
    enum rt_syslog_format format;
    int32_t pri;         /* -1 = none */
    int32_t facility;    /* 0..23, -1 = none or not one that exists */
    int32_t severity;    /* 0..7, -1 = none */
    bool has_time, has_year, has_zone;
    bool is_utf8;        /* the text says so itself (it began with a byte order mark, which is left out) */
    int64_t time_ns;     /* since the epoch */
    uint32_t pid;        /* 0 = none, or procid is not a number */
    struct rt_slice host, app, procid, msgid; /* n 0 = absent */
    struct rt_slice data; /* structured data with its brackets, well-formed; see rt_syslog_next() */
    struct rt_slice text; /* without the line ends and NULs that some senders put behind it */
};

struct rt_syslog rt_syslog_parse(const void *bytes, size_t n, const struct rt_syslog_context *context);

/* Walks structured data: @rest starts as a copy of .data. An element without parameters comes once, with an empty name. */
struct rt_syslog_param {
    struct rt_slice id, name, value; /* value as sent, escapes and all */
};
struct rt_syslog_walk {
    struct rt_slice rest, id;
};
bool rt_syslog_next(struct rt_syslog_walk *w, struct rt_syslog_param *ret);

/* The value without its escapes (\" \\ \], others stay); as much as fits @size. Return: its whole length, at most value.n. */
size_t rt_syslog_unescape(char *out, size_t size, struct rt_slice value);

/* "kern", "user" …; NULL for a number that has no name. Static storage. */
const char *rt_syslog_facility_name(int facility);

#endif
