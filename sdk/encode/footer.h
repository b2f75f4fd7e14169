/* The footer: manifests as the message that the End frame carries, one for each store with chunks. A manifest has one row a chunk, columns for
 * each component and timeline; and the union of all chunk schemas. Columns that are equal (same chunks carry the component) share their
 * buffers. */
#ifndef RT_ENCODE_FOOTER_H
#define RT_ENCODE_FOOTER_H

#include "encode/manifest.h"

struct rt_footer_store {
    const struct rt_store_id *id;
    const struct rt_manifest *names;      /* may hold more than these chunks use */
    const struct rt_placed_chunk *chunks; /* in the order of the file */
    size_t n;
    bool hard;                            /* compressed hard also where that costs a short program more than it saves */
};

/* Appends the packed RrdFooter of @stores; without a chunk it is empty, as readers expect. Return: 0, -ENOMEM, -EOVERFLOW. */
int rt_footer_build(const struct rt_footer_store *stores, size_t n, struct rt_buf *out);

#endif
