/* A small FlatBuffers builder, enough for the metadata of Arrow IPC.
 *
 * A buffer grows from its end to its start, children before parents, since offsets in FlatBuffers point
 * forward only. A *ref* is the distance of an object's start from the end of the buffer; 0 is none.
 * Objects may be shared: equal strings and equal vtables are written once, and the caller can remember
 * others with rt_fb_memo_*(); schemas become a third as long. With fb->repeat nothing is shared: objects
 * of one kind then look alike down to their offsets, and LZ4 makes less of them than of shared ones.
 *
 *   rt_fb_reset → strings, vectors, tables (begin, slots, end) → rt_fb_finish
 *
 * The first failure (only -ENOMEM) sticks in fb->error; all later calls do nothing. Little-endian machines
 * only. */
#ifndef RT_ENCODE_FLATBUF_H
#define RT_ENCODE_FLATBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_FB_MAX_SLOTS   8  /* of an Arrow table: Field has seven */
#define RT_FB_MAX_VTABLES 16 /* kinds of tables in one buffer; more are written twice */

struct rt_fb_memo {
    uint64_t key;
    uint32_t kind, ref;
};

struct rt_fb {
    uint8_t *mem;
    size_t cap, used; /* bytes, used ones are the last */
    uint32_t slots[RT_FB_MAX_SLOTS]; /* refs of the open table's values */
    size_t table_start;
    uint32_t vtables[RT_FB_MAX_VTABLES];
    unsigned n_vtables;
    struct rt_fb_memo *memo; /* open addressing */
    size_t memo_cap, memo_len;
    bool repeat; /* set by the caller after reset */
    int error;
};

void rt_fb_reset(struct rt_fb *fb);
void rt_fb_deinit(struct rt_fb *fb);

/* Strings, NUL-terminated in the buffer. Equal ones are shared. */
uint32_t rt_fb_string(struct rt_fb *fb, const char *s, size_t len);
uint32_t rt_fb_vector_refs(struct rt_fb *fb, const uint32_t *refs, size_t n);
/* Vector of structs of two int64. */
uint32_t rt_fb_vector_pairs(struct rt_fb *fb, const int64_t (*pairs)[2], size_t n);

/* Tables: begin, each slot at most once (all values are written, defaults too), end. Refs must exist
 * before begin. */
void rt_fb_begin(struct rt_fb *fb);
void rt_fb_u8(struct rt_fb *fb, unsigned slot, uint8_t v);
void rt_fb_i16(struct rt_fb *fb, unsigned slot, int16_t v);
void rt_fb_i32(struct rt_fb *fb, unsigned slot, int32_t v);
void rt_fb_i64(struct rt_fb *fb, unsigned slot, int64_t v);
void rt_fb_ref(struct rt_fb *fb, unsigned slot, uint32_t ref);
uint32_t rt_fb_end(struct rt_fb *fb);

/* Remembers the ref of an object under (kind > 0, key), for sharing. Return of get: 0 = not there. */
uint32_t rt_fb_memo_get(const struct rt_fb *fb, uint32_t kind, uint64_t key);
void rt_fb_memo_put(struct rt_fb *fb, uint32_t kind, uint64_t key, uint32_t ref);

/* Closes the buffer; its length is a multiple of 8. *ret is borrowed until the next call. Return: 0,
 * -ENOMEM. */
int rt_fb_finish(struct rt_fb *fb, uint32_t root, const uint8_t **ret, size_t *ret_len);

#endif
