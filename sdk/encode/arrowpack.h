/* An Arrow array as one run of bytes, and back: rows in lanes. Depth first, for each field of the type:
 *
 *   uint64_t length, nulls | validity, when there are nulls | offsets from 0 | values or bytes | children         each padded to 8
 *
 * Slices are cut to what they show; a dense union keeps its children whole. Host order: packed and unpacked by processes of one machine. */
#ifndef RT_ENCODE_ARROWPACK_H
#define RT_ENCODE_ARROWPACK_H

#include "encode/array.h"

/* Bytes that rt_arrow_pack() writes, a multiple of 8. @array has passed rt_array_check(). */
uint64_t rt_arrow_packed_size(const struct rt_datatype *t, const struct ArrowArray *array);
/* @out is aligned to 8. */
void rt_arrow_pack(const struct rt_datatype *t, const struct ArrowArray *array, uint8_t *out);
/* Bytes of the arena that unpacking wants for this type. */
size_t rt_arrow_arena_size(const struct rt_datatype *t);
/* A view whose buffers lie in @p (aligned to 8), its nodes in @arena; no release. The @n bytes may be anything: they are checked for length
 * here, what they say by rt_array_check_shape(). Return: 0, -EBADMSG, -ENOBUFS (arena). */
int rt_arrow_unpack(const struct rt_datatype *t, const uint8_t *p, size_t n, struct rt_arena *arena, struct ArrowArray *ret);

#endif
