/* The functions of retap/sinks.h that say more than the official ones: what they refuse, what stands for NULL, and that a refused call changes nothing. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <retap.h>

#include "tests/harness/test.h"

static rr_error err;

static rr_error_code code(void)
{
    rr_error_code c = err.code;
    err.code = 0;
    return c;
}

static rr_recording_stream open_stream(void)
{
    rr_stream_options o = rr_stream_options_default("sinks_ex");
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK(rec);
    return rec;
}

RT_TEST(test_sinks_for_lists_have_defaults)
{
    rr_log_sink s = rr_sink_grpc(NULL);
    CHECK_INT(s.kind, RR_LOG_SINK_KIND_GRPC);
    CHECK_MEM(s.grpc.url.utf8, s.grpc.url.length_in_bytes, RR_DEFAULT_URL, strlen(RR_DEFAULT_URL));
    CHECK(s.grpc.flush_timeout_sec == RR_DEFAULT_FLUSH_TIMEOUT_SEC);
    s = rr_sink_grpc_server(NULL, 0, NULL);
    CHECK_INT(s.kind, RR_LOG_SINK_KIND_GRPC_SERVER);
    CHECK_INT(s.grpc_server.port, 9876);
    CHECK_MEM(s.grpc_server.server_memory_limit.utf8, s.grpc_server.server_memory_limit.length_in_bytes, "1GiB", 4);
    s = rr_sink_file("a.rrd");
    CHECK_MEM(s.file.path.utf8, s.file.path.length_in_bytes, "a.rrd", 5);
}

RT_TEST(test_connect_in_its_old_form)
{
    static const struct {
        const char *addr;
        float timeout;
        rr_error_code code;
    } cases[] = {{NULL, 2, RR_ERROR_CODE_NOT_IMPLEMENTED}, {"127.0.0.1:9876", -1, RR_ERROR_CODE_NOT_IMPLEMENTED},
                 {"[::1]:9876", 0, RR_ERROR_CODE_NOT_IMPLEMENTED}, {"127.0.0.1", 2, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS},
                 {"host:9876", 2, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS}, {"", 2, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS},
                 {"1.2.3.4:99999", 2, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS}, {"1.2.3.4:", 2, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS},
                 {"127.0.0.1:9876", NAN, RR_ERROR_CODE_INVALID_TIME_ARGUMENT}};
    rr_recording_stream rec = open_stream();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rr_recording_stream_connect(rec, cases[i].addr, cases[i].timeout, &err);
        CHECK_INT(code(), cases[i].code);
    }
    rr_recording_stream_free(rec);
}

RT_TEST(test_network_forms_take_defaults_and_check_the_rest)
{
    rr_recording_stream rec = open_stream();
    char uri[64] = "untouched";
    rr_recording_stream_connect_grpc_ex(rec, NULL, -1, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_NOT_IMPLEMENTED);
    rr_recording_stream_connect_grpc_ex(rec, "http://h", -1, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_SERVER_URL);
    rr_recording_stream_serve_grpc_ex(rec, NULL, uri, sizeof uri, &err);
    CHECK_INT(code(), RR_ERROR_CODE_NOT_IMPLEMENTED);
    CHECK_STR(uri, "untouched");
    rr_serve_grpc_options serve = rr_serve_grpc_options_default();
    serve.server_memory_limit = "much";
    rr_recording_stream_serve_grpc_ex(rec, &serve, NULL, 0, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_MEMORY_LIMIT);
    serve.server_memory_limit = NULL;
    serve.n_cors_allow_origins = 2;
    rr_recording_stream_serve_grpc_ex(rec, &serve, NULL, 0, &err);
    CHECK_INT(code(), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    rr_spawn_options spawn = {.memory_limit = {NULL, 4}};
    rr_recording_stream_spawn_ex(rec, &spawn, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    rr_recording_stream_spawn_ex(rec, NULL, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_NOT_IMPLEMENTED);
    rr_recording_stream_connect_grpc_ex(4711, NULL, 1, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    rr_recording_stream_free(rec);
}

RT_TEST(test_structs_of_another_size_are_refused)
{
    rr_recording_stream rec = open_stream();
    rr_sink_options o = rr_sink_options_default();
    rr_html_options html = rr_html_options_default();
    o.struct_size--;
    html.struct_size++;
    rr_recording_stream_save_ex(rec, "/tmp/never.rrd", &o, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    rr_recording_stream_stdout_ex(rec, &o, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    rr_recording_stream_set_sinks_ex(rec, NULL, 0, &o, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    CHECK_INT(rr_memory_recording_write_html(mem, "/tmp/never.html", &html, &err), RR_ERROR_CODE_INVALID_ENUM_VALUE);
    CHECK(access("/tmp/never.html", F_OK) && access("/tmp/never.rrd", F_OK));
    CHECK_INT(rr_memory_recording_write_html(mem, "/nowhere/a.html", NULL, &err), RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE);
    CHECK(strstr(err.description, "/nowhere/a.html"));
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_a_file_that_cannot_be_made_leaves_the_sink_before)
{
    rr_recording_stream rec = open_stream();
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_log_sink sinks[2] = {rr_sink_file("/tmp/retap-good.rrd"), rr_sink_file("/nowhere/bad.rrd")};
    rr_recording_stream_save_ex(rec, "/nowhere/a.rrd", NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE);
    CHECK(strstr(err.description, "/nowhere/a.rrd"));
    rr_recording_stream_save_ex(rec, NULL, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    rr_recording_stream_save_ex(rec, "", NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    rr_recording_stream_set_sinks_ex(rec, sinks, 2, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE);
    rr_recording_stream_set_callback(rec, NULL, NULL, &err);
    CHECK_INT(code(), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    rr_log_text(rec, "/a", NULL, "still in memory", RR_NO_FIELDS);
    CHECK_INT(rr_memory_recording_num_msgs(mem), 3);
    unlink("/tmp/retap-good.rrd");
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_a_disabled_stream_makes_no_files_and_calls_nobody)
{
    rr_stream_options o = rr_stream_options_default("off");
    char path[] = "/tmp/retap-off-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    o.default_enabled = 2;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    rr_recording_stream_save_ex(rec, path, NULL, &err);
    CHECK(access(path, F_OK));
    rr_recording_stream_connect_grpc_ex(rec, NULL, 1, NULL, &err);
    rr_recording_stream_spawn_ex(rec, NULL, NULL, &err);
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_log_text(rec, "/a", NULL, "nowhere", RR_NO_FIELDS);
    CHECK_INT(rr_memory_recording_num_msgs(mem), 0);
    CHECK_INT(rr_recording_stream_send_recording(rec, "/dev/null", &err), RR_ERROR_CODE_FILE_READ);
    code();
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
    CHECK_INT(err.code, 0);
}

static bool is_open = true;

static void waits(void *ctx, const uint8_t *bytes, size_t n)
{
    rr_recording_stream rec = *(rr_recording_stream *)ctx;
    rr_error e = {0};
    (void)bytes;
    (void)n;
    rr_recording_stream_flush_blocking(rec, 1, &e);
    if (is_open && e.code != RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE) /* at the end the handle is gone, and flush does nothing */
        rt_test_fail(__FILE__, __LINE__, "flush in a callback answers %x", e.code);
}

RT_TEST(test_a_callback_that_waits_for_the_library_is_told_so)
{
    rr_recording_stream rec = open_stream();
    rr_recording_stream_set_callback(rec, waits, &rec, &err);
    rr_log_text(rec, "/a", NULL, "text", RR_NO_FIELDS);
    rr_recording_stream_flush_blocking(rec, 10, &err);
    is_open = false;
    rr_recording_stream_free(rec);
    CHECK_INT(err.code, 0);
}
