#include "encode/decode_proto.h"

#include <stdio.h>
#include <string.h>

#include "encode/decode.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static bool take_varint(struct rt_proto *m, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < m->len && i < 10; i++) {
        v |= (uint64_t)(m->data[i] & 0x7f) << (7 * i);
        if (!(m->data[i] & 0x80)) {
            m->data += i + 1;
            m->len -= i + 1;
            *ret = v;
            return true;
        }
    }
    return false;
}

static bool take_fixed(struct rt_proto *m, unsigned n, uint64_t *ret)
{
    uint64_t v = 0;
    if (m->len < n)
        return false;
    for (unsigned i = n; i-- > 0;)
        v = v << 8 | m->data[i];
    m->data += n;
    m->len -= n;
    *ret = v;
    return true;
}

static bool take_bytes(struct rt_proto *m, struct rt_proto *ret)
{
    uint64_t n;
    if (!take_varint(m, &n) || n > m->len)
        return false;
    *ret = (struct rt_proto){m->data, (size_t)n};
    m->data += n;
    m->len -= (size_t)n;
    return true;
}

bool rt_proto_next(struct rt_proto *m, struct rt_proto_field *ret)
{
    struct rt_proto rest = *m; /* *m moves only past a whole field, so that m->len tells the end from damage */
    uint64_t key;
    bool ok = false;
    *ret = (struct rt_proto_field){0};
    if (!m->len || !take_varint(&rest, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff)
        return false;
    ret->number = (uint32_t)(key >> 3);
    switch (key & 7) {
    case WIRE_VARINT: ok = take_varint(&rest, &ret->value); break;
    case WIRE_FIXED64: ok = take_fixed(&rest, 8, &ret->value); break;
    case WIRE_FIXED32: ok = take_fixed(&rest, 4, &ret->value); break;
    case WIRE_BYTES: ok = take_bytes(&rest, &ret->bytes); break;
    }
    if (ok)
        *m = rest;
    return ok;
}

static bool application_id(struct rt_proto m, struct rt_proto *ret)
{
    struct rt_proto_field f;
    while (rt_proto_next(&m, &f))
        if (f.number == 1)
            *ret = f.bytes;
    return !m.len;
}

bool rt_proto_store_id(struct rt_proto m, struct rt_proto_store *ret)
{
    struct rt_proto_field f;
    *ret = (struct rt_proto_store){.kind = 1};
    while (rt_proto_next(&m, &f)) {
        if (f.number == 1)
            ret->kind = f.value == 2 ? 2 : 1; /* unspecified and unknown numbers read as a recording */
        else if (f.number == 2)
            ret->recording_id = f.bytes;
        else if (f.number == 3 && !application_id(f.bytes, &ret->application_id))
            return false;
    }
    return !m.len;
}

const char *rt_proto_arrow_msg(struct rt_proto m, struct rt_proto_arrow_msg *ret)
{
    struct rt_proto_field f;
    bool has_store = false, has_payload = false;
    uint64_t encoding = 0;
    *ret = (struct rt_proto_arrow_msg){0};
    while (rt_proto_next(&m, &f)) {
        switch (f.number) {
        case 1: has_store = rt_proto_store_id(f.bytes, &ret->store); break;
        case 2: ret->compression = f.value; break;
        case 3: ret->uncompressed_size = f.value; break;
        case 4: encoding = f.value; break;
        case 5:
            ret->payload = f.bytes;
            has_payload = f.bytes.data != NULL;
            break;
        }
    }
    return m.len         ? "a message that is not protobuf"
           : !has_store  ? "a chunk without a store id"
           : encoding != 1 ? "a chunk in an unknown encoding"
           : !has_payload ? "a chunk without a payload"
                          : NULL;
}

static void copy_id(char *out, size_t size, struct rt_proto id)
{
    snprintf(out, size, "%.*s", (int)(id.len < size ? id.len : size - 1), id.data ? (const char *)id.data : "");
}

static void copy_store(const struct rt_proto_store *store, struct rt_store_info *ret)
{
    *ret = (struct rt_store_info){.kind = (int)store->kind};
    copy_id(ret->recording_id, sizeof ret->recording_id, store->recording_id);
    copy_id(ret->application_id, sizeof ret->application_id, store->application_id);
}

int rt_activation_decode(const struct rt_frame *frame, struct rt_activation *ret, struct rt_error *err)
{
    struct rt_proto m = {frame->payload, frame->payload_len};
    struct rt_proto_field f;
    struct rt_proto_store store;
    bool found = false, ok = frame->kind == RT_FRAME_BLUEPRINT;
    *ret = (struct rt_activation){0};
    while (ok && rt_proto_next(&m, &f)) {
        if (f.number == 1)
            ok = found = rt_proto_store_id(f.bytes, &store);
        else if (f.number == 2)
            ret->make_active = f.value != 0;
        else if (f.number == 3)
            ret->make_default = f.value != 0;
    }
    if (!ok || m.len || !found)
        return rt_error_set(err, RT_RRD_E_CORRUPT, "at byte %llu: a blueprint activation that can't be read", (unsigned long long)frame->offset);
    copy_store(&store, &ret->store);
    return 0;
}

int rt_store_info_decode(const struct rt_frame *frame, struct rt_store_info *ret, struct rt_error *err)
{
    struct rt_proto m = {frame->payload, frame->payload_len}, info = {0};
    struct rt_proto_field f;
    struct rt_proto_store store;
    bool found = false;
    while (rt_proto_next(&m, &f))
        if (f.number == 2)
            info = f.bytes;
    while (!m.len && rt_proto_next(&info, &f))
        if (f.number == 2)
            found = rt_proto_store_id(f.bytes, &store);
    if (m.len || info.len || !found)
        return rt_error_set(err, RT_RRD_E_CORRUPT, "at byte %llu: a store info that can't be read",
                            (unsigned long long)frame->offset);
    copy_store(&store, ret);
    return 0;
}
