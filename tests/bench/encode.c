/* How many text rows a second one core turns into a closed, compressed .rrd, and what a row weighs.
 *
 *   encode [ROWS [DIRECTORY]]        default 1000000 rows, /dev/shm
 *
 * The lines of lines.h, a row every 10 µs, batches of 256 rows. The clock runs from open to the end of close. */
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/bench/lines.h"

enum { BATCH = 256 };

static rr_level level_at(uint32_t r)
{
    r %= 100;
    return r < 80 ? RR_LEVEL_INFO : r < 90 ? RR_LEVEL_DEBUG : r < 97 ? RR_LEVEL_WARN
        : RR_LEVEL_ERROR;
}

static void run(const char *title, const char *path, uint32_t rows, uint32_t n_columns)
{
    static char text[BATCH * WIDTH];
    int64_t time[BATCH], mono[BATCH], now = 1700000000000000000;
    uint32_t ends[BATCH + 1] = {0}, pid[BATCH], tid[BATCH];
    uint64_t seq[BATCH], next_seq = 1;
    rr_level level[BATCH];
    rr_error err = {0};
    rr_stream_options opt = rr_stream_options_default("bench");
    struct rusage usage;
    struct stat st;

    opt.save = path;
    uint64_t start = rt_mono_ns(), cpu = rt_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    rr_recording_stream rec = rr_recording_stream_open(&opt, &err);
    for (uint32_t done = 0; done < rows && !err.code; done += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++) {
            memcpy(text + i * WIDTH, lines + (done + i) % LINES * WIDTH, WIDTH);
            ends[i + 1] = (i + 1) * WIDTH;
            time[i] = now += next() % 20000;
            mono[i] = now - 1699990000000000000 + next() % 64;
            seq[i] = next_seq += 1 + next() % 3;
            pid[i] = 4711;
            tid[i] = 4711 + next() % 4;
            level[i] = level_at(next());
        }
        const rr_column columns[] = {{"retap.Log:pid", pid, NULL, NULL}, {"retap.Log:tid", tid, NULL, NULL},
                                     {"retap.Log:mono", mono, NULL, NULL},
                                         {"retap.Log:seq", seq, NULL, NULL}};
        const rr_text_batch batch = {sizeof batch, BATCH, time, text, ends, level, columns, n_columns};
        rr_text_columns(rec, "/logs/bench/stderr", &batch, &err);
    }
    rr_recording_stream_close(rec, 5, &err);
    uint64_t wall = rt_mono_ns() - start;
    cpu = rt_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    rows = (rows + BATCH - 1) / BATCH * BATCH;
    if (err.code || stat(path, &st) < 0) {
        printf("%s: %s\n", title, err.description);
        exit(1);
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%-34s %8.0f rows/s wall %8.0f rows/s cpu  %4.0f ns/row  %6.2f bytes/row  peak %ld KiB\n", title,
           rows * 1e9 / (double)wall,
           rows * 1e9 / (double)cpu, (double)cpu / rows, (double)st.st_size / rows, usage.ru_maxrss);
    unlink(path);
}

int main(int argc, char **argv)
{
    uint32_t rows = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000;
    char path[4096];
    struct utsname machine;
    uname(&machine);
    snprintf(path, sizeof path, "%s/retap-bench-%d.rrd", argc > 2 ? argv[2] : "/dev/shm", (int)getpid());
    printf("encode: %s %s, %u rows of %d bytes, %s\n", machine.release, machine.machine, rows, WIDTH, path);
    make_lines();
    run("text, level", path, rows, 0);
    run("… pid, tid, mono", path, rows, 3);
    run("… pid, tid, mono, seq", path, rows, 4);
    return 0;
}
