/* What a thread writes to besides standard output and standard error: a connection to a log daemon, a file that was asked for. Each has
 * its own unfinished message or lines.
 *
 *   SYSLOG (connections)   framer       messages are cut out of the bytes
 *   JOURNAL_TEXT           assembler    name: the identifier that the stream's header gave. It may have been sent by another process,
 *                                       whose records are still to be read: then what is written is kept until they certainly are
 *   FILE                   assembler    name: the path; one channel a file
 *
 * A thread has at most RT_CHANNELS_MOST; one more takes the place of the one that was used least recently. So does each where all threads
 * together have RT_CHANNELS_ALL: then a thread has one. */
#ifndef RT_COLLECT_CHANNEL_H
#define RT_COLLECT_CHANNEL_H

#include "collect/rows.h"
#include "meaning/assemble.h"
#include "ring/layout.h"
#include "syslog/frame.h"

#define RT_CHANNELS_MOST 64u
#define RT_CHANNELS_ALL  4096u
#define RT_CHANNEL_NAME  4096u /* bytes of a name */

struct rt_channel {
    struct rt_channel *next; /* in the order of use, the last used first */
    uint32_t stream, origin; /* the key; as records have them */
    struct rt_framer framer;
    struct rt_assembler lines;
    struct rt_buf name;
    struct rt_buf early;      /* of JOURNAL_TEXT, while the header is not known: struct rt_channel_early, bytes, and so on */
    uint64_t early_seen_mono_ns; /* when the first of it was read */
    bool settled;             /* of JOURNAL_TEXT: the header is known, or there was none */
    struct rt_entity *entity; /* of FILE: cached; not saved */
};

struct rt_channel_early {
    uint64_t mono_ns, site;
    size_t len;
};
#define RT_CHANNEL_EARLY 65536u /* bytes that are kept; with more the header is given up */

/* The channel, moved to the front of @list; NULL when there is none. */
struct rt_channel *rt_channel_find(struct rt_channel **list, uint32_t stream, uint32_t origin);
/* Makes one that is not there yet. *ret_old: one that had to go, since there are @most, already off the list, to be finished and freed;
 * NULL = none. NULL without memory. */
struct rt_channel *rt_channel_add(struct rt_channel **list, uint32_t most, uint32_t stream, uint32_t origin,
                                  const struct rt_assembler_options *options, struct rt_channel **ret_old);
void rt_channel_free(struct rt_channel *c);
/* Return: how many there were. */
uint32_t rt_channels_free(struct rt_channel **list);
/* Bytes of memory that they take. */
size_t rt_channels_bytes(const struct rt_channel *list);

static inline bool rt_channel_empty(const struct rt_channel *c)
{
    return rt_framer_empty(&c->framer) && rt_assembler_empty(&c->lines) && !c->early.len;
}

/* State as bytes and back; load() checks everything. Return: 0, -ENOMEM, -EBADMSG. */
int rt_channels_save(const struct rt_channel *list, struct rt_buf *out);
int rt_channels_load(struct rt_channel **list, const struct rt_assembler_options *options, const uint8_t *p, size_t n, uint32_t *ret_count,
                     size_t *ret_used);

#endif
