/* GLib's log through the adapter: real calls of GLib, caught before the core has them. */
#include "tests/unit/logged.h"

#if __has_include(<glib.h>)
#define G_LOG_USE_STRUCTURED 1
#define G_LOG_DOMAIN "my.app"
#include "handler/glib/glib.h"

static rr_logging_handler *h;

static void set_writer(GLogWriterFunc writer)
{
    h = rr_logging_handler_new("/logs");
    g_log_set_writer_func(writer, h, NULL);
}

RT_TEST(structured_messages)
{
    char line[32];
    set_writer(rr_glib_writer);
    g_warning("torque %d", 41), snprintf(line, sizeof line, "line=%d|", __LINE__);
    CHECK_STR(logged.path, "/logs/my/app");
    CHECK(!strncmp(logged.row, "TextLog:text=torque 41|TextLog:level=WARN|", 42));
    CHECK(strstr(logged.row, line));
    CHECK(strstr(logged.row, "test_glib.c|"));
    CHECK(strstr(logged.row, "retap.Log:function=structured_messages"));
    g_log_structured("net", G_LOG_LEVEL_INFO, "REQUEST", "4711", "MESSAGE", "hello %s", "world");
    CHECK_STR(logged.path, "/logs/net");
    CHECK(!strncmp(logged.row, "TextLog:text=hello world|TextLog:level=INFO|", 44));
    CHECK(strstr(logged.row, "|REQUEST=4711"));
    CHECK(!strstr(logged.row, "PRIORITY"));
}

RT_TEST(levels)
{
    static const struct {
        GLogLevelFlags level;
        const char *row;
    } levels[] = {
        {G_LOG_LEVEL_CRITICAL, "TextLog:text=m|TextLog:level=ERROR"}, {G_LOG_LEVEL_WARNING, "TextLog:text=m|TextLog:level=WARN"},
        {G_LOG_LEVEL_MESSAGE, "TextLog:text=m|TextLog:level=INFO"},   {G_LOG_LEVEL_INFO, "TextLog:text=m|TextLog:level=INFO"},
        {G_LOG_LEVEL_DEBUG, "TextLog:text=m|TextLog:level=DEBUG"},    {1 << G_LOG_LEVEL_USER_SHIFT, "TextLog:text=m|TextLog:level=INFO"},
    };
    h = rr_logging_handler_new("/logs");
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        GLogField field = {"MESSAGE", "m", -1};
        CHECK_INT(rr_glib_writer(levels[i].level, &field, 1, h), G_LOG_WRITER_HANDLED);
        CHECK_ROW(levels[i].row);
    }
}

RT_TEST(fields_with_lengths)
{
    static const guint8 bytes[] = {1, 0, 255};
    const GLogField fields[] = {{"MESSAGE", "cut here", 3}, {"MESSAGE_ID", bytes, 3}, {"CODE_LINE", "x", -1}, {"GLIB_DOMAIN", "len", 3}};
    h = rr_logging_handler_new("/logs");
    rr_glib_writer(G_LOG_LEVEL_INFO, fields, 4, h);
    static const char row[] = "TextLog:text=cut|TextLog:level=INFO|MESSAGE_ID=\x01\0\xff|GLIB_DOMAIN=len";
    CHECK_MEM(logged.row, sizeof row, row, sizeof row);
    CHECK_STR(logged.path, "/logs");
    rr_glib_writer(G_LOG_LEVEL_INFO, NULL, 0, h);
    CHECK_ROW("TextLog:text=|TextLog:level=INFO");
    GLogField many[100];
    static char keys[100][8];
    for (int i = 0; i < 100; i++) {
        snprintf(keys[i], sizeof keys[i], "F%d", i);
        many[i] = (GLogField){keys[i], "v", -1};
    }
    rr_glib_writer(G_LOG_LEVEL_INFO, many, 100, h);
    CHECK(strstr(logged.row, "|F62=v|fields_left_out=37"));
    CHECK(!strstr(logged.row, "F63"));
}

RT_TEST(handlers_of_the_older_api)
{
    h = rr_logging_handler_new("/logs");
    g_log_set_handler("old", G_LOG_LEVEL_MASK, rr_glib_log_handler, h);
    g_log("old", G_LOG_LEVEL_CRITICAL, "number %d", 1);
    CHECK_STR(logged.path, "/logs/old");
    CHECK_ROW("TextLog:text=number 1|TextLog:level=ERROR");
    g_log_set_default_handler(rr_glib_log_handler, h);
    g_log(NULL, G_LOG_LEVEL_DEBUG, "no domain");
    CHECK_STR(logged.path, "/logs");
    CHECK_ROW("TextLog:text=no domain|TextLog:level=DEBUG");
}

RT_TEST(the_older_api_through_the_writer)
{
    set_writer(rr_glib_writer);
    g_log("old", G_LOG_LEVEL_WARNING, "number %d", 2);
    CHECK_STR(logged.path, "/logs/old");
    CHECK_ROW("TextLog:text=number 2|TextLog:level=WARN");
}

RT_TEST(filters_are_by_domain)
{
    set_writer(rr_glib_writer);
    rr_logging_handler_set_filter(h, "warn,my::app=debug", NULL);
    g_debug("taken");
    CHECK_INT(logged.n, 1);
    g_log_structured("net", G_LOG_LEVEL_INFO, "MESSAGE", "not taken");
    CHECK_INT(logged.n, 1);
}
#else
RT_TEST(structured_messages)
{
    rt_test_skip("no GLib headers here");
}
#endif
