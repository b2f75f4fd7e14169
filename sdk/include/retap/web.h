/* retap/web.h: viewers in a browser. Errors of all: NOT_IMPLEMENTED in this version, when nothing else is wrong. */
#ifndef RETAP_WEB_H
#define RETAP_WEB_H

#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a web viewer is served. Start from rr_web_viewer_options_default(); everything is borrowed during the call. */
typedef struct rr_web_viewer_options {
    uint32_t struct_size;
    uint16_t web_port;      /* HTTP; 0 = 9090 */
    uint8_t open_browser;   /* tri-state, default on: the user's browser is shown the page (xdg-open) */
    const char *connect_to; /* what the page connects to, e.g. the URI of rr_recording_stream_serve_grpc_ex(); only with open_browser. NULL = nothing */
    uint16_t grpc_port;     /* of rr_recording_stream_serve_web() only; 0 = 9876. Its old name is ws_port */
} rr_web_viewer_options;

/** All defaults; struct_size is set. */
rr_web_viewer_options rr_web_viewer_options_default(void);

/** Serves the page of the web viewer over HTTP as long as the program runs. No sink: rows come from what it connects to. @options NULL = defaults.
 * Errors: INVALID_STRING_ARGUMENT (connect_to), INVALID_ENUM_VALUE (open_browser). Returns at once. */
void rr_serve_web_viewer(const rr_web_viewer_options *options, rr_error *err);

/** A gRPC server as the stream's sink, and a web viewer that connects to it: the old serve(). Errors: as rr_serve_web_viewer(), and
 * INVALID_RECORDING_STREAM_HANDLE, INVALID_STRING_ARGUMENT (connect_to is the stream itself: it has to be NULL). */
void rr_recording_stream_serve_web(rr_recording_stream rec, const rr_web_viewer_options *options, rr_error *err);

/** Serves the files of the web viewer only. @port 0 = any that is free. Return: the port, 0 on failure. */
uint16_t rr_start_web_viewer_server(uint16_t port, rr_error *err);

#ifdef __cplusplus
}
#endif

#endif
