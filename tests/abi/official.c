/* A program that knows the official API only: every function by its exact type, then a recording in the file argv[1]. C11 and C++17. */
#include <rerun.h>

#include <stdio.h>
#include <stdlib.h>

int second(void); /* of the other file */

/* ---------------------------------------------------------------- prototypes: a difference does not compile */
struct functions {
    const char *(*version_string)(void);
    uint16_t (*f16_from_f32)(float);
    void (*spawn)(const rr_spawn_options *, rr_error *);
    rr_component_type_handle (*register_component_type)(rr_component_type, rr_error *);
    rr_recording_stream (*make)(const rr_store_info *, bool, bool, rr_error *);
    void (*free_)(rr_recording_stream);
    void (*set_global)(rr_recording_stream, rr_store_kind);
    void (*set_thread_local)(rr_recording_stream, rr_store_kind);
    bool (*is_enabled)(rr_recording_stream, rr_error *);
    void (*flush_blocking)(rr_recording_stream, float, rr_error *);
    void (*set_sinks)(rr_recording_stream, rr_log_sink *, uint32_t, rr_error *);
    void (*connect_grpc)(rr_recording_stream, rr_string, float, rr_error *);
    void (*serve_grpc)(rr_recording_stream, rr_string, uint16_t, rr_string, bool, const rr_string *, uint32_t, rr_error *);
    void (*stream_spawn)(rr_recording_stream, const rr_spawn_options *, rr_error *);
    void (*save)(rr_recording_stream, rr_string, rr_error *);
    void (*stdout_)(rr_recording_stream, rr_error *);
    void (*set_time)(rr_recording_stream, rr_string, rr_time_type, int64_t, rr_error *);
    void (*disable_timeline)(rr_recording_stream, rr_string, rr_error *);
    void (*reset_time)(rr_recording_stream);
    void (*set_log_tick_enabled)(rr_recording_stream, bool);
    void (*set_log_time_enabled)(rr_recording_stream, bool);
    void (*log)(rr_recording_stream, rr_data_row, bool, rr_error *);
    void (*send_columns)(rr_recording_stream, rr_string, rr_time_column *, uint32_t, rr_component_column *, uint32_t, rr_error *);
    void (*log_file_from_path)(rr_recording_stream, rr_string, rr_string, bool, rr_error *);
    void (*log_file_from_contents)(rr_recording_stream, rr_string, rr_bytes, rr_string, bool, rr_error *);
    int64_t *(*video)(const uint8_t *, uint64_t, rr_string, void *, rr_alloc_timestamps, rr_error *);
    char *(*escape)(rr_string);
    void (*free_string)(char *);
};
static const struct functions all = {
    rr_version_string,
    rr_f16_from_f32,
    rr_spawn,
    rr_register_component_type,
    rr_recording_stream_new,
    rr_recording_stream_free,
    rr_recording_stream_set_global,
    rr_recording_stream_set_thread_local,
    rr_recording_stream_is_enabled,
    rr_recording_stream_flush_blocking,
    rr_recording_stream_set_sinks,
    rr_recording_stream_connect_grpc,
    rr_recording_stream_serve_grpc,
    rr_recording_stream_spawn,
    rr_recording_stream_save,
    rr_recording_stream_stdout,
    rr_recording_stream_set_time,
    rr_recording_stream_disable_timeline,
    rr_recording_stream_reset_time,
    rr_recording_stream_set_log_tick_enabled,
    rr_recording_stream_set_log_time_enabled,
    rr_recording_stream_log,
    rr_recording_stream_send_columns,
    rr_recording_stream_log_file_from_path,
    rr_recording_stream_log_file_from_contents,
    rr_video_asset_read_frame_timestamps_nanos,
    _rr_escape_entity_path_part,
    _rr_free_string,
};

/* ---------------------------------------------------------------- Arrow data of static memory */
static int released;
static void release_schema(struct ArrowSchema *schema)
{
    released++;
    schema->release = NULL;
}
static void release_array(struct ArrowArray *array)
{
    released++;
    array->release = NULL;
}

static struct ArrowSchema schema_of(const char *format)
{
    struct ArrowSchema s;
    memset(&s, 0, sizeof s);
    s.format = format;
    s.name = "";
    s.flags = ARROW_FLAG_NULLABLE;
    s.release = release_schema;
    return s;
}

static struct ArrowArray array_of(const void **buffers, int64_t n_buffers, int64_t length)
{
    struct ArrowArray a;
    memset(&a, 0, sizeof a);
    a.length = length;
    a.n_buffers = n_buffers;
    a.buffers = buffers;
    a.release = release_array;
    return a;
}

static rr_string str(const char *text)
{
    rr_string s;
    s.utf8 = text;
    s.length_in_bytes = (uint32_t)strlen(text);
    return s;
}

static rr_error err;
static void require(int ok, const char *what)
{
    if (ok && !err.code)
        return;
    printf("%s: %#x %s\n", what, (unsigned)err.code, err.description);
    exit(1);
}

/* ---------------------------------------------------------------- the recording */
static rr_component_type_handle text_type(void)
{
    rr_component_type type;
    memset(&type, 0, sizeof type);
    type.descriptor.archetype = str("rerun.archetypes.TextLog");
    type.descriptor.component = str("TextLog:text");
    type.descriptor.component_type = str("rerun.components.Text");
    type.schema = schema_of("u");
    rr_component_type_handle handle = all.register_component_type(type, &err);
    require(handle != RR_COMPONENT_TYPE_HANDLE_INVALID && released == 1, "register_component_type");
    return handle;
}

static void log_row(rr_recording_stream rec, rr_component_type_handle type)
{
    static const int32_t ends[] = {0, 5};
    static const void *buffers[] = {NULL, ends, "hello"};
    rr_component_batch batch;
    rr_data_row row;
    batch.component_type = type;
    batch.array = array_of(buffers, 3, 1);
    row.entity_path = str("logs/official");
    row.num_component_batches = 1;
    row.component_batches = &batch;
    all.set_time(rec, str("step"), RR_TIME_TYPE_SEQUENCE, 7, &err);
    all.log(rec, row, true, &err);
    require(batch.array.release == NULL, "log");
}

/* As the C++ SDK sends a recording's name. */
static void send_property(rr_recording_stream rec, rr_component_type_handle type)
{
    static const int32_t ends[] = {0, 5};
    static const void *buffers[] = {NULL, ends, "hello"};
    rr_component_batch batch;
    rr_data_row row;
    batch.component_type = type;
    batch.array = array_of(buffers, 3, 1);
    row.entity_path = str("__properties/greeting");
    row.num_component_batches = 1;
    row.component_batches = &batch;
    all.log(rec, row, false, &err);
    require(batch.array.release == NULL, "a property");
}

/* The arrays are moved: their memory has to last until they are released, after the call. */
static void send_two_rows(rr_recording_stream rec, rr_component_type_handle type)
{
    static const int64_t steps[] = {8, 9};
    static const int32_t ends[] = {0, 3, 6}, lists[] = {0, 1, 2};
    static const void *time_buffers[] = {NULL, steps}, *text_buffers[] = {NULL, ends, "onetwo"}, *list_buffers[] = {NULL, lists};
    static struct ArrowArray texts, *children[] = {&texts};
    rr_time_column time;
    rr_component_column column;
    texts = array_of(text_buffers, 3, 2);
    time.timeline.name = str("step");
    time.timeline.type = RR_TIME_TYPE_SEQUENCE;
    time.array = array_of(time_buffers, 2, 2);
    time.sorting_status = RR_SORTING_STATUS_SORTED;
    column.component_type = type;
    column.array = array_of(list_buffers, 2, 2);
    column.array.n_children = 1;
    column.array.children = children;
    all.send_columns(rec, str("/logs/official"), &time, 1, &column, 1, &err);
    require(time.array.release == NULL && column.array.release == NULL, "send_columns");
}

static void check_errors(rr_recording_stream rec)
{
    rr_error e;
    memset(&e, 0, sizeof e);
    all.is_enabled(rec + 1000, &e);
    require(e.code == RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE && e.description[0], "an unknown handle");
    all.make(NULL, true, false, &e);
    require(e.code == RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "no store info");
    all.save(rec, str(""), &e);
    require(e.code == RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "an empty path");
    require(!all.video(NULL, 0, str(""), NULL, NULL, &e) && e.code == RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "no video");
    all.flush_blocking(rec, -1, &e);
    require(e.code == RR_ERROR_CODE_INVALID_TIME_ARGUMENT || e.code == RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT, "a negative timeout");
}

int main(int argc, char **argv)
{
    rr_store_info info;
    memset(&info, 0, sizeof info);
    info.application_id = str("abi");
    info.recording_id = str("abi-test");
    info.store_kind = RR_STORE_KIND_RECORDING;
    require(argc == 2 && strcmp(all.version_string(), RERUN_SDK_HEADER_VERSION) == 0, "version");
    require(all.f16_from_f32(1.0f) == 0x3c00, "f16");
    rr_recording_stream rec = all.make(&info, true, false, &err);
    require(rec != 0 && all.is_enabled(rec, &err), "new");
    all.set_global(rec, RR_STORE_KIND_RECORDING);
    all.save(RR_REC_STREAM_CURRENT_RECORDING, str(argv[1]), &err);
    rr_component_type_handle type = text_type();
    log_row(rec, type);
    send_two_rows(RR_REC_STREAM_CURRENT_RECORDING, type);
    send_property(rec, type);
    all.flush_blocking(rec, 10, &err);
    require(1, "flush");
    check_errors(rec);
    char *part = all.escape(str("my image!"));
    require(part && strcmp(part, "my\\ image\\!") == 0, "escape");
    all.free_string(part);
    all.set_global(0, RR_STORE_KIND_RECORDING);
    all.free_(rec);
    return second();
}
