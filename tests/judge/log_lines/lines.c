/* Logs the lines that log_lines.py expects, into the file of argv[1]. */
#include <retap.h>

#include <signal.h>
#include <stdio.h>

static rr_recording_stream rec;

static void on_signal(int signo)
{
    (void)signo;
    rr_log_signal_safe(RR_CURRENT, "/signal", RR_LOG_LEVEL_CRITICAL, "caught");
}

static void ready_lines(void)
{
    static char longer[5001];
    const double nm[] = {1.5, -2};
    memset(longer, 'x', 5000);
    rr_log_text(rec, "/ready", RR_LOG_LEVEL_INFO, "plain", RR_NO_FIELDS);
    rr_log_text(RR_CURRENT, "ready", NULL, "no level", RR_NO_FIELDS);
    rr_log_text(rec, "/ready", "my level", "gr\xc3\xbc\xc3\x9f" "e", RR_NO_FIELDS);
    rr_log_text(rec, "/ready", RR_LOG_LEVEL_ERROR, "bad \xff byte", RR_NO_FIELDS);
    rr_log_text(rec, "//ready/", RR_LOG_LEVEL_WARN, "", RR_NO_FIELDS);
    rr_log_text(rec, "/ready", RR_LOG_LEVEL_DEBUG, longer, RR_NO_FIELDS);
    rr_log_text_n(rec, "/readyX", 6, "TRACEX", 5, "cutX", 3, RR_NO_FIELDS);
    rr_log_text(rec, "/fields", RR_LOG_LEVEL_INFO, "one", RR_FIELDS(rr_i64("joint", 3), rr_f64s("nm", nm, 2), rr_str("who", "arm"), rr_bool("up", true)));
    rr_log_text(rec, "/fields", RR_LOG_LEVEL_INFO, "two", RR_FIELDS(rr_f64("joint", 4), rr_u64("big", UINT64_MAX)));
    rr_log_text(rec, "/fields", RR_LOG_LEVEL_INFO, "three", RR_NO_FIELDS);
}

static void times_and_switches(void)
{
    rr_error err = {0};
    rr_set_time_sequence(rec, "step", 7);
    rr_log_text(rec, "/step", RR_LOG_LEVEL_INFO, "at step 7", RR_NO_FIELDS);
    rr_recording_stream_reset_time(rec);
    rr_set_enabled(false);
    rr_log_text(rec, "/off", RR_LOG_LEVEL_INFO, "not there", RR_NO_FIELDS);
    rr_logf("/off", RR_LOG_LEVEL_INFO, "not there %d", 1);
    rr_set_enabled(true);
    rr_text_log_options o = rr_text_log_options_default();
    o.color = 0x11223344;
    o.is_static = 1;
    rr_log_text_entry(rec, "/static", "for ever", &o, &err);
}

static void formatted_lines(void)
{
    rr_logf("/formatted", RR_LOG_LEVEL_INFO, "joint %d reached", 3);
    rr_logf_to(rec, "/formatted", RR_LOG_LEVEL_WARN, "%.2f Nm in %s", 41.7, "the elbow");
    (rr_logf)("/formatted", NULL, "%s", "bare");
}

static size_t shout(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    (void)ctx;
    return (size_t)snprintf(buf, size, "%s!", r->message);
}

static void handled_lines(void)
{
    rr_logging_handler *h = rr_logging_handler_new("/handled");
    rr_log_record r = rr_log_record_default();
    rr_logging_handler_set_filter(h, "info,net=debug", NULL);
    r.logger = "net.http";
    r.levelno = RR_LEVELNO_DEBUG;
    r.message = "request";
    r.file = "net.c";
    r.line = 12;
    r.function = "serve";
    r.time_ns = 1700000000000000000;
    rr_logging_handler_emit(h, &r);
    r = rr_log_record_default();
    r.logger = "other";
    r.levelno = RR_LEVELNO_DEBUG;
    r.message = "not wanted";
    rr_logging_handler_emit(h, &r);
    r.levelname = "WARNING";
    r.levelno = RR_LEVELNO_WARN;
    r.message = "wanted";
    rr_logging_handler_set_formatter(h, shout, NULL);
    rr_logging_handler_emit(h, &r);
    rr_logging_handler_flush(h, 5, NULL);
    rr_logging_handler_free(h);
}

int main(int argc, char **argv)
{
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("logging");
    o.save = argc > 1 ? argv[1] : "logging.rrd";
    o.make_default = 1;
    o.send_properties = 2;
    rr_log_text(RR_CURRENT, "/none", RR_LOG_LEVEL_INFO, "nobody listens", RR_NO_FIELDS);
    rec = rr_recording_stream_open(&o, &err);
    ready_lines();
    times_and_switches();
    formatted_lines();
    handled_lines();
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    rr_recording_stream_close(rec, -1, &err);
    if (err.code)
        fprintf(stderr, "%s\n", err.description);
    return err.code != 0;
}
