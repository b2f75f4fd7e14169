#include "encode/ipc.h"
#include "encode/sha256.h"
#include "tests/harness/test.h"

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* Where slot @n of the table at @table lies; NULL when it is absent. */
static const uint8_t *slot(const uint8_t *table, unsigned n)
{
    const uint8_t *vt = table - (int32_t)u32(table);
    uint16_t len = (uint16_t)(vt[0] | vt[1] << 8), at = 4 + 2 * n < len
        ? (uint16_t)(vt[4 + 2 * n] | vt[5 + 2 * n] << 8) : 0;
    return at ? table + at : NULL;
}

static const uint8_t *follow(const uint8_t *p)
{
    return p + u32(p);
}

RT_TEST(test_equal_strings_and_vtables_are_stored_once)
{
    struct rt_fb fb = {0};
    const uint8_t *p;
    size_t n;
    rt_fb_reset(&fb);
    uint32_t a = rt_fb_string(&fb, "hello", 5), b = rt_fb_string(&fb, "hello", 5),
        c = rt_fb_string(&fb, "hellp", 5);
    CHECK(a == b && a != c);
    uint32_t refs[2];
    size_t cost[3];
    for (int i = 0; i < 3; i++) {
        size_t before = fb.used;
        rt_fb_begin(&fb);
        rt_fb_ref(&fb, 0, i ? c : a);
        rt_fb_i64(&fb, 2, 7 - i);
        refs[i % 2] = rt_fb_end(&fb);
        cost[i] = fb.used - before;
    }
    CHECK(cost[2] < cost[0]);
    CHECK_INT(rt_fb_finish(&fb, rt_fb_vector_refs(&fb, refs, 2), &p, &n), 0);
    CHECK_INT(n % 8, 0);
    const uint8_t *vector = follow(p), *last = follow(vector + 4), *first = follow(vector + 8);
    CHECK_INT(u32(vector), 2);
    CHECK_INT(u32(slot(last, 2)), 5);
    CHECK_INT(u32(slot(first, 2)), 6);
    CHECK_INT((slot(last, 2) - p) % 8, 0);
    CHECK(!slot(last, 1));
    CHECK_MEM(follow(slot(first, 0)) + 4, 6, "hellp", 6);
    rt_fb_deinit(&fb);
}

RT_TEST(test_many_strings_survive_growth)
{
    struct rt_fb fb = {0};
    const uint8_t *p;
    size_t n;
    char text[32];
    uint32_t refs[2000];
    rt_fb_reset(&fb);
    for (int i = 0; i < 2000; i++)
        refs[i] = rt_fb_string(&fb, text, (size_t)sprintf(text, "string %d", i));
    for (int i = 0; i < 2000; i++)
        CHECK_INT(rt_fb_string(&fb, text, (size_t)sprintf(text, "string %d", i)), refs[i]);
    CHECK_INT(rt_fb_finish(&fb, rt_fb_vector_refs(&fb, refs, 2000), &p, &n), 0);
    const uint8_t *s = follow(follow(p) + 4 + 4 * 1234);
    CHECK_MEM(s + 4, u32(s), "string 1234", 11);
    rt_fb_deinit(&fb);
}

RT_TEST(test_batch_offsets_are_aligned_and_may_be_shared)
{
    struct rt_fb fb = {0};
    struct rt_buf out = {0};
    struct rt_ipc_batch b;
    CHECK_INT(rt_ipc_batch_begin(&b, &fb, &out, 3, 2, 4), 0);
    rt_ipc_node(&b, 3, 0);
    rt_ipc_buffer_add(&b, NULL, 0);
    size_t number = rt_ipc_buffer_add(&b, "abc", 3);
    rt_ipc_node(&b, 3, 0);
    rt_ipc_buffer_same(&b, number);
    rt_ipc_buffer_add(&b, "01234567", 8);
    CHECK_INT(rt_ipc_batch_end(&b), 0);
    CHECK_INT(u32(out.data), 0xFFFFFFFF);
    size_t body = 8 + u32(out.data + 4);
    CHECK_INT(body % 8, 0);
    CHECK_MEM(out.data + body, out.len - body, "abc\0\0\0\0\0" "01234567", 16);
    const uint8_t *message = follow(out.data + 8), *batch = follow(slot(message, 2)),
        *buffers = follow(slot(batch, 2));
    CHECK_INT(*slot(message, 1), 3);
    CHECK_INT(u32(slot(message, 3)), 16);
    CHECK_INT(u32(slot(batch, 0)), 3);
    CHECK_INT(u32(buffers), 4);
    CHECK_MEM(buffers + 4 + 16, 16, buffers + 4 + 32, 16);
    CHECK_INT(u32(buffers + 4 + 48), 8);
    rt_buf_deinit(&out);
    rt_fb_deinit(&fb);
}

RT_TEST(test_lists_of_one_type_share_their_child)
{
    struct rt_fb fb = {0};
    struct rt_buf one = {0}, two = {0};
    struct rt_ipc_field f[2] = {{"a", &rt_datatype_utf8, true, true, {{"k", "v"}, {"left out", NULL}}},
                                {"b", &rt_datatype_utf8, true, true, {{"k", "v"}}}};
    CHECK_INT(rt_ipc_schema(&fb, f, 1, NULL, false, &one), 0);
    CHECK_INT(rt_ipc_schema(&fb, f, 2, NULL, false, &two), 0);
    CHECK(two.len - one.len <= 56);
    CHECK(!memmem(one.data, one.len, "left out", 8));
    const uint8_t *schema = follow(slot(follow(two.data + 8), 2)), *fields = follow(slot(schema, 1));
    const uint8_t *a = follow(fields + 4), *b = follow(fields + 8);
    CHECK_MEM(follow(slot(a, 0)) + 4, 2, "a", 2);
    CHECK(follow(slot(a, 5)) == follow(slot(b, 5)));
    CHECK_INT(*slot(a, 2), 12);
    const uint8_t *item = follow(follow(slot(a, 5)) + 4);
    CHECK_MEM(follow(slot(item, 0)) + 4, 5, "item", 5);
    CHECK_INT(*slot(item, 2), 5);
    rt_buf_deinit(&one);
    rt_buf_deinit(&two);
    rt_fb_deinit(&fb);
}

/* FIPS 180-2, appendix B. */
RT_TEST(test_sha256_vectors)
{
    static const struct {
        const char *text, *hex;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t out[32];
        char hex[65];
        rt_sha256(vectors[i].text, strlen(vectors[i].text), out);
        for (int k = 0; k < 32; k++)
            sprintf(hex + 2 * k, "%02x", out[k]);
        CHECK_STR(hex, vectors[i].hex);
    }
}
