/* emit_sinks WHAT [ARGUMENT...], for tests/judge/sinks.py: rows into a sink that is no plain file. Says on stderr what went wrong and how many rows
 * were dropped. */
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rr_error err;

static void log_rows(rr_recording_stream rec, int n)
{
    char text[64];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "row %d", i);
        rr_set_time_sequence(rec, "seq", i);
        rr_log_text(rec, i % 3 ? "/logs/a" : "/logs/b", i % 5 ? "INFO" : NULL, text, RR_NO_FIELDS);
    }
    const float positions[] = {1, 2, 3, 4, 5, 6};
    rr_log_take(rec, "/points", NULL, rr_points3d(positions, 2, NULL), &err);
}

static void write_file(const char *path, const void *p, size_t n, const char *mode)
{
    FILE *f = fopen(path, mode);
    if (!f || fwrite(p, 1, n, f) != n || fclose(f))
        exit(3);
}

static void append(void *ctx, const uint8_t *bytes, size_t n)
{
    write_file(ctx, bytes, n, "ab");
}

static rr_blueprint *one_view(void)
{
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/logs", "Only logs");
    return bp;
}

static void to_memory(rr_recording_stream rec, const char *first, const char *second)
{
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_bytes bytes = {0};
    log_rows(rec, 10);
    rr_memory_recording_drain(mem, &bytes, &err);
    write_file(first, bytes.bytes, bytes.length, "wb");
    rr_bytes_free(&bytes);
    log_rows(rec, 20);
    rr_memory_recording_drain(mem, &bytes, &err);
    write_file(second, bytes.bytes, bytes.length, "wb");
    rr_bytes_free(&bytes);
    rr_memory_recording_free(mem);
}

static void to_html(rr_recording_stream rec, const char *path, const char *app_url)
{
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_html_options o = rr_html_options_default();
    rr_blueprint *bp = one_view();
    log_rows(rec, 100);
    o.app_url = app_url;
    o.blueprint = bp;
    rr_memory_recording_write_html(mem, path, app_url ? &o : NULL, &err);
    if (rr_memory_recording_num_msgs(mem) < 3)
        exit(3); /* was emptied */
    rr_memory_recording_free(mem);
    rr_blueprint_free(bp);
}

static void to_both(rr_recording_stream rec, const char *first, const char *second)
{
    rr_log_sink sinks[] = {rr_sink_file(first), rr_sink_file(second)};
    log_rows(rec, 10);
    rr_recording_stream_set_sinks_ex(rec, sinks, 2, NULL, &err);
    log_rows(rec, 10);
}

int main(int argc, char **argv)
{
    rr_stream_options o = rr_stream_options_default("sinks <&\"> app");
    const char *what = argv[1], *a = argc > 2 ? argv[2] : NULL, *b = argc > 3 ? argv[3] : NULL;
    rr_blueprint *bp = one_view();
    o.recording_id = "sinks";
    o.application_id = strcmp(what, "html") ? "sinks" : "sinks <&\"> app";
    if (!strcmp(what, "option")) {
        o.save = a;
        o.default_blueprint = bp;
    }
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    if (!strcmp(what, "memory"))
        to_memory(rec, a, b);
    else if (!strcmp(what, "html"))
        to_html(rec, a, b);
    else if (!strcmp(what, "both"))
        to_both(rec, a, b);
    else if (!strcmp(what, "option"))
        log_rows(rec, 10);
    else if (!strcmp(what, "callback")) {
        rr_recording_stream_set_callback(rec, append, argv[2], &err);
        log_rows(rec, 30);
    } else if (!strcmp(what, "send")) {
        rr_recording_stream_save(rec, rr_make_string(b), &err);
        log_rows(rec, 5);
        rr_recording_stream_send_recording(rec, a, &err);
    } else { /* stdout ROWS [SLEEP] */
        rr_recording_stream_stdout(rec, &err);
        log_rows(rec, atoi(a) / 2);
        rr_recording_stream_flush_blocking(rec, 20, &err);
        usleep(b ? (useconds_t)(atof(b) * 1e6) : 0);
        log_rows(rec, atoi(a) / 2);
    }
    uint64_t dropped = rr_recording_stream_dropped(rec);
    rr_recording_stream_close(rec, 20, &err);
    rr_blueprint_free(bp);
    fprintf(stderr, "%x %s dropped %llu\n", err.code, err.description, (unsigned long long)dropped);
    return err.code != 0;
}
