/* Interim, to be deleted by whoever adds the real ones: functions not built yet. */
#include "recording/log.h"

RR_API void rr_recording_stream_collect(rr_recording_stream rec, rr_error *err)
{
    rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "staging through a collector is not implemented yet");
}
