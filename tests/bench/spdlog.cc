// What spdlog costs the caller to write the lines of the benches to a file: beside rr_log_text and rr_logf (tests/bench/sdk.c, modes text
// and logf).
//   spdlog text|logf rows=N file=PATH
// Prints lines `name value`: caller_ns, caller_cpu_ns.
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <ctime>

#include "tests/bench/lines.h"

static double ns_of(clockid_t clock)
{
    timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    static const spdlog::level::level_enum names[] = {spdlog::level::info, spdlog::level::debug, spdlog::level::warn, spdlog::level::err};
    static uint8_t levels[LINES];
    bool format = argc > 1 && !strcmp(argv[1], "logf");
    const char *file = nullptr;
    long rows = 1000000;
    for (int i = 2; i < argc; i++) {
        if (!strncmp(argv[i], "rows=", 5))
            rows = atol(argv[i] + 5);
        if (!strncmp(argv[i], "file=", 5))
            file = argv[i] + 5;
    }
    if (!file || (!format && strcmp(argv[1], "text"))) {
        fprintf(stderr, "usage: spdlog text|logf rows=N file=PATH\n");
        return 2;
    }
    make_lines();
    for (int i = 0; i < LINES; i++) {
        uint32_t r = next() % 100;
        levels[i] = r < 80 ? 0 : r < 90 ? 1 : r < 97 ? 2 : 3;
    }
    auto log = spdlog::basic_logger_mt("logs/app", file, true);
    log->set_level(spdlog::level::debug);
    double wall = ns_of(CLOCK_MONOTONIC), cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (long i = 0; i < rows; i++) {
        if (format)
            log->log(names[levels[i % LINES]], "worker-{}: request id={:08x} path=/api/v1/items/{} took {} us status={}", (int)(i & 7),
                     (unsigned)i * 2654435761u, (int)(i % 100000), i % 50000, 200);
        else
            log->log(names[levels[i % LINES]], "{}", spdlog::string_view_t(lines + i % LINES * WIDTH, WIDTH));
    }
    cpu = ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = ns_of(CLOCK_MONOTONIC) - wall;
    printf("caller_ns %.6g\ncaller_cpu_ns %.6g\n", wall / (double)rows, cpu / (double)rows);
    return 0;
}
