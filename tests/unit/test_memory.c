/* Memory recordings, callback and list of sinks, through the public functions. */
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <retap.h>

#include "encode/decode.h"
#include "recording/log.h"
#include "tests/harness/test.h"

static rr_error err;

static void log_text(rr_recording_stream rec, const char *path, const char *text)
{
    const struct rt_slice s = rt_slice(text, strlen(text));
    const struct rt_value v = {.type = rt_type_of_table(RT_C_TextLog_text), .n = 1, .values = &s};
    CHECK_INT(rt_log_row(rec, path, strlen(path), RT_LOG_TEXT, 0, &v, 1, &err), 0);
}

/* Chunks are cut by flush only. */
static rr_recording_stream open_stream(void)
{
    const rr_chunk_batcher_config never = rr_chunk_batcher_config_never();
    rr_stream_options o = rr_stream_options_default("memory");
    o.recording_id = "rec";
    o.batcher = &never;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    if (!rec)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    return rec;
}

static void ok(void)
{
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%x %s", err.code, err.description);
}

/* Rows of text in a complete .rrd; with a footer. */
static uint32_t rows_in(const void *p, size_t n)
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error e;
    uint32_t rows = 0;
    int fd = memfd_create("rrd", 0), end;
    CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    lseek(fd, 0, SEEK_SET);
    CHECK_INT(rt_rrd_reader_open_fd(fd, "bytes", &r, &e), 0);
    while ((end = rt_rrd_reader_next(r, &frame, &e)) == 0) {
        struct rt_chunk c;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, &e), 0);
        rows += rt_chunk_find(&c, RT_COLUMN_COMPONENT, "TextLog:text") ? c.n_rows : 0;
        rt_chunk_deinit(&c);
    }
    CHECK_INT(end, RT_RRD_E_END);
    CHECK(rt_rrd_reader_has_footer(r));
    rt_rrd_reader_free(r);
    return rows;
}

RT_TEST(test_messages_are_counted_after_a_flush_and_drained_whole)
{
    rr_recording_stream rec = open_stream();
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_bytes bytes = {0};
    ok();
    CHECK_INT(rr_memory_recording_num_msgs(mem), 2); /* StoreInfo, properties */
    log_text(rec, "/a", "one");
    log_text(rec, "/a", "two");
    CHECK_INT(rr_memory_recording_num_msgs(mem), 3); /* not flushed by hand */
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(rows_in(bytes.bytes, bytes.length), 2);
    rr_bytes_free(&bytes);
    CHECK(!bytes.bytes && !bytes.length);
    CHECK_INT(rr_memory_recording_num_msgs(mem), 0);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(rows_in(bytes.bytes, bytes.length), 0);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_what_was_logged_before_is_in_memory_and_goes_on_to_a_file)
{
    rr_recording_stream rec = open_stream();
    char path[] = "/tmp/retap-memory-XXXXXX";
    close(mkstemp(path));
    log_text(rec, "/a", "buffered");
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    log_text(rec, "/a", "in memory");
    CHECK_INT(rr_memory_recording_num_msgs(mem), 4);
    rr_recording_stream_save(rec, rr_make_string(path), &err);
    ok();
    CHECK_INT(rr_memory_recording_num_msgs(mem), 0);
    log_text(rec, "/a", "in the file");
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), 0);
    int fd = open(path, 0);
    struct stat st;
    fstat(fd, &st);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK_INT(rows_in(p, (size_t)st.st_size), 3);
    munmap(p, (size_t)st.st_size);
    close(fd);
    unlink(path);
    rr_memory_recording_free(mem);
}

RT_TEST(test_memory_can_be_drained_when_its_stream_is_gone)
{
    rr_recording_stream rec = open_stream();
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_bytes bytes = {0};
    log_text(rec, "/a", "one");
    rr_recording_stream_free(rec);
    CHECK_INT(rr_memory_recording_num_msgs(mem), 3);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(rows_in(bytes.bytes, bytes.length), 1);
    rr_bytes_free(&bytes);
    rr_memory_recording_free(mem);
}

RT_TEST(test_memory_of_a_forked_child_starts_empty)
{
#ifdef __SANITIZE_THREAD__
    rt_test_skip("ThreadSanitizer ends children that start a thread");
#endif
    rr_recording_stream rec = open_stream();
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    rr_bytes bytes = {0};
    int status;
    log_text(rec, "/a", "parent");
    CHECK_INT(rr_memory_recording_num_msgs(mem), 3);
    pid_t pid = fork();
    if (!pid) {
        alarm(20);
        log_text(rec, "/a", "child 1");
        log_text(rec, "/a", "child 2");
        if (rr_memory_recording_drain(mem, &bytes, &err))
            _exit(2);
        _exit(rows_in(bytes.bytes, bytes.length) == 2 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(rows_in(bytes.bytes, bytes.length), 1);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_null_and_unknown_are_refused)
{
    rr_bytes bytes;
    rr_memory_recording *mem = rr_recording_stream_memory(12345, &err);
    CHECK(!mem);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    err.code = 0;
    CHECK(!rr_recording_stream_memory(RR_CURRENT, &err)); /* none is current: nothing, and no error */
    ok();
    CHECK_INT(rr_memory_recording_num_msgs(NULL), 0);
    CHECK_INT(rr_memory_recording_drain(NULL, &bytes, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "mem"));
    rr_memory_recording_free(NULL);
    rr_bytes_free(NULL);
}

/* ---------------------------------------------------------------- set_sinks */

RT_TEST(test_duplicates_are_refused_before_a_file_is_touched)
{
    rr_recording_stream rec = open_stream();
    char path[] = "/tmp/retap-twice-XXXXXX", other[64];
    int fd = mkstemp(path);
    CHECK_INT(write(fd, "precious", 8), 8);
    snprintf(other, sizeof other, "/tmp/../tmp/%s", path + 5);
    rr_log_sink same[] = {{.kind = RR_LOG_SINK_KIND_FILE, .file = {rr_make_string(path)}},
                          {.kind = RR_LOG_SINK_KIND_FILE, .file = {rr_make_string(other)}}};
    rr_recording_stream_set_sinks(rec, same, 2, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    same[1] = (rr_log_sink){.kind = RR_LOG_SINK_KIND_GRPC, .grpc = {rr_make_string("rerun+http://localhost/proxy"), 1}};
    rr_recording_stream_set_sinks(rec, same, 2, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_NOT_IMPLEMENTED);
    struct stat st;
    fstat(fd, &st);
    CHECK_INT(st.st_size, 8);
    close(fd);
    unlink(path);
    rr_recording_stream_free(rec);
}

RT_TEST(test_arguments_of_network_sinks_are_checked_as_officially)
{
    rr_recording_stream rec = open_stream();
    const rr_string url = rr_make_string("rerun+http://127.0.0.1:9876/proxy"), ip = rr_make_string("127.0.0.1"), limit = rr_make_string("1GiB");
    const struct {
        rr_string url;
        float timeout;
        rr_error_code code;
    } connects[] = {{url, 1, RR_ERROR_CODE_NOT_IMPLEMENTED}, {{NULL, 0}, 1, RR_ERROR_CODE_INVALID_STRING_ARGUMENT},
                    {{NULL, 3}, 1, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT}, {{"a\0b", 3}, 1, RR_ERROR_CODE_INVALID_STRING_ARGUMENT},
                    {rr_make_string("http://h"), 1, RR_ERROR_CODE_INVALID_SERVER_URL}, {url, NAN, RR_ERROR_CODE_INVALID_TIME_ARGUMENT},
                    {url, -1, RR_ERROR_CODE_INVALID_TIME_ARGUMENT}, {url, INFINITY, RR_ERROR_CODE_INVALID_TIME_ARGUMENT}};
    for (size_t i = 0; i < sizeof connects / sizeof *connects; i++) {
        rr_recording_stream_connect_grpc(rec, connects[i].url, connects[i].timeout, &err);
        CHECK_INT(err.code, connects[i].code);
    }
    rr_recording_stream_connect_grpc(777, url, 1, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    const struct {
        rr_string ip, limit;
        rr_error_code code;
    } serves[] = {{ip, limit, RR_ERROR_CODE_NOT_IMPLEMENTED}, {rr_make_string("[::1]"), limit, RR_ERROR_CODE_NOT_IMPLEMENTED},
                  {{NULL, 0}, limit, RR_ERROR_CODE_INVALID_STRING_ARGUMENT}, {rr_make_string("localhost"), limit, RR_ERROR_CODE_RECORDING_STREAM_SERVE_GRPC_FAILURE},
                  {ip, {NULL, 0}, RR_ERROR_CODE_INVALID_MEMORY_LIMIT}, {ip, rr_make_string("many"), RR_ERROR_CODE_INVALID_MEMORY_LIMIT}};
    for (size_t i = 0; i < sizeof serves / sizeof *serves; i++) {
        rr_recording_stream_serve_grpc(rec, serves[i].ip, 9876, serves[i].limit, false, NULL, 0, &err);
        CHECK_INT(err.code, serves[i].code);
    }
    const rr_string empty = {NULL, 0};
    rr_recording_stream_serve_grpc(rec, ip, 9876, limit, false, &empty, 1, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    rr_spawn(NULL, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_NOT_IMPLEMENTED);
    CHECK(strstr(err.description, "not implemented yet"));
    rr_recording_stream_free(rec);
}
