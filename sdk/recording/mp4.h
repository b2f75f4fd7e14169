/* When the frames of an MP4 video are shown. Reads only what says that, of the first track (lowest number) with a codec that viewers know:
 *
 *   moov/trak/mdia: mdhd (ticks a second), minf/stbl: stts (durations), ctts (shifts), stsz (how many), stsc and stco or co64 (where)
 *   moof/traf:      tfhd, tfdt, trun: further frames of a fragmented file; moov/mvex/trex has their defaults
 *
 * As Rerun reads them: the earliest frame of moov is at 0, edit lists do not count, fragments follow each other without gaps from the first
 * one's tfdt, their shifts are unsigned. Input may be anything. */
#ifndef RT_RECORDING_MP4_H
#define RT_RECORDING_MP4_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RT_MP4_FRAMES_MOST 16777216u /* of a video: three days at 60 frames a second, 128 MiB of times */

struct rt_mp4_times {
    int64_t *ticks;     /* ascending */
    size_t n, cap;
    uint32_t timescale; /* ticks a second, not 0 */
};

/* gives ret->ticks (rt_mp4_times_deinit()). Return: 0, -EINVAL with what is wrong in *err, -ENOMEM. */
int rt_mp4_times(const uint8_t *bytes, size_t n, struct rt_mp4_times *ret, struct rt_error *err);
void rt_mp4_times_deinit(struct rt_mp4_times *t);

#endif
