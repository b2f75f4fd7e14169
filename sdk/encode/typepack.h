/* An Arrow type as a run of bytes, and back: how one process tells another what a column is.
 *
 *   node    u32 bytes of format | u32 bytes of name | u32 1 = nullable | u32 children | format | name | the nodes of the children
 *
 * Format and name are padded to 8 bytes. The format is that of the C data interface, "+w:3". */
#ifndef RT_ENCODE_TYPEPACK_H
#define RT_ENCODE_TYPEPACK_H

#include "base/buf.h"
#include "encode/datatype.h"

/* Appends it. Return: 0, -ENOMEM. */
int rt_type_pack(const struct rt_datatype *t, struct rt_buf *out);
/* The @len bytes may be anything: what they say is checked as rt_datatype_import() checks a schema. gives *ret (rt_datatype_free()).
 * Return: 0, -EBADMSG, -EINVAL, -ENOMEM. */
int rt_type_unpack(const void *bytes, size_t len, struct rt_datatype **ret, struct rt_error *err);

#endif
