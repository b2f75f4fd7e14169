/* A sink takes messages, in order, from one thread at a time (the worker, or whoever stands in for it). What it takes is either wholly in it or
 * not at all. */
#ifndef RT_RECORDING_SINK_H
#define RT_RECORDING_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "recording/message.h"

struct rt_sink;

/* Messages in order, each holding a reference. */
struct rt_backlog {
    struct rt_log_message **list;
    size_t n, cap;
};
int rt_backlog_add(struct rt_backlog *b, struct rt_log_message *m);
void rt_backlog_deinit(struct rt_backlog *b);

struct rt_sink_ops {
    const char *kind; /* "file", "memory" … */
    /* One message. A sink that keeps it takes a reference. Return: 0, or -errno: it is not in the sink, and its rows are lost to it. */
    int (*take)(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err);
    /* What was taken is handed to the operating system; with @sync it is on the disk. Until @deadline_ns (CLOCK_MONOTONIC).
     * Return: 0, -ETIMEDOUT, -errno. NULL: nothing to do. */
    int (*flush)(struct rt_sink *sink, uint64_t deadline_ns, bool sync, struct rt_error *err);
    /* Moves what it holds and nobody has taken to *ret: the next sink gets it. NULL: a sink without backlog. */
    int (*backlog)(struct rt_sink *sink, struct rt_backlog *ret);
    /* Ends cleanly (footer), closes, frees. Return: 0, -errno of the last chance to notice a failed write. */
    int (*close)(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err);
    /* In a forked child: frees what is the child's; the parent's file is neither written nor given an end. gives the child's own sink
     * of the same kind (file: NAME.<pid>.rrd, created at the first message), NULL = dropped. */
    struct rt_sink *(*in_child)(struct rt_sink *sink);
    /* Closes without an end and frees: what was taken stays as it is. NULL: as close. */
    void (*abandon)(struct rt_sink *sink);
    /* A change of the sink itself that pending messages wait for, e.g. a reader of the buffer. */
    uint64_t (*written)(const struct rt_sink *sink); /* bytes of whole frames; NULL = 0 */
};

struct rt_sink {
    const struct rt_sink_ops *ops;
    char *name;        /* for messages and duplicates: absolute path, URL, "stdout" … */
    int64_t tick_ns;   /* how long rows may wait for their chunk, the sink's default */
    bool quick;        /* waits for nobody, neither a reader nor another machine: its work may be done by whoever asks for it */
    uint64_t n_lost;   /* rows of messages that it refused; kept by the caller of take */
    uint32_t refs_mt;  /* a handle of the user beside the stream's (memory recordings); kept by the sink */
    bool shared;       /* another sink gets the same messages, so the chunks must stay as they are; set before the first take */
};

/* Ends and frees it without an end of what it wrote. */
static inline void rt_sink_abandon(struct rt_sink *sink)
{
    if (sink->ops->abandon)
        sink->ops->abandon(sink);
    else
        sink->ops->close(sink, 0, NULL);
}

/* ---------------------------------------------------------------- the sinks (sdk/sink) */

#define RT_SINK_CREATE UINT64_MAX /* for @keep: create or empty the file */

/* An .rrd file at @path; an existing file is cut to @keep bytes, which go on counting as written. The fd is close-on-exec and 64 or above,
 * out of the way of hosts that close or reuse the small numbers. Before each write it must still be the file that was opened. With @compact
 * the closed file is written anew when that pays (recording/compact.h). gives *ret. Return: 0, -errno. */
int rt_sink_file(const char *path, uint64_t keep, bool compact, struct rt_sink **ret, struct rt_error *err);
/* Its footer is compressed hard: for a file that is made to be small. */
void rt_sink_file_hard(struct rt_sink *sink);
/* What the file is called in a forked child: NAME.<pid>.rrd. The caller frees; NULL without memory. */
char *rt_sink_file_name_in_child(const char *name);
/* Of a file that was opened with @keep: a chunk in the kept part, in order, for the footer; chunk->offset is its place. Return: 0, -ENOMEM. */
int rt_sink_file_note(struct rt_sink *sink, struct rt_store *store, const struct rt_placed_chunk *chunk);
/* RRD to a duplicate of fd 1; on a terminal, or a pipe without reader, a buffered sink instead. */
int rt_sink_stdout(uint64_t buffer_limit_bytes, struct rt_sink **ret, struct rt_error *err);
/* Keeps everything until the next sink is set, or the newest @limit_bytes (0 = unlimited). */
int rt_sink_buffered(uint64_t limit_bytes, struct rt_sink **ret, struct rt_error *err);
/* Drops everything: set_sinks of none. */
int rt_sink_nothing(struct rt_sink **ret, struct rt_error *err);
/* Keeps everything for whoever reads it: two references, the stream's and that of a handle of the user (rt_sink_memory_unref()). */
int rt_sink_memory(struct rt_sink **ret, struct rt_error *err);
/* These: by the thread that gives messages to sinks, or with it excluded. */
size_t rt_sink_memory_count(const struct rt_sink *sink);
/* A complete .rrd of what it holds; @before (may be NULL) goes in front. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_sink_memory_read(struct rt_sink *sink, const struct rt_backlog *before, struct rt_buf *out);
void rt_sink_memory_empty(struct rt_sink *sink);
void rt_sink_memory_unref(struct rt_sink *sink);
/* Calls @fn with the bytes of an .rrd stream: header, one frame a call, end. Dropped in forked children. */
int rt_sink_callback(void (*fn)(void *ctx, const uint8_t *bytes, size_t n), void *ctx, struct rt_sink **ret, struct rt_error *err);

#endif
