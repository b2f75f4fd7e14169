/* What journald is sent, taken apart. Pure: borrowed slices out, never reads beyond @n.
 *
 *   native    NAME=value\n, or NAME\n, 64-bit little-endian length, bytes, \n; an empty line between entries; also the export format
 *   stream    seven lines (identifier, unit, priority, and four times 0 or 1), then lines of text
 *
 * Names are A-Z 0-9 _, at most 64, no digit first; those that begin with _ are the receiver's own to say: a sender that uses one lies.
 * A name may come several times; where one value is wanted the first counts. */
#ifndef RT_JOURNAL_PARSE_H
#define RT_JOURNAL_PARSE_H

#include "base/slice.h"

#define RT_JOURNAL_NAME_MAX   64u   /* bytes of a field's name */
#define RT_JOURNAL_HEADER_MAX 4096u /* bytes of a stream's seven lines; more are none */

enum rt_journal_step {
    RT_JOURNAL_END,   /* nothing is left */
    RT_JOURNAL_FIELD,
    RT_JOURNAL_ENTRY, /* an empty line: what follows is another entry */
    RT_JOURNAL_BAD,   /* what is left cannot be read */
};

struct rt_journal_field {
    struct rt_slice name, value;
    bool valid; /* the name is one that a sender may use */
    bool cut;   /* the datagram ends within the value */
};

/* Takes one step from the front of @rest. Comments (lines that begin with # or .) and lines without a name are passed over. */
enum rt_journal_step rt_journal_next(struct rt_slice *rest, struct rt_journal_field *ret);

/* The fields of one entry that rows have columns for. */
struct rt_journal_entry {
    struct rt_slice message, ident, file, function;
    int32_t priority; /* 0..7, -1 = none */
    int32_t facility; /* 0..23, -1 = none */
    uint32_t line;    /* 0 = none */
    uint32_t pid;     /* SYSLOG_PID, 0 = none */
    int32_t errnum;   /* 0 = none */
    bool has_message;
    bool cut;         /* the datagram ended before the entry did */
};

/* Reads one entry, up to an empty line or the end, and moves @rest behind it. Return: false, there was no field. */
bool rt_journal_take(struct rt_slice *rest, struct rt_journal_entry *ret);

/* Is it one of the names that rt_journal_take() looks for? */
bool rt_journal_is_known(struct rt_slice name);

struct rt_journal_stream {
    struct rt_slice ident, unit;
    int32_t priority; /* of lines that carry none, 0..7 */
    bool level_prefix; /* "<N>" before a line says its priority */
};

/* The header of a stream. Return: its bytes; 0, it is not complete yet; -1, it is none. */
int rt_journal_stream_take(const void *bytes, size_t n, struct rt_journal_stream *ret);

#endif
