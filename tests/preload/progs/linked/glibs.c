/* What programs say through GLib; acts by name. Declared here: the library is everywhere, its headers are not. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { ERROR = 4, CRITICAL = 8, WARNING = 16, MESSAGE = 32, INFO = 64, DEBUG = 128, ALL = -4 };
struct field { const char *key; const void *value; intptr_t length; };
void g_log(const char *, int, const char *, ...);
void g_logv(const char *, int, const char *, va_list);
void g_log_structured(const char *, int, ...);
void g_log_structured_array(int, const struct field *, size_t);
void g_log_structured_standard(const char *, int, const char *, const char *, const char *, const char *, ...);
void g_log_variant(const char *, int, void *);
void g_return_if_fail_warning(const char *, const char *, const char *);
void g_warn_message(const char *, const char *, int, const char *, const char *);
void g_assertion_message_expr(const char *, const char *, int, const char *, const char *);
void g_assertion_message(const char *, const char *, int, const char *, const char *);
void g_print(const char *, ...);
void g_printerr(const char *, ...);
void *g_set_print_handler(void (*)(const char *));
unsigned g_log_set_handler(const char *, int, void (*)(const char *, int, const char *, void *), void *);
void g_log_set_writer_func(int (*)(int, const struct field *, size_t, void *), void *, void *);
void *g_variant_new_parsed(const char *, ...);
int g_log_set_always_fatal(int);

static void logv(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_logv("dom", WARNING, fmt, ap);
    va_end(ap);
}

static void act_levels(void)
{
    printf("pending ");
    g_log("dom", CRITICAL, "critical %d", 1);
    g_log("dom", WARNING, "warning %s", "2");
    g_log(NULL, MESSAGE, "message %.1f", 3.0);
    printf("more\n");
    g_log("dom", INFO, "info 4");
    g_log("dom", DEBUG, "debug 5");
    logv("logv %d", 6);
    fprintf(stderr, "after\n");
    printf("out after\n");
}
static void act_structured(void)
{
    struct field fields[] = {{"MESSAGE", "array\nof two", -1}, {"GLIB_DOMAIN", "fields", -1}, {"CODE_FILE", "a.c", -1},
                             {"CODE_LINE", "77", -1}, {"CODE_FUNC", "f", -1}, {"BINARY", "\0\1", 2}};
    g_log_structured("dom", WARNING, "CODE_FILE", "s.c", "CODE_LINE", "12", "MY_KEY", "value", "MESSAGE", "structured %d %s", 1, "x");
    g_log_structured("dom", MESSAGE, "A", "1", "B", "2", "C", "3", "D", "4", "E", "5", "MESSAGE", "%d %d %d %f %s %d", 1, 2, 3, 4.5,
                     "five", 6);
    g_log_structured_standard("dom", CRITICAL, "t.c", "34", "func", "standard %d %s %d %d %d %d %f", 1, "2", 3, 4, 5, 6, 7.0);
    g_log_structured_standard("dom", WARNING, "t.c", "35", "func", "not looked into: %ls", L"wide");
    g_log_structured_array(WARNING, fields, 6);
    g_log_variant("dom", MESSAGE, g_variant_new_parsed("{'MESSAGE': <'from a variant'>}", NULL));
}
static void act_macros(void)
{
    g_return_if_fail_warning("dom", "my_function", "x != NULL");
    g_warn_message("dom", "w.c", 5, "my_function", "x > 0");
    g_warn_message("dom", "w.c", 6, "", NULL);
    g_assertion_message_expr("dom", "as.c", 9, "my_function", "1 == 2");
}
static void act_unreachable(void) { g_assertion_message("dom", "as.c", 10, "f", "text of its own"); }
static void act_error(void) { g_log("dom", ERROR, "it is over"); }
static void act_print(void)
{
    printf("first ");
    g_print("printed %d\n", 1);
    g_printerr("printed %s %f\n", "on stderr", 2.5);
    g_print("%d %d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7, 8);
}
static void swallow(const char *s) { write(1, "handled\n", 8); }
static void act_print_handler(void)
{
    g_set_print_handler(swallow);
    g_print("nobody sees this\n");
}
static int drop(int level, const struct field *fields, size_t n, void *data) { return 1; }
static void act_writer_drops(void)
{
    g_log_set_writer_func(drop, NULL, NULL);
    g_log_structured_standard("dom", INFO, "t.c", "1", "f", "dropped %d", 1);
    g_log("dom", WARNING, "not dropped by the writer");
}
static void by_syslog(const char *domain, int level, const char *text, void *data)
{
    syslog(LOG_ERR, "%s", text);
    fprintf(stderr, "handler: %s\n", text);
    write(2, "raw\n", 4);
}
static void act_handler(void)
{
    g_log_set_handler("dom", ALL, by_syslog, NULL);
    g_log("dom", WARNING, "for the handler");
    fprintf(stderr, "own\n");
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"levels", act_levels}, {"structured", act_structured}, {"macros", act_macros}, {"unreachable", act_unreachable}, {"error", act_error},
    {"print", act_print}, {"print_handler", act_print_handler}, {"writer_drops", act_writer_drops}, {"handler", act_handler},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(argv[1], acts[i].name))
            continue;
        acts[i].act();
        return 0;
    }
    return 64;
}
