/* What compaction at close merges, and what it leaves as it was. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/chunk_kit.h"

static char dir[64], path[128];

static struct rt_recording *file_recording(void)
{
    const struct rt_recording_config config = {"test", "rec", RR_STORE_KIND_RECORDING, {4096, 384 << 10, 8192, 0}, false};
    struct rt_recording *rec;
    struct rt_sink *sink;
    if (!dir[0]) {
        strcpy(dir, "/tmp/retap-test-XXXXXX");
        CHECK(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/a.rrd", dir);
    }
    CHECK_INT(rt_recording_new(&config, &rec, NULL), 0);
    CHECK_INT(rt_sink_file(path, RT_SINK_CREATE, true, &sink, NULL), 0);
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    return rec;
}

static void tidy(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK_INT(system(command), 0);
}

static uint64_t n_sent;

static void row(struct rt_recording *rec, const char *entity, uint32_t flags, const struct rt_row_time *times, uint32_t n_times,
                const struct rt_cell *cells, uint32_t n)
{
    const struct rt_row r = {{T0 + n_sent, 7}, entity, (uint32_t)strlen(entity), flags, n_times, n, times, cells};
    n_sent++;
    CHECK_INT(rt_recording_row(rec, &r, NULL), 0);
}

/* A row at frame @i with a scalar, and with a name when @named. */
static void scalar(struct rt_recording *rec, const char *entity, uint32_t flags, int i, bool named)
{
    const double v = i;
    uint32_t end;
    const struct rt_row_time times[] = {{"frame", 5, RR_TIME_TYPE_SEQUENCE, i}, {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + i}};
    const struct rt_cell cells[] = {f64_cell(rt_type_of_table(RT_C_Scalars_scalars), &v, 1),
                                    text_cell(rt_type_of_table(RT_C_RecordingInfo_name), "x", &end)};
    row(rec, entity, flags, times, 2, cells, named ? 2 : 1);
}

struct found {
    uint32_t chunks, rows, padded; /* rows with a cell that is an empty list */
    uint8_t last_id[16];
    bool ids_ascend;
};

/* The entity's chunks in the closed file. */
static struct found find(const char *entity)
{
    struct found f = {.ids_ascend = true};
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    CHECK_INT(rt_rrd_reader_open(path, &r, NULL), 0);
    int end;
    while (!(end = rt_rrd_reader_next(r, &frame, NULL))) {
        struct rt_chunk c = {0};
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, NULL), 0);
        for (uint32_t i = 0; !strcmp(c.entity_path, entity) && i < c.n_rows; i++) {
            f.chunks += i == 0;
            f.rows++;
            f.ids_ascend &= memcmp(f.last_id, c.row_ids + 16 * i, 16) < 0;
            memcpy(f.last_id, c.row_ids + 16 * i, 16);
            for (uint32_t k = 0; k < c.n_columns; k++) {
                bool null = false;
                f.padded += c.columns[k].kind == RT_COLUMN_COMPONENT && !rt_cell_count(&c.columns[k], i, &null) && !null;
            }
        }
        rt_chunk_deinit(&c);
    }
    CHECK_INT(end, RT_RRD_E_END);
    CHECK(rt_rrd_reader_has_footer(r));
    rt_rrd_reader_free(r);
    return f;
}

RT_TEST(test_rows_are_merged_by_shape_and_keep_their_ids)
{
    struct rt_recording *rec = file_recording();
    for (int i = 0; i < 40; i++) {
        scalar(rec, "/a", 0, i, i % 4 == 0);
        scalar(rec, "/b", 0, -i, false); /* backwards in time */
        rt_recording_flush(rec, NULL);
    }
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct found a = find("/a"), b = find("/b");
    CHECK_INT(a.chunks, 2); /* with and without a name */
    CHECK_INT(a.rows, 40);
    CHECK_INT(a.padded, 0);
    CHECK_INT(b.chunks, 1);
    CHECK(b.ids_ascend);
    uint8_t last[16];
    rt_tuid_bytes((struct rt_tuid){T0 + 79, 7}, last);
    CHECK_MEM(b.last_id, 16, last, 16);
    tidy();
}

RT_TEST(test_text_rows_are_merged_with_empty_lists_for_what_came_later)
{
    struct rt_recording *rec = file_recording();
    for (int i = 0; i < 40; i++) {
        uint32_t ends[2];
        const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + i};
        const struct rt_cell cells[] = {text_cell(rt_type_of_table(RT_C_TextLog_text), "line", &ends[0]),
                                        text_cell(rt_type_of_table(RT_C_TextLog_level), "INFO", &ends[1])};
        row(rec, "/log", RT_ROW_TEXT, &time, 1, cells, i < 20 ? 1 : 2);
        rt_recording_flush(rec, NULL);
    }
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct found f = find("/log");
    CHECK_INT(f.chunks, 1);
    CHECK_INT(f.rows, 40);
    CHECK_INT(f.padded, 20);
    tidy();
}

RT_TEST(test_null_cells_and_static_rows_stay)
{
    struct rt_recording *rec = file_recording();
    static const int64_t frames[] = {0, 1};
    static const double values[] = {1, 2};
    static const int32_t offsets[] = {0, 1, 2};
    static const uint8_t valid[] = {2};
    const void *fb[] = {NULL, frames}, *vb[] = {NULL, values}, *lb[] = {valid, offsets};
    struct ArrowArray f = {.length = 2, .n_buffers = 2, .buffers = fb}, v = {.length = 2, .n_buffers = 2, .buffers = vb}, *child = &v;
    struct ArrowArray l = {.length = 2, .null_count = 1, .n_buffers = 2, .n_children = 1, .buffers = lb, .children = &child};
    const struct rt_time_column time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, &f};
    const struct rt_list_column column = {rt_type_of_table(RT_C_Scalars_scalars), &l};
    for (int i = 0; i < 10; i++) {
        scalar(rec, "/a", 0, i, false);
        scalar(rec, "/static", RT_ROW_STATIC, i, i % 2);
        CHECK_INT(rt_recording_columns(rec, "/nulls", 6, (struct rt_tuid){T0, 100u + (uint64_t)i * 10}, &time, 1, &column, 1, NULL), 0);
        rt_recording_flush(rec, NULL);
    }
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    CHECK_INT(find("/a").chunks, 1);
    CHECK_INT(find("/nulls").chunks, 10);
    struct found s = find("/static");
    CHECK_INT(s.chunks, 2);
    CHECK_INT(s.rows, 10);
    tidy();
}

/* @calls of send_columns with @n rows. */
static void send_columns(struct rt_recording *rec, const char *entity, int calls, int n)
{
    static int64_t frames[100];
    static double values[100];
    static int32_t offsets[101];
    const void *fb[] = {NULL, frames}, *vb[] = {NULL, values}, *lb[] = {NULL, offsets};
    struct ArrowArray f = {.length = n, .n_buffers = 2, .buffers = fb}, v = {.length = n, .n_buffers = 2, .buffers = vb}, *child = &v;
    struct ArrowArray l = {.length = n, .n_buffers = 2, .n_children = 1, .buffers = lb, .children = &child};
    const struct rt_time_column time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, &f};
    const struct rt_list_column column = {rt_type_of_table(RT_C_Scalars_scalars), &l};
    for (int call = 0; call < calls; call++) {
        for (int i = 0; i < n; i++) {
            frames[i] = call * n + i;
            offsets[i + 1] = i + 1;
        }
        CHECK_INT(rt_recording_columns(rec, entity, (uint32_t)strlen(entity), (struct rt_tuid){T0, (uint64_t)call * 1000}, &time, 1, &column, 1,
                                       NULL), 0);
    }
}

RT_TEST(test_chunks_that_a_caller_made_are_merged_only_when_tiny)
{
    struct rt_recording *rec = file_recording();
    send_columns(rec, "/hundreds", 20, 100);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    CHECK_INT(find("/hundreds").chunks, 20);
    rec = file_recording();
    send_columns(rec, "/tens", 40, 10);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct found f = find("/tens");
    CHECK_INT(f.chunks, 1);
    CHECK_INT(f.rows, 400);
    CHECK(f.ids_ascend);
    tidy();
}

/* Images, say: nothing becomes smaller by being written again. */
RT_TEST(test_few_large_rows_are_no_small_chunk)
{
    struct rt_recording *rec = file_recording();
    static char big[250 << 10];
    struct stat before, after;
    for (size_t i = 0; i < sizeof big - 1; i++)
        big[i] = (char)('a' + i * 7919 % 26);
    for (int i = 0; i < 10; i++) {
        uint32_t end;
        const struct rt_row_time time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, i};
        const struct rt_cell cell = text_cell(rt_type_of_table(RT_C_RecordingInfo_name), big, &end);
        row(rec, "/big", 0, &time, 1, &cell, 1);
        rt_recording_flush(rec, NULL);
    }
    CHECK_INT(stat(path, &before), 0);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    CHECK_INT(stat(path, &after), 0);
    CHECK_INT(find("/big").chunks, 10);
    CHECK_INT(before.st_ino, after.st_ino);
    tidy();
}

/* Chunks of a usual size end where the settings say; only what is small is merged. */
RT_TEST(test_merged_chunks_are_not_larger_than_viewers_like)
{
    struct rt_recording *rec = file_recording();
    for (int i = 0; i < 10000; i++) {
        scalar(rec, "/a", 0, i, false);
        if (i % 500 == 0)
            rt_recording_flush(rec, NULL);
    }
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct found f = find("/a");
    CHECK_INT(f.chunks, 3);
    CHECK_INT(f.rows, 10000);
    CHECK(f.ids_ascend);
    tidy();
}

RT_TEST(test_without_time_the_file_stays_as_it_is)
{
    struct rt_recording *rec = file_recording();
    for (int i = 0; i < 20; i++) {
        scalar(rec, "/a", 0, i, false);
        rt_recording_flush(rec, NULL);
    }
    CHECK_INT(rt_recording_close(rec, 1, NULL), 0);
    CHECK_INT(find("/a").chunks, 20);
    tidy();
}

RT_TEST(test_a_file_that_has_another_name_or_is_another_is_left_alone)
{
    char other[160];
    struct rt_recording *rec = file_recording();
    for (int i = 0; i < 20; i++) {
        scalar(rec, "/a", 0, i, false);
        rt_recording_flush(rec, NULL);
    }
    snprintf(other, sizeof other, "%s/b.rrd", dir);
    CHECK_INT(rename(path, other), 0);
    FILE *f = fopen(path, "w"); /* somebody else's file of the same name */
    CHECK(f && fputs("mine", f) >= 0 && fclose(f) == 0);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_size, 4);
    CHECK_INT(rename(other, path), 0);
    CHECK_INT(find("/a").chunks, 20);
    tidy();
}
