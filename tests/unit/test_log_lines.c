/* Log calls as programs make them, down to the chunks: the quick way into the lane for all sizes, signal handlers in between, errno. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <retap.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "encode/decode.h"
#include "tests/harness/test.h"

#define FILE_NAME "log_lines.rrd"

static rr_error err;

static rr_recording_stream open_stream(void)
{
    rr_stream_options o = rr_stream_options_default("lines");
    o.save = FILE_NAME;
    o.send_properties = 2;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    if (!rec)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    return rec;
}

struct row {
    const char *entity, *text, *level;
    size_t text_len, level_len;
    int64_t line; /* -1 = none */
};

static size_t cell(const struct rt_chunk *c, uint32_t row, const char *name, const char **ret)
{
    const struct rt_chunk_column *col = rt_chunk_find(c, RT_COLUMN_COMPONENT, name);
    bool null;
    *ret = NULL;
    return col && rt_cell_count(col, row, &null) == 1 ? rt_cell_bytes(col, row, 0, ret) : 0;
}

/* Closes the stream and looks at each row. Return: how many there are. */
static uint32_t close_and_read(rr_recording_stream rec, void (*look)(const struct row *r))
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error e;
    uint32_t rows = 0;
    CHECK_INT(rr_recording_stream_close(rec, -1, &err), 0);
    CHECK_INT(rt_rrd_reader_open(FILE_NAME, &r, &e), 0);
    while (rt_rrd_reader_next(r, &frame, &e) == 0) {
        struct rt_chunk c;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, &e), 0);
        for (uint32_t i = 0; i < c.n_rows; i++, rows++) {
            struct row row = {.entity = c.entity_path, .line = -1};
            const struct rt_chunk_column *line = rt_chunk_find(&c, RT_COLUMN_COMPONENT, "retap.Log:line");
            bool null;
            row.text_len = cell(&c, i, "TextLog:text", &row.text);
            row.level_len = cell(&c, i, "TextLog:level", &row.level);
            if (line && rt_cell_count(line, i, &null))
                rt_cell_i64(line, i, 0, &row.line);
            look(&row);
        }
        rt_chunk_deinit(&c);
    }
    rt_rrd_reader_free(r);
    unlink(FILE_NAME);
    return rows;
}

/* ---------------------------------------------------------------- sizes */

enum { SIZES = 2100, LEVELS = 41 };

static char pattern(uint32_t n, uint32_t i)
{
    return (char)('a' + (n * 7 + i) % 26);
}

static void look_at_size(const struct row *r)
{
    CHECK_STR(r->entity, "/sizes");
    CHECK_INT(r->level_len, r->text_len % LEVELS);
    for (uint32_t i = 0; i < r->text_len; i++)
        CHECK(r->text[i] == pattern((uint32_t)r->text_len, i));
    for (uint32_t i = 0; i < r->level_len; i++)
        CHECK(r->level[i] == pattern((uint32_t)r->level_len, i));
}

RT_TEST(texts_and_levels_of_all_sizes)
{
    static char text[SIZES], level[LEVELS];
    rr_recording_stream rec = open_stream();
    for (uint32_t n = 0; n < SIZES; n++) {
        for (uint32_t i = 0; i < n; i++)
            text[i] = pattern(n, i);
        for (uint32_t i = 0; i < n % LEVELS; i++)
            level[i] = pattern(n % LEVELS, i);
        rr_log_text_n(rec, n % 2 ? "/sizes" : "sizes", n % 2 ? 6 : 5, level, n % LEVELS, text, n, RR_NO_FIELDS);
    }
    CHECK_INT(close_and_read(rec, look_at_size), SIZES);
}

static void look_at_path(const struct row *r)
{
    char path[128];
    snprintf(path, sizeof path, "/%.*s", (int)r->text_len, r->text);
    for (char *c = path; *c; c++)
        *c = *c == '|' ? '/' : *c;
    CHECK_STR(r->entity, path);
}

/* Paths that come back to the places where a thread keeps those it has seen; the text tells which it was. */
RT_TEST(paths_of_all_sizes)
{
    char path[100], text[100];
    uint32_t rows = 0;
    rr_recording_stream rec = open_stream();
    for (int round = 0; round < 2; round++)
        for (uint32_t n = 1; n < 70; n++)
            for (char last = 'x'; last <= 'z'; last++, rows++) {
                for (uint32_t i = 0; i < n; i++)
                    path[i] = i % 5 == 3 && i + 1 < n ? '/' : i + 1 < n ? 'p' : last;
                path[n] = 0;
                strcpy(text, path);
                for (char *c = text; *c; c++)
                    *c = *c == '/' ? '|' : *c;
                rr_log_text(rec, path, "INFO", text, RR_NO_FIELDS);
            }
    CHECK_INT(close_and_read(rec, look_at_path), rows);
}

static void look_at_strange_path(const struct row *r)
{
    CHECK_STR(r->entity, r->level_len ? "/a/b\\ c" : "/a/b_c");
}

RT_TEST(paths_that_need_a_closer_look)
{
    static const char *const paths[] = {"/a/b\\ c", "/a/b c", "a/b c", "//a//b c//", "a/b\\ c/"};
    rr_recording_stream rec = open_stream();
    for (int i = 0; i < 10; i++) {
        rr_log_text(rec, i % 2 ? "/a/b_c" : "a/b_c", NULL, "as long as another, the same at the end", RR_NO_FIELDS);
        rr_log_text(rec, paths[i % 5], "INFO", "x", RR_NO_FIELDS);
    }
    rr_log_text(rec, "__a/b c", "INFO", "refused", RR_NO_FIELDS);
    rr_log_text(rec, "/__a", "INFO", "refused", RR_NO_FIELDS);
    rr_log_text(rec, "__a", "INFO", "refused", RR_NO_FIELDS);
    CHECK_INT(close_and_read(rec, look_at_strange_path), 20);
}

/* ---------------------------------------------------------------- formatted */

static uint32_t seen_with_line, seen_without;
static void look_at_line(const struct row *r)
{
    seen_with_line += r->line > 0;
    seen_without += r->line < 0;
}

static void __attribute__((format(printf, 2, 3))) my_log(rr_recording_stream rec, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rr_vlogf(rec, "/mine", RR_LOG_LEVEL_INFO, RR_LOG_SITE, format, args);
    va_end(args);
}

RT_TEST(lines_of_wrappers)
{
    rr_recording_stream rec = open_stream();
    my_log(rec, "%d and %s", 1, "two");
    rr_logf_at(rec, "/mine", NULL, NULL, "nowhere");
    CHECK_INT(close_and_read(rec, look_at_line), 2);
    CHECK_INT(seen_with_line, 1);
    CHECK_INT(seen_without, 1);
}

/* ---------------------------------------------------------------- whose recording */

static uint32_t seen_of[2];
static void look_at_owner(const struct row *r)
{
    CHECK_STR(r->entity, "/h/x");
    CHECK(r->text_len == 1);
    seen_of[r->text[0] - '0']++;
}

struct emitter {
    rr_logging_handler *handler;
    rr_recording_stream rec;
    const char *text;
};
static void *emit_in_own(void *arg)
{
    const struct emitter *e = arg;
    rr_log_record r = rr_log_record_default();
    r.logger = "x";
    r.message = e->text;
    RR_WITH_RECORDING(e->rec)
        for (int i = 0; i < 1000; i++)
            rr_logging_handler_emit(e->handler, &r);
    return NULL;
}

/* One handler, two threads with a recording each: a row goes to that of the thread that emits. */
RT_TEST(a_handler_follows_the_thread)
{
    pthread_t threads[2];
    rr_logging_handler *h = rr_logging_handler_new("/h");
    rr_stream_options o = rr_stream_options_default("other");
    rr_recording_stream mine = open_stream(), other = rr_recording_stream_open(&o, &err);
    struct emitter e[2] = {{h, mine, "0"}, {h, other, "1"}};
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, emit_in_own, &e[i]));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    rr_recording_stream_free(other);
    rr_logging_handler_free(h);
    CHECK_INT(close_and_read(mine, look_at_owner), 1000);
    CHECK_INT(seen_of[0], 1000);
    CHECK_INT(seen_of[1], 0);
}

/* ---------------------------------------------------------------- errno, streams that are none */

RT_TEST(errno_stays)
{
    rr_recording_stream rec = open_stream();
    rr_logging_handler *h = rr_logging_handler_new("/h");
    rr_log_record r = rr_log_record_default();
    rr_logging_handler_set_recording(h, rec);
    for (int i = 0; i < 20000; i++) { /* lanes fill, threads start and are woken */
        errno = 77;
        rr_log_text(rec, "/e", "ERROR", "x", RR_NO_FIELDS);
        CHECK_INT(errno, 77);
        rr_logf_to(rec, "/e", "INFO", "%d", i);
        CHECK_INT(errno, 77);
        rr_logging_handler_emit(h, &r);
        CHECK_INT(errno, 77);
    }
    rr_logging_handler_flush(h, 10, &err);
    CHECK_INT(err.code, 0);
    rr_logging_handler_free(h);
    seen_with_line = 0;
    CHECK_INT(close_and_read(rec, look_at_line), 60000);
}

RT_TEST(streams_that_are_none)
{
    rr_text_log_options o = rr_text_log_options_default();
    rr_log_text(RR_CURRENT, "/x", "INFO", "nobody listens", RR_NO_FIELDS);
    CHECK_INT(rr_log_text_ex(RR_CURRENT, "/x", "nobody listens", &o, &err), 0);
    rr_log_text(4711, "/x", "INFO", "no such stream: a warning", RR_NO_FIELDS);
    o.strict = 1;
    CHECK_INT(rr_log_text_ex(4711, "/x", "no such stream", &o, &err), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    CHECK(strstr(err.description, "4711"));
}

/* ---------------------------------------------------------------- signals */

static rr_recording_stream signal_rec;
static uint64_t n_accepted_mt;
static uint32_t stop_mt, seen_signals, seen_lines;

static void on_signal(int signo)
{
    if (rr_log_signal_safe(signo == SIGUSR1 ? signal_rec : RR_CURRENT, "/signals", "WARN", "caught"))
        rt_add_relaxed(&n_accepted_mt, 1);
}

static void *log_until_stop(void *ret_count)
{
    uint32_t n = 0;
    while (!rt_load_acquire(&stop_mt)) {
        rr_log_text(signal_rec, "/lines", RR_LOG_LEVEL_INFO, "interrupted", RR_NO_FIELDS);
        rr_logf_to(signal_rec, "/lines", RR_LOG_LEVEL_INFO, "%d", n);
        n += 2;
    }
    *(uint32_t *)ret_count = n;
    return NULL;
}

static void look_at_signal(const struct row *r)
{
    bool is_signal = !strcmp(r->entity, "/signals");
    CHECK(is_signal || !strcmp(r->entity, "/lines"));
    seen_signals += is_signal;
    seen_lines += !is_signal;
}

RT_TEST(signal_handlers_interrupt_log_calls)
{
    pthread_t threads[2];
    uint32_t n_lines[2];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    signal_rec = open_stream();
    rr_recording_stream_set_global(signal_rec, RR_STORE_KIND_RECORDING);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, log_until_stop, &n_lines[i]));
    uint64_t end = rt_mono_ns() + 1000000000u;
    for (unsigned i = 0; rt_mono_ns() < end; i++) {
        pthread_kill(threads[i % 2], i % 3 ? SIGUSR1 : SIGUSR2);
        if (i % 64 == 0)
            usleep(1000);
    }
    rt_store_release(&stop_mt, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    rr_recording_stream_flush_blocking(signal_rec, 30, &err); /* lines for the global recording find it */
    CHECK_INT(err.code, 0);
    rr_recording_stream_set_global(0, RR_STORE_KIND_RECORDING);
    close_and_read(signal_rec, look_at_signal);
    CHECK_INT(seen_lines, n_lines[0] + n_lines[1]);
    CHECK_INT(seen_signals, n_accepted_mt);
    CHECK(seen_signals > 100);
}

/* The only line of the program comes from a handler, and nobody logs after it. */
RT_TEST(a_line_of_a_handler_alone)
{
    signal_rec = open_stream();
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    CHECK_INT(close_and_read(signal_rec, look_at_signal), 1);
    CHECK_INT(seen_signals, 1);
}
