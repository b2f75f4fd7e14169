#include <errno.h>

#include "tests/unit/array_kit.h"

/* ---------------------------------------------------------------- schemas */

static void no_release(struct ArrowSchema *s)
{
    (void)s;
}

static struct ArrowSchema *schema(const char *format, const char *name, bool nullable, int n, ...)
{
    struct ArrowSchema *s = kit_alloc(sizeof *s);
    va_list ap;
    *s = (struct ArrowSchema){.format = format, .name = name, .flags = nullable ? 2 : 0, .n_children = n,
                              .children = kit_alloc((size_t)n * sizeof(void *)), .release = no_release};
    va_start(ap, n);
    for (int i = 0; i < n; i++)
        s->children[i] = va_arg(ap, struct ArrowSchema *);
    va_end(ap);
    return s;
}

static void check_import(struct ArrowSchema *s, const char *expected)
{
    struct rt_datatype *t = NULL, *copy = NULL;
    struct rt_error err = {0};
    char name[256];
    if (rt_datatype_import(s, &t, &err) < 0)
        rt_test_fail(__FILE__, __LINE__, "%s: %s", expected, err.message);
    rt_datatype_name(t, name, sizeof name);
    CHECK_STR(name, expected);
    CHECK_INT(rt_datatype_copy(t, &copy), 0);
    CHECK(rt_datatype_equal(t, copy));
    rt_datatype_name(copy, name, sizeof name);
    CHECK_STR(name, expected);
    rt_datatype_free(copy);
    CHECK(!rt_datatype_free(t));
}

static void check_refused(struct ArrowSchema *s, const char *says)
{
    struct rt_datatype *t = NULL;
    struct rt_error err = {0};
    CHECK_INT(rt_datatype_import(s, &t, &err), -EINVAL);
    if (!strstr(err.message, says))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.message, says);
    CHECK(!t);
}

RT_TEST(test_all_formats_are_imported)
{
    static const char *const flat[][2] = {
        {"n", "Null"}, {"b", "Bool"}, {"c", "Int8"}, {"C", "UInt8"}, {"s", "Int16"}, {"S", "UInt16"}, {"i", "Int32"}, {"I", "UInt32"},
        {"l", "Int64"}, {"L", "UInt64"}, {"e", "Float16"}, {"f", "Float32"}, {"g", "Float64"}, {"u", "Utf8"}, {"z", "Binary"},
        {"U", "LargeUtf8"}, {"Z", "LargeBinary"}, {"w:16", "FixedSizeBinary[16]"}, {"tss:", "Timestamp(s)"}, {"tsm:", "Timestamp(ms)"},
        {"tsu:", "Timestamp(us)"}, {"tsn:", "Timestamp(ns)"}, {"tDn", "Duration(ns)"}, {"tDs", "Duration(s)"},
    };
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        check_import(schema(flat[i][0], NULL, true, 0), flat[i][1]);
    check_import(schema("+w:3", "", true, 1, schema("f", "item", false, 0)), "FSL[3]<item: Float32!>");
    check_import(schema("+l", "", true, 1, schema("u", "item", true, 0)), "List<item: Utf8>");
    check_import(schema("+L", "", true, 1, schema("+s", "item", true, 2, schema("b", "visible", false, 0), schema("u", "timeline", false, 0))),
                 "LargeList<item: Struct{visible: Bool!, timeline: Utf8!}>");
    check_import(schema("+ud:0,1", "", false, 2, schema("n", "_null_markers", true, 0), schema("l", "Absolute", false, 0)),
                 "DenseUnion{_null_markers: Null, Absolute: Int64!}");
    check_import(schema("+us:0", "", false, 1, schema("n", "a", true, 0)), "SparseUnion{a: Null}");
}

RT_TEST(test_what_is_no_type_is_refused_by_name)
{
    static const char *const formats[] = {"", "x", "d:10,2", "tdD", "ttn", "tiM", "tsn:UTC", "tsx:", "tDx", "tDn:", "w:", "w:0", "w:-1", "w:16x",
                                          "w:99999999999", "+w:3 ", "+m", "+r", "vu", "vz", "+vl", "ll", "+ud", "+s:"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        check_refused(schema(formats[i], "torque", true, 0), "torque");
    check_refused(NULL, "NULL");
    check_refused(schema("l", "a", true, 1, schema("l", "b", true, 0)), "children");
    check_refused(schema("+l", "a", true, 0), "children");
    check_refused(schema("+l", "a", true, 2, schema("l", "b", true, 0), schema("l", "c", true, 0)), "children");
    check_refused(schema("+ud:1,0", "u", true, 2, schema("l", "b", true, 0), schema("l", "c", true, 0)), "+ud:1,0");
    check_refused(schema("+ud:0", "u", true, 2, schema("l", "b", true, 0), schema("l", "c", true, 0)), "+ud:0");
    check_refused(schema("+ud:0,1,2", "u", true, 2, schema("l", "b", true, 0), schema("l", "c", true, 0)), "+ud:0,1,2");
    check_refused(schema("+l", "a", true, 1, NULL), "missing");
    check_refused(schema("+s", "a", true, 1, schema(NULL, "b", true, 0)), "missing");
    check_refused(schema("l", "\xff", true, 0), "UTF-8");
    struct ArrowSchema *s = schema("l", "a", true, 0);
    s->dictionary = schema("l", "", true, 0);
    check_refused(s, "dictionary");
    s = schema("+s", "a", true, 0);
    s->n_children = -1;
    check_refused(s, "children");
    s->n_children = INT64_MAX;
    check_refused(s, "children");
    s->n_children = 3;
    s->children = NULL;
    check_refused(s, "children");
    s = schema("l", "a", true, 0);
    s->release = NULL;
    check_refused(s, "released");
}

RT_TEST(test_depth_and_number_of_fields_are_bounded)
{
    struct ArrowSchema *s = schema("l", "x", true, 0);
    char name[256];
    struct rt_datatype *t;
    for (int i = 1; i < RT_DATATYPE_DEPTH; i++)
        s = schema("+l", "item", true, 1, s);
    CHECK_INT(rt_datatype_import(s, &t, NULL), 0);
    rt_datatype_name(t, name, sizeof name);
    CHECK(strlen(name) > 100);
    rt_datatype_name(t, name, 5);
    CHECK_STR(name, "List");
    rt_datatype_free(t);
    check_refused(schema("+l", "item", true, 1, s), "RT_DATATYPE_DEPTH");
    /* two fields that are each other's children over and over: 2^n nodes from n structs */
    s = schema("l", "x", true, 0);
    for (int i = 1; i < RT_DATATYPE_DEPTH; i++)
        s = schema("+s", "s", true, 2, s, s);
    check_refused(s, "children");
}

RT_TEST(test_equality_is_of_kinds_sizes_and_children)
{
    const struct rt_datatype *child = kit_type("item", RT_KIND_F32, 0, false, 0);
    const struct rt_datatype *a = kit_type("x", RT_KIND_FIXED_LIST, 3, true, 1, child), *b = kit_type("y", RT_KIND_FIXED_LIST, 3, false, 1, child);
    CHECK(rt_datatype_equal(a, b));
    CHECK(!rt_datatype_equal(a, kit_type("x", RT_KIND_FIXED_LIST, 4, true, 1, child)));
    CHECK(!rt_datatype_equal(a, kit_type("x", RT_KIND_LIST, 3, true, 1, child)));
    CHECK(!rt_datatype_equal(a, kit_type("x", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("item", RT_KIND_F32, 0, true, 0))));
    CHECK(!rt_datatype_equal(a, kit_type("x", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("element", RT_KIND_F32, 0, false, 0))));
    CHECK(!rt_datatype_equal(a, kit_type("x", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("item", RT_KIND_F64, 0, false, 0))));
    CHECK(!rt_datatype_equal(&rt_datatype_u32, &rt_datatype_i32));
    CHECK_INT(rt_datatype_nodes(a), 2);
    CHECK_INT(rt_datatype_width(&rt_datatype_tuid), 16);
}

/* ---------------------------------------------------------------- hostile arrays */

/* An array that is right, for a test to break: Struct{a: Utf8, b: FSL[2]<item: Int64!>, c: List<item: Bool>, d: DenseUnion{x: Null, y: UInt8!}}. */
static const struct rt_datatype *sound_type(void)
{
    const struct rt_datatype *fsl = kit_type("b", RT_KIND_FIXED_LIST, 2, true, 1, kit_type("item", RT_KIND_I64, 0, false, 0)),
                             *list = kit_type("c", RT_KIND_LIST, 0, true, 1, &rt_datatype_bool),
                             *u = kit_type("d", RT_KIND_DENSE_UNION, 0, true, 2, kit_type("x", RT_KIND_NULL, 0, true, 0),
                                           kit_type("y", RT_KIND_U8, 0, false, 0));
    return kit_type("s", RT_KIND_STRUCT, 0, true, 4, kit_type("a", RT_KIND_UTF8, 0, true, 0), fsl, list, u);
}

static struct ArrowArray *leaf(int64_t length, int n_buffers, const void *b0, const void *b1, const void *b2)
{
    struct ArrowArray *a = kit_alloc(sizeof *a);
    const void *buffers[] = {b0, b1, b2};
    *a = (struct ArrowArray){.length = length, .n_buffers = n_buffers, .buffers = kit_alloc(sizeof buffers), .children = kit_alloc(4 * sizeof(void *))};
    memcpy(a->buffers, buffers, sizeof buffers);
    return a;
}

static struct {
    struct ArrowArray *root, *text, *fsl, *numbers, *list, *bools, *u, *none, *bytes;
    int32_t text_ends[5], list_ends[5], places[4];
    int64_t values[8];
    int8_t ids[4];
    uint8_t bits[1], byte[2], all[1];
} w;

static void sound(void)
{
    memset(&w, 0, sizeof w);
    const int32_t ends[5] = {0, 1, 1, 3, 4}, list_ends[5] = {0, 0, 2, 4, 8};
    const int8_t ids[4] = {0, 1, 0, 1};
    const int32_t places[4] = {0, 0, 1, 1};
    memcpy(w.text_ends, ends, sizeof ends);
    memcpy(w.list_ends, list_ends, sizeof list_ends);
    memcpy(w.ids, ids, sizeof ids);
    memcpy(w.places, places, sizeof places);
    w.all[0] = 0xFF;
    w.root = leaf(4, 1, NULL, NULL, NULL);
    w.root->n_children = 4;
    w.root->children[0] = w.text = leaf(4, 3, w.all, w.text_ends, "a\xC3\xA4z");
    w.root->children[1] = w.fsl = leaf(4, 1, w.all, NULL, NULL);
    w.fsl->n_children = 1;
    w.fsl->children[0] = w.numbers = leaf(8, 2, NULL, w.values, NULL);
    w.root->children[2] = w.list = leaf(4, 2, NULL, w.list_ends, NULL);
    w.list->n_children = 1;
    w.list->children[0] = w.bools = leaf(8, 2, NULL, w.bits, NULL);
    w.root->children[3] = w.u = leaf(4, 2, w.ids, w.places, NULL);
    w.u->n_children = 2;
    w.u->children[0] = w.none = leaf(2, 0, NULL, NULL, NULL);
    w.u->children[1] = w.bytes = leaf(2, 2, NULL, w.byte, NULL);
}

static void check_bad(const char *says)
{
    struct rt_error err = {0};
    CHECK_INT(rt_array_check(sound_type(), w.root, &err), -EINVAL);
    if (!strstr(err.message, says))
        rt_test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.message, says);
}

#define BREAK(what, says) do { sound(); what; check_bad(says); } while (0)

RT_TEST(test_a_sound_array_passes)
{
    sound();
    struct rt_error err = {0};
    int r = rt_array_check(sound_type(), w.root, &err);
    CHECK_STR(err.message, "");
    CHECK_INT(r, 0);
    w.root->null_count = -1; /* "unknown", without a buffer: none */
    CHECK_INT(rt_array_check(sound_type(), w.root, NULL), 0);
    sound();
    w.root->offset = 2;
    w.root->length = 2;
    CHECK_INT(rt_array_check(sound_type(), w.root, NULL), 0);
    w.root->length = 0;
    w.text->buffers[1] = w.text->buffers[2] = w.list->buffers[1] = w.u->buffers[0] = w.u->buffers[1] = w.numbers->buffers[1] = NULL;
    CHECK_INT(rt_array_check(sound_type(), w.root, NULL), 0);
}

RT_TEST(test_headers_that_cannot_be)
{
    struct rt_error err = {0};
    CHECK_INT(rt_array_check(&rt_datatype_u32, NULL, &err), -EINVAL);
    BREAK(w.root->length = -1, "length");
    BREAK(w.root->offset = -1, "length");
    BREAK(w.root->length = INT64_MAX, "length");
    BREAK(w.root->offset = INT32_MAX, "length");
    BREAK(w.text->null_count = -2, ".a");
    BREAK(w.text->null_count = 5, ".a");
    BREAK(w.text->n_buffers = 2, ".a");
    BREAK(w.text->buffers = NULL, ".a");
    BREAK(w.numbers->n_buffers = 3, ".b.item");
    BREAK(w.root->n_children = 3, "children");
    BREAK(w.root->children = NULL, "children");
    BREAK(w.root->children[2] = NULL, "missing");
    BREAK(w.fsl->children[0]->length = -1, "missing");
    BREAK(w.text->dictionary = w.text, "dictionary");
    BREAK(w.list->n_children = 2, ".c");
}

RT_TEST(test_buffers_and_children_that_are_missing_or_short)
{
    BREAK(w.text->buffers[1] = NULL, "NULL");
    BREAK(w.text->buffers[2] = NULL, "NULL");
    BREAK(w.numbers->buffers[1] = NULL, ".b.item");
    BREAK(w.list->buffers[1] = NULL, ".c");
    BREAK(w.bools->buffers[1] = NULL, ".c.item");
    BREAK(w.u->buffers[0] = NULL, ".d");
    BREAK(w.u->buffers[1] = NULL, ".d");
    BREAK((w.text->null_count = 1, w.text->buffers[0] = NULL), "validity");
    BREAK(w.text->length = 3, "too short");
    BREAK(w.numbers->length = 7, "too short");
    BREAK(w.bools->length = 7, "too short");
    BREAK(w.root->offset = 1, "too short");
    BREAK(w.bytes->length = 1, "outside");
    BREAK(w.numbers->offset = INT32_MAX - 8, "2 GiB");
}

RT_TEST(test_offsets_and_type_ids_that_lead_outside)
{
    BREAK(w.text_ends[2] = 0, "backwards");
    BREAK(w.text_ends[0] = -1, "backwards");
    BREAK(w.list_ends[4] = 9, "too short");
    BREAK(w.list_ends[1] = 3, "backwards");
    BREAK(w.ids[1] = 2, "type id");
    BREAK(w.ids[1] = -1, "type id");
    BREAK(w.places[3] = 2, "outside");
    BREAK(w.places[0] = -1, "outside");
    const int64_t far[] = {0, (int64_t)INT32_MAX + 1};
    struct ArrowArray *a = leaf(1, 3, NULL, far, "");
    CHECK_INT(rt_array_check(&rt_datatype_large_utf8, a, NULL), -EINVAL);
}

RT_TEST(test_texts_must_be_utf8_one_by_one)
{
    BREAK(w.text->buffers[2] = "a\xC3\xC3z", "UTF-8");
    BREAK(w.text_ends[2] = 2, "UTF-8"); /* cuts the character into two texts that are well-formed together */
    BREAK((w.all[0] = 0x7, w.text->null_count = -1, w.text->buffers[2] = "a\xC3\xA4\xFF"), "UTF-8"); /* also where the cell is null */
    BREAK(w.text->buffers[2] = "a\xC3\xC3z", "UTF-8");
    CHECK_INT(rt_array_check_shape(sound_type(), w.root, NULL), 0);
}

RT_TEST(test_nulls_where_there_are_none)
{
    BREAK((w.numbers->buffers[0] = "\xFE", w.numbers->null_count = 1), ".b.item");
    sound();
    w.numbers->buffers[0] = "\xFC"; /* both of the first list's, */
    w.numbers->null_count = -1;
    w.all[0] = 0xFE; /* which is null itself */
    w.fsl->null_count = 1;
    CHECK_INT(rt_array_check(sound_type(), w.root, NULL), 0);
}

RT_TEST(test_random_arrays_pass_and_damaged_ones_do_not)
{
    for (int round = 0; round < 3000; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        struct ArrowArray *a = kit_random_array(t, kit_random(10));
        struct rt_error err = {0};
        if (rt_array_check(t, a, &err) < 0)
            rt_test_fail(__FILE__, __LINE__, "%s", err.message);
        int64_t *fields[] = {&a->length, &a->null_count, &a->offset, &a->n_buffers, &a->n_children};
        *fields[kit_random(5)] = kit_random(2) ? INT64_MIN : INT64_MAX;
        CHECK_INT(rt_array_check(t, a, NULL), -EINVAL);
    }
}
