/* An Arrow array of a known type as one run of bytes, and back without copying: how rows with nested values travel through lanes.
 *
 *   node    u32 length | u32 1 = there are nulls | validity | offsets | values | the nodes of the children
 *
 * Each part is padded to 8 bytes. Only the elements of the array are packed: slices become whole, offsets begin at 0. */
#ifndef RT_ENCODE_ARROWPACK_H
#define RT_ENCODE_ARROWPACK_H

#include "encode/array.h"

/* Bytes that rt_arrow_pack() writes; a multiple of 8. @array has passed rt_array_check_shape(). Threads: any. Allocates: never. */
size_t rt_arrow_packed_size(const struct rt_datatype *t, const struct ArrowArray *array);
/* @out: aligned to 8. Threads: any. Signals: safe. Allocates: never. */
void rt_arrow_pack(const struct rt_datatype *t, const struct ArrowArray *array, uint8_t *out);
/* Bytes of the arena that unpacking wants for this type. */
size_t rt_arrow_arena_size(const struct rt_datatype *t);
/* Fills *ret with a view of the @len bytes, aligned to 8, whose nodes are in @arena; no release. The bytes may be anything: that the buffers lie
 * inside is checked here, what they say (offsets, type ids, children) by rt_array_check_shape() or rt_array_check(), which is left to the caller,
 * who may have packed them himself. They must stay as they are while the view is in use: out of memory that others write they are copied first.
 * Return: 0, -EBADMSG, -ENOBUFS (arena). Allocates: never. */
int rt_arrow_unpack(const struct rt_datatype *t, const void *bytes, size_t len, struct rt_arena *arena, struct ArrowArray *ret);

#endif
