/* Producer threads against one consumer: every record exactly once, or counted. */
#include "tests/race/ring_kit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#define THREADS_MAX 8
#define LEN_MAX     600
#define NESTED      100 /* added to the source of what a signal handler writes */

struct producer {
    struct rt_writer_thread t;
    uint32_t number, calls, len_max;
    uint32_t nested;              /* written by the signal handler */
    uint64_t bytes, lines, kept;  /* sent; calls that were not dropped */
    pthread_t thread;
};

static struct ring r;
static struct rt_writer w;
static struct producer producer[THREADS_MAX];
static uint32_t stop_mt;
static __thread struct producer *self;

static uint32_t length_of(const struct producer *p, uint32_t index)
{
    return (uint32_t)sizeof(struct message) + (index * 2654435761u >> 8) % (p->len_max - (uint32_t)sizeof(struct message));
}

static void send_one(struct producer *p, uint32_t source, uint32_t index, uint32_t len)
{
    uint8_t text[24000];
    uint32_t lines = message_make(text, source, index, len);
    struct rt_part parts[] = {{text, len / 3}, {text + len / 3, len - len / 3}};
    int e = rt_ring_write(&w, &p->t, RT_RECORD_DATA, RT_STREAM_STDOUT, 0, 1, NULL, parts, 2, NULL, NULL);
    CHECK(e == 0 || e == RT_WRITE_E_DROPPED);
    rt_add_relaxed(&p->bytes, len); /* atomic for the handler's sake */
    rt_add_relaxed(&p->lines, lines);
    rt_add_relaxed(&p->kept, e == 0);
}

static void *produce(void *arg)
{
    struct producer *p = self = arg;
    for (uint32_t i = 0, n = p->calls; i < n; i++) /* the handler adds to calls */
        send_one(p, p->number, i, length_of(p, i));
    self = NULL;
    return NULL;
}

static void *consume(void *arg)
{
    uint32_t pause_us = *(uint32_t *)arg;
    for (bool last = false;; last = rt_load_acquire(&stop_mt)) {
        int64_t moved = ring_pass(&r, kit_now_ns(), false);
        if (last && !moved)
            break;
        usleep(moved && !pause_us ? 200 : 1000 + pause_us);
    }
    return NULL;
}

static void run(uint32_t n, uint32_t calls, uint32_t len_max, uint32_t lanes, uint64_t full_wait_ns, uint32_t pause_us)
{
    pthread_t consumer;
    r = ring_new(lanes);
    w = ring_writer(&r, full_wait_ns);
    pthread_create(&consumer, NULL, consume, &pause_us);
    for (uint32_t i = 0; i < n; i++) {
        producer[i] = (struct producer){.number = i, .calls = calls, .len_max = len_max, .t = {.tid = i + 1, .lane_hint = i}};
        pthread_create(&producer[i].thread, NULL, produce, &producer[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        pthread_join(producer[i].thread, NULL);
    rt_store_release(&stop_mt, 1);
    pthread_join(consumer, NULL);
}

/* ---------------------------------------------------------------- what has to come out */
struct sums {
    uint64_t calls, bytes, lines;      /* complete calls; bytes and newlines of all pieces */
    uint64_t gaps;                     /* thread_seq numbers that never came */
    struct rt_lost told;               /* by LOST records */
};

/* One call: got[0..n), the last without MORE. Its message must be the next of its source. */
static void check_call(const struct got *g, size_t n, uint32_t next[], uint32_t skipped_ok)
{
    uint8_t text[24000];
    size_t len = 0;
    struct message m;
    for (size_t i = 0; i < n; i++) {
        memcpy(text + len, g[i].payload, g[i].len);
        len += g[i].len;
    }
    CHECK(message_check(text, len, &m));
    CHECK(m.source % NESTED == g->tid - 1);
    CHECK(skipped_ok ? m.index >= next[m.source] : m.index == next[m.source]);
    next[m.source] = m.index + 1;
}

static struct sums check_all(bool drops)
{
    struct got_list l = ring_records(&r);
    struct sums s = {0};
    uint32_t next[NESTED + THREADS_MAX] = {0}, seq[THREADS_MAX + 1] = {0};

    qsort(l.got, l.n, sizeof *l.got, got_by_thread);
    for (size_t i = 0, start = 0; i < l.n; i++) {
        const struct got *g = &l.got[i];
        CHECK(g->seq >= seq[g->tid]); /* never the same number twice */
        if (i && l.got[i - 1].tid != g->tid)
            start = i;
        if (g->seq != seq[g->tid])
            start = i; /* the rest of a call was dropped */
        s.gaps += g->seq - seq[g->tid];
        seq[g->tid] = g->seq + 1;
        if (g->type == RT_RECORD_LOST) {
            struct rt_lost lost;
            memcpy(&lost, g->payload, sizeof lost);
            s.told.calls += lost.calls;
            s.told.seqs += lost.seqs;
            s.told.bytes += lost.bytes;
            s.told.lines += lost.lines;
            start = i + 1;
            continue;
        }
        s.bytes += g->len;
        for (uint32_t k = 0; k < g->len; k++)
            s.lines += g->payload[k] == '\n';
        if (g->flags & RT_FLAG_MORE)
            continue;
        check_call(&l.got[start], i + 1 - start, next, drops);
        s.calls++;
        start = i + 1;
    }
    for (uint32_t i = 0; i < THREADS_MAX; i++) /* numbers used up after the last record that came */
        s.gaps += producer[i].t.seq - seq[i + 1];
    free(l.got);
    return s;
}

static void check_kept_all(uint32_t n, uint32_t calls)
{
    struct sums s = check_all(false);
    CHECK_INT(s.calls, (uint64_t)n * calls);
    CHECK_INT(s.gaps, 0);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].calls_mt, 0);
}

static void check_kept_and_dropped(uint32_t n)
{
    struct sums s = check_all(true), sent = {0};
    struct rt_lost owed = {0};
    const struct rt_loss_counter *c = &r.segment->lost[RT_STREAM_STDOUT];
    for (uint32_t i = 0; i < n; i++) {
        sent.calls += producer[i].calls;
        sent.bytes += producer[i].bytes;
        sent.lines += producer[i].lines;
        sent.gaps += producer[i].kept;
        owed.calls += producer[i].t.lost.calls;
        owed.seqs += producer[i].t.lost.seqs;
        owed.bytes += producer[i].t.lost.bytes;
        owed.lines += producer[i].t.lost.lines;
    }
    CHECK(c->calls_mt > 0);
    CHECK_INT(s.calls, sent.gaps);
    CHECK_INT(s.calls + c->calls_mt, sent.calls);
    CHECK_INT(s.bytes + c->bytes_mt, sent.bytes);
    CHECK_INT(s.lines + c->lines_mt, sent.lines);
    CHECK_INT(s.told.calls + owed.calls, c->calls_mt); /* each thread tells what it lost, exactly */
    CHECK_INT(s.told.bytes + owed.bytes, c->bytes_mt);
    CHECK_INT(s.told.lines + owed.lines, c->lines_mt);
    CHECK_INT(s.told.seqs + owed.seqs, s.gaps);
}

/* The wait is far longer than the default: on a machine under load the consumer may not run for 100 ms, and then a drop is right. */
#define LONG_WAIT (10 * KIT_NS)

RT_TEST(one_thread_that_waits_loses_nothing)
{
    run(1, kit_scale(100000), LEN_MAX, 2, LONG_WAIT, 0);
    check_kept_all(1, kit_scale(100000));
}

RT_TEST(two_threads_that_wait_lose_nothing)
{
    run(2, kit_scale(60000), LEN_MAX, 2, LONG_WAIT, 0);
    check_kept_all(2, kit_scale(60000));
}

RT_TEST(eight_threads_in_one_lane_that_wait_lose_nothing)
{
    run(8, kit_scale(15000), LEN_MAX, 1, LONG_WAIT, 0);
    check_kept_all(8, kit_scale(15000));
}

RT_TEST(eight_threads_in_all_lanes_with_long_calls_lose_nothing)
{
    run(8, kit_scale(1000), 24000, 6, LONG_WAIT, 0);
    check_kept_all(8, kit_scale(1000));
}

RT_TEST(the_default_wait_counts_what_it_drops)
{
    run(8, kit_scale(15000), LEN_MAX, 2, KIT_NS / 10, 0);
    struct sums s = check_all(r.segment->lost[RT_STREAM_STDOUT].calls_mt > 0);
    CHECK_INT(s.calls + r.segment->lost[RT_STREAM_STDOUT].calls_mt, 8 * kit_scale(15000));
}

RT_TEST(one_thread_that_never_waits_counts_its_drops)
{
    run(1, kit_scale(200000), LEN_MAX, 1, 0, 3000);
    check_kept_and_dropped(1);
}

RT_TEST(eight_threads_that_never_wait_count_their_drops)
{
    run(8, kit_scale(30000), LEN_MAX, 2, 0, 3000);
    check_kept_and_dropped(8);
}

RT_TEST(long_calls_that_are_cut_count_the_rest)
{
    run(4, kit_scale(3000), 24000, 2, 0, 3000);
    check_kept_and_dropped(4);
}

/* ---------------------------------------------------------------- signal handlers */
static void on_alarm(int sig)
{
    (void)sig;
    struct producer *p = self;
    if (!p)
        return;
    uint32_t index = p->nested++;
    p->calls++;
    send_one(p, p->number + NESTED, index, 12 + index % 9000);
}

static void run_with_handlers(uint64_t full_wait_ns, uint32_t pause_us)
{
    sigset_t alarm_only;
    struct itimerval every = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    uint32_t n = 2, calls = kit_scale(100000);
    pthread_t consumer;

    r = ring_new(2);
    w = ring_writer(&r, full_wait_ns);
    sigaction(SIGALRM, &sa, NULL);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    for (uint32_t i = 0; i < n; i++) {
        producer[i] = (struct producer){.number = i, .calls = calls, .len_max = LEN_MAX, .t = {.tid = i + 1, .lane_hint = i}};
        pthread_create(&producer[i].thread, NULL, produce, &producer[i]);
    }
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL); /* only producers are interrupted */
    pthread_create(&consumer, NULL, consume, &pause_us);
    setitimer(ITIMER_REAL, &every, NULL);
    for (uint32_t i = 0; i < n; i++)
        pthread_join(producer[i].thread, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    rt_store_release(&stop_mt, 1);
    pthread_join(consumer, NULL);
    CHECK(producer[0].nested + producer[1].nested > 0);
}

RT_TEST(handlers_write_in_the_middle_of_writes)
{
    run_with_handlers(LONG_WAIT, 0);
    struct sums s = check_all(false);
    CHECK_INT(s.calls, producer[0].calls + producer[1].calls);
    CHECK_INT(s.gaps, 0);
}

RT_TEST(handlers_that_drop_count_exactly)
{
    run_with_handlers(0, 3000);
    check_kept_and_dropped(2);
}

/* ---------------------------------------------------------------- the bell */
static uint64_t seen_mt; /* records that the consumer has moved */
static uint32_t slept_mt;

/* As a drain that always wants to sleep, far longer than the test. */
static void *consume_asleep(void *arg)
{
    struct { int64_t s, ns; } long_time = {20, 0};
    while (!rt_load_acquire(&stop_mt)) {
        uint32_t bell = rt_load_acquire(&r.bell->bell_mt);
        int64_t bytes = ring_pass(&r, 1, false);
        rt_add_acq_rel(&seen_mt, (uint64_t)bytes / 40);
        rt_store_seq_cst(&r.bell->sleeping_mt, 1);
        if (ring_idle(&r)) {
            rt_add_relaxed(&slept_mt, 1);
            rt_syscall(SYS_futex, &r.bell->bell_mt, FUTEX_WAIT, bell, &long_time, 0, 0);
        }
        rt_store_seq_cst(&r.bell->sleeping_mt, 0);
    }
    return arg;
}

RT_TEST(a_sleeping_consumer_is_woken_by_every_record)
{
    pthread_t consumer;
    uint64_t worst = 0;
    uint32_t n = kit_scale(40000);
    r = ring_new(1);
    w = ring_writer(&r, 0);
    struct rt_writer_thread t = {.tid = 1};
    struct rt_part part = {"8 bytes.", 8};
    pthread_create(&consumer, NULL, consume_asleep, NULL);
    for (uint32_t i = 0; i < n; i++) {
        for (volatile uint32_t spin = i * 7919 % 3000; spin; spin--) {}
        uint64_t start = kit_now_ns();
        CHECK_INT(rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDERR, 0, 1, NULL, &part, 1, NULL, NULL), 0);
        while (rt_load_acquire(&seen_mt) != i + 1) {
            CHECK(kit_now_ns() - start < 5 * KIT_NS); /* a lost wake-up would take 20 s */
            sched_yield();
        }
        uint64_t took = kit_now_ns() - start;
        worst = took > worst ? took : worst;
    }
    rt_store_release(&stop_mt, 1);
    rt_add_acq_rel(&r.bell->bell_mt, 1);
    rt_syscall(SYS_futex, &r.bell->bell_mt, FUTEX_WAKE, 1, 0, 0, 0);
    pthread_join(consumer, NULL);
    CHECK(rt_load_relaxed(&slept_mt) > n / 100);
    CHECK(worst < KIT_NS);
}
