/* What a recording in memory holds, asked through the public reader. */
#ifndef RT_TESTS_UNIT_ROWS_KIT_H
#define RT_TESTS_UNIT_ROWS_KIT_H

#include <retap.h>

#include "tests/harness/test.h"

static inline void kit_ok(const char *file, int line, const rr_error *err)
{
    if (err->code)
        rt_test_fail(file, line, "%#x %s", err->code, err->description);
}
#define OK(err) kit_ok(__FILE__, __LINE__, &(err))
/* An error of this code, whose text has @word; leaves it empty. */
static inline void kit_error(const char *file, int line, rr_error *err, rr_error_code code, const char *word)
{
    if (err->code != code || !strstr(err->description, word))
        rt_test_fail(file, line, "%#x \"%s\", expected %#x with \"%s\"", err->code, err->description, code, word);
    memset(err, 0, sizeof *err);
}
#define FAILS(err, code, word) kit_error(__FILE__, __LINE__, &(err), (code), (word))

/* Rows of entity @path in a complete .rrd, static ones apart (@is_static); NULL = of all but /__properties. */
static inline uint32_t kit_rows(rr_bytes bytes, const char *path, bool is_static)
{
    rr_error err = {0};
    rr_rrd_message m = {.struct_size = sizeof m};
    rr_rrd_reader *reader = rr_rrd_reader_open_bytes(bytes, &err);
    uint32_t n = 0;
    OK(err);
    while (rr_rrd_reader_next(reader, &m, &err))
        if (m.kind == RR_RRD_CHUNK && m.is_static == is_static && (path ? !strcmp(m.entity_path, path) : strncmp(m.entity_path, "/__", 3) != 0))
            n += m.n_rows;
    OK(err);
    rr_rrd_reader_free(reader);
    return n;
}

/* The same of a memory recording, which is emptied. */
static inline uint32_t kit_drain(rr_memory_recording *mem, const char *path)
{
    rr_error err = {0};
    rr_bytes bytes = {0};
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    uint32_t n = kit_rows(bytes, path, false);
    rr_bytes_free(&bytes);
    return n;
}

static inline rr_recording_stream kit_open(const char *id, rr_memory_recording **ret_mem)
{
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("kit");
    o.recording_id = id;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    OK(err);
    if (ret_mem)
        *ret_mem = rr_recording_stream_memory(rec, &err);
    OK(err);
    return rec;
}

#endif
