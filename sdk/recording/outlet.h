/* Where a process that stages its rows writes to: a segment of a collector's (ring/layout.h), claimed once a process. The names of the ring's own
 * headers stay behind this one.
 *
 * A child that was forked has none of its parent's (the mapping is not inherited, so that the collector sees the parent's end) and claims its own. */
#ifndef RT_RECORDING_OUTLET_H
#define RT_RECORDING_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct rt_writer_thread; /* ring/write.h */

#define RT_OUTLET_PARTS 4u
#define RT_OUTLET_DIR   200u /* bytes of a run directory's path */

/* Takes a segment of the collector that the parent used, else of $RETAP_RUN's, else of one that it starts; again: nothing. Not for two threads at a
 * time. Return: 0, or -errno with words that name what was tried. Blocks: while one starts. */
int rt_outlet_claim(struct rt_error *err);
void rt_outlet_in_child(void);
/* Its run directory; "" = none. */
const char *rt_outlet_dir(void);

/* How the segment calls its owner. */
uint64_t rt_outlet_owner(void);

/* What a thread brings along; freed with free(). NULL without memory. */
struct rt_writer_thread *rt_outlet_thread(void);
/* Writes one message, the parts one behind the other. @waits: as long as the collector gets on (RT_OUTLET_WAIT_NS at most), else not at all.
 * Return: false = no room, it is dropped. Threads: any, @t the caller's. Signals: safe. */
bool rt_outlet_write(struct rt_writer_thread *t, bool waits, const struct rt_slice *parts, unsigned n);
#define RT_OUTLET_WAIT_NS 10000000000u
/* The collector does not let lie what it has. Signals: safe. */
void rt_outlet_hurry(void);

/* Room for so many bytes outside of the lanes? Counts them; the collector does the rest. */
bool rt_outlet_admit(uint64_t bytes, uint64_t most);
void rt_outlet_withdraw(uint64_t bytes);

/**
 * Writes a request and waits for the answer.
 * @number: in @parts, gets the request's number before it is written
 * @timeout_sec: < 0 = as long as the collector gets on, else at most so long
 * Return: the answer, 0 or -errno; -ETIMEDOUT; -ENOBUFS = no room; -EPIPE = the collector is gone.
 * Threads: any, one at a time writes.
 */
int rt_outlet_ask(uint32_t *number, const struct rt_slice *parts, unsigned n, double timeout_sec, struct rt_error *err);

/* ---------------------------------------------------------------- starter.c */
/* Starts `retap collect`, which ends with this process and those forked from it; its run directory goes to @ret_dir. No child, descriptor or signal
 * of it is left. Return: 0 or -errno with words. */
int rt_collector_start(char ret_dir[RT_OUTLET_DIR + 1], struct rt_error *err);

#endif
