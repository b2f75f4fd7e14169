#include "collect/store.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/guest.h"
#include "base/testpoint.h"
#include "collect/checkpoint.h"

#define BUILDERS_MOST (24u << 20) /* bytes of rows that wait in memory */
#define OUTSIDE_MOST  (16u << 20) /* bytes of files that wait for the checkpoint */
#define GATHER_NS     250000000u  /* between two batches */
#define NAP_NS        10000000u   /* between two looks at how full staging is */
#define IDLE_WAIT_MS  5           /* while something is open: results, lines, gaps */

static uint64_t waiting_rows(struct rt_store *s, uint64_t *ret_bytes)
{
    return rr_recording_stream_pending_rows(s->rec, ret_bytes);
}

/* Grows while rows get on, whoever's they are. */
static uint64_t progress(const struct rt_store *s, uint64_t durable)
{
    return durable + rt_sdk_rows(&s->sdk);
}

static uint64_t rows_failed(const struct rt_store *s)
{
    return s->failed_before + rr_recording_stream_dropped(s->rec) + s->rows.n_failed;
}

/* The interpreter's, what programs stage, and how long that is. */
static int save_state(struct rt_store *s)
{
    rt_buf_clear(&s->state);
    int r = rt_interpreter_save(&s->interpreter, &s->state);
    size_t at = s->state.len;
    r = r ? r : rt_sdk_save(&s->sdk, &s->state);
    uint64_t staged = s->state.len - at;
    return r ? r : rt_buf_append(&s->state, &staged, sizeof staged);
}

static int load_state(struct rt_store *s)
{
    uint64_t staged;
    size_t n = s->state.len - sizeof staged;
    if (s->state.len < sizeof staged)
        return -EBADMSG;
    memcpy(&staged, s->state.data + n, sizeof staged);
    if (staged > n)
        return -EBADMSG;
    int r = rt_interpreter_load(&s->interpreter, s->state.data, n - staged);
    return r ? r : rt_sdk_load(&s->sdk, s->state.data + n - staged, staged);
}

/* Rows into the file, state into the checkpoint, staging free up to here. */
static void tick(struct rt_store *s)
{
    rr_error err = {0};
    rt_rows_flush(&s->rows);
    rt_metrics_flush(&s->interpreter.metrics);
    rr_recording_stream_flush_blocking(s->rec, 1e9f, &err); /* a failed write is counted: rows_failed() */
    rt_sdk_tick(&s->sdk, rt_mono_ns(), true);
    uint64_t durable = rr_recording_stream_durable_bytes(s->rec);
    rt_store_release(&s->progress_mt, progress(s, durable));
    RT_TESTPOINT("store.flushed");
    s->tick_mono_ns = rt_mono_ns();
    if (s->pos == rt_staging_tail(s->staging))
        return;
    struct rt_checkpoint c = {durable, s->pos, rows_failed(s)};
    if (rt_interpreter_own(&s->interpreter) || save_state(s) || rt_checkpoint_write(s->dir_fd, &c, s->state.data, s->state.len))
        return; /* staging keeps the rows; the next tick tries again */
    RT_TESTPOINT("store.checkpointed");
    rt_staging_release(s->staging, s->pos);
    rt_sdk_release(&s->sdk);
    s->tick_pos = s->pos;
}

static bool tick_is_due(struct rt_store *s, uint64_t now)
{
    uint64_t bytes = 0, size = s->staging->size;
    if (s->pos - s->tick_pos >= size / 8 && rt_staging_used(s->staging) > size / 4)
        return true;
    if (s->sdk.outside_bytes > OUTSIDE_MOST)
        return true;
    if (now - s->tick_mono_ns < s->options->tick_ns && (waiting_rows(s, &bytes), bytes < BUILDERS_MOST))
        return false;
    return s->pos != s->tick_pos || waiting_rows(s, &bytes) > 0;
}

/* The loss ledger and what else is known only at the end: one static row. */
static void write_ledger(struct rt_store *s)
{
    const struct rt_ledger *l = &s->interpreter.ledger;
    uint64_t failed = rows_failed(s);
    if (failed > l->rows)
        failed = l->rows; /* rows of processes and states are among them, too */
    uint64_t stored = l->rows - failed, dropped = l->dropped_lines + failed, limited = 0;
    uint64_t emitted = stored + l->folded + limited + dropped;
    const struct {
        const char *component;
        const uint64_t *value;
        bool always;
    } lines[] = {
        {"retap.Ledger:emitted", &emitted, true},
        {"retap.Ledger:stored", &stored, true},
        {"retap.Ledger:dropped", &dropped, true},
        {"retap.Ledger:folded", &l->folded, false},
        {"retap.Ledger:limited", &limited, false},
        {"retap.Ledger:dropped_bytes", &l->dropped_bytes, false},
        {"retap.Ledger:dropped_calls", &l->dropped_calls, false},
        {"retap.Ledger:truncated", &l->truncated, false},
        {"retap.Ledger:unflushed_bytes", &l->unflushed_bytes, false},
        {"retap.Ledger:gaps", &l->gaps, false},
        {"retap.Ledger:uncovered", &l->uncovered, false},
#define RT_STREAM_NAME(stream, name) \
        {"retap.Ledger:" name "_bytes", &l->stream_bytes[RT_STREAM_##stream], false}, \
        {"retap.Ledger:" name "_calls", &l->stream_calls[RT_STREAM_##stream], false},
#include "config/streams.def"
    };
    rr_column columns[sizeof lines / sizeof *lines];
    uint32_t n = 0;
    for (uint32_t i = 0; i < sizeof lines / sizeof *lines; i++) /* a column costs 300 bytes: what is absent is 0 */
        if (lines[i].always || *lines[i].value)
            columns[n++] = (rr_column){.component = lines[i].component, .values = lines[i].value};
    rr_log_columns(s->rec, "/stats/ledger", 1, NULL, columns, n, NULL);
    s->rows_stored = stored;
    s->rows_dropped = dropped;
}

/* Blocks that are visible now. Return: how many were taken. */
static uint32_t take_blocks(struct rt_store *s)
{
    const struct rt_block *b;
    bool bad;
    uint32_t n = 0;
    while (!s->interpreter.ended && (b = rt_staging_peek(s->staging, &s->pos, &bad))) {
        rt_interpreter_block(&s->interpreter, b);
        s->pos += b->bytes;
        n++;
        rt_store_release(&s->progress_mt, progress(s, rr_recording_stream_durable_bytes(s->rec)));
        uint64_t now = rt_mono_ns();
        if (tick_is_due(s, now))
            tick(s);
        else
            rt_sdk_tick(&s->sdk, now, false);
    }
    if (!s->interpreter.ended && bad) { /* somebody wrote into our staging: what follows can't be believed */
        rt_interpreter_note(&s->interpreter, RT_LEVEL_ERROR, rt_mono_ns(),
                            "staging was damaged; the recording ends here");
        s->interpreter.ended = true;
    }
    return n;
}

/* Rows that are staged are safe, and the file gets them once a tick: so a burst is left alone for a moment, and its programs have the
 * processor. Not when staging fills, nor at the end. Return: true after a nap. */
static bool gather(struct rt_store *s)
{
    uint64_t since = rt_mono_ns() - s->batch_ns;
    if (since >= GATHER_NS || rt_load_relaxed(&s->hurry_mt) || rt_load_acquire(&s->drain->stop_mt) ||
        rt_staging_used(s->staging) > s->staging->size / 8)
        return false;
    uint64_t left = GATHER_NS - since;
    uint32_t asked = rt_load_acquire(&s->drain->asked_mt);
    if (asked != s->asked || rt_sdk_waits(&s->sdk))
        return false;
    rt_futex_wait(&s->drain->asked_mt, asked, left < NAP_NS ? left : NAP_NS);
    return true;
}

void rt_store_hurry(struct rt_store *s)
{
    if (rt_load_relaxed(&s->hurry_mt))
        return;
    rt_store_seq_cst(&s->hurry_mt, 1);
    rt_drain_hurry(s->drain);
}

static void *store_main(void *arg)
{
    struct rt_store *s = arg;
    prctl(PR_SET_NAME, "retap-store");
    /* The drain thread wakes over it: rows wait then, not programs. */
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    while (!s->interpreter.ended) {
        uint32_t seen = rt_load_acquire(&s->drain->staged_mt);
        /* Read before the blocks: what was committed before it is then taken. */
        uint64_t pass_ns = rt_load_acquire(&s->drain->pass_mono_mt);
        uint32_t asked = rt_load_acquire(&s->drain->asked_mt);
        if (gather(s))
            continue;
        if (take_blocks(s))
            continue;
        s->batch_ns = rt_mono_ns();
        s->asked = asked;
        rt_interpreter_idle(&s->interpreter, pass_ns);
        rt_store_relaxed(&s->execs_mt, rt_interpreter_execs(&s->interpreter));
        rt_store_release(&s->caught_up_ns_mt, pass_ns);
        uint64_t now = rt_mono_ns();
        if (tick_is_due(s, now))
            tick(s);
        else
            rt_sdk_tick(&s->sdk, now, false);
        uint64_t bytes, waiting = waiting_rows(s, &bytes) || s->pos != s->tick_pos;
        bool hurry = rt_load_relaxed(&s->hurry_mt) || rt_sdk_waits(&s->sdk);
        uint64_t due_ms = rt_sdk_due_in(&s->sdk, now) / 1000000 + 1;
        int wait_ms = hurry ? 1 : s->interpreter.dirty ? IDLE_WAIT_MS : waiting ? 50 : 1000;
        rt_drain_wait(s->drain, seen, due_ms < (uint64_t)wait_ms ? (int)due_ms : wait_ms);
    }
    rt_interpreter_finish(&s->interpreter);
    tick(s);
    write_ledger(s);
    rr_recording_stream_close(s->rec, 1e9f, &s->error);
    s->rec = 0;
    rt_store_release(&s->drain->interpreter_gone_mt, 1);
    rt_store_release(&s->done_mt, 1);
    uint64_t one = 1;
    if (write(s->done_fd, &one, sizeof one) < 0)
        return NULL;
    return NULL;
}

static int open_recording(struct rt_store *s, const char *output, const char *application, const char *recording_id,
                          bool resume, struct rt_error *err)
{
    struct rt_checkpoint c = {0};
    rr_stream_options o = rr_stream_options_default(application);
    o.owner = 1;
    rr_error rerr = {0};
    int r = resume ? rt_checkpoint_read(s->dir_fd, &c, &s->state) : -ENOENT;
    if (r && r != -ENOENT)
        return rt_error_set(err, r, "the checkpoint of the collector that died can't be read: %s",
                            strerror(-r));
    o.recording_id = recording_id;
    o.save = output;
    o.resume = r == 0;
    o.resume_bytes = c.durable_bytes;
    s->rec = rr_recording_stream_open(&o, &rerr);
    if (!s->rec)
        return rt_error_set(err, -EIO, "%s", rerr.description);
    s->failed_before = c.rows_failed;
    s->pos = s->tick_pos = r == 0 ? c.staging_pos : rt_staging_tail(s->staging);
    return 0;
}

int rt_store_open(struct rt_store *s, const char *output, const char *application, const char *recording_id,
                  bool resume, struct rt_error *err)
{
    int r = rt_checkpoint_prepare(s->dir_fd);
    if (r && !resume) /* later there is the room that the dead collector took */
        return rt_error_set(err, r, "no room for checkpoints: %s", strerror(-r));
    r = open_recording(s, output, application, recording_id, resume, err);
    if (!r && (rt_rows_init(&s->rows, s->rec) || rt_interpreter_init(&s->interpreter, &s->rows, s->options)))
        r = rt_error_set(err, -ENOMEM, "out of memory");
    rt_sdk_init(&s->sdk, s->drain->pool, s->dir_fd, &s->interpreter);
    if (!r && s->state.len && (r = load_state(s)))
        r = rt_error_set(err, r, "the checkpoint of the collector that died is damaged");
    if (r)
        return r;
    rt_holders_init(&s->holders, s->drain->pool, s->dir_fd);
    s->interpreter.ask = rt_holder_ask;
    s->interpreter.ask_about = &s->holders;
    s->interpreter.sdk = &s->sdk;
    s->rows.resumed = s->state.len > 0;
    if (resume)
        rt_staging_release(s->staging, s->pos);
    s->tick_mono_ns = rt_mono_ns();
    return 0;
}

int rt_store_start(struct rt_store *s)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&s->thread, NULL, store_main, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -r;
}

void rt_store_join(struct rt_store *s)
{
    pthread_join(s->thread, NULL);
}

void rt_store_close(struct rt_store *s)
{
    if (s->rec)
        rr_recording_stream_abandon(s->rec);
    s->rec = 0;
    rt_sdk_finish(&s->sdk);
    rt_interpreter_deinit(&s->interpreter);
    rt_rows_deinit(&s->rows);
    rt_buf_deinit(&s->state);
}
