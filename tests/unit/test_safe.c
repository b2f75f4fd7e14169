/* Log lines of signal handlers. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <retap/text.h>

#include "base/clock.h"
#include "recording/safe.h"
#include "tests/unit/logged.h"

static char drained[1 << 17]; /* "handle path level text\n" of each */
static int64_t last_time;

static void take(void *ctx, const struct rt_safe_row *row)
{
    size_t n = strlen(drained);
    CHECK(row->time_ns >= last_time);
    last_time = row->time_ns; /* of one drain */
    snprintf(drained + n, sizeof drained - n, "%u %.*s %.*s %.*s\n", row->rec, (int)row->path.n, row->path.p, (int)row->level.n, row->level.p,
             (int)row->text.n, row->text.p);
    ++*(uint32_t *)ctx;
}
static uint32_t drain(void)
{
    uint32_t n = 0;
    drained[0] = 0;
    last_time = 0;
    CHECK_INT(rt_safe_drain(take, &n), n);
    return n;
}

RT_TEST(lines_come_out_in_order)
{
    CHECK_INT(rt_safe_init(), 0);
    CHECK(!rr_log_signal_safe(1, NULL, "INFO", "x"));
    CHECK_INT(rt_safe_init(), 0);
    int64_t before = (int64_t)rt_real_ns();
    CHECK(rr_log_signal_safe(1, "/logs", "INFO", "one"));
    CHECK(rr_log_signal_safe(RR_CURRENT, "x", NULL, ""));
    CHECK(rt_safe_pending());
    CHECK_INT(drain(), 2);
    CHECK_STR(drained, "1 /logs INFO one\n4294967295 x  \n");
    CHECK(last_time >= before && last_time <= (int64_t)rt_real_ns());
    CHECK(!rt_safe_pending());
    CHECK_INT(drain(), 0);
    CHECK_INT(rr_log_signal_dropped(), 1);
    CHECK(strstr(logged.warning, "1 log lines of signal handlers were dropped"));
    CHECK(!rr_log_signal_safe(1, "x", "INFO", NULL));
    CHECK_INT(rr_log_signal_dropped(), 2);
}

RT_TEST(a_long_text_is_cut_at_a_character)
{
    char text[2001] = "";
    CHECK_INT(rt_safe_init(), 0);
    for (int i = 0; i < 1000; i++)
        strcat(text, "\xc3\xa4");
    for (int extra = 0; extra < 4; extra++) {
        char level[8] = "";
        memset(level, 'L', (size_t)extra);
        CHECK(rr_log_signal_safe(1, "/p", level, text));
        CHECK_INT(drain(), 1);
        size_t n = strlen(drained) - 1;
        CHECK_MEM(drained + n - 5, 5, "\xc3\xa4\xe2\x80\xa6", 5);
        CHECK(n - strlen("1 /p  ") <= RR_SIGNAL_TEXT_MOST - 2 && n > RR_SIGNAL_TEXT_MOST - 8);
    }
    text[900 - 2] = 0; /* just fits */
    CHECK(rr_log_signal_safe(1, "/p", NULL, text));
    CHECK_INT(drain(), 1);
    CHECK_INT(strlen(drained), strlen("1 /p  \n") + 898);
    memset(text, 'p', 500);
    CHECK(!rr_log_signal_safe(1, text, NULL, "x")); /* hardly any room would be left */
}

RT_TEST(bytes_that_are_no_text_are_replaced)
{
    CHECK_INT(rt_safe_init(), 0);
    CHECK(rr_log_signal_safe(1, "/p", "\xff", "a\xff"));
    CHECK_INT(drain(), 1);
    CHECK_STR(drained, "1 /p \xef\xbf\xbd a\xef\xbf\xbd\n");
    char text[2000];
    memset(text, 0xbf, sizeof text);
    text[1999] = 0;
    CHECK(rr_log_signal_safe(1, "/p", NULL, text));
    CHECK_INT(drain(), 1);
}

RT_TEST(what_finds_no_place_is_counted)
{
    CHECK_INT(rt_safe_init(), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < RR_SIGNAL_ROWS_MOST; i++)
            CHECK(rr_log_signal_safe(1, "/p", NULL, "x"));
        for (int i = 0; i < 5; i++)
            CHECK(!rr_log_signal_safe(1, "/p", NULL, "x"));
        CHECK_INT(rr_log_signal_dropped(), (uint64_t)(round + 1) * 5);
        CHECK_INT(drain(), RR_SIGNAL_ROWS_MOST);
        CHECK(strstr(logged.warning, "5 log lines"));
    }
    CHECK_INT(logged.n_warnings, 1);
}

RT_TEST(a_child_begins_empty)
{
    CHECK_INT(rt_safe_init(), 0);
    for (int i = 0; i <= RR_SIGNAL_ROWS_MOST; i++)
        rr_log_signal_safe(1, "/p", NULL, "the parent's");
    pid_t child = fork();
    if (child == 0) {
        rt_safe_in_child();
        bool empty = !rt_safe_pending() && drain() == 0 && rr_log_signal_dropped() == 0;
        bool works = rr_log_signal_safe(2, "/c", NULL, "mine") && drain() == 1 && !strcmp(drained, "2 /c  mine\n");
        _exit(empty && works ? 0 : 1);
    }
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(drain(), RR_SIGNAL_ROWS_MOST);
}

/* ---------------------------------------------------------------- signals that interrupt log calls and each other */

static uint64_t n_accepted;
static void on_signal(int signo)
{
    char text[] = "signal 00";
    text[7] = (char)('0' + signo / 10);
    text[8] = (char)('0' + signo % 10);
    if (rr_log_signal_safe(1, "/signals", "WARN", text))
        __atomic_fetch_add(&n_accepted, 1, __ATOMIC_RELAXED);
}

static uint32_t stop;
static void *log_until_stop(void *arg)
{
    (void)arg;
    for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++)
        rr_logf("/logs", "INFO", "line %d", i);
    return NULL;
}

RT_TEST(signals_at_any_moment_of_a_log_call)
{
    pthread_t threads[2];
    uint32_t n = 0;
    CHECK_INT(rt_safe_init(), 0);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, log_until_stop, NULL));
    uint64_t end = rt_mono_ns() + 1000000000u;
    for (unsigned i = 0; rt_mono_ns() < end; i++) {
        pthread_kill(threads[i % 2], i % 3 ? SIGUSR1 : SIGUSR2);
        if (i % 16 == 0)
            n += drain();
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    n += drain();
    CHECK_INT(n, __atomic_load_n(&n_accepted, __ATOMIC_RELAXED));
    CHECK(n > 100);
}
