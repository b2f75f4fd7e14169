/* What nobody's programs say, a hundred thousand times (RETAP_SOAK=1: half a million): the interpreter's memory stays under a bound, whatever is
 * new in each record. Times lie in the future, so that nothing is ever old enough to be finished. */
#include "tests/unit/collect_kit.h"

#include <sys/resource.h>

#define MIB         (1u << 20)
#define BOUND_MIB   192 /* for one kind of nonsense */
#define BLOCK_BYTES (256u << 10)

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1 /* memory is another then, and time */
#else
#define SANITIZED 0
#endif

static uint32_t times(void)
{
    return getenv("RETAP_SOAK") ? 1000000 : SANITIZED ? 20000 : 100000;
}

static long peak_kib(void)
{
    struct rusage u;
    CHECK_INT(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

static struct kit k;
static char text[8192];

typedef void say_fn(uint32_t i);

/* @i counts records; segment 2 says them. */
static void feed(say_fn *say)
{
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    kit_flush(&k, 2);
    memset(text, 'x', sizeof text);
    long before = peak_kib();
    for (uint32_t i = 0, n = times(); i < n; i++) {
        k.record_mono = UINT64_MAX / 2;
        say(i);
        if (k.block.len < BLOCK_BYTES)
            continue;
        kit_flush(&k, 2);
        kit_pass(&k, 1);
        uint64_t bytes;
        rr_error err = {0};
        if (rr_recording_stream_pending_rows(k.batch.rec, &bytes) && bytes > 24 * MIB) /* as the store does */
            rr_recording_stream_flush_blocking(k.batch.rec, 10, &err);
    }
    kit_flush(&k, 2);
    long grown = (peak_kib() - before) / 1024;
    if (grown > BOUND_MIB && !SANITIZED)
        rt_test_fail(__FILE__, __LINE__, "%ld MiB were taken, %d is the most", grown, BOUND_MIB);
    if (getenv("RETAP_VERBOSE"))
        printf("%ld MiB\n", grown);
    rt_interpreter_finish(&k.it);
    CHECK_INT(k.it.error, 0);
    rt_interpreter_deinit(&k.it);
    rr_recording_stream_abandon(k.batch.rec);
    rt_rows_deinit(&k.batch);
    rt_buf_deinit(&k.block);
    unlink(k.path);
}

static void say_as(uint32_t pid, uint32_t tid, uint32_t seq, uint32_t type, uint32_t stream, uint32_t flags, const void *p, size_t n)
{
    kit_record(&k, type, stream, flags, pid, tid, seq, p, n);
}

static void new_threads(uint32_t i)
{
    say_as(7, 100 + i, 0, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, text, 1000);
}
static void new_processes_without_threads(uint32_t i)
{
    say_as(100 + i, 0, 0, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, text, 100);
}
static void pieces_without_end(uint32_t i)
{
    say_as(7, 100 + i / 50, i % 50, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_MORE, text, 4000);
}
static void pieces_of_datagrams(uint32_t i)
{
    say_as(7, 0, i, RT_RECORD_DATA, RT_STREAM_JOURNAL, RT_FLAG_MORE, text, 4000);
}
static void lines_without_end(uint32_t i)
{
    say_as(7, 100 + i % 10000, i / 10000, RT_RECORD_DATA, RT_STREAM_STDOUT + i % 2, RT_FLAG_AFTER, text, 4000);
}

static void with_call(uint32_t i, uint32_t stream, uint32_t flags, uint32_t origin, const char *bytes, size_t n)
{
    char payload[8192];
    struct rt_call c = {.site = i, .text_len = (uint32_t)n, .origin = origin};
    memcpy(payload, &c, sizeof c);
    memcpy(payload + sizeof c, bytes, n);
    say_as(7, 100 + i / 64, i % 64, RT_RECORD_DATA, stream, flags | RT_FLAG_CALL | RT_FLAG_AFTER, payload, sizeof c + n);
}
static void new_files(uint32_t i)
{
    with_call(i, RT_STREAM_FILE, 0, i, text, 2000);
}
static void new_journal_streams(uint32_t i)
{
    with_call(i, RT_STREAM_JOURNAL_TEXT, 0, i, text, 2000);
}
static void messages_that_never_end(uint32_t i)
{
    memcpy(text, "9999 <13>", 9);
    with_call(i, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, i, text, 2000);
}

static void named(uint32_t i, uint32_t type, uint32_t tid, size_t n)
{
    char payload[8192];
    struct rt_named m = {i + 1, (uint32_t)n};
    memcpy(payload, &m, sizeof m);
    memcpy(payload + sizeof m, text, n);
    snprintf(payload + sizeof m, n, "/%u", i);
    say_as(7, tid, i, type, 0, 0, payload, sizeof m + n);
}
static void new_formats(uint32_t i)
{
    named(i, RT_RECORD_TEMPLATE, 7, 1000);
}
static void new_file_names(uint32_t i)
{
    named(i, RT_RECORD_FILE, 100 + i / 64, 4000);
}

static void module(uint32_t pid, uint32_t i, const char *path, size_t n)
{
    char payload[8192];
    struct rt_module m = {0, 0x1000 + i * 16ull, 0x1010 + i * 16ull, 4, (uint32_t)n};
    memcpy(payload, &m, sizeof m);
    memcpy(payload + sizeof m, "\1\2\3\4", 4);
    memcpy(payload + sizeof m + 4, path, n);
    say_as(pid, pid, 1 + i, RT_RECORD_MODULE, 0, 0, payload, sizeof m + 4 + n);
}
static void new_modules(uint32_t i)
{
    memset(text, '\1', sizeof text); /* three bytes each, to be shown */
    snprintf(text, sizeof text, "/%u.so", i);
    module(7, i, text, 4000);
}
static void processes_with_many_maps(uint32_t i)
{
    if (i < 4096) {
        module(7, i, "/a.so", 5);
        return;
    }
    const struct rt_process m = {.how = RT_PROCESS_FORK, .ppid = 7};
    say_as(100 + i, 100 + i, 0, RT_RECORD_PROCESS, 0, 0, &m, sizeof m);
}
static void new_programs(uint32_t i)
{
    char payload[256];
    struct rt_process m = {.how = RT_PROCESS_EXEC};
    m.argv_len = (uint32_t)snprintf(payload + sizeof m, 64, "/bin/program-%u", i) + 1;
    memcpy(payload, &m, sizeof m);
    say_as(100 + i / 2, 100 + i / 2, i % 2 * 2, RT_RECORD_PROCESS, 0, 0, payload, sizeof m + m.argv_len);
    text[500] = '\n';
    say_as(100 + i / 2, 100 + i / 2, i % 2 * 2 + 1, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, text, 4000);
}
static void programs_with_long_rows(uint32_t i)
{
    if (i < 1000) {
        new_programs(i * 2);
        return;
    }
    memset(text, '\x1b', 200); /* shown in another way: the bytes are kept beside */
    text[3999] = '\n';
    say_as(100 + i % 1000, 100 + i % 1000, i / 1000 + 1, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, text, 4000);
}
static void ends_to_come(uint32_t i)
{
    const struct rt_waited w = {.pid = i};
    say_as(7, 7, 1 + i, RT_RECORD_WAITED, 0, 0, &w, sizeof w);
}

#define BOUND(what) RT_TEST(test_##what) { feed(what); }
BOUND(new_threads)
BOUND(new_processes_without_threads)
BOUND(pieces_without_end)
BOUND(pieces_of_datagrams)
BOUND(lines_without_end)
BOUND(new_files)
BOUND(new_journal_streams)
BOUND(messages_that_never_end)
BOUND(new_formats)
BOUND(new_file_names)
BOUND(new_modules)
BOUND(processes_with_many_maps)
BOUND(new_programs)
BOUND(programs_with_long_rows)
BOUND(ends_to_come)
