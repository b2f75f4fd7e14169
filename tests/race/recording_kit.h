/* What the race tests of recordings share: rows that are numbers of their logger, and what files hold of them. */
#ifndef RT_TESTS_RACE_RECORDING_KIT_H
#define RT_TESTS_RACE_RECORDING_KIT_H

#include <retap.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "encode/decode.h"
#include "tests/harness/test.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define KIT_SANITIZED 1
#else
#define KIT_SANITIZED 0
#endif

/* A test's size: a tenth in `make check`, whole with RETAP_SOAK. */
__attribute__((unused)) static uint32_t kit_size(uint32_t whole)
{
    return getenv("RETAP_SOAK") ? whole : whole / 10;
}

/* The case's own directory becomes the current one; nothing is left of it when the case passes. */
__attribute__((unused)) static void kit_enter(char dir[64])
{
    strcpy(dir, "recording-XXXXXX");
    CHECK(mkdtemp(dir));
    CHECK(chdir(dir) == 0);
}

__attribute__((unused)) static void kit_leave(const char *dir)
{
    char command[96];
    CHECK(chdir("..") == 0);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

__attribute__((unused)) static void kit_ok(const rr_error *err)
{
    if (err->code)
        rt_test_fail(__FILE__, __LINE__, "error 0x%x: %s", err->code, err->description);
}

static void kit_schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void kit_array_release(struct ArrowArray *array)
{
    array->release = NULL;
}

/* A component that is a number. */
__attribute__((unused)) static rr_component_type_handle kit_number_type(void)
{
    rr_error err = {0};
    rr_component_type type = {.descriptor = {{"rerun.archetypes.Scalars", 24}, {"Scalars:scalars", 15}, {"rerun.components.Scalar", 23}},
                              .schema = {.format = "g", .name = "", .release = kit_schema_release}};
    rr_component_type_handle handle = rr_register_component_type(type, &err);
    kit_ok(&err);
    return handle;
}

/* Logs number @i under @path by the official call. */
__attribute__((unused)) static rr_error_code kit_log(rr_recording_stream rec, rr_component_type_handle type, const char *path, double i)
{
    rr_error err;
    const void *buffers[2] = {NULL, &i};
    rr_component_batch batch = {type, {.length = 1, .n_buffers = 2, .buffers = buffers, .release = kit_array_release}};
    err.code = 0;
    rr_recording_stream_log(rec, (rr_data_row){{path, (uint32_t)strlen(path)}, 1, &batch}, true, &err);
    return err.code;
}

enum { KIT_LARGE = 9000 }; /* numbers: more than a lane copies, so the array itself moves to the worker */
struct kit_large {
    const void *buffers[2];
    double numbers[KIT_LARGE];
};
static uint64_t kit_large_given_mt, kit_large_released_mt;

static void kit_large_release(struct ArrowArray *array)
{
    free(array->private_data);
    array->release = NULL;
    rt_add_acq_rel(&kit_large_released_mt, 1);
}

/* The same with KIT_LARGE instances, the first one @i, in an array that is released when it is written. */
__attribute__((unused)) static rr_error_code kit_log_large(rr_recording_stream rec, rr_component_type_handle type, const char *path, double i)
{
    struct kit_large *large = calloc(1, sizeof *large);
    rr_error err;
    CHECK(large);
    large->numbers[0] = i;
    large->buffers[1] = large->numbers;
    rr_component_batch batch = {type, {.length = KIT_LARGE, .n_buffers = 2, .buffers = large->buffers, .release = kit_large_release,
                                       .private_data = large}};
    err.code = 0;
    rt_add_relaxed(&kit_large_given_mt, 1);
    rr_recording_stream_log(rec, (rr_data_row){{path, (uint32_t)strlen(path)}, 1, &batch}, true, &err);
    return err.code;
}

/* Every large array was released, once. */
__attribute__((unused)) static void kit_check_released(void)
{
    for (int i = 0; i < 1000 && rt_load_acquire(&kit_large_released_mt) < kit_large_given_mt; i++)
        usleep(10000);
    CHECK_INT(rt_load_acquire(&kit_large_released_mt), kit_large_given_mt);
}

__attribute__((unused)) static rr_recording_stream kit_stream(const char *recording_id)
{
    rr_error err = {0};
    const rr_store_info info = {rr_make_string("race"), rr_make_string(recording_id), RR_STORE_KIND_RECORDING};
    rr_recording_stream rec = rr_recording_stream_new(&info, true, false, &err);
    kit_ok(&err);
    return rec;
}

/* Calls @take for every number in @file. Return: was the file closed with a footer? */
__attribute__((unused)) static bool kit_read(const char *file, const char *recording_id, void (*take)(void *ctx, const char *path, uint32_t i), void *ctx)
{
    struct rt_rrd_reader *reader = NULL;
    struct rt_error err = {0};
    struct rt_frame frame;
    int e = rt_rrd_reader_open(file, &reader, &err);
    if (e)
        rt_test_fail(__FILE__, __LINE__, "%s: %d %s", file, e, err.message);
    while ((e = rt_rrd_reader_next(reader, &frame, &err)) == 0) {
        struct rt_chunk chunk;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK(rt_chunk_decode(&frame, &chunk, &err) == 0);
        CHECK_STR(chunk.recording_id, recording_id);
        const struct rt_chunk_column *numbers = rt_chunk_find(&chunk, RT_COLUMN_COMPONENT, "Scalars:scalars");
        for (uint32_t row = 0; numbers && row < chunk.n_rows; row++) {
            double value;
            CHECK(rt_cell_f64(numbers, row, 0, &value));
            take(ctx, chunk.entity_path, (uint32_t)value);
        }
        rt_chunk_deinit(&chunk);
    }
    if (e != RT_RRD_E_END)
        rt_test_fail(__FILE__, __LINE__, "%s: %d %s", file, e, err.message);
    bool closed = rt_rrd_reader_has_footer(reader);
    rt_rrd_reader_free(reader);
    return closed;
}

/* Waits until the file ends as a closed one does: streams without a handle are closed by the worker. */
__attribute__((unused)) static void kit_wait_closed(const char *file)
{
    char tail[20];
    for (int i = 0; i < 2000; i++) {
        FILE *f = fopen(file, "rb");
        bool closed = f && fseek(f, -24, SEEK_END) == 0 && fread(tail, 1, 20, f) == 20 && memmem(tail, 20, "RRF2FOOT", 8);
        if (f)
            fclose(f);
        if (closed)
            return;
        usleep(10000);
    }
    rt_test_fail(__FILE__, __LINE__, "%s was not closed", file);
}

#endif
