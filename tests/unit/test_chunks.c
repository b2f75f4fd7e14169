/* Rows into chunks: which rows share one, in what order they are in it, what a row lacks, when it is cut. */
#include <errno.h>

#include "tests/unit/chunk_kit.h"

static const struct rt_settings usual = {4096, 384 << 10, 8192, 0};

#define TEXT rt_type_of_table(RT_C_TextLog_text)
#define LEVEL rt_type_of_table(RT_C_TextLog_level)
#define SCALARS rt_type_of_table(RT_C_Scalars_scalars)

static uint64_t next_id;

static struct rt_row row_of(const char *path, uint32_t flags, const struct rt_row_time *times, uint32_t n_times, const struct rt_cell *cells,
                            uint32_t n_cells)
{
    return (struct rt_row){{T0 + next_id, ++next_id}, path, (uint32_t)strlen(path), flags, n_times, n_cells, times, cells};
}

/* A text row; @level NULL: none. */
static void log_text(struct rt_recording *rec, const char *path, const char *text, const char *level)
{
    const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + (int64_t)next_id};
    uint32_t ends[2];
    const struct rt_cell cells[2] = {text_cell(TEXT, text, &ends[0]), level ? text_cell(LEVEL, level, &ends[1]) : (struct rt_cell){0}};
    const struct rt_row row = row_of(path, RT_ROW_TEXT, &time, 1, cells, level ? 2 : 1);
    CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
}

static void log_scalar(struct rt_recording *rec, const char *path, double v, int64_t frame, uint32_t flags)
{
    const struct rt_row_time times[] = {{"frame", 5, RR_TIME_TYPE_SEQUENCE, frame}, {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + frame}};
    const struct rt_cell cell = f64_cell(SCALARS, &v, 1);
    const struct rt_row row = row_of(path, flags, times, flags & RT_ROW_STATIC ? 0 : 2, &cell, 1);
    CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
}

static const char *text_at(const struct rt_chunk_column *col, uint32_t row, bool *ret_null)
{
    static char text[64];
    const char *p;
    if (!rt_cell_count(col, row, ret_null))
        return "";
    int n = (int)rt_cell_bytes(col, row, 0, &p);
    snprintf(text, sizeof text, "%.*s", n, p);
    return text;
}

/* ---------------------------------------------------------------- which rows share a chunk */

RT_TEST(test_text_rows_share_a_chunk_and_what_they_lack_is_an_empty_list)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    bool null;
    log_text(rec, "/a", "one", NULL);
    log_text(rec, "/a", "two", "WARN");
    log_text(rec, "/a", "three", NULL);
    rt_recording_flush(rec, NULL);
    log_text(rec, "/a", "four", NULL);
    rt_recording_flush(rec, NULL);
    CHECK_INT(n_chunks(k), 2);
    struct rt_chunk c = chunk_of(k, 0);
    const struct rt_chunk_column *text = component(&c, "TextLog:text"), *level = component(&c, "TextLog:level");
    CHECK_INT(c.n_rows, 3);
    CHECK_STR(text_at(text, 2, &null), "three");
    static const char *const levels[] = {"", "WARN", ""};
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_STR(text_at(level, i, &null), levels[i]);
        CHECK(!null);
    }
    rt_chunk_deinit(&c);
    c = chunk_of(k, 1); /* a viewer would show WARN again, were the column not there */
    CHECK(component(&c, "TextLog:level"));
    CHECK_INT(rt_cell_count(component(&c, "TextLog:level"), 0, &null), 0);
    CHECK(!null);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_other_rows_are_never_padded)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    const struct rt_component_type *names = rt_type_of_table(RT_C_RecordingInfo_name);
    const double v = 1;
    uint32_t end;
    const struct rt_cell both[] = {f64_cell(SCALARS, &v, 1), text_cell(names, "x", &end)}, swapped[] = {both[1], both[0]};
    const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0};
    for (int i = 0; i < 3; i++) {
        struct rt_row row = row_of("/a", 0, &time, 1, both, 1);
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
        row = row_of("/a", 0, &time, 1, i % 2 ? swapped : both, 2); /* the order of cells does not matter */
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
    }
    rt_recording_flush(rec, NULL);
    CHECK_INT(n_chunks(k), 2);
    for (size_t i = 0; i < 2; i++) {
        struct rt_chunk c = chunk_of(k, i);
        CHECK_INT(c.n_rows, 3);
        CHECK_INT(c.n_columns, 3 + i); /* row id and time, too */
        for (uint32_t n = 0; n < c.n_columns; n++)
            CHECK(!c.columns[n].validity);
        rt_chunk_deinit(&c);
    }
    rt_recording_free(rec);
}

RT_TEST(test_entity_timelines_and_static_tell_chunks_apart)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    const struct rt_row_time as_sequence = {"log_time", 8, RR_TIME_TYPE_SEQUENCE, 1};
    const double v = 2;
    const struct rt_cell cell = f64_cell(SCALARS, &v, 1);
    for (int i = 0; i < 4; i++) {
        log_scalar(rec, "/a", i, i, 0);
        log_scalar(rec, "/ab", i, i, 0);
        log_scalar(rec, "/a", i, i, RT_ROW_STATIC);
        struct rt_row row = row_of("/a", 0, &as_sequence, 1, &cell, 1);
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
        row = row_of("/a", 0, NULL, 0, &cell, 1); /* no timeline at all: static for a reader, but not the same builder by accident */
        row.flags = RT_ROW_STATIC | RT_ROW_TEXT;
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
    }
    rt_recording_flush(rec, NULL);
    CHECK_INT(n_chunks(k), 5);
    static const char *const paths[] = {"/a", "/ab", "/a", "/a", "/a"};
    static const bool is_static[] = {false, false, true, false, true};
    for (size_t i = 0; i < 5; i++) {
        struct rt_chunk c = chunk_of(k, i);
        CHECK_STR(c.entity_path, paths[i]);
        CHECK_INT(c.is_static, is_static[i]);
        CHECK_INT(c.n_rows, 4);
        rt_chunk_deinit(&c);
    }
    rt_recording_free(rec);
}

RT_TEST(test_many_kinds_are_found_again)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    char path[32];
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < 300; i++) {
            snprintf(path, sizeof path, "/e/%d", (i * 7 + round) % 300);
            log_scalar(rec, path, i, round, 0);
            log_text(rec, path, "x", i % 2 ? "INFO" : NULL);
        }
    uint64_t bytes;
    CHECK_INT(rt_recording_pending(rec, &bytes), 3000);
    CHECK(bytes > 3000 * 24);
    rt_recording_flush(rec, NULL);
    CHECK_INT(n_chunks(k), 600);
    CHECK_INT(rt_recording_pending(rec, &bytes), 0);
    CHECK_INT(bytes, 0);
    for (size_t i = 0; i < 600; i++)
        CHECK_INT(k->kept.list[i + 1]->n_rows, 5);
    rt_recording_free(rec);
}

/* ---------------------------------------------------------------- order, times, ids */

static void see_sorted(const struct rt_chunk *c, const int64_t *frames)
{
    const struct rt_chunk_column *frame = rt_chunk_find(c, RT_COLUMN_TIMELINE, "frame"), *time = rt_chunk_find(c, RT_COLUMN_TIMELINE, "log_time");
    CHECK(frame && time);
    CHECK_INT(frame->time_unit, 's');
    CHECK_INT(time->time_unit, 't');
    for (uint32_t i = 0; i < c->n_rows; i++) {
        CHECK_INT(rt_time_value(frame, i), frames[i]);
        CHECK_INT(rt_time_value(time, i), T0 + frames[i]);
        CHECK(!i || memcmp(c->row_ids + 16 * (i - 1), c->row_ids + 16 * i, 16) < 0);
    }
}

RT_TEST(test_a_chunk_is_in_the_order_of_row_ids_whatever_its_times)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t frames[] = {5, 3, 9, 9, 1};
    for (int i = 0; i < 5; i++)
        log_scalar(rec, "/a", i, frames[i], 0);
    rt_recording_flush(rec, NULL);
    struct rt_chunk c = chunk_of(k, 0);
    see_sorted(&c, frames);
    const struct rt_chunk_facts *f = k->kept.list[1]->facts;
    CHECK_INT(f->n_timelines, 2);
    CHECK_INT(f->spans[0].start, 1);
    CHECK_INT(f->spans[0].end, 9);
    CHECK_INT(f->spans[1].start, T0 + 1);
    CHECK_INT(f->spans[1].end, T0 + 9);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_rows_that_come_in_another_order_of_ids_are_sorted)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int order[] = {3, 0, 4, 1, 2};
    const char *words[] = {"zero", "one", "two", "three", "four"};
    uint32_t ends[2];
    double pair[2];
    next_id = 0;
    for (int i = 0; i < 5; i++) {
        const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0 + order[i]};
        pair[0] = order[i];
        pair[1] = -order[i];
        const struct rt_cell cells[] = {text_cell(TEXT, words[order[i]], ends), f64_cell(SCALARS, pair, order[i] % 3)};
        struct rt_row row = row_of("/a", RT_ROW_TEXT, &time, 1, cells, 2);
        row.id = (struct rt_tuid){T0, (uint64_t)order[i]};
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
    }
    rt_recording_flush(rec, NULL);
    struct rt_chunk c = chunk_of(k, 0);
    for (uint32_t i = 0; i < 5; i++) {
        bool null;
        double v;
        CHECK_STR(text_at(component(&c, "TextLog:text"), i, &null), words[i]);
        CHECK_INT(rt_time_value(rt_chunk_find(&c, RT_COLUMN_TIMELINE, "log_time"), i), T0 + i);
        CHECK_INT(c.row_ids[16 * i + 15], i);
        CHECK_INT(rt_cell_count(component(&c, "Scalars:scalars"), i, &null), i % 3);
        CHECK(i % 3 != 2 || (rt_cell_f64(component(&c, "Scalars:scalars"), i, 1, &v) && v == -(double)i));
    }
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

/* ---------------------------------------------------------------- when a chunk is cut */

RT_TEST(test_rows_bytes_and_disorder_cut)
{
    static const struct {
        struct rt_settings settings;
        int down; /* every so many rows, a frame before the one before */
        size_t chunks;
    } cases[] = {{{10, UINT64_MAX, UINT64_MAX, 0}, 0, 10},
                 {{UINT64_MAX, 40 * 44, UINT64_MAX, 0}, 0, 2},
                 {{UINT64_MAX, UINT64_MAX, 20, 0}, 0, 0},
                 {{UINT64_MAX, UINT64_MAX, 20, 0}, 7, 5},
                 {{0, 0, 0, 0}, 0, 100},
                 {{UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct keeper *k;
        struct rt_recording *rec = kept_recording(cases[i].settings, &k);
        for (int n = 0; n < 100; n++)
            log_scalar(rec, "/a", n, cases[i].down && n % cases[i].down == 0 ? -n : n, 0);
        CHECK_INT(n_chunks(k), cases[i].chunks);
        rt_recording_free(rec);
    }
}

RT_TEST(test_errors_make_a_message_urgent)
{
    static const struct {
        const char *level;
        bool urgent;
    } cases[] = {{"INFO", false}, {"ERROR", true}, {"WARN", false}, {"CRITICAL", true}, {"ERRORS", false}, {NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct keeper *k;
        struct rt_recording *rec = kept_recording(usual, &k);
        log_text(rec, "/a", "ERROR", cases[i].level);
        rt_recording_flush(rec, NULL);
        log_text(rec, "/a", "x", "INFO");
        rt_recording_flush(rec, NULL);
        CHECK_INT(k->kept.list[1]->urgent, cases[i].urgent);
        CHECK(!k->kept.list[2]->urgent);
        rt_recording_free(rec);
    }
}

/* ---------------------------------------------------------------- memory */

RT_TEST(test_builders_without_rows_give_their_memory_back)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording((struct rt_settings){UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}, &k);
    static char big[1 << 20];
    memset(big, 'x', sizeof big - 1);
    log_text(rec, "/a", big, "INFO");
    rt_recording_flush(rec, NULL);
    for (int i = 0; i < 10; i++)
        rt_recording_flush(rec, NULL);
    log_text(rec, "/a", "small", NULL); /* and work again */
    rt_recording_flush(rec, NULL);
    struct rt_chunk c = chunk_of(k, 1);
    bool null;
    CHECK_STR(text_at(component(&c, "TextLog:text"), 0, &null), "small");
    CHECK_INT(rt_cell_count(component(&c, "TextLog:level"), 0, &null), 0);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

/* ---------------------------------------------------------------- any type */

RT_TEST(test_cells_of_arrays_and_flat_cells_mix)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int32_t ends[] = {0, 2, 2, 5};
    static const double numbers[] = {9, 8, 7};
    static const uint8_t valid[] = {6}; /* the first is null */
    const void *text_buffers[] = {NULL, ends, "abcde"}, *number_buffers[] = {valid, numbers};
    struct ArrowArray words = {.length = 2, .offset = 1, .n_buffers = 3, .buffers = text_buffers},
                      values = {.length = 3, .null_count = 1, .n_buffers = 2, .buffers = number_buffers};
    const struct rt_component_type *names = rt_type_of_table(RT_C_RecordingInfo_name);
    for (int i = 0; i < 4; i++) {
        const double one = 100 + i;
        uint32_t end;
        const struct rt_row_time time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, i};
        const struct rt_cell arrays[] = {{.type = names, .n = 2, .array = &words}, {.type = SCALARS, .n = 3, .array = &values}};
        const struct rt_cell flat[] = {text_cell(names, "flat", &end), f64_cell(SCALARS, &one, 1)};
        const struct rt_row row = row_of("/a", 0, &time, 1, i % 2 ? arrays : flat, 2);
        CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
    }
    rt_recording_flush(rec, NULL);
    struct rt_chunk c = chunk_of(k, 0);
    const struct rt_chunk_column *name = component(&c, "RecordingInfo:name"), *scalar = component(&c, "Scalars:scalars");
    CHECK_INT(c.n_rows, 4);
    for (uint32_t i = 0; i < 4; i++) {
        bool null;
        const char *p;
        double v = 0;
        CHECK_INT(rt_cell_count(name, i, &null), 1 + i % 2);
        CHECK_INT(rt_cell_count(scalar, i, &null), i % 2 ? 3 : 1);
        size_t n = rt_cell_bytes(name, i, i % 2, &p);
        CHECK_MEM(p, n, i % 2 ? "cde" : "flat", i % 2 ? 3 : 4);
        CHECK(rt_cell_f64(scalar, i, i % 2, &v));
        CHECK(v == (i % 2 ? 8 : 100 + i));
        CHECK(i % 2 == 0 || !rt_cell_f64(scalar, i, 0, &v)); /* null */
    }
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_a_row_that_fails_leaves_the_others_as_they_were)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    bool null;
    const double v = 1;
    uint32_t end;
    log_text(rec, "/a", "before", "WARN");
    for (int i = 0; i < 3; i++) {
        const struct rt_row_time time = {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, T0};
        struct rt_cell cells[] = {text_cell(TEXT, "half", &end), f64_cell(SCALARS, &v, 1)};
        cells[1].n_bytes = 3; /* of a number */
        cells[1].n = i < 2 ? 1 : 2;
        const struct rt_row row = row_of("/a", RT_ROW_TEXT, &time, 1, cells, 2);
        CHECK(rt_recording_row(rec, &row, NULL) < 0);
        log_text(rec, "/a", "after", NULL);
    }
    CHECK_INT(rt_recording_dropped(rec), 3);
    CHECK_INT(rt_recording_pending(rec, NULL), 4);
    rt_recording_flush(rec, NULL);
    struct rt_chunk c = chunk_of(k, 0);
    CHECK_INT(c.n_rows, 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_STR(text_at(component(&c, "TextLog:text"), i, &null), i ? "after" : "before");
        CHECK_STR(text_at(component(&c, "TextLog:level"), i, &null), i ? "" : "WARN");
    }
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

/* Every kind of the archetype table, flat or not, comes back as long as it went in. */
RT_TEST(test_every_flat_component_of_the_table)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    const struct rt_component_type *type;
    size_t chunks = 0;
    for (unsigned i = 0; (type = rt_type_of_table(i)); i++) {
        static const uint8_t zeros[4096];
        uint32_t ends[2] = {3, 5};
        unsigned width = rt_datatype_flat_width(type->datatype);
        bool bytes = rt_kind_is_bytes(type->datatype->kind);
        if (!bytes && (!width || width > 1000))
            continue;
        for (uint32_t n = 0; n < 3; n++) {
            const struct rt_row_time time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, n};
            const struct rt_cell cell = {.type = type, .n = n, .ends = bytes ? ends : NULL, .values = zeros,
                                         .n_bytes = bytes ? (n ? ends[n - 1] : 0) : n * (size_t)width};
            const struct rt_row row = row_of("/a", 0, &time, 1, &cell, 1);
            CHECK_INT(rt_recording_row(rec, &row, NULL), 0);
        }
        rt_recording_flush(rec, NULL);
        struct rt_chunk c = chunk_of(k, chunks++);
        CHECK_INT(c.n_rows, 3);
        const struct rt_chunk_column *col = component(&c, type->component);
        CHECK(col && col->datatype && rt_datatype_equal(col->datatype, type->datatype));
        bool null;
        for (uint32_t n = 0; n < 3; n++)
            CHECK_INT(rt_cell_count(col, n, &null), n);
        rt_chunk_deinit(&c);
    }
    CHECK(chunks > 100);
    rt_recording_free(rec);
}
