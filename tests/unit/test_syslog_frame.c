/* A stream of syslog messages, cut everywhere, honest and lying. */
#include "syslog/frame.h"
#include "tests/harness/test.h"

struct seen {
    char text[8192];
    size_t n;
};
/* Each message as "[text]", with ! behind one that was cut and ? behind a partial one. */
static void see(void *ctx, const void *bytes, size_t n, uint32_t flags)
{
    struct seen *s = ctx;
    CHECK(n > 0 && s->n + n + 5 < sizeof s->text);
    s->n += (size_t)sprintf(s->text + s->n, "[%.*s]%s%s", (int)n, (const char *)bytes, flags & RT_FRAME_CUT ? "!" : "",
                            flags & RT_FRAME_PARTIAL ? "?" : "");
}

static void feed(struct rt_framer *f, struct seen *s, const char *bytes, size_t n, size_t piece)
{
    for (size_t at = 0; at < n; at += piece) {
        size_t len = n - at < piece ? n - at : piece;
        char *copy = malloc(len);
        memcpy(copy, bytes + at, len);
        CHECK_INT(rt_framer_feed(f, copy, len, see, s), 0);
        free(copy);
    }
}

static const struct {
    const char *stream;
    size_t n;
    uint32_t most;
    const char *want;
} streams[] = {
#define IN(s) s, sizeof s - 1
    {IN("<13>a\n<14>b\n"), 0, "[<13>a][<14>b]"},
    {IN("<13>a\0<14>b\0"), 0, "[<13>a][<14>b]"},
    {IN("<13>a\r\n<14>b"), 0, "[<13>a\r][<14>b]"},
    {IN("5 <13>a6 <14>bc"), 0, "[<13>a][<14>bc]"},
    {IN("9 <13>a\n\nbc5 <14>b"), 0, "[<13>a\n\nbc][<14>b]"},
    {IN("5 <13>a\n5 <14>b\n"), 0, "[<13>a][<14>b]"},
    {IN("5 <13>a <14>framing with a blank\n"), 0, "[<13>a][<14>framing with a blank]"},
    {IN("<13>a\n5 <14>b<15>c\n"), 0, "[<13>a][<14>b][<15>c]"},
    {IN("3 <7>4 <13>"), 0, "[<7>][<13>]"},
    /* lengths that are none */
    {IN("0 <13>a\n<14>b\n"), 0, "[0 <13>a][<14>b]"},
    {IN("00012 <13>a\n<14>b\n"), 0, "[00012 <13>a][<14>b]"},
    {IN("1234567890 <13>a\n<14>b\n"), 0, "[1234567890 <13>a][<14>b]"},
    {IN("200001 <13>a\n<14>b\n"), 0, "[200001 <13>a][<14>b]"},
    {IN("2026 was a year\n<14>b\n"), 0, "[2026 was a year][<14>b]"},
    {IN("7up <13>\n5 <14>b"), 0, "[7up <13>][<14>b]"},
    {IN("12\n<14>b\n"), 0, "[12][<14>b]"},
    /* lies about lengths */
    {IN("3 <13>abc\n5 <14>b"), 0, "[<13][>abc][<14>b]"},
    {IN("99 <13>a"), 0, "[<13>a]?"},
    {IN("99"), 0, "[99]?"},
    {IN("99 "), 0, "[99 ]?"},
    /* too long: the front stays, digits in the rest are no length */
    {IN("<13>1234567 5 <14>x\n<15>b\n"), 8, "[<13>1234]![<15>b]"},
    {IN("20 <13>5 5 <14>x5 <14>x5 <15>b"), 8, "[<13>5 5 ]![<15>b]"},
    {IN("\n\n\0 \r\n"), 0, ""},
    {IN("\xff\xfe\n"), 0, "[\xff\xfe]"},
};

RT_TEST(streams_are_cut_into_messages)
{
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (size_t piece = 1; piece <= streams[i].n; piece++) {
            struct rt_framer f = {.most = streams[i].most};
            struct seen s = {.n = 0};
            feed(&f, &s, streams[i].stream, streams[i].n, piece);
            rt_framer_close(&f, false, see, &s);
            CHECK_STR(s.text, streams[i].want);
            CHECK(rt_framer_empty(&f));
            rt_framer_deinit(&f);
        }
}

RT_TEST(a_hole_ends_the_open_message)
{
    struct rt_framer f = {.most = 0};
    struct seen s = {.n = 0};
    feed(&f, &s, "<13>begun", 9, 9);
    rt_framer_close(&f, true, see, &s);
    feed(&f, &s, "5 <14>b", 7, 7);
    CHECK_STR(s.text, "[<13>begun]?[<14>b]");
    rt_framer_deinit(&f);
}

RT_TEST(a_restart_goes_on_at_every_byte)
{
    static const char stream[] = "<13>a\n5 <14>b123 no\n8 <15>3 <7";
    for (size_t at = 0; at < sizeof stream - 1; at++) {
        struct rt_framer f = {.most = 0}, g = {.most = 0};
        struct rt_buf state = {0};
        struct seen s = {.n = 0};
        size_t used;
        feed(&f, &s, stream, at, 64);
        CHECK_INT(rt_framer_save(&f, &state), 0);
        CHECK_INT(rt_framer_load(&g, state.data, state.len, &used), 0);
        CHECK_INT(used, state.len);
        for (size_t n = 0; n < state.len; n++) {
            struct rt_framer bad = {.most = 0};
            CHECK_INT(rt_framer_load(&bad, state.data, n, &used), -EBADMSG);
        }
        feed(&g, &s, stream + at, sizeof stream - 1 - at, 64);
        CHECK_STR(s.text, "[<13>a][<14>b][123 no][<15>3 <7]");
        rt_framer_deinit(&f);
        rt_framer_deinit(&g);
        rt_buf_deinit(&state);
    }
}

static void count(void *ctx, const void *bytes, size_t n, uint32_t flags)
{
    ++*(size_t *)ctx;
    CHECK(n <= RT_FRAME_MOST);
}

RT_TEST(memory_is_bounded)
{
    static char megabyte[1 << 20];
    struct rt_framer f = {.most = 0};
    size_t messages = 0;
    memset(megabyte, 'x', sizeof megabyte);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(rt_framer_feed(&f, megabyte, sizeof megabyte, count, &messages), 0);
        CHECK(f.open.cap <= 2 * RT_FRAME_MOST);
    }
    CHECK_INT(messages, 0);
    CHECK_INT(rt_framer_feed(&f, "\n", 1, count, &messages), 0);
    CHECK_INT(messages, 1);
    CHECK(f.open.cap <= 8192);
    rt_framer_deinit(&f);
}
