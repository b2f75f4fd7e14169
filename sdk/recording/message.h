/* A message of a recording: encoded once, given to every sink, kept as long as one of them holds it. In the order of seq the messages are
 * the recording's one sequence; a resend is the same bytes with the same chunk id. */
#ifndef RT_RECORDING_MESSAGE_H
#define RT_RECORDING_MESSAGE_H

#include <stdint.h>

#include "encode/manifest.h"

struct rt_store; /* whom the message belongs to: ids, kind, and the manifest's names; counted */

enum rt_message_type { RT_MESSAGE_STORE_INFO = 1, RT_MESSAGE_CHUNK, RT_MESSAGE_ACTIVATE /* of a blueprint */ };

struct rt_log_message {
    uint32_t refs_mt;
    uint8_t type;           /* enum rt_message_type */
    bool is_static;         /* of a chunk */
    bool urgent;            /* holds a row of level ERROR or above */
    bool foreign;           /* others have this chunk, too: it must stay as it is */
    uint32_t n_rows;        /* of a chunk; else 0 */
    uint64_t seq;           /* from 1 in its recording */
    struct rt_store *store; /* counted */
    struct rt_chunk_facts *facts; /* of a chunk: what a footer tells of it; counted. Else NULL */
    size_t len;             /* bytes of the whole frame, header included */
    uint8_t frame[];        /* as in an .rrd stream */
};

/* Room for a frame of @len bytes, one reference, holds the store. NULL without memory. */
struct rt_log_message *rt_message_new(struct rt_store *store, enum rt_message_type type, size_t len);
struct rt_log_message *rt_message_ref(struct rt_log_message *m);
/* Return: NULL. Threads: any. */
struct rt_log_message *rt_message_unref(struct rt_log_message *m);

#endif
