/* What the HTML export needs of a memory recording. */
#ifndef RT_RECORDING_MEMORY_H
#define RT_RECORDING_MEMORY_H

#include <retap.h>

#include "recording/sink.h"

/* A complete .rrd of @before (may be NULL) and what is there, which stays; flushes first. Return: 0 or a code with *err. */
rr_error_code rt_memory_copy(rr_memory_recording *mem, const struct rt_backlog *before, struct rt_buf *out, rr_error *err);
const char *rt_memory_application(const rr_memory_recording *mem);

#endif
