/* Lanes that are full, threads that can't be started, time that is over: what the core keeps, counts and says then. */
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "tests/unit/rows_kit.h"

static rr_error err;
static int holds;

static void hold(void *ctx, const uint8_t *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    if (n > 200)
        while (rt_load_acquire(&holds))
            usleep(1000);
}

/* A recording whose callback keeps the worker until @holds is 0 again. */
static rr_recording_stream open_held(void)
{
    rr_recording_stream rec = kit_open("held", NULL);
    rr_recording_stream_set_callback(rec, hold, NULL, &err);
    OK(err);
    rt_store_release(&holds, 1);
    rr_log_text(rec, "/x", RR_LOG_LEVEL_ERROR, "the worker waits for this one", RR_NO_FIELDS);
    usleep(50000);
    return rec;
}

static void *let_go(void *unused)
{
    usleep(300000);
    rt_store_release(&holds, 0);
    return unused;
}

static bool has_column(struct ArrowSchema *schema, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!strcmp(schema->children[i]->name, name))
            return true;
    return false;
}

/* Rows of entity @path in chunks with @timeline. */
static uint32_t rows_with(rr_bytes bytes, const char *path, const char *timeline)
{
    rr_rrd_message m = {.struct_size = sizeof m};
    rr_rrd_reader *reader = rr_rrd_reader_open_bytes(bytes, &err);
    struct ArrowSchema schema;
    struct ArrowArray array;
    uint32_t n = 0;
    OK(err);
    while (rr_rrd_reader_next(reader, &m, &err)) {
        if (m.kind != RR_RRD_CHUNK || strcmp(m.entity_path, path))
            continue;
        rr_rrd_reader_chunk(reader, &schema, &array, &err);
        OK(err);
        n += has_column(&schema, timeline) ? m.n_rows : 0;
        schema.release(&schema);
        array.release(&array);
    }
    OK(err);
    rr_rrd_reader_free(reader);
    return n;
}

RT_TEST(test_a_row_that_waited_for_room_keeps_all_its_timelines)
{
    enum { ROWS = 3000 };
    static char text[1000];
    rr_memory_recording *mem;
    rr_bytes bytes = {0};
    pthread_t t;
    rr_recording_stream rec = kit_open("ticks", &mem), held = open_held();
    rr_recording_stream_set_log_tick_enabled(rec, true);
    rr_set_time_sequence(rec, "zz", 7);
    memset(text, 'x', sizeof text - 1);
    CHECK_INT(pthread_create(&t, NULL, let_go, NULL), 0);
    for (int i = 0; i < ROWS; i++)
        rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
    CHECK_INT(pthread_join(t, NULL), 0);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(rows_with(bytes, "/x", "log_tick"), ROWS);
    CHECK_INT(rows_with(bytes, "/x", "zz"), ROWS);
    CHECK_INT(rows_with(bytes, "/x", "log_time"), ROWS);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(held);
    rr_memory_recording_free(mem);
}
