/* staged WAY FILE …: a user's program whose rows are staged through a collector (RETAP_COLLECT=1 in its environment, or the way `call`).
 *
 *   count FILE SHARED THREADS LINES PAUSE_US   each thread logs numbered rows, without end when LINES is 0, and notes in SHARED (memory that outlives
 *                                              it) how many of its calls have returned; ends without freeing anything
 *   fork FILE CHILDREN LINES                   logs, forks, and each child logs, too
 *   flush FILE                                 logs a row, flushes, says so, waits for a line on standard input; three times
 *   mixed FILE                                 rows of all sizes and kinds, columns, own component types, from several threads
 *   swap FILE FILE2                            logs while the file is replaced
 *   signal FILE                                dies in a signal handler that has logged a line
 *   call FILE                                  rr_recording_stream_collect() by hand after a row was logged; its outcome goes to standard output
 *   both FILE LINES                            as count, one thread, and prints each line on standard error */
#include <fcntl.h>
#include <pthread.h>
#include <retap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64

struct shared {
    _Atomic uint64_t pid, returned[MOST];
};

static struct shared *shared;
static rr_recording_stream rec;
static uint64_t lines;
static useconds_t pause_us;
static const char *entity = "/count";

static void open_stream(const char *file)
{
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("staged");
    o.save = file;
    rec = rr_recording_stream_open(&o, &err);
    if (err.code)
        fprintf(stderr, "error 0x%x: %s\n", err.code, err.description);
    if (!rec)
        exit(3);
}

static void share(const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *shared) < 0)
        exit(2);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}

static void *count(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char text[256], path[64];
    snprintf(path, sizeof path, "%s/%u", entity, me);
    for (uint64_t n = 0; !lines || n < lines; n++) {
        snprintf(text, sizeof text, "thread %u line %llu %.*s", me, (unsigned long long)n, (int)(n * 7 % 90),
                 "the quick brown fox jumps over the lazy dog while the collector drains what it can get hold of");
        if (n % 5 == 4)
            rr_log_text(rec, path, RR_LOG_LEVEL_INFO, text, RR_FIELDS(rr_i64("n", (int64_t)n), rr_str("word", "field")));
        else
            rr_log_text(rec, path, n % 97 ? RR_LOG_LEVEL_INFO : RR_LOG_LEVEL_ERROR, text, RR_NO_FIELDS);
        if (shared)
            shared->returned[me] = n + 1;
        if (pause_us)
            usleep(pause_us);
    }
    return NULL;
}

static void count_all(unsigned n)
{
    pthread_t t[MOST];
    if (shared)
        shared->pid = (uint64_t)getpid();
    for (unsigned i = 0; i < n; i++)
        pthread_create(&t[i], NULL, count, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i], NULL);
}

static int way_count(char **arg)
{
    open_stream(arg[0]);
    share(arg[1]);
    lines = strtoull(arg[3], NULL, 10);
    pause_us = (useconds_t)atoi(arg[4]);
    count_all((unsigned)atoi(arg[2]));
    return 0;
}

static int way_fork(char **arg)
{
    open_stream(arg[0]);
    int children = atoi(arg[1]);
    lines = strtoull(arg[2], NULL, 10);
    count((void *)0);
    for (int i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            entity = "/child";
            count((void *)0);
            exit(0);
        }
        printf("%d\n", (int)pid);
        fflush(stdout);
    }
    while (wait(NULL) > 0)
        ;
    count((void *)1);
    return 0;
}

static int way_flush(char **arg)
{
    open_stream(arg[0]);
    char text[64];
    for (int i = 0; i < 3; i++) {
        rr_error err = {0};
        snprintf(text, sizeof text, "row %d", i);
        rr_log_text(rec, "/flush", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
        rr_recording_stream_flush_blocking(rec, 10, &err);
        printf("%u\n", err.code);
        fflush(stdout);
        if (!fgets(text, sizeof text, stdin))
            return 1;
    }
    return 0;
}

/* ---------------------------------------------------------------- all kinds */

static uint8_t bytes[(3 << 20) + 64];
static int64_t times[100];
static int32_t offsets[101];

/* What is moved is released later, elsewhere: two pointers and a child, in one block. */
struct held {
    const void *buffers[2];
    struct ArrowArray *children[1], child;
};

static void release(struct ArrowArray *a)
{
    free(a->private_data);
    a->release = NULL;
}

static struct ArrowArray array_of(const void *values, int64_t n)
{
    struct held *h = calloc(1, sizeof *h);
    h->buffers[1] = values;
    return (struct ArrowArray){.length = n, .n_buffers = 2, .buffers = h->buffers, .release = release, .private_data = h};
}

static void schema_release(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void *mixed(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char path[64], name[64], scalar[64];
    rr_error err = {0};
    snprintf(scalar, sizeof scalar, "/scalar/%u", me);
    snprintf(path, sizeof path, "/mixed/%u", me);
    snprintf(name, sizeof name, "Own%u:values", me);
    struct ArrowSchema schema = {.format = "C", .name = "", .flags = 2, .release = schema_release};
    const rr_component_type own = {.descriptor = {.component = rr_make_string(name)}, .schema = schema};
    rr_component_type_handle type = rr_register_component_type(own, &err);
    static const int64_t sizes[] = {0, 1, 100, 3000, 9000, 70000, 140000, 3 << 20};
    for (int64_t i = 0; i < 40; i++) {
        rr_component_batch batch = {type, array_of(bytes + i + me, sizes[i % 8])};
        rr_recording_stream_set_time(rec, rr_make_string("step"), RR_TIME_TYPE_SEQUENCE, i, &err);
        rr_recording_stream_log(rec, (rr_data_row){rr_make_string(path), 1, &batch}, true, &err);
        rr_log_scalar(rec, scalar, (double)i);
    }
    rr_time_column time = {{rr_make_string("when"), RR_TIME_TYPE_SEQUENCE}, array_of(times, 100), RR_SORTING_STATUS_UNKNOWN};
    rr_component_column column = {type, array_of(offsets, 100)};
    struct held *h = column.array.private_data;
    h->child = array_of(bytes, 1000);
    h->children[0] = &h->child;
    column.array.children = h->children;
    column.array.n_children = 1;
    snprintf(path, sizeof path, "/columns/%u", me);
    rr_recording_stream_send_columns(rec, rr_make_string(path), &time, 1, &column, 1, &err);
    if (err.code)
        fprintf(stderr, "error 0x%x: %s\n", err.code, err.description);
    return NULL;
}

static int way_mixed(char **arg)
{
    pthread_t t[4];
    open_stream(arg[0]);
    rr_recording_stream_set_log_time_enabled(rec, false);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (int i = 0; i <= 100; i++)
        offsets[i] = i * 10;
    for (int i = 0; i < 100; i++)
        times[i] = 1000 - i;
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, mixed, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    rr_recording_stream_free(rec);
    return 0;
}

static int way_swap(char **arg)
{
    rr_error err = {0};
    pthread_t t[4];
    open_stream(arg[0]);
    lines = 3000;
    pause_us = 20;
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, count, (void *)(uintptr_t)i);
    usleep(100000);
    rr_recording_stream_save(rec, rr_make_string(arg[1]), &err);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    rr_recording_stream_free(rec);
    if (err.code)
        fprintf(stderr, "error 0x%x: %s\n", err.code, err.description);
    return 0;
}

static void on_signal(int sig)
{
    rr_log_signal_safe(rec, "/signal", RR_LOG_LEVEL_CRITICAL, "the last words");
    kill(getpid(), SIGKILL);
}

static int way_signal(char **arg)
{
    open_stream(arg[0]);
    lines = 100;
    count((void *)0);
    signal(SIGSEGV, on_signal);
    return raise(SIGSEGV);
}

static int way_call(char **arg)
{
    rr_error err = {0};
    open_stream(arg[0]);
    lines = 10;
    count((void *)0);
    rr_recording_stream_collect(rec, &err);
    printf("0x%x %s\n", err.code, err.description);
    fflush(stdout);
    count((void *)1);
    kill(getpid(), arg[1] ? SIGKILL : 0);
    return 0;
}

static int way_both(char **arg)
{
    open_stream(arg[0]);
    lines = strtoull(arg[1], NULL, 10);
    count((void *)0);
    for (uint64_t i = 0; i < lines; i++)
        fprintf(stderr, "said %llu\n", (unsigned long long)i);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*way)(char **arg);
        int args;
    } ways[] = {{"count", way_count, 5}, {"fork", way_fork, 3}, {"flush", way_flush, 1}, {"mixed", way_mixed, 1},
                {"swap", way_swap, 2},   {"signal", way_signal, 1},
                  {"call", way_call, 1}, {"both", way_both, 2}};
    for (unsigned i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(argv[1], ways[i].name) && argc - 2 >= ways[i].args)
            return ways[i].way(argv + 2);
    return 2;
}
