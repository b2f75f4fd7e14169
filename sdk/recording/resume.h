/* Going on with a file that a recording left without a footer: its frames are read once, to know again
 * what the manifest, the columns of each entity and its last time were. */
#ifndef RT_RECORDING_RESUME_H
#define RT_RECORDING_RESUME_H

#include <stdint.h>

#include "base/error.h"

struct rt_recording;

/* Reads the first @keep bytes of @path, which must end at a frame's end and belong to the recording's ids,
 * then opens the sink behind them (what follows is cut off). The file is not touched when it does not fit.
 * Return: 0, -EINVAL, -EBADMSG, -errno. */
int rt_recording_resume(struct rt_recording *rec, const char *path, uint64_t keep, struct rt_error *err);

#endif
