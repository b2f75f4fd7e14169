/* The calls behind a thread's bytes. A DATA record is a row of frames: what is known of a call, then the bytes that it wrote. The assembler
 * makes rows of the bytes and hands back with each the tag of the call that wrote its first byte; until no row can come of a call any
 * more, it is kept here:
 *
 *   record → rt_frame_next() → rt_calls_begin() → tag → assembler … row.tag → rt_calls_get()
 *
 * At most one call for each tag that an assembler can hold, and the last one, is kept. */
#ifndef RT_COLLECT_CALLS_H
#define RT_COLLECT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "meaning/assemble.h"
#include "ring/layout.h"

#define RT_SPOKEN_KEPT 8u   /* two assemblers with three tags each, the last call, the next one */
#define RT_CALL_ARGS  256u /* bytes; the shim leaves longer ones out */

struct rt_frame {
    bool has_call;
    struct rt_call call;
    const uint8_t *args, *text; /* in the record */
    size_t len;                 /* bytes of text in this record */
};

/* The frame at *@at (0 at first) of a DATA record. Return: false at the end, and at what no shim writes. */
bool rt_frame_next(const struct rt_record *r, size_t *at, struct rt_frame *ret);
/* Bytes of the stream in a DATA record. */
size_t rt_frames_bytes(const struct rt_record *r);
/* Calls @fn for the time of each frame that has its own; it is changed in place. */
void rt_frames_times(struct rt_record *r, uint64_t (*fn)(const void *ctx, uint64_t time), const void *ctx);

struct rt_spoken {
    uint64_t tag; /* 0 = free */
    struct rt_call call;
    uint8_t args[RT_CALL_ARGS];
};

struct rt_call_store {
    uint64_t last; /* tag of the last call */
    struct rt_spoken at[RT_SPOKEN_KEPT];
};

/* A frame begins, or goes on with the call before. @busy, @n_busy: assemblers whose tags are still needed. Return: its tag. */
uint64_t rt_calls_begin(struct rt_call_store *c, const struct rt_frame *f, const struct rt_assembler *const *busy, unsigned n_busy);
/* NULL = nothing is known of it. */
struct rt_spoken *rt_calls_get(struct rt_call_store *c, uint64_t tag);

/* State as bytes and back: the calls that are still needed. Return: 0, -ENOMEM, -EBADMSG. */
int rt_calls_save(const struct rt_call_store *c, const struct rt_assembler *const *busy, unsigned n_busy, struct rt_buf *out);
int rt_calls_load(struct rt_call_store *c, const uint8_t *p, size_t n, size_t *ret_used);

#endif
