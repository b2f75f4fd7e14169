/* What an .rrd stream holds so far, by store, for the footer at its end. */
#ifndef RT_SINK_PARTS_H
#define RT_SINK_PARTS_H

#include "recording/compact.h" /* struct rt_file_part */
#include "recording/sink.h"

struct rt_parts {
    struct rt_file_part *list; /* in order of appearance */
    size_t n, cap;
    bool hard;                 /* the footer is compressed hard */
};

/* The part of @store, made when new. NULL without memory. */
struct rt_file_part *rt_parts_of(struct rt_parts *p, struct rt_store *store);
/* Makes room for the note of @m, which can't fail then. Before the frame is written. Return: 0, -ENOMEM. */
int rt_parts_room(struct rt_parts *p, const struct rt_log_message *m);
/* Notes @m when it is a chunk, with its frame at @offset of the stream. */
void rt_parts_note(struct rt_parts *p, const struct rt_log_message *m, uint64_t offset);
/* Appends the End frame with the footer and the stream footer, which begin at @offset of the stream. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_parts_end(const struct rt_parts *p, uint64_t offset, struct rt_buf *out);
/* The first part of a recording becomes the first of all. */
void rt_parts_recording_first(struct rt_parts *p);
void rt_parts_deinit(struct rt_parts *p);

/* A complete .rrd of messages: header, frames, end. Appends to @out, which is empty. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_parts_whole(const struct rt_backlog *messages, struct rt_buf *out);

#endif
