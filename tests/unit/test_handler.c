/* The logging handler: levels, filters, paths, formatters, and settings that change while others log. */
#include <errno.h>
#include <unistd.h>

#include <retap/handler.h>

#include "base/clock.h"
#include "tests/unit/logged.h"

static rr_logging_handler *h;

static void emit(const char *logger, int32_t levelno, const char *levelname, const char *message)
{
    rr_log_record r = rr_log_record_default();
    r.logger = logger;
    r.levelno = levelno;
    r.levelname = levelname;
    r.message = message;
    rr_logging_handler_emit(h, &r);
}

/* Was the last one logged? */
static bool taken(const char *logger, int32_t levelno, const char *message)
{
    uint32_t before = logged.n;
    emit(logger, levelno, NULL, message);
    return logged.n == before + 1;
}

RT_TEST(a_record_becomes_a_row)
{
    rr_field field = rr_i64("joint", 3);
    h = rr_logging_handler_new("/logs");
    rr_log_record r = rr_log_record_default();
    r.logger = "net.http";
    r.levelno = RR_LEVELNO_INFO;
    r.message = "hello";
    r.file = "net.c";
    r.function = "serve";
    r.line = 12;
    r.thread = 4711;
    r.time_ns = 1700000000000000000;
    r.fields = &field;
    r.n_fields = 1;
    errno = 5;
    rr_logging_handler_emit(h, &r);
    CHECK_INT(errno, 5);
    CHECK_STR(logged.path, "/logs/net/http");
    CHECK_INT(logged.rec, RR_CURRENT);
    CHECK_INT(logged.time_ns, r.time_ns);
    CHECK_ROW("TextLog:text=hello|TextLog:level=INFO|retap.Log:tid=4711|retap.Log:line=12|retap.Log:file=net.c|retap.Log:function=serve|joint=3");
    r.struct_size = (uint32_t)offsetof(rr_log_record, file); /* an older header */
    rr_logging_handler_set_recording(h, 8);
    rr_logging_handler_emit(h, &r);
    CHECK_ROW("TextLog:text=hello|TextLog:level=INFO");
    CHECK_INT(logged.rec, 8);
    rr_logging_handler_free(h);
    rr_logging_handler_free(NULL);
}

RT_TEST(levels_are_written_as_they_are)
{
    static const struct {
        int32_t no;
        const char *name, *expected;
    } levels[] = {
        {10, NULL, "DEBUG"},   {20, NULL, "INFO"},   {30, NULL, "WARN"}, {40, NULL, "ERROR"},           {50, NULL, "CRITICAL"},
        {5, NULL, "TRACE"},    {25, NULL, "Level 25"}, {-3, NULL, "Level -3"}, {30, "WARNING", "WARN"}, {0, "WARNING", "WARN"},
        {0, "notice", "notice"}, {0, "Warning", "Warning"}, {40, "INFO", "INFO"},
    };
    h = rr_logging_handler_new(NULL);
    rr_logging_handler_set_level(h, NULL, NULL);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        char expected[64];
        emit("x", levels[i].no, levels[i].name, "t");
        snprintf(expected, sizeof expected, "TextLog:text=t|TextLog:level=%s", levels[i].expected);
        if (levels[i].no >= 0)
            CHECK_ROW(expected);
    }
    emit("x", 0, NULL, NULL);
    CHECK_ROW("TextLog:text=");
    emit("x", 0, "ERROR", "t");
    CHECK(logged.flags & RT_LOG_URGENT);
    rr_logging_handler_free(h);
}

RT_TEST(names_become_paths)
{
    static const struct {
        const char *prefix, *separator, *logger, *path;
    } paths[] = {
        {"/logs", NULL, "net.http", "/logs/net/http"},
        {"/logs", NULL, "net::http/x", "/logs/net/http/x"},
        {"/logs", NULL, "a:b", "/logs/a\\:b"},
        {"/logs", NULL, "..a...b..", "/logs/a/b"},
        {"/logs", NULL, "my logger!", "/logs/my\\ logger\\!"},
        {"/logs", NULL, "gr\xc3\xbc\xc3\x9f" "e", "/logs/gr\xc3\xbc\xc3\x9f" "e"},
        {"/logs", NULL, "bad\xff", "/logs/bad\\u{FFFD}"},
        {"/logs", NULL, NULL, "/logs"},
        {"/logs", NULL, "", "/logs"},
        {"/logs", NULL, "__main__", "/logs/__main__"},
        {"logs/my app", NULL, "a", "/logs/my\\ app/a"},
        {"/logs", ".", "a.b/c", "/logs/a/b\\/c"},
        {"/logs", "::", "a::b.c", "/logs/a/b.c"},
        {"/logs", "->", "a->b", "/logs/a/b"},
        {"/logs", "", "a.b::c/d", "/logs/a.b\\:\\:c\\/d"},
        {NULL, NULL, "net.http", "/net/http"},
        {"", NULL, "x", "/x"},
        {"/", NULL, "x", "/x"},
        {NULL, NULL, "__main__", "/logs/__main__"},
        {NULL, NULL, "..__x", "/logs/__x"},
        {NULL, NULL, "", "/root"},
        {NULL, NULL, NULL, "/root"},
        {NULL, NULL, "...", "/root"},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        h = rr_logging_handler_new(paths[i].prefix);
        CHECK_INT(rr_logging_handler_set_separator(h, paths[i].separator, NULL), 0);
        for (int again = 0; again < 2; again++) {
            emit(paths[i].logger, 20, NULL, "t");
            CHECK_STR(logged.path, paths[i].path);
        }
        rr_logging_handler_free(h);
    }
    CHECK_INT(logged.n_warnings, 0);
}

/* More loggers than are kept in mind; a new separator makes all paths anew. */
RT_TEST(many_loggers)
{
    h = rr_logging_handler_new("/logs");
    for (int round = 0; round < 4; round++) {
        if (round == 2)
            CHECK_INT(rr_logging_handler_set_separator(h, "", NULL), 0);
        for (int i = 0; i < 1000; i++) {
            char name[32], path[32];
            snprintf(name, sizeof name, "logger.%d", i);
            snprintf(path, sizeof path, "/logs/logger%c%d", round < 2 ? '/' : '.', i);
            emit(name, 20, NULL, "t");
            CHECK_STR(logged.path, path);
        }
    }
    rr_logging_handler_free(h);
}

RT_TEST(endless_names_are_cut_at_a_part)
{
    char name[3001];
    for (int i = 0; i < 3000; i++)
        name[i] = i % 10 == 9 ? '.' : 'n';
    name[3000] = 0;
    h = rr_logging_handler_new("/logs");
    emit(name, 20, NULL, "t");
    CHECK_INT(strlen(logged.path), 5 + 101 * 10);
    CHECK_INT(logged.n_warnings, 1);
    CHECK(strstr(logged.warning, "1024 bytes"));
    memset(name, 0xff, 3000);
    emit(name, 20, NULL, "t");
    CHECK_STR(logged.path, "/logs");
    rr_logging_handler_free(h);
    CHECK(!rr_logging_handler_new("/__reserved"));
    memset(name, 'n', 3000);
    CHECK(!rr_logging_handler_new(name));
    CHECK(strstr(logged.warning, "512 bytes"));
}

RT_TEST(records_below_the_level_are_not_taken)
{
    rr_error err = {0};
    h = rr_logging_handler_new("/logs");
    CHECK(taken("x", 1, "t"));
    CHECK_INT(rr_logging_handler_set_level(h, "warning", &err), 0);
    CHECK(!taken("x", 29, "t"));
    CHECK(taken("x", 30, "t"));
    uint32_t n = logged.n;
    emit("x", 0, "DEBUG", "t");
    emit("x", 0, "anything", "t"); /* as INFO */
    CHECK_INT(logged.n, n);
    emit("x", 0, "error", "t");
    CHECK_INT(logged.n, n + 1);
    CHECK(rr_logging_handler_enabled(h, "x", 30));
    CHECK(!rr_logging_handler_enabled(h, "x", 20));
    CHECK_INT(rr_logging_handler_set_level(h, "35", &err), 0);
    CHECK(!taken("x", 34, "t"));
    CHECK(taken("x", 35, "t"));
    CHECK_INT(rr_logging_handler_set_level(h, "OFF", &err), 0);
    CHECK(!taken("x", INT32_MAX, "t"));
    CHECK_INT(err.code, 0);
    CHECK_INT(rr_logging_handler_set_level(h, "loud", &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_STR(err.description, "rr_logging_handler_set_level: 'loud' is no level");
    CHECK(!taken("x", 50, "t"));
    CHECK_INT(rr_logging_handler_set_level(h, NULL, &err), 0);
    CHECK(taken("x", 1, "t"));
    logged.unwanted = true;
    CHECK(!rr_logging_handler_enabled(h, "x", 50));
    rr_logging_handler_free(h);
}

/* What env_logger makes of the same directives. */
RT_TEST(filters)
{
    enum { T = 5, D = 10, I = 20, W = 30, E = 40 };
    static const struct {
        const char *filter, *logger;
        int32_t least; /* the least severe that is taken; 0 = none */
        const char *text;
    } cases[] = {
        {"warn", "x", W, "t"},
        {"warn", "", W, "t"},
        {"", "x", E, "t"},
        {" , ,", "x", E, "t"},
        {"off", "x", 0, "t"},
        {"net=debug", "net", D, "t"},
        {"net=debug", "net.http", D, "t"},
        {"net=debug", "network", D, "t"},
        {"net=debug", "x", 0, "t"},
        {"net", "net", T, "t"},
        {"net=", "net", T, "t"},
        {"warn,net=debug,net::tls=off", "x", W, "t"},
        {"warn,net=debug,net::tls=off", "net.http", D, "t"},
        {"warn,net=debug,net::tls=off", "net.tls.cert", 0, "t"},
        {"net::tls=off,net=debug,warn", "net/tls", 0, "t"},
        {"net::tls=off , net = debug , warn", "net::tls", 0, "t"},
        {"net=debug,net=warn", "net", W, "t"},
        {"INFO,a=Trace", "a", T, "t"},
        {"net=30", "net", W, "t"},
        {"info/f.o", "x", I, "a foo"},
        {"info/f.o", "x", 0, "a bar"},
        {"info/", "x", I, "bar"},
        {"/^b", "x", E, "bar"},
        {"trace/a/b", "x", T, "1 a/b 2"},
        {"trace/a{2}", "x", T, "aa"},
        {"trace/a{2}", "x", 0, "a"},
    };
    h = rr_logging_handler_new("/logs");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(rr_logging_handler_set_filter(h, cases[i].filter, NULL), 0);
        int32_t least = 0;
        for (int32_t no = 50; no > 0 && taken(cases[i].logger, no, cases[i].text); no--)
            least = no;
        if (least != cases[i].least && !(cases[i].least == T && least == 1))
            rt_test_fail(__FILE__, __LINE__, "%s, logger %s: %d", cases[i].filter, cases[i].logger, least);
    }
    CHECK_INT(rr_logging_handler_set_filter(h, NULL, NULL), 0);
    CHECK(taken("x", 1, "t"));
    rr_logging_handler_free(h);
}

RT_TEST(a_wrong_filter_changes_nothing)
{
    static const char *const wrong[][2] = {
        {"warn,net=loud", "rr_logging_handler_set_filter: filter: 'loud' is no level, in the directive 'net=loud'"},
        {"a=b=c", "rr_logging_handler_set_filter: filter: 'b=c' is no level, in the directive 'a=b=c'"},
        {"warn/(", "rr_logging_handler_set_filter: filter: pattern '(': Unmatched ( or \\("},
    };
    h = rr_logging_handler_new("/logs");
    rr_logging_handler_set_filter(h, "error", NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rr_error err = {0};
        CHECK_INT(rr_logging_handler_set_filter(h, wrong[i][0], &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
        CHECK_STR(err.description, wrong[i][1]);
        CHECK(taken("x", 40, "t"));
        CHECK(!taken("x", 30, "t"));
    }
    CHECK_INT(rr_logging_handler_set_separator(h, "sixteen bytes ..", NULL), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    rr_logging_handler_free(h);
}

/* ---------------------------------------------------------------- formatters */

static size_t format_plain(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    return (size_t)snprintf(buf, size, "%s%s:%s", (const char *)ctx, r->logger, r->message);
}
static size_t format_long(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    (void)r;
    return (size_t)snprintf(buf, size, "%0*d", *(const int *)ctx, 7);
}

RT_TEST(a_formatter_rules_the_body)
{
    static const int sizes[] = {2046, 2047, 2048, 2049, 100000};
    char prefix[] = "> ";
    h = rr_logging_handler_new("/logs");
    rr_logging_handler_set_filter(h, "info/hello", NULL); /* looks at the message */
    rr_logging_handler_set_formatter(h, format_plain, prefix);
    emit("net", 20, NULL, "hello");
    CHECK_ROW("TextLog:text=> net:hello|TextLog:level=INFO");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int size = sizes[i];
        rr_logging_handler_set_formatter(h, format_long, &size);
        emit("net", 20, NULL, "hello");
        CHECK_INT(strlen(logged.row), strlen("TextLog:text=|TextLog:level=INFO") + (size_t)size);
        CHECK(strstr(logged.row, "007|"));
    }
    rr_logging_handler_set_formatter(h, NULL, NULL);
    emit("net", 20, NULL, "hello");
    CHECK_ROW("TextLog:text=hello|TextLog:level=INFO");
    rr_logging_handler_free(h);
}

static rr_logging_handler *other;
static size_t format_and_log(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    (void)ctx;
    emit("inner", 20, NULL, "from the formatter"); /* into h: cut */
    rr_log_record copy = *r;
    rr_logging_handler_emit(other, &copy);         /* into another handler, whose formatter comes back to h: cut there */
    return (size_t)snprintf(buf, size, "formatted");
}
static void log_from_the_core(void)
{
    emit("core", 20, NULL, "from a sink");
}

RT_TEST(a_handler_is_not_entered_twice)
{
    h = rr_logging_handler_new("/h");
    other = rr_logging_handler_new("/other");
    rr_logging_handler_set_formatter(h, format_and_log, NULL);
    rr_logging_handler_set_formatter(other, format_and_log, NULL);
    emit("outer", 20, NULL, "t");
    CHECK_INT(logged.n, 2);
    CHECK_STR(logged.path, "/h/outer");
    CHECK_ROW("TextLog:text=formatted|TextLog:level=INFO");
    CHECK_INT(rr_logging_handler_recursions(h), 2);
    CHECK_INT(rr_logging_handler_recursions(other), 1);
    rr_logging_handler_set_formatter(h, NULL, NULL);
    logged_hook = log_from_the_core;
    emit("outer", 20, NULL, "t");
    logged_hook = NULL;
    CHECK_INT(logged.n, 3);
    CHECK_INT(rr_logging_handler_recursions(h), 3);
    logged.in_worker = true;
    emit("outer", 20, NULL, "t");
    logged.in_worker = false;
    CHECK_INT(logged.n, 3);
    CHECK_INT(rr_logging_handler_recursions(h), 4);
    emit("outer", 20, NULL, "t"); /* and it is open again */
    CHECK_INT(logged.n, 4);
    rr_logging_handler_free(h);
    rr_logging_handler_free(other);
}

static size_t format_once(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    (void)r, (void)ctx;
    rr_logging_handler_set_formatter(h, NULL, NULL);
    return (size_t)snprintf(buf, size, "once");
}

RT_TEST(a_formatter_may_replace_itself)
{
    h = rr_logging_handler_new("/logs");
    rr_logging_handler_set_formatter(h, format_once, NULL);
    uint64_t start = rt_mono_ns();
    emit("x", 20, NULL, "t");
    CHECK_ROW("TextLog:text=once|TextLog:level=INFO");
    CHECK(rt_mono_ns() - start < 5000000000u);
    emit("x", 20, NULL, "t");
    CHECK_ROW("TextLog:text=t|TextLog:level=INFO");
    rr_logging_handler_free(h);
}

/* ---------------------------------------------------------------- threads */

#define N_THREADS 4
static uint32_t stop;

/* Freed memory as soon as its formatter is replaced: whoever is still in it would be seen. */
struct greeting {
    char word[16];
};
static size_t format_greeting(void *ctx, const rr_log_record *r, char *buf, size_t size)
{
    struct greeting *g = ctx;
    return (size_t)snprintf(buf, size, "%s %s", g->word, r->message);
}

static void *emit_until_stop(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++)
        emit(i % 3 ? "net.http" : "net/http", 30, NULL, "hello");
    return NULL;
}

static void check_whole(void)
{
    CHECK_STR(logged.path, "/logs/net/http");
}

RT_TEST(settings_change_while_others_emit)
{
    pthread_t threads[N_THREADS];
    struct greeting *old = NULL;
    h = rr_logging_handler_new("/logs");
    logged_hook = check_whole;
    for (int i = 0; i < N_THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, emit_until_stop, NULL));
    uint64_t end = rt_mono_ns() + 1000000000u;
    for (int i = 0; rt_mono_ns() < end; i++) {
        struct greeting *g = malloc(sizeof *g);
        snprintf(g->word, sizeof g->word, "number %d", i % 1000);
        rr_logging_handler_set_formatter(h, format_greeting, g);
        if (old) {
            memset(old->word, 'x', sizeof old->word);
            free(old);
        }
        old = g;
        CHECK_INT(rr_logging_handler_set_filter(h, i % 2 ? "net=debug/l+o" : "warn,net::http=info", NULL), 0);
        CHECK_INT(rr_logging_handler_set_level(h, i % 3 ? "info" : "debug", NULL), 0);
        CHECK_INT(rr_logging_handler_set_separator(h, NULL, NULL), 0);
        rr_logging_handler_set_recording(h, (rr_recording_stream)i);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    rr_logging_handler_set_formatter(h, NULL, NULL);
    free(old);
    CHECK(logged.n > 100);
    CHECK_INT(logged.n_warnings, 0);
    rr_logging_handler_free(h);
}

/* Two who set at once: no setting of either is lost. */
static void *set_levels(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        rr_logging_handler_set_level(h, i % 2 ? "debug" : "40", NULL);
    return NULL;
}

RT_TEST(setters_do_not_undo_each_other)
{
    pthread_t thread;
    h = rr_logging_handler_new("/logs");
    CHECK(!pthread_create(&thread, NULL, set_levels, NULL));
    for (int i = 0; i < 200; i++)
        CHECK_INT(rr_logging_handler_set_filter(h, i % 2 ? "net=warn" : "trace", NULL), 0);
    pthread_join(thread, NULL);
    CHECK(!taken("net", 29, "t")); /* the last filter */
    CHECK(taken("net", 30, "t"));
    rr_logging_handler_set_filter(h, NULL, NULL);
    CHECK(taken("net", 10, "t")); /* the last level */
    CHECK(!taken("net", 9, "t"));
    rr_logging_handler_free(h);
}
