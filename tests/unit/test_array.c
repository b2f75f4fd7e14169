#include <sys/resource.h>

#include "tests/unit/array_kit.h"

static void check_same(const struct rt_array *a, const struct kit_text *expected)
{
    struct kit_text now = {0};
    struct rt_error err = {0};
    const struct ArrowArray *view = kit_view(a);
    CHECK_INT(rt_array_check_shape(a->type, view, &err), 0);
    kit_put(&now, "%s", "");
    kit_elements(&now, a->type, view, 0, a->length);
    CHECK_STR(now.p, expected->len ? expected->p : "");
}

RT_TEST(test_slices_of_any_type_are_copied)
{
    for (int round = 0; round < 3000; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        struct rt_array a;
        struct kit_text expected = {0};
        CHECK_INT(rt_array_init(&a, t), 0);
        for (int part = 0; part < 4; part++) {
            uint64_t n = kit_random(20), from = n ? kit_random((uint32_t)n) : 0, take = n ? kit_random((uint32_t)(n - from) + 1) : 0;
            const struct ArrowArray *view = kit_random_array(t, n);
            struct rt_error err = {0};
            if (rt_array_check(t, view, &err) < 0)
                rt_test_fail(__FILE__, __LINE__, "%s", err.message);
            CHECK_INT(rt_array_append(&a, view, from, take), 0);
            kit_elements(&expected, t, view, from, take);
        }
        check_same(&a, &expected);
        rt_array_clear(&a);
        CHECK_INT(a.length, 0);
        CHECK_INT(rt_array_bytes(&a), 0);
        const struct ArrowArray *view = kit_random_array(t, 9);
        CHECK_INT(rt_array_append(&a, view, 2, 7), 0);
        expected.len = 0;
        kit_elements(&expected, t, view, 2, 7);
        check_same(&a, &expected);
        rt_array_deinit(&a);
    }
}

RT_TEST(test_taking_reorders_drops_and_repeats)
{
    for (int round = 0; round < 2000; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(3));
        struct rt_array a;
        struct kit_text expected = {0};
        uint32_t order[30], n = kit_random(30);
        const struct ArrowArray *view = kit_random_array(t, 20);
        CHECK_INT(rt_array_init(&a, t), 0);
        CHECK_INT(rt_array_append(&a, view, 0, 20), 0);
        for (uint32_t i = 0; i < n; i++) {
            order[i] = i && order[i - 1] < 19 && kit_random(2) ? order[i - 1] + 1 : kit_random(20);
            kit_elements(&expected, t, view, order[i], 1);
        }
        CHECK_INT(rt_array_take(&a, order, n), 0);
        CHECK_INT(a.length, n);
        check_same(&a, &expected);
        order[0] = n;
        CHECK_INT(rt_array_take(&a, order, 1), -EINVAL);
        check_same(&a, &expected);
        rt_array_deinit(&a);
    }
}

RT_TEST(test_nulls_and_empties_of_any_type)
{
    for (int round = 0; round < 2000; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        const struct ArrowArray *view = kit_random_array(t, 5);
        struct rt_array a;
        struct kit_text before = {0}, after = {0}, now = {0};
        CHECK_INT(rt_array_init(&a, t), 0);
        kit_elements(&before, t, view, 0, 5);
        kit_elements(&after, t, view, 1, 4);
        CHECK_INT(rt_array_append(&a, view, 0, 5), 0);
        CHECK_INT(rt_array_append_nulls(&a, 3), 0);
        CHECK_INT(rt_array_append_empty(&a, 2), 0);
        CHECK_INT(rt_array_append(&a, view, 1, 4), 0);
        CHECK_INT(a.length, 14);
        const struct ArrowArray *made = kit_view(&a);
        CHECK_INT(rt_array_check_shape(t, made, NULL), 0);
        bool is_union = t->kind == RT_KIND_DENSE_UNION || t->kind == RT_KIND_SPARSE_UNION;
        for (uint64_t i = 0; i < 5 && !is_union && t->kind != RT_KIND_NULL; i++)
            CHECK(rt_view_nulls(t, made, 5 + i, 1) == (i < 3));
        kit_elements(&now, t, made, 0, 5);
        CHECK_STR(now.p, before.p);
        now.len = 0;
        kit_elements(&now, t, made, 10, 4);
        CHECK_STR(now.p, after.p);
        rt_array_deinit(&a);
    }
}

RT_TEST(test_flat_texts)
{
    struct rt_array a;
    const uint32_t ends[] = {2, 2, 5};
    rt_array_init(&a, &rt_datatype_utf8);
    CHECK_INT(rt_array_append_flat(&a, 3, ends, "abcde", 5), 0);
    CHECK_INT(rt_array_append_flat(&a, 0, NULL, NULL, 0), 0);
    CHECK_INT(rt_array_append_nulls(&a, 1), 0);
    CHECK_INT(rt_array_append_flat(&a, 2, ends + 1, "xyzzy", 5), 0);
    struct kit_text expected = {0};
    kit_put(&expected, "\"ab\"\n\"\"\n\"cde\"\n~\n\"xy\"\n\"zzy\"\n");
    check_same(&a, &expected);
    CHECK_INT(a.n_nulls, 1);
    CHECK_INT(rt_array_append_flat(&a, 1, NULL, "x", 1), -EINVAL);
    CHECK_INT(rt_array_append_flat(&a, 3, ends, "abcd", 4), -EINVAL);
    check_same(&a, &expected);
    rt_array_deinit(&a);
}

RT_TEST(test_flat_numbers_bools_and_fixed_lists)
{
    const struct rt_datatype *vec = kit_type("item", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("item", RT_KIND_U16, 0, false, 0)),
                             *mat = kit_type("item", RT_KIND_FIXED_LIST, 2, true, 1, vec);
    const struct rt_datatype *types[] = {&rt_datatype_u32, &rt_datatype_bool, vec, mat, &rt_datatype_tuid};
    const unsigned widths[] = {4, 1, 6, 12, 16};
    uint8_t bytes[16 * 11];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i % 3 == 1);
    for (int k = 0; k < 5; k++) {
        struct rt_array a;
        struct kit_text twice = {0};
        CHECK_INT(rt_datatype_flat_width(types[k]), widths[k]);
        rt_array_init(&a, types[k]);
        CHECK_INT(rt_array_append_flat(&a, 11, NULL, bytes, 11 * widths[k]), 0);
        kit_elements(&twice, types[k], kit_view(&a), 0, 11);
        kit_elements(&twice, types[k], kit_view(&a), 0, 11);
        CHECK_INT(rt_array_append_flat(&a, 11, NULL, bytes, 11 * widths[k]), 0);
        check_same(&a, &twice);
        CHECK_INT(rt_array_append_flat(&a, 12, NULL, bytes, 11 * widths[k]), -EINVAL);
        check_same(&a, &twice);
        rt_array_deinit(&a);
    }
    CHECK_INT(rt_datatype_flat_width(&rt_datatype_utf8), 0);
    CHECK_INT(rt_datatype_flat_width(kit_type("s", RT_KIND_STRUCT, 0, true, 1, &rt_datatype_u32)), 0);
}

RT_TEST(test_lists_by_their_items)
{
    const struct rt_datatype *list = kit_type("x", RT_KIND_LIST, 0, true, 1, &rt_datatype_utf8);
    const uint32_t ends[] = {1, 2};
    struct rt_array a;
    struct kit_text expected = {0};
    rt_array_init(&a, list);
    CHECK_INT(rt_array_append_flat(&a.children[0], 2, ends, "ab", 2), 0);
    CHECK_INT(rt_array_end_list(&a), 0);
    CHECK_INT(rt_array_append_empty(&a, 1), 0);
    CHECK_INT(rt_array_append_nulls(&a, 1), 0);
    CHECK_INT(rt_array_append_flat(&a.children[0], 1, ends, "c", 1), 0);
    CHECK_INT(rt_array_end_list(&a), 0);
    kit_put(&expected, "[\"a\",\"b\",]\n[]\n~\n[\"c\",]\n");
    check_same(&a, &expected);
    rt_array_deinit(&a);
}

RT_TEST(test_two_gib_are_refused_and_nothing_changes)
{
    struct rt_array a;
    uint8_t small = 7;
    const void *buffers[] = {NULL, &small};
    const int32_t huge[] = {0, INT32_MAX};
    const void *texts[] = {NULL, huge, &small};
    rt_array_init(&a, &rt_datatype_u8);
    CHECK_INT(rt_array_append_flat(&a, 1, NULL, &small, 1), 0);
    const struct ArrowArray many = {.length = INT32_MAX, .n_buffers = 2, .buffers = buffers};
    CHECK_INT(rt_array_append(&a, &many, 0, INT32_MAX), -EOVERFLOW);
    CHECK_INT(rt_array_append_nulls(&a, INT32_MAX), -EOVERFLOW);
    CHECK_INT(a.length, 1);
    CHECK_INT(rt_array_bytes(&a), 1);
    rt_array_deinit(&a);
    const uint32_t one = 1;
    rt_array_init(&a, &rt_datatype_utf8);
    CHECK_INT(rt_array_append_flat(&a, 1, &one, "x", 1), 0);
    const struct ArrowArray text = {.length = 1, .n_buffers = 3, .buffers = texts};
    CHECK_INT(rt_array_append(&a, &text, 0, 1), -EOVERFLOW);
    CHECK_INT(a.length, 1);
    rt_array_deinit(&a);
}

RT_TEST(test_a_view_needs_its_arena)
{
    const struct rt_datatype *t = kit_random_type("item", 4);
    struct rt_array a;
    struct ArrowArray view;
    uint64_t mem[4096];
    CHECK_INT(rt_array_init(&a, t), 0);
    for (size_t left = 0; left < sizeof mem; left += 8) {
        struct rt_arena arena = {(uint8_t *)mem, left};
        int r = rt_array_view(&a, &arena, &view);
        CHECK(r == 0 || r == -ENOBUFS);
        if (left >= rt_datatype_nodes(t) * RT_VIEW_FIELD_BYTES)
            CHECK_INT(r, 0);
    }
    rt_array_deinit(&a);
}

/* Address space of the process, in bytes. */
static uint64_t address_space(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f && fscanf(f, "%lu", &pages) == 1);
    fclose(f);
    return pages * 4096ull;
}

RT_TEST(test_without_memory_nothing_changes)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    rt_test_skip("the sanitizer has no limit of address space");
#endif
    const struct rt_datatype *row = kit_type("item", RT_KIND_STRUCT, 0, true, 3, kit_type("a", RT_KIND_UTF8, 0, true, 0),
                                             kit_type("b", RT_KIND_F64, 0, true, 0), kit_type("c", RT_KIND_LIST, 0, true, 1, &rt_datatype_bool));
    const struct rt_datatype *t = kit_type("l", RT_KIND_LIST, 0, true, 1, row);
    const struct ArrowArray *view = kit_random_array(t, 20000);
    struct rt_array a;
    uint32_t failures = 0;
    uint64_t n = 0;
    CHECK_INT(rt_array_init(&a, t), 0);
    kit_view(&a);
    struct rlimit limit = {address_space() + (24 << 20), RLIM_INFINITY};
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    for (int i = 0; i < 400 && failures < 20; i++) {
        int r = rt_array_append(&a, view, 0, 20000);
        CHECK(r == 0 || r == -ENOMEM);
        n += r ? 0 : 20000;
        failures += r != 0;
        CHECK_INT(a.length, n);
        CHECK_INT(rt_array_check_shape(t, kit_view(&a), NULL), 0);
        CHECK_INT(a.children[0].length, n ? rt_view_offset(a.offsets.data, false, n) : 0);
    }
    CHECK_INT(failures, 20);
    limit.rlim_cur = RLIM_INFINITY;
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_INT(rt_array_append(&a, view, 0, 20000), 0);
    rt_array_deinit(&a);
}
