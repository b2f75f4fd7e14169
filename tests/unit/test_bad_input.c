/* What the functions of rerun.h answer to wrong arguments: the official code, a message that names the argument, arrays released once each,
 * and an error that is left alone when nothing is wrong. Needs the official functions alone: linked to the official library, with
 * RT_OFFICIAL, it says where that answers otherwise. */
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/arrow_kit.h"

#define S(text_)   ((rr_string){text_, sizeof(text_) - 1})
#define NULL_TEXT  ((rr_string){NULL, 3})
#define EMPTY      ((rr_string){NULL, 0})
#define NOT_UTF8   S("a\xff\xfe")
#define WITH_NUL   S("a\0b")
#define URL        S("rerun+http://127.0.0.1:9/proxy")
#define CODE(name) RR_ERROR_CODE_##name

static int failures;
static rr_recording_stream rec;
static rr_component_type_handle f64_type, text_type;

static void wrong(int line, const char *call, const char *what, const rr_error *e)
{
    printf("# line %d: %s: %s: %#x %.200s\n", line, call, what, (unsigned)e->code, e->description);
    fflush(stdout);
    failures++;
}

static void taken(const struct ArrowArray *a)
{
#ifndef RT_OFFICIAL
    CHECK(!a->release);
#endif
}

/* @code 0: nothing may be written. */
static void judge(int line, const char *call, const rr_error *e, rr_error_code code, const char *names)
{
    size_t n = strnlen(e->description, sizeof e->description);
    if (!code) {
        for (size_t i = 0; i < sizeof e->description; i++)
            if (e->code || e->description[i]) {
                wrong(line, call, "an error, expected none", e);
                return;
            }
        return;
    }
    if (e->code != code) {
        char what[64];
        snprintf(what, sizeof what, "expected %#x", (unsigned)code);
        wrong(line, call, what, e);
    }
#ifndef RT_OFFICIAL
    if (!strstr(e->description, names))
        wrong(line, call, names, e);
#endif
    for (size_t i = n; i < sizeof e->description; i++)
        if (e->description[i]) {
            wrong(line, call, "not zeroes behind the message", e);
            break;
        }
#ifndef RT_OFFICIAL
    if (kit_live)
        wrong(line, call, "Arrow data is not released", e);
#endif
}

/* The call, once with an error and once without. */
#define BAD(code_, names_, ...)                                      \
    do {                                                             \
        rr_error error_, *err = &error_;                             \
        memset(&error_, 0, sizeof error_);                           \
        __VA_ARGS__;                                                 \
        judge(__LINE__, #__VA_ARGS__, &error_, CODE(code_), names_); \
        err = NULL;                                                  \
        __VA_ARGS__;                                                 \
    } while (0)
#define GOOD(...) BAD(OK, "", __VA_ARGS__)

static void enter(void)
{
    rr_error e = {0};
    const rr_store_info info = {S("bad_input"), EMPTY, RR_STORE_KIND_RECORDING};
    rec = rr_recording_stream_new(&info, true, false, &e); /* official handles begin at 0 */
    rec = rr_recording_stream_new(&info, true, false, &e);
    f64_type = rr_register_component_type(kit_type(S("Numbers:values"), "g"), &e);
    text_type = rr_register_component_type(kit_type(S("Texts:values"), "u"), &e);
    CHECK(rec && !e.code && !kit_live);
}

static void leave(void)
{
    rr_recording_stream_free(rec);
#ifndef RT_OFFICIAL
    CHECK_INT(kit_live, 0);
#endif
    CHECK_INT(failures, 0);
}

/* ---------------------------------------------------------------- handles */

static void log_number(rr_recording_stream stream, rr_string path, rr_error *err)
{
    rr_component_batch b = {f64_type, kit_f64(1)};
    rr_recording_stream_log(stream, (rr_data_row){path, 1, &b}, true, err);
    taken(&b.array);
}

static void send_numbers(rr_recording_stream stream, rr_string path, rr_error *err)
{
    rr_time_column t = {{S("frame"), RR_TIME_TYPE_SEQUENCE}, kit_i64(3), RR_SORTING_STATUS_UNKNOWN};
    rr_component_column c = {f64_type, kit_lists(3)};
    rr_recording_stream_send_columns(stream, path, &t, 1, &c, 1, err);
    taken(&t.array);
    taken(&c.array);
}

static void all_with(rr_recording_stream h)
{
    rr_log_sink sink = {.kind = RR_LOG_SINK_KIND_FILE, .file = {S("/tmp/retap-not-made.rrd")}};
    const rr_bytes bytes = {(const uint8_t *)"x", 1};
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", CHECK(!rr_recording_stream_is_enabled(h, err)));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_set_sinks(h, &sink, 1, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_set_sinks(h, NULL, 0, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_connect_grpc(h, URL, 0, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_serve_grpc(h, S("127.0.0.1"), 0, S("1GiB"), false, NULL, 0, err));
#ifndef RT_OFFICIAL /* would start a viewer */
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_spawn(h, NULL, err));
#endif
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_save(h, S("/tmp/retap-not-made.rrd"), err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_stdout(h, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_set_time(h, S("t"), RR_TIME_TYPE_SEQUENCE, 1, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_disable_timeline(h, S("t"), err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", log_number(h, S("/a"), err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", send_numbers(h, S("/a"), err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_log_file_from_path(h, S("/tmp/x.txt"), EMPTY, false, err));
    BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_log_file_from_contents(h, S("x.txt"), bytes, EMPTY, false, err));
    GOOD(rr_recording_stream_flush_blocking(h, 1, err)); /* silent, all of these */
    rr_recording_stream_reset_time(h);
    rr_recording_stream_set_log_tick_enabled(h, true);
    rr_recording_stream_set_log_time_enabled(h, true);
    rr_recording_stream_free(h);
    rr_recording_stream_set_thread_local(h, RR_STORE_KIND_RECORDING);
    rr_recording_stream_set_global(h, RR_STORE_KIND_RECORDING);
    GOOD(log_number(RR_REC_STREAM_CURRENT_RECORDING, S("/a"), err));
    CHECK(access("/tmp/retap-not-made.rrd", F_OK) != 0);
}

RT_TEST(test_unknown_handles)
{
    const rr_store_info info = {S("freed"), EMPTY, RR_STORE_KIND_RECORDING};
    enter();
    rr_recording_stream freed = rr_recording_stream_new(&info, true, false, NULL);
    rr_recording_stream_free(freed);
#ifndef RT_OFFICIAL
    all_with(0);
#endif
    all_with(77);
    all_with(freed);
    all_with(0xFFFFFFFD);
    leave();
}

RT_TEST(test_no_current_recording_is_no_error)
{
    enter();
    for (rr_recording_stream h = RR_REC_STREAM_CURRENT_BLUEPRINT; h; h++) {
        GOOD(CHECK(!rr_recording_stream_is_enabled(h, err)));
        GOOD(rr_recording_stream_set_sinks(h, NULL, 0, err));
        GOOD(rr_recording_stream_set_time(h, S("t"), RR_TIME_TYPE_SEQUENCE, 1, err));
        GOOD(rr_recording_stream_disable_timeline(h, S("t"), err));
        GOOD(log_number(h, S("/a"), err));
        GOOD(send_numbers(h, S("/a"), err));
        GOOD(rr_recording_stream_flush_blocking(h, 1, err));
        GOOD(rr_recording_stream_stdout(h, err));
        rr_recording_stream_free(h);
    }
    leave();
}

/* ---------------------------------------------------------------- texts */

RT_TEST(test_texts_of_new)
{
    enter();
    static const struct {
        rr_string text;
        rr_error_code code;
    } bad[] = {{{NULL, 3}, CODE(UNEXPECTED_NULL_ARGUMENT)}, {S("a\xff\xfe"), CODE(INVALID_STRING_ARGUMENT)}, {S("a\0b"), CODE(INVALID_STRING_ARGUMENT)}};
    BAD(UNEXPECTED_NULL_ARGUMENT, "store_info", rr_recording_stream_new(NULL, true, true, err));
    rr_store_info info = {EMPTY, EMPTY, RR_STORE_KIND_RECORDING};
    BAD(INVALID_STRING_ARGUMENT, "application_id", rr_recording_stream_new(&info, true, true, err));
    for (unsigned i = 0; i < 3; i++) {
        rr_error e = {0};
        info = (rr_store_info){bad[i].text, EMPTY, RR_STORE_KIND_RECORDING};
        rr_recording_stream_new(&info, true, true, &e);
        judge(__LINE__, "new", &e, bad[i].code, "application_id");
        memset(&e, 0, sizeof e);
        info = (rr_store_info){S("app"), bad[i].text, RR_STORE_KIND_RECORDING};
        rr_recording_stream_new(&info, true, true, &e);
        judge(__LINE__, "new", &e, bad[i].code, "recording_id");
    }
#ifndef RT_OFFICIAL /* undefined there */
    info = (rr_store_info){S("app"), EMPTY, 0};
    BAD(INVALID_ENUM_VALUE, "store_kind", rr_recording_stream_new(&info, true, true, err));
    info.store_kind = 3;
    BAD(INVALID_ENUM_VALUE, "store_kind", rr_recording_stream_new(&info, true, true, err));
#endif
    leave();
}

/* Every other place of a required text. */
static void required(rr_string text, rr_error *err, int place)
{
    rr_log_sink file = {.kind = RR_LOG_SINK_KIND_FILE, .file = {text}}, grpc = {.kind = RR_LOG_SINK_KIND_GRPC, .grpc = {text, 1}},
                server = {.kind = RR_LOG_SINK_KIND_GRPC_SERVER, .grpc_server = {text, 0, S("1GiB"), false, NULL, 0}};
    const rr_bytes bytes = {(const uint8_t *)"x", 1};
    rr_time_column t = {{text, RR_TIME_TYPE_SEQUENCE}, {0}, 0};
    rr_component_column c = {f64_type, {0}};
    switch (place) {
    case 0: rr_recording_stream_save(rec, text, err); break;
    case 1: rr_recording_stream_set_sinks(rec, &file, 1, err); break;
    case 2: rr_recording_stream_set_sinks(rec, &grpc, 1, err); break;
    case 3: rr_recording_stream_set_sinks(rec, &server, 1, err); break;
    case 4: rr_recording_stream_connect_grpc(rec, text, 1, err); break;
    case 5: rr_recording_stream_serve_grpc(rec, text, 0, S("1GiB"), false, NULL, 0, err); break;
    case 6: rr_recording_stream_serve_grpc(rec, S("127.0.0.1"), 0, S("1GiB"), false, &text, 1, err); break;
    case 7: rr_recording_stream_set_time(rec, text, RR_TIME_TYPE_SEQUENCE, 1, err); break;
    case 8: rr_recording_stream_disable_timeline(rec, text, err); break;
    case 9: rr_recording_stream_log_file_from_path(rec, text, EMPTY, false, err); break;
    case 10: rr_recording_stream_log_file_from_contents(rec, text, bytes, EMPTY, false, err); break;
    case 11: CHECK_INT(rr_register_component_type(kit_type(text, "g"), err), RR_COMPONENT_TYPE_HANDLE_INVALID); break;
    case 12:
        t.array = kit_i64(3);
        c.array = kit_lists(3);
        rr_recording_stream_send_columns(rec, S("/a"), &t, 1, &c, 1, err);
    }
}

static const char *const places[] = {"path", "path", "url", "bind_ip", "url", "bind_ip", "cors_allow_origins", "timeline_name", "timeline_name", "path", "path",
                                     "component", "timeline.name"};

RT_TEST(test_required_texts)
{
    static const rr_error_code codes[] = {CODE(INVALID_STRING_ARGUMENT), CODE(UNEXPECTED_NULL_ARGUMENT), CODE(INVALID_STRING_ARGUMENT),
                                          CODE(INVALID_STRING_ARGUMENT)};
    const rr_string texts[] = {EMPTY, NULL_TEXT, NOT_UTF8, WITH_NUL};
    enter();
    for (int place = 0; place < 13; place++)
        for (int i = 0; i < 4; i++) {
            char call[64];
            rr_error e = {0};
            snprintf(call, sizeof call, "place %d (%s), text %d", place, places[place], i);
            required(texts[i], &e, place);
            judge(__LINE__, call, &e, codes[i], places[place]);
            required(texts[i], NULL, place);
        }
    leave();
}

RT_TEST(test_optional_texts)
{
    const rr_bytes bytes = {(const uint8_t *)"x", 1};
    enter();
    BAD(UNEXPECTED_NULL_ARGUMENT, "entity_path_prefix", rr_recording_stream_log_file_from_path(rec, S("x.txt"), NULL_TEXT, false, err));
    BAD(INVALID_STRING_ARGUMENT, "entity_path_prefix", rr_recording_stream_log_file_from_path(rec, S("x.txt"), NOT_UTF8, false, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "entity_path_prefix", rr_recording_stream_log_file_from_contents(rec, S("x.txt"), bytes, NULL_TEXT, false, err));
    BAD(INVALID_STRING_ARGUMENT, "entity_path_prefix", rr_recording_stream_log_file_from_contents(rec, S("x.txt"), bytes, WITH_NUL, false, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "contents", rr_recording_stream_log_file_from_contents(rec, S("x.txt"), (rr_bytes){NULL, 0}, EMPTY, false, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "contents", rr_recording_stream_log_file_from_contents(rec, S("x.txt"), (rr_bytes){NULL, 3}, EMPTY, false, err));
    rr_spawn_options o = {.memory_limit = NULL_TEXT};
    BAD(UNEXPECTED_NULL_ARGUMENT, "memory_limit", rr_spawn(&o, err));
    o = (rr_spawn_options){.server_memory_limit = NOT_UTF8};
    BAD(INVALID_STRING_ARGUMENT, "server_memory_limit", rr_recording_stream_spawn(rec, &o, err));
    o = (rr_spawn_options){.executable_name = WITH_NUL};
    BAD(INVALID_STRING_ARGUMENT, "executable_name", rr_spawn(&o, err));
    o = (rr_spawn_options){.executable_path = NOT_UTF8};
    BAD(INVALID_STRING_ARGUMENT, "executable_path", rr_spawn(&o, err));
    leave();
}

RT_TEST(test_paths_of_rows)
{
    enter();
    BAD(UNEXPECTED_NULL_ARGUMENT, "entity_path", log_number(rec, NULL_TEXT, err));
    BAD(INVALID_STRING_ARGUMENT, "entity", log_number(rec, NOT_UTF8, err));
    BAD(INVALID_STRING_ARGUMENT, "entity", log_number(rec, WITH_NUL, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "entity_path", send_numbers(rec, NULL_TEXT, err));
    BAD(INVALID_STRING_ARGUMENT, "entity", send_numbers(rec, NOT_UTF8, err));
    BAD(INVALID_STRING_ARGUMENT, "entity", send_numbers(rec, WITH_NUL, err));
    GOOD(log_number(rec, S("__properties/camera"), err)); /* the C++ SDK's way to send properties */
    GOOD(send_numbers(rec, S("/__properties/camera"), err));
    GOOD(log_number(rec, EMPTY, err)); /* the root */
    GOOD(send_numbers(rec, EMPTY, err));
    GOOD(log_number(rec, S("//a\\q//\\u{zz}/"), err)); /* read as well as it goes */
    leave();
}

/* ---------------------------------------------------------------- numbers */

RT_TEST(test_times_limits_urls_and_kinds)
{
    rr_log_sink sinks[40];
    enter();
    for (unsigned i = 0; i < 3; i++) {
        const float bad[] = {NAN, -1, INFINITY};
        BAD(INVALID_TIME_ARGUMENT, "flush_timeout_sec", rr_recording_stream_connect_grpc(rec, URL, bad[i], err));
        sinks[0] = (rr_log_sink){.kind = RR_LOG_SINK_KIND_GRPC, .grpc = {URL, bad[i]}};
        BAD(INVALID_TIME_ARGUMENT, "flush_timeout_sec", rr_recording_stream_set_sinks(rec, sinks, 1, err));
    }
    BAD(INVALID_SERVER_URL, "url", rr_recording_stream_connect_grpc(rec, S("http://127.0.0.1:9876/proxy"), 1, err));
    BAD(INVALID_SERVER_URL, "url", rr_recording_stream_connect_grpc(rec, S("nonsense"), 1, err));
    BAD(INVALID_SERVER_URL, "url", rr_recording_stream_connect_grpc(rec, S("rerun://127.0.0.1:1234/recording/abc"), 1, err));
    BAD(INVALID_MEMORY_LIMIT, "server_memory_limit", rr_recording_stream_serve_grpc(rec, S("127.0.0.1"), 0, EMPTY, false, NULL, 0, err));
    BAD(INVALID_MEMORY_LIMIT, "server_memory_limit", rr_recording_stream_serve_grpc(rec, S("127.0.0.1"), 0, S("much"), false, NULL, 0, err));
    BAD(RECORDING_STREAM_SERVE_GRPC_FAILURE, "bind_ip", rr_recording_stream_serve_grpc(rec, S("localhost"), 0, S("1GiB"), false, NULL, 0, err));
    GOOD(rr_recording_stream_set_time(rec, S("min"), RR_TIME_TYPE_DURATION, INT64_MIN, err));
    GOOD(rr_recording_stream_set_time(rec, S("min"), RR_TIME_TYPE_SEQUENCE, 1, err)); /* changes its type */
    GOOD(rr_recording_stream_disable_timeline(rec, S("never seen"), err));
    GOOD(log_number(rec, S("/a"), err));
    GOOD(rr_recording_stream_flush_blocking(rec, INFINITY, err));
#ifndef RT_OFFICIAL /* undefined there */
    BAD(UNEXPECTED_NULL_ARGUMENT, "sinks", rr_recording_stream_set_sinks(rec, NULL, 1, err));
    BAD(INVALID_ENUM_VALUE, "time_type", rr_recording_stream_set_time(rec, S("t"), 0, 1, err));
    BAD(INVALID_ENUM_VALUE, "time_type", rr_recording_stream_set_time(rec, S("t"), 4, 1, err));
    sinks[0].kind = 9;
    BAD(INVALID_ENUM_VALUE, "sinks", rr_recording_stream_set_sinks(rec, sinks, 1, err));
    for (unsigned i = 0; i < 40; i++)
        sinks[i] = (rr_log_sink){.kind = RR_LOG_SINK_KIND_FILE, .file = {S("/tmp/retap-not-made.rrd")}};
    BAD(INVALID_STRING_ARGUMENT, "sinks", rr_recording_stream_set_sinks(rec, sinks, 2, err)); /* twice the same */
    BAD(INVALID_STRING_ARGUMENT, "sinks", rr_recording_stream_set_sinks(rec, sinks, 40, err));
    CHECK(access("/tmp/retap-not-made.rrd", F_OK) != 0);
#endif
    leave();
}

static int64_t *no_room(void *ctx, uint32_t n)
{
    CHECK(!ctx && n < UINT32_MAX);
    return NULL;
}

RT_TEST(test_utilities)
{
    static const uint8_t bytes[] = "no video";
    enter();
    BAD(UNEXPECTED_NULL_ARGUMENT, "video_bytes", rr_video_asset_read_frame_timestamps_nanos(NULL, 8, S("video/mp4"), NULL, no_room, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "alloc_timestamps", rr_video_asset_read_frame_timestamps_nanos(bytes, 8, S("video/mp4"), NULL, NULL, err));
    BAD(VIDEO_LOAD_ERROR, "", rr_video_asset_read_frame_timestamps_nanos(bytes, 0, S("video/mp4"), NULL, no_room, err));
    BAD(VIDEO_LOAD_ERROR, "", rr_video_asset_read_frame_timestamps_nanos(bytes, 8, S("video/mp4"), NULL, no_room, err));
    BAD(VIDEO_LOAD_ERROR, "", rr_video_asset_read_frame_timestamps_nanos(bytes, 8, S("video/webm"), NULL, no_room, err));
    CHECK(!_rr_escape_entity_path_part(NOT_UTF8) && !_rr_escape_entity_path_part(WITH_NUL) && !_rr_escape_entity_path_part(NULL_TEXT));
    _rr_free_string(_rr_escape_entity_path_part(EMPTY));
    _rr_free_string(NULL);
    leave();
}

/* ---------------------------------------------------------------- Arrow data */

static void log_one(rr_component_type_handle type, struct ArrowArray a, rr_error *err)
{
    rr_component_batch b = {type, a};
    rr_recording_stream_log(rec, (rr_data_row){S("/a"), 1, &b}, true, err);
    taken(&b.array);
}

static struct ArrowArray with(struct ArrowArray a, int64_t length, int64_t offset, int64_t nulls)
{
    a.length = length;
    a.offset = offset;
    a.null_count = nulls;
    return a;
}

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_types_that_do_not_exist)
{
    static const char *const formats[] = {"", "?", "+w:", "+w:-1", "w:x", "tsx:", "+l", "d:"};
    enter();
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
        rr_error e = {0};
        CHECK_INT(rr_register_component_type(kit_type(S("Odd:values"), formats[i]), &e), RR_COMPONENT_TYPE_HANDLE_INVALID);
        judge(__LINE__, formats[i], &e, CODE(ARROW_FFI_SCHEMA_IMPORT_ERROR), "Odd:values");
    }
    rr_component_type t = {{EMPTY, S("Odd:values"), EMPTY}, {0}};
    BAD(ARROW_FFI_SCHEMA_IMPORT_ERROR, "Odd:values", rr_register_component_type(t, err));
    t = kit_type(S("Odd:values"), "g");
    t.descriptor.archetype = NOT_UTF8; /* dropped */
    rr_error e = {0};
    CHECK(rr_register_component_type(t, &e) != RR_COMPONENT_TYPE_HANDLE_INVALID);
    judge(__LINE__, "archetype", &e, CODE(OK), "");
    leave();
}
#endif

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_batches)
{
    rr_component_batch b[3];
    enter();
    BAD(INVALID_COMPONENT_TYPE_HANDLE, "component_batches[0]", log_one(0xFFFFF, kit_f64(1), err));
    BAD(INVALID_COMPONENT_TYPE_HANDLE, "component_batches[0]", log_one(RR_COMPONENT_TYPE_HANDLE_INVALID, kit_f64(1), err));
    for (unsigned bad = 0; bad < 3; bad++) /* those before and behind it are taken all the same */
        BAD(INVALID_COMPONENT_TYPE_HANDLE, "component_batches[", {
            for (unsigned i = 0; i < 3; i++)
                b[i] = (rr_component_batch){i == bad ? 0xFFFFF : f64_type, kit_f64(1)};
            rr_recording_stream_log(rec, (rr_data_row){S("/a"), 3, b}, true, err);
        });
    BAD(UNEXPECTED_NULL_ARGUMENT, "component_batches", rr_recording_stream_log(rec, (rr_data_row){S("/a"), 1, NULL}, true, err));
    GOOD(rr_recording_stream_log(rec, (rr_data_row){S("/a"), 0, NULL}, true, err));
    leave();
}
#endif

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_a_released_array)
{
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", {
        struct ArrowArray a = kit_f64(1);
        kit_release(&a);
        log_one(f64_type, a, err);
    });
    leave();
}
#endif

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_arrays_of_another_layout)
{
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, kit_array(1, 1, NULL, NULL, NULL), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, kit_array(1, 3, NULL, kit_numbers, "x"), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Texts:values", log_one(text_type, kit_f64(1), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, kit_lists(1), err));
    leave();
}
#endif

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_texts_in_arrays)
{
    static const int32_t back[] = {4, 0}, below[] = {-4, 4}, right[] = {0, 3};
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Texts:values", log_one(text_type, kit_array(1, 3, NULL, right, "a\xff\xfe"), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Texts:values", log_one(text_type, kit_array(1, 3, NULL, back, "abcd"), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Texts:values", log_one(text_type, kit_array(1, 3, NULL, below, "abcd"), err));
    leave();
}
#endif

#ifndef RT_OFFICIAL /* takes such numbers on trust */
RT_TEST(test_lengths_that_cannot_be)
{
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, with(kit_f64(1), -1, 0, 0), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, with(kit_f64(1), 1, -1, 0), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, with(kit_f64(1), INT64_MAX, INT64_MAX, 0), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, with(kit_f64(1), 1, 0, 1), err)); /* nulls, but no bits */
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, with(kit_f64(1), 1, 0, 2), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", log_one(f64_type, kit_array(1, 2, NULL, NULL, NULL), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Texts:values", log_one(text_type, kit_array(1, 3, NULL, NULL, "abc"), err));
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", {
        struct ArrowArray a = kit_f64(1);
        a.buffers = NULL;
        log_one(f64_type, a, err);
    });
    leave();
}
#endif

static void columns(struct ArrowArray times, struct ArrowArray lists, rr_error *err)
{
    rr_time_column t = {{S("frame"), RR_TIME_TYPE_SEQUENCE}, times, RR_SORTING_STATUS_UNKNOWN};
    rr_component_column c = {f64_type, lists};
    rr_recording_stream_send_columns(rec, S("/a"), &t, 1, &c, 1, err);
    taken(&t.array);
    taken(&c.array);
}

RT_TEST(test_columns_of_unequal_length)
{
    enter();
    BAD(RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "Numbers:values", columns(kit_i64(3), kit_lists(2), err));
    BAD(RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, "frame2", {
        rr_time_column t[] = {{{S("frame"), 1}, kit_i64(3), 0}, {{S("frame2"), 1}, kit_i64(2), 0}};
        rr_component_column c = {f64_type, kit_lists(3)};
        rr_recording_stream_send_columns(rec, S("/a"), t, 2, &c, 1, err);
    });
    leave();
}

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_columns_that_are_no_lists)
{
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", columns(kit_i64(3), kit_f64(3), err));
    leave();
}
#endif

RT_TEST(test_columns_of_unknown_types)
{
    enter();
    BAD(INVALID_COMPONENT_TYPE_HANDLE, "component_columns[1]", {
        rr_time_column t = {{S("frame"), 1}, kit_i64(3), 0};
        rr_component_column c[] = {{f64_type, kit_lists(3)}, {0xFFFFF, kit_lists(3)}, {f64_type, kit_lists(3)}};
        rr_recording_stream_send_columns(rec, S("/a"), &t, 1, c, 3, err);
    });
    leave();
}

#ifndef RT_OFFICIAL /* ends the program there */
RT_TEST(test_columns_that_are_null)
{
    enter();
    BAD(UNEXPECTED_NULL_ARGUMENT, "time_columns", {
        rr_component_column c = {f64_type, kit_lists(3)};
        rr_recording_stream_send_columns(rec, S("/a"), NULL, 1, &c, 1, err);
    });
    BAD(UNEXPECTED_NULL_ARGUMENT, "component_columns", {
        rr_time_column t = {{S("frame"), 1}, kit_i64(3), 0};
        rr_recording_stream_send_columns(rec, S("/a"), &t, 1, NULL, 1, err);
    });
    leave();
}
#endif

RT_TEST(test_times_with_nulls)
{
    static const uint8_t valid[] = {5};
    enter();
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "frame", columns(with(kit_array(3, 2, valid, kit_times, NULL), 3, 0, 1), kit_lists(3), err));
    leave();
}

#ifndef RT_OFFICIAL
RT_TEST(test_columns_that_lie)
{
    enter();
    for (unsigned i = 0; i < 4; i++) {
        static const int32_t bad[4][4] = {{0, 2, 1, 3}, {-1, 1, 2, 3}, {0, 1, 2, 9}, {0, 1, 2, INT32_MAX}};
        BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", {
            struct ArrowArray a = kit_lists(3);
            a.buffers[1] = bad[i];
            columns(kit_i64(3), a, err);
        });
    }
    BAD(ARROW_FFI_ARRAY_IMPORT_ERROR, "Numbers:values", {
        struct ArrowArray a = kit_lists(3);
        a.children = NULL;
        columns(kit_i64(3), a, err);
        (void)a;
    });
    BAD(INVALID_ENUM_VALUE, "timeline.type", {
        rr_time_column t = {{S("frame"), 0}, kit_i64(3), 0};
        rr_component_column c = {f64_type, kit_lists(3)};
        rr_recording_stream_send_columns(rec, S("/a"), &t, 1, &c, 1, err);
    });
    BAD(INVALID_ENUM_VALUE, "sorting_status", {
        rr_time_column t = {{S("frame"), 1}, kit_i64(3), 3};
        rr_component_column c = {f64_type, kit_lists(3)};
        rr_recording_stream_send_columns(rec, S("/a"), &t, 1, &c, 1, err);
    });
    leave();
}
#endif

/* ---------------------------------------------------------------- the disk */

RT_TEST(test_files_that_cannot_be_made)
{
    rr_log_sink sinks[] = {{.kind = RR_LOG_SINK_KIND_FILE, .file = {S("/no/such/directory/a.rrd")}}};
    enter();
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/no/such/directory/a.rrd", rr_recording_stream_save(rec, S("/no/such/directory/a.rrd"), err));
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/no/such/directory/a.rrd", rr_recording_stream_set_sinks(rec, sinks, 1, err));
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/tmp", rr_recording_stream_save(rec, S("/tmp"), err)); /* a directory */
    GOOD(log_number(rec, S("/a"), err));
    leave();
}

static void fills(rr_string path, const char *names)
{
    rr_error e = {0};
    rr_recording_stream_save(rec, path, &e);
    judge(__LINE__, "save", &e, CODE(OK), "");
    for (int i = 0; i < 20000; i++)
        log_number(rec, S("/a"), &e);
    judge(__LINE__, "log", &e, CODE(OK), ""); /* the program goes on */
    rr_recording_stream_flush_blocking(rec, 10, &e);
    judge(__LINE__, "flush", &e, CODE(RECORDING_STREAM_FLUSH_FAILURE), names);
}

RT_TEST(test_a_full_disk)
{
    enter();
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/dev/full", rr_recording_stream_save(rec, S("/dev/full"), err)); /* no room for the header */
    GOOD(log_number(rec, S("/a"), err));
    leave();
}

RT_TEST(test_a_limit_for_files)
{
    const struct rlimit limit = {20000, 20000};
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    enter();
    fills(S("/tmp/retap-bad-limit.rrd"), "retap-bad-limit.rrd");
    leave();
    CHECK(unlink("/tmp/retap-bad-limit.rrd") == 0);
}

RT_TEST(test_a_directory_that_is_removed)
{
    char dir[] = "/tmp/retap-bad-XXXXXX", path[64], command[64];
    rr_error e = {0};
    CHECK(mkdtemp(dir));
    enter();
    snprintf(path, sizeof path, "%s/a.rrd", dir);
    rr_recording_stream_save(rec, rr_make_string(path), &e);
    snprintf(command, sizeof command, "rm -r %s", dir);
    CHECK(system(command) == 0);
    GOOD(log_number(rec, S("/a"), err)); /* the file is there still, without a name */
    GOOD(rr_recording_stream_flush_blocking(rec, 10, err));
    BAD(RECORDING_STREAM_SAVE_FAILURE, path, rr_recording_stream_save(rec, rr_make_string(path), err));
    GOOD(log_number(rec, S("/a"), err));
    leave();
}
