/* What the programs of tests/pairs do first and last: a recording "pair" of application "pairs", global, without properties. */
#ifndef RT_TESTS_PAIRS_PAIR_H
#define RT_TESTS_PAIRS_PAIR_H

#include <retap.h>
#include <stdio.h>
#include <stdlib.h>

static inline void pair_begin(const char *file, rr_error *err)
{
    rr_init_options options = rr_init_options_default("pairs");
    options.stream.recording_id = "pair";
    options.stream.send_properties = 2;
    options.stream.save = file;
    options.strict = 1;
    rr_init(&options, err);
}

static inline rr_recording_stream pair_stream(const char *id, const char *file, rr_error *err)
{
    rr_stream_options options = rr_stream_options_default("pairs");
    options.recording_id = id;
    options.send_properties = 2;
    options.save = file;
    return rr_recording_stream_open(&options, err);
}

/** The status of main. The recording is closed by exit. */
static inline int pair_end(const rr_error *err)
{
    if (err->code)
        fprintf(stderr, "error 0x%x: %s\n", err->code, err->description);
    return err->code != 0;
}

#endif
