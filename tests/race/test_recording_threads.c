/* 64 threads log while their recordings are exchanged under them: thread-local and global recordings are set, sinks swapped, streams
 * freed. Every row is in exactly one recording and in one generation of its sinks: the one that was current when it was logged. */
#include "tests/race/recording_kit.h"

enum { THREADS = 64, ROWS = 40000, CHANGES = KIT_SANITIZED ? 500 : 1500, SLOTS = 5, STREAMS_MOST = 4000, GLOBALS_MOST = 20000, FILES = 2 };

/* A stream of the test. Generation g writes to <number>.<g>.0.rrd, and to ….1.rrd too when it has two sinks. */
static struct stream {
    rr_recording_stream handle;
    uint32_t begun_mt, done_mt; /* last generation whose set_sinks was called; has returned */
    uint8_t n_files[256];       /* of each generation, from 1 */
} stream[STREAMS_MOST];
static uint32_t n_streams;
static uint32_t slot_mt[SLOTS]; /* number of the stream that is there just now */

/* What was global, in order; index 0 is "none". */
static uint32_t global[GLOBALS_MOST];
static uint32_t global_begun_mt, global_done_mt;

enum { NOWHERE = UINT32_MAX };
/* Where a row may be: streams [from, to] of global[] or one stream; generations when there is one candidate only. */
struct sent {
    bool by_global;
    uint32_t from, to; /* numbers of streams; positions in global[] */
    uint32_t generation_from, generation_to;
};
struct found {
    uint32_t stream, generation;
    uint8_t times[FILES];
};
static struct logger {
    pthread_t thread;
    uint32_t number, n, seed;
    struct sent *sent;
    struct found *found;
} logger[THREADS];
static uint32_t n_working_mt, changes_mt;
static rr_component_type_handle number_type;

static rr_error_code log_number(rr_recording_stream rec, const char *path, uint32_t i)
{
    return i % 512 == 511 ? kit_log_large(rec, number_type, path, i) : kit_log(rec, number_type, path, i);
}

static uint32_t random_below(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(*seed >> 8) * n >> 24);
}

/* ---------------------------------------------------------------- loggers */

/* One row to a stream that is known: by its handle or as the thread's own recording. */
static void log_into(struct logger *l, uint32_t i, const char *path, uint32_t number, bool own)
{
    struct stream *s = &stream[number];
    struct sent *sent = &l->sent[i];
    *sent = (struct sent){.from = number, .to = number, .generation_from = rt_load_acquire(&s->done_mt)};
    rr_error_code code = log_number(own ? RR_CURRENT : s->handle, path, i);
    sent->generation_to = rt_load_acquire(&s->begun_mt);
    if (code == RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE && !own)
        sent->from = NOWHERE; /* freed meanwhile */
    else
        CHECK_INT(code, 0);
}

static void log_current(struct logger *l, uint32_t i, const char *path)
{
    struct sent *sent = &l->sent[i];
    *sent = (struct sent){.by_global = true, .from = rt_load_acquire(&global_done_mt)};
    CHECK_INT(log_number(RR_CURRENT, path, i), 0);
    sent->to = rt_load_acquire(&global_begun_mt);
}

static void *work(void *p)
{
    struct logger *l = p;
    uint32_t own = NOWHERE;
    char path[32];
    snprintf(path, sizeof path, "/t/%u", l->number);
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t what = random_below(&l->seed, 100), number = rt_load_acquire(&slot_mt[random_below(&l->seed, SLOTS)]);
        if (what < 3) {
            rr_recording_stream_set_thread_local(stream[number].handle, RR_STORE_KIND_RECORDING);
            own = number;
            if (rr_get_thread_local(RR_STORE_KIND_RECORDING) != stream[number].handle) { /* freed meanwhile, before or after */
                rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
                own = NOWHERE;
            }
        } else if (what < 6) {
            rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
            own = NOWHERE;
        }
        if (what < 50)
            log_into(l, i, path, number, false);
        else if (own != NOWHERE)
            log_into(l, i, path, own, true);
        else
            log_current(l, i, path);
        while (rt_load_acquire(&changes_mt) < (uint64_t)i * kit_size(CHANGES) / l->n)
            usleep(2000);
    }
    rt_add_acq_rel(&n_working_mt, -1);
    return NULL;
}

/* ---------------------------------------------------------------- the one who changes everything under them */
static void swap_sinks(uint32_t number, uint32_t n_files)
{
    struct stream *s = &stream[number];
    char path[FILES][64];
    rr_log_sink sinks[FILES];
    rr_error err = {0};
    uint32_t generation = s->begun_mt + 1;
    for (uint32_t i = 0; i < n_files; i++) {
        snprintf(path[i], sizeof path[i], "%u.%u.%u.rrd", number, generation, i);
        sinks[i] = (rr_log_sink){.kind = RR_LOG_SINK_KIND_FILE, .file = {rr_make_string(path[i])}};
    }
    s->n_files[generation] = (uint8_t)n_files;
    rt_store_release(&s->begun_mt, generation);
    rr_recording_stream_set_sinks(s->handle, sinks, n_files, &err);
    kit_ok(&err);
    rt_store_release(&s->done_mt, generation);
}

static void new_stream(uint32_t slot)
{
    uint32_t number = n_streams++;
    char id[16];
    snprintf(id, sizeof id, "r%u", number);
    stream[number].handle = kit_stream(id);
    swap_sinks(number, 1);
    rt_store_release(&slot_mt[slot], number);
}

static void set_global(uint32_t number)
{
    uint32_t at = global_begun_mt + 1;
    global[at] = number;
    rt_store_release(&global_begun_mt, at);
    rr_recording_stream_set_global(stream[number].handle, RR_STORE_KIND_RECORDING);
    rt_store_release(&global_done_mt, at);
}

static void change_something(uint32_t *seed)
{
    uint32_t what = random_below(seed, 10), slot = random_below(seed, SLOTS), number = slot_mt[slot];
    if (what < 5 && stream[number].begun_mt < 255) {
        swap_sinks(number, 1 + random_below(seed, FILES));
    } else if (what < 8 && global_begun_mt + 1 < GLOBALS_MOST) {
        set_global(number);
    } else if (n_streams < STREAMS_MOST) {
        rr_recording_stream old = stream[number].handle;
        new_stream(slot);
        rr_recording_stream_free(old);
    }
}

/* ---------------------------------------------------------------- what the files hold */
struct place {
    uint32_t stream, generation, file;
};

static void take(void *ctx, const char *path, uint32_t i)
{
    const struct place *at = ctx;
    uint32_t t;
    CHECK(sscanf(path, "/t/%u", &t) == 1 && t < THREADS && i < logger[t].n);
    struct found *f = &logger[t].found[i];
    if (f->times[0] + f->times[1] && (f->stream != at->stream || f->generation != at->generation))
        rt_test_fail(__FILE__, __LINE__, "row %u of thread %u is in %u.%u and in %u.%u", i, t, f->stream, f->generation, at->stream, at->generation);
    f->stream = at->stream;
    f->generation = at->generation;
    f->times[at->file]++;
}

static void read_all(void)
{
    for (uint32_t s = 0; s < n_streams; s++)
        for (uint32_t g = 1; g <= stream[s].begun_mt; g++)
            for (uint32_t i = 0; i < stream[s].n_files[g]; i++) {
                struct place at = {s, g, i};
                char file[64], id[16];
                snprintf(file, sizeof file, "%u.%u.%u.rrd", s, g, i);
                snprintf(id, sizeof id, "r%u", s);
                kit_wait_closed(file);
                kit_read(file, id, take, &at);
            }
}

static bool may_be_in(const struct sent *sent, uint32_t number)
{
    if (!sent->by_global)
        return number == sent->from;
    for (uint32_t k = sent->from; k <= sent->to; k++)
        if (global[k] == number)
            return true;
    return false;
}

static void check_row(uint32_t t, uint32_t i)
{
    const struct sent *sent = &logger[t].sent[i];
    const struct found *f = &logger[t].found[i];
    uint32_t times = f->times[0] + f->times[1];
    if (sent->from == NOWHERE || (times == 0 && may_be_in(sent, NOWHERE))) {
        CHECK_INT(times, 0);
        return;
    }
    if (times == 0)
        rt_test_fail(__FILE__, __LINE__, "row %u of thread %u is nowhere", i, t);
    CHECK_INT(f->times[0], 1);
    CHECK_INT(f->times[1], stream[f->stream].n_files[f->generation] - 1);
    if (!may_be_in(sent, f->stream))
        rt_test_fail(__FILE__, __LINE__, "row %u of thread %u is in stream %u", i, t, f->stream);
    if (!sent->by_global && (f->generation < sent->generation_from || f->generation > sent->generation_to))
        rt_test_fail(__FILE__, __LINE__, "row %u of thread %u is in generation %u of %u, not in %u to %u", i, t, f->generation, f->stream,
                     sent->generation_from, sent->generation_to);
}

RT_TEST(test_rows_go_to_what_was_current_when_they_were_logged)
{
    uint32_t seed = 4711;
    char dir[64];
    alarm(getenv("RETAP_SOAK") ? 600 : 100);
    kit_enter(dir);
    number_type = kit_number_type();
    global[0] = NOWHERE;
    for (uint32_t i = 0; i < SLOTS; i++)
        new_stream(i);
    n_working_mt = THREADS;
    for (uint32_t i = 0; i < THREADS; i++) {
        struct logger *l = &logger[i];
        *l = (struct logger){.number = i, .n = kit_size(KIT_SANITIZED ? ROWS / 10 : ROWS), .seed = i * 7919 + 1};
        l->sent = calloc(l->n, sizeof *l->sent);
        l->found = calloc(l->n, sizeof *l->found);
        pthread_create(&l->thread, NULL, work, l);
    }
    while (rt_load_acquire(&n_working_mt)) {
        change_something(&seed);
        rt_add_acq_rel(&changes_mt, 1);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(logger[i].thread, NULL);
    for (uint32_t i = 0; i < SLOTS; i++)
        rr_recording_stream_free(stream[slot_mt[i]].handle);
    rr_recording_stream_set_global(0, RR_STORE_KIND_RECORDING);

    read_all();
    kit_check_released();
    for (uint32_t t = 0; t < THREADS; t++)
        for (uint32_t i = 0; i < logger[t].n; i++)
            check_row(t, i);
    printf("%u streams, %u changes of the global one\n", n_streams, global_begun_mt);
    kit_leave(dir);
}
