#include "encode/readdress.h"

#include "encode/decode_proto.h"
#include "encode/pack.h"

enum { KIND_ARROW = 2, FIELD_STORE_ID = 1, TAG_STORE_ID = FIELD_STORE_ID << 3 | 2 /* length-delimited */ };

static int put_varint(struct rt_buf *out, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    do
        bytes[n++] = (uint8_t)((v & 0x7F) | (v > 0x7F ? 0x80 : 0));
    while (v >>= 7);
    return rt_buf_append(out, bytes, n);
}

static int put_store(struct rt_buf *out, const struct rt_store_id *store)
{
    struct rt_pack_store s;
    Rt__StoreId *id = rt_pack_store(&s, store);
    size_t n = rt__store_id__get_packed_size(id);
    const uint8_t tag = TAG_STORE_ID;
    int r = rt_buf_append(out, &tag, 1);
    r = r ? r : put_varint(out, n);
    r = r ? r : rt_buf_reserve(out, n);
    if (!r)
        out->len += rt__store_id__pack(id, out->data + out->len);
    return r;
}

/* All fields of @m but the store. */
static int put_others(struct rt_buf *out, struct rt_proto m)
{
    struct rt_proto_field f;
    const uint8_t *start = m.data;
    int r = 0;
    while (!r && rt_proto_next(&m, &f)) {
        if (f.number != FIELD_STORE_ID)
            r = rt_buf_append(out, start, (size_t)(m.data - start));
        start = m.data;
    }
    return r ? r : m.len ? -EBADMSG : 0;
}

int rt_rrd_readdress(struct rt_buf *out, const struct rt_frame *frame, const struct rt_store_id *store)
{
    uint64_t head[2] = {KIND_ARROW, 0};
    size_t start = out->len;
    int r = frame->kind == RT_FRAME_ARROW ? rt_buf_append(out, head, sizeof head) : -EBADMSG;
    r = r ? r : put_store(out, store);
    r = r ? r : put_others(out, (struct rt_proto){frame->payload, frame->payload_len});
    if (r) {
        out->len = start;
        return r;
    }
    head[1] = out->len - start - sizeof head;
    memcpy(out->data + start, head, sizeof head);
    return 0;
}
