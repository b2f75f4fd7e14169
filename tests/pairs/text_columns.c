/* Many log lines in one call, of plain buffers. */
#include "pair.h"

enum { N = 500 };

int main(void)
{
    static int64_t times[N];
    static uint32_t ends[N + 1];
    static char texts[N * 16];
    static rr_level levels[N];
    for (int i = 0; i < N; i++) {
        times[i] = 1700000000000000000 + i * INT64_C(1000000);
        ends[i + 1] = ends[i] + (uint32_t)sprintf(texts + ends[i], "line %d", i);
        levels[i] = i % 2 ? RR_LEVEL_WARN : RR_LEVEL_INFO;
    }
    rr_error err = {0};
    pair_begin("text_columns.rrd", &err);
    rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = N, .log_time_ns = times, .text = texts, .text_offsets = ends, .levels = levels};
    rr_text_columns(RR_CURRENT, "logs/batch", &batch, &err);
    return pair_end(&err);
}
