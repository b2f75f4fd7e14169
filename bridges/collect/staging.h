/* Staging: a ring of blocks in a file of the run directory, between the drain thread (which only copies) and the interpreter. What is here
 * survives the collector.
 *
 *   header: head, visible, tail | position table (segment x lane) | blocks ...
 *   block:  struct rt_block, then the bytes; never wraps
 *
 * Order of one block (drain thread): bytes, then head (release: the commit point), then the lane's entry in the position table, then
 * visible. The interpreter reads up to visible; a restarted collector takes up to head, and for each lane the larger of table and block.to,
 * so that no instant of death loses a block or reads one twice. tail moves when the rows are in the file and a checkpoint says so. Memory
 * is taken from the file system in steps, when first needed. */
#ifndef RT_COLLECT_STAGING_H
#define RT_COLLECT_STAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ring/layout.h"

#define RT_SEGMENTS_MAX 4096u /* segments of one run, in use or waiting */

enum rt_block_type {
    RT_BLOCK_PAD = 1, /* goes on at the start of the ring */
    RT_BLOCK_LANE,    /* records of one lane */
    RT_BLOCK_EVENT,   /* struct rt_event: what the collector itself saw */
    RT_BLOCK_BACKLOG, /* one record that no lane had: what a process left in stdout's buffer */
};

enum rt_block_late { /* where the records of a LANE block stand */
    RT_BLOCK_IN_ORDER,
    RT_BLOCK_LATE,   /* a record that completed after later ones were read */
    RT_BLOCK_BEHIND, /* read past an open record: the lane's position in the table stays before that one */
};

struct rt_block {
    uint32_t magic, bytes; /* whole block, a multiple of 64 */
    uint32_t type, payload;
    uint32_t segment;
    uint16_t lane, late; /* late: enum rt_block_late */
    uint64_t from, to;  /* lane positions */
    uint64_t mono_ns;      /* when the pass that copied it began */
    uint64_t pass_mono_ns; /* when the last complete pass before it began: what was committed earlier lies before this block */
};

struct rt_staging {
    int fd;
    struct rt_staging_header *header;
    uint8_t *ring;
    uint64_t size;        /* of the ring, a power of two */
    uint64_t allocated_mt; /* bytes of the ring that have memory */
    uint64_t reserved;    /* of the block being written */
};

#define RT_STAGING_NULL {.fd = -1}

/* Opens or creates `staging` under @dir_fd; @size_bytes is rounded down to a power of two, and to a quarter of the free space. */
int rt_staging_open(struct rt_staging *s, int dir_fd, uint64_t size_bytes, struct rt_error *err);
void rt_staging_close(struct rt_staging *s);

/* The largest payload that always finds room at last. */
static inline uint32_t rt_staging_most(const struct rt_staging *s)
{
    return s->size / 8 < 1u << 20 ? (uint32_t)(s->size / 8) : 1u << 20;
}
/* Room for @payload bytes, contiguous; NULL = full. Threads: drain. */
uint8_t *rt_staging_reserve(struct rt_staging *s, uint32_t payload);
/* Is head nearer to the end of the memory than it should be? Then rt_staging_grow() takes more, ahead of the drain. Threads: any; keeper.
 */
bool rt_staging_is_short(const struct rt_staging *s);
void rt_staging_grow(struct rt_staging *s);
/* Commits what was reserved. @b: type, payload, segment, lane, late, from, to, mono_ns. Does not make it visible yet. */
void rt_staging_commit(struct rt_staging *s, struct rt_block b);
/* Notes the lane's next position and makes committed blocks visible. */
void rt_staging_note(struct rt_staging *s, uint32_t segment, uint32_t lane, uint64_t pos);
void rt_staging_show(struct rt_staging *s);
uint64_t rt_staging_position(const struct rt_staging *s, uint32_t segment, uint32_t lane);

/* The block at *pos, which is moved past pads; NULL = none (yet). The caller then advances *pos by block->bytes. Malformed content (only
 * possible when somebody else wrote there) ends the run of blocks: NULL and *ret_bad. */
const struct rt_block *rt_staging_peek(const struct rt_staging *s, uint64_t *pos, bool *ret_bad);
uint64_t rt_staging_tail(const struct rt_staging *s);
void rt_staging_release(struct rt_staging *s, uint64_t pos);
/* Bytes in use. */
uint64_t rt_staging_used(const struct rt_staging *s);

/* After a restart: shows the blocks up to head and brings the position table up to them. */
void rt_staging_recover(struct rt_staging *s);

#endif
