/* Threads log while one drains memory, sends blueprints and recordings, and sets other sinks: every row is somewhere, once. */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <retap.h>

#include "encode/decode.h"
#include "tests/harness/test.h"

enum { THREADS = 4, ROWS = 3000 };

static rr_error err;
static uint8_t seen[THREADS][ROWS];

static void *logs(void *arg)
{
    rr_recording_stream rec = *(rr_recording_stream *)arg;
    static uint32_t next_mt;
    uint32_t number = __atomic_fetch_add(&next_mt, 1, __ATOMIC_RELAXED);
    char path[32], text[32];
    snprintf(path, sizeof path, "/logs/%u", number);
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "%u %d", number, i);
        rr_log_text(rec, path, NULL, text, RR_NO_FIELDS);
    }
    return NULL;
}

static void note(const char *p, size_t n)
{
    char text[32];
    unsigned thread;
    int row;
    snprintf(text, sizeof text, "%.*s", (int)n, p);
    CHECK_INT(sscanf(text, "%u %d", &thread, &row), 2);
    CHECK(thread < THREADS && row < ROWS && !seen[thread][row]);
    seen[thread][row] = 1;
}

/* Notes the text rows of an .rrd. */
static uint32_t read_all(const void *p, size_t n)
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error e;
    uint32_t rows = 0;
    int fd = memfd_create("rrd", 0);
    CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    lseek(fd, 0, SEEK_SET);
    CHECK_INT(rt_rrd_reader_open_fd(fd, "bytes", &r, &e), 0);
    while (rt_rrd_reader_next(r, &frame, &e) == 0) {
        struct rt_chunk c;
        const char *text;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, &e), 0);
        const struct rt_chunk_column *col = rt_chunk_find(&c, RT_COLUMN_COMPONENT, "TextLog:text");
        for (uint32_t i = 0; col && i < c.n_rows; i++, rows++) {
            size_t len = rt_cell_bytes(col, i, 0, &text);
            note(text, len);
        }
        rt_chunk_deinit(&c);
    }
    rt_rrd_reader_free(r);
    return rows;
}

static void collect(void *ctx, const uint8_t *bytes, size_t n)
{
    CHECK_INT(rt_buf_append(ctx, bytes, n), 0);
}

RT_TEST(test_every_row_is_in_one_sink_once)
{
    rr_stream_options o = rr_stream_options_default("race");
    o.recording_id = "race";
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    pthread_t threads[THREADS];
    rr_blueprint *bp = rr_blueprint_new();
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    uint32_t rows = 0;
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/logs", "logs");
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, logs, &rec), 0);
    for (int i = 0; i < 20; i++) {
        struct rt_buf calls = {0};
        rr_bytes bytes = {0};
        rr_recording_stream_send_blueprint(rec, bp, false, true, &err);
        CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
        rows += read_all(bytes.bytes, bytes.length);
        rr_bytes_free(&bytes);
        if (i % 5 != 4)
            continue;
        rr_recording_stream_set_callback(rec, collect, &calls, &err); /* what memory still holds goes there */
        rr_memory_recording_free(mem);
        mem = rr_recording_stream_memory(rec, &err);
        rows += read_all(calls.data, calls.len);
        rt_buf_deinit(&calls);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    rr_bytes bytes = {0};
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    rows += read_all(bytes.bytes, bytes.length);
    rr_bytes_free(&bytes);
    CHECK_INT(rows, THREADS * ROWS);
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%x %s", err.code, err.description);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
    rr_blueprint_free(bp);
}
