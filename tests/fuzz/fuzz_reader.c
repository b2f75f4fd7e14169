/* Any bytes as an .rrd for the public reader: every chunk becomes Arrow data, which is read to its last byte, and a message of a store of ours. */
#include <stdio.h>
#include <stdlib.h>

#include <retap.h>

#include "encode/array.h"
#include "recording/foreign.h"
#include "recording/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sum; /* keeps the reads */

static void touch(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += ((const uint8_t *)p)[i];
}

/* Everything that a consumer may read of an array of this type. */
static void touch_array(const struct rt_datatype *t, const struct ArrowArray *a)
{
    uint64_t n = (uint64_t)a->length;
    bool bytes = rt_kind_is_bytes(t->kind), wide = rt_kind_is_wide(t->kind), list = t->kind == RT_KIND_LIST || t->kind == RT_KIND_LARGE_LIST;
    if (rt_view_validity(t, a))
        touch(a->buffers[0], (n + 7) / 8);
    if (bytes || list) {
        touch(a->buffers[1], (n + 1) * (wide ? 8 : 4));
        if (bytes)
            touch(a->buffers[2], (size_t)rt_view_offset(a->buffers[1], wide, n));
    } else if (t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION) {
        touch(a->buffers[0], n);
        if (t->kind == RT_KIND_DENSE_UNION)
            touch(a->buffers[1], n * 4);
    } else if (a->n_buffers == 2) {
        touch(a->buffers[1], t->kind == RT_KIND_BOOL ? (n + 7) / 8 : n * rt_datatype_flat_width(t));
    }
    for (int64_t i = 0; i < a->n_children; i++)
        touch_array(t->children[i], a->children[i]);
}

static void touch_chunk(rr_rrd_reader *r)
{
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct rt_datatype *type;
    if (rr_rrd_reader_chunk(r, &schema, &array, NULL))
        return;
    if (rt_datatype_import(&schema, &type, NULL) == 0) {
        touch_array(type, &array);
        rt_datatype_free(type);
    }
    if (array.n_children > 1) { /* a child that is moved out and outlives the rest */
        struct ArrowArray child = *array.children[1];
        array.children[1]->release = NULL;
        array.release(&array);
        touch(child.buffers[0], 0);
        child.release(&child);
    } else {
        array.release(&array);
    }
    schema.release(&schema);
}

static void as_messages(const uint8_t *data, size_t size)
{
    struct rt_store *store = rt_store_new("fuzz", "fuzz", RR_STORE_KIND_RECORDING);
    struct rt_rrd_reader *in;
    struct rt_frame frame;
    struct rt_log_message *m;
    if (rt_reader_open_bytes((rr_bytes){data, (uint32_t)size}, &in, NULL) == 0) {
        while (rt_rrd_reader_next(in, &frame, NULL) == 0)
            if (frame.kind == RT_FRAME_ARROW && rt_foreign_chunk(store, &frame, &m, NULL) == 0) {
                touch(m->frame, m->len);
                rt_message_unref(m);
            }
        rt_rrd_reader_free(in);
    }
    rt_store_unref(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rr_error err = {0};
    rr_rrd_message m = {.struct_size = sizeof m};
    rr_rrd_reader *r = rr_rrd_reader_open_bytes((rr_bytes){data, (uint32_t)size}, &err);
    while (r && !err.code && rr_rrd_reader_next(r, &m, &err))
        if (m.kind == RR_RRD_CHUNK)
            touch_chunk(r);
    rr_rrd_reader_free(r);
    as_messages(data, size);
    return 0;
}
