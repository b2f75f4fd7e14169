/* Taking a segment: maps what the collector prepared. Its directory holds `run` (two pages), pool/ (segments to take) and live/ (taken):
 *
 *   rename pool/K → live/K    one winner
 *   open, mmap, close         no fd stays
 *   owner 0 → token           a loser unmaps and tries another
 *
 * Guest-safe, as write.h. Every failure means that nothing can be recorded, without a word. */
#ifndef RT_RING_CLAIM_H
#define RT_RING_CLAIM_H

#include "ring/write.h"

#define RT_RUN_DIR_MAX 200 /* bytes; a longer path can't be used */

/* Maps the run pages of @dir, @len bytes long, and fills *w but for the segment. Return: false = no collector works there. */
bool rt_ring_open(struct rt_writer *w, const char *dir, size_t len);
/* Takes a segment for @w, which rt_ring_open() filled. @token: any number, such as the time. Blocks: up to 10 ms. */
bool rt_ring_claim(struct rt_writer *w, const char *dir, size_t len, uint32_t token);

#endif
