/* Sinks by themselves: a recording logs into one, and what came out is read back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "encode/decode.h"
#include "recording/recording.h"
#include "recording/store.h"
#include "tests/harness/test.h"

#define NO_LIMIT UINT64_MAX

static struct rt_error err;
static int64_t now = 1700000000000000000ll;

static struct rt_recording *new_recording(struct rt_sink *sink)
{
    const struct rt_recording_config config = {"sinks", "rec", 0, rt_settings_read(), false};
    struct rt_recording *rec;
    CHECK_INT(rt_recording_new(&config, &rec, &err), 0);
    if (rt_recording_set_sinks(rec, &sink, 1, 0, &err))
        rt_test_fail(__FILE__, __LINE__, "%s", err.message);
    return rec;
}

/* One chunk of one row of @n bytes that do not compress. */
static int log_row(struct rt_recording *rec, const char *path, size_t n, bool is_static)
{
    char *text = malloc(n + 1);
    uint32_t ends[2] = {0, (uint32_t)n}, x = (uint32_t)now;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('!' + ((x = x * 1664525 + 1013904223) >> 24) % 90);
    const rr_column column = {"TextLog:text", text, ends, NULL};
    const rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = 1, .log_time_ns = &now, .text = text, .text_offsets = ends},
                        fixed = {.struct_size = sizeof fixed, .n_rows = 1, .columns = &column, .n_columns = 1};
    now++;
    int r = is_static ? rt_recording_append_static(rec, path, &fixed, &err) : rt_recording_append(rec, path, &batch, &err);
    r = r ? r : rt_recording_flush(rec, &err);
    free(text);
    return r;
}

static int set_sink(struct rt_recording *rec, struct rt_sink *sink)
{
    return rt_recording_set_sinks(rec, &sink, 1, NO_LIMIT, &err);
}

/* ---------------------------------------------------------------- reading back */

struct seen {
    uint32_t infos, chunks, statics, rows;
    int end; /* RT_RRD_E_* */
    bool footer;
    char paths[512]; /* of chunks, a blank behind each */
};

static struct seen read_fd(int fd)
{
    struct seen s = {0};
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
    CHECK_INT(rt_rrd_reader_open_fd(fd, "memory", &r, &err), 0);
    while ((s.end = rt_rrd_reader_next(r, &frame, &err)) == 0) {
        struct rt_chunk c;
        s.infos += frame.kind == RT_FRAME_SET_STORE_INFO;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, &err), 0);
        s.chunks++;
        s.statics += c.is_static;
        s.rows += c.n_rows;
        if (strlen(s.paths) + strlen(c.entity_path) + 2 < sizeof s.paths)
            strcat(strcat(s.paths, c.entity_path), " ");
        rt_chunk_deinit(&c);
    }
    s.footer = rt_rrd_reader_has_footer(r);
    rt_rrd_reader_free(r);
    return s;
}

static struct seen read_bytes(const void *p, size_t n)
{
    int fd = memfd_create("rrd", 0);
    CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    return read_fd(fd);
}

static struct seen drain(struct rt_sink *memory, bool empty)
{
    struct rt_buf out = {0};
    CHECK_INT(rt_sink_memory_read(memory, NULL, &out), 0);
    if (empty)
        rt_sink_memory_empty(memory);
    struct seen s = read_bytes(out.data, out.len);
    CHECK_INT(s.end, RT_RRD_E_END);
    CHECK(s.footer);
    rt_buf_deinit(&out);
    return s;
}

/* ---------------------------------------------------------------- buffered */

RT_TEST(test_buffered_gives_all_to_the_next_sink_in_order)
{
    struct rt_sink *buffer, *memory;
    CHECK_INT(rt_sink_buffered(0, &buffer, &err), 0);
    struct rt_recording *rec = new_recording(buffer);
    for (int i = 0; i < 100; i++)
        CHECK_INT(log_row(rec, i % 2 ? "/b" : "/a", 10, i == 50), 0);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    CHECK_INT(rt_recording_dropped(rec), 0);
    CHECK_INT(rt_sink_memory_count(memory), 101); /* one StoreInfo, not that of the buffer once more */
    struct seen s = drain(memory, true);
    CHECK_INT(s.infos, 1);
    CHECK_INT(s.rows, 100);
    CHECK_INT(s.statics, 1);
    CHECK(!strncmp(s.paths, "/a /b /a /b ", 12));
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

RT_TEST(test_buffered_with_a_limit_loses_the_oldest_chunks_only_and_counts_them)
{
    struct rt_sink *buffer, *memory;
    char path[16];
    CHECK_INT(rt_sink_buffered(64 << 10, &buffer, &err), 0);
    struct rt_recording *rec = new_recording(buffer);
    CHECK_INT(log_row(rec, "/static", 10 << 10, true), 0);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/%d", i);
        CHECK_INT(log_row(rec, path, 10 << 10, false), 0);
    }
    uint64_t lost = rt_recording_dropped(rec);
    CHECK(lost >= 94 && lost < 100);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    CHECK_INT(rt_recording_dropped(rec), lost); /* kept when the sink is gone */
    struct seen s = drain(memory, true);
    CHECK_INT(s.infos, 1);
    CHECK_INT(s.statics, 1);
    CHECK_INT(s.rows, 101 - lost);
    CHECK(strstr(s.paths, "/static ") == s.paths && strstr(s.paths, " /99 ") && !strstr(s.paths, " /0 "));
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

RT_TEST(test_a_chunk_larger_than_the_limit_is_kept_as_the_newest)
{
    struct rt_sink *buffer, *memory;
    CHECK_INT(rt_sink_buffered(1000, &buffer, &err), 0);
    struct rt_recording *rec = new_recording(buffer);
    CHECK_INT(log_row(rec, "/a", 10 << 10, false), 0);
    CHECK_INT(rt_recording_dropped(rec), 0);
    CHECK_INT(log_row(rec, "/b", 10 << 10, false), 0);
    CHECK_INT(rt_recording_dropped(rec), 1);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    CHECK_STR(drain(memory, true).paths, "/b ");
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

RT_TEST(test_buffered_child_starts_empty)
{
    struct rt_sink *buffer, *memory;
    int status;
    CHECK_INT(rt_sink_buffered(0, &buffer, &err), 0);
    struct rt_recording *rec = new_recording(buffer);
    CHECK_INT(log_row(rec, "/parent", 10, false), 0);
    pid_t pid = fork();
    if (!pid) { /* what is the parent's is left behind: no look for leaks at this end */
        struct rt_recording *child = rt_recording_in_child(rec);
        CHECK(child);
        CHECK_INT(log_row(child, "/child", 10, false), 0);
        CHECK_INT(rt_sink_memory(&memory, &err), 0);
        CHECK_INT(set_sink(child, memory), 0);
        CHECK_STR(drain(memory, true).paths, "/child ");
        _exit(0);
    }
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    CHECK_STR(drain(memory, true).paths, "/parent ");
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

/* ---------------------------------------------------------------- memory */

RT_TEST(test_memory_is_read_without_and_with_emptying)
{
    struct rt_sink *memory;
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    struct rt_recording *rec = new_recording(memory);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    CHECK_INT(rt_sink_memory_count(memory), 2);
    CHECK_INT(drain(memory, false).rows, 1);
    CHECK_INT(drain(memory, true).rows, 1);
    CHECK_INT(rt_sink_memory_count(memory), 0);
    struct seen s = drain(memory, true); /* header and footer all the same */
    CHECK_INT(s.infos + s.chunks, 0);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    s = drain(memory, true);
    CHECK_INT(s.infos, 1); /* again, or readers would know nothing of the store */
    CHECK_INT(s.rows, 1);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

RT_TEST(test_memory_outlives_its_recording)
{
    struct rt_sink *memory;
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    struct rt_recording *rec = new_recording(memory);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    CHECK_INT(drain(memory, true).rows, 1);
    rt_sink_memory_unref(memory);
}

RT_TEST(test_memory_gives_what_was_not_read_to_the_next_sink)
{
    struct rt_sink *first, *second;
    CHECK_INT(rt_sink_memory(&first, &err), 0);
    struct rt_recording *rec = new_recording(first);
    CHECK_INT(log_row(rec, "/read", 10, false), 0);
    CHECK_STR(drain(first, true).paths, "/read ");
    CHECK_INT(log_row(rec, "/unread", 10, false), 0);
    CHECK_INT(rt_sink_memory(&second, &err), 0);
    CHECK_INT(set_sink(rec, second), 0);
    CHECK_INT(rt_sink_memory_count(first), 0);
    CHECK_STR(drain(second, true).paths, "/unread ");
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(first);
    rt_sink_memory_unref(second);
}

/* ---------------------------------------------------------------- callback, nothing */

struct collected {
    struct rt_buf bytes;
    int calls;
};

static void collect(void *ctx, const uint8_t *bytes, size_t n)
{
    struct collected *c = ctx;
    c->calls++;
    CHECK_INT(rt_buf_append(&c->bytes, bytes, n), 0);
}

RT_TEST(test_callback_gets_a_whole_stream_frame_by_frame)
{
    struct rt_sink *sink;
    struct collected c = {0};
    CHECK_INT(rt_sink_callback(collect, &c, &sink, &err), 0);
    struct rt_recording *rec = new_recording(sink);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    CHECK_INT(log_row(rec, "/b", 10, false), 0);
    CHECK_INT(c.calls, 4); /* header, StoreInfo, two chunks */
    struct seen s = read_bytes(c.bytes.data, c.bytes.len);
    CHECK_INT(s.rows, 2);
    CHECK(!s.footer);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    s = read_bytes(c.bytes.data, c.bytes.len);
    CHECK_INT(s.rows, 2);
    CHECK(s.footer);
    rt_buf_deinit(&c.bytes);
}

RT_TEST(test_nothing_takes_everything_and_keeps_nothing)
{
    struct rt_sink *sink, *memory;
    CHECK_INT(rt_sink_nothing(&sink, &err), 0);
    struct rt_recording *rec = new_recording(sink);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    CHECK_INT(rt_sink_memory_count(memory), 1);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
}

/* ---------------------------------------------------------------- stdout */

static int saved = -1;

static void stdout_becomes(int fd)
{
    if (saved < 0)
        saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
    CHECK_INT(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    close(fd);
}

static void stdout_comes_back(void)
{
    dup2(saved, STDOUT_FILENO);
    close(saved);
    saved = -1;
}

RT_TEST(test_stdout_into_a_file_ends_with_a_footer)
{
    struct rt_sink *sink;
    int file = memfd_create("out", 0), mine = dup(file);
    stdout_becomes(file);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    CHECK_STR(sink->ops->kind, "stdout");
    struct rt_recording *rec = new_recording(sink);
    CHECK_INT(log_row(rec, "/a", 100 << 10, false), 0);
    CHECK_INT(rt_recording_flush_sinks(rec, NO_LIMIT, true, &err), 0);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    stdout_comes_back();
    struct seen s = read_fd(mine);
    CHECK_INT(s.rows, 1);
    CHECK(s.footer);
}

RT_TEST(test_stdout_on_a_terminal_is_buffered)
{
    struct rt_sink *sink;
    int master, slave;
    CHECK_INT(openpty(&master, &slave, NULL, NULL, NULL), 0);
    stdout_becomes(slave);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    stdout_comes_back();
    CHECK_STR(sink->ops->kind, "buffered");
    sink->ops->close(sink, 0, NULL);
    close(master);
}

RT_TEST(test_stdout_into_a_pipe_without_reader_is_buffered)
{
    struct rt_sink *sink;
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    close(ends[0]);
    stdout_becomes(ends[1]);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    stdout_comes_back();
    CHECK_STR(sink->ops->kind, "buffered");
    sink->ops->close(sink, 0, NULL);
}

static void no_signal(int signum)
{
    (void)signum;
    rt_test_fail(__FILE__, __LINE__, "SIGPIPE came");
}

/* The default action of SIGPIPE would end the test. */
RT_TEST(test_stdout_whose_reader_goes_holds_everything_from_then_on)
{
    struct rt_sink *sink, *memory;
    int ends[2];
    signal(SIGPIPE, no_signal);
    CHECK_INT(pipe(ends), 0);
    stdout_becomes(ends[1]);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    CHECK_STR(sink->ops->kind, "stdout");
    struct rt_recording *rec = new_recording(sink);
    CHECK_INT(log_row(rec, "/went", 10, false), 0);
    close(ends[0]);
    CHECK_INT(log_row(rec, "/held1", 10, false), 0);
    CHECK_INT(log_row(rec, "/held2", 10, false), 0);
    CHECK_INT(rt_recording_dropped(rec), 0);
    CHECK_INT(rt_sink_memory(&memory, &err), 0);
    CHECK_INT(set_sink(rec, memory), 0);
    stdout_comes_back();
    CHECK_STR(drain(memory, true).paths, "/held1 /held2 ");
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    rt_sink_memory_unref(memory);
    sigset_t pending;
    sigpending(&pending);
    CHECK(!sigismember(&pending, SIGPIPE));
}

static void *slow_reader(void *arg)
{
    struct collected *c = arg;
    char some[3000];
    ssize_t n;
    while ((n = read(c->calls, some, sizeof some)) > 0) {
        CHECK_INT(rt_buf_append(&c->bytes, some, (size_t)n), 0);
        usleep(100);
    }
    return NULL;
}

RT_TEST(test_stdout_non_blocking_with_a_slow_reader_loses_nothing)
{
    struct rt_sink *sink;
    struct collected c = {0};
    int ends[2];
    pthread_t thread;
    CHECK_INT(pipe2(ends, O_NONBLOCK), 0);
    fcntl(ends[0], F_SETFL, 0);
    c.calls = ends[0];
    stdout_becomes(ends[1]);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    CHECK_INT(pthread_create(&thread, NULL, slow_reader, &c), 0);
    struct rt_recording *rec = new_recording(sink);
    for (int i = 0; i < 10; i++)
        CHECK_INT(log_row(rec, "/a", 200 << 10, false), 0);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    stdout_comes_back();
    pthread_join(thread, NULL);
    struct seen s = read_bytes(c.bytes.data, c.bytes.len);
    CHECK_INT(s.rows, 10);
    CHECK(s.footer);
    close(ends[0]);
    rt_buf_deinit(&c.bytes);
}

RT_TEST(test_stdout_that_nobody_reads_is_closed_by_the_deadline)
{
    struct rt_sink *sink;
    int ends[2];
    char fill[4096] = {0};
    CHECK_INT(pipe2(ends, O_NONBLOCK), 0);
    int out = dup(ends[1]);
    stdout_becomes(ends[1]);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    struct rt_recording *rec = new_recording(sink);
    while (write(out, fill, sizeof fill) > 0)
        ;
    CHECK_INT(rt_recording_close(rec, 0, &err), -ETIMEDOUT);
    stdout_comes_back();
    close(out);
    close(ends[0]);
}

RT_TEST(test_stdout_on_a_full_disk_is_cut_back_to_whole_frames)
{
    struct rt_sink *sink;
    char dir[] = "/dev/shm/retap-stdout-XXXXXX";
    CHECK(mkdtemp(dir));
    char path[64];
    snprintf(path, sizeof path, "%s/out", dir);
    int file = open(path, O_RDWR | O_CREAT, 0600), mine = dup(file);
    stdout_becomes(file);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    struct rt_recording *rec = new_recording(sink);
    CHECK_INT(log_row(rec, "/a", 10, false), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct stat st;
    fstat(mine, &st);
    const struct rlimit full = {(rlim_t)st.st_size + 5000, RLIM_INFINITY}, free_again = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &full);
    CHECK_INT(log_row(rec, "/too-large", 100 << 10, false), -EFBIG);
    CHECK_INT(rt_recording_dropped(rec), 1);
    setrlimit(RLIMIT_FSIZE, &free_again);
    CHECK_INT(log_row(rec, "/b", 10, false), 0);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    stdout_comes_back();
    struct seen s = read_fd(mine);
    CHECK_STR(s.paths, "/a /b ");
    CHECK(s.footer);
    unlink(path);
    rmdir(dir);
}

RT_TEST(test_stdout_notices_that_the_host_closed_its_duplicate)
{
    struct rt_sink *sink;
    int file = memfd_create("out", 0), mine = dup(file), other;
    stdout_becomes(file);
    CHECK_INT(rt_sink_stdout(0, &sink, &err), 0);
    struct rt_recording *rec = new_recording(sink);
    int before = fcntl(STDERR_FILENO, F_DUPFD, 3);
    close(before);
    close_range(3, 99, 0);
    mine = -1;
    other = memfd_create("other", 0);
    CHECK_INT(log_row(rec, "/a", 10, false), -EBADF);
    CHECK_INT(rt_recording_close(rec, NO_LIMIT, &err), 0);
    struct stat st;
    fstat(other, &st);
    CHECK_INT(st.st_size, 0);
    close(other);
    (void)mine;
    stdout_comes_back();
}
