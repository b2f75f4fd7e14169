// The same calls from C++17.
#include <retap.h>

#include <string>

static size_t shout(void *, const rr_log_record *r, char *buf, size_t size)
{
    std::string text = std::string(r->message) + "!";
    text.copy(buf, size);
    return text.size();
}

int main(int argc, char **argv)
{
    rr_error err = {};
    rr_stream_options o = rr_stream_options_default("logging");
    o.save = argc > 1 ? argv[1] : "logging.rrd";
    o.make_default = 1;
    o.send_properties = 2;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    std::string text = "from C++";
    rr_log_text(rec, "/ready", RR_LOG_LEVEL_INFO, text.c_str(), RR_NO_FIELDS);
    rr_log_text(RR_CURRENT, "/ready", RR_LOG_LEVEL_INFO, "fields", RR_FIELDS(rr_i64("joint", 3), rr_str("who", "arm")));
    if (!text.empty())
        rr_logf("/formatted", RR_LOG_LEVEL_INFO, "%s %d", text.c_str(), 17);
    else
        rr_logf_to(rec, "/formatted", RR_LOG_LEVEL_INFO, "no arguments");
    rr_text_log_options t = rr_text_log_options_default();
    t.level = RR_LOG_LEVEL_ERROR;
    rr_log_text_ex(rec, "/ready", "options", &t, &err);
    rr_logging_handler *h = rr_logging_handler_new(nullptr);
    rr_log_record r = rr_log_record_default();
    r.logger = "a::b";
    r.levelno = RR_LEVELNO_INFO;
    r.message = "hello";
    rr_logging_handler_set_formatter(h, shout, nullptr);
    rr_logging_handler_emit(h, &r);
    rr_logging_handler_free(h);
    rr_recording_stream_close(rec, -1, &err);
    return err.code != 0;
}
