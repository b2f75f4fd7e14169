#include "recording/outlet.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guest.h"
#include "ring/claim.h"

#define REQUESTS_TID (1u << 30) /* no thread's number: who asks */
#define SLICE_NS     20000000u
#define STUCK_NS     2000000000u

static const struct rt_run_page patient; /* says no_wait never: only programs that did not ask for us must not wait */

static struct {
    struct rt_writer waiting, dropping; /* the same, but for the patience */
    const struct rt_run_page *run;
    char dir[RT_OUTLET_DIR + 1];
    pthread_mutex_t lock;               /* requests: their numbers and times are in the same order */
    struct rt_writer_thread requests;
} outlet = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---------------------------------------------------------------- claim */

static bool claim_at(const char *dir)
{
    struct rt_writer w;
    size_t len = dir ? strlen(dir) : 0;
    if (!len || len > RT_OUTLET_DIR || !rt_ring_open(&w, dir, len))
        return false;
    if (!rt_ring_claim(&w, dir, len, (uint32_t)rt_mono_ns()))
        return false;
    madvise(w.segment, RT_SEGMENT_BYTES, MADV_DONTFORK);
    outlet.run = w.run;
    outlet.waiting = outlet.dropping = w;
    outlet.waiting.run = &patient;
    outlet.waiting.full_wait_ns = RT_OUTLET_WAIT_NS;
    outlet.dropping.full_wait_ns = 0;
    outlet.requests = (struct rt_writer_thread){.tid = REQUESTS_TID};
    if (dir != outlet.dir)
        memcpy(outlet.dir, dir, len + 1);
    return true;
}

int rt_outlet_claim(struct rt_error *err)
{
    char started[RT_OUTLET_DIR + 1];
    const char *run = getenv("RETAP_RUN");
    if (outlet.waiting.segment || claim_at(outlet.dir) || claim_at(run))
        return 0;
    struct rt_error e = {0};
    int r = rt_collector_start(started, &e);
    if (!r && claim_at(started))
        return 0;
    return rt_error_set(err, r ? r : -EAGAIN, "no collector: %s%s%s%s", run && *run ? "none works in RETAP_RUN=" : "", run && *run ? run : "",
                        run && *run ? "; " : "", r ? e.message : "the one that was started has no room");
}

void rt_outlet_in_child(void)
{
    outlet.waiting.segment = outlet.dropping.segment = NULL;
    pthread_mutex_init(&outlet.lock, NULL);
}

const char *rt_outlet_dir(void)
{
    return outlet.dir;
}

uint64_t rt_outlet_owner(void)
{
    return rt_load_relaxed(&outlet.waiting.segment->owner_mt);
}

/* ---------------------------------------------------------------- messages */

struct rt_writer_thread *rt_outlet_thread(void)
{
    struct rt_writer_thread *t = calloc(1, sizeof *t);
    uint32_t tid = (uint32_t)rt_syscall(SYS_gettid, 0);
    if (t)
        *t = (struct rt_writer_thread){.tid = tid, .lane_hint = tid == outlet.waiting.pid ? 0 : tid};
    return t;
}

bool rt_outlet_write(struct rt_writer_thread *t, bool waits, const struct rt_slice *slices, unsigned n)
{
    struct rt_part parts[RT_OUTLET_PARTS];
    for (unsigned i = 0; i < n; i++)
        parts[i] = (struct rt_part){slices[i].p, slices[i].n};
    return !rt_load_relaxed(&outlet.run->panic_mt) &&
        rt_ring_write(waits ? &outlet.waiting : &outlet.dropping, t, RT_RECORD_SDK, 0, 0, rt_mono_ns(), NULL, parts, n, NULL, NULL) == 0;
}

void rt_outlet_hurry(void)
{
    rt_add_acq_rel(&outlet.waiting.bell->asked_mt, 1);
}

bool rt_outlet_admit(uint64_t bytes, uint64_t most)
{
    uint64_t before = rt_add_relaxed(&outlet.waiting.segment->outside_mt, bytes);
    if (!before || before + bytes <= most)
        return true;
    rt_outlet_withdraw(bytes);
    return false;
}

void rt_outlet_withdraw(uint64_t bytes)
{
    rt_add_relaxed(&outlet.waiting.segment->outside_mt, -bytes);
}

/* ---------------------------------------------------------------- requests */

static void ring(void)
{
    struct rt_run_bell *bell = outlet.waiting.bell;
    rt_outlet_hurry();
    rt_store_seq_cst(&bell->sleeping_mt, 0);
    rt_add_acq_rel(&bell->bell_mt, 1);
    rt_syscall(SYS_futex, &bell->bell_mt, FUTEX_WAKE, 1, 0, 0, 0);
}

struct patience {
    uint64_t deadline_ns, since_ns, progress;
    bool while_moving;
};

/* Return: 0 = go on waiting. */
static int lose_patience(struct patience *p)
{
    uint64_t now = rt_mono_ns(), progress = rt_load_relaxed(&outlet.run->progress_mt);
    bool lives = kill((pid_t)rt_load_relaxed(&outlet.run->collector_pid), 0) == 0 || errno != ESRCH;
    if (progress != p->progress || (lives && !p->while_moving)) {
        p->progress = progress;
        p->since_ns = now;
    }
    if (now >= p->deadline_ns || (lives && now - p->since_ns > STUCK_NS))
        return -ETIMEDOUT;
    return now - p->since_ns > STUCK_NS ? -EPIPE : 0; /* a launcher may start another one meanwhile */
}

static int await(uint32_t number, double timeout_sec)
{
    struct rt_segment *s = outlet.waiting.segment;
    uint64_t now = rt_mono_ns();
    struct patience p = {timeout_sec < 0 || timeout_sec > 1e9 ? UINT64_MAX : now + (uint64_t)(timeout_sec * 1e9), now,
                         rt_load_relaxed(&outlet.run->progress_mt), timeout_sec < 0};
    for (;;) {
        uint32_t answered = rt_load_acquire(&s->answered_mt); /* pairs with the release of the collector, after the answer */
        int32_t ahead = (int32_t)(answered - number);
        if (ahead >= 0)
            return ahead < (int32_t)RT_SEGMENT_ANSWERS ? rt_load_relaxed(&s->answer[number % RT_SEGMENT_ANSWERS]) : 0;
        int r = lose_patience(&p);
        if (r)
            return r;
        now = rt_mono_ns();
        rt_futex_wait(&s->answered_mt, answered, p.deadline_ns - now < SLICE_NS ? p.deadline_ns - now : SLICE_NS);
    }
}

int rt_outlet_ask(uint32_t *number, const struct rt_slice *parts, unsigned n, double timeout_sec, struct rt_error *err)
{
    pthread_mutex_lock(&outlet.lock);
    uint32_t mine = *number = rt_add_relaxed(&outlet.waiting.segment->asked_mt, 1) + 1;
    bool ok = rt_outlet_write(&outlet.requests, timeout_sec != 0, parts, n);
    pthread_mutex_unlock(&outlet.lock);
    if (!ok)
        return rt_error_set(err, -ENOBUFS, "the collector takes nothing");
    ring();
    int r = await(mine, timeout_sec);
    if (r == -ETIMEDOUT)
        rt_error_set(err, r, "timed out");
    else if (r)
        rt_error_set(err, r, "the collector: %s", r == -EPIPE ? "is gone" : strerror(-r));
    return r;
}
