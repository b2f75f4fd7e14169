/* Chunks with columns of any type: what ipc.h writes is what the decoder reads. */
#include "encode/decode.h"
#include "encode/ipc.h"
#include "encode/rrd_write.h"
#include "tests/unit/array_kit.h"

static const struct rt_store_id store = {(char *)"app", (char *)"rec", RR_STORE_KIND_BLUEPRINT};

static const struct rt_tuid chunk_id = {1, 0xAB};

enum { ROWS = 7 };

static const struct rt_datatype *list_of(const struct rt_datatype *t)
{
    return kit_type("column", RT_KIND_LIST, 0, true, 1, t);
}

/* One component column, either of @array or of rows [from, from + ROWS) of @view. */
static struct rt_buf write_chunk(const struct rt_datatype *list, const struct rt_array *array, const struct ArrowArray *view, uint64_t from)
{
    const struct rt_ipc_field fields[] = {
        {"rerun.controls.RowId", &rt_datatype_tuid, false, false, {{"rerun:kind", "control"}}},
        {"frame", &rt_datatype_duration, false, true, {{"rerun:kind", "index"}, {"rerun:index_name", "frame"}}},
        {"my:column", list, false, true, {{"rerun:kind", "data"}, {"rerun:component", "my:column"}}},
    };
    const struct rt_ipc_kv meta[RT_IPC_MAX_KV] = {{"rerun:entity_path", "/any"}, {"rerun:id", "chunk_000000000000000100000000000000AB"}};
    struct rt_fb fb = {0};
    struct rt_buf ipc = {0}, out = {0}, scratch = {0};
    struct rt_ipc_batch b;
    size_t nodes = 2, buffers = 4;
    uint64_t size;
    int64_t times[ROWS] = {-3, 1, 4, 1, 5, 9, 2};
    uint8_t ids[16 * ROWS] = {0};
    rt_ipc_count(list, &nodes, &buffers);
    CHECK_INT(rt_ipc_schema(&fb, fields, 3, meta, kit_random(2), &ipc), 0);
    CHECK_INT(rt_ipc_batch_begin(&b, &fb, &ipc, ROWS, nodes, buffers), 0);
    rt_ipc_node(&b, ROWS, 0);
    rt_ipc_buffer_add(&b, NULL, 0);
    rt_ipc_buffer_add(&b, ids, sizeof ids);
    rt_ipc_node(&b, ROWS, 0);
    rt_ipc_buffer_add(&b, NULL, 0);
    rt_ipc_buffer_add(&b, times, sizeof times);
    if (array)
        rt_ipc_array(&b, array);
    else
        rt_ipc_view(&b, list, view, from, ROWS);
    CHECK_INT(b.n_nodes, nodes);
    CHECK_INT(b.n_buffers, buffers);
    CHECK_INT(rt_ipc_batch_end(&b), 0);
    CHECK_INT(rt_ipc_end(&ipc), 0);
    CHECK_INT(rt_rrd_arrow(&out, &store, chunk_id, false, &ipc, false, &scratch, &size), 0);
    rt_buf_deinit(&ipc);
    rt_buf_deinit(&scratch);
    rt_fb_deinit(&fb);
    return out;
}

static void check_chunk(const struct rt_buf *frame, const struct rt_datatype *list, const char *expected)
{
    struct rt_frame f = {.kind = RT_FRAME_ARROW, .payload = frame->data + 16, .payload_len = frame->len - 16};
    struct rt_chunk c;
    struct rt_error err = {0};
    struct kit_text now = {0};
    if (rt_chunk_decode(&f, &c, &err))
        rt_test_fail(__FILE__, __LINE__, "%s", err.message);
    CHECK_INT(c.store_kind, RR_STORE_KIND_BLUEPRINT);
    const struct rt_chunk_column *time = rt_chunk_find(&c, RT_COLUMN_TIMELINE, "frame"), *col = rt_chunk_find(&c, RT_COLUMN_COMPONENT, "my:column");
    CHECK(time && col);
    CHECK_INT(time->time_unit, 'd');
    CHECK_INT(rt_time_value(time, 0), -3);
    CHECK(rt_datatype_equal(time->datatype, &rt_datatype_duration));
    CHECK(col->datatype);
    CHECK(col->is_list);
    CHECK(rt_datatype_equal(col->datatype, list->children[0]));
    CHECK_INT(rt_array_check(list, &col->array, &err), 0);
    CHECK_INT(rt_chunk_items(col)->length, col->n_items);
    kit_elements(&now, list, &col->array, 0, ROWS);
    CHECK_STR(now.p, expected);
    rt_chunk_deinit(&c);
}

RT_TEST(test_columns_of_any_type_are_read_back)
{
    for (int round = 0; round < 1500; round++) {
        const struct rt_datatype *list = list_of(kit_random_type("item", kit_random(4)));
        const struct ArrowArray *view = kit_random_array(list, ROWS + 5);
        struct rt_array array;
        struct kit_text expected = {0};
        uint64_t from = kit_random(6);
        kit_elements(&expected, list, view, from, ROWS);
        struct rt_buf frame = write_chunk(list, NULL, view, from);
        check_chunk(&frame, list, expected.p);
        CHECK_INT(rt_array_init(&array, list), 0);
        CHECK_INT(rt_array_append(&array, view, from, ROWS), 0);
        struct rt_buf again = write_chunk(list, &array, NULL, 0);
        check_chunk(&again, list, expected.p);
        rt_array_deinit(&array);
        rt_buf_deinit(&frame);
        rt_buf_deinit(&again);
    }
}

RT_TEST(test_damaged_chunks_never_lead_outside)
{
    for (int round = 0; round < 20000; round++) {
        static const struct rt_datatype *list;
        static struct rt_buf frame;
        if (round % 50 == 0) {
            rt_buf_deinit(&frame);
            list = list_of(kit_random_type("item", kit_random(4)));
            frame = write_chunk(list, NULL, kit_random_array(list, ROWS), 0);
        }
        uint8_t *copy = kit_alloc(frame.len);
        memcpy(copy, frame.data, frame.len);
        for (uint32_t i = 0; i < 1 + kit_random(3); i++)
            copy[16 + kit_random((uint32_t)frame.len - 16)] ^= (uint8_t)(1u << kit_random(8));
        struct rt_frame f = {.kind = RT_FRAME_ARROW, .payload = copy + 16, .payload_len = frame.len - 16};
        struct rt_chunk c;
        if (rt_chunk_decode(&f, &c, NULL))
            continue;
        for (uint32_t i = 0; i < c.n_columns; i++) {
            const struct rt_chunk_column *col = &c.columns[i];
            struct kit_text text = {0};
            if (!col->datatype)
                continue;
            const struct rt_datatype *t = col->is_list ? list_of(col->datatype) : col->datatype;
            CHECK_INT(rt_array_check_shape(t, &col->array, NULL), 0);
            kit_elements(&text, t, &col->array, 0, c.n_rows);
        }
        rt_chunk_deinit(&c);
    }
}

RT_TEST(test_blueprint_activation)
{
    struct rt_buf out = {0};
    struct rt_activation a;
    CHECK_INT(rt_rrd_activation(&out, &store, true, false), 0);
    CHECK_INT(out.data[0], RT_FRAME_BLUEPRINT);
    struct rt_frame f = {.kind = RT_FRAME_BLUEPRINT, .payload = out.data + 16, .payload_len = out.len - 16};
    CHECK_INT(rt_activation_decode(&f, &a, NULL), 0);
    CHECK_STR(a.store.application_id, "app");
    CHECK_STR(a.store.recording_id, "rec");
    CHECK_INT(a.store.kind, 2);
    CHECK(a.make_active && !a.make_default);
    for (f.payload_len = 0; f.payload_len < out.len - 16; f.payload_len++)
        if (rt_activation_decode(&f, &a, NULL) == 0) /* cut between fields: what is missing is not set */
            CHECK(!a.make_default);
    f.kind = RT_FRAME_ARROW;
    CHECK_INT(rt_activation_decode(&f, &a, NULL), RT_RRD_E_CORRUPT);
    rt_buf_deinit(&out);
}

/* Written by the official SDK (tests/fuzz/seeds.py): types that this library steps over, between two that it holds. */
RT_TEST(test_types_that_are_not_held_are_stepped_over)
{
    static const struct {
        const char *name, *type; /* NULL: not held */
    } columns[] = {{"a_first", "Int32"}, {"b_decimal", NULL}, {"c_date", NULL}, {"d_zone", NULL}, {"e_struct", NULL},
                   {"f_map", NULL}, {"g_dictionary", NULL}, {"h_view", NULL}, {"i_last", "LargeUtf8"}};
    const char *src = getenv("RETAP_SRC");
    char path[4096], type[64];
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_chunk c;
    struct rt_error err = {0};
    int64_t v;
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/fuzz_decode/odd.rrd", src ? src : ".");
    CHECK_INT(rt_rrd_reader_open(path, &r, &err), 0);
    while (rt_rrd_reader_next(r, &frame, &err) == 0 && frame.kind != RT_FRAME_ARROW)
        ;
    CHECK_INT(frame.kind, RT_FRAME_ARROW);
    if (rt_chunk_decode(&frame, &c, &err))
        rt_test_fail(__FILE__, __LINE__, "%s", err.message);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct rt_chunk_column *col = rt_chunk_find(&c, RT_COLUMN_COMPONENT, columns[i].name);
        CHECK(col);
        CHECK_INT(rt_cell_count(col, 0, NULL), 1);
        CHECK(!col->datatype == !columns[i].type);
        if (col->datatype) {
            rt_datatype_name(col->datatype, type, sizeof type);
            CHECK_STR(type, columns[i].type);
        }
    }
    struct kit_text text = {0};
    kit_elements(&text, &rt_datatype_large_utf8, rt_chunk_items(rt_chunk_find(&c, RT_COLUMN_COMPONENT, "i_last")), 0, 2);
    CHECK_STR(text.p, "\"x\"\n~\n");
    CHECK(rt_cell_i64(rt_chunk_find(&c, RT_COLUMN_COMPONENT, "d_zone"), 1, 0, &v) && v == 2); /* can be read all the same */
    CHECK(rt_cell_i64(rt_chunk_find(&c, RT_COLUMN_COMPONENT, "a_first"), 0, 0, &v) && v == 1);
    rt_chunk_deinit(&c);
    rt_rrd_reader_free(r);
}
