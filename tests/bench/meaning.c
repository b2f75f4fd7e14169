/* Lines per second through the assembler, and ns per line of level inference, display check and both, on one core.
 * usage: meaning [rounds]; each number is median, min and max over the rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "meaning/assemble.h"
#include "meaning/display.h"
#include "meaning/level.h"

#define N_LINES 4096u
#define PASSES  64u
#define MAX_ROUNDS 101

static char *lines[N_LINES];
static size_t lens[N_LINES];
static uint64_t sink;

/* Service lines of about 100 bytes, the way programs write them; %u is the line's number. */
static const char *const plain[] = {
    "2026-11-21T02:25:20.%06uZ gateway[812]: GET /api/v1/items/%u 200 12.4ms 5120 bytes client=10.0.0.7 ok\n",
    "10.1.2.3 - - [21/Nov/2026:02:25:20 +0000] \"GET /static/app.%u.js?v=%u HTTP/1.1\" 200 18234 \"-\" \"curl/8\"\n",
    "connection %u accepted from 192.168.17.4 port %u, session cache holds 1812 entries, 33 of them are idle\n",
    "job %u of queue mail finished after 0.2%u seconds, 3 attempts were made, the next run starts in an hour\n",
};
static const char *const levelled[] = {
    "2026-11-21 02:25:20,%u - app.worker - INFO - item %u was processed in 12 ms and stored under a new name\n",
    "2026-11-21T02:25:20.%06uZ  INFO server::http: request %u finished status=200 latency=12ms bytes=5120 ok\n",
    "I1121 02:25:20.%06u  1234 server.cc:120] request %u finished, status 200, 12 ms, 5120 bytes were sent\n",
    "time=2026-11-21T02:25:20.%06uZ level=info msg=\"request finished\" id=%u status=200 took=12ms bytes=5120\n",
};

static void make_lines(const char *const *formats, size_t n)
{
    for (unsigned i = 0; i < N_LINES; i++) {
        free(lines[i]);
        int len = asprintf(&lines[i], formats[i % n], i * 37u % 1000000u, i * 101u % 100000u);
        if (len < 0)
            abort();
        lens[i] = (size_t)len;
    }
}

static void count_row(void *ctx, const struct rt_row *row)
{
    *(uint64_t *)ctx += row->text_len;
}

static double time_feed(unsigned per_feed)
{
    struct rt_assembler a;
    static char block[64 * 256];
    uint64_t start = rt_mono_ns();
    rt_assembler_init(&a, NULL);
    for (unsigned pass = 0; pass < PASSES; pass++)
        for (unsigned i = 0; i < N_LINES; i += per_feed) {
            size_t n = 0;
            if (per_feed == 1) {
                rt_assembler_feed(&a, lines[i], lens[i], start + i, i, count_row, &sink);
                continue;
            }
            for (unsigned k = 0; k < per_feed; k++, n += lens[i + k - 1])
                memcpy(block + n, lines[i + k], lens[i + k]);
            rt_assembler_feed(&a, block, n, start + i, i, count_row, &sink);
        }
    rt_assembler_close(&a, count_row, &sink);
    rt_assembler_deinit(&a);
    return (double)(rt_mono_ns() - start) / (PASSES * N_LINES);
}

static double time_level(unsigned unused)
{
    uint64_t start = rt_mono_ns();
    (void)unused;
    for (unsigned pass = 0; pass < PASSES; pass++)
        for (unsigned i = 0; i < N_LINES; i++)
            sink += rt_level_infer(lines[i], lens[i] - 1).level;
    return (double)(rt_mono_ns() - start) / (PASSES * N_LINES);
}

static double time_scan(unsigned unused)
{
    uint64_t start = rt_mono_ns();
    (void)unused;
    for (unsigned pass = 0; pass < PASSES; pass++)
        for (unsigned i = 0; i < N_LINES; i++) {
            unsigned flags = 0;
            sink += rt_text_line_end(lines[i], lens[i], &flags) + flags;
        }
    return (double)(rt_mono_ns() - start) / (PASSES * N_LINES);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *name, int rounds, double (*run)(unsigned), unsigned arg)
{
    double ns[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++)
        ns[i] = run(arg);
    qsort(ns, (size_t)rounds, sizeof *ns, by_value);
    printf("%-34s %6.1f ns/line (%.1f .. %.1f)  %5.2f M lines/s\n", name, ns[rounds / 2], ns[0], ns[rounds - 1], 1e3 / ns[rounds / 2]);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 11;
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    for (int set = 0; set < 2; set++) {
        make_lines(set ? levelled : plain, 4);
        printf("%s\n", set ? "lines with a level" : "lines without a level");
        report("  level inference", rounds, time_level, 0);
        report("  line end and display check", rounds, time_scan, 0);
        report("  assembler, one line a feed", rounds, time_feed, 1);
        report("  assembler, 64 lines a feed", rounds, time_feed, 64);
    }
    for (unsigned i = 0; i < N_LINES; i++)
        free(lines[i]);
    return sink == 0;
}
