/* The lines that benches log: 65536 different ones of 100 bytes as services write them (time, worker, request id, path, duration,
 * status); levels INFO 80 %, DEBUG 10, WARN 7, ERROR 3. The same in every run. */
#ifndef RT_TESTS_BENCH_LINES_H
#define RT_TESTS_BENCH_LINES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 65536, WIDTH = 100 };

static char lines[LINES * WIDTH];
static uint32_t lines_seed = 12345;

static inline uint32_t next(void)
{
    lines_seed = lines_seed * 1664525u + 1013904223u;
    return lines_seed >> 8;
}

static inline void make_lines(void)
{
    char line[256];
    uint32_t us = 0;
    for (int i = 0; i < LINES; i++) {
        us += next() % 2000;
        uint32_t p = next() % 100, sec = us / 1000000;
        int n = snprintf(line, sizeof line,
                         "2026-11-20 %02u:%02u:%02u worker-%u: request id=%08x path=/api/v1/items/%u took %u us status=%d",
                         sec / 3600, sec / 60 % 60, sec % 60, next() % 8, next() << 16 ^ next(), next() % 100000, next() % 50000,
                         p < 90 ? 200 : p < 97 ? 404 : 500);
        n = n < WIDTH ? n : WIDTH;
        memset(line + n, ' ', sizeof line - (size_t)n);
        memcpy(lines + i * WIDTH, line, WIDTH);
    }
}

#endif
