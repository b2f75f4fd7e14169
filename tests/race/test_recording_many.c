/* A thousand threads that come and go, lanes of the smallest size, and sinks that are exchanged: rows of all kinds are in the files once each,
 * under row ids that no other row has and that ascend in each thread; a recording that may drop counts what it dropped. */
#include "tests/race/recording_kit.h"

#include <sys/resource.h>

enum { THREADS = KIT_SANITIZED ? 300 : 1000, ROWS = 120, SIGNALS = 4, FILES = 6, MOST = (THREADS + 1) * ROWS * 8 };

static rr_component_type_handle number_type;
static rr_recording_stream rec, lossy;
static pthread_barrier_t all_here;
static pthread_key_t late;
static uint32_t n_done_mt, n_signals_mt;

struct id {
    uint64_t time_ns, inc;
};
static struct id *ids;
static size_t n_ids;

struct columns { /* lives until it is written */
    double numbers[4];
    int32_t offsets[5];
    const void *item_buffers[2], *list_buffers[2];
    struct ArrowArray item, *children[1];
};

static void columns_release(struct ArrowArray *array)
{
    free(array->private_data);
    array->release = NULL;
}

/* Four numbers from @i on, as columns of static rows. */
static void send_numbers(const char *path, uint32_t i)
{
    struct columns *c = malloc(sizeof *c);
    rr_error err = {0};
    CHECK(c);
    *c = (struct columns){{i, i + 1, i + 2, i + 3}, {0, 1, 2, 3, 4}, {NULL, c->numbers}, {NULL, c->offsets},
                          {.length = 4, .n_buffers = 2, .buffers = c->item_buffers, .release = kit_array_release}, {&c->item}};
    rr_component_column column = {number_type, {.length = 4, .n_buffers = 2, .buffers = c->list_buffers, .n_children = 1, .children = c->children,
                                                .release = columns_release, .private_data = c}};
    rr_recording_stream_send_columns(rec, (rr_string){path, (uint32_t)strlen(path)}, NULL, 0, &column, 1, &err);
    kit_ok(&err);
}

static void log_late(void *arg)
{
    char path[32];
    snprintf(path, sizeof path, "/late/%u", (unsigned)(uintptr_t)arg);
    CHECK_INT(kit_log(rec, number_type, path, 0), 0);
}

static void *work(void *arg)
{
    char path[32], dropping[32];
    uint32_t number = (uint32_t)(uintptr_t)arg;
    snprintf(path, sizeof path, "/t/%u", number);
    snprintf(dropping, sizeof dropping, "/d/%u", number);
    pthread_setspecific(late, arg);
    pthread_barrier_wait(&all_here); /* so many have a lane at once */
    for (uint32_t i = 0; i < ROWS; i++) {
        CHECK_INT(i % 60 == 59 ? kit_log_large(rec, number_type, path, i) : kit_log(rec, number_type, path, i), 0);
        rr_log_text(lossy, dropping, RR_LOG_LEVEL_INFO, "as much text as makes a full lane of the smallest size soon, which is what is wanted", RR_NO_FIELDS);
    }
    rt_add_acq_rel(&n_done_mt, 1);
    return NULL;
}

/* ---------------------------------------------------------------- what the files hold */

static struct {
    uint8_t times[ROWS], late;
    struct id last; /* of its rows so far */
} thread[THREADS + 1];
static uint64_t n_lossy, n_safe;

static struct id id_at(const uint8_t *p)
{
    struct id id = {0};
    for (int i = 0; i < 8; i++) {
        id.time_ns = id.time_ns << 8 | p[i];
        id.inc = id.inc << 8 | p[8 + i];
    }
    return id;
}

static int compare_ids(const void *a, const void *b)
{
    const struct id *x = a, *y = b;
    return x->time_ns != y->time_ns ? (x->time_ns < y->time_ns ? -1 : 1) : x->inc < y->inc ? -1 : x->inc > y->inc;
}

static void take(const struct rt_chunk *chunk, uint32_t row)
{
    const struct rt_chunk_column *numbers = rt_chunk_find(chunk, RT_COLUMN_COMPONENT, "Scalars:scalars");
    struct id id = id_at(chunk->row_ids + 16 * (size_t)row);
    uint32_t t;
    double value = 0;
    CHECK(n_ids < MOST);
    ids[n_ids++] = id;
    n_lossy += !strncmp(chunk->entity_path, "/d/", 3);
    n_safe += !strcmp(chunk->entity_path, "/safe");
    if (numbers)
        CHECK(rt_cell_f64(numbers, row, 0, &value));
    if (sscanf(chunk->entity_path, "/late/%u", &t) == 1)
        thread[t].late++;
    if (sscanf(chunk->entity_path, "/t/%u", &t) != 1)
        return;
    thread[t].times[(uint32_t)value]++;
    if (compare_ids(&thread[t].last, &id) >= 0)
        rt_test_fail(__FILE__, __LINE__, "%s: the id of row %u is not above the one before", chunk->entity_path, (uint32_t)value);
    thread[t].last = id;
}

static void read_file(const char *file)
{
    struct rt_rrd_reader *reader = NULL;
    struct rt_error err = {0};
    struct rt_frame frame;
    int e = rt_rrd_reader_open(file, &reader, &err);
    if (e)
        rt_test_fail(__FILE__, __LINE__, "%s: %d %s", file, e, err.message);
    while ((e = rt_rrd_reader_next(reader, &frame, &err)) == 0) {
        struct rt_chunk chunk;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK(rt_chunk_decode(&frame, &chunk, &err) == 0);
        for (uint32_t row = 0; row < chunk.n_rows; row++)
            take(&chunk, row);
        rt_chunk_deinit(&chunk);
    }
    CHECK_INT(e, RT_RRD_E_END);
    CHECK(rt_rrd_reader_has_footer(reader));
    rt_rrd_reader_free(reader);
}

/* ---------------------------------------------------------------- the test */

static void save(rr_recording_stream stream, const char *name, int i)
{
    char file[32];
    rr_error err = {0};
    snprintf(file, sizeof file, "%s%d.rrd", name, i);
    rr_recording_stream_save(stream, rr_make_string(file), &err);
    kit_ok(&err);
}

static void signal_rows(void)
{
    for (int i = 0; i < SIGNALS; i++)
        n_signals_mt += rr_log_signal_safe(rec, "/safe", "INFO", "as from a handler");
}

RT_TEST(test_a_thousand_threads_lose_nothing_and_no_two_rows_have_an_id)
{
    static pthread_t threads[THREADS + 1];
    char dir[64], file[32];
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("lossy");
    kit_enter(dir);
    ids = malloc(MOST * sizeof *ids);
    CHECK(ids);
    number_type = kit_number_type();
    CHECK(pthread_key_create(&late, log_late) == 0);
    CHECK(pthread_barrier_init(&all_here, NULL, THREADS + 1) == 0);
    rec = kit_stream("many");
    o.full_policy = RR_FULL_DROP_NEWEST;
    o.send_properties = 2;
    lossy = rr_recording_stream_open(&o, &err);
    kit_ok(&err);
    save(rec, "a", 0);
    save(lossy, "b", 0);
    for (uintptr_t i = 1; i <= THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    pthread_barrier_wait(&all_here);
    for (int i = 1; i < FILES; i++) {
        signal_rows();
        send_numbers("/columns", (uint32_t)i);
        save(rec, "a", i);
        save(lossy, "b", i);
    }
    for (int i = 1; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    signal_rows();
    uint64_t lost = rr_recording_stream_dropped(lossy);
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(lossy);
    for (int i = 0; i < 2 * FILES; i++) {
        snprintf(file, sizeof file, "%c%d.rrd", 'a' + i / FILES, i % FILES);
        read_file(file);
    }
    for (int t = 1; t <= THREADS; t++) {
        for (int i = 0; i < ROWS; i++)
            CHECK_INT(thread[t].times[i], 1);
        CHECK_INT(thread[t].late, 1);
    }
    CHECK_INT(n_lossy + lost, THREADS * ROWS);
    CHECK_INT(n_safe, n_signals_mt);
    qsort(ids, n_ids, sizeof *ids, compare_ids);
    for (size_t i = 1; i < n_ids; i++)
        CHECK(compare_ids(&ids[i - 1], &ids[i]) != 0);
    struct rusage u; /* who waits for room sleeps until there is some */
    CHECK(getrusage(RUSAGE_SELF, &u) == 0);
    CHECK(KIT_SANITIZED || u.ru_utime.tv_sec + u.ru_stime.tv_sec < 8);
    kit_check_released();
    free(ids);
    kit_leave(dir);
}
