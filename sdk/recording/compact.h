/* Compaction: a closed file of many small chunks is written anew with few large ones, entity by entity,
 * beside the old one and put in its place. Small chunks cost about 2 KB each, and viewers load them 50
 * times slower. Done when it pays: a regular file with one name that is still the one that was opened, at
 * most 256 MiB, with more than a fifth of its bytes in chunks of less than 1000 rows (64 where a caller made the
 * chunk, by send_columns) and 192 KiB. Only chunks that nobody else has may be merged: a viewer that got both would show the
 * rows twice. */
#ifndef RT_RECORDING_COMPACT_H
#define RT_RECORDING_COMPACT_H

#include <sys/stat.h>

#include "recording/store.h"

/* What a file holds of one store. */
struct rt_file_part {
    struct rt_store *store;
    struct rt_buf chunks; /* of struct rt_placed_chunk, in the order of the file; their facts are counted */
};

/* All is borrowed. */
struct rt_compact_job {
    const char *path;          /* absolute */
    const struct stat *opened; /* what it was when it was opened */
    uint64_t written;          /* its length */
    const struct rt_file_part *parts; /* the chunks of the first are merged, those of the others stay as they are */
    size_t n_parts;
    uint64_t deadline_ns;      /* CLOCK_MONOTONIC; two seconds at most are taken */
};

/* Return: 1 compacted, 0 not worth it, -errno: tried in vain, and the file is as it was. */
int rt_compact(const struct rt_compact_job *job);

#endif
