/* What the functions of retap.h answer to wrong arguments: in strict mode the code and a message that names the argument; otherwise one
 * warning a site, and the program goes on. */
#include <math.h>
#include <retap.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/arrow_kit.h"

#define CODE(name) RR_ERROR_CODE_##name

static int failures, warnings;
static char warning[512];
static rr_recording_stream rec;
static rr_memory_recording *mem;

static void wrong(int line, const char *call, const char *what, const rr_error *e)
{
    printf("# line %d: %.120s: %s: %#x %.200s\n", line, call, what, (unsigned)e->code, e->description);
    fflush(stdout);
    failures++;
}

static void judge(int line, const char *call, const rr_error *e, rr_error_code code, const char *names)
{
    if (e->code != code) {
        char what[64];
        snprintf(what, sizeof what, "expected %#x", (unsigned)code);
        wrong(line, call, what, e);
    } else if (!strstr(e->description, names)) {
        wrong(line, call, names, e);
    }
    if (kit_live)
        wrong(line, call, "Arrow data is not released", e);
}

static void warn(void *ctx, const char *text)
{
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

static void enter(bool strict)
{
    rr_error e = {0};
    rr_set_warning_handler(warn, NULL);
    rr_set_strict_mode(strict);
    rr_stream_options o = rr_stream_options_default("bad_input");
    o.send_properties = 2;
    rec = rr_recording_stream_open(&o, &e);
    mem = rr_recording_stream_memory(rec, &e);
    CHECK(rec && mem && !e.code);
}

static void leave(void)
{
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
    CHECK_INT(kit_live, 0);
    CHECK_INT(failures, 0);
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

/* A function that returns its code, too. */
#define BAD2(code_, names_, call_)                                          \
    BAD(code_, names_, do {                                                 \
        rr_error_code code2_ = call_;                                       \
        if (code2_ != CODE(code_)) {                                        \
            rr_error e2_ = {code2_, "is returned"};                         \
            wrong(__LINE__, #call_, "expected " #code_, &e2_);              \
        }                                                                   \
    } while (0))

/* ---------------------------------------------------------------- streams */

RT_TEST(test_streams)
{
    enter(true);
    const rr_recording_stream unknown[] = {0, 77, 0xFFFFFFFD};
    BAD(UNEXPECTED_NULL_ARGUMENT, "options", rr_init(NULL, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "options", rr_recording_stream_open(NULL, err));
    for (int i = 0; i < 3; i++) {
        const rr_recording_stream h = unknown[i];
        char buf[8] = "x";
        BAD2(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_close(h, 1, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_sync(h, 1, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_disconnect(h, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_collect(h, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_save_ex(h, "/tmp/retap-not-made.rrd", NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_stdout_ex(h, NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_set_sinks_ex(h, NULL, 0, NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_connect_grpc_ex(h, NULL, -1, NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_connect(h, NULL, -1, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_serve_grpc_ex(h, NULL, NULL, 0, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_spawn_ex(h, NULL, NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_serve_web(h, NULL, err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", CHECK(!rr_recording_stream_memory(h, err)));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_send_recording_name(h, "name", err));
        BAD(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_send_recording_start_time_nanos(h, 1, err));
        CHECK_INT(rr_recording_stream_dropped(h), 0);
        CHECK_INT(rr_recording_stream_pending_rows(h, NULL), 0);
        CHECK_INT(rr_recording_stream_durable_bytes(h), 0);
        CHECK_INT(rr_recording_stream_recording_id(h, buf, sizeof buf), 0);
        CHECK_STR(buf, "");
        CHECK_INT(rr_recording_stream_application_id(h, NULL, 0), 0);
        CHECK_INT(rr_get_data_recording(h), 0);
        CHECK_INT(rr_swap_thread_local(h, RR_STORE_KIND_RECORDING), 0);
        CHECK_INT(rr_swap_global(h, RR_STORE_KIND_RECORDING), 0);
        rr_recording_stream_abandon(h);
        rr_scope scope = rr_recording_push(h);
        rr_recording_pop(&scope);
        rr_recording_pop(&scope);
    }
    CHECK_INT(rr_recording_stream_recording_id(rec, NULL, 0), 36);
    rr_recording_pop(NULL);
    rr_thread_local_stream_end(NULL);
    rr_scope scope = rr_thread_local_stream_begin(NULL);
    rr_thread_local_stream_end(&scope);
    CHECK(access("/tmp/retap-not-made.rrd", F_OK) != 0);
    BAD(INVALID_TIME_ARGUMENT, "timeout_sec", rr_recording_stream_sync(rec, -1, err));
    BAD(INVALID_TIME_ARGUMENT, "timeout_sec", rr_recording_stream_sync(rec, NAN, err));
    leave();
}

RT_TEST(test_kinds_of_stores)
{
    enter(true);
    for (rr_store_kind kind = 0; kind < 9; kind = kind ? 2 * kind + 1 : 3) {
        CHECK_INT(rr_get_global(kind), 0);
        CHECK_INT(rr_get_thread_local(kind), 0);
        CHECK_INT(rr_swap_global(rec, kind), 0);
        CHECK_INT(rr_swap_thread_local(rec, kind), 0);
        rr_recording_stream_set_global(rec, kind);
        rr_recording_stream_set_thread_local(rec, kind);
        CHECK_INT(rr_current(), 0);
    }
    leave();
}

RT_TEST(test_ids_and_paths)
{
    char buf[16] = "x";
    enter(true);
    BAD2(INVALID_STRING_ARGUMENT, "id", rr_set_default_recording_id("", err));
    rr_set_default_recording_id(NULL, NULL);
    CHECK_INT(rr_sanitize_application_id(NULL, buf, sizeof buf), 0);
    rr_new_recording_id(NULL);
    CHECK(rr_escape_entity_path_part(NULL, buf, sizeof buf) == RR_PATH_INVALID || !*buf);
    CHECK(rr_escape_entity_path_part("\xff", buf, sizeof buf) == RR_PATH_INVALID && !*buf);
    CHECK(rr_parse_entity_path("\xff", NULL, 0) == RR_PATH_INVALID);
    CHECK(rr_parse_entity_path(NULL, buf, sizeof buf) == RR_PATH_INVALID || !strcmp(buf, "/"));
    CHECK_INT(rr_entity_path_part("/a", 1, buf, sizeof buf), 0);
    rr_entity_path_part(NULL, 0, buf, sizeof buf);
    CHECK_INT(rr_new_entity_path(buf, sizeof buf, NULL, 0), 1);
    CHECK(rr_new_entity_path(buf, sizeof buf, RR_PATH("a", (const char *)NULL)) == RR_PATH_INVALID);
    CHECK(!rr_entity_path(buf, sizeof buf, RR_PATH("longer than that buffer has room for")));
    CHECK(!rr_entity_path(NULL, 0, RR_PATH("a")));
    leave();
}

/* ---------------------------------------------------------------- time */

static void times(void)
{
    rr_set_time_sequence(rec, NULL, 1);
    rr_set_time_sequence(rec, "", 1);
    rr_set_time_duration_ns(rec, "\xff", 1);
    rr_set_time_duration_secs(rec, "t", NAN);
    rr_set_time_timestamp_secs(rec, "t", INFINITY);
    rr_set_time_seconds(rec, "t", 1e300);
    rr_set_time_nanos(rec, NULL, 1);
    rr_set_time_sequence(77, "t", 1);
}

RT_TEST(test_times)
{
    enter(false);
    times();
    CHECK(warnings > 0 && warnings <= 3 && strstr(warning, "rr_set_time"));
    int n = warnings;
    times();
    CHECK_INT(warnings, n);
    rr_recording_stream_set_time(rec, rr_make_string("frame"), RR_TIME_TYPE_SEQUENCE, 1, NULL);
    rr_recording_stream_set_time(rec, rr_make_string("frame"), RR_TIME_TYPE_DURATION, 1, NULL);
    CHECK_INT(warnings, n + 1);
    CHECK(strstr(warning, "timeline frame was a sequence, is a duration now"));
    rr_recording_stream_set_time(rec, rr_make_string("frame"), RR_TIME_TYPE_TIMESTAMP, 1, NULL);
    CHECK_INT(warnings, n + 1);
    rr_set_strict_mode(true);
    BAD(INVALID_STRING_ARGUMENT, "frame", rr_recording_stream_set_time(rec, rr_make_string("frame"), RR_TIME_TYPE_SEQUENCE, 1, err));
    GOOD(rr_recording_stream_set_time(rec, rr_make_string("frame"), RR_TIME_TYPE_TIMESTAMP, 2, err));
    leave();
}

/* ---------------------------------------------------------------- log calls that report */

static rr_legacy_options strictly(rr_error *err)
{
    rr_legacy_options o = rr_legacy_options_default();
    o.strict = 1;
    o.err = err;
    return o;
}

/* Every legacy call with this path. */
static rr_error_code legacy(int which, const char *path, rr_error *err)
{
    static const float p[12] = {0};
    static const uint8_t pixel[4] = {0};
    const rr_legacy_options o = strictly(err);
    const rr_rigid3 rigid = {{0}, {0, 0, 0, 1}};
    rr_obb_options box = rr_obb_options_default();
    rr_mesh mesh = rr_mesh_default();
    rr_scalar_options s = rr_scalar_options_default();
    const rr_class_description class = {23, "bar", 0, {0}, {0}};
    const rr_field field = rr_i64("n", 1);
    box.half_size = p;
    mesh.positions = (rr_floats){p, 9};
    s.strict = 1;
    s.err = err;
    switch (which) {
    case 0: return rr_log_scalar_ex(rec, path, 1, &s);
    case 1: return rr_log_extension_components(rec, path, &field, 1, &o);
    case 2: return rr_log_point(rec, path, p, 3, NULL, &o);
    case 3: return rr_log_points(rec, path, p, 2, 2, NULL, &o);
    case 4: return rr_log_line_strip(rec, path, p, 2, 3, NULL, &o);
    case 5: return rr_log_line_segments(rec, path, p, 2, 3, NULL, &o);
    case 6: return rr_log_arrow(rec, path, NULL, p, NULL, &o);
    case 7: return rr_log_rect(rec, path, p, RR_RECT_XYWH, NULL, &o);
    case 8: return rr_log_rects(rec, path, p, 1, RR_RECT_XYWH, NULL, &o);
    case 9: return rr_log_obb(rec, path, &box, &o);
    case 10: return rr_log_mesh(rec, path, &mesh, &o);
    case 11: return rr_log_meshes(rec, path, &mesh, 1, &o);
    case 12: return rr_log_mesh_file(rec, path, RR_MESH_OBJ, "v", 1, NULL, &o);
    case 13: return rr_log_image_file(rec, path, pixel, 4, NULL, RR_IMAGE_FILE_JPEG, &o);
    case 14: return rr_log_pinhole(rec, path, p, 1, 1, &o);
    case 15: return rr_log_rigid3(rec, path, &rigid, NULL, NULL, &o);
    case 16: return rr_log_unknown_transform(rec, path, &o);
    case 17: return rr_log_view_coordinates(rec, path, "RDF", NULL, 0, &o);
    case 18: return rr_log_annotation_context_ex(rec, path, &class, 1, &o);
    default: return 0;
    }
}

RT_TEST(test_paths_of_legacy_calls)
{
    static const struct {
        const char *path;
        rr_error_code code;
    } bad[] = {{NULL, CODE(UNEXPECTED_NULL_ARGUMENT)}, {"a\xff", CODE(INVALID_STRING_ARGUMENT)}, {"__mine/a", CODE(INVALID_STRING_ARGUMENT)}};
    enter(false);
    for (int which = 0; which < 19; which++)
        for (int i = 0; i < 3; i++) {
            char call[64];
            rr_error e = {0};
            snprintf(call, sizeof call, "legacy call %d, path %d", which, i);
            if (legacy(which, bad[i].path, &e) != e.code)
                wrong(__LINE__, call, "returns another code", &e);
            judge(__LINE__, call, &e, bad[i].code, i == 0 ? "path" : "entity_path");
            legacy(which, bad[i].path, NULL);
        }
    for (int which = 0; which < 19; which++) {
        rr_error e = {0};
        CHECK_INT(legacy(which, "/good", &e), 0);
        CHECK_INT(e.code, 0);
    }
    leave();
}

#define LEGACY(code_, names_, call_)                                  \
    do {                                                              \
        rr_error e_ = {0};                                            \
        const rr_legacy_options o = strictly(&e_);                    \
        if (call_ != CODE(code_))                                     \
            wrong(__LINE__, #call_, "returns another code", &e_);     \
        judge(__LINE__, #call_, &e_, CODE(code_), names_);            \
    } while (0)

RT_TEST(test_arguments_of_legacy_calls)
{
    static const float p[12] = {0};
    static const uint8_t pixels[12] = {0};
    const rr_rigid3 rigid = {{0}, {0, 0, 0, 1}};
    const rr_field unnamed = rr_i64(NULL, 1);
    enter(false);
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "positions", rr_log_points(rec, "/a", NULL, 2, 3, NULL, &o));
    LEGACY(OK, "", rr_log_points(rec, "/a", NULL, 0, 3, NULL, &o));
    LEGACY(INVALID_COMPONENT, "4", rr_log_points(rec, "/a", p, 1, 4, NULL, &o));
    LEGACY(INVALID_COMPONENT, "1", rr_log_point(rec, "/a", p, 1, NULL, &o));
    LEGACY(OK, "", rr_log_point(rec, "/a", NULL, 3, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "positions", rr_log_line_strip(rec, "/a", NULL, 2, 3, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "positions", rr_log_line_segments(rec, "/a", NULL, 2, 3, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "rects", rr_log_rects(rec, "/a", NULL, 2, RR_RECT_XYWH, NULL, &o));
    LEGACY(OK, "", rr_log_rect(rec, "/a", NULL, RR_RECT_XYWH, NULL, &o));
    LEGACY(INVALID_ENUM_VALUE, "format", rr_log_rect(rec, "/a", p, (enum rr_rect_format)6, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "vector", rr_log_arrow(rec, "/a", p, NULL, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "box", rr_log_obb(rec, "/a", NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "mesh", rr_log_mesh(rec, "/a", NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "mesh", rr_log_meshes(rec, "/a", NULL, 1, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "Asset3D:blob", rr_log_mesh_file(rec, "/a", RR_MESH_OBJ, NULL, 5, NULL, &o));
    LEGACY(INVALID_ENUM_VALUE, "format", rr_log_mesh_file(rec, "/a", (enum rr_mesh_format)9, "v", 1, NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "image", rr_log_image(rec, "/a", NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "image", rr_log_depth_image(rec, "/a", NULL, 1, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "image", rr_log_segmentation_image(rec, "/a", NULL, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "Tensor:data", rr_log_tensor(rec, "/a", NULL, 0, &o));
    LEGACY(FILE_READ, "/no/such.jpg", rr_log_image_file(rec, "/a", NULL, 0, "/no/such.jpg", RR_IMAGE_FILE_JPEG, &o));
    LEGACY(INVALID_ENUM_VALUE, "format", rr_log_image_file(rec, "/a", pixels, 12, NULL, (enum rr_image_file_format)9, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "child_from_parent", rr_log_pinhole(rec, "/a", NULL, 1, 1, &o));
    LEGACY(INVALID_STRING_ARGUMENT, "XYZ", rr_log_view_coordinates(rec, "/a", "XYZ", NULL, 0, &o));
    LEGACY(INVALID_STRING_ARGUMENT, "+Q", rr_log_view_coordinates(rec, "/a", NULL, "+Q", 0, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "classes", rr_log_annotation_context_ex(rec, "/a", NULL, 2, &o));
    LEGACY(UNEXPECTED_NULL_ARGUMENT, "fields", rr_log_extension_components(rec, "/a", NULL, 2, &o));
    rr_error e = {0};
    rr_legacy_options o = strictly(&e);
    CHECK(rr_log_image_file(rec, "/a", pixels, 12, "x.jpg", RR_IMAGE_FILE_JPEG, &o) && e.code); /* both */
    CHECK(rr_log_image_file(rec, "/a", NULL, 0, NULL, RR_IMAGE_FILE_JPEG, &o) && e.code); /* none */
    CHECK(rr_log_rigid3(rec, "/a", &rigid, &rigid, NULL, &o) && e.code);
    CHECK(rr_log_rigid3(rec, "/a", NULL, NULL, NULL, &o) && e.code);
    CHECK(rr_log_view_coordinates(rec, "/a", NULL, NULL, 0, &o) && e.code);
    CHECK(rr_log_view_coordinates(rec, "/a", "RDF", "+Z", 0, &o) && e.code);
    rr_log_extension_components(rec, "/a", &unnamed, 1, &o);
    leave();
}

RT_TEST(test_text_and_bundles)
{
    const rr_field none = {0}, odd = {.name = "x", .kind = 99, .n = 1};
    rr_text_log_options t = rr_text_log_options_default();
    rr_log_options lo = rr_log_options_default();
    enter(false);
    t.strict = lo.strict = 1;
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_log_text_ex(rec, NULL, "text", &t, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "text", rr_log_text_ex(rec, "/a", NULL, &t, err));
    BAD2(INVALID_STRING_ARGUMENT, "path", rr_log_text_ex(rec, "a\xff", "text", &t, err));
    BAD2(INVALID_STRING_ARGUMENT, "__a", rr_log_text_ex(rec, "__a", "text", &t, err));
    t.n_fields = 2;
    BAD2(UNEXPECTED_NULL_ARGUMENT, "fields", rr_log_text_entry(rec, "/a", "text", &t, err));
    CHECK(!rr_log_text_ex(rec, "/a", "text", NULL, NULL));
    rr_bundle *text = rr_text_log("a", NULL, 0), *again = rr_text_log("b", NULL, 0), *wrong_one = rr_text_log(NULL, NULL, 0);
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_log(rec, NULL, &lo, RR_BUNDLES(text), err));
    BAD2(INVALID_STRING_ARGUMENT, "entity_path", rr_log(rec, "__a", &lo, RR_BUNDLES(text), err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "bundles", rr_log(rec, "/a", &lo, NULL, 2, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "bundle", rr_log(rec, "/a", &lo, RR_BUNDLES(text, (rr_bundle *)NULL), err));
    BAD2(INVALID_STRING_ARGUMENT, "given twice: TextLog:text", rr_log(rec, "/a", &lo, RR_BUNDLES(text, again), err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "text", rr_log(rec, "/a", &lo, RR_BUNDLES(wrong_one), err));
    GOOD(rr_log(rec, "/a", &lo, RR_BUNDLES(text), err));
    rr_bundle_free(text);
    rr_bundle_free(again);
    rr_bundle_free(wrong_one);
    rr_bundle_free(NULL);
    rr_log_fields(rec, "/a", &none, 1);
    rr_log_fields(rec, "/a", &odd, 1);
    rr_log_fields(rec, "/a", NULL, 3);
    rr_log_fields(rec, NULL, &odd, 1);
    leave();
}

/* Those without an error, again and again: a warning each site, rows as before. */
static void quiet(void)
{
    rr_log_text(rec, NULL, NULL, "text", RR_NO_FIELDS);
    rr_log_text(rec, "/a", NULL, NULL, RR_NO_FIELDS);
    rr_log_text(rec, "__a", NULL, "text", RR_NO_FIELDS);
    rr_log_text(rec, "/a", NULL, "text", NULL, 3);
    rr_log_text_n(rec, "/a", 2, NULL, 3, "text", 4, RR_NO_FIELDS);
    rr_log_text(77, "/a", NULL, "text", RR_NO_FIELDS);
    rr_logf(NULL, NULL, "%d", 1);
    rr_logf_to(rec, "/a", NULL, (const char *)NULL);
    rr_logf_to(77, "/a", NULL, "%d", 1);
    rr_log_scalar(rec, NULL, 1);
    rr_log_scalar(rec, "__a", 1);
    rr_log_scalar(77, "/a", 1);
    rr_log_clear(rec, NULL, true);
    rr_log_point(rec, NULL, NULL, 9, NULL, NULL);
}

RT_TEST(test_one_warning_a_site)
{
    enter(false);
    quiet();
    int n = warnings;
    CHECK(n >= 4 && n <= 15);
    for (int i = 0; i < 50; i++)
        quiet();
    CHECK_INT(warnings, n);
    CHECK(!rr_log_signal_safe(rec, NULL, NULL, NULL)); /* counted; the worker warns */
    uint64_t before = rr_memory_recording_num_msgs(mem);
    rr_log_text(rec, "/good", "INFO", "text", RR_NO_FIELDS);
    CHECK(rr_memory_recording_num_msgs(mem) > before);
    leave();
}

/* ---------------------------------------------------------------- sinks, memory, reader */

RT_TEST(test_sinks_memory_and_reader)
{
    rr_bytes out = {0};
    rr_rrd_message m = {.struct_size = sizeof m};
    struct ArrowSchema schema;
    struct ArrowArray array;
    enter(true);
    BAD(UNEXPECTED_NULL_ARGUMENT, "path", rr_recording_stream_save_ex(rec, NULL, NULL, err));
    BAD(INVALID_STRING_ARGUMENT, "path", rr_recording_stream_save_ex(rec, "", NULL, err));
    BAD(INVALID_STRING_ARGUMENT, "path", rr_recording_stream_save_ex(rec, "\xff", NULL, err));
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/no/such", rr_recording_stream_save_ex(rec, "/no/such/a.rrd", NULL, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "sinks", rr_recording_stream_set_sinks_ex(rec, NULL, 2, NULL, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "fn", rr_recording_stream_set_callback(rec, NULL, NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "mem", rr_memory_recording_drain(NULL, &out, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "out", rr_memory_recording_drain(mem, NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "mem", rr_memory_recording_write_html(NULL, "/tmp/x.html", NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_memory_recording_write_html(mem, NULL, NULL, err));
    BAD2(RECORDING_STREAM_SAVE_FAILURE, "/no/such", rr_memory_recording_write_html(mem, "/no/such/a.html", NULL, err));
    CHECK_INT(rr_memory_recording_num_msgs(NULL), 0);
    rr_memory_recording_free(NULL);
    rr_bytes_free(NULL);
    BAD(UNEXPECTED_NULL_ARGUMENT, "path", rr_rrd_reader_open(NULL, err));
    BAD(FILE_READ, "/no/such", rr_rrd_reader_open("/no/such", err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "bytes", rr_rrd_reader_open_bytes((rr_bytes){NULL, 4}, err));
    BAD(FILE_READ, "", rr_rrd_reader_open_bytes((rr_bytes){(const uint8_t *)"no recording at all", 19}, err));
    CHECK(!rr_rrd_reader_free(NULL) && !rr_rrd_reader_has_footer(NULL));
    BAD(UNEXPECTED_NULL_ARGUMENT, "reader", CHECK(!rr_rrd_reader_next(NULL, &m, err)));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "reader", rr_rrd_reader_chunk(NULL, &schema, &array, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_recording_stream_send_recording(rec, NULL, err));
    BAD2(FILE_READ, "/no/such", rr_recording_stream_send_recording(rec, "/no/such", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "bytes", rr_recording_stream_send_recording_bytes(rec, (rr_bytes){NULL, 0}, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "name", rr_recording_stream_send_recording_name(rec, NULL, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "name", rr_recording_stream_send_property(rec, NULL, NULL, 0, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "batches", rr_recording_stream_send_property(rec, "p", NULL, 2, err));
    CHECK_INT(rr_memory_recording_drain(mem, &out, NULL), 0);
    rr_rrd_reader *reader = rr_rrd_reader_open_bytes(out, NULL);
    BAD(UNEXPECTED_NULL_ARGUMENT, "ret", CHECK(!rr_rrd_reader_next(reader, NULL, err)));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "ret_", rr_rrd_reader_chunk(reader, NULL, NULL, err));
    BAD2(ARROW_FFI_ARRAY_IMPORT_ERROR, "chunk", rr_rrd_reader_chunk(reader, &schema, &array, err));
    rr_rrd_reader_free(reader);
    rr_bytes_free(&out);
    leave();
}

/* ---------------------------------------------------------------- Arrow data */

RT_TEST(test_columns_and_batches)
{
    rr_log_options o = rr_log_options_default();
    rr_component_column column;
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    enter(false);
    o.strict = 1;
    rr_component_type_handle type = rr_register_component_type((rr_component_type){{{0}, rr_make_string("Numbers:values"), {0}}, kit_schema("g")}, NULL);
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_recording_stream_send_columns_ex(rec, NULL, NULL, 0, NULL, 0, &o, err));
    BAD(INVALID_STRING_ARGUMENT, "__a", {
        rr_time_column t = {{rr_make_string("frame"), RR_TIME_TYPE_SEQUENCE}, kit_i64(3), RR_SORTING_STATUS_UNKNOWN};
        rr_component_column c = {type, kit_lists(3)};
        rr_recording_stream_send_columns_ex(rec, "__a", &t, 1, &c, 1, &o, err);
    });
    BAD2(UNEXPECTED_NULL_ARGUMENT, "columns", rr_recording_stream_send_columns_ex(rec, "/a", NULL, 0, NULL, 2, &o, err));
    rr_component_batch b = {type, kit_f64(3)};
    CHECK_INT(rr_component_batch_partition(&b, (const uint32_t[]){1, 1}, 2, &column), CODE(RECORDING_STREAM_CHUNK_VALIDATION_FAILURE));
    b = (rr_component_batch){type, kit_f64(3)};
    CHECK_INT(rr_component_batch_partition(&b, NULL, 3, NULL), CODE(UNEXPECTED_NULL_ARGUMENT));
    CHECK_INT(rr_component_batch_partition(NULL, NULL, 3, &column), CODE(UNEXPECTED_NULL_ARGUMENT));
    CHECK_INT(kit_live, 0);
    BAD2(UNEXPECTED_NULL_ARGUMENT, "schema", rr_recording_stream_send_record_batch(rec, NULL, NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "schema", rr_recording_stream_send_record_batch(rec, &schema, &array, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "stream", rr_recording_stream_send_arrow_stream(rec, NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "batch", rr_text_columns(rec, "/a", NULL, err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "columns", rr_log_columns(rec, "/a", 1, NULL, NULL, 2, err));
    rr_time_column none = rr_time_column_sequence(NULL, NULL, 3);
    if (none.array.release)
        none.array.release(&none.array);
    rr_component_batches_free(NULL, 0);
    rr_component_columns_free(NULL, 0);
    CHECK(rr_bundle_batches(NULL, NULL, NULL) != 0);
    CHECK(rr_bundle_columns(NULL, NULL, NULL) != 0);
    leave();
}

/* ---------------------------------------------------------------- blueprints, handlers */

RT_TEST(test_blueprints)
{
    enter(true);
    rr_blueprint *bp = rr_blueprint_new();
    CHECK(!rr_blueprint_free(NULL));
    CHECK(rr_blueprint_error(NULL, NULL) == CODE(UNEXPECTED_NULL_ARGUMENT));
    CHECK_INT(rr_blueprint_container(NULL, RR_VIEWPORT, RR_CONTAINER_TABS, NULL), 0);
    CHECK_INT(rr_blueprint_view(NULL, RR_VIEWPORT, RR_VIEW_2D, NULL, NULL), 0);
    rr_blueprint_visible(NULL, 1, true);
    rr_blueprint_property(NULL, 1, NULL);
    rr_blueprint_time_panel(NULL, NULL);
    BAD(UNEXPECTED_NULL_ARGUMENT, "path", rr_blueprint_load_rbl(NULL, err));
    BAD(FILE_READ, "/no/such", rr_blueprint_load_rbl("/no/such", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "blueprint", rr_blueprint_save_rbl(NULL, "app", "/tmp/x.rbl", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "path", rr_blueprint_save_rbl(bp, "app", NULL, err));
    BAD2(INVALID_STRING_ARGUMENT, "application_id", rr_blueprint_save_rbl(bp, "", "/tmp/x.rbl", err));
    BAD2(RECORDING_STREAM_SAVE_FAILURE, "/no/such", rr_blueprint_save_rbl(bp, "app", "/no/such/x.rbl", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "blueprint", rr_recording_stream_send_blueprint(rec, NULL, true, true, err));
    BAD2(INVALID_RECORDING_STREAM_HANDLE, "handle", rr_recording_stream_send_blueprint(77, bp, true, true, err));
    CHECK_INT(rr_blueprint_error(bp, NULL), 0);
    CHECK_INT(rr_blueprint_container(bp, 0, RR_CONTAINER_TABS, NULL), 0);
    CHECK(rr_blueprint_error(bp, NULL) != 0);
    CHECK(rr_recording_stream_send_blueprint(rec, bp, true, true, NULL) != 0);
    rr_blueprint_free(bp);
    leave();
}

RT_TEST(test_handlers)
{
    rr_log_record r = rr_log_record_default();
    enter(true);
    rr_logging_handler *h = rr_logging_handler_new("/logs"), *odd = rr_logging_handler_new("\xff");
    rr_logging_handler_free(NULL);
    rr_logging_handler_free(odd);
    rr_logging_handler_emit(NULL, &r);
    rr_logging_handler_emit(h, NULL);
    CHECK(!rr_logging_handler_enabled(NULL, NULL, 0));
    CHECK_INT(rr_logging_handler_recursions(NULL), 0);
    rr_logging_handler_set_formatter(NULL, NULL, NULL);
    rr_logging_handler_set_recording(NULL, rec);
    BAD2(INVALID_STRING_ARGUMENT, "loud", rr_logging_handler_set_level(h, "loud", err));
    BAD2(INVALID_STRING_ARGUMENT, "net=loud", rr_logging_handler_set_filter(h, "net=loud", err));
    BAD2(INVALID_STRING_ARGUMENT, "separator", rr_logging_handler_set_separator(h, "0123456789abcdef", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "handler", rr_logging_handler_set_level(NULL, "warn", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "handler", rr_logging_handler_set_filter(NULL, "warn", err));
    BAD2(UNEXPECTED_NULL_ARGUMENT, "handler", rr_logging_handler_set_separator(NULL, ".", err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "handler", rr_logging_handler_flush(NULL, 1, err));
    rr_logging_handler_free(h);
    leave();
}

/* ---------------------------------------------------------------- structs of another size: of another version, or not begun with …_default() */

RT_TEST(test_sizes_of_structs)
{
    static const float p[3] = {0};
    enter(true);
    rr_text_log_options text = {.level = "INFO", .strict = 1};
    rr_log_options log = {.strict = 1};
    rr_legacy_options legacy_options = {.strict = 1};
    rr_points_options style = {0};
    rr_html_options html = {.width = 100};
    rr_time_panel_options panel = {0};
    rr_points3d_options points = {0};
    rr_web_viewer_options web = {0};
    rr_rrd_message message = {0};
    rr_text_batch batch = {0};
    rr_log_record record = {.message = "x"};
    rr_init_options init = rr_init_options_default("app");
    rr_stream_options so = rr_stream_options_default("app");
    rr_bytes out = {0};
    init.stream.struct_size = 0;
    BAD(RECORDING_STREAM_CREATION_FAILURE, "struct_size", rr_init(&init, err));
    so.recording_name = "\xff";
    BAD(INVALID_STRING_ARGUMENT, "recording_name", rr_recording_stream_open(&so, err));
    so.recording_name = NULL;
    so.recording_id = "\xff";
    BAD(INVALID_STRING_ARGUMENT, "recording_id", rr_recording_stream_open(&so, err));
    rr_chunk_batcher_config config = {0};
    so.recording_id = NULL;
    so.batcher = &config;
    BAD(RECORDING_STREAM_CREATION_FAILURE, "batcher", rr_recording_stream_open(&so, err));
    BAD2(INVALID_ENUM_VALUE, "struct_size", rr_log_text_ex(rec, "/a", "x", &text, err));
    rr_bundle *bundle = rr_points3d(p, 1, &points);
    BAD(INVALID_COMPONENT, "struct_size", rr_log(rec, "/a", NULL, RR_BUNDLES(bundle), err));
    rr_bundle_free(bundle);
    bundle = rr_scalars((const double[]){1}, 1);
    BAD2(INVALID_ENUM_VALUE, "struct_size", rr_log(rec, "/a", &log, RR_BUNDLES(bundle), err));
    rr_bundle_free(bundle);
    CHECK(rr_log_points(rec, "/a", p, 1, 3, NULL, &legacy_options) != 0);
    CHECK(rr_log_points(rec, "/a", p, 1, 3, &style, NULL) != 0);
    BAD(INVALID_ENUM_VALUE, "struct_size", rr_memory_recording_write_html(mem, "/tmp/retap-not-made.html", &html, err));
    BAD(INVALID_ENUM_VALUE, "struct_size", rr_serve_web_viewer(&web, err));
    BAD(UNEXPECTED_NULL_ARGUMENT, "struct_size", rr_text_columns(rec, "/a", &batch, err));
    rr_memory_recording_drain(mem, &out, NULL);
    rr_rrd_reader *reader = rr_rrd_reader_open_bytes(out, NULL);
    BAD(INVALID_ENUM_VALUE, "struct_size", CHECK(!rr_rrd_reader_next(reader, &message, err)));
    rr_rrd_reader_free(reader);
    rr_bytes_free(&out);
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_time_panel(bp, &panel);
    CHECK(rr_blueprint_error(bp, NULL) != 0);
    rr_blueprint_free(bp);
    rr_logging_handler *h = rr_logging_handler_new(NULL);
    rr_logging_handler_emit(h, &record);
    CHECK(strstr(warning, "struct_size"));
    rr_logging_handler_free(h);
    rr_set_strict_mode(false); /* then it is a line without options */
    CHECK_INT(rr_log_text_ex(rec, "/a", "x", &text, NULL), 0);
    CHECK(strstr(warning, "options: struct_size"));
    leave();
}

/* ---------------------------------------------------------------- full disks */

RT_TEST(test_nothing_fits_the_disk)
{
    static char path[64];
    enter(true);
    for (int i = 0; i < 2000; i++)
        rr_log_scalar(rec, "/a", i);
    BAD2(RECORDING_STREAM_SAVE_FAILURE, "/dev/full", rr_memory_recording_write_html(mem, "/dev/full", NULL, err));
    rr_blueprint *bp = rr_blueprint_new();
    BAD2(RECORDING_STREAM_SAVE_FAILURE, "/dev/full", rr_blueprint_save_rbl(bp, "app", "/dev/full", err));
    rr_blueprint_free(bp);
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/dev/full", rr_recording_stream_save_ex(rec, "/dev/full", NULL, err));
    snprintf(path, sizeof path, "/tmp/retap-bad-%d.rrd", (int)getpid());
    rr_log_sink tee[] = {rr_sink_file(path), rr_sink_file("/dev/full")};
    BAD(RECORDING_STREAM_SAVE_FAILURE, "/dev/full", rr_recording_stream_set_sinks_ex(rec, tee, 2, NULL, err));
    CHECK(unlink(path) == 0); /* made, before the other failed */
    rr_log_scalar(rec, "/a", 1);
    CHECK(rr_memory_recording_num_msgs(mem) >= 2); /* the sink before is there still */
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    leave();
}

/* Rows that were lost before a flush, whenever, are told by it, and by the close. */
RT_TEST(test_a_full_disk_is_told_by_flush_and_close)
{
    const struct rlimit limit = {50000, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    char command[256], path[64];
    rr_error e = {0};
    signal(SIGXFSZ, SIG_IGN);
    enter(true);
    snprintf(path, sizeof path, "/tmp/retap-bad-%d.rrd", (int)getpid());
    snprintf(command, sizeof command, "rm -f %s", path);
    rr_log_sink tee[] = {rr_sink_file(path)};
    rr_recording_stream_set_sinks_ex(rec, tee, 1, NULL, &e);
    CHECK_INT(e.code, 0);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (int i = 0; i < 50000; i++)
        rr_log_scalar(rec, "/a", i);
    rr_recording_stream_flush_blocking(rec, 10, &e);
    judge(__LINE__, "flush", &e, CODE(RECORDING_STREAM_FLUSH_FAILURE), path);
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    CHECK(rr_recording_stream_dropped(rec) > 0 && rr_recording_stream_dropped(rec) <= 50000);
    memset(&e, 0, sizeof e);
    CHECK_INT(rr_recording_stream_close(rec, 10, &e), e.code);
    CHECK(e.code && strstr(e.description, path));
    CHECK(system(command) == 0);
    leave();
}
