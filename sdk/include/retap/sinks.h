/* retap/sinks.h: where the rows of a stream go.
 *
 *   rr_recording_stream_save(rec, …)       one sink: replaces those before       (rerun.h)
 *   rr_recording_stream_set_sinks(rec, …)  several: each gets every row          (rerun.h)
 *   …_ex                                   the same with rr_sink_options: a default blueprint, written before the rows
 *
 * Before the first sink everything is buffered, and the first sink gets it. Replacing sinks writes what was logged before to the old ones and closes them;
 * what a buffer or a memory recording still holds goes to the new ones. Errors: an old sink stays where the new one could not be made.
 * Text arguments are NUL-terminated UTF-8, borrowed during the call. */
#ifndef RETAP_SINKS_H
#define RETAP_SINKS_H

#include <stddef.h>
#include <rerun.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rr_blueprint; /* retap/blueprint.h */

#define RR_DEFAULT_URL               "rerun+http://127.0.0.1:9876/proxy"
#define RR_DEFAULT_PORT              9876
#define RR_DEFAULT_FLUSH_TIMEOUT_SEC 2.0f

/** What all …_ex functions take; NULL stands for the defaults. */
typedef struct rr_sink_options {
    uint32_t struct_size;
    const struct rr_blueprint *default_blueprint; /* borrowed; the application's default, active only where no other is; NULL = none */
} rr_sink_options;
rr_sink_options rr_sink_options_default(void);

/* ---------------------------------------------------------------- for set_sinks */

/** A sink that writes an .rrd file, created or emptied by set_sinks. Borrows @path until then. */
rr_log_sink rr_sink_file(const char *path);
/** A sink that connects to a viewer or proxy; NULL = RR_DEFAULT_URL. flush_timeout_sec is RR_DEFAULT_FLUSH_TIMEOUT_SEC. Borrows @url. */
rr_log_sink rr_sink_grpc(const char *url);
/** A server for viewers; NULL = all addresses, 0 = RR_DEFAULT_PORT, NULL = "1GiB". Borrows the texts. */
rr_log_sink rr_sink_grpc_server(const char *bind_ip, uint16_t port, const char *server_memory_limit);
/** As rr_recording_stream_set_sinks(): no two may be the same file, address or port. */
void rr_recording_stream_set_sinks_ex(rr_recording_stream rec, rr_log_sink *sinks, uint32_t num_sinks, const rr_sink_options *options,
                                      rr_error *err);

/* ---------------------------------------------------------------- file, stdout */

/**
 * rr_recording_stream_save_ex() - write an .rrd file
 * Fork: a child writes NAME.<pid>.rrd, made at its first row.
 * Errors: 0x12 an empty path, 0x103 a file that can't be made.
 */
void rr_recording_stream_save_ex(rr_recording_stream rec, const char *path, const rr_sink_options *options, rr_error *err);
/**
 * rr_recording_stream_stdout_ex() - write an .rrd stream to standard output
 * A terminal, or a pipe whose reader is gone: buffered instead, until another sink is set; rows that are still there at the end are told by
 * rr_recording_stream_close(). Behind what a file holds already (>>) the stream has no footer, so that the whole can be read. Never raises SIGPIPE.
 * Fork: a child's rows are dropped. Errors: 0x104.
 */
void rr_recording_stream_stdout_ex(rr_recording_stream rec, const rr_sink_options *options, rr_error *err);

/* ---------------------------------------------------------------- network */

/** @url NULL = RR_DEFAULT_URL; @flush_timeout_sec < 0 = RR_DEFAULT_FLUSH_TIMEOUT_SEC. Returns at once. Errors: 0x1a, 0x17. */
void rr_recording_stream_connect_grpc_ex(rr_recording_stream rec, const char *url, float flush_timeout_sec, const rr_sink_options *options,
                                         rr_error *err);
/** The old form: @addr is "ip:port" (NULL = 127.0.0.1:9876), @flush_timeout_sec < 0 = no limit. Errors: 0x15, 0x17. */
void rr_recording_stream_connect(rr_recording_stream rec, const char *addr, float flush_timeout_sec, rr_error *err);

typedef struct rr_serve_grpc_options {
    uint32_t struct_size;
    const char *bind_ip;             /* an IP literal; NULL = all addresses */
    uint16_t grpc_port;              /* 0 = RR_DEFAULT_PORT */
    const char *server_memory_limit; /* "1GiB", "25%", "0B" = nothing for late joiners; the oldest rows go first, static ones never.
                                        NULL = "1GiB" */
    uint8_t newest_first;            /* 1: late joiners get the newest rows first */
    const char *const *cors_allow_origins; /* patterns of origins beside the default ones */
    uint32_t n_cors_allow_origins;
    const struct rr_blueprint *default_blueprint;
} rr_serve_grpc_options;
/** All defaults; struct_size is set. */
rr_serve_grpc_options rr_serve_grpc_options_default(void);
/** Serves viewers until the stream ends or gets other sinks; copies the URI for them to @uri (of @n bytes; NULL = not wanted).
 * Errors: 0x107 an address that can't be bound, 0x1c. */
void rr_recording_stream_serve_grpc_ex(rr_recording_stream rec, const rr_serve_grpc_options *options, char *uri, size_t n, rr_error *err);
/** Starts a viewer unless one listens, and connects to it. @spawn_opts NULL = defaults. */
void rr_recording_stream_spawn_ex(rr_recording_stream rec, const rr_spawn_options *spawn_opts, const rr_sink_options *options,
                                  rr_error *err);

/* ---------------------------------------------------------------- callback */

/** Bytes of an .rrd stream: one call for the header, one for each frame (a StoreInfo, a chunk, an activation), one for the end with the
 * footer. All calls together are a complete .rrd. */
typedef void (*rr_frame_callback)(void *ctx, const uint8_t *bytes, size_t n);
/**
 * rr_recording_stream_set_callback() - give the stream to a function
 * @fn is called in the library's thread, one call at a time; @bytes are borrowed for the call. It may log into other streams, and must not
 * wait for the library (flush and set_sinks answer 0x109 in it). Fork: not called in a child; its rows are dropped.
 */
void rr_recording_stream_set_callback(rr_recording_stream rec, rr_frame_callback fn, void *ctx, rr_error *err);

/* ---------------------------------------------------------------- memory */

/** A recording in memory; lives until rr_memory_recording_free(), also when its stream has ended. */
typedef struct rr_memory_recording rr_memory_recording;

/** Keeps what @rec logs in memory from now on. gives a handle; NULL on failure and when there is no such stream. What was not drained when another
 * sink is set goes there. Fork: a child's is empty. */
rr_memory_recording *rr_recording_stream_memory(rr_recording_stream rec, rr_error *err);
/** Messages not drained, after a flush: a StoreInfo, a chunk with the recording's properties, chunks of rows. */
uint64_t rr_memory_recording_num_msgs(rr_memory_recording *mem);
/**
 * rr_memory_recording_drain() - take what is there as a complete .rrd
 * Flushes first. gives header, messages, end and footer in *out (rr_bytes_free()), and empties the recording; header and footer come also when
 * there is nothing else. Errors: 0x11; 0x101 more than 4 GiB, nothing is taken then; 0x109 in a callback of the library.
 * Return: 0 or the code also in *err. Threads: any, not two at a time with _free.
 */
rr_error_code rr_memory_recording_drain(rr_memory_recording *mem, rr_bytes *out, rr_error *err);
/** Frees bytes that a function of this library gave, and empties *bytes. NULL is fine. */
void rr_bytes_free(rr_bytes *bytes);
/** NULL is fine. */
void rr_memory_recording_free(rr_memory_recording *mem);

typedef struct rr_html_options {
    uint32_t struct_size;
    uint32_t width, height; /* pixels */
    const char *app_url;    /* of a web viewer; NULL = the official one of version 0.41.0 */
    uint32_t timeout_ms;    /* after which the page says that the viewer did not load */
    const struct rr_blueprint *blueprint; /* active in the page; NULL = none */
} rr_html_options;
rr_html_options rr_html_options_default(void); /* 950 x 712, 2000 ms */
/**
 * rr_memory_recording_write_html() - one page that shows the recording
 * The recording is inside the file; the viewer is loaded from app_url into a frame. Flushes first; does not empty. @options NULL = defaults.
 * Errors: 0x11, 0x103 a file that can't be written. Return: 0 or the code also in *err.
 */
rr_error_code rr_memory_recording_write_html(rr_memory_recording *mem, const char *path, const rr_html_options *options, rr_error *err);

#ifdef __cplusplus
}
#endif

#endif
