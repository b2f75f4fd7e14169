/* Where rows can go, by the public functions: standard output, callbacks, lists of files, other recordings, a web page. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/unit/rows_kit.h"

static rr_error err;

static void file_here(char path[64], const char *name)
{
    snprintf(path, 64, "/tmp/retap-to-%d-%s", (int)getpid(), name);
}

static uint32_t rows_of_file(const char *path)
{
    rr_rrd_message m = {.struct_size = sizeof m};
    rr_rrd_reader *reader = rr_rrd_reader_open(path, &err);
    uint32_t n = 0;
    OK(err);
    while (rr_rrd_reader_next(reader, &m, &err))
        n += m.kind == RR_RRD_CHUNK && !strcmp(m.entity_path, "/x") ? m.n_rows : 0;
    OK(err);
    CHECK(rr_rrd_reader_has_footer(reader));
    rr_rrd_reader_free(reader);
    return n;
}

RT_TEST(test_standard_output_gets_a_whole_recording)
{
    char path[64];
    file_here(path, "stdout.rrd");
    rr_recording_stream rec = kit_open("x", NULL);
    int before = dup(STDOUT_FILENO), file = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(dup2(file, STDOUT_FILENO) >= 0);
    rr_log_scalar(rec, "/x", 1); /* waits for the sink */
    rr_recording_stream_stdout_ex(rec, NULL, &err);
    rr_log_scalar(rec, "/x", 2);
    rr_recording_stream_free(rec);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(file);
    OK(err);
    CHECK_INT(rows_of_file(path), 2);
    unlink(path);
}

RT_TEST(test_several_files_get_the_same_rows)
{
    char a[64], b[64];
    file_here(a, "a.rrd");
    file_here(b, "b.rrd");
    rr_recording_stream rec = kit_open("x", NULL);
    rr_log_sink list[2] = {rr_sink_file(a), rr_sink_file(b)};
    rr_recording_stream_set_sinks_ex(rec, list, 2, NULL, &err);
    OK(err);
    for (int i = 0; i < 5; i++)
        rr_log_scalar(rec, "/x", i);
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), 0);
    CHECK_INT(rows_of_file(a), 5);
    CHECK_INT(rows_of_file(b), 5);
    unlink(a);
    unlink(b);
}

/* A flush that nobody waits for held the stream when it was freed; the worker closed it then, and a process that ended meanwhile did not wait, since
 * there were no streams any more: no footer. The same with a program that ends while its last stream is being closed by another thread. */
RT_TEST(test_a_file_is_whole_when_the_program_ends_right_after_free)
{
    char path[64];
#ifdef __SANITIZE_THREAD__
    enum { ROUNDS = 12 }; /* each ends with a second's sleep */
#else
    enum { ROUNDS = 60 };
#endif
    file_here(path, "exit.rrd");
    for (int round = 0; round < ROUNDS; round++) {
        int status = -1;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            rr_stream_options o = rr_stream_options_default("app");
            o.save = path;
            rr_recording_stream rec = rr_recording_stream_open(&o, &err);
            rr_log_scalar(rec, "/x", 1);
            rr_recording_stream_flush_blocking(rec, 0, NULL);
            if (round % 3)
                rr_recording_stream_free(rec);
            else
                rr_recording_stream_close(rec, 10, NULL);
            if (round % 2)
                exit(0);
            CHECK_INT(rows_of_file(path), 1); /* free has waited, too */
            exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_INT(status, 0);
        CHECK_INT(rows_of_file(path), 1);
    }
    unlink(path);
}

static void collect(void *ctx, const uint8_t *bytes, size_t n)
{
    CHECK_INT(rt_buf_append(ctx, bytes, n), 0);
}

RT_TEST(test_a_callback_gets_a_whole_recording)
{
    struct rt_buf all = {0};
    rr_recording_stream rec = kit_open("x", NULL);
    rr_recording_stream_set_callback(rec, NULL, NULL, &err);
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "fn");
    rr_recording_stream_set_callback(rec, collect, &all, &err);
    OK(err);
    rr_log_scalar(rec, "/x", 1);
    rr_log_scalar(rec, "/x", 2);
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), 0);
    CHECK_INT(kit_rows((rr_bytes){all.data, (uint32_t)all.len}, "/x", false), 2);
    rt_buf_deinit(&all);
}

RT_TEST(test_a_full_buffer_drops_its_oldest_rows_and_counts_them)
{
    rr_chunk_batcher_config always = rr_chunk_batcher_config_always();
    rr_stream_options o = rr_stream_options_default("app");
    o.batcher = &always;
    o.buffer_limit_bytes = 64 << 10;
    o.send_properties = 2;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    OK(err);
    for (int i = 0; i < 500; i++)
        rr_log_scalar(rec, "/x", i);
    rr_recording_stream_flush_blocking(rec, 10, &err);
    uint64_t dropped = rr_recording_stream_dropped(rec);
    CHECK(dropped > 0 && dropped < 500);
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    OK(err);
    CHECK_INT(kit_drain(mem, "/x") + dropped, 500);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_a_recording_is_sent_on)
{
    rr_memory_recording *from_mem, *to_mem;
    rr_bytes bytes;
    rr_recording_stream from = kit_open("from", &from_mem), to = kit_open("to", &to_mem);
    for (int i = 0; i < 3; i++)
        rr_log_scalar(from, "/x", i);
    CHECK_INT(rr_memory_recording_drain(from_mem, &bytes, &err), 0);
    rr_log_scalar(to, "/x", 9);
    CHECK_INT(rr_recording_stream_send_recording_bytes(to, bytes, &err), 0);
    CHECK_INT(kit_drain(to_mem, "/x"), 4);
    CHECK_INT(rr_recording_stream_send_recording_bytes(to, (rr_bytes){(const uint8_t *)"no recording", 12}, &err), RR_ERROR_CODE_FILE_READ);
    FAILS(err, RR_ERROR_CODE_FILE_READ, "byte");
    rr_bytes_free(&bytes);
    rr_recording_stream_free(from);
    rr_recording_stream_free(to);
    rr_memory_recording_free(from_mem);
    rr_memory_recording_free(to_mem);
}

RT_TEST(test_a_page_has_what_its_options_say)
{
    char path[64], *page = NULL;
    struct stat st;
    rr_memory_recording *mem;
    rr_html_options o = rr_html_options_default();
    CHECK_INT(o.width, 950);
    CHECK_INT(o.height, 712);
    CHECK_INT(o.timeout_ms, 2000);
    rr_recording_stream rec = kit_open("x", &mem);
    rr_log_scalar(rec, "/x", 1);
    file_here(path, "page.html");
    o.width = 321;
    o.height = 123;
    o.timeout_ms = 4567;
    o.app_url = "https://viewer.example/here?a=\"<";
    CHECK_INT(rr_memory_recording_write_html(mem, path, &o, &err), 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fstat(fd, &st) == 0 && (page = calloc(1, (size_t)st.st_size + 1)));
    CHECK(read(fd, page, (size_t)st.st_size) == st.st_size);
    close(fd);
    CHECK(strstr(page, "321") && strstr(page, "123") && strstr(page, "4567") && strstr(page, "https://viewer.example/here"));
    CHECK(!strstr(page, "a=\"<")); /* nothing of it ends an attribute or begins a tag */
    CHECK_INT(kit_drain(mem, "/x"), 1); /* still there */
    free(page);
    unlink(path);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_panels_and_entities_of_a_blueprint_are_checked)
{
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_node view = rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_DOCUMENT, "/", NULL);
    rr_blueprint_text_document_format(bp, view, true, false);
    rr_blueprint_entity_interactive(bp, view, "/x", false);
    CHECK_INT(rr_blueprint_error(bp, &err), 0);
    rr_blueprint_text_document_format(bp, 4711, true, false);
    CHECK(rr_blueprint_error(bp, &err) != 0 && strstr(err.description, "4711"));
    rr_blueprint_free(bp);
}
