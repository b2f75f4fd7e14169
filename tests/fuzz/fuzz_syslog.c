/* Syslog messages and streams of any bytes. The first byte chooses. What must hold:
 *   1. every slice lies within the message; the text is its end, but for line ends and NULs
 *   2. structured data can be walked to its end, and no value grows
 *   3. a stream in pieces gives the messages of the whole stream, over saving and loading too; none is longer than allowed */
#include <stdio.h>
#include <stdlib.h>

#include "syslog/frame.h"
#include "syslog/parse.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)

static void inside(struct rt_slice s, const uint8_t *p, size_t n)
{
    REQUIRE(!s.n || ((const uint8_t *)s.p >= p && s.n <= n && (const uint8_t *)s.p + s.n <= p + n));
}

static void one_message(const uint8_t *p, size_t n, bool from_afar)
{
    struct rt_syslog_context c = {.now_ns = 1795190400000000000, .zone_s = 3600, .from_afar = from_afar};
    struct rt_syslog m = rt_syslog_parse(p, n, &c);
    const struct rt_slice all[] = {m.host, m.app, m.procid, m.msgid, m.data, m.text};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        inside(all[i], p, n);
    size_t end = n;
    while (end && (p[end - 1] == '\n' || p[end - 1] == '\r' || p[end - 1] == 0))
        end--;
    REQUIRE(!m.text.n || (const uint8_t *)m.text.p + m.text.n == p + end);
    REQUIRE(m.pri < 1000 && m.severity < 8 && m.facility < 24);
    struct rt_syslog_walk w = {.rest = m.data};
    struct rt_syslog_param q;
    size_t steps = 0;
    while (rt_syslog_next(&w, &q)) {
        char out[16];
        inside(q.id, p, n);
        inside(q.name, p, n);
        inside(q.value, p, n);
        REQUIRE(rt_syslog_unescape(out, sizeof out, q.value) <= q.value.n);
        REQUIRE(++steps <= n);
    }
    REQUIRE(!w.rest.n && !w.id.p);
}

static void collect(void *ctx, const void *bytes, size_t n, uint32_t flags)
{
    REQUIRE(n > 0 && n <= RT_FRAME_MOST);
    rt_buf_append(ctx, &n, sizeof n);
    rt_buf_append(ctx, &flags, sizeof flags);
    rt_buf_append(ctx, bytes, n);
}

static void cut(struct rt_buf *out, const uint8_t *p, size_t n, size_t piece, uint32_t most, bool save)
{
    struct rt_framer f = {.most = most};
    for (size_t at = 0; at < n; at += piece) {
        REQUIRE(rt_framer_feed(&f, p + at, n - at < piece ? n - at : piece, collect, out) == 0);
        if (save) {
            struct rt_buf state = {0};
            struct rt_framer g;
            size_t used;
            REQUIRE(rt_framer_save(&f, &state) == 0 && rt_framer_load(&g, state.data, state.len, &used) == 0 && used == state.len);
            rt_framer_deinit(&f);
            rt_buf_deinit(&state);
            f = g;
        }
    }
    rt_framer_close(&f, false, collect, out);
    rt_framer_deinit(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2)
        return 0;
    uint8_t how = p[0];
    if (how & 1) {
        one_message(p + 1, n - 1, how & 2);
        return 0;
    }
    struct rt_buf whole = {0}, parts = {0};
    uint32_t most = how & 2 ? 16 : 0;
    cut(&whole, p + 1, n - 1, n, most, false);
    cut(&parts, p + 1, n - 1, 1 + (how >> 3), most, how & 4);
    REQUIRE(whole.len == parts.len && (!whole.len || !memcmp(whole.data, parts.data, whole.len)));
    rt_buf_deinit(&whole);
    rt_buf_deinit(&parts);
    return 0;
}

#ifndef RT_LIBFUZZER
int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f)
            return perror(argv[i]), 1;
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
    return 0;
}
#endif
