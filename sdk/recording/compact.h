/* Compaction: a closed file of many small chunks is written anew with few large ones, entity by entity,
 * beside the old one and put in its place. Small chunks cost about 2 KB each, and viewers load them 50
 * times slower. Done when it pays: a regular file with one name that is still the one that was opened, at
 * most 256 MiB, with more than a fifth of its bytes in chunks of less than 1000 rows. */
#ifndef RT_RECORDING_COMPACT_H
#define RT_RECORDING_COMPACT_H

struct rt_recording;

/* Return: 1 compacted, 0 not worth it, -errno: tried in vain, and the file is as it was. */
int rt_recording_compact(const struct rt_recording *rec);

#endif
