/* What the C API of Rerun costs: one program measures any library that has it, so that ours and the official one run the same code.
 *
 *   sdk LIBRARY MODE [rows=N] [threads=N] [batch=N] [rate=N] [file=PATH] [level=NAME] [scope=own|current]
 *   sdk - spawn [rows=N] -- COMMAND...
 *
 * Prints lines `name value`. A row is a TextLog of 100 bytes and a level, both Arrow arrays made for the row as the C++ SDK does.
 *
 *   log      rows as fast as they go; with rate: that many a second, each call timed; scope=own: a stream a thread, scope=current: into
 *            the thread's current recording
 *   arrow    the same without the call: what the arrays cost
 *   text     rr_log_text, a ready line;  logf: rr_logf_at, a line formatted from five values (only where the library has them)
 *   columns  rr_recording_stream_send_columns, batch rows a call
 *   start    one row into a file, from dlopen to free, and the threads before and after it;  load: dlopen only
 *   fresh    how long until a row is in the file, without a flush
 *   slow     rate rows a second: bytes and processor time a row of a quiet program
 *   exit, kill, abort   rate rows a second, then the end without free
 *   spawn    how long COMMAND takes from posix_spawn to its end, median */
#include <rerun.h>

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/lines.h"

extern char **environ;

/* ---------------------------------------------------------------- the library */
#define FUNCTIONS(F) \
    F(rr_register_component_type) F(rr_recording_stream_new) F(rr_recording_stream_free) F(rr_recording_stream_save) \
    F(rr_recording_stream_flush_blocking) F(rr_recording_stream_log) F(rr_recording_stream_send_columns) \
    F(rr_recording_stream_set_thread_local)
#define MEMBER(f) __typeof__(f) *f;
static struct {
    FUNCTIONS(MEMBER)
    void (*log_text)(rr_recording_stream, const char *path, const char *level, const char *text, const void *fields, uint32_t n);
    void (*logf_at)(rr_recording_stream, const char *path, const char *level, const void *site, const char *format, ...);
} lib;

static rr_component_type_handle text_type, level_type;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "sdk: %s: %s\n", what, why);
    exit(1);
}

static void check(const char *what, const rr_error *err)
{
    if (err->code)
        fail(what, err->description);
}

static void schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static rr_component_type_handle text_component(const char *component, const char *type)
{
    rr_error err = {0};
    rr_component_type t = {
        .descriptor = {rr_make_string("rerun.archetypes.TextLog"), rr_make_string(component), rr_make_string(type)},
        .schema = {.format = "u", .name = "", .release = schema_release},
    };
    rr_component_type_handle handle = lib.rr_register_component_type(t, &err);
    check("rr_register_component_type", &err);
    return handle;
}

#define LOAD(f) \
    if (!(lib.f = (__typeof__(f) *)dlsym(handle, #f))) \
        fail(path, "has no " #f);
static void load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        fail(path, dlerror());
    FUNCTIONS(LOAD)
    *(void **)&lib.log_text = dlsym(handle, "rr_log_text");
    *(void **)&lib.logf_at = dlsym(handle, "rr_logf_at");
}

/* ---------------------------------------------------------------- allocations: those of the calling thread inside a call, and those of
 * threads that are not the bench's */
enum { ALLOC_LIBRARY, ALLOC_BENCH, ALLOC_CALL };
static __thread int alloc_who;
static __thread uint64_t alloc_in_calls;
static atomic_uint_least64_t alloc_elsewhere;

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static inline void count_allocation(void)
{
    if (alloc_who == ALLOC_CALL)
        alloc_in_calls++;
    else if (alloc_who == ALLOC_LIBRARY)
        atomic_fetch_add_explicit(&alloc_elsewhere, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_allocation();
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    count_allocation();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    count_allocation();
    return __libc_memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
    count_allocation();
    *ret = __libc_memalign(align, size);
    return *ret ? 0 : 12;
}

/* ---------------------------------------------------------------- measures */
static double ns_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double wall(void)
{
    return ns_of(CLOCK_MONOTONIC);
}

static void sleep_ns(double ns)
{
    struct timespec t = {(time_t)(ns / 1e9), (long)ns % 1000000000};
    if (ns > 0)
        nanosleep(&t, NULL);
}

/* Peak of resident memory since peak_reset(). (ru_maxrss begins with what the parent had before exec.) */
static double peak_kb(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kb = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lf", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

static double peak_reset(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
    return peak_kb();
}

static double threads_now(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static void out(const char *name, double value)
{
    printf("%s %.6g\n", name, value);
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void out_tail(float *ns, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ns[i];
    qsort(ns, n, sizeof *ns, by_size);
    out("call_ns", sum / (double)n);
    out("call_p50_ns", ns[n / 2]);
    out("call_p99_ns", ns[n / 100 * 99]);
    out("call_p999_ns", ns[n / 1000 * 999]);
    out("call_worst_ns", ns[n - 1]);
}

/* ---------------------------------------------------------------- rows */
static const struct {
    const char *name;
    uint32_t len;
} level_names[] = {{"INFO", 4}, {"DEBUG", 5}, {"WARN", 4}, {"ERROR", 5}};
static uint8_t levels[LINES];
static const char one_line[] = "2026-11-20 00:00:01 worker-3: request id=0badcafe path=/api/v1/items/4711 took 1234 us status=200   ";
_Static_assert(sizeof one_line == WIDTH + 1, "a line has 100 bytes");

static void make_rows(void)
{
    make_lines();
    for (int i = 0; i < LINES; i++) {
        uint32_t r = next() % 100;
        levels[i] = r < 80 ? 0 : r < 90 ? 1 : r < 97 ? 2 : 3;
    }
}

/* An utf8 array of one value, as arrow::StringBuilder and ExportArray give it, in one allocation. */
struct one {
    const void *buffers[3];
    int32_t offsets[2];
    char data[];
};

static void free_private(struct ArrowArray *array)
{
    free(array->private_data);
    array->release = NULL;
}

static void one_text(struct ArrowArray *array, const char *text, uint32_t len)
{
    struct one *o = malloc(sizeof *o + len);
    memcpy(o->data, text, len);
    o->offsets[0] = 0;
    o->offsets[1] = (int32_t)len;
    o->buffers[0] = NULL;
    o->buffers[1] = o->offsets;
    o->buffers[2] = o->data;
    memset(array, 0, sizeof *array);
    array->length = 1;
    array->n_buffers = 3;
    array->buffers = o->buffers;
    array->release = free_private;
    array->private_data = o;
}

struct work {
    pthread_t thread;
    rr_recording_stream stream;
    int mode; /* 'l' log, 'a' arrow, 't' text, 'f' logf */
    bool current;
    long from, n;
    double rate; /* rows a second; 0 = as fast as it goes */
    float *ns;   /* of each call, or NULL */
    double wall_ns, cpu_ns, alloc;
};

static double log_row(const struct work *w, const char *line, unsigned level, bool timed)
{
    rr_error err;
    rr_component_batch batches[2];
    double start = 0, end = 0;
    err.code = 0;
    batches[0].component_type = text_type;
    batches[1].component_type = level_type;
    one_text(&batches[0].array, line, WIDTH);
    one_text(&batches[1].array, level_names[level].name, level_names[level].len);
    if (w->mode == 'a') {
        batches[0].array.release(&batches[0].array);
        batches[1].array.release(&batches[1].array);
        return 0;
    }
    const rr_data_row row = {{"logs/app", 8}, 2, batches};
    alloc_who = ALLOC_CALL;
    if (timed)
        start = wall();
    lib.rr_recording_stream_log(w->current ? RR_REC_STREAM_CURRENT_RECORDING : w->stream, row, true, &err);
    if (timed)
        end = wall();
    alloc_who = ALLOC_BENCH;
    if (err.code)
        check("rr_recording_stream_log", &err);
    return end - start;
}

static double text_row(const struct work *w, const char *line, long i, unsigned level, bool timed)
{
    char text[WIDTH + 1];
    double start = timed ? wall() : 0;
    alloc_who = ALLOC_CALL;
    if (w->mode == 'f') {
        lib.logf_at(w->stream, "logs/app", level_names[level].name, NULL, "worker-%d: request id=%08x path=/api/v1/items/%d took %ld us status=%d",
                 (int)(i & 7), (unsigned)i * 2654435761u, (int)(i % 100000), i % 50000, 200);
    } else {
        memcpy(text, line, WIDTH);
        text[WIDTH] = 0;
        lib.log_text(w->current ? RR_REC_STREAM_CURRENT_RECORDING : w->stream, "logs/app", level_names[level].name, text, NULL, 0);
    }
    alloc_who = ALLOC_BENCH;
    return timed ? wall() - start : 0;
}

static void *work(void *p)
{
    struct work *w = p;
    alloc_who = ALLOC_BENCH;
    alloc_in_calls = 0;
    if (w->current)
        lib.rr_recording_stream_set_thread_local(w->stream, RR_STORE_KIND_RECORDING);
    double start = wall(), cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (long i = 0; i < w->n; i++) {
        long at = (w->from + i) % LINES;
        if (w->rate > 0 && i)
            while (wall() < start + (double)i * 1e9 / w->rate)
                ;
        double ns = w->mode == 't' || w->mode == 'f' ? text_row(w, lines + at * WIDTH, w->from + i, levels[at], w->ns)
                                                     : log_row(w, lines + at * WIDTH, levels[at], w->ns);
        if (w->ns)
            w->ns[i] = (float)ns;
    }
    w->wall_ns = wall() - start;
    w->cpu_ns = ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    w->alloc = (double)alloc_in_calls;
    if (w->current)
        lib.rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
    return NULL;
}

/* ---------------------------------------------------------------- streams */
struct options {
    const char *mode, *file, *scope;
    long rows, threads, batch;
    double rate;
    unsigned level;
};

static rr_recording_stream open_stream(const char *path)
{
    rr_error err = {0};
    const rr_store_info info = {rr_make_string("bench"), rr_make_string(NULL), RR_STORE_KIND_RECORDING};
    rr_recording_stream stream = lib.rr_recording_stream_new(&info, true, true, &err);
    check("rr_recording_stream_new", &err);
    lib.rr_recording_stream_save(stream, rr_make_string(path), &err);
    check("rr_recording_stream_save", &err);
    return stream;
}

static const char *file_of(const struct options *o, long i)
{
    static char path[4096];
    if (!o->scope || strcmp(o->scope, "own"))
        return o->file;
    snprintf(path, sizeof path, "%s.%ld", o->file, i);
    return path;
}

static double close_all(const struct options *o, const rr_recording_stream *streams, long n)
{
    double bytes = 0;
    for (long i = 0; i < n; i++) {
        rr_error err = {0};
        struct stat st;
        lib.rr_recording_stream_flush_blocking(streams[i], 1e30f, &err);
        check("rr_recording_stream_flush_blocking", &err);
        lib.rr_recording_stream_free(streams[i]);
        bytes += stat(file_of(o, i), &st) ? 0 : (double)st.st_size;
    }
    return bytes;
}

static void run_log(const struct options *o)
{
    bool own = o->scope && !strcmp(o->scope, "own"), arrow = !strcmp(o->mode, "arrow");
    long n_streams = arrow ? 0 : own ? o->threads : 1;
    int mode = arrow ? 'a' : !strcmp(o->mode, "text") ? 't' : !strcmp(o->mode, "logf") ? 'f' : 'l';
    rr_recording_stream *streams = calloc((size_t)n_streams + 1, sizeof *streams);
    struct work *w = calloc((size_t)o->threads, sizeof *w);
    float *ns = o->rate > 0 ? malloc((size_t)o->rows * sizeof *ns) : NULL;
    if (ns)
        memset(ns, 0, (size_t)o->rows * sizeof *ns);
    if ((mode == 't' && !lib.log_text) || (mode == 'f' && !lib.logf_at))
        fail(o->mode, "the library has it not");

    double peak = peak_reset(), start = wall(), cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID), wall_ns = 0, cpu_ns = 0, alloc = 0;
    for (long i = 0; i < n_streams; i++)
        streams[i] = open_stream(file_of(o, i));
    atomic_store(&alloc_elsewhere, 0);
    for (long i = 0; i < o->threads; i++) {
        w[i] = (struct work){.stream = streams[own ? i : 0], .mode = mode, .current = o->scope && !own,
                             .from = i * (o->rows / o->threads), .n = o->rows / o->threads, .rate = o->rate, .ns = ns ? ns + i * (o->rows / o->threads) : NULL};
        if (o->threads > 1)
            pthread_create(&w[i].thread, NULL, work, &w[i]);
        else
            work(&w[i]);
    }
    for (long i = 0; i < o->threads; i++) {
        if (o->threads > 1)
            pthread_join(w[i].thread, NULL);
        wall_ns += w[i].wall_ns / (double)w[i].n / (double)o->threads;
        cpu_ns += w[i].cpu_ns / (double)w[i].n / (double)o->threads;
        alloc += w[i].alloc;
    }
    double before_close = wall(), rows = (double)o->rows;
    double bytes = close_all(o, streams, n_streams);
    double end = wall();
    cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    out("caller_ns", wall_ns);
    out("caller_cpu_ns", cpu_ns);
    if (arrow)
        return;
    if (ns)
        out_tail(ns, (size_t)o->rows);
    out("calls_a_second", rows / ((before_close - start) / 1e9));
    out("close_ms", (end - before_close) / 1e6);
    out("rows_a_second", rows / ((end - start) / 1e9));
    out("whole_cpu_ns", cpu / rows);
    out("bytes_a_row", bytes / rows);
    out("peak_kb", peak_kb() - peak);
    out("allocations_in_calls", alloc / rows);
    out("allocations_elsewhere", (double)atomic_load(&alloc_elsewhere) / rows);
}

/* ---------------------------------------------------------------- columns */
struct column { /* a list<utf8> array of lists of one value each */
    struct ArrowArray child, *children[1];
    const void *list_buffers[2], *buffers[3];
    int32_t *list_offsets, *offsets;
    char *data;
};

static void column_release(struct ArrowArray *array)
{
    struct column *c = array->private_data;
    free(c->list_offsets);
    free(c->offsets);
    free(c->data);
    free(c);
    array->release = NULL;
}

static void child_release(struct ArrowArray *array)
{
    array->release = NULL;
}

static void text_column(struct ArrowArray *array, long from, long n, bool is_level)
{
    struct column *c = calloc(1, sizeof *c);
    int32_t end = 0;
    c->list_offsets = malloc(4 * ((size_t)n + 1));
    c->offsets = malloc(4 * ((size_t)n + 1));
    c->data = malloc((size_t)n * (is_level ? 8 : WIDTH));
    for (long i = 0; i <= n; i++) {
        long at = (from + i) % LINES;
        c->list_offsets[i] = (int32_t)i;
        c->offsets[i] = end;
        if (i == n)
            break;
        uint32_t len = is_level ? level_names[levels[at]].len : WIDTH;
        memcpy(c->data + end, is_level ? level_names[levels[at]].name : lines + at * WIDTH, len);
        end += (int32_t)len;
    }
    c->buffers[1] = c->offsets;
    c->buffers[2] = c->data;
    c->list_buffers[1] = c->list_offsets;
    c->children[0] = &c->child;
    c->child = (struct ArrowArray){.length = n, .n_buffers = 3, .buffers = c->buffers, .release = child_release};
    *array = (struct ArrowArray){.length = n, .n_buffers = 2, .n_children = 1, .buffers = c->list_buffers, .children = c->children,
                                 .release = column_release, .private_data = c};
}

struct times {
    const void *buffers[2];
    int64_t ns[];
};

static void send_batch(rr_recording_stream stream, int64_t first_ns, long from, long n)
{
    rr_error err = {0};
    struct times *t = malloc(sizeof *t + 8 * (size_t)n);
    for (long i = 0; i < n; i++)
        t->ns[i] = first_ns + (from + i) * 1000;
    t->buffers[0] = NULL;
    t->buffers[1] = t->ns;
    rr_time_column time = {.timeline = {rr_make_string("log_time"), RR_TIME_TYPE_TIMESTAMP},
                           .array = {.length = n, .n_buffers = 2, .buffers = t->buffers, .release = free_private, .private_data = t},
                           .sorting_status = RR_SORTING_STATUS_SORTED};
    rr_component_column columns[2] = {{.component_type = text_type}, {.component_type = level_type}};
    text_column(&columns[0].array, from, n, false);
    text_column(&columns[1].array, from, n, true);
    lib.rr_recording_stream_send_columns(stream, rr_make_string("logs/app"), &time, 1, columns, 2, &err);
    check("rr_recording_stream_send_columns", &err);
}

static void run_columns(const struct options *o)
{
    double start = wall(), cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID), peak = peak_reset();
    rr_recording_stream stream = open_stream(o->file);
    double first = wall(), own = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (long i = 0; i < o->rows; i += o->batch)
        send_batch(stream, (int64_t)ns_of(CLOCK_REALTIME), i, o->rows - i < o->batch ? o->rows - i : o->batch);
    out("caller_ns", (wall() - first) / (double)o->rows);
    out("caller_cpu_ns", (ns_of(CLOCK_THREAD_CPUTIME_ID) - own) / (double)o->rows);
    double bytes = close_all(o, &stream, 1);
    out("rows_a_second", (double)o->rows / ((wall() - start) / 1e9));
    out("whole_cpu_ns", (ns_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)o->rows);
    out("bytes_a_row", bytes / (double)o->rows);
    out("peak_kb", peak_kb() - peak);
}

/* ---------------------------------------------------------------- single rows */
static void run_start(const struct options *o)
{
    double start = wall(), before = threads_now();
    struct work w = {.mode = 'l', .stream = open_stream(o->file)};
    double opened = threads_now();
    log_row(&w, one_line, o->level, false);
    double after = threads_now();
    close_all(o, &w.stream, 1);
    struct stat st;
    out("in_process_us", (wall() - start) / 1e3);
    out("threads_before_row", opened - before);
    out("threads_after_row", after - before);
    out("peak_kb", peak_kb()); /* of the whole process */
    out("file_bytes", stat(o->file, &st) ? 0 : (double)st.st_size);
}

static void run_fresh(const struct options *o)
{
    struct work w = {.mode = 'l', .stream = open_stream(o->file)};
    float *ms = calloc((size_t)o->rows, sizeof *ms);
    struct stat st;
    for (long i = 0; i < o->rows; i++) {
        sleep_ns(3e8 + (double)(i * 37 % 100) * 1e6);
        stat(o->file, &st);
        off_t before = st.st_size;
        double start = wall();
        log_row(&w, lines + i * WIDTH, o->level, false);
        do {
            sleep_ns(1e5);
            stat(o->file, &st);
        } while (st.st_size == before && wall() - start < 5e9);
        ms[i] = (float)((wall() - start) / 1e6);
    }
    qsort(ms, (size_t)o->rows, sizeof *ms, by_size);
    out("in_file_ms", ms[o->rows / 2]);
    out("in_file_worst_ms", ms[o->rows - 1]);
    close_all(o, &w.stream, 1);
}

static void at_rate(const struct options *o, struct work *w)
{
    double start = wall(), group = o->rate > 1000 ? o->rate / 1000 : 1;
    for (long i = 0; i < o->rows; i++) {
        log_row(w, lines + i % LINES * WIDTH, levels[i % LINES], false);
        if ((i + 1) % (long)group == 0)
            sleep_ns(start + (double)(i + 1) * 1e9 / o->rate - wall());
    }
}

static void run_slow(const struct options *o)
{
    struct work idle = {.mode = 'a'};
    double start = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    at_rate(o, &idle); /* waking up, and the arrays: taken off below */
    double cpu = ns_of(CLOCK_PROCESS_CPUTIME_ID), own = cpu - start;
    struct work w = {.mode = 'l', .stream = open_stream(o->file)};
    at_rate(o, &w);
    out("bytes_a_row", close_all(o, &w.stream, 1) / (double)o->rows);
    out("whole_cpu_us", (ns_of(CLOCK_PROCESS_CPUTIME_ID) - cpu - own) / (double)o->rows / 1e3);
    out("own_cpu_us", own / (double)o->rows / 1e3);
}

static void run_end(const struct options *o)
{
    struct work w = {.mode = 'l', .stream = open_stream(o->file)};
    at_rate(o, &w);
    if (!strcmp(o->mode, "kill"))
        raise(SIGKILL);
    if (!strcmp(o->mode, "abort"))
        abort();
    exit(0);
}

static void run_spawn(long times, char **command)
{
    float *us = calloc((size_t)times, sizeof *us);
    for (long i = 0; i < times; i++) {
        posix_spawn_file_actions_t quiet;
        pid_t pid;
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
        double start = wall();
        if (posix_spawnp(&pid, command[0], &quiet, NULL, command, environ))
            fail(command[0], "cannot be started");
        waitpid(pid, NULL, 0);
        us[i] = (float)((wall() - start) / 1e3);
        posix_spawn_file_actions_destroy(&quiet);
    }
    qsort(us, (size_t)times, sizeof *us, by_size);
    out("spawn_us", us[times / 2]);
}

/* ---------------------------------------------------------------- command line */
static const struct {
    const char *name;
    void (*run)(const struct options *);
} modes[] = {{"log", run_log}, {"arrow", run_log}, {"text", run_log}, {"logf", run_log}, {"columns", run_columns}, {"start", run_start},
             {"fresh", run_fresh}, {"slow", run_slow}, {"exit", run_end}, {"kill", run_end}, {"abort", run_end}};

static void parse(struct options *o, const char *arg)
{
    const char *value = strchr(arg, '=');
    if (!value++)
        fail(arg, "not KEY=VALUE");
    switch (arg[0] << 8 | arg[1]) {
    case 'r' << 8 | 'o': o->rows = atol(value); break;
    case 't' << 8 | 'h': o->threads = atol(value); break;
    case 'b' << 8 | 'a': o->batch = atol(value); break;
    case 'r' << 8 | 'a': o->rate = atof(value); break;
    case 'f' << 8 | 'i': o->file = value; break;
    case 's' << 8 | 'c': o->scope = value; break;
    case 'l' << 8 | 'e': o->level = *value == 'E' ? 3 : 0; break;
    default: fail(arg, "no such key");
    }
}

int main(int argc, char **argv)
{
    struct options o = {.rows = 100000, .threads = 1, .batch = 10000, .file = "bench.rrd"};
    alloc_who = ALLOC_BENCH;
    if (argc < 3)
        fail("usage", "sdk LIBRARY MODE [KEY=VALUE...]");
    o.mode = argv[2];
    int at = 3;
    for (; at < argc && strcmp(argv[at], "--"); at++)
        parse(&o, argv[at]);
    if (!strcmp(o.mode, "spawn") && at + 1 < argc) {
        run_spawn(o.rows, argv + at + 1);
        return 0;
    }
    load(argv[1]);
    if (!strcmp(o.mode, "load"))
        return 0;
    text_type = text_component("TextLog:text", "rerun.components.Text");
    level_type = text_component("TextLog:level", "rerun.components.TextLogLevel");
    if (strcmp(o.mode, "start"))
        make_rows();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(o.mode, modes[i].name)) {
            modes[i].run(&o);
            return 0;
        }
    fail(o.mode, "no such mode");
}
