/* The footer: the manifest as the message that the End frame carries. One row a chunk, columns for each
 * component; and the union of all chunk schemas. Columns that are equal (same chunks carry the component)
 * share their buffers. */
#ifndef RT_ENCODE_FOOTER_H
#define RT_ENCODE_FOOTER_H

#include "encode/manifest.h"

/* Appends the packed RrdFooter; without a chunk it is empty, as readers expect. Return: 0, -ENOMEM,
 * -EOVERFLOW. */
int rt_footer_build(const struct rt_manifest *m, const struct rt_store_id *store, struct rt_buf *out);

#endif
