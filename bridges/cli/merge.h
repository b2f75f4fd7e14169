/* The log rows of recordings in time order, in memory that does not grow with the files.
 *
 *   pass 1: every chunk is decoded once; of those with text the index keeps where it is and from when to when it goes
 *   pass 2: chunks are opened when their first row is due and closed behind their last; a heap gives the next row
 *
 * Time is log_time where any text row has it, else the first timeline found. Rows without it (static ones, other timelines)
 * come first. A file that can't be read twice (a pipe) is copied into an unnamed temporary file.
 * A damaged file gives what can be read; what was wrong is kept for its source. */
#ifndef RT_CLI_MERGE_H
#define RT_CLI_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "encode/decode.h"

struct rt_merge_source {
    const char *name;
    struct rt_rrd_reader *reader; /* NULL: could not be opened */
    struct rt_error first_error;  /* code 0 = fine */
    unsigned n_errors;
};

/* A text chunk as the index knows it. */
struct rt_merge_entry {
    unsigned source;
    uint64_t offset;
    int64_t min, max; /* INT64_MIN both: without the time that orders */
};

/* A decoded chunk with the columns that every row needs. */
struct rt_merge_chunk {
    struct rt_chunk chunk;
    const struct rt_chunk_column *text, *level; /* level NULL = none anywhere */
    const struct rt_chunk_column *time;         /* NULL = has not the time that orders */
    uint32_t *order;                            /* rows by time; NULL = as they are */
    uint32_t next;                              /* position in the order */
};

struct rt_merge {
    struct rt_merge_source *sources;
    unsigned n_sources;
    struct rt_merge_entry *entries;
    size_t n_entries, entries_cap, next_entry;
    struct rt_merge_chunk **heap; /* open chunks, the one with the earliest row first */
    size_t n_open, heap_cap;
    struct rt_merge_chunk *current; /* gave the last row */
    char timeline[256];            /* name of the time that orders; "" = no row has any */
    char time_unit;                /* of it: as struct rt_chunk_column */
    int64_t first, last;           /* of all text rows on it; valid when timeline is not "" */
};

/* Does a chunk of this entity take part? NULL = all. */
typedef bool (*rt_merge_wants)(const char *entity_path, void *ctx);

/* Pass 1 over @paths (borrowed; "-" = standard input). Errors of files are kept in their source. Return: 0 or -ENOMEM. */
int rt_merge_open(struct rt_merge *m, char *const *paths, unsigned n_paths, rt_merge_wants wants, void *ctx);
void rt_merge_close(struct rt_merge *m);

/* Leaves out what lies outside [@since, @until]; rows without time go too. Before the first rt_merge_next(). */
void rt_merge_limit(struct rt_merge *m, int64_t since, int64_t until);

struct rt_merge_row {
    const struct rt_merge_chunk *in; /* borrowed until the next call */
    uint32_t row;
    bool has_time;
    int64_t time;
};

/* Return: true with the next row in time order, rows of equal time by row id; false at the end. */
bool rt_merge_next(struct rt_merge *m, struct rt_merge_row *ret);

#endif
