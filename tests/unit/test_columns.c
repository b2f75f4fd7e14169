/* send_columns: a caller's arrays as one chunk. */
#include <errno.h>

#include "encode/bits.h"
#include "tests/unit/chunk_kit.h"

static const struct rt_settings usual = {4096, 384 << 10, 8192, 0};
#define SCALARS rt_type_of_table(RT_C_Scalars_scalars)
#define TEXT rt_type_of_table(RT_C_TextLog_text)

/* An array of up to three buffers and one child, on the caller's stack. */
struct array {
    struct ArrowArray a;
    const void *buffers[3];
    struct ArrowArray *child;
};

static struct ArrowArray *array(struct array *x, int64_t length, int64_t offset, int64_t nulls, int64_t n_buffers, const void *b0, const void *b1,
                                const void *b2, struct array *child)
{
    *x = (struct array){.buffers = {b0, b1, b2}, .child = child ? &child->a : NULL};
    x->a = (struct ArrowArray){.length = length, .null_count = nulls, .offset = offset, .n_buffers = n_buffers, .n_children = child != NULL,
                               .buffers = x->buffers, .children = &x->child};
    return &x->a;
}

static struct rt_time_column time_column(const char *name, uint8_t type, struct array *x, const int64_t *values, int64_t n)
{
    return (struct rt_time_column){name, (uint32_t)strlen(name), type, array(x, n, 0, 0, 2, NULL, values, NULL, NULL)};
}

static const struct rt_tuid id = {T0, 1000};

/* n lists of one number each, the row's number. */
static struct rt_list_column one_each(struct array x[2], int64_t n)
{
    static int32_t offsets[10001];
    static double values[10000];
    for (int i = 0; i < 10000; i++) {
        offsets[i + 1] = i + 1;
        values[i] = i;
    }
    array(&x[1], n, 0, 0, 2, NULL, values, NULL, NULL);
    return (struct rt_list_column){SCALARS, array(&x[0], n, 0, 0, 2, NULL, offsets, NULL, &x[1])};
}

static double f64_at(const struct rt_chunk *c, uint32_t row, uint32_t i)
{
    double v = -1;
    rt_cell_f64(component(c, "Scalars:scalars"), row, i, &v);
    return v;
}

RT_TEST(test_columns_are_one_chunk_with_ids_behind_its_own)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    int64_t frames[300], times[300];
    struct array x[2], t[2];
    for (int i = 0; i < 300; i++) {
        frames[i] = i;
        times[i] = T0 + 300 - i; /* a second timeline that runs backwards */
    }
    const struct rt_list_column column = one_each(x, 300);
    const struct rt_time_column columns[] = {time_column("log_time", RR_TIME_TYPE_TIMESTAMP, &t[0], times, 300),
                                             time_column("frame", RR_TIME_TYPE_SEQUENCE, &t[1], frames, 300)};
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, columns, 2, &column, 1, NULL), 0);
    CHECK_INT(n_chunks(k), 1);
    struct rt_chunk c = chunk_of(k, 0);
    CHECK_INT(c.n_rows, 300);
    CHECK_STR(c.columns[1].name, "frame");
    CHECK_STR(c.columns[2].name, "log_time");
    for (uint32_t i = 0; i < 300; i++) {
        uint8_t want[16];
        rt_tuid_bytes((struct rt_tuid){T0, 1001 + i}, want);
        CHECK_MEM(c.row_ids + 16 * i, 16, want, 16);
        CHECK_INT(rt_time_value(&c.columns[1], i), i);
        CHECK_INT(rt_time_value(&c.columns[2], i), T0 + 300 - i);
        CHECK(f64_at(&c, i, 0) == i);
    }
    const struct rt_chunk_facts *f = k->kept.list[1]->facts;
    CHECK_INT(f->spans[1].start, T0 + 1);
    CHECK_INT(f->spans[1].end, T0 + 300);
    CHECK_INT(f->n_partial, 0);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_rows_are_sorted_stably_by_all_timelines_in_the_order_of_names)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t a[] = {2, 1, 2, 1, 2, 1}, b[] = {5, 6, 5, 3, 4, 6};
    static const double order[] = {3, 1, 5, 4, 0, 2};
    struct array x[2], t[2];
    const struct rt_list_column column = one_each(x, 6);
    const struct rt_time_column times[] = {time_column("b", RR_TIME_TYPE_DURATION, &t[0], b, 6),
                                           time_column("a", RR_TIME_TYPE_SEQUENCE, &t[1], a, 6)};
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, times, 2, &column, 1, NULL), 0);
    struct rt_chunk c = chunk_of(k, 0);
    for (uint32_t i = 0; i < 6; i++) {
        CHECK(f64_at(&c, i, 0) == order[i]);
        CHECK_INT(rt_time_value(&c.columns[1], i), a[(int)order[i]]);
        CHECK_INT(rt_time_value(&c.columns[2], i), b[(int)order[i]]);
        CHECK_INT(c.row_ids[16 * i + 15], (1001 + i) & 255);
    }
    CHECK_INT(c.columns[2].time_unit, 'd');
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

/* Offsets that begin elsewhere, an array that is part of a larger one, lists of several, of none, and null rows. */
static void send_with_nulls(struct rt_recording *rec, const int64_t *frames)
{
    static const uint8_t valid[] = {0xB6}; /* of rows 0 … 7: 0 1 1 0 1 1 0 1; we send 1 … 6 */
    static const int32_t offsets[] = {7, 7, 9, 10, 10, 10, 11, 11, 12};
    static const double values[] = {0, 0, 0, 0, 0, 0, 0, 10, 11, 20, 50, 70};
    struct array x[2], t;
    array(&x[1], 12, 0, 0, 2, NULL, values, NULL, NULL);
    const struct rt_list_column column = {SCALARS, array(&x[0], 6, 1, -1, 2, valid, offsets, NULL, &x[1])};
    const struct rt_time_column time = time_column("frame", RR_TIME_TYPE_SEQUENCE, &t, frames, 6);
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &column, 1, NULL), 0);
}

static void see_with_nulls(const struct rt_chunk *c, const uint32_t *order)
{
    static const uint32_t counts[] = {2, 1, 0, 0, 1, 0};
    static const bool nulls[] = {false, false, true, false, false, true};
    static const double first[] = {10, 20, -1, -1, 50, -1};
    for (uint32_t i = 0; i < 6; i++) {
        bool null;
        uint32_t row = order[i];
        CHECK_INT(rt_cell_count(component(c, "Scalars:scalars"), i, &null), counts[row]);
        CHECK_INT(null, nulls[row]);
        CHECK(f64_at(c, i, 0) == first[row]);
        CHECK(row || f64_at(c, i, 1) == 11);
    }
}

RT_TEST(test_nulls_offsets_and_parts_of_arrays_are_honoured)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t up[] = {0, 1, 2, 3, 4, 5}, down[] = {5, 4, 3, 2, 1, 0};
    static const uint32_t same[] = {0, 1, 2, 3, 4, 5}, back[] = {5, 4, 3, 2, 1, 0};
    send_with_nulls(rec, up);
    send_with_nulls(rec, down);
    struct rt_chunk c = chunk_of(k, 0);
    see_with_nulls(&c, same);
    rt_chunk_deinit(&c);
    c = chunk_of(k, 1);
    see_with_nulls(&c, back);
    rt_chunk_deinit(&c);
    struct rt_chunk_facts *f[] = {k->kept.list[1]->facts, k->kept.list[2]->facts};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(f[i]->n_partial, 1);
        CHECK_INT(f[i]->partial[0].column, 0);
        CHECK_INT(f[i]->partial[0].n_rows, 4);
        CHECK_INT(rt_chunk_facts_partial(f[i], 0)->start, i ? 1 : 0); /* rows 0 and 4 are the outermost that are not null */
        CHECK_INT(rt_chunk_facts_partial(f[i], 0)->end, i ? 5 : 4);
        CHECK_INT(f[i]->spans[0].end, 5);
    }
    rt_recording_free(rec);
}

RT_TEST(test_text_columns_and_static_ones)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int32_t list[] = {0, 1, 1, 3}, ends[] = {0, 3, 4, 6};
    struct array x[2];
    array(&x[1], 3, 0, 0, 3, NULL, ends, "abcdef", NULL);
    const struct rt_list_column column = {TEXT, array(&x[0], 3, 0, 0, 2, NULL, list, NULL, &x[1])};
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, NULL, 0, &column, 1, NULL), 0);
    struct rt_chunk c = chunk_of(k, 0);
    CHECK(c.is_static && k->kept.list[1]->is_static);
    const char *p;
    size_t n = rt_cell_bytes(component(&c, "TextLog:text"), 2, 1, &p);
    CHECK_MEM(p, n, "ef", 2);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_nothing_to_say_is_no_chunk)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t frames[] = {0, 1};
    static const uint8_t none[] = {0};
    static const int32_t offsets[] = {0, 0, 0};
    struct array x[4], t;
    const struct rt_time_column time = time_column("frame", RR_TIME_TYPE_SEQUENCE, &t, frames, 2);
    array(&x[1], 0, 0, 0, 2, NULL, offsets, NULL, NULL);
    struct rt_list_column columns[2] = {{TEXT, array(&x[0], 2, 0, 2, 2, none, offsets, NULL, &x[1])}};
    x[1] = (struct array){0};
    array(&x[1], 0, 0, 0, 3, NULL, offsets, "", NULL);
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, columns, 1, NULL), 0); /* all null */
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, NULL, 0, NULL), 0);
    CHECK_INT(n_chunks(k), 0);
    columns[1] = one_each(&x[2], 2);
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, columns, 2, NULL), 0);
    CHECK_INT(n_chunks(k), 1);
    struct rt_chunk c = chunk_of(k, 0);
    CHECK(!component(&c, "TextLog:text"));
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

RT_TEST(test_mistakes_are_told_by_name_and_nothing_is_sent)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t frames[] = {0, 1, 2};
    static const uint8_t valid[] = {5};
    static const int32_t backwards[] = {0, 2, 1, 3};
    struct array x[4], t[2];
    struct rt_error e = {0};
    const struct rt_list_column good = one_each(x, 3), shorter = one_each(x + 2, 2);
    struct rt_list_column two[] = {good, good}, bad = good;
    struct rt_time_column time = time_column("frame", RR_TIME_TYPE_SEQUENCE, &t[0], frames, 3), twice[] = {time, time};
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &shorter, 1, &e), -EINVAL);
    CHECK(strstr(e.message, "Scalars:scalars") && strstr(e.message, "2"));
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, two, 2, &e), -EINVAL);
    CHECK(strstr(e.message, "twice"));
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, twice, 2, &good, 1, &e), -EINVAL);
    CHECK(strstr(e.message, "frame"));
    struct array bad_list;
    bad.array = array(&bad_list, 3, 0, 0, 2, NULL, backwards, NULL, &x[1]);
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &bad, 1, &e), -EINVAL);
    CHECK(strstr(e.message, "Scalars:scalars"));
    t[0].a.null_count = 1;
    t[0].buffers[0] = valid;
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &good, 1, &e), -EINVAL);
    CHECK(strstr(e.message, "frame") && strstr(e.message, "null"));
    t[0].a.null_count = 0;
    t[0].a.length = 2;
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &good, 1, &e), -EINVAL);
    t[0].a.length = -1;
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &good, 1, &e), -EINVAL);
    CHECK_INT(n_chunks(k), 0);
    CHECK_INT(rt_recording_dropped(rec), 0);
    rt_recording_free(rec);
}

RT_TEST(test_buffers_may_lie_anywhere)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static uint8_t place[3][64];
    static const int64_t times[] = {1, 2, 3};
    static const int32_t offsets[] = {0, 1, 2, 3};
    static const double values[] = {0, 1, 2};
    struct array x[2], t;
    memcpy(place[0] + 1, times, sizeof times);
    memcpy(place[1] + 3, offsets, sizeof offsets);
    memcpy(place[2] + 5, values, sizeof values);
    array(&x[1], 3, 0, 0, 2, NULL, place[2] + 5, NULL, NULL);
    const struct rt_list_column column = {SCALARS, array(&x[0], 3, 0, 0, 2, NULL, place[1] + 3, NULL, &x[1])};
    const struct rt_time_column time = {"frame", 5, RR_TIME_TYPE_SEQUENCE, array(&t, 3, 0, 0, 2, NULL, place[0] + 1, NULL, NULL)};
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &column, 1, NULL), 0);
    struct rt_chunk c = chunk_of(k, 0);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_INT(rt_time_value(&c.columns[1], i), i + 1);
        CHECK(f64_at(&c, i, 0) == i);
    }
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}

/* Regression guard: what chunks of one shape have in common is made once; what they differ in must not be. */
RT_TEST(test_chunks_of_one_shape_differ_in_id_and_order)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static const int64_t up[] = {1, 2, 3}, down[] = {3, 2, 1};
    struct array x[2], t[2];
    const struct rt_list_column column = one_each(x, 3);
    for (int i = 0; i < 6; i++) {
        const struct rt_time_column times[] = {time_column("a", RR_TIME_TYPE_SEQUENCE, &t[0], up, 3),
                                               time_column("b", RR_TIME_TYPE_SEQUENCE, &t[1], i % 2 ? up : down, 3)};
        const struct rt_tuid other = {T0 + i, 0xABCDEF0000000000u + (uint64_t)i * 0x1111};
        CHECK_INT(rt_recording_columns(rec, i < 4 ? "/a" : "/b", 2, other, times, 2, &column, 1, NULL), 0);
    }
    for (int i = 0; i < 6; i++) {
        struct rt_chunk c = chunk_of(k, (size_t)i);
        uint8_t want[16];
        rt_tuid_bytes((struct rt_tuid){T0 + i, 0xABCDEF0000000000u + (uint64_t)i * 0x1111}, want);
        CHECK_MEM(c.id, 16, want, 16);
        CHECK_STR(c.entity_path, i < 4 ? "/a" : "/b");
        /* three columns that say they are sorted, or the second timeline does not */
        size_t n = 0;
        const uint8_t *p = c.memory.data, *end = p + c.memory.len;
        for (; (p = memmem(p, (size_t)(end - p), "rerun:is_sorted", 15)); p++)
            n++;
        CHECK_INT(n, i % 2 ? 3 : 2);
        rt_chunk_deinit(&c);
    }
    rt_recording_free(rec);
}

/* Equal times are no disorder, and long columns come whole. */
RT_TEST(test_a_long_column)
{
    struct keeper *k;
    struct rt_recording *rec = kept_recording(usual, &k);
    static int64_t times[10000];
    struct array x[2], t;
    for (int i = 0; i < 10000; i++)
        times[i] = i / 2;
    const struct rt_list_column column = one_each(x, 10000);
    const struct rt_time_column time = time_column("frame", RR_TIME_TYPE_SEQUENCE, &t, times, 10000);
    CHECK_INT(rt_recording_columns(rec, "/a", 2, id, &time, 1, &column, 1, NULL), 0);
    struct rt_chunk c = chunk_of(k, 0);
    CHECK_INT(c.n_rows, 10000);
    for (uint32_t i = 0; i < 10000; i++)
        CHECK(f64_at(&c, i, 0) == i);
    rt_chunk_deinit(&c);
    rt_recording_free(rec);
}
