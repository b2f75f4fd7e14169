/* What a program that stages its rows tells, and what becomes of it: the messages that the library writes are caught here instead of going to shared
 * memory (recording/outlet.h), and given to a replay as they are, cut, in another order, and with wrong bytes in them. */
#include <errno.h>
#include <pthread.h>
#include <retap.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording/outlet.h"
#include "recording/replay.h"
#include "recording/staged.h"
#include "tests/harness/test.h"

#define MESSAGES_MOST 4096u

struct caught {
    size_t n;
    uint64_t *bytes;
};

static struct caught caught[MESSAGES_MOST];
static uint32_t n_caught, last_number, warnings;
static int last_answer;
static struct rt_replay *live; /* gets messages at once */
static uint64_t now_ns = 1000;
static char directory[] = "/tmp/retap-replay-XXXXXX";

/* ---------------------------------------------------------------- in the place of outlet.c */

static void catch(const struct rt_slice *parts, unsigned n)
{
    CHECK_INT(n, 1);
    CHECK(n_caught < MESSAGES_MOST);
    struct caught *c = &caught[n_caught++];
    c->n = parts[0].n;
    c->bytes = malloc(c->n);
    memcpy(c->bytes, parts[0].p, c->n);
    if (live)
        rt_replay_take(live, c->bytes, c->n, ++now_ns);
}

int rt_outlet_claim(struct rt_error *err) { return 0; }
void rt_outlet_in_child(void) {}
const char *rt_outlet_dir(void) { return directory; }
uint64_t rt_outlet_owner(void) { return 7; }
struct rt_writer_thread *rt_outlet_thread(void) { return malloc(1); }
void rt_outlet_hurry(void) {}
bool rt_outlet_admit(uint64_t bytes, uint64_t most) { return true; }
void rt_outlet_withdraw(uint64_t bytes) {}
bool rt_outlet_write(struct rt_writer_thread *t, bool waits, const struct rt_slice *parts, unsigned n)
{
    catch(parts, n);
    return true;
}
int rt_outlet_ask(uint32_t *number, const struct rt_slice *parts, unsigned n, double timeout_sec, struct rt_error *err)
{
    *number = ++last_number;
    catch(parts, n);
    if (live)
        rt_replay_advance(live, UINT64_MAX);
    return live ? last_answer : 0;
}

static void answer(void *ctx, uint64_t owner, uint32_t number, int result)
{
    last_answer = result;
}
static void warn(void *ctx, const char *text)
{
    warnings++;
}
static struct rt_replay *new_replay(void)
{
    struct rt_replay *p = rt_replay_new(&(struct rt_replay_hooks){NULL, answer, warn});
    CHECK(p != NULL);
    return p;
}

/* ---------------------------------------------------------------- a program */

static void release(struct ArrowArray *a)
{
    a->release = NULL;
}
static void release_schema(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void file_name(char out[64], const char *name)
{
    snprintf(out, 64, "%s/%s", directory, name);
}

static rr_recording_stream begin(const char *name)
{
    rr_error err = {0};
    char path[64];
    if (!mkdtemp(directory))
        CHECK(!"a directory");
    file_name(path, name);
    rr_stream_options o = rr_stream_options_default("replay");
    o.recording_id = "rec";
    o.save = path;
    o.compact_at_close = 2; /* messages are played again and again over the file's beginning */
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    rr_recording_stream_collect(rec, &err);
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    return rec;
}

static void log_all(rr_recording_stream rec)
{
    static const uint8_t bytes[3000] = {1, 2, 3};
    static const int64_t times[3] = {30, 10, 20};
    static const int32_t offsets[4] = {0, 5, 5, 9};
    rr_error err = {0};
    struct ArrowSchema item = {.format = "C", .name = "item", .release = release_schema}, *items[] = {&item};
    const rr_component_type flat = {.descriptor = {.component = rr_make_string("Own:bytes")},
                                    .schema = {.format = "C", .name = "", .flags = 2, .release = release_schema}};
    const rr_component_type list = {.descriptor = {rr_make_string("own.Kind"), rr_make_string("Own:lists"), rr_make_string("own.List")},
                                    .schema = {.format = "+l", .name = "", .n_children = 1, .children = items, .release = release_schema}};
    rr_component_type_handle type = rr_register_component_type(flat, &err), lists = rr_register_component_type(list, &err);
    const void *buffers[] = {NULL, bytes}, *list_buffers[] = {NULL, offsets}, *time_buffers[] = {NULL, times};
    for (int i = 0; i < 20; i++) {
        rr_log_text(rec, "/logs/a", i % 2 ? RR_LOG_LEVEL_INFO : RR_LOG_LEVEL_ERROR, "a line of text", RR_FIELDS(rr_i64("i", i), rr_str("word", "ä")));
        rr_recording_stream_set_time(rec, rr_make_string("step"), RR_TIME_TYPE_SEQUENCE, i, &err);
        rr_log_scalar(rec, "/numbers", i);
        rr_component_batch batch = {type, {.length = i * 100, .n_buffers = 2, .buffers = buffers, .release = release}};
        rr_recording_stream_log(rec, (rr_data_row){rr_make_string("/bytes"), 1, &batch}, i % 3 != 0, &err);
        struct ArrowArray values = {.length = 9, .n_buffers = 2, .buffers = buffers, .release = release}, *children[] = {&values};
        rr_component_batch nested = {lists, {.length = 3, .n_buffers = 2, .n_children = 1, .buffers = list_buffers, .children = children, .release = release}};
        rr_recording_stream_log(rec, (rr_data_row){rr_make_string("/lists"), 1, &nested}, true, &err);
        struct ArrowArray cells = {.length = 9, .n_buffers = 2, .buffers = buffers, .release = release}, *cell[] = {&cells};
        rr_time_column time = {{rr_make_string("when"), RR_TIME_TYPE_SEQUENCE}, {.length = 3, .n_buffers = 2, .buffers = time_buffers, .release = release},
                               RR_SORTING_STATUS_UNKNOWN};
        rr_component_column column = {type, {.length = 3, .n_buffers = 2, .n_children = 1, .buffers = list_buffers, .children = cell, .release = release}};
        rr_recording_stream_send_columns(rec, rr_make_string("/columns"), &time, 1, &column, 1, &err);
    }
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
}

static uint64_t rows_of(const char *name)
{
    rr_error err = {0};
    char path[64];
    file_name(path, name);
    rr_rrd_reader *in = rr_rrd_reader_open(path, &err);
    if (!in)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    rr_rrd_message m = {.struct_size = sizeof m};
    uint64_t n = 0;
    while (rr_rrd_reader_next(in, &m, &err))
        n += m.kind == RR_RRD_CHUNK && strcmp(m.entity_path, "/__properties") ? m.n_rows : 0;
    if (err.code)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    rr_rrd_reader_free(in);
    return n;
}

enum { ROWS = 20 * 7 };

/* ---------------------------------------------------------------- */

RT_TEST(what_is_told_is_written)
{
    live = new_replay();
    rr_recording_stream rec = begin("a.rrd");
    log_all(rec);
    CHECK_INT(rt_replay_rows(live), ROWS);
    CHECK(rt_replay_due_in(live, now_ns) < UINT64_MAX);
    rr_recording_stream_free(rec);
    CHECK_INT(rt_replay_due_in(live, now_ns), UINT64_MAX);
    CHECK_INT(rows_of("a.rrd"), ROWS);
    CHECK_INT(warnings, 0);
    rt_replay_free(live);
}

RT_TEST(flush_writes_and_the_end_of_the_process_closes)
{
    rr_error err = {0};
    live = new_replay();
    rr_recording_stream rec = begin("a.rrd");
    log_all(rec);
    rr_recording_stream_flush_blocking(rec, 10, &err);
    CHECK_INT(err.code, 0);
    CHECK_INT(rows_of("a.rrd"), ROWS);
    log_all(rec);
    rt_replay_free(live); /* SIGKILL */
    live = NULL;
    CHECK_INT(rows_of("a.rrd"), 2 * ROWS);
}

/* Rows of sinks that are yet to come may arrive before the request that makes them. */
RT_TEST(rows_wait_for_their_sinks)
{
    char path[64];
    rr_error err = {0};
    rr_recording_stream rec = begin("a.rrd");
    log_all(rec);
    file_name(path, "b.rrd");
    rr_recording_stream_save(rec, rr_make_string(path), &err);
    uint32_t sinks = n_caught - 1;
    log_all(rec);
    struct rt_replay *p = new_replay();
    for (uint32_t i = 0; i < n_caught; i++) {
        if (i != sinks)
            rt_replay_take(p, caught[i].bytes, caught[i].n, 1);
        if (i == 0)
            rt_replay_advance(p, UINT64_MAX);
    }
    CHECK_INT(rt_replay_rows(p), ROWS);
    rt_replay_take(p, caught[sinks].bytes, caught[sinks].n, 2);
    CHECK(rt_replay_waits(p));
    rt_replay_advance(p, 2);
    CHECK_INT(rt_replay_rows(p), ROWS);
    rt_replay_advance(p, 3);
    CHECK_INT(rt_replay_rows(p), 2 * ROWS);
    rt_replay_free(p);
    CHECK_INT(rows_of("a.rrd"), ROWS);
    CHECK_INT(rows_of("b.rrd"), ROWS);
    CHECK_INT(warnings, 0);
}

/* A collector takes messages up to @at, saves, takes @more and dies. Return: bytes that it saved. */
static size_t live_and_die(uint32_t at, uint32_t more, uint8_t *room, size_t size)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct rt_replay *p = new_replay();
        struct rt_buf saved = {0};
        for (uint32_t i = 0; i <= at + more && i < n_caught; i++) {
            if (i == at) {
                rt_replay_tick(p, 1, true);
                CHECK_INT(rt_replay_save(p, &saved), 0);
            }
            rt_replay_take(p, caught[i].bytes, caught[i].n, i + 1);
            if (i % 3 == 2) /* rows of a stream that is not yet open show that it was */
                rt_replay_advance(p, i + 2);
        }
        rt_replay_tick(p, 1, true);
        CHECK(saved.len + sizeof(size_t) <= size);
        memcpy(room, &saved.len, sizeof saved.len);
        memcpy(room + sizeof saved.len, saved.data, saved.len);
        _exit(warnings != 0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    size_t n;
    memcpy(&n, room, sizeof n);
    return n;
}

RT_TEST(another_goes_on_from_what_was_saved)
{
    rr_error err = {0};
    char path[64];
    const size_t size = 8 << 20;
    uint8_t *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rr_recording_stream rec = begin("a.rrd");
    log_all(rec);
    file_name(path, "b.rrd");
    rr_recording_stream_save(rec, rr_make_string(path), &err);
    log_all(rec);
    for (uint32_t at = 1; at < n_caught; at += 7) {
        size_t n = live_and_die(at, at % 4, room, size);
        struct rt_replay *next = new_replay();
        CHECK_INT(rt_replay_load(next, room + sizeof n, n), 0);
        for (uint32_t k = at; k < n_caught; k++)
            rt_replay_take(next, caught[k].bytes, caught[k].n, k + 1);
        rt_replay_advance(next, UINT64_MAX);
        rt_replay_free(next);
        CHECK_INT(rows_of("a.rrd"), ROWS);
        CHECK_INT(rows_of("b.rrd"), ROWS);
        CHECK_INT(warnings, 0);
    }
}

RT_TEST(a_library_of_another_kind_is_refused)
{
    begin("a.rrd");
    struct rt_replay *p = new_replay();
    struct rt_open_msg *m = (struct rt_open_msg *)(void *)caught[0].bytes;
    m->dialect++;
    rt_replay_take(p, caught[0].bytes, caught[0].n, 1);
    rt_replay_advance(p, 2);
    CHECK_INT(last_answer, -EPROTO);
    rt_replay_free(p);
}

/* The file of a stream with a row that can't be read is whole up to there; other streams don't notice. */
RT_TEST(a_bad_row_costs_its_stream)
{
    live = new_replay();
    rr_recording_stream a = begin("a.rrd");
    char path[64];
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("replay");
    file_name(path, "b.rrd");
    o.save = path;
    rr_recording_stream b = rr_recording_stream_open(&o, &err);
    rr_recording_stream_collect(b, &err);
    log_all(a);
    struct rt_row_rec bad = {.head = {sizeof bad, RT_REC_ROW, 0}, .stream = a, .path_len = 9};
    CHECK_INT(rt_replay_take(live, &bad, sizeof bad, 1), -EBADMSG);
    CHECK_INT(rt_replay_take(live, &bad, sizeof bad, 1), 0); /* dropped */
    CHECK_INT(warnings, 1);
    CHECK_INT(rows_of("a.rrd"), ROWS);
    log_all(a);
    log_all(b);
    rr_recording_stream_free(a);
    rr_recording_stream_free(b);
    CHECK_INT(rows_of("a.rrd"), ROWS);
    CHECK_INT(rows_of("b.rrd"), ROWS);
    CHECK_INT(warnings, 1);
    rt_replay_free(live);
}

/* ---------------------------------------------------------------- wrong bytes */

static uint64_t seed = 1;

static uint64_t any(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

/* Names of files stay, or it would write to others. */
static size_t bytes_to_change(const struct caught *c)
{
    const struct rt_rec *head = (const void *)c->bytes;
    size_t tail = head->type == RT_MSG_OPEN || head->type == RT_MSG_SINKS ? rt_pad8((uint32_t)strlen(directory) + sizeof "/a.rrd") : 0;
    return c->n - tail;
}

static void mutate(const struct caught *c, uint8_t *copy)
{
    static const uint64_t nasty[] = {0, 1, 8, 255, 256, 65535, 65536, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, 1ull << 40};
    size_t n = bytes_to_change(c);
    for (uint64_t k = 1 + any() % 3; k > 0; k--) {
        size_t width = 1u << any() % 4, at = any() % n / width * width;
        uint64_t value = any() % 3 ? nasty[any() % (sizeof nasty / sizeof *nasty)] : any();
        if (at + width <= n)
            memcpy(copy + at, &value, width);
    }
}

RT_TEST(wrong_bytes_harm_nobody)
{
    rr_recording_stream rec = begin("a.rrd");
    log_all(rec);
    rr_recording_stream_flush_blocking(rec, 10, NULL);
    for (int round = 0; round < 3000; round++) {
        struct rt_replay *p = new_replay();
        warnings = 0;
        for (uint32_t i = 0; i < n_caught; i++) {
            const struct caught *c = &caught[i];
            bool whole = any() % (1 + round % 40) || i == 0;
            size_t n = whole || any() % 4 ? c->n : any() % c->n; /* or cut */
            uint8_t *copy = malloc(n ? n : 1); /* its end is watched */
            memcpy(copy, c->bytes, n);
            if (!whole && n == c->n)
                mutate(c, copy);
            rt_replay_take(p, copy, n, 1);
            free(copy);
            if (i % 16 == 0)
                rt_replay_advance(p, 2);
        }
        rt_replay_tick(p, 1, true);
        rt_replay_free(p);
        CHECK(warnings < 8);
    }
}
