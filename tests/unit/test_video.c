/* When the frames of a video are shown; tests/judge/videos.py compares a thousand files with the official reader. */
#include <retap.h>

#include "base/buf.h"
#include "recording/mp4.h"
#include "tests/harness/test.h"

/* ---------------------------------------------------------------- files made here */
static void put32(struct rt_buf *b, uint32_t v)
{
    uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    CHECK_INT(rt_buf_append(b, p, 4), 0);
}

/* A box of numbers; its content may hold further boxes. */
static void put_box(struct rt_buf *out, const char *name, const uint32_t *numbers, size_t n, const struct rt_buf *inside)
{
    put32(out, (uint32_t)(8 + 4 * n + (inside ? inside->len : 0)));
    CHECK_INT(rt_buf_append(out, name, 4), 0);
    for (size_t i = 0; i < n; i++)
        put32(out, numbers[i]);
    if (inside)
        CHECK_INT(rt_buf_append(out, inside->data, inside->len), 0);
}
#define BOX(out, name, ...) put_box((out), (name), (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4, NULL)
#define WRAP(out, name, inside) put_box((out), (name), NULL, 0, (inside))

struct film {
    uint32_t timescale, codec, n_frames;
    const uint32_t *shifts; /* n_frames of them, or NULL */
    const char *without;    /* a box that is left out */
};

static void unless(const struct film *f, struct rt_buf *out, const char *name, const uint32_t *numbers, size_t n, const struct rt_buf *inside)
{
    if (!f->without || strcmp(f->without, name) != 0)
        put_box(out, name, numbers, n, inside);
}
#define MAYBE(f, out, name, ...) unless((f), (out), (name), (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4, NULL)

static struct rt_buf film(const struct film *f)
{
    struct rt_buf file = {0}, moov = {0}, trak = {0}, mdia = {0}, minf = {0}, stbl = {0}, ctts = {0};
    MAYBE(f, &stbl, "stsd", 0, 1, 16, f->codec, 0, 0);
    MAYBE(f, &stbl, "stts", 0, 2, 2, 1000, f->n_frames, 500); /* two frames of 1000 ticks, then 500 */
    MAYBE(f, &stbl, "stsz", 0, 1, f->n_frames);
    MAYBE(f, &stbl, "stsc", 0, 1, 1, 1000, 1);
    MAYBE(f, &stbl, "stco", 0, 1, 0);
    for (uint32_t i = 0; f->shifts && i < f->n_frames; i++) {
        put32(&ctts, 1);
        put32(&ctts, f->shifts[i]);
    }
    if (f->shifts)
        put_box(&stbl, "ctts", (uint32_t[]){0, f->n_frames}, 2, &ctts);
    MAYBE(f, &minf, "dinf", 0);
    unless(f, &minf, "stbl", NULL, 0, &stbl);
    MAYBE(f, &mdia, "mdhd", 0, 0, 0, f->timescale, 0, 0);
    MAYBE(f, &mdia, "hdlr", 0, 0, 0x76696465, 0, 0, 0, 0);
    unless(f, &mdia, "minf", NULL, 0, &minf);
    MAYBE(f, &trak, "tkhd", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    unless(f, &trak, "mdia", NULL, 0, &mdia);
    MAYBE(f, &moov, "mvhd", 0);
    WRAP(&moov, "trak", &trak);
    MAYBE(f, &file, "ftyp", 0x69736f6d, 0, 0x69736f6d);
    unless(f, &file, "moov", NULL, 0, &moov);
    struct rt_buf *parts[] = {&moov, &trak, &mdia, &minf, &stbl, &ctts};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        rt_buf_deinit(parts[i]);
    return file;
}

#define AVC1 0x61766331u
static const uint32_t reordered[] = {0, 1500, (uint32_t)-500, 0};

/* ---------------------------------------------------------------- the official call */
static uint32_t asked; /* timestamps, by the last call of give() */
static int64_t *give(void *ctx, uint32_t n)
{
    asked = n;
    return n <= 16 ? ctx : NULL;
}

static int64_t *read_video(const struct rt_buf *file, const char *type, int64_t out[16], rr_error *err)
{
    asked = UINT32_MAX;
    memset(err, 0, sizeof *err);
    return rr_video_asset_read_frame_timestamps_nanos(file->data, file->len, rr_make_string(type), out, give, err);
}

RT_TEST(test_frames_are_ascending_and_begin_at_zero)
{
    int64_t out[16];
    rr_error err;
    struct rt_buf file = film(&(struct film){.timescale = 3000, .codec = AVC1, .n_frames = 4, .shifts = reordered});
    CHECK(read_video(&file, "video/mp4", out, &err) == out && err.code == 0);
    CHECK_INT(asked, 4);
    /* decoded at 0, 1000, 2000, 2500; shown at 0, 2500, 1500, 2500 ticks of 1/3000 s */
    CHECK_INT(out[0], 0);
    CHECK_INT(out[1], 500000000);
    CHECK_INT(out[2], 833333333);
    CHECK_INT(out[3], 833333333);
    rt_buf_deinit(&file);
}

RT_TEST(test_the_earliest_frame_is_at_zero_whatever_the_shifts)
{
    static const uint32_t later[] = {2000, 2000}, earlier[] = {(uint32_t)-300, 0};
    int64_t out[16];
    rr_error err;
    struct rt_buf file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 2, .shifts = later});
    CHECK(read_video(&file, "video/mp4", out, &err));
    CHECK_INT(out[0], 0);
    CHECK_INT(out[1], 1000000000);
    rt_buf_deinit(&file);
    file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 2, .shifts = earlier});
    CHECK(read_video(&file, "video/mp4", out, &err));
    CHECK_INT(out[1], 1300000000);
    rt_buf_deinit(&file);
}

RT_TEST(test_each_missing_box_is_named)
{
    static const char *const boxes[] = {"ftyp", "moov", "mvhd", "tkhd", "mdia", "mdhd", "hdlr", "minf", "dinf", "stbl", "stsd", "stts", "stsz", "stsc", "stco"};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        int64_t out[16];
        rr_error err;
        struct rt_buf file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 2, .without = boxes[i]});
        CHECK(!read_video(&file, "video/mp4", out, &err));
        CHECK_INT(err.code, RR_ERROR_CODE_VIDEO_LOAD_ERROR);
        CHECK(strstr(err.description, boxes[i]));
        CHECK_INT(asked, UINT32_MAX);
        rt_buf_deinit(&file);
    }
}

RT_TEST(test_what_cannot_be_read_has_its_reason)
{
    static const struct {
        struct film film;
        const char *reason;
    } bad[] = {
        {{.timescale = 1000, .codec = 0x6d703476, .n_frames = 1}, "codec \"mp4v\""},
        {{.timescale = 0, .codec = AVC1, .n_frames = 1}, "ticks"},
        {{.timescale = 1000, .codec = AVC1, .n_frames = 2000}, "stco"}, /* one chunk of 1000 frames */
        {{.timescale = 1000, .codec = 0x76703039, .n_frames = 999}, "end of the file"},
        {{.timescale = 1000, .codec = AVC1, .n_frames = RT_MP4_FRAMES_MOST + 1}, "frames"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t out[16];
        rr_error err;
        struct rt_buf file = film(&bad[i].film);
        CHECK(!read_video(&file, "video/mp4", out, &err));
        CHECK_INT(err.code, RR_ERROR_CODE_VIDEO_LOAD_ERROR);
        CHECK(strstr(err.description, bad[i].reason));
        rt_buf_deinit(&file);
    }
}

RT_TEST(test_every_shorter_file_is_an_error)
{
    struct rt_buf file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 4, .shifts = reordered});
    for (size_t n = 0; n < file.len; n++) {
        uint8_t *copy = malloc(n ? n : 1); /* so that a sanitizer sees a read behind it */
        struct rt_mp4_times t;
        struct rt_error err = {0};
        memcpy(copy, file.data, n);
        CHECK(rt_mp4_times(copy, n, &t, &err) < 0);
        CHECK(err.message[0]);
        free(copy);
    }
    rt_buf_deinit(&file);
}

RT_TEST(test_arguments_are_checked_as_the_official_library_does)
{
    int64_t out[16];
    rr_error err;
    struct rt_buf file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 2}), none = {.data = file.data};
    CHECK(!read_video(&(struct rt_buf){0}, "video/mp4", out, &err));
    CHECK_INT(err.code, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "video_bytes"));
    CHECK(!rr_video_asset_read_frame_timestamps_nanos(file.data, file.len, rr_make_string("video/mp4"), NULL, NULL, &err));
    CHECK_INT(err.code, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "alloc_timestamps"));
    static const char *const types[] = {"", "video/webm", "image/png", "video/mp4 "};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        CHECK(!read_video(&file, types[i], out, &err));
        CHECK_INT(err.code, RR_ERROR_CODE_VIDEO_LOAD_ERROR);
        CHECK(strstr(err.description, "media_type"));
    }
    CHECK(!read_video(&none, "video/mp4", out, &err));
    CHECK_INT(err.code, RR_ERROR_CODE_VIDEO_LOAD_ERROR);
    /* only a type that is no text makes it look at the bytes */
    CHECK(read_video(&file, "\xff", out, &err) == out);
    CHECK(!rr_video_asset_read_frame_timestamps_nanos((const uint8_t *)"no video at all", 15, rr_make_string("\xff"), out, give, &err));
    CHECK(!rr_video_asset_read_frame_timestamps_nanos(NULL, 0, rr_make_string(""), NULL, NULL, NULL));
    rt_buf_deinit(&file);
}

RT_TEST(test_a_caller_without_memory_gets_an_error)
{
    rr_error err;
    struct rt_buf file = film(&(struct film){.timescale = 1000, .codec = AVC1, .n_frames = 17});
    CHECK(!read_video(&file, "video/mp4", NULL, &err));
    CHECK_INT(err.code, RR_ERROR_CODE_OUT_OF_MEMORY);
    CHECK_INT(asked, 17);
    rt_buf_deinit(&file);
}

/* ---------------------------------------------------------------- half floats */
static float from_half(uint16_t h)
{
    uint32_t exponent = h >> 10 & 31, fraction = h & 0x3ff;
    float v = exponent == 31 ? (fraction ? __builtin_nanf("") : __builtin_inff())
        : exponent ? (float)(1024 + fraction) * __builtin_powif(2, (int)exponent - 25) : (float)fraction * __builtin_powif(2, -24);
    return h & 0x8000 ? -v : v;
}

RT_TEST(test_every_half_comes_back)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        bool nan = (h & 0x7fff) > 0x7c00;
        uint16_t back = rr_f16_from_f32(from_half((uint16_t)h));
        CHECK(nan ? (back & 0x7fff) > 0x7c00 : back == h);
    }
}

RT_TEST(test_halves_round_to_nearest_and_ties_to_even)
{
    for (uint32_t h = 0; h < 0x7bff; h++) {
        float a = from_half((uint16_t)h), b = from_half((uint16_t)(h + 1)), tie = (a + b) / 2, step = (b - a) / 8;
        CHECK_INT(rr_f16_from_f32(tie), h & 1 ? h + 1 : h);
        CHECK_INT(rr_f16_from_f32(tie - step), h);
        CHECK_INT(rr_f16_from_f32(tie + step), h + 1);
        CHECK_INT(rr_f16_from_f32(-tie - step), 0x8000 | (h + 1));
    }
    CHECK_INT(rr_f16_from_f32(65519.996f), 0x7bff);
    CHECK_INT(rr_f16_from_f32(65520.0f), 0x7c00);
    CHECK_INT(rr_f16_from_f32(-1e30f), 0xfc00);
    CHECK_INT(rr_f16_from_f32(__builtin_inff()), 0x7c00);
    CHECK_INT(rr_f16_from_f32(1e-30f), 0);
    CHECK_INT(rr_f16_from_f32(-1e-30f), 0x8000);
}
