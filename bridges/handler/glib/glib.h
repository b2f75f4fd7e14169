/* retap/glib.h: GLib's log into an rr_logging_handler (libretap-glib, pkg-config retap-glib).
 *
 *   rr_logging_handler *h = rr_logging_handler_new("/logs");
 *   g_log_set_writer_func(rr_glib_writer, h, NULL);                      everything, structured; once a process
 *   g_log_set_writer_func(rr_glib_writer_and_default, h, NULL);          the same, and GLib writes it where it always did
 *   g_log_set_handler("Gtk", G_LOG_LEVEL_MASK, rr_glib_log_handler, h);  one domain of the older API
 *
 * The domain is the logger: "Gtk" goes to /logs/Gtk, a message without one to /logs. Levels: ERROR (fatal) is CRITICAL, CRITICAL is ERROR,
 * WARNING is WARN, MESSAGE and INFO are INFO, DEBUG is DEBUG. CODE_FILE, CODE_LINE and CODE_FUNC are file, line and function; other fields
 * become fields of the row, those with a length as bytes. The handler must live as long as GLib may call it. */
#ifndef RETAP_GLIB_H
#define RETAP_GLIB_H

#include <glib.h>
#include <retap/handler.h>

#ifdef __cplusplus
extern "C" {
#endif

/** For g_log_set_writer_func(); @handler: an rr_logging_handler. A fatal message is on its way to the file when the call returns: the program
 * ends next. Threads: any. Blocks: for fatal messages up to 2 s, else while the thread's lane is full. */
GLogWriterOutput rr_glib_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer handler);
GLogWriterOutput rr_glib_writer_and_default(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer handler);
/** For g_log_set_handler() and g_log_set_default_handler(). */
void rr_glib_log_handler(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer handler);

#ifdef __cplusplus
}
#endif

#endif
