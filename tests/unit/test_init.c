/* How a program begins: init and its options, ids, switches, the times of a thread. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/rows_kit.h"

static rr_error err;

static const char *id_of(rr_recording_stream rec)
{
    static char id[2][128];
    static int turn;
    turn = !turn;
    rr_recording_stream_recording_id(rec, id[turn], sizeof id[turn]);
    return id[turn];
}

/* What a program finds that is started with a variable: this one again, of which only the case as_started_anew runs. */
static int (*const anew[4])(void);

static int with_variable(const char *name, const char *value, unsigned which)
{
    char role[32];
    int out[2], answer = -1, status;
    CHECK_INT(pipe(out), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        snprintf(role, sizeof role, "%u %d", which, out[1]);
        setenv("TEST_ROLE", role, 1);
        setenv(name, value, 1);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        execl("/proc/self/exe", "test_init", "as_started_anew", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    CHECK(read(out[0], &answer, sizeof answer) == sizeof answer);
    close(out[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return answer;
}

RT_TEST(test_as_started_anew)
{
    const char *role = getenv("TEST_ROLE");
    unsigned which;
    int out;
    if (!role || sscanf(role, "%u %d", &which, &out) != 2)
        return;
    int answer = anew[which]();
    CHECK(write(out, &answer, sizeof answer) == sizeof answer);
}

/* ---------------------------------------------------------------- init */

RT_TEST(test_init_makes_a_global_recording_with_the_process_id)
{
    rr_init_options o = rr_init_options_default("app");
    CHECK_INT(o.stream.struct_size, sizeof o.stream);
    rr_recording_stream a = rr_init(&o, &err);
    OK(err);
    CHECK_INT(rr_current(), a);
    char id[64];
    snprintf(id, sizeof id, "%s", id_of(a));
    rr_recording_stream b = rr_init(&o, &err);
    OK(err);
    CHECK(a != b);
    CHECK_STR(id_of(b), id); /* two inits, one recording */
    CHECK_INT(rr_get_data_recording(a), 0); /* no caller had a handle of its own */
    o.stream.recording_id = "mine";
    CHECK_STR(id_of(rr_init(&o, &err)), "mine");
}

RT_TEST(test_a_new_init_keeps_streams_that_somebody_has)
{
    rr_init_options o = rr_init_options_default("app");
    rr_recording_stream a = rr_init(&o, &err), mine = kit_open("mine", NULL);
    CHECK_INT(rr_swap_global(0, RR_STORE_KIND_RECORDING), a); /* now it is the caller's */
    rr_recording_stream_set_global(a, RR_STORE_KIND_RECORDING);
    rr_init(&o, &err);
    OK(err);
    CHECK_INT(rr_get_data_recording(a), a);
    CHECK_INT(rr_get_data_recording(mine), mine);
    rr_recording_stream_free(a);
    rr_recording_stream_free(mine);
}

RT_TEST(test_without_init_logging_there_is_no_recording)
{
    rr_init_options o = rr_init_options_default("app");
    o.init_logging = 2;
    o.strict = 1;
    CHECK_INT(rr_init(&o, &err), 0);
    OK(err);
    CHECK_INT(rr_current(), 0);
    CHECK(rr_strict_mode());
    rr_log_scalar(RR_CURRENT, "/x", 1);
}

RT_TEST(test_a_disabled_recording_takes_no_rows)
{
    rr_init_options o = rr_init_options_default("app");
    o.stream.default_enabled = 2;
    rr_recording_stream rec = rr_init(&o, &err);
    OK(err);
    CHECK(rec && !rr_recording_stream_is_enabled(rec, &err));
    rr_log_scalar(RR_CURRENT, "/x", 1);
    rr_recording_stream_save(rec, rr_make_string("/nowhere/x.rrd"), &err); /* nothing happens */
    OK(err);
}

RT_TEST(test_init_with_a_blueprint_of_its_own)
{
    rr_init_options o = rr_init_options_default("app");
    o.exp_init_blueprint = 1;
    rr_init(&o, &err);
    OK(err);
    CHECK_STR(id_of(rr_get_global(RR_STORE_KIND_BLUEPRINT)), "app"); /* the application's default */
    o.exp_add_to_app_default_blueprint = 2;
    rr_init(&o, &err);
    OK(err);
    rr_recording_stream bp = rr_get_global(RR_STORE_KIND_BLUEPRINT);
    CHECK(bp && strcmp(id_of(bp), "app") != 0);
    CHECK(bp != rr_current());
}

RT_TEST(test_init_says_what_is_wrong)
{
    rr_init_options o = rr_init_options_default("");
    CHECK_INT(rr_init(&o, &err), 0);
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "application_id");
    CHECK_INT(rr_init(NULL, &err), 0);
    FAILS(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "options");
    o = rr_init_options_default("app");
    o.stream.struct_size = 3;
    CHECK_INT(rr_init(&o, &err), 0);
    FAILS(err, RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, "struct_size");
    o = rr_init_options_default("app");
    o.spawn = 1;
    CHECK(rr_init(&o, &err)); /* there is a recording, but no viewer */
    FAILS(err, RR_ERROR_CODE_NOT_IMPLEMENTED, "spawn");
}

/* ---------------------------------------------------------------- streams with options */

RT_TEST(test_open_can_put_the_stream_into_scopes)
{
    rr_stream_options o = rr_stream_options_default("app");
    o.make_default = 1;
    rr_recording_stream a = rr_recording_stream_open(&o, &err);
    o.make_default = 0;
    o.make_thread_default = 1;
    o.recording_id = "other";
    rr_recording_stream b = rr_recording_stream_open(&o, &err);
    OK(err);
    CHECK_INT(rr_get_global(RR_STORE_KIND_RECORDING), a);
    CHECK_INT(rr_get_thread_local(RR_STORE_KIND_RECORDING), b);
    rr_recording_stream_set_thread_local(0, RR_STORE_KIND_RECORDING);
    rr_recording_stream_free(a);
    rr_recording_stream_free(b);
}

RT_TEST(test_properties_are_the_first_chunk_or_none)
{
    for (int off = 0; off < 2; off++) {
        rr_memory_recording *mem;
        rr_bytes bytes;
        rr_stream_options o = rr_stream_options_default("app");
        o.send_properties = off ? 2 : 0;
        o.recording_name = "a name";
        rr_recording_stream rec = rr_recording_stream_open(&o, &err);
        mem = rr_recording_stream_memory(rec, &err);
        OK(err);
        CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
        CHECK_INT(kit_rows(bytes, "/__properties", true), !off);
        rr_bytes_free(&bytes);
        rr_recording_stream_free(rec);
        rr_memory_recording_free(mem);
    }
}

RT_TEST(test_a_batcher_of_ones_own_cuts_chunks)
{
    rr_chunk_batcher_config every_second = rr_chunk_batcher_config_never();
    rr_stream_options o = rr_stream_options_default("app");
    every_second.flush_num_rows = 2;
    o.batcher = &every_second;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    rr_memory_recording *mem = rr_recording_stream_memory(rec, &err);
    OK(err);
    uint64_t before = rr_memory_recording_num_msgs(mem);
    for (int i = 0; i < 6; i++)
        rr_log_scalar(rec, "/x", i);
    CHECK_INT(rr_memory_recording_num_msgs(mem) - before, 3);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

/* ---------------------------------------------------------------- ids */

RT_TEST(test_ids_can_be_asked_for)
{
    rr_stream_options o = rr_stream_options_default("my.prog");
    char buf[64] = "before";
    o.recording_id = "an id";
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    CHECK_INT(rr_recording_stream_recording_id(rec, buf, sizeof buf), 5);
    CHECK_STR(buf, "an id");
    CHECK_INT(rr_recording_stream_recording_id(rec, buf, 3), 5);
    CHECK_STR(buf, "an");
    CHECK_INT(rr_recording_stream_recording_id(rec, NULL, 0), 5);
    CHECK_INT(rr_recording_stream_recording_id(4711, buf, sizeof buf), 0);
    CHECK_STR(buf, "");
    char fine[64];
    CHECK_INT(rr_sanitize_application_id("my.prog", fine, sizeof fine), strlen(fine));
    CHECK(strncmp(fine, "my", 2) == 0 && !strchr(fine, '.'));
    CHECK_INT(rr_recording_stream_application_id(rec, buf, sizeof buf), strlen(fine));
    CHECK_STR(buf, fine);
    CHECK_INT(rr_sanitize_application_id("plain name", fine, sizeof fine), 10);
    CHECK_STR(fine, "plain name");
    CHECK_INT(rr_sanitize_application_id("plain name", fine, 6), 10);
    CHECK_STR(fine, "plain");
    CHECK_INT(rr_sanitize_application_id(NULL, fine, sizeof fine), 0);
    rr_recording_stream_free(rec);
}

RT_TEST(test_new_ids_are_random_uuids)
{
    char a[37], b[37];
    rr_new_recording_id(a);
    rr_new_recording_id(b);
    CHECK(strcmp(a, b) != 0);
    CHECK_INT(strlen(a), 36);
    CHECK(a[14] == '4' && strchr("89ab", a[19]));
    CHECK_INT(strspn(a, "0123456789abcdef-"), 36);
}

RT_TEST(test_the_process_id_is_set_before_the_first_stream_only)
{
    CHECK_INT(rr_set_default_recording_id("", &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "");
    CHECK_INT(rr_set_default_recording_id("chosen", &err), 0);
    rr_recording_stream rec = kit_open(NULL, NULL);
    CHECK_STR(id_of(rec), "chosen");
    CHECK_INT(rr_set_default_recording_id("later", &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    FAILS(err, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "");
    rr_recording_stream_free(rec);
}

static int has_the_id_of_the_environment(void)
{
    rr_recording_stream rec = kit_open(NULL, NULL);
    return strcmp(id_of(rec), "inherited") == 0 ? 0 : 1;
}

RT_TEST(test_the_process_id_is_inherited)
{
    CHECK_INT(with_variable("RETAP_RECORDING_ID", "inherited", 0), 0);
    /* what a program finds that a forked child becomes by exec */
    rr_recording_stream rec = kit_open(NULL, NULL);
    pid_t child = fork();
    int status = -1;
    if (child == 0) {
        const char *given = getenv("RETAP_RECORDING_ID");
        _exit(given && strcmp(given, id_of(rec)) == 0 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    rr_recording_stream_free(rec);
}

/* ---------------------------------------------------------------- switches */

static int is_enabled(void)
{
    rr_stream_options o = rr_stream_options_default("app");
    o.default_enabled = 2;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err), official =
        rr_recording_stream_new(&(rr_store_info){rr_make_string("app"), {0}, RR_STORE_KIND_RECORDING}, false, false, &err);
    return (rr_recording_stream_is_enabled(rec, &err) ? 1 : 0) + (rr_recording_stream_is_enabled(official, &err) ? 2 : 0);
}

RT_TEST(test_the_environment_wins_over_the_default)
{
    CHECK_INT(with_variable("RERUN", "on", 1), 3);
    CHECK_INT(with_variable("RERUN", "TRUE", 1), 3);
    CHECK_INT(with_variable("RERUN", "0", 1), 0);
}

static int logs_although_off(void)
{
    rr_memory_recording *mem;
    rr_set_enabled(true);
    rr_recording_stream rec = kit_open("x", &mem);
    rr_log_scalar(rec, "/x", 1);
    int rows = mem ? (int)kit_drain(mem, "/x") : 99;
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
    return rows;
}

RT_TEST(test_logging_can_be_switched_off_for_all)
{
    rr_memory_recording *mem;
    rr_recording_stream rec = kit_open("x", &mem);
    rr_log_scalar(rec, "/x", 1);
    rr_set_enabled(false);
    for (int i = 0; i < 10; i++)
        rr_log_scalar(rec, "/x", 1);
    rr_set_enabled(true);
    rr_log_scalar(rec, "/x", 1);
    CHECK_INT(kit_drain(mem, "/x"), 2);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
    CHECK_INT(with_variable("RERUN", "off", 2), 1);
}

static int strict(void)
{
    return rr_strict_mode();
}

RT_TEST(test_strict_mode)
{
    CHECK(!rr_strict_mode());
    rr_set_strict_mode(true);
    CHECK(rr_strict_mode());
    rr_set_strict_mode(false);
    CHECK(!rr_strict_mode());
    CHECK_INT(with_variable("RERUN_STRICT", "1", 3), 1);
    CHECK_INT(with_variable("RERUN_STRICT", "0", 3), 0);
}

static int (*const anew[4])(void) = {has_the_id_of_the_environment, is_enabled, logs_although_off, strict};

/* ---------------------------------------------------------------- times */

/* The times of the last row of /t in @mem, by the timelines' names: the value, INT64_MIN for none. */
static int64_t time_of(rr_bytes bytes, const char *timeline, const char *format)
{
    rr_rrd_message m = {.struct_size = sizeof m};
    rr_rrd_reader *reader = rr_rrd_reader_open_bytes(bytes, &err);
    int64_t found = INT64_MIN;
    while (rr_rrd_reader_next(reader, &m, &err)) {
        struct ArrowSchema schema;
        struct ArrowArray array;
        if (m.kind != RR_RRD_CHUNK || strcmp(m.entity_path, "/t"))
            continue;
        CHECK_INT(rr_rrd_reader_chunk(reader, &schema, &array, &err), 0);
        for (int64_t i = 0; i < schema.n_children; i++)
            if (!strcmp(schema.children[i]->name, timeline)) {
                const struct ArrowArray *c = array.children[i];
                CHECK(!strncmp(schema.children[i]->format, format, strlen(format)));
                found = ((const int64_t *)c->buffers[1])[c->offset + c->length - 1];
            }
        schema.release(&schema);
        array.release(&array);
    }
    rr_rrd_reader_free(reader);
    OK(err);
    return found;
}

RT_TEST(test_times_of_a_thread_in_all_units)
{
    rr_memory_recording *mem;
    rr_bytes bytes;
    rr_recording_stream rec = kit_open("x", &mem);
    rr_set_time_sequence(rec, "frame", -7);
    rr_set_time_duration_ns(rec, "dur_ns", 5);
    rr_set_time_duration_secs(rec, "dur_s", 1.5);
    rr_set_time_timestamp_ns(rec, "at_ns", 1700000000000000001);
    rr_set_time_timestamp_secs(rec, "at_s", 1700000000.5);
    rr_set_time_seconds(rec, "small_s", 3.132);
    rr_set_time_seconds(rec, "large_s", 1700000000.5);
    rr_set_time_nanos(rec, "small_ns", 42);
    rr_set_time_nanos(rec, "large_ns", 1700000000000000000);
    rr_log_scalar(rec, "/t", 1);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK_INT(time_of(bytes, "frame", "l"), -7);
    CHECK_INT(time_of(bytes, "dur_ns", "tDn"), 5);
    CHECK_INT(time_of(bytes, "dur_s", "tDn"), 1500000000);
    CHECK_INT(time_of(bytes, "at_ns", "tsn"), 1700000000000000001);
    CHECK_INT(time_of(bytes, "at_s", "tsn"), 1700000000500000000);
    CHECK_INT(time_of(bytes, "small_s", "tDn"), 3132000000);
    CHECK_INT(time_of(bytes, "large_s", "tsn"), 1700000000500000000);
    CHECK_INT(time_of(bytes, "small_ns", "tDn"), 42);
    CHECK_INT(time_of(bytes, "large_ns", "tsn"), 1700000000000000000);
    CHECK(time_of(bytes, "log_time", "tsn") > 1700000000000000000);
    rr_bytes_free(&bytes);
    rr_recording_stream_reset_time(rec);
    rr_log_scalar(rec, "/t", 1);
    CHECK_INT(rr_memory_recording_drain(mem, &bytes, &err), 0);
    CHECK(time_of(bytes, "frame", "l") == INT64_MIN);
    rr_bytes_free(&bytes);
    rr_recording_stream_free(rec);
    rr_memory_recording_free(mem);
}

/* ---------------------------------------------------------------- the disk */

RT_TEST(test_sync_hands_everything_to_the_file)
{
    char path[64];
    struct stat before, after;
    snprintf(path, sizeof path, "/tmp/retap-sync-%d.rrd", (int)getpid());
    rr_stream_options o = rr_stream_options_default("app");
    o.save = path;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    OK(err);
    stat(path, &before);
    rr_log_scalar(rec, "/x", 1);
    rr_recording_stream_sync(rec, 10, &err);
    OK(err);
    stat(path, &after);
    CHECK(after.st_size > before.st_size);
    rr_recording_stream_sync(12345, 1, &err);
    FAILS(err, RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, "12345");
    CHECK_INT(rr_recording_stream_close(rec, 10, &err), 0);
    CHECK_INT(rr_recording_stream_dropped(rec), 0);
    unlink(path);
}
