/* Groups: samples of every kind, each as the rows it must become. Rows are given as "LEVEL lines first-line-of-text". */
#include "meaning/assemble.h"
#include "tests/harness/test.h"

struct rows {
    char text[16384];
    size_t len;
};

static void note_row(void *ctx, const struct rt_row *row)
{
    struct rows *r = ctx;
    const char *nl = memchr(row->text, '\n', row->text_len);
    int first = (int)(nl ? (size_t)(nl - row->text) : row->text_len);
    int n = snprintf(r->text + r->len, sizeof r->text - r->len, "%s %u %.*s\n", rt_level_text(row->level), row->n_lines, first, row->text);
    r->len += (size_t)n;
    CHECK(r->len < sizeof r->text);
}

/* The rows of @input when it comes in pieces of @piece bytes. */
static void rows_of(struct rows *r, const char *input, size_t piece, bool no_group)
{
    struct rt_assembler_options o = {.no_group = no_group};
    struct rt_assembler a;
    size_t len = strlen(input);
    *r = (struct rows){.len = 0};
    rt_assembler_init(&a, &o);
    for (size_t at = 0; at < len; at += piece)
        CHECK_INT(rt_assembler_feed(&a, input + at, len - at < piece ? len - at : piece, 1, 1, note_row, r), 0);
    rt_assembler_close(&a, note_row, r);
    rt_assembler_deinit(&a);
}

static const struct {
    const char *name, *input, *rows;
} groups[] = {
    {"python traceback",
     "before\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\n    ~^^\nKeyError: 'x'\nafter\n",
     "INFO 1 before\nERROR 5 KeyError: 'x'\nINFO 1 after\n"},
    {"python chained",
     "Traceback (most recent call last):\n  File \"a.py\", line 1\n    f()\nKeyError: 'x'\n\nDuring handling of the above exception, "
     "another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 2\nmy.mod.Error: bad\n\nafter\n",
     "ERROR 10 my.mod.Error: bad\nINFO 1 \nINFO 1 after\n"},
    {"python cause",
     "Traceback (most recent call last):\n  File \"a.py\", line 1\nOSError: a\n\nThe above exception was the direct cause of the following "
     "exception:\n\nTraceback (most recent call last):\n  File \"a.py\", line 2\nRuntimeError\n",
     "ERROR 9 RuntimeError\n"},
    {"python syntax error", "  File \"a.py\", line 1\n    if x\n       ^\nSyntaxError: expected ':'\n", "ERROR 4 SyntaxError: expected ':'\n"},
    {"python syntax error behind a traceback",
     "Traceback (most recent call last):\n  File \"a.py\", line 1\nA: x\n  File \"b.py\", line 1\n    if x\n       ^\nSyntaxError: y\n",
     "ERROR 3 A: x\nERROR 4 SyntaxError: y\n"},
    {"python logging.exception",
     "ERROR:root:request failed\nTraceback (most recent call last):\n  File \"a.py\", line 1\nValueError: x\nINFO:root:next\n",
     "ERROR 4 ERROR:root:request failed\nINFO 1 INFO:root:next\n"},
    {"two python tracebacks",
     "Traceback (most recent call last):\n  File \"a\"\nA: 1\nTraceback (most recent call last):\n  File \"a\"\nB: 2\n",
     "ERROR 3 A: 1\nERROR 3 B: 2\n"},
    {"faulthandler",
     "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f (most recent call first):\n  File \"a.py\", line 1 in f\n\nafter\n",
     "CRITICAL 4 Fatal Python error: Segmentation fault\nINFO 1 \nINFO 1 after\n"},
    {"java exception",
     "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat a.B.c(B.java:3)\n\tat a.B.main(B.java:9)\nCaused by: "
     "java.io.IOException: x\n\tat a.C.d(C.java:1)\n\t... 2 more\nafter\n",
     "ERROR 6 Exception in thread \"main\" java.lang.IllegalStateException: no\nINFO 1 after\n"},
    {"bare java exception", "java.lang.RuntimeException: x\n\tat a.B.c(B.java:3)\nafter\n", "ERROR 2 java.lang.RuntimeException: x\nINFO 1 after\n"},
    {"an exception's name alone is a row", "java.lang.RuntimeException: x\nafter\n", "INFO 1 java.lang.RuntimeException: x\nINFO 1 after\n"},
    {"java below its log line",
     "12:00:00.1 [main] ERROR a.B - failed\njava.io.IOException: x\n\tat a.B.c(B.java:3)\n12:00:00.2 [main] INFO  a.B - next\n",
     "ERROR 3 12:00:00.1 [main] ERROR a.B - failed\nINFO 1 12:00:00.2 [main] INFO  a.B - next\n"},
    {"java.util.logging", "Aug 20, 2026 12:34:56 PM a.B start\nSEVERE: no port\nAug 20, 2026 12:34:57 PM a.B start\nINFO: next\n",
     "ERROR 2 SEVERE: no port\nINFO 2 INFO: next\n"},
    {"rust panic",
     "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1` environment variable to display a "
     "backtrace\nafter\n",
     "CRITICAL 3 thread 'main' panicked at src/main.rs:2:5: index out of bounds\nINFO 1 after\n"},
    {"rust assert with backtrace",
     "thread 'main' panicked at src/main.rs:2:5:\nassertion `left == right` failed\n  left: 1\n right: 2\nstack backtrace:\n   0: "
     "rust_begin_unwind\n             at /rustc/x.rs:1:2\n   1: core::panicking\nnote: Some details are omitted, run with "
     "`RUST_BACKTRACE=full` for a verbose backtrace.\nafter\n",
     "CRITICAL 9 thread 'main' panicked at src/main.rs:2:5: assertion `left == right` failed\nINFO 1 after\n"},
    {"rust panic, old style", "thread 'main' panicked at 'boom', src/main.rs:2:5\nafter\n",
     "CRITICAL 1 thread 'main' panicked at 'boom', src/main.rs:2:5\nINFO 1 after\n"},
    {"go panic",
     "panic: runtime error: index out of range [3] with length 1\n\ngoroutine 1 [running]:\nmain.f(...)\n\t/x/main.go:5\nmain.main()\n\t"
     "/x/main.go:9 +0x1d\n\ngoroutine 18 [sleep]:\ntime.Sleep(0x1)\n\t/x/time.go:1\ncreated by main.main in goroutine 1\n\t/x/main.go:8 +0x2f\n"
     "exit status 2\nafter\n",
     "CRITICAL 14 panic: runtime error: index out of range [3] with length 1\nINFO 1 after\n"},
    {"go crash",
     "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1]\n\n"
     "goroutine 1 [running]:\nmain.main()\n\t/x/main.go:9 +0x1d\n\nafter\n",
     "CRITICAL 6 panic: runtime error: invalid memory address or nil pointer dereference\nINFO 1 \nINFO 1 after\n"},
    {"an empty line ends the last goroutine", "panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\tx.go:1\n\nshutdown(now)\n",
     "CRITICAL 5 panic: x\nINFO 1 \nINFO 1 shutdown(now)\n"},
    {"c++ terminate",
     "terminate called after throwing an instance of 'std::runtime_error'\n  what():  boom\nafter\n",
     "CRITICAL 2 terminate called after throwing an instance of 'std::runtime_error' what():  boom\nINFO 1 after\n"},
    {"asan",
     "=================================================================\n==12==ERROR: AddressSanitizer: heap-buffer-overflow on address "
     "0x1\nREAD of size 4 at 0x1 thread T0\n    #0 0x1 in main a.c:3\n\n0x1 is located 0 bytes after\nSUMMARY: AddressSanitizer: "
     "heap-buffer-overflow a.c:3 in main\nShadow bytes around the buggy address:\n  0x0: 00\n=>0x1: 00\nShadow byte legend (one):\n  "
     "Addressable: 00\n==12==ABORTING\nafter\n",
     "CRITICAL 13 ==12==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1\nINFO 1 after\n"},
    {"tsan",
     "==================\nWARNING: ThreadSanitizer: data race (pid=12)\n  Write of size 4 at 0x1 by thread T1:\n    #0 f a.c:3\n\n  Location is "
     "global\n\nSUMMARY: ThreadSanitizer: data race a.c:3 in f\n==================\nafter\n",
     "CRITICAL 9 WARNING: ThreadSanitizer: data race (pid=12)\nINFO 1 after\n"},
    {"ubsan", "a.c:3:5: runtime error: signed integer overflow\n    #0 0x1 in main\nSUMMARY: UndefinedBehaviorSanitizer: x a.c:3:5\nafter\n",
     "ERROR 3 a.c:3:5: runtime error: signed integer overflow\nINFO 1 after\n"},
    {"ubsan, going on", "a.c:3:5: runtime error: shift\nafter\nmore\n", "ERROR 1 a.c:3:5: runtime error: shift\nINFO 1 after\nINFO 1 more\n"},
    {"asan after a signal",
     "AddressSanitizer:DEADLYSIGNAL\n====================\n==12==ERROR: AddressSanitizer: SEGV on unknown address\n    #0 0x1\n\n"
     "AddressSanitizer can not provide additional info.\nSUMMARY: AddressSanitizer: SEGV a.c:3\n==12==ABORTING\n",
     "CRITICAL 1 AddressSanitizer:DEADLYSIGNAL\nCRITICAL 7 ==12==ERROR: AddressSanitizer: SEGV on unknown address\n"},
    {"a row of bars", "====================\nafter\n", "INFO 1 ====================\nINFO 1 after\n"},
    {"valgrind",
     "==9== Invalid read of size 4\n==9==    at 0x1: main (a.c:3)\n==9==  Address 0x1 is 0 bytes after\n==9== \n==9== HEAP SUMMARY:\n"
     "==9==     in use at exit\nafter\n",
     "ERROR 4 ==9== Invalid read of size 4\nINFO 2 ==9== HEAP SUMMARY:\nINFO 1 after\n"},
    {"gcc",
     "In file included from a.c:1:\na.h: In function 'f':\na.h:3:5: error: 'y' undeclared\n    3 |     y = 1;\n      |     ^\na.h:3:5: note: each "
     "undeclared identifier is reported only once\na.c:9:2: warning: unused\n    9 |  int x;\n      |      ^\nmake: *** [Makefile:2: a] Error 1\n",
     "ERROR 6 a.h:3:5: error: 'y' undeclared\nWARN 3 a.c:9:2: warning: unused\nERROR 1 make: *** [Makefile:2: a] Error 1\n"},
    {"clang shows the line as it is",
     "a.c:3:5: error: unknown type name 'foo'\nfoo x;\n^\na.c:4:1: warning: y\nz;\n~^\n1 warning and 1 error generated.\n",
     "ERROR 3 a.c:3:5: error: unknown type name 'foo'\nWARN 3 a.c:4:1: warning: y\nINFO 1 1 warning and 1 error generated.\n"},
    {"an unindented line without carets is a row", "a.c:3:5: error: x\nunrelated\nmore\n", "ERROR 1 a.c:3:5: error: x\nINFO 1 unrelated\nINFO 1 more\n"},
    {"gcc in colours",
     "\x1b[01m\x1b[Ka.c:3:5:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kx\n    3 | \x1b[01;31m\x1b[Ky\x1b[m\x1b[K = 1;\nafter\n",
     "ERROR 2 a.c:3:5: error: x\nINFO 1 after\n"},
    {"ld", "/usr/bin/ld: a.o: in function `main':\na.c:(.text+0x5): undefined reference to `f'\ncollect2: error: ld returned 1 exit status\n",
     "ERROR 2 a.c:(.text+0x5): undefined reference to `f'\nERROR 1 collect2: error: ld returned 1 exit status\n"},
    {"rustc", "error[E0308]: mismatched types\n --> src/main.rs:2:18\n  |\n2 |     let x: i32 = \"a\";\n  |                  ^^^ expected\n\nafter\n",
     "ERROR 5 error[E0308]: mismatched types\nINFO 1 \nINFO 1 after\n"},
    {"node",
     "/app/x.js:10\n    throw new Error(\"x\");\n    ^\n\nError: x\n    at Object.<anonymous> (/app/x.js:10:7) {\n  code: 'E'\n}\n\nNode.js v18.0.0\n"
     "after\n",
     "ERROR 10 Error: x\nINFO 1 after\n"},
    {"node console.error", "TypeError: x is not a function\n    at f (/app/x.js:1:2)\nafter\n", "ERROR 2 TypeError: x is not a function\nINFO 1 after\n"},
    {"glib assertion", "**\nERROR:t.c:12:f: assertion failed: (x)\nafter\n", "ERROR 2 ERROR:t.c:12:f: assertion failed: (x)\nINFO 1 after\n"},
    {"indented below a warning", "WARN: slow\n  query: select\n\tfrom x\nplain\n  indented\n", "WARN 3 WARN: slow\nINFO 1 plain\nINFO 1   indented\n"},
    {"one blank does not join", "WARN: slow\n query\n", "WARN 1 WARN: slow\nINFO 1  query\n"},
    {"indented below INFO", "INFO: x\n    y\n", "INFO 1 INFO: x\nINFO 1     y\n"},
    {"the worst level counts", "WARN: two things\n  ERROR: disk\nafter\n", "ERROR 2 WARN: two things\nINFO 1 after\n"},
    {"empty lines are rows", "a\n\n\nWARN: b\n\nc\n", "INFO 1 a\nINFO 1 \nINFO 1 \nWARN 1 WARN: b\nINFO 1 \nINFO 1 c\n"},
};

RT_TEST(groups_become_one_row)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct rows r;
        rows_of(&r, groups[i].input, strlen(groups[i].input), false);
        if (strcmp(r.text, groups[i].rows))
            rt_test_fail(__FILE__, __LINE__, "%s:\n%sexpected:\n%s", groups[i].name, r.text, groups[i].rows);
    }
}

RT_TEST(pieces_change_nothing)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (size_t piece = 1; piece < 80; piece += 1 + piece / 8) {
            struct rows r;
            rows_of(&r, groups[i].input, piece, false);
            if (strcmp(r.text, groups[i].rows))
                rt_test_fail(__FILE__, __LINE__, "%s in pieces of %zu:\n%sexpected:\n%s", groups[i].name, piece, r.text, groups[i].rows);
        }
}

RT_TEST(without_grouping_every_line_is_a_row)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct rows r;
        size_t lines = 0, rows = 0;
        rows_of(&r, groups[i].input, 50, true);
        for (const char *c = groups[i].input; *c; c++)
            lines += *c == '\n';
        for (const char *c = r.text; *c; c++)
            rows += *c == '\n';
        CHECK_INT(rows, lines);
    }
}

static void keep_text(void *ctx, const struct rt_row *row)
{
    char *text = ctx;
    memcpy(text, row->text, row->text_len);
    text[row->text_len] = 0;
}

/* The telling line comes first, then the group as it was; a first line that tells is not written twice. */
RT_TEST(the_telling_line_is_copied_to_the_front)
{
    static const char python[] = "Traceback (most recent call last):\n  File \"a\"\nKeyError: 'x'";
    static const char java[] = "a.b.SomeException: x\n\tat a.b.C";
    char text[512];
    struct rt_assembler a;
    rt_assembler_init(&a, NULL);
    rt_assembler_feed(&a, python, sizeof python - 1, 1, 1, keep_text, text);
    rt_assembler_close(&a, keep_text, text);
    CHECK_STR(text, "KeyError: 'x'\nTraceback (most recent call last):\n  File \"a\"\nKeyError: 'x'");
    rt_assembler_feed(&a, java, sizeof java - 1, 1, 1, keep_text, text);
    rt_assembler_close(&a, keep_text, text);
    CHECK_STR(text, java);
    rt_assembler_deinit(&a);
}
