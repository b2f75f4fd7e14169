#include "collect/collector.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/fd.h"
#include "collect/checkpoint.h"
#include "collect/pool.h"
#include "collect/store.h"
#include "ring/control.h"

#define TICK_LEAST_S 0.01 /* as --tick */
#define TICK_MOST_S  3600.0
#define LEASE_NS    100000000u  /* how often the live segments are asked */
#define MANY        48u         /* segments made: from then on they are asked ten times as often */
#define ENDING_NS   2000000u    /* … when CMD has ended */
#define PAIR_NS     50000u      /* reading both takes less, unless interrupted */
#define CLOCK_NS    1000000000u /* how often both clocks are compared */
#define EXEC_NS     1000000000u /* longest time from exec to the first record */
#define REMAIN_NS   100000000u  /* after CMD's end: then what still runs is called remaining */
#define STALL_NS    50000000u   /* no byte reached the file for so long, staging half full: nobody waits */
#define PROGRESS_MS 200

_Static_assert((int)RT_TELL_FULL == (int)RT_CALLS_FULL && (int)RT_TELL_ALL == (int)RT_CALLS_ALL && (int)RT_TELL_SITES == (int)RT_CALLS_SITES &&
               (int)RT_TELL_NOTHING == (int)RT_CALLS_NONE, "the run page tells what the option says");

struct collector {
    const struct rt_options *o;
    int control_fd, keeper_fd, signal_fd, done_fd;
    int root_fd; /* pidfd of CMD when the launcher became it; else -1 */
    struct rt_rundir dir;
    struct rt_staging staging;
    struct rt_pool pool;
    struct rt_drain drain;
    struct rt_store store;
    char *output, *application, recording_id[64], identity[PATH_MAX + 512];
    uint32_t uncovered;
    bool root_ended, wait, told_remain, stop, may_remove;
    bool alone, asked;                /* no launcher waits for the end; somebody wants it */
    bool ticks;                       /* the time stamp counter may be used */
    uint64_t first_tick, first_tick_ns; /* when the collector started: the slope is measured from there */
    uint64_t root_ended_ns, no_live_ns, lease_ns, clock_ns, progress, progress_ns;
};

static struct rt_pool *fault_pool; /* for the SIGBUS handler: one collector a process */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    if (fault_pool && rt_pool_fault(fault_pool, info->si_addr))
        return;
    signal(SIGBUS, SIG_DFL); /* not a segment: die as usual when the instruction is tried again */
}

static void say(struct collector *c, struct rt_control *m)
{
    if (c->control_fd >= 0) /* who has gone may have left a word: on_control() finds that out */
        (void)!send(c->control_fd, m, sizeof *m, MSG_NOSIGNAL);
}

/* ---------------------------------------------------------------- setting up */
static int setup_signals(struct collector *c)
{
    struct sigaction bus = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;
    fault_pool = &c->pool;
    sigaction(SIGBUS, &bus, NULL);
    sigaction(SIGIO, &ignore, NULL); /* a claimer's open against a held lease sends it */
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_SETMASK, &set, NULL);
    c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    c->keeper_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->signal_fd < 0 || c->keeper_fd < 0 || c->done_fd < 0 ? -errno : 0;
}

/* Every segment keeps a descriptor. */
static void raise_nofile(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

/* Absolute, so that it stays the same file whatever becomes of the directory. */
static int set_output(struct collector *c, struct rt_error *err)
{
    char cwd[PATH_MAX];
    if (!c->o->output || !*c->o->output)
        return rt_error_set(err, -EINVAL, "no output file");
    if (c->o->output[0] == '/')
        c->output = strdup(c->o->output);
    else if (!getcwd(cwd, sizeof cwd) || asprintf(&c->output, "%s/%s", cwd, c->o->output) < 0)
        c->output = NULL;
    return c->output ? 0 : rt_error_set(err, -ENOMEM, "%s: no absolute path", c->o->output);
}

/* What the recording is called: from the options, or, after a dead collector, as it said. */
static int set_identity(struct collector *c, bool resume, struct rt_error *err)
{
    const char *text[3];
    if (resume && rt_identity_read(c->dir.fd, c->identity, sizeof c->identity, text) == 0) {
        c->application = strdup(text[0]);
        snprintf(c->recording_id, sizeof c->recording_id, "%s", text[1]);
        c->output = strdup(text[2]);
        return c->application && c->output ? 0 : -ENOMEM;
    }
    int r = set_output(c, err);
    if (r)
        return r;
    uuid_t u;
    uuid_generate_random(u);
    size_t n = (size_t)snprintf(c->recording_id, sizeof c->recording_id, "rec_");
    for (unsigned i = 0; i < sizeof u; i++)
        n += (size_t)snprintf(c->recording_id + n, sizeof c->recording_id - n, "%02x", u[i]);
    if (c->o->recording_id && *c->o->recording_id)
        snprintf(c->recording_id, sizeof c->recording_id, "%s", c->o->recording_id);
    c->application = strdup(c->o->name && *c->o->name ? c->o->name : "retap");
    if (!c->application)
        return -ENOMEM;
    const char *const said[3] = {c->application, c->recording_id, c->output};
    return rt_identity_write(c->dir.fd, said);
}

static void fill_run_page(struct collector *c)
{
    struct rt_run_page *page = c->dir.page;
    page->version = RT_SEGMENT_VERSION;
    page->collector_pid = (uint32_t)getpid();
    page->full_wait_us = (uint32_t)(c->o->full_wait_ns / 1000);
    page->calls = (uint32_t)c->o->calls;
    page->panic_mt = page->no_wait_mt = 0;
    rt_store_relaxed(&page->ticks_mt, c->ticks);
    rt_store_relaxed(&c->dir.bell->sleeping_mt, 0);
    rt_store_release(&page->magic, RT_RUN_MAGIC);
}

static void tell_clock(struct collector *c)
{
    uint64_t before, real, after, tick;
    int tries = 0;
    do { /* a pause in between would look like a step of the clock */
        before = rt_mono_ns(), real = rt_real_ns(), tick = rt_ticks_now(), after = rt_mono_ns();
    } while (after - before > PAIR_NS && ++tries < 10);
    struct rt_event e = {.kind = RT_EVENT_CLOCK, .mono_ns = before + (after - before) / 2, .real_ns = real};
    if (c->ticks && tick > c->first_tick) {
        e.tick = tick;
        e.ns_per_tick = (double)(e.mono_ns - c->first_tick_ns) / (double)(tick - c->first_tick);
    }
    rt_drain_event(&c->drain, &e);
    c->clock_ns = after;
}

/* Both or none: what they work on is unmapped when this fails. */
static int start_threads(struct collector *c, struct rt_error *err)
{
    tell_clock(c); /* before the first record */
    int r = rt_drain_start(&c->drain);
    if (!r && (r = rt_store_start(&c->store))) {
        rt_store_release(&c->drain.interpreter_gone_mt, 1);
        rt_drain_stop(&c->drain);
    }
    return r ? rt_error_set(err, r, "a thread can't be started: %s", strerror(-r)) : 0;
}

static int open_directory(struct collector *c, bool *ret_existed, struct rt_error *err)
{
    char made[RT_RUNDIR_MAX];
    const char *path = c->o->run_dir;
    int r;
    if (!path || !*path) {
        if ((r = rt_rundir_make(made, err)))
            return r;
        path = made;
    }
    if ((r = rt_rundir_open(&c->dir, path, ret_existed, err))) {
        if (path == made)
            rt_rundir_remove(made);
        return r;
    }
    if (!*ret_existed)
        rt_rundir_clear(&c->dir);
    c->may_remove = !*ret_existed; /* what a dead collector left is kept until it is in the file */
    return 0;
}

static int setup(struct collector *c, struct rt_error *err)
{
    bool existed;
    int r = setup_signals(c);
    if (r)
        return rt_error_set(err, r, "signals: %s", strerror(-r));
    raise_nofile();
    if ((r = open_directory(c, &existed, err)) || (r = set_identity(c, existed, err)) ||
        (r = rt_staging_open(&c->staging, c->dir.fd, c->o->staging_bytes, err)))
        return r;
    if (existed)
        rt_staging_recover(&c->staging);
    if ((r = rt_pool_init(&c->pool, &c->dir, &c->staging, existed, err)))
        return r;
    c->store = (struct rt_store){.drain = &c->drain, .staging = &c->staging, .dir_fd = c->dir.fd,
                                 .options = c->o, .done_fd = c->done_fd};
    rt_drain_init(&c->drain, &c->pool, &c->staging, &c->dir, c->keeper_fd);
    if ((r = rt_store_open(&c->store, c->output, c->application, c->recording_id, existed, err)) ||
        (r = start_threads(c, err)))
        return r;
    fill_run_page(c);
    return 0;
}

/* ---------------------------------------------------------------- the keeper's loop */
static void on_control(struct collector *c)
{
    struct rt_control m;
    ssize_t n;
    do /* that the other end was closed is told once before what is left to read */
        n = recv(c->control_fd, &m, sizeof m, MSG_DONTWAIT);
    while (n < 0 && errno == ECONNRESET);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof m) { /* the launcher is gone: go on until the last process ends */
        c->control_fd = rt_fd_close(c->control_fd);
        c->told_remain = true;
        c->root_ended = c->root_fd < 0;
        return;
    }
    if (m.kind == RT_CONTROL_EXEC) {
        c->root_fd = (int)syscall(SYS_pidfd_open, (pid_t)m.pid, 0);
        c->alone = true;
    }
    if (m.kind != RT_CONTROL_ENDED)
        return;
    struct rt_event e = {.kind = RT_EVENT_STATUS, .pid = m.pid, .status = m.status, .mono_ns = rt_mono_ns(),
                         .utime_us = m.utime_us, .stime_us = m.stime_us, .maxrss_kib = m.maxrss_kib};
    rt_drain_event(&c->drain, &e);
    c->root_ended = true;
    c->wait = m.wait;
    c->root_ended_ns = rt_mono_ns();
}

/* A service manager sends TERM to all processes of a unit: what they say at their end is still taken. A second one means us. */
static void on_signal(struct collector *c)
{
    struct signalfd_siginfo s;
    while (read(c->signal_fd, &s, sizeof s) == sizeof s) {
        c->stop = !c->alone || c->asked;
        c->asked = c->root_ended = true;
    }
}

static void check_uncovered(struct collector *c)
{
    uint32_t wanted = rt_load_relaxed(&c->dir.bell->wanted_mt);
    if (wanted == c->uncovered)
        return;
    struct rt_event e = {.kind = RT_EVENT_UNCOVERED, .n = wanted - c->uncovered, .mono_ns = rt_mono_ns()};
    c->uncovered = wanted;
    rt_drain_event(&c->drain, &e);
}

/* The sink does not get on and staging fills: then programs must not wait for it. */
static void check_stall(struct collector *c, uint64_t now)
{
    uint64_t progress = rt_load_acquire(&c->store.progress_mt);
    bool filling = rt_staging_used(&c->staging) > c->staging.size / 2;
    if (progress != c->progress || !filling) {
        c->progress = progress;
        c->progress_ns = now;
    }
    rt_store_relaxed(&c->dir.page->no_wait_mt, filling && now - c->progress_ns > STALL_NS);
}

/* Asks for leases when it is time; decides about the end. */
static void check_live(struct collector *c, uint64_t now)
{
    bool many = rt_load_relaxed(&c->pool.n_mt) > MANY; /* short processes: theirs are soon wanted again */
    if (now - c->lease_ns < (c->root_ended ? ENDING_NS : many ? LEASE_NS / 10 : LEASE_NS))
        return;
    c->lease_ns = now;
    uint32_t live = rt_pool_check_leases(&c->pool, now);
    if (!c->root_ended)
        return;
    rt_store_hurry(&c->store);
    if (!live) {
        /* Between exec and the first record a process holds nothing: all is interpreted, and no exec open. */
        if (!c->no_live_ns)
            c->no_live_ns = now;
        rt_drain_ring(&c->drain);
        uint64_t caught_up = rt_load_acquire(&c->store.caught_up_ns_mt);
        bool all_told = caught_up > c->no_live_ns && !rt_load_relaxed(&c->store.execs_mt);
        c->stop = all_told || now - c->no_live_ns > EXEC_NS;
        return;
    }
    c->no_live_ns = 0;
    if (now - c->root_ended_ns < REMAIN_NS)
        rt_drain_ring(&c->drain); /* the dead ones are read now, not with the next pass */
    if (!c->told_remain && !c->wait && now - c->root_ended_ns > REMAIN_NS) {
        struct rt_control m = {.kind = RT_CONTROL_REMAIN, .n = live};
        c->told_remain = true;
        say(c, &m);
    }
}

static int poll_timeout_ms(const struct collector *c)
{
    if (c->root_ended && !c->told_remain && !c->wait)
        return 2;
    bool filling = rt_staging_used(&c->staging) > c->staging.size / 2;
    return filling || rt_load_relaxed(&c->pool.n_mt) > MANY ? 10 : 100;
}

static void keep(struct collector *c)
{
    while (!c->stop) {
        struct pollfd p[4] = {{c->keeper_fd, POLLIN, 0}, {c->signal_fd, POLLIN, 0},
                              {c->control_fd, POLLIN, 0}, {c->root_fd, POLLIN, 0}};
        uint64_t drop;
        poll(p, 4, poll_timeout_ms(c));
        if (p[0].revents && read(c->keeper_fd, &drop, sizeof drop) < 0)
            drop = 0;
        if (p[2].revents)
            on_control(c); /* first: it tells what a signal means */
        if (p[1].revents)
            on_signal(c);
        if (p[3].revents) {
            c->root_fd = rt_fd_close(c->root_fd);
            c->root_ended = true;
        }
        uint64_t now = rt_mono_ns();
        rt_staging_grow(&c->staging);
        rt_pool_replenish(&c->pool);
        if (now - c->clock_ns >= CLOCK_NS)
            tell_clock(c);
        check_uncovered(c);
        check_stall(c, now);
        rt_store_relaxed(&c->dir.page->progress_mt, rt_load_acquire(&c->store.progress_mt));
        check_live(c, now);
        if (rt_load_acquire(&c->store.done_mt))
            c->stop = true; /* it gave up */
    }
}

/* Reads all, closes the file, says what came of it. */
static void finish(struct collector *c)
{
    rt_store_relaxed(&c->dir.page->panic_mt, 1); /* who still runs is not recorded any more */
    tell_clock(c);
    rt_drain_stop(&c->drain);
    struct pollfd p = {c->done_fd, POLLIN, 0};
    uint64_t seen = UINT64_MAX;
    while (poll(&p, 1, PROGRESS_MS) <= 0) {
        uint64_t progress = rt_load_acquire(&c->store.progress_mt);
        struct rt_control m = {.kind = RT_CONTROL_PROGRESS, .n = progress};
        if (progress != seen)
            say(c, &m);
        seen = progress;
    }
    rt_store_join(&c->store);
}

static void cleanup(struct collector *c)
{
    fault_pool = NULL;
    rt_store_close(&c->store);
    rt_pool_deinit(&c->pool);
    rt_staging_close(&c->staging);
    if (c->may_remove)
        rt_rundir_remove(c->dir.path);
    rt_rundir_close(&c->dir);
    rt_fd_close(c->keeper_fd);
    rt_fd_close(c->signal_fd);
    rt_fd_close(c->done_fd);
    rt_fd_close(c->root_fd);
    free(c->output);
    free(c->application);
}

/* Rerun's own variable rules where nothing was said to us. */
static void set_tick(struct rt_options *o)
{
    const char *text = getenv("RERUN_FLUSH_TICK_SECS");
    char *end = NULL;
    double seconds = text && *text ? strtod(text, &end) : 0;
    bool valid = end && !*end && seconds >= TICK_LEAST_S && seconds <= TICK_MOST_S;
    if (!rt_options_given(o, RT_OPT_TICK) && valid)
        o->tick_ns = (uint64_t)(seconds * 1e9);
}

int rt_collector_run(struct rt_options *o, int control_fd, struct rt_error *err)
{
    set_tick(o);
    static struct collector c; /* large, one a process, and looked at by a signal handler */
    c = (struct collector){.o = o, .control_fd = control_fd, .keeper_fd = -1, .signal_fd = -1, .done_fd = -1,
                           .root_fd = -1, .dir = RT_RUNDIR_NULL, .staging = RT_STAGING_NULL};
    c.ticks = rt_ticks_trusted();
    c.first_tick_ns = rt_mono_ns();
    c.first_tick = rt_ticks_now();
    int r = setup(&c, err);
    struct rt_control m = {.kind = r ? RT_CONTROL_FAILED : RT_CONTROL_READY};
    if (r)
        snprintf(m.text, sizeof m.text, "%.500s", err ? err->message : strerror(-r));
    say(&c, &m);
    if (!r) {
        if (control_fd < 0)
            fprintf(stderr, "retap collect: run directory %s\n", c.dir.path);
        keep(&c);
        finish(&c);
        m = (struct rt_control){.kind = RT_CONTROL_DONE, .n = c.store.rows_stored,
                                .dropped = c.store.rows_dropped};
        if (c.store.error.code) {
            snprintf(m.text, sizeof m.text, "%.500s", c.store.error.description);
            r = rt_error_set(err, -EIO, "%.500s", c.store.error.description);
        }
        c.may_remove = true;
        rt_rundir_remove(c.dir.path); /* before the launcher ends: who ends with it is not to find anything left */
        say(&c, &m);
    }
    cleanup(&c);
    rt_fd_close(c.control_fd);
    return r;
}
