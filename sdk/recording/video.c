/* Helpers of the official API that touch no recording. */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "recording/log.h"
#include "recording/mp4.h"

/* ---------------------------------------------------------------- half floats */
RR_API uint16_t rr_f16_from_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t rest = bits & 0x7fffffff;
    if (rest > 0x7f800000) /* NaN: quiet, with what fits of its payload */
        return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x1ff));
    if (rest >= 0x477ff000) /* 65520 and above: nearer to infinity than to the largest half */
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x38800000) { /* below 2^-14: a subnormal half, a multiple of 2^-24; the sum rounds as the hardware does */
        float least = 0.5f, sum;
        memcpy(&sum, &rest, sizeof sum);
        sum += least;
        memcpy(&rest, &sum, sizeof rest);
        return (uint16_t)(sign | (rest - 0x3f000000));
    }
    rest += 0xc8000fff + (rest >> 13 & 1); /* exponent bias 127 to 15, ties to even */
    return (uint16_t)(sign | rest >> 13);
}

/* ---------------------------------------------------------------- video */

/* Halves away from zero; past the ends of int64 the nearest end. */
static int64_t nanoseconds(int64_t ticks, uint32_t timescale)
{
    double ns = (double)ticks / (double)timescale * 1e9;
    if (ns >= 0x1p63 || ns < -0x1p63)
        return ns < 0 ? INT64_MIN : INT64_MAX;
    int64_t whole = (int64_t)ns;
    double rest = ns - (double)whole;
    return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole;
}

/* Text that is none is looked past: the content tells then. */
static rr_error_code check_media_type(rr_string type, const uint8_t *bytes, uint64_t n, rr_error *err)
{
    static const char mp4[] = "video/mp4", video[] = "video/";
    uint32_t len = type.length_in_bytes;
    if (len && (!type.utf8 || !rt_utf8_is_text(type.utf8, len))) {
        if (n >= 12 && !memcmp(bytes + 4, "ftyp", 4))
            return RR_ERROR_CODE_OK;
        return rt_fail(err, RR_ERROR_CODE_VIDEO_LOAD_ERROR, "media_type is no text, and the video's bytes tell no type that is known");
    }
    if (len == sizeof mp4 - 1 && !memcmp(type.utf8, mp4, len))
        return RR_ERROR_CODE_OK;
    if (len >= sizeof video - 1 && !memcmp(type.utf8, video, sizeof video - 1))
        return rt_fail(err, RR_ERROR_CODE_VIDEO_LOAD_ERROR, "media_type: only video/mp4 is supported, not %.*s", (int)(len < 100 ? len : 100),
                       type.utf8);
    return rt_fail(err, RR_ERROR_CODE_VIDEO_LOAD_ERROR, "media_type: \"%.*s\" is no video", (int)(len < 100 ? len : 100), len ? type.utf8 : "");
}

RR_API int64_t *rr_video_asset_read_frame_timestamps_nanos(const uint8_t *video_bytes, uint64_t video_bytes_len, rr_string media_type,
                                                           void *alloc_context, rr_alloc_timestamps alloc_timestamps, rr_error *error)
{
    struct rt_mp4_times times;
    struct rt_error why = {0};
    if (!video_bytes || !alloc_timestamps) {
        rt_fail(error, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s is NULL", video_bytes ? "alloc_timestamps" : "video_bytes");
        return NULL;
    }
    if (check_media_type(media_type, video_bytes, video_bytes_len, error))
        return NULL;
    int r = video_bytes_len ? rt_mp4_times(video_bytes, video_bytes_len, &times, &why) : rt_error_set(&why, -EINVAL, "it has no bytes");
    if (r) {
        rt_fail(error, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_VIDEO_LOAD_ERROR, "video: %s", why.message);
        return NULL;
    }
    int64_t *out = alloc_timestamps(alloc_context, (uint32_t)times.n);
    if (!out && times.n)
        rt_fail(error, RR_ERROR_CODE_OUT_OF_MEMORY, "alloc_timestamps gave no memory for %zu timestamps", times.n);
    for (size_t i = 0; out && i < times.n; i++)
        out[i] = nanoseconds(times.ticks[i], times.timescale);
    rt_mp4_times_deinit(&times);
    return out;
}
