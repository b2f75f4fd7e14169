#include "encode/footer.h"

#include "encode/footer_plan.h"
#include "encode/lz4.h"
#include "encode/pack.h"

enum { HARD_BYTES = 1 << 20 }; /* larger tables are compressed the fast way */
#define HARD_FROM  (16u << 10) /* below it the state alone (256 KiB) costs more than all else of a short program */

static int footer_pack(const struct rt_store_id *store, const struct rt_buf *schema, uint8_t digest[32],
                       const struct rt_buf *packed, size_t raw_size, struct rt_buf *out)
{
    struct rt_pack_store s;
    Rt__Schema sorbet = RT__SCHEMA__INIT;
    Rt__DataframePart part = RT__DATAFRAME_PART__INIT;
    Rt__RrdManifest manifest = RT__RRD_MANIFEST__INIT;
    Rt__RrdFooter footer = RT__RRD_FOOTER__INIT;
    Rt__RrdManifest *list[1] = {&manifest};

    sorbet.arrow_schema = (ProtobufCBinaryData){schema->len, schema->data};
    part.encoder_version = 1; /* V0 */
    part.payload = (ProtobufCBinaryData){packed->len, packed->data};
    part.compression = RT__COMPRESSION__COMPRESSION_LZ4;
    part.uncompressed_size = raw_size;
    manifest.store_id = rt_pack_store(&s, store);
    manifest.sorbet_schema = &sorbet;
    manifest.sorbet_schema_sha256 = (ProtobufCBinaryData){32, digest};
    manifest.data = &part;
    footer.n_manifests = 1;
    footer.manifests = list;
    size_t n = rt__rrd_footer__get_packed_size(&footer);
    if (rt_buf_reserve(out, n) < 0)
        return -ENOMEM;
    out->len += rt__rrd_footer__pack(&footer, out->data + out->len);
    return 0;
}

/* A footer with one manifest. Messages that follow one another are one with the manifests of all. */
static int footer_append(const struct rt_footer_store *store, struct rt_buf *out)
{
    struct rt_plan p;
    struct rt_fb fb = {0};
    struct rt_buf schema = {0}, table = {0}, packed = {0};
    uint8_t digest[32];
    int r = rt_plan_init(&p, store);
    if (r < 0)
        return r;
    r = rt_footer_schema(&p, &fb, &schema, digest);
    r = r ? r : rt_footer_table(&p, &fb, &table);
    r = r ? r : rt_lz4_block(table.data, table.len, (store->hard || table.len >= HARD_FROM) && table.len <= HARD_BYTES, &packed);
    r = r ? r : footer_pack(store->id, &schema, digest, &packed, table.len, out);
    rt_buf_deinit(&schema);
    rt_buf_deinit(&table);
    rt_buf_deinit(&packed);
    rt_fb_deinit(&fb);
    rt_plan_deinit(&p);
    return r;
}

int rt_footer_build(const struct rt_footer_store *stores, size_t n, struct rt_buf *out)
{
    int r = 0;
    for (size_t i = 0; !r && i < n; i++)
        if (stores[i].n)
            r = footer_append(&stores[i], out);
    return r;
}
