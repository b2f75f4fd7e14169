/* A program that logs, for tests/bench/run: knows nothing of retap.
 *
 *   burst MODE COUNT RESULT [RATE]
 *
 * MODE: fprintf (to stderr), write (to fd 2), syslog, spawn (starts /bin/true), args and printf (to stderr and stdout, with a format and
 * six arguments), threads and one (write by eight threads, by one: processor time of a call), latency (write: the slowest but one in a
 * hundred). Lines of 100 bytes as services write them, 65536 different ones. RATE: calls a second, 0 = all at once. RESULT gets the nanoseconds a call took, in the mean, waiting not counted. */
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 65536, LEN = 100 };
static char lines[LINES][LEN + 1]; /* each ends in \n and NUL */
extern char **environ;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void make_lines(void)
{
    static const char *const levels[] = {"INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "WARN"};
    uint32_t x = 1;
    for (int i = 0; i < LINES; i++) {
        x = x * 1664525 + 1013904223;
        int n = snprintf(lines[i], LEN, "%s worker-%u request %08x GET /api/v1/items/%u took %u us status %u ", levels[x >> 16 & 7],
                         x >> 8 & 15, x ^ 0x5bd1e995u, x >> 12 & 0xfffff, x >> 10 & 0x1ffff, x & 64 ? 200u : 404u);
        memset(lines[i] + n, '.', (size_t)(LEN - 1 - n));
        lines[i][LEN - 1] = '\n';
    }
}

/* The same line, made at the call. */
static void say(FILE *f, unsigned i)
{
    unsigned x = i * 1664525u + 1013904223u;
    static const char rest[] = "........................................";
    fprintf(f, "INFO worker-%u request %08x GET /api/v1/items/%u took %u us status %u %s\n", x >> 8 & 15, x, x >> 12 & 0xfffff, x >> 10 & 0x1ffff,
            x & 64 ? 200u : 404u, rest + 12);
}
static void print(unsigned i)
{
    unsigned x = i * 1664525u + 1013904223u;
    static const char rest[] = "........................................";
    printf("INFO worker-%u request %08x GET /api/v1/items/%u took %u us status %u %s\n", x >> 8 & 15, x, x >> 12 & 0xfffff, x >> 10 & 0x1ffff,
           x & 64 ? 200u : 404u, rest + 12);
}

static void start_true(void)
{
    pid_t pid;
    char *argv[] = {"true", NULL};
    if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0)
        waitpid(pid, NULL, 0);
}

static void call(char mode, const char *line, unsigned i)
{
    switch (mode) {
    case 'a': say(stderr, i); break;
    case 'p': print(i); break;
    case 'f': fprintf(stderr, "%s", line); break;
    case 'w': if (write(2, line, LEN) < 0) exit(errno); break;
    case 's': syslog(LOG_INFO, "%s", line); break;
    default: start_true();
    }
}

static uint64_t cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct worker {
    pthread_t thread;
    long count;
    uint64_t cpu_ns;
};
static void *work(void *arg)
{
    struct worker *w = arg;
    uint64_t start = cpu_now();
    for (long i = 0; i < w->count; i++)
        call('w', lines[i % LINES], (unsigned)i);
    w->cpu_ns = cpu_now() - start;
    return NULL;
}
/* Return: nanoseconds of processor time, all together. */
static uint64_t by_threads(int n, long count)
{
    struct worker w[8];
    uint64_t total = 0;
    for (int i = 0; i < n; i++) {
        w[i].count = count / n;
        pthread_create(&w[i].thread, NULL, work, &w[i]);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(w[i].thread, NULL);
        total += w[i].cpu_ns;
    }
    return total;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}
/* One call in a hundred takes longer. They are far apart, as of a service, and the first of each idle second is left out. */
static double latency(long count)
{
    uint32_t *took = calloc((size_t)count, sizeof *took);
    for (long i = 0; took && i < count; i++) {
        uint64_t start = now();
        call('w', lines[i % LINES], (unsigned)i);
        took[i] = (uint32_t)(now() - start);
        for (uint64_t until = now() + 20000; now() < until;)
            ;
    }
    qsort(took, (size_t)count, sizeof *took, by_size);
    return took[count * 99 / 100];
}

static double measure_other(const char *mode, long count)
{
    if (!strcmp(mode, "latency"))
        return latency(count);
    return (double)by_threads(!strcmp(mode, "threads") ? 8 : 1, count) / (double)count;
}

static int tell(const char *path, double ns)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return 1;
    fprintf(f, "%.1f\n", ns);
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    char mode = !strcmp(argv[1], "spawn") ? 'x' : argv[1][0];
    long count = atol(argv[2]), rate = argc > 4 ? atol(argv[4]) : 0;
    uint64_t total = 0;
    make_lines();
    if (strchr("tlo", mode))
        return tell(argv[3], measure_other(argv[1], count));
    if (getenv("BURST_PRELOAD")) /* for what it starts, not for itself */
        setenv("LD_PRELOAD", getenv("BURST_PRELOAD"), 1);
    for (long i = 0; i < count; i++) {
        uint64_t start = rate || i == 0 ? now() : 0;
        if (rate || i == 0)
            total -= start;
        call(mode, lines[i % LINES], (unsigned)i);
        if (rate || i == count - 1)
            total += now();
        if (rate)
            usleep((useconds_t)(1000000 / rate));
    }
    return tell(argv[3], (double)total / (double)count);
}
