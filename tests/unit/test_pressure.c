/* Lanes that are full, threads that can't be started, time that is over: what the core keeps, counts and says then. */
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "recording/lane.h"
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

RT_TEST(test_an_abandoned_stream_has_no_sinks_left)
{
    char file[64];
    snprintf(file, sizeof file, "/tmp/retap-pressure-%d.rrd", (int)getpid());
    rr_recording_stream rec = kit_open("a", NULL);
    rr_log_scalar(rec, "/x", 1); /* a worker runs */
    rr_recording_stream_flush_blocking(rec, 10, &err);
    OK(err);
    rr_stream_options o = rr_stream_options_default("app");
    o.save = file;
    o.owner = 1;
    rr_recording_stream own = rr_recording_stream_open(&o, &err);
    OK(err);
    rr_recording_stream_abandon(own);
    CHECK(!rr_recording_stream_is_enabled(own, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "handle");
    rr_recording_stream_free(rec);
    unlink(file);
}

RT_TEST(test_only_an_owner_continues_a_file)
{
    rr_stream_options o = rr_stream_options_default("app");
    o.resume = 1;
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "resume");
    o.save = "/tmp/nowhere.rrd";
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "resume");
}

/* ---------------------------------------------------------------- threads are caught by the linker (--wrap) */

static bool no_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attr, start, arg);
}

static void ignore(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
}

RT_TEST(test_without_a_worker_a_full_lane_is_emptied_by_its_thread)
{
    enum { ROWS = 1000, LARGE = 40 };
    static char text[1 << 20];
    rr_memory_recording *mem;
    rr_bytes bytes = {0};
    no_threads = true;
    rr_set_warning_handler(ignore, NULL);
    rr_recording_stream rec = kit_open("alone", &mem);
    memset(text, 'x', sizeof text - 1);
    alarm(20);
    for (int i = 0; i < LARGE; i++)
        rr_log_text(rec, "/large", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
    text[1000] = 0;
    for (int i = 0; i < ROWS; i++)
        rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(kit_rows(bytes, "/x", false), ROWS);
    CHECK_INT(kit_rows(bytes, "/large", false), LARGE);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

RT_TEST(test_close_takes_no_longer_than_it_may)
{
    rr_recording_stream rec = open_held();
    rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, "another", RR_NO_FIELDS);
    double before = now();
    CHECK_INT(rr_recording_stream_close(rec, 0.5f, &err), RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT);
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT, "time");
    CHECK(now() - before < 0.9);
    rt_store_release(&holds, 0);
}

/* @row logs one; the lane is full before all have been. */
static void keeps_errno(void (*row)(rr_recording_stream rec, int i), int n)
{
    rr_memory_recording *mem;
    pthread_t t;
    rr_recording_stream rec = kit_open("errno", &mem), held = open_held();
    CHECK_INT(pthread_create(&t, NULL, let_go, NULL), 0);
    for (int i = 0; i < n; i++) {
        errno = 4711;
        row(rec, i);
        CHECK_INT(errno, 4711);
    }
    CHECK_INT(rt_load_acquire(&holds), 0);
    CHECK_INT(pthread_join(t, NULL), 0);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(held);
    rr_memory_recording_free(mem);
}

static void log_line(rr_recording_stream rec, int i)
{
    static char text[30000];
    memset(text, 'x', sizeof text - 1);
    text[i % 4 ? 1000 : sizeof text - 1] = 0;
    rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
}

static void log_number(rr_recording_stream rec, int i)
{
    rr_log_scalar(rec, "/s", i);
}

static void log_formatted(rr_recording_stream rec, int i)
{
    rr_logf_to(rec, "/f", RR_LOG_LEVEL_INFO, "number %d", i);
}

RT_TEST(test_errno_is_the_programs)
{
    keeps_errno(log_number, 20000);
    keeps_errno(log_line, 8000); /* the lane has grown */
    keeps_errno(log_formatted, 60000);
}

static void *first_row(void *rec)
{
    errno = 4711;
    rr_log_scalar((rr_recording_stream)(uintptr_t)rec, "/s", 1);
    return (void *)(uintptr_t)errno;
}

RT_TEST(test_errno_survives_a_threads_first_row_and_the_start_of_the_worker)
{
    pthread_t t;
    void *left;
    rr_recording_stream rec = kit_open("first", NULL);
    no_threads = true;
    rr_set_warning_handler(ignore, NULL);
    CHECK_INT((uintptr_t)first_row((void *)(uintptr_t)rec), 4711);
    no_threads = false;
    CHECK_INT(pthread_create(&t, NULL, first_row, (void *)(uintptr_t)rec), 0);
    CHECK_INT(pthread_join(t, &left), 0);
    CHECK_INT((uintptr_t)left, 4711);
    rr_recording_stream_free(rec);
}

RT_TEST(test_lanes_leave_number_0_of_row_ids_to_rows_of_signal_handlers)
{
    struct rt_lanes lanes = {0};
    CHECK_INT(rt_lane_take(&lanes)->number, 1);
    CHECK_INT(rt_lane_take(&lanes)->number, 2);
}

/* ---------------------------------------------------------------- children */

RT_TEST(test_a_child_does_not_count_what_its_parent_dropped)
{
    static char text[2000];
    int status;
    rr_stream_options o = rr_stream_options_default("app");
    o.full_policy = RR_FULL_DROP_NEWEST;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err), held = open_held();
    OK(err);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 4000; i++)
        rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
    rt_store_release(&holds, 0);
    CHECK(rr_recording_stream_dropped(rec) > 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (!pid)
        _exit(rr_recording_stream_dropped(rec) ? 1 : 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(held);
}

/* ---------------------------------------------------------------- flush */

RT_TEST(test_a_flush_without_time_is_done_where_nobody_has_to_wait)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("quick", &mem);
    for (int i = 0; i < 10; i++) {
        rr_log_scalar(rec, "/x", i);
        usleep(20000); /* the worker naps, or sleeps */
        uint64_t before = rr_memory_recording_num_msgs(mem);
        rr_log_scalar(rec, "/x", i);
        rr_recording_stream_flush_blocking(rec, 0, &err);
        OK(err);
        CHECK(rr_memory_recording_num_msgs(mem) > before);
    }
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}
