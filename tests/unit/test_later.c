/* Functions that are not built yet check their arguments as they will, and never claim success. */
#include <retap.h>
#include <retap/web.h>

#include "tests/harness/test.h"

static rr_recording_stream new_stream(bool enabled)
{
    rr_error err = {0};
    rr_recording_stream rec = rr_recording_stream_new(&(rr_store_info){rr_make_string("later"), {0}, RR_STORE_KIND_RECORDING}, enabled, false, &err);
    CHECK(rec && !err.code);
    return rec;
}

static void check_error(rr_error *err, rr_error_code code, const char *word)
{
    CHECK_INT(err->code, code);
    if (!strstr(err->description, word))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" does not name %s", err->description, word);
    memset(err, 0, sizeof *err);
}

RT_TEST(test_files_are_not_imported_yet)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true), off = new_stream(false);
    rr_string path = rr_make_string("x.png"), none = {0}, bad = rr_make_string("\xff");
    rr_bytes bytes = {(const uint8_t *)"x", 1};
    rr_recording_stream_log_file_from_path(rec, path, none, false, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_log_file_from_path(rec, none, none, false, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "path");
    rr_recording_stream_log_file_from_path(rec, path, bad, false, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "entity_path_prefix");
    rr_recording_stream_log_file_from_path(77777, path, none, true, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "77777");
    rr_recording_stream_log_file_from_contents(rec, path, bytes, none, false, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_log_file_from_contents(rec, path, (rr_bytes){NULL, 0}, none, false, &err);
    check_error(&err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "contents");
    rr_recording_stream_log_file_from_contents(rec, bad, bytes, none, false, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "path");
    rr_recording_stream_log_file_from_contents(rec, path, bytes, bad, false, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "entity_path_prefix");
    /* where nothing is logged nothing is missing */
    rr_recording_stream_log_file_from_path(off, path, none, false, &err);
    rr_recording_stream_log_file_from_contents(RR_CURRENT, path, bytes, none, false, &err);
    CHECK_INT(err.code, 0);
    rr_recording_stream_log_file_from_path(rec, path, none, false, NULL);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(off);
}

RT_TEST(test_web_viewers_are_not_served_yet)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true);
    rr_web_viewer_options o = rr_web_viewer_options_default();
    CHECK_INT(o.struct_size, sizeof o);
    CHECK_INT(o.web_port, 9090);
    rr_serve_web_viewer(NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    o.connect_to = "rerun+http://127.0.0.1:9876/proxy";
    rr_serve_web_viewer(&o, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_serve_web(rec, &o, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "connect_to");
    o.connect_to = "\xff";
    rr_serve_web_viewer(&o, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "connect_to");
    o.connect_to = "";
    rr_serve_web_viewer(&o, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "connect_to");
    o.connect_to = NULL;
    o.open_browser = 3;
    rr_serve_web_viewer(&o, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "open_browser");
    rr_recording_stream_serve_web(rec, NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_serve_web(77777, NULL, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "77777");
    CHECK_INT(rr_start_web_viewer_server(0, &err), 0);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    CHECK_INT(rr_start_web_viewer_server(0, NULL), 0);
    rr_recording_stream_free(rec);
}

/* ---------------------------------------------------------------- network sinks, by all their names */
RT_TEST(test_viewers_are_not_connected_to_yet)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true), off = new_stream(false);
    rr_recording_stream_connect_grpc_ex(rec, NULL, -1, NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_connect_grpc_ex(rec, "http://127.0.0.1", 1, NULL, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_SERVER_URL, "url");
    rr_recording_stream_connect_grpc_ex(rec, NULL, 1, &(rr_sink_options){.struct_size = 1}, &err);
    CHECK(err.code && err.code != RR_ERROR_CODE_NOT_IMPLEMENTED);
    memset(&err, 0, sizeof err);
    rr_recording_stream_connect(rec, NULL, 2, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_connect(rec, "127.0.0.1:9999", -1, &err); /* no timeout */
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_connect(rec, "somewhere", 2, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS, "somewhere");
    rr_recording_stream_connect(rec, "127.0.0.1:99999", 2, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_SOCKET_ADDRESS, "99999");
    rr_recording_stream_connect_grpc_ex(off, NULL, 1, NULL, &err);
    CHECK_INT(err.code, 0);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(off);
}

RT_TEST(test_viewers_are_not_served_yet)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true);
    rr_serve_grpc_options o = rr_serve_grpc_options_default();
    const char *origins[] = {"https://*.example.com", ""};
    char uri[64] = "";
    CHECK_INT(o.struct_size, sizeof o);
    rr_recording_stream_serve_grpc_ex(rec, NULL, uri, sizeof uri, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    o.server_memory_limit = "25%";
    o.newest_first = 1;
    o.grpc_port = 1234;
    o.cors_allow_origins = origins;
    o.n_cors_allow_origins = 1;
    rr_recording_stream_serve_grpc_ex(rec, &o, NULL, 0, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    o.n_cors_allow_origins = 2;
    rr_recording_stream_serve_grpc_ex(rec, &o, uri, sizeof uri, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "cors_allow_origins");
    o.n_cors_allow_origins = 0;
    o.server_memory_limit = "much";
    rr_recording_stream_serve_grpc_ex(rec, &o, uri, sizeof uri, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_MEMORY_LIMIT, "server_memory_limit");
    o.server_memory_limit = NULL;
    o.bind_ip = "localhost";
    rr_recording_stream_serve_grpc_ex(rec, &o, uri, sizeof uri, &err);
    check_error(&err, RR_ERROR_CODE_RECORDING_STREAM_SERVE_GRPC_FAILURE, "localhost");
    CHECK_STR(uri, "");
    rr_web_viewer_options web = rr_web_viewer_options_default();
    web.grpc_port = 9877;
    rr_recording_stream_serve_web(rec, &web, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_free(rec);
}

RT_TEST(test_viewers_are_not_started_yet)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true);
    rr_spawn_options o = {.port = 1, .memory_limit = rr_make_string("\xff")};
    rr_recording_stream_spawn_ex(rec, NULL, NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_spawn_ex(rec, &o, NULL, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "memory_limit");
    rr_spawn(NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_spawn(77777, NULL, &err);
    check_error(&err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "77777");
    rr_recording_stream_free(rec);
}

RT_TEST(test_sinks_of_a_list)
{
    rr_error err = {0};
    rr_recording_stream rec = new_stream(true);
    rr_log_sink list[2] = {rr_sink_grpc(NULL), rr_sink_grpc("rerun+http://127.0.0.1:9876/proxy")};
    CHECK_INT(list[0].kind, RR_LOG_SINK_KIND_GRPC);
    CHECK_INT(list[0].grpc.flush_timeout_sec, RR_DEFAULT_FLUSH_TIMEOUT_SEC);
    rr_recording_stream_set_sinks_ex(rec, list, 2, NULL, &err); /* the same twice */
    check_error(&err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "");
    list[1] = rr_sink_grpc_server(NULL, 0, NULL);
    CHECK_INT(list[1].kind, RR_LOG_SINK_KIND_GRPC_SERVER);
    CHECK_INT(list[1].grpc_server.port, RR_DEFAULT_PORT);
    rr_recording_stream_set_sinks_ex(rec, list, 2, NULL, &err);
    check_error(&err, RR_ERROR_CODE_NOT_IMPLEMENTED, "not implemented yet");
    rr_recording_stream_free(rec);
}
