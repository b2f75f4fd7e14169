/* Streams as their users see them: opening and ending, ids, switches, what a child and a callback may do. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/rows_kit.h"

static rr_error err;
static char dir[64] = "/tmp/retap-stream-XXXXXX", file[128];

static void enter(void)
{
    CHECK(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/a.rrd", dir);
}

static void leave(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK(system(command) == 0);
}

static rr_recording_stream open_file(rr_stream_options o)
{
    o.save = file;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    OK(err);
    return rec;
}

static uint32_t rows_in(const char *path, const char *entity)
{
    static uint8_t bytes[1 << 22];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    return n < 0 ? UINT32_MAX : kit_rows((rr_bytes){bytes, (uint32_t)n}, entity, false);
}

/* ---------------------------------------------------------------- handles */

RT_TEST(test_a_handle_is_never_zero_and_dies_with_free)
{
    rr_recording_stream a = kit_open("a", NULL), b = kit_open("b", NULL);
    CHECK(a && b && a != b && a < 0x80000000u && b < 0x80000000u);
    CHECK(rr_recording_stream_is_enabled(a, &err));
    rr_recording_stream_free(a);
    CHECK(!rr_recording_stream_is_enabled(a, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "handle");
    rr_recording_stream_free(a); /* again is nothing */
    rr_recording_stream_free(0);
    rr_recording_stream_free(RR_CURRENT);
    rr_recording_stream_flush_blocking(a, 1, &err); /* silent, as the official one */
    OK(err);
    CHECK_INT(rr_recording_stream_close(a, 1, &err), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    memset(&err, 0, sizeof err);
    rr_recording_stream c = kit_open("c", NULL);
    CHECK(c != a && c != b);
    rr_recording_stream_free(b);
    rr_recording_stream_free(c);
}

RT_TEST(test_a_freed_stream_lives_on_where_it_is_current)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("a", &mem);
    rr_recording_stream_set_global(rec, RR_STORE_KIND_RECORDING);
    rr_recording_stream_free(rec);
    rr_log_scalar(rec, "/lost", 1);
    rr_log_scalar(RR_CURRENT, "/kept", 1);
    CHECK_INT(rr_get_global(RR_STORE_KIND_RECORDING), 0); /* without a handle there is nothing to name it by … */
    CHECK_INT(rr_swap_global(0, RR_STORE_KIND_RECORDING), rec); /* … until the slot gives it back */
    rr_log_scalar(rec, "/kept", 2);
    rr_recording_stream_free(rec);
    CHECK_INT(kit_drain(mem, NULL), 2);
    rr_memory_recording_free(mem);
}

RT_TEST(test_wrong_options_are_named)
{
    rr_stream_options o = rr_stream_options_default(NULL);
    CHECK(!rr_recording_stream_open(NULL, &err));
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options");
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "application_id");
    o = rr_stream_options_default("\xff");
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "application_id");
    o = rr_stream_options_default("app");
    o.save = "";
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "save");
    o.save = "/no/such/directory/a.rrd";
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "/no/such/directory/a.rrd");
    o = rr_stream_options_default("app");
    o.full_policy = 9;
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "full_policy");
    o = rr_stream_options_default("app");
    o.struct_size = 7;
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "struct_size");
    const rr_store_info info = {rr_make_string(""), {0}, RR_STORE_KIND_RECORDING}, odd = {rr_make_string("a"), {0}, 7};
    CHECK(!rr_recording_stream_new(&info, true, true, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "application_id");
    CHECK(!rr_recording_stream_new(&odd, true, true, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_ENUM_VALUE, "store_kind");
    CHECK(!rr_recording_stream_new(NULL, true, true, &err));
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "store_info");
}

/* ---------------------------------------------------------------- ids */

static const char *id_of(rr_recording_stream rec)
{
    static char id[4][64];
    static int i;
    i = (i + 1) % 4;
    CHECK(rr_recording_stream_recording_id(rec, id[i], sizeof id[i]) > 0);
    return id[i];
}

RT_TEST(test_the_default_id_is_one_a_process_and_new_gives_a_fresh_one)
{
    CHECK_INT(rr_set_default_recording_id("", &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    memset(&err, 0, sizeof err);
    CHECK_INT(rr_set_default_recording_id("mine", &err), 0);
    rr_recording_stream a = kit_open(NULL, NULL), b = kit_open(NULL, NULL);
    CHECK_STR(id_of(a), "mine");
    CHECK_STR(id_of(b), "mine");
    CHECK_INT(rr_set_default_recording_id("late", &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "mine");
    const rr_store_info info = {rr_make_string("app"), {0}, RR_STORE_KIND_RECORDING};
    rr_recording_stream c = rr_recording_stream_new(&info, true, true, &err), d = rr_recording_stream_new(&info, true, true, &err);
    CHECK(strcmp(id_of(c), id_of(d)) && !strncmp(id_of(c), "rec_", 4) && strlen(id_of(c)) == 36);
    char one[37], two[37], cut[5];
    rr_new_recording_id(one);
    rr_new_recording_id(two);
    CHECK(strlen(one) == 36 && one[14] == '4' && strcmp(one, two));
    CHECK_INT(rr_recording_stream_recording_id(a, cut, 3), 4);
    CHECK_STR(cut, "mi");
    CHECK_INT(rr_recording_stream_recording_id(12345, cut, 3), 0);
    CHECK_STR(cut, "");
    for (rr_recording_stream const *r = (const rr_recording_stream[]){a, b, c, d, 0}; *r; r++)
        rr_recording_stream_free(*r);
}

RT_TEST(test_the_default_id_is_inherited_by_fork_and_exec)
{
    int p[2];
    char line[128] = "";
    rr_recording_stream rec = kit_open(NULL, NULL);
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(p[1], 1);
        execlp("sh", "sh", "-c", "echo $RETAP_RECORDING_ID", (char *)NULL);
        _exit(1);
    }
    close(p[1]);
    CHECK(read(p[0], line, sizeof line - 1) > 0);
    close(p[0]);
    CHECK(waitpid(pid, NULL, 0) == pid);
    line[strcspn(line, "\n")] = 0;
    CHECK_STR(line, id_of(rec));
    rr_recording_stream_free(rec);
}

RT_TEST(test_the_environment_gives_the_default_id)
{
    setenv("RETAP_RECORDING_ID", "from outside", 1);
    pid_t pid = fork(); /* the environment is read once: in a process that has not yet */
    if (pid == 0) {
        execl("/proc/self/exe", "x", "the_default_id_is_one_a", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, NULL, 0) == pid);
    unsetenv("RETAP_RECORDING_ID");
}

RT_TEST(test_an_application_id_is_rewritten_as_readers_do)
{
    char id[200], small[4];
    CHECK_INT(rr_sanitize_application_id("a.b", id, sizeof id), 7);
    CHECK_STR(id, "a-bed56");
    CHECK_INT(rr_sanitize_application_id("a b", id, sizeof id), 3);
    CHECK_STR(id, "a b");
    CHECK_INT(rr_sanitize_application_id("a.b", small, sizeof small), 7);
    CHECK_STR(small, "a-b");
    CHECK_INT(rr_sanitize_application_id("", id, sizeof id), 0);
    rr_stream_options o = rr_stream_options_default("my.prog");
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK(rr_recording_stream_application_id(rec, id, sizeof id) > 7 && !strncmp(id, "my-prog", 7));
    rr_recording_stream_free(rec);
}

/* ---------------------------------------------------------------- init */

RT_TEST(test_init_makes_the_global_recording_and_frees_the_one_before)
{
    enter();
    rr_init_options o = rr_init_options_default("app");
    o.stream.save = file;
    rr_recording_stream first = rr_init(&o, &err);
    OK(err);
    CHECK(first && rr_get_global(RR_STORE_KIND_RECORDING) == first && rr_current() == first);
    rr_log_scalar(RR_CURRENT, "/x", 1);
    rr_recording_stream_free(first); /* the slot owns it: nothing */
    rr_log_scalar(first, "/x", 2);
    const char *id = id_of(first);
    o.stream.save = NULL;
    rr_recording_stream second = rr_init(&o, &err);
    OK(err);
    CHECK(second != first);
    CHECK_STR(id_of(second), id);
    CHECK(!rr_recording_stream_is_enabled(first, &err));
    FAILS(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "handle");
    CHECK_INT(rows_in(file, "/x"), 2); /* closed, whole */
    o.init_logging = 2;
    CHECK_INT(rr_init(&o, &err), 0);
    OK(err);
    CHECK_INT(rr_init(NULL, &err), 0);
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options");
    rr_recording_stream_set_global(0, RR_STORE_KIND_RECORDING);
    CHECK_INT(rr_current(), 0);
    leave();
}

RT_TEST(test_init_makes_a_blueprint_stream_on_demand)
{
    rr_init_options o = rr_init_options_default("app");
    o.exp_init_blueprint = 1;
    o.exp_add_to_app_default_blueprint = 1;
    CHECK(rr_init(&o, &err));
    OK(err);
    rr_recording_stream blueprint = rr_get_global(RR_STORE_KIND_BLUEPRINT);
    CHECK(blueprint && blueprint != rr_get_global(RR_STORE_KIND_RECORDING));
    CHECK(rr_recording_stream_is_enabled(RR_REC_STREAM_CURRENT_BLUEPRINT, &err));
    rr_recording_stream_set_global(0, RR_STORE_KIND_BLUEPRINT);
    rr_recording_stream_set_global(0, RR_STORE_KIND_RECORDING);
}

/* ---------------------------------------------------------------- switches */

RT_TEST(test_switched_off_nothing_happens_and_nothing_is_made)
{
    enter();
    rr_stream_options o = rr_stream_options_default("app");
    o.default_enabled = 2;
    rr_recording_stream rec = open_file(o);
    CHECK(rec && !rr_recording_stream_is_enabled(rec, &err));
    OK(err);
    rr_log_scalar(rec, "/x", 1);
    rr_recording_stream_save(rec, rr_make_string(file), &err);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    rr_recording_stream_disconnect(rec, &err);
    OK(err);
    CHECK(access(file, F_OK) < 0);
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    rr_recording_stream_free(rec);
    leave();
}

RT_TEST(test_all_logging_can_be_switched_off_and_on)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("a", &mem);
    rr_log_scalar(rec, "/x", 1);
    rr_set_enabled(false);
    rr_log_scalar(rec, "/x", 2);
    CHECK(!rr_recording_stream_is_enabled(rec, &err));
    rr_set_enabled(true);
    rr_log_scalar(rec, "/x", 3);
    CHECK(rr_recording_stream_is_enabled(rec, &err));
    CHECK_INT(kit_drain(mem, "/x"), 2);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

/* ---------------------------------------------------------------- flush */

RT_TEST(test_flush_brings_rows_to_the_file_and_sync_to_the_disk)
{
    enter();
    rr_recording_stream rec = open_file(rr_stream_options_default("app"));
    rr_log_scalar(rec, "/x", 1);
    rr_recording_stream_flush_blocking(rec, 10, &err);
    OK(err);
    CHECK_INT(rows_in(file, "/x"), 1);
    rr_log_scalar(rec, "/x", 2);
    rr_recording_stream_sync(rec, 10, &err);
    OK(err);
    CHECK_INT(rows_in(file, "/x"), 2);
    rr_recording_stream_flush_blocking(rec, -1, &err);
    CHECK(err.code);
    FAILS(err, err.code, "");
    rr_recording_stream_sync(rec, __builtin_nanf(""), &err);
    FAILS(err, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "timeout_sec");
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), 0);
    leave();
}

RT_TEST(test_after_disconnect_rows_are_buffered_for_the_next_sink)
{
    enter();
    char other[160];
    snprintf(other, sizeof other, "%s/b.rrd", dir);
    rr_recording_stream rec = open_file(rr_stream_options_default("app"));
    rr_log_scalar(rec, "/x", 1);
    rr_recording_stream_disconnect(rec, &err);
    OK(err);
    CHECK_INT(rows_in(file, "/x"), 1);
    rr_log_scalar(rec, "/x", 2);
    rr_log_scalar(rec, "/x", 3);
    rr_recording_stream_save(rec, rr_make_string(other), &err);
    OK(err);
    rr_recording_stream_free(rec);
    CHECK_INT(rows_in(file, "/x"), 1);
    CHECK_INT(rows_in(other, "/x"), 2);
    leave();
}

static rr_recording_stream called;
static uint32_t n_calls, n_refused;

static void on_frame(void *ctx, const uint8_t *bytes, size_t n)
{
    rr_error e = {0};
    if (n <= 12) /* the stream header comes from who sets the callback */
        return;
    n_calls++;
    rr_recording_stream_flush_blocking(called, 1, &e);
    n_refused += e.code == RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE;
    e.code = 0;
    rr_recording_stream_save(called, rr_make_string("/tmp/never.rrd"), &e);
    n_refused += e.code == RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE;
    rr_log_scalar((rr_recording_stream)(uintptr_t)ctx, "/from/callback", 1);
    unlink("/tmp/never.rrd");
    (void)bytes;
    (void)n;
}

RT_TEST(test_a_callback_may_log_but_not_wait_for_the_library)
{
    rr_memory_recording *mem;
    rr_recording_stream other = kit_open("other", &mem);
    called = kit_open("called", NULL);
    rr_recording_stream_set_callback(called, on_frame, (void *)(uintptr_t)other, &err);
    OK(err);
    rr_log_scalar(called, "/x", 1);
    rr_recording_stream_flush_blocking(called, 10, &err);
    OK(err);
    rr_recording_stream_free(called);
    CHECK(n_calls >= 2);
    CHECK_INT(n_refused, 2 * (n_calls - 1)); /* at the end the handle is gone, and nothing is left to refuse */
    CHECK_INT(kit_drain(mem, "/from/callback"), n_calls);
    rr_recording_stream_free(other);
    rr_memory_recording_free(mem);
}

/* ---------------------------------------------------------------- loss */

RT_TEST(test_a_full_disk_is_told_once_and_its_rows_counted)
{
    enter();
    rr_stream_options o = rr_stream_options_default("app");
    o.save = "/dev/full";
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "/dev/full");
    leave();
}

static void hold(void *ctx, const uint8_t *bytes, size_t n)
{
    (void)bytes;
    if (n > 200)
        while (__atomic_load_n((int *)ctx, __ATOMIC_ACQUIRE))
            usleep(1000);
}

RT_TEST(test_a_full_lane_drops_the_newest_where_that_was_asked_for)
{
    static char text[2000];
    int holds = 0;
    uint32_t n = 0;
    rr_stream_options o = rr_stream_options_default("app");
    o.full_policy = RR_FULL_DROP_NEWEST;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    rr_recording_stream_set_callback(rec, hold, &holds, &err);
    OK(err);
    __atomic_store_n(&holds, 1, __ATOMIC_RELEASE);
    memset(text, 'x', sizeof text - 1);
    rr_log_text(rec, "/x", RR_LOG_LEVEL_ERROR, text, RR_NO_FIELDS);
    usleep(50000); /* the worker is in the callback now */
    for (n = 1; n < 20000; n++)
        rr_log_text(rec, "/x", RR_LOG_LEVEL_INFO, text, RR_NO_FIELDS);
    __atomic_store_n(&holds, 0, __ATOMIC_RELEASE);
    uint64_t lost = rr_recording_stream_dropped(rec);
    CHECK(lost > 1000 && lost < n);
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE);
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "dropped");
}

RT_TEST(test_batches_go_into_any_stream)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("a", &mem);
    const int64_t times[2] = {1, 2};
    const uint32_t offsets[3] = {0, 3, 6};
    const rr_level levels[2] = {RR_LEVEL_INFO, RR_LEVEL_NONE};
    const rr_text_batch batch = {.struct_size = sizeof batch, .n_rows = 2, .log_time_ns = times, .text = "onetwo", .text_offsets = offsets,
                                 .levels = levels};
    uint64_t bytes = 0;
    CHECK_INT(rr_text_columns(rec, "/logs/a", &batch, &err), 0);
    CHECK_INT(rr_recording_stream_pending_rows(rec, &bytes), 2);
    CHECK(bytes > 6);
    CHECK_INT(rr_text_columns(rec, NULL, &batch, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK_INT(rr_text_columns(12345, "/logs/a", &batch, NULL), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    CHECK_INT(kit_drain(mem, "/logs/a"), 2);
    CHECK_INT(rr_recording_stream_durable_bytes(rec), 0);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

/* ---------------------------------------------------------------- children */

RT_TEST(test_a_child_that_nobody_prepared_records_nothing_and_the_parents_rows_stay_its_own)
{
    enter();
    rr_recording_stream rec = open_file(rr_stream_options_default("app"));
    rr_log_scalar(rec, "/x", 1);
    pid_t pid = _Fork();
    if (pid == 0) {
        rr_log_scalar(rec, "/x", 2);
        rr_recording_stream_flush_blocking(rec, 1, NULL);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    rr_recording_stream_free(rec);
    CHECK_INT(rows_in(file, "/x"), 1);
    leave();
}

RT_TEST(test_a_forked_child_has_a_file_of_its_own_also_when_it_just_exits)
{
#ifdef __SANITIZE_THREAD__
    rt_test_skip("ThreadSanitizer ends children that start a thread");
#endif
    enter();
    char child[160];
    rr_recording_stream rec = open_file(rr_stream_options_default("app"));
    rr_log_scalar(rec, "/x", 1);
    pid_t silent = fork();
    if (silent == 0)
        exit(0);
    CHECK(waitpid(silent, NULL, 0) == silent);
    pid_t pid = fork();
    if (pid == 0) {
        rr_log_scalar(rec, "/x", 2);
        rr_log_scalar(rec, "/x", 3);
        exit(0); /* without free */
    }
    CHECK(waitpid(pid, NULL, 0) == pid);
    rr_log_scalar(rec, "/x", 4);
    rr_recording_stream_free(rec);
    CHECK_INT(rows_in(file, "/x"), 2);
    snprintf(child, sizeof child, "%s/a.%d.rrd", dir, (int)pid);
    CHECK_INT(rows_in(child, "/x"), 2);
    snprintf(child, sizeof child, "%s/a.%d.rrd", dir, (int)silent);
    CHECK(access(child, F_OK) < 0);
    leave();
}

/* ---------------------------------------------------------------- threads */

static void *log_thousand(void *arg)
{
    for (int i = 0; i < 1000; i++)
        rr_log_scalar((rr_recording_stream)(uintptr_t)arg, "/x", i);
    return NULL;
}

RT_TEST(test_threads_come_and_go_and_every_row_stays)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("a", &mem);
    for (int round = 0; round < 20; round++) {
        pthread_t t[16];
        for (int i = 0; i < 16; i++)
            CHECK(pthread_create(&t[i], NULL, log_thousand, (void *)(uintptr_t)rec) == 0);
        for (int i = 0; i < 16; i++)
            CHECK(pthread_join(t[i], NULL) == 0);
    }
    CHECK_INT(kit_drain(mem, "/x"), 20 * 16 * 1000);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

static int waits = 1;

static void *flush_in_vain(void *arg)
{
    rr_log_scalar((rr_recording_stream)(uintptr_t)arg, "/x", 1);
    rr_recording_stream_flush_blocking((rr_recording_stream)(uintptr_t)arg, 0.5f, NULL);
    return NULL;
}

static void block(void *ctx, const uint8_t *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    while (__atomic_load_n((int *)ctx, __ATOMIC_ACQUIRE) == 2)
        usleep(1000);
}

RT_TEST(test_a_thread_that_is_cancelled_while_it_waits_harms_nobody)
{
    pthread_t t;
    void *result;
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("a", NULL), other = kit_open("b", &mem);
    rr_recording_stream_set_callback(rec, block, &waits, &err);
    OK(err);
    __atomic_store_n(&waits, 2, __ATOMIC_RELEASE);
    CHECK(pthread_create(&t, NULL, flush_in_vain, (void *)(uintptr_t)rec) == 0);
    usleep(100000);
    pthread_cancel(t);
    CHECK(pthread_join(t, &result) == 0);
    __atomic_store_n(&waits, 1, __ATOMIC_RELEASE);
    rr_log_scalar(other, "/y", 1);
    CHECK_INT(kit_drain(mem, "/y"), 1);
    rr_recording_stream_free(rec);
    rr_recording_stream_free(other);
    rr_memory_recording_free(mem);
}

static pthread_key_t late;
static rr_recording_stream late_rec;

static void log_late(void *arg)
{
    rr_log_scalar(late_rec, "/late", 1);
    (void)arg;
}

static void *end_with_a_row(void *arg)
{
    pthread_setspecific(late, arg);
    rr_log_scalar(late_rec, "/x", 1);
    return NULL;
}

RT_TEST(test_a_threads_destructors_may_log)
{
    rr_memory_recording *mem;
    pthread_t t;
    late_rec = kit_open("a", &mem);
    CHECK(pthread_key_create(&late, log_late) == 0);
    CHECK(pthread_create(&t, NULL, end_with_a_row, &mem) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    rr_bytes bytes = {0};
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(kit_rows(bytes, "/late", false), 1);
    CHECK_INT(kit_rows(bytes, "/x", false), 1);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(late_rec);
    rr_memory_recording_free(mem);
}

RT_TEST(test_there_are_many_streams_but_not_without_end)
{
    enum { MOST = (1 << 14) - 1 };
    static rr_recording_stream list[MOST];
    rr_stream_options o = rr_stream_options_default("app");
    o.send_properties = 2;
    for (int i = 0; i < MOST; i++) {
        list[i] = rr_recording_stream_open(&o, &err);
        OK(err);
    }
    CHECK(!rr_recording_stream_open(&o, &err));
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "16383");
    rr_recording_stream_free(list[7]);
    CHECK((list[7] = rr_recording_stream_open(&o, &err)));
    OK(err);
    for (int i = 0; i < MOST; i++)
        rr_recording_stream_free(list[i]);
}
