/* What records call by a number: format strings and files. A number belongs to a segment; each thread that uses it says first what it
 * means, so the same is said several times. A segment may live for months, and each process that is forked in it bring numbers of its own:
 * when there are too many, those that were used least recently go. */
#ifndef RT_COLLECT_NAMES_H
#define RT_COLLECT_NAMES_H

#include <stdint.h>

#include "base/buf.h"

#define RT_NAMES_MAX   65536u     /* known at a time */
#define RT_NAMES_BYTES (16u << 20) /* of all their texts */

struct rt_name {
    struct rt_name *next;           /* of the chain */
    struct rt_name *older, *newer;  /* in the order of use */
    uint32_t segment, number;
    uint32_t len;
    char text[]; /* displayable */
};

struct rt_names {
    struct rt_name *chain[4096];
    struct rt_name *oldest, *newest;
    uint32_t n;
    size_t bytes;
};

/* Copies; the newest meaning of a number counts. Return: 0 or -ENOMEM. */
int rt_names_put(struct rt_names *s, uint32_t segment, uint32_t number, const char *text, size_t len);
/* Return: NULL = it was not said. Borrowed until the next put or forget. */
const struct rt_name *rt_names_get(struct rt_names *s, uint32_t segment, uint32_t number);
/* The segment is dead: its numbers begin anew. */
void rt_names_forget(struct rt_names *s, uint32_t segment);
void rt_names_deinit(struct rt_names *s);

int rt_names_save(const struct rt_names *s, struct rt_buf *out);
int rt_names_load(struct rt_names *s, const uint8_t *p, size_t n, size_t *ret_used);

#endif
