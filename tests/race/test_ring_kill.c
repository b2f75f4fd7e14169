/* Processes killed and stopped at every step, on both sides. What a write returned for is delivered, once; the rest at most cut.
 * Children share the mapping; the parent sees which call returned in counters that it shares with them. */
#include "tests/race/ring_kit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SOURCES 16

static const char *const producer_steps[] = {"ring.reserve", "ring.reserved", "ring.padded",
                                             "ring.stamped", "ring.copied",   "ring.committed"};
#define PRODUCER_STEPS (sizeof producer_steps / sizeof *producer_steps)

static struct ring r;
static struct rt_writer w;

struct shared { /* in the pages that the ring's kit shares */
    uint32_t returned_mt[SOURCES]; /* messages of a source whose write returned 0 */
    uint32_t done_mt[SOURCES];     /* 1: the source has sent all */
};

static struct shared *shared(void)
{
    return r.shared;
}

/* ---------------------------------------------------------------- doing something at a step */
static const char *hook_step;
static uint32_t hook_countdown;
static int hook_signal;

static void signal_self(const char *name)
{
    if (strcmp(name, hook_step) == 0 && hook_countdown-- == 0)
        kill(getpid(), hook_signal);
}

static void arm(const char *step, uint32_t times_before, int sig)
{
    hook_step = step;
    hook_countdown = times_before;
    hook_signal = sig;
    rt_testpoint_hook = step ? signal_self : NULL;
}

/* ---------------------------------------------------------------- producers */
static void produce(uint32_t source, uint32_t n)
{
    uint8_t text[600];
    struct rt_writer_thread t = {.tid = source + 1, .lane_hint = source};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = 12 + (i * 2654435761u >> 8) % 580;
        message_make(text, source, i, len);
        struct rt_part part = {text, len};
        while (rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDERR, 0, 1, NULL, &part, 1, NULL, NULL) != 0)
            usleep(100); /* all lanes retired, for tests let time run fast; what was dropped is sent again */
        rt_store_release(&shared()->returned_mt[source], i + 1);
    }
    rt_store_release(&shared()->done_mt[source], 1);
}

static pid_t start_producer(uint32_t source, uint32_t n, const char *step, uint32_t times_before, int sig)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        w.pid = (uint32_t)getpid();
        arm(step, times_before, sig);
        produce(source, n);
        _exit(0);
    }
    CHECK(pid > 0);
    return pid;
}

static void begin(uint32_t lanes)
{
    if (r.segment)
        munmap((uint8_t *)r.segment - KIT_GUARD, RT_SEGMENT_BYTES + 2 * RT_RUN_PAGE + KIT_PAGES + KIT_STAGE + 6 * (size_t)KIT_GUARD);
    r = ring_new(lanes);
    w = ring_writer(&r, 20 * KIT_NS);
}

/* A clock that runs 20 times as fast: lanes retire after 50 ms. */
static uint64_t fast_ns(void)
{
    return kit_now_ns() * 20;
}

/* Moves records as long as the stage is not too large; then the producers have to wait. */
static int64_t pass_some(void)
{
    return rt_load_relaxed(&r.stage->used_mt) < 32u << 20 ? ring_pass(&r, kit_now_ns(), false) : 0;
}

/* Each source's messages: 0..returned all there, once, in content right; at most one more that did not return. */
static void check_delivered(uint32_t sources)
{
    struct got_list l = ring_records(&r);
    uint32_t next[SOURCES] = {0};
    qsort(l.got, l.n, sizeof *l.got, got_by_thread);
    for (size_t i = 0; i < l.n; i++) {
        struct message m;
        if (l.got[i].type == RT_RECORD_LOST)
            continue;
        CHECK(message_check(l.got[i].payload, l.got[i].len, &m));
        CHECK(m.source < sources && m.source + 1 == l.got[i].tid);
        CHECK_INT(m.index, next[m.source]); /* none twice, none missing */
        next[m.source]++;
    }
    for (uint32_t s = 0; s < sources; s++) {
        uint32_t returned = rt_load_acquire(&shared()->returned_mt[s]);
        CHECK(next[s] == returned || next[s] == returned + 1);
    }
    free(l.got);
}

static bool ended(pid_t pid, int *status)
{
    pid_t got = waitpid(pid, status, WNOHANG);
    CHECK(got >= 0);
    return got == pid;
}

/* Drains until all of them ended. */
static void drain_while(const pid_t *pid, uint32_t n, int expected_status_of_0)
{
    bool over[SOURCES] = {false};
    for (uint32_t left = n; left;) {
        ring_pass(&r, fast_ns(), false);
        for (uint32_t i = 0; i < n; i++) {
            int status = -1;
            if (over[i] || !ended(pid[i], &status))
                continue;
            CHECK_INT(status, i == 0 ? expected_status_of_0 : 0);
            over[i] = true;
            left--;
        }
        usleep(500);
    }
}

RT_TEST(a_producer_killed_at_any_step_harms_nobody)
{
    uint32_t rounds = KIT_SANITIZED ? 2 : 5;
    for (uint32_t i = 0; i < PRODUCER_STEPS * rounds; i++) {
        const char *step = producer_steps[i % PRODUCER_STEPS];
        pid_t pid[3];
        begin(2);
        for (uint32_t s = 0; s < 3; s++)
            pid[s] = start_producer(s, s ? 600 : UINT32_MAX, s ? NULL : step, strcmp(step, "ring.padded") == 0 ? i / 8 : 20 * i, SIGKILL);
        drain_while(pid, 3, SIGKILL);
        ring_pass(&r, kit_now_ns(), true);
        CHECK(ring_idle(&r));
        check_delivered(3);
        bool open = strcmp(step, "ring.reserve") != 0 && strcmp(step, "ring.committed") != 0;
        CHECK_INT(ring_truncated(&r), open); /* the one that it was about to write, no other */
    }
}

static uint32_t n_retired(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        n += rt_load_relaxed(&r.segment->lane[i].retired_mt);
    return n;
}

static uint32_t n_late(void)
{
    struct got_list l = ring_records(&r);
    uint32_t n = 0;
    for (size_t i = 0; i < l.n; i++)
        n += l.got[i].late;
    free(l.got);
    return n;
}

/* Drains until @pid stops or ends. Return: its status. */
static int drain_until(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, WUNTRACED | WNOHANG) == 0) {
        ring_pass(&r, fast_ns(), false);
        usleep(500);
    }
    return status;
}

static void drain_for(uint32_t ms)
{
    for (uint64_t end = kit_now_ns() + ms * 1000000ull; kit_now_ns() < end; usleep(500))
        ring_pass(&r, fast_ns(), false);
}

RT_TEST(a_producer_stopped_at_any_step_retires_its_lane_and_comes_back)
{
    for (uint32_t i = 0; i < PRODUCER_STEPS; i++) {
        const char *step = producer_steps[i];
        bool open = strcmp(step, "ring.reserve") != 0 && strcmp(step, "ring.committed") != 0;
        begin(2);
        pid_t stopped = start_producer(0, 1000, step, strcmp(step, "ring.padded") == 0 ? 0 : 100, SIGSTOP);
        CHECK(WIFSTOPPED(drain_until(stopped)));
        pid_t other = start_producer(2, 1000, NULL, 0, 0); /* a neighbour that prefers the same lane */
        CHECK_INT(drain_until(other), 0);
        for (uint32_t k = 0; k < 100 && n_retired() != open; k++)
            drain_for(50);
        drain_for(150);
        CHECK_INT(n_retired(), open);
        check_delivered(3); /* all of the neighbour's is here already, though the lane has a hole */
        kill(stopped, SIGCONT);
        CHECK_INT(drain_until(stopped), 0);
        drain_for(20);
        CHECK_INT(n_retired(), 0);
        CHECK_INT(ring_truncated(&r), 0);
        CHECK(ring_idle(&r));
        check_delivered(3);
        CHECK_INT(shared()->returned_mt[0] + shared()->returned_mt[2], 2000);
        CHECK(!open || n_late() > 0);
    }
}

/* ---------------------------------------------------------------- the consumer dies */
/* Starts where the stage ends, drains until all sources are done and nothing is left. */
static pid_t start_consumer(uint32_t sources, const char *step, uint32_t times_before)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    arm(step, times_before, SIGKILL);
    ring_readers(&r);
    for (bool last = false;;) {
        int64_t moved = pass_some();
        if (last && !moved)
            _exit(0);
        last = true;
        for (uint32_t s = 0; s < sources; s++)
            last &= rt_load_acquire(&shared()->done_mt[s]);
        usleep(200);
    }
}

RT_TEST(a_consumer_killed_at_any_step_is_followed_by_another)
{
    static const char *const steps[] = {"test.copied", "test.noted", "ring.zeroed", "ring.freed"};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t kills = 0;
        pid_t producer[2];
        int status = -1;
        begin(2);
        for (uint32_t s = 0; s < 2; s++)
            producer[s] = start_producer(s, KIT_SANITIZED ? 1000 : 4000, NULL, 0, 0);
        for (uint32_t k = 0; kills < 200; k++) {
            pid_t consumer = start_consumer(2, k < 30 ? steps[i] : NULL, k % 4);
            CHECK(waitpid(consumer, &status, 0) == consumer);
            if (status == 0)
                break;
            CHECK_INT(status, SIGKILL);
            kills++;
        }
        CHECK_INT(status, 0);
        CHECK(kills >= 5);
        for (uint32_t s = 0; s < 2; s++)
            CHECK(waitpid(producer[s], &status, 0) == producer[s] && status == 0);
        ring_readers(&r);
        CHECK_INT(ring_pass(&r, kit_now_ns(), false), 0);
        CHECK(ring_idle(&r));
        check_delivered(2);
        CHECK_INT(shared()->returned_mt[0] + shared()->returned_mt[1], 2 * (KIT_SANITIZED ? 1000 : 4000));
        for (uint32_t lane = 0; lane < 2; lane++) { /* G2 holds after all this */
            const uint8_t *p = (const uint8_t *)r.segment + rt_lane_offset(lane);
            for (uint32_t k = 0; k < rt_lane_size(lane); k++)
                CHECK_INT(p[k], 0);
        }
    }
}

/* ---------------------------------------------------------------- random instants */
static void *produce_forever(void *arg)
{
    produce((uint32_t)(uintptr_t)arg, UINT32_MAX);
    return NULL;
}

static pid_t start_threads(uint32_t n)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    w.pid = (uint32_t)getpid();
    pthread_t thread[SOURCES];
    for (uint32_t i = 0; i < n; i++)
        pthread_create(&thread[i], NULL, produce_forever, (void *)(uintptr_t)i);
    pause();
    _exit(4);
}

RT_TEST(eight_threads_killed_at_a_random_instant_leave_all_that_returned)
{
    uint32_t rounds = KIT_SANITIZED ? 20 : getenv("RETAP_SOAK") ? 1000 : 100;
    srand((unsigned)kit_now_ns());
    for (uint32_t i = 0; i < rounds; i++) {
        begin(i % 6 + 1);
        pid_t pid = start_threads(8);
        int status;
        for (uint64_t end = kit_now_ns() + (uint64_t)(rand() % 30 + 5) * 1000000u; kit_now_ns() < end; usleep((unsigned)rand() % 500))
            pass_some();
        kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, SIGKILL);
        ring_pass(&r, kit_now_ns(), true);
        CHECK(ring_idle(&r));
        check_delivered(8);
        CHECK(ring_truncated(&r) <= 8);
    }
}

RT_TEST(both_sides_killed_at_random_instants_lose_nothing)
{
    uint32_t rounds = KIT_SANITIZED ? 10 : 40;
    srand((unsigned)kit_now_ns());
    for (uint32_t i = 0; i < rounds; i++) {
        begin(2);
        pid_t producers = start_threads(4);
        int status;
        for (uint32_t k = 0; k < 4; k++) {
            pid_t consumer = start_consumer(4, NULL, 0);
            usleep((unsigned)rand() % 5000);
            kill(consumer, SIGKILL);
            CHECK(waitpid(consumer, &status, 0) == consumer);
        }
        kill(producers, SIGKILL);
        CHECK(waitpid(producers, &status, 0) == producers);
        ring_readers(&r);
        ring_pass(&r, kit_now_ns(), true);
        CHECK(ring_idle(&r));
        check_delivered(4);
        CHECK(ring_truncated(&r) <= 4);
    }
}
