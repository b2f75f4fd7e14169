/* Functions whose part is not built yet: arguments are checked as the official library checks them, then the answer says so. (Those that only need a
 * network sink are in api_network.c.) */
#include <retap/web.h>

#include "recording/api.h"

#define DEFAULT_WEB_PORT 9090

/* An unknown handle is an error; a stream that is disabled, or none at all, does nothing. */
static bool is_wanted(rr_recording_stream rec, rr_error *err)
{
    rr_error e = {0};
    bool enabled = rr_recording_stream_is_enabled(rec, &e);
    if (e.code)
        rt_fail(err, e.code, "%s", e.description);
    return enabled && !e.code;
}

/* ---------------------------------------------------------------- importers */
RR_API void rr_recording_stream_log_file_from_path(rr_recording_stream stream, rr_string path, rr_string entity_path_prefix, bool static_,
                                                   rr_error *error)
{
    (void)static_;
    if (!rt_string_check(path, "path", true, error) && !rt_string_check(entity_path_prefix, "entity_path_prefix", false, error) &&
        is_wanted(stream, error))
        rt_not_yet("log_file_from_path", error);
}

RR_API void rr_recording_stream_log_file_from_contents(rr_recording_stream stream, rr_string path, rr_bytes contents,
                                                       rr_string entity_path_prefix, bool static_, rr_error *error)
{
    (void)static_;
    if (rt_string_check(path, "path", true, error))
        return;
    if (!contents.bytes) {
        rt_fail(error, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "contents is NULL");
        return;
    }
    if (!rt_string_check(entity_path_prefix, "entity_path_prefix", false, error) && is_wanted(stream, error))
        rt_not_yet("log_file_from_contents", error);
}

/* ---------------------------------------------------------------- web viewers */
RR_API rr_web_viewer_options rr_web_viewer_options_default(void)
{
    return (rr_web_viewer_options){.struct_size = sizeof(rr_web_viewer_options), .web_port = DEFAULT_WEB_PORT};
}

static rr_error_code check_options(const rr_web_viewer_options *o, rr_error *err)
{
    if (!o)
        return RR_ERROR_CODE_OK;
    if (o->struct_size < sizeof *o)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "%s: struct_size is %u, not %u: start from …_default()", "options", o->struct_size,
                       (unsigned)sizeof *o);
    if (o->open_browser > 2)
        return rt_fail(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "open_browser is %u, no tri-state", o->open_browser);
    return o->connect_to ? rt_string_check(rr_make_string(o->connect_to), "connect_to", true, err) : RR_ERROR_CODE_OK;
}

RR_API void rr_serve_web_viewer(const rr_web_viewer_options *options, rr_error *err)
{
    if (!check_options(options, err))
        rt_not_yet("serve_web_viewer", err);
}

RR_API void rr_recording_stream_serve_web(rr_recording_stream rec, const rr_web_viewer_options *options, rr_error *err)
{
    if (check_options(options, err))
        return;
    if (options && options->connect_to)
        rt_fail(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "connect_to has to be NULL: the viewer connects to the stream itself");
    else if (is_wanted(rec, err))
        rt_not_yet("serve_web", err);
}

RR_API uint16_t rr_start_web_viewer_server(uint16_t port, rr_error *err)
{
    (void)port;
    rt_not_yet("start_web_viewer_server", err);
    return 0;
}
