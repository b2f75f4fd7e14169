#include "encode/rrd_write.h"

#include "base/xxh.h"

#include "encode/lz4.h"
#include "encode/pack.h"

enum { KIND_END = 0, KIND_SET_STORE_INFO = 1, KIND_ARROW = 2, KIND_ACTIVATION = 3 };
enum { VERSION_BITS = 0x00001F00 }; /* bytes 0, 31, 0, 0 */
#define FOOTER_CRC_SEED 7850921u    /* xxh32, the stream footer's */

int rt_rrd_stream_header(struct rt_buf *out)
{
    static const uint8_t header[RT_RRD_HEADER_BYTES] = {'R', 'R', 'F', '2', 0, 31, 0, 0, 1 /* LZ4 */,
                                                        2 /* protobuf */, 0, 0};
    return rt_buf_append(out, header, sizeof header);
}

/* Appends a frame whose payload is the packed @msg. */
static int frame_append(struct rt_buf *out, uint64_t kind, const ProtobufCMessage *msg, uint64_t *ret_size)
{
    uint64_t head[2] = {kind, protobuf_c_message_get_packed_size(msg)};
    int r = rt_buf_reserve(out, sizeof head + head[1]);
    if (r < 0)
        return r;
    rt_buf_append(out, head, sizeof head);
    protobuf_c_message_pack(msg, out->data + out->len);
    out->len += head[1];
    if (ret_size)
        *ret_size = head[1];
    return 0;
}

int rt_rrd_store_info(struct rt_buf *out, const struct rt_store_id *store, struct rt_tuid row_id)
{
    struct rt_pack_store s;
    Rt__Tuid id = RT__TUID__INIT;
    Rt__StoreSourceExtra extra = RT__STORE_SOURCE_EXTRA__INIT;
    Rt__StoreSource source = RT__STORE_SOURCE__INIT;
    Rt__StoreVersion version = RT__STORE_VERSION__INIT;
    Rt__StoreInfo info = RT__STORE_INFO__INIT;
    Rt__SetStoreInfo msg = RT__SET_STORE_INFO__INIT;

    id.time_ns = row_id.time_ns;
    id.inc = row_id.inc;
    source.kind = 1; /* C SDK */
    source.extra = &extra;
    version.crate_version_bits = VERSION_BITS;
    info.store_id = rt_pack_store(&s, store);
    info.store_source = &source;
    info.store_version = &version;
    msg.row_id = &id;
    msg.info = &info;
    return frame_append(out, KIND_SET_STORE_INFO, &msg.base, NULL);
}

int rt_rrd_arrow(struct rt_buf *out, const struct rt_store_id *store, struct rt_tuid chunk_id, bool is_static,
                 const struct rt_buf *ipc,
                 bool hard, struct rt_buf *scratch, uint64_t *ret_size)
{
    struct rt_pack_store s;
    Rt__Tuid id = RT__TUID__INIT;
    Rt__ArrowMsg msg = RT__ARROW_MSG__INIT;

    rt_buf_clear(scratch);
    int r = rt_lz4_block(ipc->data, ipc->len, hard, scratch);
    if (r < 0)
        return r;
    id.time_ns = chunk_id.time_ns;
    id.inc = chunk_id.inc;
    msg.store_id = rt_pack_store(&s, store);
    msg.compression = RT__COMPRESSION__COMPRESSION_LZ4;
    msg.uncompressed_size = ipc->len;
    msg.encoding = 1; /* Arrow IPC */
    msg.payload = (ProtobufCBinaryData){scratch->len, scratch->data};
    msg.chunk_id = &id;
    msg.is_static = is_static;
    return frame_append(out, KIND_ARROW, &msg.base, ret_size);
}

int rt_rrd_activation(struct rt_buf *out, const struct rt_store_id *store, bool make_active, bool make_default)
{
    struct rt_pack_store s;
    Rt__BlueprintActivationCommand msg = RT__BLUEPRINT_ACTIVATION_COMMAND__INIT;
    msg.blueprint_id = rt_pack_store(&s, store);
    msg.make_active = make_active;
    msg.make_default = make_default;
    return frame_append(out, KIND_ACTIVATION, &msg.base, NULL);
}

int rt_rrd_end(struct rt_buf *out, uint64_t at, const void *footer, size_t len)
{
    uint64_t head[2] = {KIND_END, len};
    uint64_t where[2] = {at + sizeof head, len};
    uint32_t crc = rt_xxh32(footer, len, FOOTER_CRC_SEED), entries = 1;
    int r = rt_buf_reserve(out, sizeof head + len + 32);
    if (r < 0)
        return r;
    rt_buf_append(out, head, sizeof head);
    rt_buf_append(out, footer, len);
    rt_buf_append(out, where, sizeof where);
    rt_buf_append(out, &crc, sizeof crc);
    rt_buf_append(out, "RRF2FOOT", 8);
    return rt_buf_append(out, &entries, sizeof entries);
}
