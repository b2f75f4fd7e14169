/* What records say of calls: frames, numbers, modules; also as no shim would write them. */
#include "collect/calls.h"
#include "collect/modules.h"
#include "collect/names.h"
#include "tests/harness/test.h"

struct made {
    struct rt_record r;
    uint8_t payload[512];
};

static struct made begin(uint32_t flags)
{
    return (struct made){.r = {.stamp_mt = RT_STAMP(0, RT_RECORD_DATA, RT_STREAM_STDOUT, flags) | RT_STAMP_COMMIT}};
}

static void put(struct made *m, const void *p, size_t n)
{
    memcpy(m->payload + m->r.len, p, n);
    m->r.len += (uint32_t)n;
}

static void put_call(struct made *m, uint64_t site, uint64_t mono_ns, const char *args, const char *text)
{
    struct rt_call c = {.site = site, .mono_ns = mono_ns, .text_len = (uint32_t)strlen(text), .args_len = (uint16_t)strlen(args)};
    put(m, &c, sizeof c);
    put(m, args, strlen(args));
    put(m, text, strlen(text));
}

RT_TEST(test_frames_of_a_record)
{
    struct made m = begin(RT_FLAG_CALL);
    struct rt_frame f;
    size_t at = 0;
    put_call(&m, 11, 0, "args", "one\n");
    put_call(&m, 22, 5, "", "two and more");
    CHECK_INT(rt_frames_bytes(&m.r), 16);
    CHECK(rt_frame_next(&m.r, &at, &f) && f.has_call && f.call.site == 11 && f.len == 4 && !memcmp(f.args, "args", 4));
    CHECK(rt_frame_next(&m.r, &at, &f) && f.call.site == 22 && f.len == 12 && !memcmp(f.text, "two", 3));
    CHECK(!rt_frame_next(&m.r, &at, &f));
}

RT_TEST(test_a_record_without_calls_is_one_frame)
{
    struct made m = begin(0);
    struct rt_frame f;
    size_t at = 0;
    put(&m, "plain", 5);
    CHECK(rt_frame_next(&m.r, &at, &f) && !f.has_call && f.len == 5);
    CHECK(!rt_frame_next(&m.r, &at, &f));
}

RT_TEST(test_lengths_that_lie_stay_inside)
{
    for (uint32_t cut = 0; cut <= 60; cut++) {
        struct made m = begin(RT_FLAG_CALL);
        struct rt_frame f;
        size_t at = 0, bytes = 0;
        put_call(&m, 1, 0, "arguments", "text text text");
        struct rt_call *c = (void *)m.payload;
        c->text_len = cut % 3 ? UINT32_MAX : 3;
        c->args_len = cut % 5 ? 9 : UINT16_MAX;
        m.r.len = cut;
        while (rt_frame_next(&m.r, &at, &f)) {
            CHECK(f.text + f.len <= m.payload + cut);
            bytes += f.len;
        }
        CHECK(bytes <= cut && rt_frames_bytes(&m.r) == bytes);
    }
}

static uint64_t twice(const void *ctx, uint64_t time)
{
    return time * 2;
}

RT_TEST(test_times_of_frames_are_changed_in_place)
{
    struct made m = begin(RT_FLAG_CALL);
    struct rt_frame f;
    size_t at = 0;
    put_call(&m, 1, 0, "x", "a");
    put_call(&m, 2, 21, "yy", "b");
    rt_frames_times(&m.r, twice, NULL);
    CHECK(rt_frame_next(&m.r, &at, &f) && f.call.mono_ns == 0);
    CHECK(rt_frame_next(&m.r, &at, &f) && f.call.mono_ns == 42 && f.call.site == 2);
}

RT_TEST(test_calls_are_kept_as_long_as_rows_may_come_of_them)
{
    struct rt_call_store c = {0};
    struct rt_assembler a, b;
    rt_assembler_init(&a, NULL);
    rt_assembler_init(&b, NULL);
    const struct rt_assembler *busy[2] = {&a, &b};
    struct rt_frame f = {.has_call = true, .args = (const uint8_t *)"", .call = {.site = 1, .text_len = 3}};
    uint64_t first = rt_calls_begin(&c, &f, busy, 2);
    a.open.len = 1; /* its line is open */
    a.open_tag = first;
    for (uint64_t i = 2; i < 100; i++) {
        f.call.site = i;
        uint64_t tag = rt_calls_begin(&c, &f, busy, 2);
        CHECK_INT(rt_calls_get(&c, tag)->call.site, i);
        CHECK_INT(rt_calls_get(&c, first)->call.site, 1);
    }
    f.call.flags = RT_CALL_CONTINUES;
    CHECK_INT(rt_calls_begin(&c, &f, busy, 2), c.last);
    CHECK_INT(rt_calls_get(&c, c.last)->call.text_len, 6);
    CHECK(!rt_calls_get(&c, 5));
    a.open.len = 0;
}

/* A service forks and forks, and each child brings a format of its own; what the service itself says stays known, over a restart, too. */
RT_TEST(test_names_that_are_used_stay)
{
    static struct rt_names s, again;
    struct rt_buf saved = {0};
    size_t used;
    memset(&s, 0, sizeof s);
    memset(&again, 0, sizeof again);
    CHECK_INT(rt_names_put(&s, 1, 1, "service", 7), 0);
    for (uint32_t i = 2; i < RT_NAMES_MAX + 1000; i++) {
        CHECK_INT(rt_names_put(&s, 1, i, "child", 5), 0);
        CHECK(rt_names_get(&s, 1, 1) && rt_names_get(&s, 1, i));
    }
    CHECK_INT(s.n, RT_NAMES_MAX);
    CHECK(!rt_names_get(&s, 1, 2) && !rt_names_get(&s, 1, 1000));
    CHECK_INT(rt_names_save(&s, &saved), 0);
    CHECK_INT(rt_names_load(&again, saved.data, saved.len, &used), 0);
    CHECK_INT(rt_names_put(&s, 1, RT_NAMES_MAX + 1000, "child", 5), 0);
    CHECK_INT(rt_names_put(&again, 1, RT_NAMES_MAX + 1000, "child", 5), 0);
    CHECK_INT(s.oldest->number, again.oldest->number);
    CHECK_INT(again.newest->older->number, RT_NAMES_MAX + 999);
    rt_names_deinit(&s);
    rt_names_deinit(&again);
    CHECK(!s.oldest && !s.newest && !s.bytes);
    rt_buf_deinit(&saved);
}

RT_TEST(test_names_of_a_segment)
{
    struct rt_names s = {0};
    struct rt_buf saved = {0};
    size_t used;
    CHECK_INT(rt_names_put(&s, 1, 7, "temp %.1f C\r\n", 13), 0);
    CHECK_INT(rt_names_put(&s, 2, 7, "other", 5), 0);
    CHECK_INT(rt_names_put(&s, 1, 7, "temp %.1f C\n", 12), 0);
    CHECK_INT(s.n, 2);
    const struct rt_name *n = rt_names_get(&s, 1, 7);
    CHECK(n && n->len == 11 && !memcmp(n->text, "temp %.1f C", 11));
    CHECK(!rt_names_get(&s, 1, 8) && !rt_names_get(&s, 3, 7));
    CHECK_INT(rt_names_save(&s, &saved), 0);
    rt_names_forget(&s, 1);
    CHECK(!rt_names_get(&s, 1, 7) && rt_names_get(&s, 2, 7));
    rt_names_deinit(&s);
    CHECK_INT(s.bytes, 0);
    CHECK_INT(rt_names_load(&s, saved.data, saved.len, &used), 0);
    CHECK_INT(used, saved.len);
    CHECK_INT(s.n, 2);
    struct rt_names cut = {0};
    for (size_t i = 0; i < saved.len; i++)
        CHECK(rt_names_load(&cut, saved.data, i, &used) < 0);
    rt_names_deinit(&cut);
    rt_names_deinit(&s);
    rt_buf_deinit(&saved);
}

/* As a MODULE record has it. Return: bytes. */
static size_t module(uint8_t *to, uint64_t base, uint64_t start, uint64_t end, const char *id, const char *path)
{
    struct rt_module m = {base, start, end, (uint32_t)strlen(id), (uint32_t)strlen(path)};
    memcpy(to, &m, sizeof m);
    memcpy(to + sizeof m, id, m.id_len);
    memcpy(to + sizeof m + m.id_len, path, m.path_len);
    return sizeof m + m.id_len + m.path_len;
}

static const char *path_at(struct rt_modules *s, const struct rt_maps *maps, uint64_t address, int64_t *ret_offset)
{
    static char path[64];
    struct rt_place place;
    if (!rt_modules_find(s, maps, address, &place))
        return "";
    *ret_offset = place.offset;
    snprintf(path, sizeof path, "%.*s", (int)place.path_len, place.path);
    return path;
}

RT_TEST(test_addresses_in_modules)
{
    struct rt_modules *s = rt_modules_new();
    struct rt_maps *maps = NULL;
    struct rt_buf saved = {0};
    uint8_t r[256];
    int64_t offset = 0;
    size_t used;
    CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0x1000, 0x2000, 0x3000, "id-a", "/a")), 0);
    CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0x8000, 0x9000, 0xa000, "id-b", "/b")), 0);
    CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0x4000, 0x5000, 0x6000, "", "/c")), 0);
    CHECK_STR(path_at(s, maps, 0x2001, &offset), "/a");
    CHECK_INT(offset, 0x1001);
    CHECK_STR(path_at(s, maps, 0x3000, &offset), "/a"); /* the call was its last instruction */
    CHECK_STR(path_at(s, maps, 0x2000, &offset), "");
    CHECK_STR(path_at(s, maps, 0x9fff, &offset), "/b");
    CHECK_STR(path_at(s, maps, 0x7000, &offset), "");
    CHECK_STR(path_at(s, NULL, 0x2001, &offset), "");
    struct rt_maps *child = rt_maps_copy(maps);
    /* what lies over others has taken their place */
    CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0x2800, 0x2800, 0x5800, "id-d", "/d")), 0);
    CHECK_STR(path_at(s, maps, 0x2001, &offset), "");
    CHECK_STR(path_at(s, maps, 0x5001, &offset), "/d");
    CHECK_STR(path_at(s, maps, 0x9001, &offset), "/b");
    CHECK_STR(path_at(s, child, 0x2001, &offset), "/a");
    CHECK_INT(rt_maps_save(child, &saved), 0);
    struct rt_maps *loaded = NULL;
    CHECK_INT(rt_maps_load(s, &loaded, saved.data, saved.len, &used), 0);
    CHECK_INT(used, saved.len);
    CHECK_STR(path_at(s, loaded, 0x5001, &offset), "/c");
    rt_maps_free(loaded);
    rt_maps_free(child);
    rt_maps_free(maps);
    rt_modules_free(s);
    rt_buf_deinit(&saved);
}

/* Regression: it was shown with what stands behind the NUL, until a restart. */
RT_TEST(test_path_of_a_module_ends_at_its_nul)
{
    struct rt_modules *s = rt_modules_new();
    struct rt_maps *maps = NULL;
    uint8_t r[256];
    int64_t offset;
    size_t n = module(r, 0, 0x1000, 0x2000, "id", "/path");
    r[n - 2] = 0;
    CHECK_INT(rt_modules_take(s, &maps, r, n), 0);
    CHECK_STR(path_at(s, maps, 0x1001, &offset), "/pa");
    rt_maps_free(maps);
    rt_modules_free(s);
}

RT_TEST(test_modules_that_no_shim_tells_of)
{
    struct rt_modules *s = rt_modules_new();
    struct rt_maps *maps = NULL;
    uint8_t r[256];
    size_t n = module(r, 0, 0x1000, 0x2000, "id", "/path");
    for (size_t i = 0; i < n; i++)
        CHECK_INT(rt_modules_take(s, &maps, r, i), -EBADMSG);
    CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0, 0x2000, 0x2000, "id", "/empty")), -EBADMSG);
    struct rt_module *m = (void *)r;
    module(r, 0, 0x1000, 0x2000, "id", "/path");
    m->id_len = RT_BUILD_ID_MAX + 1;
    CHECK_INT(rt_modules_take(s, &maps, r, sizeof r), -EBADMSG);
    CHECK(!maps);
    for (uint32_t i = 0; i < RT_MAPS_MAX + 10; i++) /* one more than are kept is no error */
        CHECK_INT(rt_modules_take(s, &maps, r, module(r, 0, 0x10000 + i * 0x1000, 0x10800 + i * 0x1000, "id", "/same")), 0);
    rt_maps_free(maps);
    rt_modules_free(s);
}
