#include "sink/parts.h"

#include <errno.h>
#include <stdlib.h>

#include <rerun.h>

#include "base/array.h"
#include "encode/footer.h"

struct rt_file_part *rt_parts_of(struct rt_parts *p, struct rt_store *store)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].store == store)
            return &p->list[i];
    if (p->n == p->cap) {
        struct rt_file_part *list = rt_array_grow(p->list, &p->cap, sizeof *list);
        if (!list)
            return NULL;
        p->list = list;
    }
    p->list[p->n] = (struct rt_file_part){.store = rt_store_ref(store)};
    return &p->list[p->n++];
}

int rt_parts_room(struct rt_parts *p, const struct rt_log_message *m)
{
    struct rt_file_part *part = m->type == RT_MESSAGE_CHUNK ? rt_parts_of(p, m->store) : NULL;
    if (m->type != RT_MESSAGE_CHUNK)
        return 0;
    return part ? rt_buf_reserve(&part->chunks, sizeof(struct rt_placed_chunk)) : -ENOMEM;
}

void rt_parts_note(struct rt_parts *p, const struct rt_log_message *m, uint64_t offset)
{
    if (m->type != RT_MESSAGE_CHUNK)
        return;
    const struct rt_placed_chunk chunk = {rt_chunk_facts_ref(m->facts), offset + RT_RRD_FRAME_HEADER_BYTES};
    rt_buf_append(&rt_parts_of(p, m->store)->chunks, &chunk, sizeof chunk); /* there is room */
}

void rt_parts_recording_first(struct rt_parts *p)
{
    size_t i = 0;
    while (i < p->n && p->list[i].store->kind != RR_STORE_KIND_RECORDING)
        i++;
    if (i > 0 && i < p->n) {
        struct rt_file_part part = p->list[0];
        p->list[0] = p->list[i];
        p->list[i] = part;
    }
}

/* Messages that follow one another are one with both manifests. */
static int append_footer(const struct rt_file_part *part, bool hard, struct rt_buf *footer)
{
    const struct rt_footer_store store = {&part->store->id, &part->store->names, (const struct rt_placed_chunk *)(const void *)part->chunks.data,
                                          part->chunks.len / sizeof(struct rt_placed_chunk), hard};
    return rt_footer_build(&store, 1, footer);
}

int rt_parts_end(const struct rt_parts *p, uint64_t offset, struct rt_buf *out)
{
    struct rt_buf footer = {0};
    int r = 0;
    for (size_t i = 0; !r && i < p->n; i++)
        r = append_footer(&p->list[i], p->hard, &footer);
    r = r ? r : rt_rrd_end(out, offset, footer.data, footer.len);
    rt_buf_deinit(&footer);
    return r;
}

void rt_parts_deinit(struct rt_parts *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct rt_placed_chunk *list = (const struct rt_placed_chunk *)(const void *)p->list[i].chunks.data;
        for (size_t k = 0; k < p->list[i].chunks.len / sizeof *list; k++)
            rt_chunk_facts_unref(list[k].facts);
        rt_buf_deinit(&p->list[i].chunks);
        rt_store_unref(p->list[i].store);
    }
    free(p->list);
    *p = (struct rt_parts){0};
}

int rt_parts_whole(const struct rt_backlog *messages, struct rt_buf *out)
{
    struct rt_parts parts = {0};
    int r = rt_rrd_stream_header(out);
    for (size_t i = 0; !r && i < messages->n; i++) {
        const struct rt_log_message *m = messages->list[i];
        r = rt_parts_room(&parts, m);
        if (!r)
            rt_parts_note(&parts, m, out->len);
        r = r ? r : rt_buf_append(out, m->frame, m->len);
    }
    r = r ? r : rt_parts_end(&parts, out->len, out);
    rt_parts_deinit(&parts);
    return r;
}
