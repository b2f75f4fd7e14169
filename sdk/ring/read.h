/* The consumer half of the ring: one reader a lane, in the collector. It trusts nothing in the segment: every stamp is checked against the
 * lane's bounds and head before use.
 *
 *   rt_lane_next() → span of committed records, contiguous in memory → caller copies it to where it is safe → rt_lane_done() zeroes and
 * frees
 *
 * A record that stays incomplete for RT_RETIRE_NS (its writer is stopped, killed, or left by longjmp) makes the lane RETIRED: producers go
 * elsewhere, later records are read past the hole, nothing is freed. If the record completes after all, it is read and the lane is back.
 * When the caller knows that no process maps the segment (dead = true), holes are final: counted in truncated, skipped, freed. */
#ifndef RT_RING_READ_H
#define RT_RING_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "ring/layout.h"

#define RT_RETIRE_NS 1000000000u
#define RT_HOLES     16u

struct rt_hole { /* one incomplete record, or several of which the first was never stamped */
    uint64_t pos;
    uint32_t bytes;
    uint64_t seen; /* inside it, stamps behind an unstamped word are believed up to here: they were there one pass earlier */
};

struct rt_lane_reader {
    struct rt_segment *segment;
    uint32_t lane;
    uint64_t pos;  /* all before is read and freed */
    uint64_t scan; /* all before is read; = pos unless retired */
    struct rt_hole hole[RT_HOLES];
    uint32_t n_holes;
    bool retired;  /* producers were told to go elsewhere */
    uint64_t stuck_ns;       /* since when the record at scan is incomplete; 0 = it is not */
    uint64_t candidate;      /* where the record after an unstamped one seems to start; 0 = none */
    uint64_t truncated;      /* records lost inside the copy */
};

struct rt_lane_span {
    const uint8_t *data; /* in the segment */
    uint64_t from, to;   /* positions; to - from bytes */
    bool late;           /* a record that completed after later ones were read */
};

/* @pos: where to go on, from the caller's own notes; 0 for a new segment. Frees what the segment still holds before it, and takes a retired
 * lane back into use (it retires again when its record is still incomplete after RT_RETIRE_NS). */
void rt_lane_reader_init(struct rt_lane_reader *l, struct rt_segment *segment, uint32_t lane, uint64_t pos);

/**
 * Finds the next records. @now_ns: CLOCK_MONOTONIC, for the retirement; @dead: nobody can write here any more.
 * Return: 1 with *ret filled, 0 = nothing to read now, -EBADMSG = the lane is not what a producer of ours writes.
 * Threads: owner.
 */
int rt_lane_next(struct rt_lane_reader *l, uint64_t now_ns, bool dead, struct rt_lane_span *ret);

/* The span is safe elsewhere: frees its memory for the producers and wakes those that wait. */
void rt_lane_done(struct rt_lane_reader *l, const struct rt_lane_span *span);

/* Nothing reserved beyond what was read? (one load, for deciding to sleep; seq_cst, see layout.h) */
bool rt_lane_idle(const struct rt_lane_reader *l);

/* Checks one record inside @n bytes copied from a lane. Return: its whole length, 0 = malformed. */
uint32_t rt_record_check(const uint8_t *p, size_t n);

#endif
