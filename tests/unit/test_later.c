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
