/* Forks while threads log: the parent's rows are in its file once, a child's in NAME.<pid>.rrd once, and nobody hangs. */
#include "tests/race/recording_kit.h"

#include <dirent.h>

enum { FORKS = 1000, LOGGERS = 4, CHILD_ROWS = 50, AT_ONCE = 4, CHILD_SECONDS = 30 };

/* A child abandons what is the parent's: a leak only to LeakSanitizer, which asks here. */
static bool is_child;
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
    return is_child;
}

/* AddressSanitizer's allocator is not made for a fork while other threads allocate: its locks would stay locked in the child. So nobody is in
 * it when we fork, as in glibc's own. */
#ifdef __SANITIZE_ADDRESS__
static pthread_rwlock_t allocating = PTHREAD_RWLOCK_INITIALIZER;
#define ALLOCATOR(type, name, parameters, ...)                                  \
    type __interceptor_##name parameters;                                       \
    __attribute__((visibility("default"))) type name parameters                 \
    {                                                                           \
        pthread_rwlock_rdlock(&allocating);                                     \
        type result = __interceptor_##name(__VA_ARGS__);                        \
        pthread_rwlock_unlock(&allocating);                                     \
        return result;                                                          \
    }
ALLOCATOR(void *, malloc, (size_t n), n)
ALLOCATOR(void *, calloc, (size_t n, size_t size), n, size)
ALLOCATOR(void *, realloc, (void *old, size_t size), old, size)
ALLOCATOR(void *, aligned_alloc, (size_t align, size_t size), align, size)
ALLOCATOR(int, posix_memalign, (void **ret, size_t align, size_t size), ret, align, size)
void __interceptor_free(void *p);
__attribute__((visibility("default"))) void free(void *p)
{
    pthread_rwlock_rdlock(&allocating);
    __interceptor_free(p);
    pthread_rwlock_unlock(&allocating);
}

static void stop_allocating(void)
{
    pthread_rwlock_wrlock(&allocating);
}

static void go_on(void)
{
    pthread_rwlock_unlock(&allocating);
}

static void go_on_in_child(void)
{
    pthread_rwlock_init(&allocating, NULL);
}

/* Before the library's own handlers are: ours are the last before the fork, and the first after it. */
__attribute__((constructor)) static void guard_allocator(void)
{
    pthread_atfork(stop_allocating, go_on, go_on_in_child);
}
#endif

static rr_component_type_handle number_type;
static rr_recording_stream rec;
static uint32_t stop_mt;

static struct logger {
    pthread_t thread;
    uint32_t number, n;
    uint8_t *times; /* each row was found */
} logger[LOGGERS];

static void *work(void *p)
{
    struct logger *l = p;
    char path[32];
    snprintf(path, sizeof path, "/t/%u", l->number);
    while (!rt_load_acquire(&stop_mt)) {
        CHECK_INT(kit_log(rec, number_type, path, l->n), 0);
        if (++l->n % 64 == 0)
            usleep(200);
    }
    return NULL;
}

/* ---------------------------------------------------------------- children */
enum child_kind { CHILD_SILENT, CHILD_EXITS, CHILD_FREES, CHILD_NEW_STREAM, CHILD_THREADS, CHILD_KINDS };

static void log_rows(rr_recording_stream into, const char *path)
{
    for (uint32_t i = 0; i < CHILD_ROWS; i++)
        CHECK_INT(kit_log(into, number_type, path, i), 0);
}

static void *child_thread(void *unused)
{
    log_rows(rec, "/child/1");
    return unused;
}

__attribute__((noreturn)) static void child(enum child_kind kind)
{
    pthread_t thread;
    rr_error err = {0};
    char file[64];
    is_child = true;
    alarm(CHILD_SECONDS); /* a child that hangs ends by SIGALRM */
    switch (kind) {
    case CHILD_SILENT:
        exit(0);
    case CHILD_EXITS:
        log_rows(rec, "/child/0");
        exit(0);
    case CHILD_FREES:
        log_rows(rec, "/child/0");
        rr_recording_stream_free(rec);
        _exit(0);
    case CHILD_NEW_STREAM: {
        rr_recording_stream own = kit_stream("own");
        snprintf(file, sizeof file, "own-%d.rrd", (int)getpid());
        rr_recording_stream_save(own, rr_make_string(file), &err);
        kit_ok(&err);
        log_rows(own, "/child/0");
        rr_recording_stream_free(own);
        _exit(0);
    }
    case CHILD_THREADS:
        pthread_create(&thread, NULL, child_thread, NULL);
        log_rows(rec, "/child/0");
        pthread_join(thread, NULL);
        exit(0);
    default:
        _exit(1);
    }
}

static struct {
    pid_t pid;
    enum child_kind kind;
} children[FORKS];

static void wait_for_child(void)
{
    int status;
    pid_t pid = wait(&status);
    CHECK(pid > 0);
    if (WIFSIGNALED(status))
        rt_test_fail(__FILE__, __LINE__, "child %d: %s", (int)pid, WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
    CHECK_INT(WEXITSTATUS(status), 0);
}

/* ---------------------------------------------------------------- files */
static uint8_t child_times[2][CHILD_ROWS];

static void take_child(void *ctx, const char *path, uint32_t i)
{
    const char *file = ctx;
    uint32_t t;
    if (sscanf(path, "/child/%u", &t) != 1)
        rt_test_fail(__FILE__, __LINE__, "%s has a row of %s", file, path);
    CHECK(t < 2 && i < CHILD_ROWS);
    child_times[t][i]++;
}

static void check_child(pid_t pid, enum child_kind kind)
{
    char file[64], other[64];
    snprintf(file, sizeof file, "parent.%d.rrd", (int)pid);
    snprintf(other, sizeof other, "own-%d.rrd", (int)pid);
    if (kind == CHILD_SILENT) {
        CHECK(access(file, F_OK) != 0);
        return;
    }
    memset(child_times, 0, sizeof child_times);
    if (kind == CHILD_NEW_STREAM) {
        CHECK(access(file, F_OK) != 0);
        CHECK(kit_read(other, "own", take_child, other));
    } else {
        CHECK(kit_read(file, "family", take_child, file));
    }
    for (uint32_t i = 0; i < CHILD_ROWS; i++) {
        CHECK_INT(child_times[0][i], 1);
        CHECK_INT(child_times[1][i], kind == CHILD_THREADS);
    }
}

static void take_parent(void *ctx, const char *path, uint32_t i)
{
    uint32_t t;
    if (sscanf(path, "/t/%u", &t) != 1)
        rt_test_fail(__FILE__, __LINE__, "the parent's file has a row of %s", path);
    CHECK(t < LOGGERS && i < logger[t].n);
    logger[t].times[i]++;
}

RT_TEST(test_forks_while_threads_log)
{
#ifdef __SANITIZE_THREAD__
    rt_test_skip("ThreadSanitizer ends children that start threads");
#endif
    uint32_t forks = kit_size(FORKS);
    rr_error err = {0};
    char dir[64];
    alarm(getenv("RETAP_SOAK") ? 600 : 100);
    kit_enter(dir);
    number_type = kit_number_type();
    rec = kit_stream("family");
    rr_recording_stream_save(rec, rr_make_string("parent.rrd"), &err);
    kit_ok(&err);
    for (uint32_t i = 0; i < LOGGERS; i++) {
        logger[i].number = i;
        pthread_create(&logger[i].thread, NULL, work, &logger[i]);
    }
    for (uint32_t i = 0; i < forks; i++) {
        if (i >= AT_ONCE)
            wait_for_child();
        children[i].kind = (enum child_kind)(i % CHILD_KINDS);
        children[i].pid = fork();
        CHECK(children[i].pid >= 0);
        if (children[i].pid == 0)
            child(children[i].kind);
    }
    for (uint32_t i = 0; i < AT_ONCE && i < forks; i++)
        wait_for_child();
    rt_store_release(&stop_mt, 1);
    for (uint32_t i = 0; i < LOGGERS; i++) {
        pthread_join(logger[i].thread, NULL);
        logger[i].times = calloc(logger[i].n, 1);
    }
    rr_recording_stream_free(rec);

    CHECK(kit_read("parent.rrd", "family", take_parent, NULL));
    uint64_t rows = 0;
    for (uint32_t t = 0; t < LOGGERS; t++)
        for (uint32_t i = 0; i < logger[t].n; i++, rows++)
            if (logger[t].times[i] != 1)
                rt_test_fail(__FILE__, __LINE__, "row %u of thread %u is there %u times", i, t, logger[t].times[i]);
    for (uint32_t i = 0; i < forks; i++)
        check_child(children[i].pid, children[i].kind);
    printf("%u forks, %llu rows of the parent\n", forks, (unsigned long long)rows);
    kit_leave(dir);
}
