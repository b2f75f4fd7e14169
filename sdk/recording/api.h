/* What the files of the public functions share. */
#ifndef RT_RECORDING_API_H
#define RT_RECORDING_API_H

#include <retap.h>

#include "recording/core.h"

/* UTF-8 without NUL, as rerun.h wants its strings; empty is fine unless @required. Return: 0, 0x11, 0x12, naming @what. */
rr_error_code rt_string_check(rr_string s, const char *what, bool required, rr_error *err);
/* Does a call for @rec have anything to do? false with *err for a handle that does not exist, without where logging is off. */
bool rt_log_stands(rr_recording_stream rec, rr_error *err);
/* The answer of a function whose arguments are right and whose part is yet to come. */
static inline rr_error_code rt_not_yet(const char *what, rr_error *err)
{
    return rt_fail(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "%s is not implemented yet", what);
}
/* NUL-terminated; the caller frees. NULL without memory. */
char *rt_string_copy(rr_string s);
/* "rec_" and 32 hex digits of a random UUID. */
void rt_fresh_recording_id(char out[37]);
/* Sets the calling thread's time. @checks_type: strict mode refuses a timeline that changes its type. */
rr_error_code rt_set_time(rr_recording_stream handle, const char *name, size_t len, rr_time_type type, int64_t value, bool checks_type,
                          rr_error *err);

#endif
