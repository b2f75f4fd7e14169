/* What a program that stages the rows of its recordings tells the collector: messages, each the payload of ring records of type RT_RECORD_SDK.
 *
 *   ROW      struct rt_row_rec …, as in a lane (record.h); component types by the program's numbers
 *   COLUMNS  struct rt_columns_msg | path | n_times × { struct rt_time_rec, name, packed Int64 } | n_columns × { struct rt_cell_rec, packed list }
 *   TYPE     struct rt_type_msg | component | archetype | component type | packed type (encode/typepack.h): what a number means, told by each
 *            thread before its first use
 *   OPEN     struct rt_open_msg | application id | recording id | recording's name | paths
 *   SINKS    struct rt_sinks_msg | paths
 *   FLUSH, CLOSE   struct rt_ask_msg
 *   OUTSIDE  struct rt_outside_msg: the message stands in a file of the run directory, being large
 *
 * OPEN, SINKS, FLUSH and CLOSE are requests. They are numbered in a segment and answered in that order, when all that was committed before
 * them is read; rows of sinks to come wait for their request. Strings are padded to 8 bytes; a path ends with a NUL.
 *
 *   program: staged.c (rows), handover.c (requests), outlet.c (the segment), starter.c (a collector)       collector: replay.c, told by bridges/collect/sdk.c */
#ifndef RT_RECORDING_STAGED_H
#define RT_RECORDING_STAGED_H

#include <retap/recording.h>

#include "recording/core.h"
#include "recording/worker.h"
#include "recording/lane.h"
#include "recording/record.h"
#include "recording/settings.h"

enum rt_staged_type { /* beside RT_REC_ROW, in struct rt_rec */
    RT_MSG_COLUMNS = 16,
    RT_MSG_TYPE,
    RT_MSG_OPEN,
    RT_MSG_SINKS,
    RT_MSG_FLUSH,
    RT_MSG_CLOSE,
    RT_MSG_OUTSIDE,
};

#define RT_STAGED_INSIDE   (128u << 10) /* bytes of a message in a lane; larger ones stand outside … */
#define RT_STAGED_MOST     (256u << 20) /* … up to this */
#define RT_STAGED_OUTSIDE  (64u << 20)  /* bytes of a segment that may stand outside, unless there is but one message */
#define RT_STAGED_TYPES    65536u       /* numbers of component types that can be told */
#define RT_STAGED_CELLS    4096u        /* of a row */
#define RT_STAGED_SINKS    8u           /* of a stream */

struct rt_ask { /* first in each request */
    struct rt_rec head;
    uint64_t owner;  /* of the segment, while it is ours: the next has other numbers */
    uint32_t number; /* of the request */
    uint32_t stream;
};

struct rt_sinks_told {
    uint32_t generation;
    uint32_t n;          /* paths; none: rows wait in memory for others … */
    uint8_t drops, compact, reserved[6]; /* … or, with drops, are dropped */
    uint64_t keep;       /* the file of the only path goes on behind so many bytes; UINT64_MAX: each is made anew */
};

struct rt_open_msg {
    struct rt_ask ask;
    uint64_t dialect;    /* rt_staged_dialect() */
    struct rt_sinks_told sinks;
    struct rt_settings settings;
    int64_t start_time_ns;
    uint64_t buffer_limit;
    uint16_t application_len, recording_len, name_len;
    uint8_t kind, properties;
};

struct rt_sinks_msg {
    struct rt_ask ask;
    struct rt_sinks_told sinks;
};

struct rt_ask_msg { /* FLUSH, CLOSE */
    struct rt_ask ask;
    uint32_t sync, reserved;
};

struct rt_type_msg {
    struct rt_rec head;
    uint32_t number;
    uint16_t component_len, archetype_len, type_len;
    uint8_t has_archetype, has_type;
    uint32_t reserved;
};

struct rt_columns_msg {
    struct rt_rec head;
    uint32_t stream, generation;
    uint64_t time_ns, inc;
    uint32_t path_len, n_times, n_columns, reserved;
};

struct rt_outside_msg {
    struct rt_rec head;
    uint32_t pid, number; /* its name: "out-PID-NUMBER" */
    uint64_t bytes, owner;
};

/* A text of a message, padded. Return: 0, -ENOMEM. */
int rt_staged_append(struct rt_buf *b, const char *text, size_t n);
/* Appends the TYPE message of @c, of up to RT_STAGED_INSIDE bytes; @out: a multiple of 8 bytes. Return: 0, -ENOMEM, -E2BIG. */
int rt_staged_type(const struct rt_component_type *c, uint32_t number, struct rt_buf *out);
/* What both sides must have in common: forms of messages, rows of archetypes.def. Others are refused. */
uint64_t rt_staged_dialect(void);

/* ---------------------------------------------------------------- the program's side */

/* Of a stream that is staged. */
struct rt_staged {
    uint32_t epoch;             /* of the process in which the collector knows the stream */
    uint32_t n;
    char *paths[RT_STAGED_SINKS]; /* absolute; owned */
    bool drops;
};

/* From now on @s is staged. Return: 0 or a code with *err: then it goes on as it was. */
rr_error_code rt_staged_begin(struct rt_stream *s, rr_error *err);
/* In a read section. Return: 1 = it is staged; 0 = dropped, counted; -ESTALE, -EAGAIN: once more, see
 * rt_staged_later(); -ENOMEM, -E2BIG, -ENOSPC, -errno. */
struct rt_thread;
int rt_staged_row(struct rt_thread *t, struct rt_stream *s, const struct rt_row_head *head, struct rt_tuid id, const struct rt_value *values,
                  uint32_t n, const uint32_t *sizes, uint64_t bytes);
/* The same of a record that is ready, of component types that need not be told. */
int rt_staged_record(struct rt_thread *t, struct rt_stream *s, const void *record, uint32_t bytes, bool urgent);
int rt_staged_columns(struct rt_thread *t, struct rt_stream *s, const char *path, uint32_t path_len, struct rt_tuid id, uint64_t n_rows,
                      const rr_time_column *times, uint32_t n_times, const rr_component_column *columns,
                      const struct rt_component_type *const *types, uint32_t n_columns);
/* In a signal handler, of a thread that has staged rows: false = the line has to go the usual way. */
bool rt_staged_signal(rr_recording_stream rec, const char *path, const char *level, const char *text);
/* A line of a signal handler, told by who drains those. */
void rt_staged_text(struct rt_stream *s, struct rt_slice path, struct rt_slice level, struct rt_slice text, int64_t time_ns);
/* Did it ask for more time? Then counts @s, in the read section … */
bool rt_staged_later(struct rt_stream *s, int r);
/* … gives it that, outside of the section, and takes the count back. Return: false = it was long enough, @n_rows are dropped, counted. */
bool rt_staged_wait(struct rt_stream *s, int r, uint64_t n_rows, unsigned *tries);
/* What they returned, in words. */
rr_error_code rt_staged_fail(int r, uint64_t bytes, rr_error *err);
/* In a child that was forked: has a collector know the stream there, with files of its own; without one it is staged no more. */
void rt_staged_again(struct rt_stream *s);
/* Takes @sinks. Return: 0 or a code with *err. */
rr_error_code rt_staged_set_sinks(struct rt_stream *s, struct rt_sink *const *sinks, uint32_t n, rr_error *err);
/* Wait for the answer, as rt_worker_do() does. Return: 0, -ETIMEDOUT, -errno. */
int rt_staged_flush(struct rt_stream *s, double timeout_sec, bool sync, struct rt_error *err);
int rt_staged_close(struct rt_stream *s, double timeout_sec, struct rt_error *err);
/* Frees what the program knows. */
void rt_staged_free(struct rt_staged *g);
void rt_staged_in_child(void);
static inline bool rt_is_staged(const struct rt_stream *s)
{
    return rt_load_acquire(&s->staged_mt) != NULL;
}
/* For functions that work on the recording itself, which is elsewhere. */
rr_error_code rt_staged_refuse(const char *what, rr_error *err);

#endif
