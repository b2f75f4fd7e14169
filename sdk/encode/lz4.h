/* LZ4 blocks, the one compression that RRD readers take: no frame, no length in front. */
#ifndef RT_ENCODE_LZ4_H
#define RT_ENCODE_LZ4_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the compressed block of @n bytes to @out; @hard takes ten times the time for a tenth less.
 * Return: 0, -ENOMEM, -EOVERFLOW (over 2 GiB). */
int rt_lz4_block(const void *src, size_t n, bool hard, struct rt_buf *out);

#endif
