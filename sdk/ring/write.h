/* The producer half of the ring. Guest-safe: no libc but memcpy, no allocation, no lock, no errno, and no system call while a lane has
 * room (a sleeping collector is rung once; see rt_ring_write()). Many threads, signal handlers and vfork children may write at once.
 *
 *   pick lane by thread → reserve (cmpxchg head) → stamp BUSY → copy → stamp COMMIT
 */
#ifndef RT_RING_WRITE_H
#define RT_RING_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "ring/layout.h"

/* Where a process writes to. One a process, set up before the first record. */
struct rt_writer {
    struct rt_segment *segment; /* NULL = capture is off */
    const struct rt_run_page *run;
    struct rt_run_bell *bell;
    uint64_t full_wait_ns;      /* longest wait for room, 0 = never */
    uint32_t pid;
    uint32_t flags_mt; /* of every record: RT_FLAG_CRED */
};

/* What a thread brings along; in thread-local memory. */
struct rt_writer_thread {
    uint32_t tid, seq;    /* seq: next thread_seq */
    uint32_t lane_hint;   /* any number, e.g. from the thread pointer */
    struct rt_lost lost;  /* what found no room and was not yet told */
};

struct rt_part {
    const void *data;
    size_t len;
};

#define RT_HEAD_MOST 1024u
#define RT_PAYLOAD_MOST (65536u / 8 - 32u) /* bytes of one record: an eighth of the smallest lane */

enum { RT_WRITE_E_DROPPED = 1 }; /* no room: counted in the segment and in thread->lost */

/**
 * rt_ring_write() - record one call
 * @type, @stream, @flags: of the record; @mono_ns: its time
 * @head:     what stands before the payload (NULL = nothing): a struct rt_call and its arguments, at most RT_HEAD_MOST bytes; borrowed
 * @parts:    the payload in pieces; borrowed; a bad address faults in the caller's frame before anything is reserved only if the caller
 * touched it first
 * @ret_first_seq, @ret_last_seq: thread_seq of the first and last record written (may be NULL)
 *
 * A payload over an eighth of the smallest lane is split over several records, all but the last flagged MORE, and only the first with
 * @head (and with RT_FLAGS_CALL of @flags); their thread_seq follow each other without a gap, also when a signal handler writes in
 * between. When a later piece finds no room the first ones stay, and
 * the rest counts as one lost call.
 * What was lost before is told by a LOST record first; while that finds no room the call is dropped, too.
 * Return: 0 or RT_WRITE_E_DROPPED.
 * Threads: any. Signals: safe. Blocks: never while a lane has room; else up to full_wait_ns for each record (futex), not at all when the
 * segment says no_syscall or the run says no_wait. Fork: the child goes on in the same segment with its own pid.
 */
int rt_ring_write(const struct rt_writer *w, struct rt_writer_thread *t, enum rt_record_type type, enum rt_stream stream, uint32_t flags,
                  uint64_t mono_ns, const struct rt_part *head, const struct rt_part *parts, unsigned n_parts, uint32_t *ret_first_seq,
                  uint32_t *ret_last_seq);

/* A scratch area of RT_SCRATCH_BYTES for formatting, or NULL when all are taken. Threads: any. Signals: safe. */
void *rt_scratch_take(const struct rt_writer *w, struct rt_writer_thread *t);
void rt_scratch_give(const struct rt_writer *w, void *area);

#endif
