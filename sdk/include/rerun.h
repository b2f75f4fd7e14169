/* rerun.h: the official C API of Rerun 0.41 (same names, same ABI). This file holds the part that retap needs so far:
 * errors, stream handles, timelines' and levels' basic types. What is here has its final layout. */
#ifndef RERUN_H
#define RERUN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RR_MAX_ERROR_MESSAGE_SIZE_BYTES 2048

/** Result of a call that can fail. 0 = fine; the numbers are those of rerun_c 0.41. */
typedef uint32_t rr_error_code;
enum {
    RR_ERROR_CODE_OK = 0x0,
    RR_ERROR_CODE_OUT_OF_MEMORY = 0x1,
    RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT = 0x11,
    RR_ERROR_CODE_INVALID_STRING_ARGUMENT = 0x12,
    RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE = 0x14,
    RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE = 0x101,
    RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE = 0x102,
    RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE = 0x103,
    RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE = 0x106,
    RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT = 0x108,
    RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE = 0x109,
};

/** Error by parameter; the code is RR_ERROR_CODE_OK on success and the text NUL-terminated. */
typedef struct rr_error {
    rr_error_code code;
    char description[RR_MAX_ERROR_MESSAGE_SIZE_BYTES];
} rr_error;

/** Handle of a recording stream; 0 is none. */
typedef uint32_t rr_recording_stream;

#ifdef __cplusplus
}
#endif

#endif
