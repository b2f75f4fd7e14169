/* Batches of rows: columns exist where some row has a cell, seq where it isn't dense, and nothing is lost at the edges of batches. */
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collect/rows.h"
#include "encode/decode.h"
#include "tests/harness/test.h"

static char path[] = "/tmp/retap-rows-XXXXXX";

static void start(struct rt_rows *r)
{
    rr_stream_options o = rr_stream_options_default("test");
    o.owner = 1;
    rr_error err = {0};
    close(mkstemp(path));
    o.save = path;
    o.compact_at_close = 2;
    CHECK_INT(rt_rows_init(r, rr_recording_stream_open(&o, &err)), 0);
    CHECK(r->rec != 0);
}

static void add(struct rt_rows *r, const char *entity, const char *text, struct rt_log_row more)
{
    static int64_t now;
    more.time_ns = ++now;
    more.mono_ns = (uint64_t)now;
    more.level = RT_LEVEL_INFO;
    more.text = text;
    more.text_len = strlen(text);
    if (!more.pri)
        more.pri = -1;
    CHECK_INT(rt_rows_add(r, rt_rows_entity(r, entity), &more), 0);
}

typedef void (*chunk_fn)(const struct rt_chunk *c);

/* Calls @fn for each chunk of @entity. Return: rows seen. */
static uint32_t finish(struct rt_rows *r, const char *entity, chunk_fn fn)
{
    struct rt_rrd_reader *reader;
    struct rt_frame frame;
    struct rt_error err = {0};
    uint32_t n = 0;
    CHECK_INT(rt_rows_flush(r), 0);
    CHECK_INT(rr_recording_stream_close(r->rec, 10, NULL), 0);
    rt_rows_deinit(r);
    CHECK_INT(rt_rrd_reader_open(path, &reader, &err), 0);
    while (rt_rrd_reader_next(reader, &frame, &err) == 0) {
        struct rt_chunk c;
        if (frame.kind != RT_FRAME_ARROW || rt_chunk_decode(&frame, &c, &err))
            continue;
        if (!strcmp(c.entity_path, entity)) {
            n += c.n_rows;
            if (fn)
                fn(&c);
        }
        rt_chunk_deinit(&c);
    }
    rt_rrd_reader_free(reader);
    unlink(path);
    return n;
}

static uint32_t checked;

static void no_extras(const struct rt_chunk *c)
{
    static const char *const never[] = {"retap.Log:seq", "retap.Log:pri", "retap.Log:raw", "retap.Log:ident"};
    for (int i = 0; i < 4; i++)
        CHECK(rt_chunk_find(c, RT_COLUMN_COMPONENT, never[i]) == NULL);
    CHECK(rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:pid") != NULL);
}

RT_TEST(test_plain_rows_have_no_columns_they_do_not_need)
{
    struct rt_rows r;
    start(&r);
    for (int i = 0; i < 1000; i++)
        add(&r, "/logs/a/stderr", "text", (struct rt_log_row){.pid = 1});
    CHECK_INT(r.next_seq, 1000);
    CHECK_INT(finish(&r, "/logs/a/stderr", no_extras), 1000);
}

/* Row i has a number, bytes or neither, by i. */
static void check_cells(const struct rt_chunk *c)
{
    const struct rt_chunk_column *text = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:text"), *pri = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:pri"),
                                 *raw = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:raw");
    for (uint32_t row = 0; row < c->n_rows; row++, checked++) {
        const char *p;
        size_t n = rt_cell_bytes(text, row, 0, &p);
        CHECK(n < 16);
        char number[16] = {0};
        memcpy(number, p, n);
        int i = atoi(number);
        int64_t v = -1;
        bool has = pri && rt_cell_i64(pri, row, 0, &v);
        CHECK_INT(has, i % 7 == 3);
        CHECK(!has || v == i);
        n = raw ? rt_cell_bytes(raw, row, 0, &p) : 0;
        CHECK_INT(n, i % 300 == 299 ? n : 0);
        CHECK(i % 300 != 299 || (n == strlen(number) && !memcmp(p, number, n)));
    }
}

RT_TEST(test_sparse_cells_stay_with_their_rows)
{
    struct rt_rows r;
    char text[16];
    start(&r);
    for (int i = 0; i < 2000; i++) {
        struct rt_log_row row = {.pid = 1, .pri = i % 7 == 3 ? i : -1};
        snprintf(text, sizeof text, "%d", i);
        if (i % 300 == 299)
            row.raw = text, row.raw_len = strlen(text);
        add(&r, "/logs/a/stderr", text, row);
    }
    CHECK_INT(finish(&r, "/logs/a/stderr", check_cells), 2000);
    CHECK_INT(checked, 2000);
}

static uint32_t seq_cells;
static int first_jump = 15;
static void count_seq(const struct rt_chunk *c)
{
    const struct rt_chunk_column *seq = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:seq");
    int64_t v;
    for (uint32_t i = 0; seq && i < c->n_rows; i++)
        if (rt_cell_i64(seq, i, 0, &v)) {
            CHECK_INT(v, seq_cells ? 15 : first_jump);
            seq_cells++;
        }
}

/* 10 rows there, 3 here, 2 there, 5 here: one place where seq jumps, and, after a restart, the first row too. */
static uint32_t jumps(bool resumed)
{
    static const struct { const char *entity; int n; } runs[] = {{"/logs/b/x", 10}, {"/logs/a/x", 3}, {"/logs/b/x", 2}, {"/logs/a/x", 5}};
    struct rt_rows r;
    start(&r);
    r.resumed = resumed;
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < runs[k].n; i++)
            add(&r, runs[k].entity, "t", (struct rt_log_row){.pid = 1});
    CHECK_INT(finish(&r, "/logs/a/x", count_seq), 8);
    return seq_cells;
}

RT_TEST(test_seq_is_written_where_it_jumps)
{
    CHECK_INT(jumps(false), 1);
}

RT_TEST(test_seq_is_written_after_a_restart)
{
    first_jump = 10;
    CHECK_INT(jumps(true), 2);
}

RT_TEST(test_large_rows_do_not_wait_for_a_full_batch)
{
    static char text[200001];
    struct rt_rows r;
    start(&r);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 20; i++)
        add(&r, "/logs/a/x", text, (struct rt_log_row){.pid = 1});
    CHECK(r.n_stored >= 18);
    CHECK_INT(finish(&r, "/logs/a/x", NULL), 20);
}

RT_TEST(test_entities_have_a_limit_and_known_ones_stay)
{
    struct rt_rows r;
    char name[32];
    start(&r);
    struct rt_entity *first = rt_rows_entity(&r, "/logs/0/x");
    for (uint32_t i = 1; i < RT_ENTITIES_MAX; i++) {
        snprintf(name, sizeof name, "/logs/%u/x", i);
        CHECK(rt_rows_entity(&r, name) != NULL);
    }
    CHECK(rt_rows_entity(&r, "/logs/one-more/x") == NULL);
    CHECK(rt_rows_entity(&r, "/logs/0/x") == first);
    CHECK(rt_rows_entity(&r, "/logs/other/x") != NULL);
    CHECK(rt_rows_entity(&r, "/logs/retap/collector") != NULL);
    CHECK_INT(finish(&r, "/", NULL), 0);
}

/* Regression: rows whose batch brought a chunk to be written that failed were counted with the chunk and by themselves. */
RT_TEST(test_rows_that_do_not_fit_the_disk_are_counted_once)
{
    struct rt_rows r;
    struct rlimit limit, small;
    char text[200];
    uint32_t n = 60000;
    start(&r);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = (struct rlimit){300000, limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    struct rt_log_row row = {.pri = -1, .text = text, .level = RT_LEVEL_INFO};
    for (uint32_t i = 0; i < n; i++) {
        row.text_len = (size_t)snprintf(text, sizeof text, "%x %x %x", i * 2654435761u, i * 2246822519u, i * 3266489917u);
        row.time_ns = row.mono_ns = i + 1;
        rt_rows_add(&r, rt_rows_entity(&r, "/logs/a/stderr"), &row);
    }
    rt_rows_flush(&r);
    rr_recording_stream_flush_blocking(r.rec, 10, NULL);
    uint64_t lost = rr_recording_stream_dropped(r.rec) + r.n_failed;
    CHECK(lost > 0 && lost < n);
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK_INT(finish(&r, "/logs/a/stderr", NULL) + lost, n);
}
