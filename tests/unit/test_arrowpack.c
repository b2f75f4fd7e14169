#include "encode/arrowpack.h"
#include "tests/unit/array_kit.h"

static struct rt_arena arena_for(const struct rt_datatype *t)
{
    size_t size = rt_arrow_arena_size(t);
    return (struct rt_arena){kit_alloc(size), size};
}

/* Exactly as many bytes as are said, so that ASan sees one more. */
static uint8_t *packed(const struct rt_datatype *t, const struct ArrowArray *a, size_t *ret_len)
{
    size_t len = rt_arrow_packed_size(t, a);
    uint8_t *bytes = kit_alloc(len);
    CHECK_INT(len % 8, 0);
    static uint8_t rubbish;
    memset(bytes, ++rubbish, len); /* none of it may stay, or what lay there would travel along */
    rt_arrow_pack(t, a, bytes);
    *ret_len = len;
    return bytes;
}

RT_TEST(test_arrays_of_any_type_come_back)
{
    for (int round = 0; round < 3000; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        const struct ArrowArray *a = kit_random_array(t, kit_random(12));
        struct rt_arena arena = arena_for(t);
        struct ArrowArray back;
        struct kit_text before = {0}, after = {0};
        size_t len;
        uint8_t *bytes = packed(t, a, &len);
        CHECK_INT(rt_arrow_unpack(t, bytes, len, &arena, &back), 0);
        CHECK_INT(back.length, a->length);
        CHECK_INT(rt_array_check(t, &back, NULL), 0);
        kit_put(&before, "%s", "");
        kit_put(&after, "%s", "");
        kit_elements(&before, t, a, 0, (uint64_t)a->length);
        kit_elements(&after, t, &back, 0, (uint64_t)back.length);
        CHECK_STR(after.p, before.p);
        struct rt_arena again = arena_for(t);
        struct ArrowArray twice;
        size_t len2;
        uint8_t *bytes2 = packed(t, &back, &len2);
        CHECK_MEM(bytes2, len2, bytes, len); /* nothing of where it came from is in the bytes */
        CHECK_INT(rt_arrow_unpack(t, bytes2, len2, &again, &twice), 0);
    }
}

RT_TEST(test_bytes_that_end_early_are_refused)
{
    for (int round = 0; round < 500; round++) {
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        const struct ArrowArray *a = kit_random_array(t, 1 + kit_random(9));
        struct ArrowArray back;
        size_t len;
        const uint8_t *bytes = packed(t, a, &len);
        for (size_t cut = 0; cut < len; cut += 8) {
            struct rt_arena arena = arena_for(t);
            uint8_t *some = kit_alloc(cut);
            memcpy(some, bytes, cut);
            CHECK_INT(rt_arrow_unpack(t, some, cut, &arena, &back), -EBADMSG);
        }
    }
}

RT_TEST(test_hostile_bytes_never_lead_outside)
{
    for (int round = 0; round < 30000; round++) {
        static const uint8_t evil[] = {0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF};
        const struct rt_datatype *t = kit_random_type("item", kit_random(4));
        struct rt_arena arena = arena_for(t);
        struct ArrowArray back;
        size_t len;
        uint8_t *bytes = packed(t, kit_random_array(t, kit_random(9)), &len);
        for (uint32_t i = 0; i < 1 + kit_random(4); i++)
            bytes[kit_random((uint32_t)len)] = evil[kit_random(sizeof evil)];
        if (rt_arrow_unpack(t, bytes, len, &arena, &back) == 0 && rt_array_check_shape(t, &back, NULL) == 0) {
            struct kit_text text = {0};
            kit_elements(&text, t, &back, 0, (uint64_t)back.length < 1000 ? (uint64_t)back.length : 1000);
        }
    }
}

RT_TEST(test_a_small_arena_is_told)
{
    const struct rt_datatype *t = kit_type("v", RT_KIND_FIXED_LIST, 3, true, 1, kit_type("item", RT_KIND_F32, 0, false, 0));
    struct ArrowArray back;
    size_t len;
    const uint8_t *bytes = packed(t, kit_random_array(t, 2), &len);
    struct rt_arena arena = {kit_alloc(16), 16};
    CHECK_INT(rt_arrow_unpack(t, bytes, len, &arena, &back), -ENOBUFS);
    CHECK(len <= 8 + 8 + 8 + 24 + 8); /* two points: heads, perhaps nulls, values */
}
