/* A GLib program that knows nothing of recordings but two lines of its main; it ends by a fatal message. */
#define G_LOG_USE_STRUCTURED 1
#define G_LOG_DOMAIN "robot.arm"
#include <retap.h>
#include <retap/glib.h>

int main(int argc, char **argv)
{
    rr_stream_options o = rr_stream_options_default("logging");
    o.save = argc > 1 ? argv[1] : "logging.rrd";
    o.make_default = 1;
    o.send_properties = 2;
    rr_recording_stream_open(&o, NULL);
    g_log_set_writer_func(rr_glib_writer_and_default, rr_logging_handler_new("/logs"), NULL);
    g_message("joint %d reached", 3);
    g_warning("torque high");
    g_log_structured("net", G_LOG_LEVEL_DEBUG, "REQUEST", "4711", "MESSAGE", "served in %d ms", 12);
    g_error("nothing to hold on to");
}
