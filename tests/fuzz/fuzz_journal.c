/* Journal datagrams and stream headers of any bytes. The first byte chooses. What must hold: every slice lies within the input, every walk
 * ends, and a header is the same whatever comes behind it. */
#include <stdio.h>
#include <stdlib.h>

#include "journal/parse.h"

#define REQUIRE(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); abort(); } } while (0)

static void inside(struct rt_slice s, const uint8_t *p, size_t n)
{
    REQUIRE(!s.n || ((const uint8_t *)s.p >= p && s.n <= n && (const uint8_t *)s.p + s.n <= p + n));
}

static void fields(const uint8_t *p, size_t n)
{
    struct rt_slice rest = rt_slice(p, n);
    struct rt_journal_field f;
    enum rt_journal_step step;
    for (size_t steps = 0; (step = rt_journal_next(&rest, &f)) != RT_JOURNAL_END; steps++) {
        REQUIRE(steps <= n);
        inside(rest, p, n);
        if (step != RT_JOURNAL_FIELD)
            continue;
        inside(f.name, p, n);
        inside(f.value, p, n);
        REQUIRE(f.name.n && (!f.valid || f.name.n <= RT_JOURNAL_NAME_MAX));
        REQUIRE(!f.cut || !rest.n);
    }
}

static void entries(const uint8_t *p, size_t n)
{
    struct rt_slice rest = rt_slice(p, n);
    struct rt_journal_entry e;
    for (size_t steps = 0; rt_journal_take(&rest, &e); steps++) {
        REQUIRE(steps <= n);
        const struct rt_slice all[] = {e.message, e.ident, e.file, e.function};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            inside(all[i], p, n);
        REQUIRE(e.priority >= -1 && e.priority < 8 && e.facility >= -1 && e.facility < 24 && e.errnum >= 0);
    }
    REQUIRE(!rest.n);
}

static void header(const uint8_t *p, size_t n)
{
    struct rt_journal_stream s, again;
    int used = rt_journal_stream_take(p, n, &s);
    REQUIRE(used >= -1 && used <= (int)n && used <= (int)RT_JOURNAL_HEADER_MAX);
    if (used <= 0)
        return;
    inside(s.ident, p, n);
    inside(s.unit, p, n);
    REQUIRE(rt_journal_stream_take(p, (size_t)used, &again) == used && again.priority == s.priority && s.priority < 8);
    REQUIRE(rt_journal_stream_take(p, (size_t)used - 1, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1)
        return 0;
    if (p[0] & 1) {
        header(p + 1, n - 1);
    } else {
        fields(p + 1, n - 1);
        entries(p + 1, n - 1);
    }
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
