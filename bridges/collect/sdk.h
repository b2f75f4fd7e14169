/* Programs that use the SDK and stage the rows of their recordings here: what each told goes to its replay (recording/replay.h), which writes the
 * files; answers go back into its segment. Threads: interpreter. */
#ifndef RT_COLLECT_SDK_H
#define RT_COLLECT_SDK_H

#include <stdbool.h>

#include "base/buf.h"
#include "collect/pool.h"

struct rt_interpreter;
struct rt_sdk_process;
struct rt_sdk_outside; /* a file that was read, and is needed until the checkpoint says so */

struct rt_sdk {
    const struct rt_pool *pool; /* NULL: nobody hears the answers */
    int dir_fd;                 /* the run directory: messages outside of the lanes */
    struct rt_interpreter *it;  /* for words */
    struct rt_sdk_process *processes, *last;
    uint64_t ended_rows;        /* of processes that are gone */
    uint64_t looked_ns;         /* when it was last asked for what is due */
    struct rt_sdk_outside *outside;
    uint64_t outside_bytes;
};

void rt_sdk_init(struct rt_sdk *k, const struct rt_pool *pool, int dir_fd, struct rt_interpreter *it);
/* A whole message of a process that writes to @segment; aligned to 8. @cut: its end is missing. */
void rt_sdk_message(struct rt_sdk *k, uint32_t segment, const void *message, size_t n, bool cut, uint64_t mono_ns);
/* Records of that segment found no room. */
void rt_sdk_lost(struct rt_sdk *k, uint32_t segment);
/* All that was committed before @mono_ns was taken. */
void rt_sdk_advance(struct rt_sdk *k, uint64_t mono_ns);
/* Nobody writes to @segment any more (@owner: who did): its recordings end. */
void rt_sdk_dead(struct rt_sdk *k, uint32_t segment, uint64_t owner);
/* Requests that wait for their turn? */
bool rt_sdk_waits(const struct rt_sdk *k);
/* ns until something should be in its file; UINT64_MAX = nothing waits. */
uint64_t rt_sdk_due_in(const struct rt_sdk *k, uint64_t now_ns);
/* Writes what is due, with @all everything. */
void rt_sdk_tick(struct rt_sdk *k, uint64_t now_ns, bool all);
uint64_t rt_sdk_rows(const struct rt_sdk *k);
/* For the checkpoint, after a tick of everything; what must stay until then is outside_bytes large, and goes by release. Return: 0, -ENOMEM,
 * -EBADMSG. */
int rt_sdk_save(const struct rt_sdk *k, struct rt_buf *out);
int rt_sdk_load(struct rt_sdk *k, const uint8_t *bytes, size_t n);
void rt_sdk_release(struct rt_sdk *k);
/* The run is over: all recordings end. */
void rt_sdk_finish(struct rt_sdk *k);

#endif
