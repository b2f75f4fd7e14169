/* Streams without memory: whichever allocation fails, the call says so or does its work, sinks are let go once, and rows are kept or counted. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/rows_kit.h"

/* ---------------------------------------------------------------- allocations are caught by the linker (--wrap) */

static atomic_int until_failure = -1; /* allocations that succeed before all fail; negative: none does */
static atomic_bool once;              /* … before one fails */

static bool fails(void)
{
    int n = atomic_load(&until_failure);
    while (n > 0 && !atomic_compare_exchange_weak(&until_failure, &n, n - 1))
        ;
    if (n == 0 && atomic_load(&once))
        return atomic_compare_exchange_strong(&until_failure, &n, -1);
    return n == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
void *__wrap_aligned_alloc(size_t alignment, size_t n) { return fails() ? NULL : __real_aligned_alloc(alignment, n); }
char *__wrap_strdup(const char *s) { return fails() ? NULL : __real_strdup(s); }
char *__wrap_strndup(const char *s, size_t n) { return fails() ? NULL : __real_strndup(s, n); }

static _Thread_local bool no_maps;

void *__real_mmap(void *p, size_t n, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *p, size_t n, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *p, size_t n, int prot, int flags, int fd, off_t offset)
{
    return no_maps ? MAP_FAILED : __real_mmap(p, n, prot, flags, fd, offset);
}

static void ignore(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
}

enum { FAILURES = 60 };

static char file[2][64];

static void enter(void)
{
    for (int i = 0; i < 2; i++)
        snprintf(file[i], sizeof file[i], "/tmp/retap-memory-%d-%c.rrd", (int)getpid(), 'a' + i);
    rr_set_warning_handler(ignore, NULL);
}

static void leave(void)
{
    unlink(file[0]);
    unlink(file[1]);
}

static void without_memory(void (*step)(int k))
{
    enter();
    for (int kind = 0; kind < 2; kind++)
        for (int k = 0; k < FAILURES; k++) {
            atomic_store(&once, kind == 0);
            step(k);
            atomic_store(&until_failure, -1);
        }
    leave();
}

static void swap_sinks(int k)
{
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("app");
    o.save = file[0];
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    OK(err);
    rr_log_scalar(rec, "/x", 1);
    atomic_store(&until_failure, k);
    rr_recording_stream_save(rec, rr_make_string(file[1]), &err);
    atomic_store(&until_failure, -1);
    rr_log_scalar(rec, "/x", 2);
    err.code = 0;
    rr_recording_stream_flush_blocking(rec, 10, &err);
    rr_recording_stream_free(rec);
}

RT_TEST(test_sinks_that_are_replaced_without_memory_are_let_go_once)
{
    without_memory(swap_sinks);
}

/* Rows of one and of many bytes, and the work on them, while memory is short. */
static void log_rows(int k)
{
    enum { ROWS = 40 };
    static char text[20000];
    rr_error err = {0};
    rr_memory_recording *mem;
    rr_bytes bytes = {0};
    char id[16];
    snprintf(id, sizeof id, "r%d", k);
    rr_recording_stream rec = kit_open(id, &mem);
    memset(text, 'x', sizeof text - 1);
    atomic_store(&until_failure, k);
    for (int i = 0; i < ROWS; i++) {
        text[i % 2 ? 1 : sizeof text - 1] = 0;
        rr_log_text(rec, i % 3 ? "/x" : "/y", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
        text[1] = 'x';
        if (i % 8 == 0) {
            rr_recording_stream_flush_blocking(rec, 10, &err);
            err.code = 0;
        }
    }
    atomic_store(&until_failure, -1);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(kit_rows(bytes, NULL, false) + rr_recording_stream_dropped(rec), ROWS);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_rows_without_memory_are_kept_or_counted)
{
    without_memory(log_rows);
}

static void open_stream(int k)
{
    rr_error err = {0};
    rr_stream_options o = rr_stream_options_default("app");
    o.save = file[0];
    o.recording_name = "name";
    atomic_store(&until_failure, k);
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK(rec || err.code);
    if (rec)
        rr_log_scalar(rec, "/x", 1);
    rr_recording_stream_free(rec);
}

RT_TEST(test_streams_are_opened_and_freed_without_memory)
{
    without_memory(open_stream);
}

static void *first_row(void *arg)
{
    rr_recording_stream rec = (rr_recording_stream)(uintptr_t)arg;
    no_maps = true;
    CHECK_INT(rr_log_scalar(rec, "/x", 1), RR_ERROR_CODE_OUT_OF_MEMORY);
    no_maps = false;
    CHECK_INT(rr_log_scalar(rec, "/x", 2), 0);
    return NULL;
}

RT_TEST(test_a_thread_without_memory_for_its_first_row_says_so)
{
    rr_memory_recording *mem;
    pthread_t t;
    rr_recording_stream rec = kit_open("first", &mem);
    CHECK(pthread_create(&t, NULL, first_row, (void *)(uintptr_t)rec) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK_INT(kit_drain(mem, "/x"), 1);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}
