/* Levels read from lines: samples of every style, and prose that must not be taken for a marker. */
#include "meaning/level.h"
#include "tests/harness/test.h"

static const struct sample {
    const char *style;
    enum rt_level level;
    const char *line;
} samples[] = {
    {"sd-daemon", RT_LEVEL_ERROR, "<3>disk is full"},
    {"sd-daemon", RT_LEVEL_DEBUG, "<7>polling"},
    {"sd-daemon", RT_LEVEL_CRITICAL, "<34>1 2026-11-21T02:25:20Z host su - ID47 - failed"},
    {"kernel", RT_LEVEL_ERROR, "<3>[   12.345678] sd 0:0:0:0: rejecting I/O"},
    {"kernel", RT_LEVEL_INFO, "<6>[    0.000000] Linux version"},
    {"syslog", RT_LEVEL_ERROR, "Nov 21 12:34:56 host app[812]: error: no route"},
    {"syslog", RT_LEVEL_WARN, "Nov 21 12:34:56 host app[812]: WARNING low memory"},
    {"prefix", RT_LEVEL_ERROR, "err: no such table"},
    {"prefix", RT_LEVEL_WARN, "warning: clock went backwards"},
    {"prefix", RT_LEVEL_ERROR, "ERROR: relation \"x\" does not exist"},
    {"prefix", RT_LEVEL_INFO, "INFO: 3 errors fixed"},
    {"prefix", RT_LEVEL_ERROR, "fatal: not a git repository (or any of the parent directories): .git"},
    {"prefix", RT_LEVEL_CRITICAL, "FATAL: kernel too old"},
    {"prefix", RT_LEVEL_INFO, "hint: use --force"},
    {"prefix", RT_LEVEL_CRITICAL, "emerg: the sky falls"},
    {"prefix", RT_LEVEL_ERROR, "SEVERE: listener could not be started"},
    {"prefix", RT_LEVEL_DEBUG, "FINE: looked up bean"},
    {"prefix", RT_LEVEL_INFO, "notice: new configuration"},
    {"bracket", RT_LEVEL_WARN, "[warn] worker is slow"},
    {"bracket", RT_LEVEL_WARN, "[WARN ] worker is slow"},
    {"bracket", RT_LEVEL_ERROR, "12:00:00.123 [error] Task failed"},
    {"bracket", RT_LEVEL_ERROR, "2026-01-01T00:00:00.000000Z 0 [ERROR] [MY-010119] [Server] Aborting"},
    {"bracket", RT_LEVEL_CRITICAL, "[ALERT]    (12) : config : no such backend"},
    {"column", RT_LEVEL_WARN, "WARN - slow query"},
    {"column", RT_LEVEL_ERROR, "ERROR | module | text"},
    {"column", RT_LEVEL_INFO, "2026-01-01 12:00:00.123  INFO 123 --- [main] c.e.App : started"},
    {"column", RT_LEVEL_WARN, "26/01/01 12:00:00 WARN util.NativeCodeLoader: unable to load"},
    {"column", RT_LEVEL_ERROR, "01-Jan-2026 12:00:00.123 SEVERE [main] org.apache.Catalina.start failed"},
    {"column", RT_LEVEL_ERROR, "2026-01-01 12:00:00.000 | ERROR    | app:main:12 - text"},
    {"column", RT_LEVEL_ERROR, "12:00PM ERR request failed error=\"x\""},
    {"column", RT_LEVEL_WARN, "Jan 01 12:00:00 WARN disk"},
    {"glog", RT_LEVEL_ERROR, "E0820 12:34:56.789012  1234 file.cc:12] msg"},
    {"glog", RT_LEVEL_CRITICAL, "F0820 12:34:56.789012  1234 file.cc:12] Check failed: x"},
    {"glog", RT_LEVEL_INFO, "I0820 12:34:56.789012       1 controller.go:12] \"Starting\""},
    {"logcat", RT_LEVEL_ERROR, "E/ActivityManager(  123): ANR in app"},
    {"logcat", RT_LEVEL_TRACE, "V/Tag: text"},
    {"logcat", RT_LEVEL_WARN, "08-20 12:34:56.789  1234  1240 W System: text"},
    {"xorg", RT_LEVEL_ERROR, "(EE) no screens found"},
    {"xorg", RT_LEVEL_WARN, "[    12.345] (WW) open /dev/fb0: Permission denied"},
    {"glib", RT_LEVEL_WARN, "** (prog:123): WARNING **: 12:00:00.123: text"},
    {"glib", RT_LEVEL_ERROR, "(prog:123): GLib-GObject-CRITICAL **: 12:00:00.123: g_object_ref: assertion failed"},
    {"glib", RT_LEVEL_CRITICAL, "(prog:123): GLib-ERROR **: 12:00:00.123: failed to allocate"},
    {"glib", RT_LEVEL_INFO, "** Message: hello"},
    {"python", RT_LEVEL_WARN, "2026-01-01 12:00:00,123 - app.db - WARNING - slow"},
    {"python", RT_LEVEL_ERROR, "ERROR:root:boom"},
    {"python", RT_LEVEL_DEBUG, "DEBUG:asyncio:Using selector"},
    {"java", RT_LEVEL_WARN, "12:00:00.123 [main] WARN  c.e.Foo - msg"},
    {"java", RT_LEVEL_INFO, "[2026-01-01 12:00:00,123] INFO started (kafka.server.KafkaServer)"},
    {"java", RT_LEVEL_WARN, "[2026-01-01T00:00:00,123][WARN ][o.e.d.Node] [node-1] text"},
    {"env_logger", RT_LEVEL_ERROR, "[2026-01-01T00:00:00Z ERROR app::db] no connection"},
    {"env_logger", RT_LEVEL_DEBUG, "[2026-01-01T00:00:00Z DEBUG app] x"},
    {"tracing", RT_LEVEL_ERROR, "2026-01-01T00:00:00.123456Z ERROR server::http: refused"},
    {"tracing", RT_LEVEL_TRACE, "2026-01-01T00:00:00.123456Z TRACE server: poll"},
    {"tracing", RT_LEVEL_INFO, "2026-01-01T00:00:00.123456Z  INFO server: ready"},
    {"logrus", RT_LEVEL_ERROR, "ERRO[0001] text"},
    {"logrus", RT_LEVEL_CRITICAL, "FATA[0001] text"},
    {"logfmt", RT_LEVEL_WARN, "time=2026-01-01T00:00:00Z level=WARN msg=slow"},
    {"logfmt", RT_LEVEL_ERROR, "ts=1 caller=main.go:12 level=error err=\"no such host\""},
    {"logfmt", RT_LEVEL_DEBUG, "lvl=dbug msg=x"},
    {"logfmt", RT_LEVEL_INFO, "severity=\"INFO\" msg=\"error: none\""},
    {"json", RT_LEVEL_ERROR, "{\"level\":\"error\",\"msg\":\"x\"}"},
    {"json", RT_LEVEL_WARN, "{\"msg\":\"level error\", \"severity\" : \"WARNING\"}"},
    {"json", RT_LEVEL_WARN, "{\"level\":40,\"time\":1770000000000,\"msg\":\"slow\"}"},
    {"json", RT_LEVEL_CRITICAL, "{\"name\":\"a\",\"level\":60,\"v\":0}"},
    {"json", RT_LEVEL_ERROR, "{\"PRIORITY\":\"3\",\"MESSAGE\":\"x\"}"},
    {"json", RT_LEVEL_ERROR, "{\"version\":\"1.1\",\"short_message\":\"x\",\"level\":3}"},
    {"json", RT_LEVEL_INFO, "{\"t\":{\"$date\":\"2026\"},\"s\":\"I\",  \"c\":\"NETWORK\",\"msg\":\"error\"}"},
    {"json", RT_LEVEL_ERROR, "{\"message\": \"quoted \\\"level\\\":\\\"info\\\"\", \"levelname\": \"ERROR\"}"},
    {"json", RT_LEVEL_CRITICAL, "{\"levelno\":50}"},
    {"nginx", RT_LEVEL_CRITICAL, "2026/01/01 00:00:00 [crit] 12#12: *1 connect() failed"},
    {"nginx", RT_LEVEL_ERROR, "2026/01/01 00:00:00 [error] 12#12: *1 open() \"/x\" failed (2: No such file or directory)"},
    {"apache", RT_LEVEL_ERROR, "[Sat Jan 01 00:00:00.123456 2026] [core:error] [pid 12] AH00036: text"},
    {"redis", RT_LEVEL_WARN, "12:M 01 Jan 2026 12:00:00.000 # overcommit_memory is set to 0"},
    {"redis", RT_LEVEL_INFO, "12:M 01 Jan 2026 12:00:00.000 * Ready to accept connections"},
    {"redis", RT_LEVEL_DEBUG, "12:S 01 Jan 2026 12:00:00.000 . Accepted 127.0.0.1:1"},
    {"postgres", RT_LEVEL_INFO, "2026-01-01 00:00:00.000 UTC [123] LOG:  database system is ready"},
    {"postgres", RT_LEVEL_ERROR, "2026-01-01 00:00:00.000 UTC [123] ERROR:  syntax error at or near \"x\""},
    {"postgres", RT_LEVEL_CRITICAL, "2026-01-01 00:00:00.000 UTC [123] PANIC:  could not locate a valid checkpoint"},
    {"postgres", RT_LEVEL_DEBUG, "2026-01-01 00:00:00.000 UTC [123] DEBUG1:  x"},
    {"spdlog", RT_LEVEL_ERROR, "[2026-01-01 12:00:00.123] [name] [error] msg"},
    {"spdlog", RT_LEVEL_WARN, "[2026-01-01 12:00:00.123] [warning] msg", },
    {"chromium", RT_LEVEL_ERROR, "[1234:1234:0820/123456.789:ERROR:bus.cc(407)] Failed to connect"},
    {"celery", RT_LEVEL_ERROR, "[2026-01-01 12:00:00,123: ERROR/MainProcess] Task failed"},
    {"erlang", RT_LEVEL_ERROR, "=ERROR REPORT==== 1-Jan-2026::12:00:00 ==="},
    {"tool", RT_LEVEL_ERROR, "collect2: error: ld returned 1 exit status"},
    {"tool", RT_LEVEL_WARN, "clang: warning: argument unused during compilation"},
    {"tool", RT_LEVEL_ERROR, "clang: fatal error: no input files", },
    {"compiler", RT_LEVEL_ERROR, "src/a.c:12:3: error: expected ';' before 'x'"},
    {"compiler", RT_LEVEL_WARN, "src/a.c:12: warning: unused variable 'x' [-Wunused-variable]"},
    {"compiler", RT_LEVEL_ERROR, "a.c:1:10: fatal error: foo.h: No such file or directory"},
    {"compiler", RT_LEVEL_INFO, "a.c:3:5: note: declared here"},
    {"compiler", RT_LEVEL_ERROR, "src/a.ts(1,2): error TS2304: Cannot find name 'x'."},
    {"sanitizer", RT_LEVEL_ERROR, "a.c:3:5: runtime error: signed integer overflow"},
    {"rustc", RT_LEVEL_ERROR, "error[E0308]: mismatched types"},
    {"linker", RT_LEVEL_ERROR, "/usr/bin/ld: a.c:(.text+0x5): undefined reference to `foo'"},
    {"linker", RT_LEVEL_ERROR, "./x: error while loading shared libraries: libx.so: cannot open"},
    {"make", RT_LEVEL_ERROR, "make: *** [Makefile:2: x] Error 1"},
    {"make", RT_LEVEL_ERROR, "make[2]: *** No rule to make target 'x'.  Stop."},
    {"npm", RT_LEVEL_ERROR, "npm ERR! code ENOENT"},
    {"npm", RT_LEVEL_WARN, "npm WARN deprecated x@1.0.0"},
    {"npm", RT_LEVEL_ERROR, "npm error code ENOENT"},
    {"apt", RT_LEVEL_ERROR, "E: Unable to locate package x"},
    {"php", RT_LEVEL_WARN, "PHP Warning:  Undefined variable $x in /x.php on line 3"},
    {"php", RT_LEVEL_ERROR, "PHP Fatal error:  Uncaught Error: x"},
    {"node", RT_LEVEL_WARN, "(node:123) ExperimentalWarning: x is experimental"},
    {"traceback", RT_LEVEL_ERROR, "Traceback (most recent call last):"},
    {"exception", RT_LEVEL_ERROR, "Exception in thread \"main\" java.lang.NullPointerException"},
    {"panic", RT_LEVEL_CRITICAL, "thread 'main' panicked at src/main.rs:2:5:"},
    {"panic", RT_LEVEL_CRITICAL, "panic: runtime error: index out of range [3] with length 1"},
    {"panic", RT_LEVEL_CRITICAL, "fatal error: all goroutines are asleep - deadlock!"},
    {"crash", RT_LEVEL_CRITICAL, "Segmentation fault"},
    {"crash", RT_LEVEL_CRITICAL, "bash: line 1:  1234 Segmentation fault      (core dumped) ./x"},
    {"crash", RT_LEVEL_CRITICAL, "Aborted (core dumped)"},
    {"crash", RT_LEVEL_CRITICAL, "terminate called after throwing an instance of 'std::runtime_error'"},
    {"crash", RT_LEVEL_CRITICAL, "*** stack smashing detected ***: terminated"},
    {"crash", RT_LEVEL_CRITICAL, "double free or corruption (fasttop)"},
    {"crash", RT_LEVEL_CRITICAL, "free(): invalid pointer"},
    {"crash", RT_LEVEL_CRITICAL, "Fatal Python error: Segmentation fault"},
    {"assert", RT_LEVEL_CRITICAL, "x: t.c:5: main: Assertion `x > 0' failed."},
    {"sanitizer", RT_LEVEL_CRITICAL, "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1"},
    {"sanitizer", RT_LEVEL_CRITICAL, "WARNING: ThreadSanitizer: data race (pid=12)"},
    {"valgrind", RT_LEVEL_ERROR, "==123== Invalid read of size 4"},
};

static const char *const prose[] = {
    "0 errors", "error-free", "no warnings", "Errors: 0", "2 errors, 3 warnings", "the error was fixed",
    "Error handling improved", "An error occurred somewhere", "we had an ERROR in there",
    "2026-01-01 12:00:00 we had an ERROR in there", "terror: none", "errors=0 warnings=0", "error=0 warning=0",
    "warning_count: 3", "info", "I am fine: thanks", "log: x", "Alert: new mail for you", "debugging is hard",
    "note that this is info", "GET /error/404 HTTP/1.1", "GET /warn?level=3", "https://example.com/error:80",
    "Fine: no problem", "the config: x", "x = error", "fatality: 3", "std::error::Error", "error::Kind",
    "panic room", "bash: line 1: x: command not found", "ls: cannot access 'x': No such file or directory",
    "{\"msg\":\"error: x\"}", "{\"level\":3,\"score\":2}", "{\"priority\":1}", "{}", "{\"a\":", "{\"a\":\"b\\", "{\"a\\",
    "<3 you all", "<999>x", "<>x", "E0820", "E/x", "E12 3", "(E) x", "==", "==1", "==1==", "** x **", "***", "make: Nothing to be done",
    "I2C bus ready", "Wed Jan 01 12:00:00 UTC 2026", "12:M", "a: b: c", "", " ", "\t", "e", "er", "err", "[", "[error", "error]",
    "user: failed error rate 3%", "level=3", "level=", "level", "<error>x</error>", "\xff\xfe\xfd", "Compiling error v0.1",
    "test error ... ok", "warning", "2026-01-01 12:00:00 INFORMATIVE text", "use of undefined reference",
};

RT_TEST(samples_of_every_style)
{
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct sample *s = &samples[i];
        struct rt_level_guess g = rt_level_infer(s->line, strlen(s->line));
        const char *style = rt_style_name(g.style);
        if (g.level != s->level || !style || strcmp(style, s->style))
            rt_test_fail(__FILE__, __LINE__, "%s: %s by %s, expected %s by %s", s->line, rt_level_text(g.level), style ? style : "none",
                         rt_level_text(s->level), s->style);
    }
}

RT_TEST(every_style_has_a_sample)
{
    for (unsigned style = 1; style < RT_STYLE_COUNT; style++) {
        bool found = false;
        for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
            found |= !strcmp(samples[i].style, rt_style_name(style));
        if (!found)
            rt_test_fail(__FILE__, __LINE__, "no sample of style %s", rt_style_name(style));
    }
}

RT_TEST(prose_has_no_level)
{
    for (size_t i = 0; i < sizeof prose / sizeof *prose; i++) {
        struct rt_level_guess g = rt_level_infer(prose[i], strlen(prose[i]));
        if (g.level)
            rt_test_fail(__FILE__, __LINE__, "%s: %s by %s", prose[i], rt_level_text(g.level), rt_style_name(g.style));
        CHECK_INT(g.style, RT_STYLE_NONE);
    }
}

RT_TEST(colours_and_blanks_in_front_hide_nothing)
{
    static const char *const fronts[] = {"\x1b[31m", "\x1b[1;31m\x1b[K", "  ", "\t", "\x1b[0m "};
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "%sERROR: x", fronts[i]);
        CHECK_INT(rt_level_infer(line, (size_t)n).level, RT_LEVEL_ERROR);
    }
}

RT_TEST(only_the_front_of_a_line_counts)
{
    char line[400];
    memset(line, '.', sizeof line);
    memcpy(line, "[2026] ", 7);
    memcpy(line + 120, " [error] ", 9);
    CHECK_INT(rt_level_infer(line, sizeof line).level, RT_LEVEL_ERROR);
    memset(line + 120, '.', 9);
    memcpy(line + 200, " [error] ", 9);
    CHECK_INT(rt_level_infer(line, sizeof line).level, RT_LEVEL_NONE);
}

/* Lines are given by length: each prefix stands in memory of its own, so that a sanitizer sees a read behind it. */
RT_TEST(every_prefix_is_safe)
{
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t n = 0; n <= strlen(samples[i].line); n++) {
            char *line = malloc(n ? n : 1);
            memcpy(line, samples[i].line, n);
            CHECK(rt_level_infer(line, n).level < RT_LEVEL_COUNT);
            free(line);
        }
}

RT_TEST(words_by_themselves)
{
    CHECK_INT(rt_level_of_word("Warning", 7), RT_LEVEL_WARN);
    CHECK_INT(rt_level_of_word("informational", 13), RT_LEVEL_INFO);
    CHECK_INT(rt_level_of_word("errors", 6), RT_LEVEL_NONE);
    CHECK_INT(rt_level_of_word("level", 5), RT_LEVEL_NONE);
    CHECK_INT(rt_level_of_word("", 0), RT_LEVEL_NONE);
}
