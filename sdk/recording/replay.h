/* The collector's side of staged.h: what one process told becomes recordings and their files. Messages come out of shared memory and may be
 * anything: what is wrong in one costs the stream that it is for, and is told once.
 *
 *   take: rows into builders, requests into a queue ─▶ advance: requests whose turn it is ─▶ tick: chunks into files
 *
 * One thread. */
#ifndef RT_RECORDING_REPLAY_H
#define RT_RECORDING_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct rt_replay;

struct rt_replay_hooks {
    void *ctx;
    /* request @number of the segment's @owner is done: 0 or -errno */
    void (*answer)(void *ctx, uint64_t owner, uint32_t number, int result);
    void (*warn)(void *ctx, const char *text);
};

/* Copies @hooks. NULL without memory. */
struct rt_replay *rt_replay_new(const struct rt_replay_hooks *hooks);
/* Ends all streams, their files get a footer; frees. */
void rt_replay_free(struct rt_replay *p);
/* One message, aligned to 8; borrowed. @mono_ns: when it was committed, about. Return: 0, -EBADMSG, -ENOMEM: also told. */
int rt_replay_take(struct rt_replay *p, const void *message, size_t n, uint64_t mono_ns);
/* Messages were lost on the way. */
void rt_replay_lost(struct rt_replay *p);
struct rt_replay_outside {
    uint32_t pid, number; /* its name: "out-PID-NUMBER" */
    uint64_t bytes, owner;
};
/* Does the message say where another, larger one stands? */
bool rt_replay_is_outside(const void *message, size_t n, struct rt_replay_outside *ret);
/* All that was committed before @complete_ns was taken: does the requests before it. */
void rt_replay_advance(struct rt_replay *p, uint64_t complete_ns);
/* Requests that wait for their turn? */
bool rt_replay_waits(const struct rt_replay *p);
/* ns until rows should be in their files; UINT64_MAX = there are none. */
uint64_t rt_replay_due_in(const struct rt_replay *p, uint64_t now_ns);
/* Writes what is due, or with @all everything. */
void rt_replay_tick(struct rt_replay *p, uint64_t now_ns, bool all);
/* What a collector that starts in the place of a dead one has to know; when all rows are in their files (tick). A recording with one file goes on
 * behind what it had then; what others had in memory is lost. Return: 0, -ENOMEM. */
int rt_replay_save(const struct rt_replay *p, struct rt_buf *out);
/* @p is new. The bytes may be anything. Return: 0, -EBADMSG, -ENOMEM. */
int rt_replay_load(struct rt_replay *p, const void *bytes, size_t n);
/* Rows taken so far. */
uint64_t rt_replay_rows(const struct rt_replay *p);

#endif
