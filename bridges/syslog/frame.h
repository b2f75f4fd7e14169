/* Syslog over a byte stream, cut into messages (RFC 6587): a state machine that takes the stream in any pieces.
 *
 *   "12 <13>message…"   a length, a blank, so many bytes        when it begins with 1-9 and "<" follows the blank
 *   "<13>message\n"     up to a line feed or NUL                 everything else
 *
 * Each message is judged by itself, so that a sender that lies about one length is understood again at the next. A length that is longer
 * than RT_FRAME_LENGTH_MOST, or not followed by "<", is the beginning of a line. Line ends, NULs and blanks before a message are left
 * out. Memory is bounded: of a message that is longer than @most the front is given out, the rest is read over. */
#ifndef RT_SYSLOG_FRAME_H
#define RT_SYSLOG_FRAME_H

#include <stdbool.h>

#include "base/buf.h"

#define RT_FRAME_MOST        65536u  /* bytes of a message that are kept, unless asked otherwise */
#define RT_FRAME_LENGTH_MOST 200000u /* a longer frame is no frame; rsyslog's limit */

enum { /* flags of a frame */
    RT_FRAME_CUT = 1 << 0,     /* it was longer */
    RT_FRAME_PARTIAL = 1 << 1, /* the stream ended, or bytes are missing */
};

enum rt_frame_state { RT_FRAME_START, RT_FRAME_LENGTH, RT_FRAME_CHECK, RT_FRAME_COUNTED, RT_FRAME_LINE };

struct rt_framer {
    struct rt_buf open;  /* of the message, so far; in LENGTH and CHECK: the length as it was written */
    uint32_t state;      /* enum rt_frame_state */
    uint32_t left;       /* COUNTED: bytes still to come; LENGTH: the number so far */
    uint32_t most;       /* 0 = RT_FRAME_MOST */
    bool cut;
};

typedef void (*rt_frame_fn)(void *ctx, const void *bytes, size_t n, uint32_t flags);

/* Zero-initialised is ready. Calls @fn for each message that @bytes complete; what it gets is borrowed for the call.
 * Return: 0 or -ENOMEM (the open message is then cut short). */
int rt_framer_feed(struct rt_framer *f, const void *bytes, size_t n, rt_frame_fn fn, void *ctx);
/* The stream ended, or (@lost) has a hole here: what is open is given out as it is. */
void rt_framer_close(struct rt_framer *f, bool lost, rt_frame_fn fn, void *ctx);
void rt_framer_deinit(struct rt_framer *f);

static inline bool rt_framer_empty(const struct rt_framer *f)
{
    return f->state == RT_FRAME_START;
}

/* State as bytes and back; load() checks everything. Return: 0, -ENOMEM, -EBADMSG. */
int rt_framer_save(const struct rt_framer *f, struct rt_buf *out);
int rt_framer_load(struct rt_framer *f, const void *bytes, size_t n, size_t *ret_used);

#endif
