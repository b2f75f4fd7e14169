/* What a record of 100 bytes costs its thread while a consumer drains, and what a drop costs. Prints machine and command. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "ring/read.h"
#include "ring/write.h"

#define ROUNDS  7
#define RECORDS 400000u
#define BYTES   100u
#define THREADS 2u

static struct rt_segment *segment;
static struct rt_run_page *run;
static struct rt_run_bell *bell;
static uint32_t stop_mt;

struct load {
    uint32_t number;
    uint64_t full_wait_ns;
    double ns_each;
    uint64_t dropped;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *shared(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        exit(1);
    return p;
}

/* As the collector's drain: copy elsewhere, free, and a millisecond of rest when a pass found little. */
static void *drain(void *arg)
{
    static uint8_t copy[1 << 20];
    struct rt_lane_reader reader[RT_SEGMENT_LANES];
    struct rt_lane_span span;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        rt_lane_reader_init(&reader[i], segment, i, 0);
    for (bool last = false;; last = rt_load_acquire(&stop_mt)) {
        uint64_t moved = 0;
        for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++) {
            uint64_t bytes = 0;
            while (bytes < rt_lane_size(i) && rt_lane_next(&reader[i], (uint64_t)now_ns(), false, &span) > 0) {
                memcpy(copy, span.data, span.to - span.from);
                bytes += span.to - span.from;
                rt_lane_done(&reader[i], &span);
            }
            moved += bytes;
        }
        if (last && !moved)
            return arg;
        usleep(1000);
    }
}

static void *produce(void *arg)
{
    struct load *l = arg;
    char text[BYTES];
    struct rt_writer w = {.segment = segment, .run = run, .bell = bell, .full_wait_ns = l->full_wait_ns, .pid = 1};
    struct rt_writer_thread t = {.tid = l->number + 1, .lane_hint = l->number};
    struct rt_part part = {text, sizeof text};
    memset(text, 'x', sizeof text);
    double start = now_ns();
    for (uint32_t i = 0; i < RECORDS; i++)
        l->dropped += (uint64_t)rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDOUT, 0, 1, NULL, &part, 1, NULL, NULL);
    l->ns_each = (now_ns() - start) / RECORDS;
    return NULL;
}

/* One round of @n threads, drained or not. Return: ns a record, the mean of the threads. */
static double round_of(uint32_t n, bool drained, uint64_t full_wait_ns, uint64_t *ret_dropped)
{
    pthread_t consumer, thread[THREADS];
    struct load load[THREADS];
    double sum = 0;
    memset(segment, 0, RT_SEGMENT_BYTES);
    segment->usable_lanes_mt = RT_SEGMENT_LANES;
    rt_store_release(&stop_mt, 0);
    if (drained)
        pthread_create(&consumer, NULL, drain, NULL);
    for (uint32_t i = 0; i < n; i++) {
        load[i] = (struct load){.number = i, .full_wait_ns = full_wait_ns};
        pthread_create(&thread[i], NULL, produce, &load[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        pthread_join(thread[i], NULL);
        sum += load[i].ns_each;
        *ret_dropped += load[i].dropped;
    }
    rt_store_release(&stop_mt, 1);
    if (drained)
        pthread_join(consumer, NULL);
    return sum / n;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void measure(const char *name, uint32_t n, bool drained, uint64_t full_wait_ns)
{
    double ns[ROUNDS];
    uint64_t dropped = 0;
    for (int i = 0; i < ROUNDS; i++)
        ns[i] = round_of(n, drained, full_wait_ns, &dropped);
    qsort(ns, ROUNDS, sizeof *ns, by_value);
    printf("%-34s median %6.0f ns  min %6.0f  max %6.0f  dropped %.2f %%\n", name, ns[ROUNDS / 2], ns[0], ns[ROUNDS - 1],
           100.0 * (double)dropped / ((double)n * RECORDS * ROUNDS));
}

int main(int argc, char **argv)
{
    struct utsname u;
    segment = shared(RT_SEGMENT_BYTES);
    run = shared(RT_RUN_PAGE);
    bell = shared(RT_RUN_PAGE);
    uname(&u);
    printf("%s: %u records of %u bytes a thread, %d rounds; %ld processors, %s %s %s\n", argc ? argv[0] : "ring", RECORDS, BYTES, ROUNDS,
           sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.release, u.machine);
    measure("1 thread, drained, waits 100 ms", 1, true, 100000000);
    measure("2 threads, drained, wait 100 ms", 2, true, 100000000);
    measure("1 thread, drained, never waits", 1, true, 0);
    measure("1 thread, nobody drains: drops", 1, false, 0);
    return 0;
}
