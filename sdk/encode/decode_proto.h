/* Reading protobuf messages without unpacking them: a message is its bytes, a field is found by walking.
 * The decoder needs a handful of fields out of untrusted bytes; nothing is allocated or copied here.
 *
 *   struct rt_proto m = {data, len}, f;
 *   while (rt_proto_next(&m, &f_no, &value, &f)) ...
 */
#ifndef RT_ENCODE_DECODE_PROTO_H
#define RT_ENCODE_DECODE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_proto {
    const uint8_t *data;
    size_t len;
};

struct rt_proto_field {
    uint32_t number;
    uint64_t value;         /* varint, fixed32, fixed64; else 0 */
    struct rt_proto bytes;  /* length-delimited; else empty, data NULL */
};

/* Takes the next field off the front of *m. Return: true; false at the end (m->len is 0 then) or where the bytes are
 * malformed (m->len is not 0 then). */
bool rt_proto_next(struct rt_proto *m, struct rt_proto_field *ret);

/* The store of a message: kind and ids borrowed from the bytes. Return: false when malformed. */
struct rt_proto_store {
    uint64_t kind;
    struct rt_proto recording_id, application_id;
};
bool rt_proto_store_id(struct rt_proto m, struct rt_proto_store *ret);

/* An ArrowMsg, log_msg.proto of Rerun. Return: NULL or the reason why it is none. */
struct rt_proto_arrow_msg {
    struct rt_proto_store store;
    uint64_t compression, uncompressed_size; /* compression: 0 and 1 none, 2 LZ4 block */
    struct rt_proto payload;
};
const char *rt_proto_arrow_msg(struct rt_proto m, struct rt_proto_arrow_msg *ret);

#endif
