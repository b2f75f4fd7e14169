#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <retap.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/decode.h"
#include "recording/appid.h"
#include "tests/harness/test.h"

#define T0 1700000000000000000ll
#define MS 1000000ll

static rr_error err;
static char dir[64], file[512];

static rr_recording_stream open_with(rr_stream_options opt)
{
    opt.owner = 1;
    if (!dir[0]) {
        strcpy(dir, "/tmp/retap-test-XXXXXX");
        CHECK(mkdtemp(dir));
        snprintf(file, sizeof file, "%s/a.rrd", dir);
    }
    opt.save = opt.save ? opt.save : file;
    opt.recording_id = opt.recording_id ? opt.recording_id : "rec";
    return rr_recording_stream_open(&opt, &err);
}

static rr_recording_stream open_file(void)
{
    rr_recording_stream rec = open_with(rr_stream_options_default("test"));
    if (!rec)
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
    return rec;
}

static void tidy(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK_INT(system(command), 0);
}

/* Text rows "0", "1" … with the times given. */
static rr_error_code rows(rr_recording_stream rec, const char *path, const int64_t *times, uint32_t n,
                          const rr_column *columns, uint32_t n_columns)
{
    char text[4096 * 4];
    uint32_t ends[4097] = {0};
    CHECK(n <= 4096);
    for (uint32_t i = 0; i < n; i++)
        ends[i + 1] = ends[i] + (uint32_t)sprintf(text + ends[i], "%u", i % 1000);
    const rr_text_batch batch = {sizeof batch, n, times, text, ends, NULL, columns, n_columns};
    err = (rr_error){0};
    return rr_text_columns(rec, path, &batch, &err);
}

static void many_rows(rr_recording_stream rec, uint32_t n, int64_t start)
{
    int64_t times[100];
    for (uint32_t done = 0; done < n; done += 100) {
        for (int i = 0; i < 100; i++)
            times[i] = start + (done + i) * MS;
        rows(rec, "/a", times, n - done < 100 ? n - done : 100, NULL, 0);
    }
}

static void close_ok(rr_recording_stream rec)
{
    if (rr_recording_stream_close(rec, 1, &err))
        rt_test_fail(__FILE__, __LINE__, "%s", err.description);
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* ---------------------------------------------------------------- reading back */

struct found {
    uint32_t n_chunks, n_rows; /* of one entity, temporal */
    bool footer;
    int64_t times[20000];
    char text[20000][4];
};
static struct found found;

static void note(const struct rt_chunk *c)
{
    const struct rt_chunk_column *time = rt_chunk_find(c, RT_COLUMN_TIMELINE, "log_time");
    const struct rt_chunk_column *text = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:text");
    for (uint32_t i = 0; i < c->n_rows && found.n_rows < 20000; i++, found.n_rows++) {
        const char *p;
        size_t n = rt_cell_bytes(text, i, 0, &p);
        found.times[found.n_rows] = rt_time_value(time, i);
        snprintf(found.text[found.n_rows], 4, "%.*s", (int)n, p);
    }
    found.n_chunks++;
}

/* Calls @see for all chunks of @path; NULL collects text rows into `found`. */
static void read_back(const char *path, void (*see)(const struct rt_chunk *))
{
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error e = {0};
    int result;
    found.n_chunks = found.n_rows = 0;
    CHECK_INT(rt_rrd_reader_open(file, &r, &e), 0);
    while ((result = rt_rrd_reader_next(r, &frame, &e)) == 0) {
        struct rt_chunk c = {0};
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        if (rt_chunk_decode(&frame, &c, &e))
            rt_test_fail(__FILE__, __LINE__, "%s", e.message);
        if (!strcmp(c.entity_path, path))
            (see ? see : note)(&c);
        rt_chunk_deinit(&c);
    }
    if (result != RT_RRD_E_END)
        rt_test_fail(__FILE__, __LINE__, "%d: %s", result, e.message);
    found.footer = rt_rrd_reader_has_footer(r);
    rt_rrd_reader_free(r);
}

/* ---------------------------------------------------------------- times */

RT_TEST(test_rows_come_sorted_and_stable_and_equal_times_become_unique)
{
    rr_recording_stream rec = open_file();
    const int64_t times[] = {T0 + 5, T0 + 2, T0 + 5, T0 + 2, T0 + 3};
    CHECK_INT(rows(rec, "/a", times, 5, NULL, 0), 0);
    close_ok(rec);
    read_back("/a", NULL);
    static const char *const texts[] = {"1", "3", "4", "0", "2"};
    static const int64_t expected[] = {2, 3, 4, 5, 6};
    CHECK_INT(found.n_rows, 5);
    for (int i = 0; i < 5; i++) {
        CHECK_STR(found.text[i], texts[i]);
        CHECK_INT(found.times[i], T0 + expected[i]);
    }
    CHECK(found.footer);
    tidy();
}

RT_TEST(test_chunks_of_one_burst_do_not_overlap_but_old_rows_keep_their_time)
{
    rr_stream_options opt = rr_stream_options_default("test");
    opt.compact_at_close = 2;
    rr_recording_stream rec = open_with(opt);
    const int64_t first[] = {T0 + 100 * MS, T0 + 101 * MS}, near[] = {T0 + 100 * MS}, old[] = {T0};
    rows(rec, "/a", first, 2, NULL, 0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    rows(rec, "/a", near, 1, NULL, 0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    rows(rec, "/a", old, 1, NULL, 0);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_chunks, 3);
    CHECK_INT(found.times[2], T0 + 101 * MS + 1);
    CHECK_INT(found.times[3], T0);
    tidy();
}

/* ---------------------------------------------------------------- columns */

static void see_late_column(const struct rt_chunk *c)
{
    const struct rt_chunk_column *pid = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:pid");
    const struct rt_chunk_column *level = rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:level");
    bool null;
    int64_t v;
    CHECK(pid && !level);
    found.n_chunks++;
    if (found.n_chunks == 1) {
        CHECK_INT(c->n_rows, 3);
        CHECK_INT(rt_cell_count(pid, 0, &null), 0);
        CHECK(!null);
        CHECK(rt_cell_i64(pid, 2, 0, &v));
        CHECK_INT(v, 77);
    } else {
        CHECK_INT(rt_cell_count(pid, 0, &null), 0);
        CHECK(!null);
    }
}

/* A row without a value must say so, or viewers show that of the row before. */
RT_TEST(test_a_column_is_empty_before_it_came_and_stays_afterwards)
{
    rr_stream_options opt = rr_stream_options_default("test");
    opt.compact_at_close = 2;
    rr_recording_stream rec = open_with(opt);
    const int64_t times[] = {T0, T0 + 1, T0 + 2, T0 + 3};
    const uint32_t pid = 77;
    const rr_column column = {"retap.Log:pid", &pid, NULL, NULL};
    rows(rec, "/a", times, 2, NULL, 0);
    CHECK_INT(rows(rec, "/a", times + 2, 1, &column, 1), 0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    rows(rec, "/a", times + 3, 1, NULL, 0);
    close_ok(rec);
    read_back("/a", see_late_column);
    CHECK_INT(found.n_chunks, 2);
    tidy();
}

RT_TEST(test_mistakes_of_the_caller_are_told_and_change_nothing)
{
    rr_recording_stream rec = open_file();
    const int64_t times[] = {T0};
    const uint32_t v = 1;
    const rr_column unknown = {"retap.Log:nothing", &v, NULL, NULL},
        no_offsets = {"retap.Log:host", &v, NULL, NULL};
    const rr_column twice[] = {{"retap.Log:pid", &v, NULL, NULL}, {"retap.Log:pid", &v, NULL, NULL}};
    CHECK_INT(rows(rec, "/a", times, 1, &unknown, 1), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK(strstr(err.description, "retap.Log:nothing"));
    CHECK_INT(rows(rec, "/a", times, 1, &no_offsets, 1), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_INT(rows(rec, "/a", times, 1, twice, 2), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_INT(rr_recording_stream_pending_rows(rec, NULL), 0);
    CHECK_INT(rows(rec, "/a", times, 1, twice, 1), 0);
    CHECK_INT(rr_recording_stream_pending_rows(rec, NULL), 1);
    close_ok(rec);
    CHECK_INT(rows(rec, "/a", times, 1, NULL, 0), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    CHECK_INT(rr_recording_stream_close(rec, 1, &err), RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE);
    tidy();
}

static char field_names[8][64];

static void see_field_names(const struct rt_chunk *c)
{
    found.n_chunks = 0;
    for (uint32_t i = 0; i < c->n_columns; i++)
        if (!strncmp(c->columns[i].name, "retap.Field:", 12))
            snprintf(field_names[found.n_chunks++], 64, "%s", c->columns[i].name + 12);
}

/* Column names of a manifest have '_' for ' ', ',', '-', '.' and '\\'; the viewer refused a file where two
 * came out equal. */
RT_TEST(test_fields_that_a_manifest_cannot_tell_apart_get_numbers)
{
    rr_recording_stream rec = open_file();
    const int64_t times[] = {T0, T0 + 1};
    const uint32_t offsets[] = {0, 1};
    const rr_column columns[] = {{"retap.Field:a.b", "1", offsets, NULL},
                                 {"retap.Field:a_b", "2", offsets, NULL},
                                 {"retap.Field:a b", "3", offsets, NULL},
                                 {"retap.Field:a_c", "4", offsets, NULL}};
    CHECK_INT(rows(rec, "/a", times, 1, columns, 4), 0);
    CHECK_INT(rows(rec, "/a", times + 1, 1, columns + 1, 1), 0);
    CHECK_INT(rows(rec, "/other", times, 1, columns + 1, 1), 0);
    close_ok(rec);
    read_back("/a", see_field_names);
    CHECK_INT(found.n_chunks, 4);
    CHECK_STR(field_names[0], "a b_3");
    CHECK_STR(field_names[1], "a.b");
    CHECK_STR(field_names[2], "a_b_2");
    CHECK_STR(field_names[3], "a_c");
    read_back("/other", see_field_names);
    CHECK_STR(field_names[0], "a_b_2");
    tidy();
}

/* ---------------------------------------------------------------- chunk sizes */

RT_TEST(test_chunks_follow_the_official_variables)
{
    setenv("RERUN_FLUSH_NUM_ROWS", "250", 1);
    rr_stream_options opt = rr_stream_options_default("test");
    opt.compact_at_close = 2;
    rr_recording_stream rec = open_with(opt);
    many_rows(rec, 1000, T0);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_chunks, 4);
    setenv("RERUN_FLUSH_NUM_ROWS", "1000000", 1);
    setenv("RERUN_FLUSH_NUM_BYTES", "20kB", 1);
    rec = open_with(opt);
    many_rows(rec, 2000, T0);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK(found.n_chunks >= 2 && found.n_chunks <= 6);
    CHECK_INT(found.n_rows, 2000);
    tidy();
}

RT_TEST(test_application_ids_are_rewritten_as_rerun_does)
{
    static const char *const cases[][2] = {{"a.b", "a-bed56"}, {"a/b", "a-b5aae"},
                                           {"golden.app", "golden-app6e52"},
                                           {"golden/app", "golden-appf235"}, {"a b", "a b"},
                                           {"x_[1]: y-Z", "x_[1]: y-Z"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *id = rt_appid_rewrite(cases[i][0]);
        CHECK_STR(id, cases[i][1]);
        free(id);
    }
    char big[200];
    memset(big, 'a', 181);
    big[181] = 0;
    char *id = rt_appid_rewrite(big);
    CHECK_INT(strlen(id), 180);
    free(id);
    id = rt_appid_rewrite("\xc3\xa9");
    CHECK_INT(strlen(id), 5);
    CHECK_INT(id[0], '-');
    free(id);
}

/* ---------------------------------------------------------------- files */

RT_TEST(test_an_output_that_cannot_be_written_is_named)
{
    rr_stream_options opt = rr_stream_options_default("test");
    opt.save = "/proc/nothing/x.rrd";
    CHECK(!open_with(opt));
    CHECK_INT(err.code, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE);
    CHECK(strstr(err.description, "/proc/nothing/x.rrd"));
    opt.save = "/tmp";
    CHECK(!open_with(opt));
    opt.save = "/dev/full";
    CHECK(!open_with(opt));
    CHECK(strstr(err.description, "No space left"));
    opt = rr_stream_options_default("");
    CHECK(!open_with(opt));
    CHECK_INT(err.code, RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    tidy();
}

/* A limit on the file's size ends a write halfway, as a full disk does. */
RT_TEST(test_half_a_frame_is_taken_back_and_its_rows_counted)
{
    signal(SIGXFSZ, SIG_IGN);
    rr_recording_stream rec = open_file();
    many_rows(rec, 500, T0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    uint64_t good = rr_recording_stream_durable_bytes(rec);
    struct rlimit limit, now = {good + 100, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &limit);
    now.rlim_max = limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &now), 0);
    many_rows(rec, 700, T0 + 1000 * MS);
    err = (rr_error){0};
    rr_recording_stream_flush_blocking(rec, 1, &err);
    CHECK_INT(err.code, RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE);
    CHECK(strstr(err.description, file));
    CHECK_INT(size_of(file), good);
    CHECK_INT(rr_recording_stream_dropped(rec), 700);
    setrlimit(RLIMIT_FSIZE, &limit);
    many_rows(rec, 300, T0 + 3000 * MS);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_rows, 800);
    CHECK(found.footer);
    tidy();
}

/* fd of the open recording. */
static int find_fd(void)
{
    char link[64], target[256];
    for (int fd = 0; fd < 1024; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        if (n > 0 && (target[n] = 0, !strcmp(target, file)))
            return fd;
    }
    return -1;
}

RT_TEST(test_a_reused_descriptor_is_not_written_to)
{
    rr_recording_stream rec = open_file();
    int fd = find_fd();
    char other[160];
    CHECK(fd >= 64);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    snprintf(other, sizeof other, "%s/other", dir);
    int mine = open(other, O_RDWR | O_CREAT, 0600);
    CHECK_INT(dup2(mine, fd), fd);
    many_rows(rec, 100, T0);
    CHECK(rr_recording_stream_close(rec, 1, &err));
    CHECK_INT(size_of(other), 0);
    CHECK_INT(fcntl(fd, F_GETFD), 0);
    close(fd);
    close(mine);
    tidy();
}

/* ---------------------------------------------------------------- compaction */

static void write_small_chunks(rr_stream_options opt, const char *name_twice)
{
    rr_recording_stream rec = open_with(opt);
    CHECK(rec);
    for (int i = 0; i < 30; i++) {
        many_rows(rec, 20, T0 + i * 20 * MS);
        rr_recording_stream_flush_blocking(rec, 1, &err);
    }
    if (name_twice)
        CHECK_INT(link(file, name_twice), 0);
    CHECK_INT(chmod(file, 0640), 0);
    close_ok(rec);
    read_back("/a", NULL);
}

RT_TEST(test_small_chunks_are_merged_at_close)
{
    struct stat st;
    write_small_chunks(rr_stream_options_default("test"), NULL);
    CHECK_INT(found.n_chunks, 1);
    CHECK_INT(found.n_rows, 600);
    for (int i = 0; i < 600; i++)
        CHECK_INT(found.times[i], T0 + i * MS);
    CHECK(found.footer);
    CHECK_INT(stat(file, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0640);
    DIR *d = opendir(dir);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    CHECK_INT(n, 3);
    tidy();
}

RT_TEST(test_a_file_with_two_names_or_compaction_off_stays_as_written)
{
    rr_stream_options opt = rr_stream_options_default("test");
    opt.compact_at_close = 2;
    write_small_chunks(opt, NULL);
    CHECK_INT(found.n_chunks, 30);
    char other[160];
    snprintf(other, sizeof other, "%s/other", dir);
    write_small_chunks(rr_stream_options_default("test"), other);
    CHECK_INT(found.n_chunks, 30);
    CHECK(found.footer);
    tidy();
}

/* The temporary name does not fit into a directory: nothing else of a failure can be had as root. */
RT_TEST(test_a_failed_compaction_leaves_the_file_with_its_footer)
{
    close_ok(open_file());
    snprintf(file, sizeof file, "%s/%0250d", dir, 7);
    write_small_chunks(rr_stream_options_default("test"), NULL);
    CHECK_INT(found.n_chunks, 30);
    CHECK_INT(found.n_rows, 600);
    CHECK(found.footer);
    tidy();
}

/* Batches may be parts of larger arrays. */
RT_TEST(test_offsets_need_not_start_at_zero)
{
    rr_recording_stream rec = open_file();
    const int64_t times[] = {T0, T0 + 1};
    const uint32_t ends[] = {3, 5, 6}, list[] = {1, 1, 3}, pids[] = {9, 5, 6};
    const rr_column pid = {"retap.Log:pid", pids, NULL, list};
    const rr_text_batch batch = {sizeof batch, 2, times, "xxxabc", ends, NULL, &pid, 1};
    CHECK_INT(rr_text_columns(rec, "/a", &batch, &err), 0);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_STR(found.text[0], "ab");
    CHECK_STR(found.text[1], "c");
    tidy();
}

/* Regression: differences and successors of times were computed beyond what an int64_t holds. */
RT_TEST(test_times_at_both_ends)
{
    rr_recording_stream rec = open_file();
    const int64_t early[] = {INT64_MIN, INT64_MIN}, late[] = {INT64_MAX, INT64_MAX};
    const uint32_t ends[] = {0, 1, 2};
    const rr_text_batch batches[] = {{sizeof *batches, 2, late, "ab", ends, NULL, NULL, 0}, {sizeof *batches, 2, early, "cd", ends, NULL, NULL, 0}};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(rr_text_columns(rec, "/a", &batches[i], &err), 0);
        rr_recording_stream_flush_blocking(rec, 1, &err);
    }
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_rows, 4);
    tidy();
}

/* Regression: a chunk whose text column had no instance at all stopped the compaction. */
RT_TEST(test_chunks_with_columns_of_empty_lists_are_merged)
{
    rr_recording_stream rec = open_file();
    const int64_t times[] = {T0, T0 + MS};
    const uint32_t offsets[] = {0, 4};
    const rr_column host = {"retap.Log:host", "here", offsets, NULL};
    CHECK_INT(rows(rec, "/a", times, 1, &host, 1), 0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    rows(rec, "/a", times + 1, 1, NULL, 0);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_chunks, 1);
    CHECK_INT(found.n_rows, 2);
    tidy();
}

/* 60 rows, 20 a second, a tick a second, process rows: what a quiet program leaves. Return: bytes of the
 * closed file. */
static uint64_t quiet_file(uint32_t n_columns)
{
    rr_stream_options opt = rr_stream_options_default("quiet");
    opt.recording_id = NULL;
    rr_recording_stream rec = open_with(opt);
    const uint32_t pid[20] = {4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711, 4711,
                              4711, 4711, 4711, 4711, 4711, 4711, 4711};
    for (int s = 0; s < 3; s++) {
        int64_t times[20], mono[20];
        char text[20 * 128];
        uint32_t ends[21] = {0};
        rr_level level[20];
        for (int i = 0; i < 20; i++) {
            times[i] = T0 + (s * 20 + i) * 50 * MS + (s * 31 + i * 7919) % 100000;
            mono[i] = times[i] - T0 + 123456789;
            level[i] = i % 9 ? RR_LEVEL_INFO : RR_LEVEL_WARN;
            ends[i + 1] = ends[i] + (uint32_t)sprintf(text + ends[i],
                                                      "2026-11-20 12:00:%02d worker-%d: request id=%08x path=/api/v1/items/%d took %d us status=%d",
                                                      s, i % 8, (unsigned)(i + s * 20) * 2654435761u,
                                                      i * 977 % 100000, i * 7919 % 50000, i % 9 ? 200 : 404);
        }
        const rr_column columns[] = {{"retap.Log:pid", pid, NULL, NULL}, {"retap.Log:tid", pid, NULL, NULL},
                                     {"retap.Log:mono", mono, NULL, NULL}};
        const rr_text_batch batch = {sizeof batch, 20, times, text, ends, level, columns, n_columns};
        CHECK_INT(rr_text_columns(rec, "/logs/app/stderr", &batch, &err), 0);
        rr_recording_stream_flush_blocking(rec, 1, &err);
    }
    const int64_t times[] = {T0 - MS, T0 + 4000 * MS}, status = 0;
    const uint32_t state_ends[] = {0, 7, 16}, list[] = {0, 0, 1};
    const rr_column process[] = {{"StateChange:state", "startedexited(0)", state_ends, NULL},
                                 {"retap.Log:exit_status", &status, NULL, list}};
    CHECK_INT(rr_log_columns(rec, "/process/app", 2, times, process, 2, &err), 0);
    close_ok(rec);
    return size_of(file);
}

RT_TEST(test_a_quiet_file_is_small)
{
    uint64_t text = quiet_file(0), more = quiet_file(3);
    if (text > 9000 || more > 10000)
        rt_test_fail(__FILE__, __LINE__, "%llu bytes with text and level, %llu with pid, tid and mono",
                     (unsigned long long)text,
                     (unsigned long long)more);
    tidy();
}

/* ---------------------------------------------------------------- all together, by chance */

enum { CHANCE_ROWS = 3000, CHANCE_MAX = 40 };
static struct {
    int64_t time;
    uint8_t n_pids, n_args, level; /* 0: none */
} chance[CHANCE_ROWS];
static uint32_t chance_seed;

static uint32_t dice(uint32_t n)
{
    chance_seed = chance_seed * 1664525u + 1013904223u;
    return (chance_seed >> 8) % n;
}

/* Row @row: text is its number; pids row, row + 1 …; args "aaa…" of lengths row % 7, row % 7 + 1 …; times
 * in any order. */
static void chance_rows(rr_recording_stream rec, uint32_t row, uint32_t n, bool pids, bool args)
{
    int64_t times[CHANCE_MAX];
    char text[CHANCE_MAX * 8], letters[CHANCE_MAX * 3 * 10];
    uint32_t ends[CHANCE_MAX + 1] = {0}, pid[CHANCE_MAX * 3], pid_list[CHANCE_MAX + 1] = {0},
        arg_ends[CHANCE_MAX * 3 + 1] = {0},
             arg_list[CHANCE_MAX + 1] = {0};
    rr_level levels[CHANCE_MAX];
    memset(letters, 'a', sizeof letters);
    for (uint32_t i = 0; i < n; i++, row++) {
        times[i] = chance[row].time;
        levels[i] = chance[row].level = (uint8_t)dice(7);
        ends[i + 1] = ends[i] + (uint32_t)sprintf(text + ends[i], "%u", row);
        chance[row].n_pids = pids ? (uint8_t)dice(4) : 0;
        chance[row].n_args = args ? (uint8_t)dice(4) : 0;
        pid_list[i + 1] = pid_list[i] + chance[row].n_pids;
        for (uint32_t k = 0; k < chance[row].n_pids; k++)
            pid[pid_list[i] + k] = row + k;
        arg_list[i + 1] = arg_list[i] + chance[row].n_args;
        for (uint32_t k = 0; k < chance[row].n_args; k++)
            arg_ends[arg_list[i] + k + 1] = arg_ends[arg_list[i] + k] + row % 7 + k;
    }
    rr_column columns[2];
    uint32_t n_columns = 0;
    if (pids)
        columns[n_columns++] = (rr_column){"retap.Log:pid", pid, NULL, pid_list};
    if (args)
        columns[n_columns++] = (rr_column){"retap.Log:args", letters, arg_ends, arg_list};
    const rr_text_batch batch = {sizeof batch, n, times, text, ends, levels, columns, n_columns};
    CHECK_INT(rr_text_columns(rec, "/a", &batch, &err), 0);
}

static void see_chance_row(const struct rt_chunk *c, uint32_t i)
{
    const struct rt_chunk_column *pid = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:pid");
    const struct rt_chunk_column *args = rt_chunk_find(c, RT_COLUMN_COMPONENT, "retap.Log:args");
    const char *p;
    bool null;
    size_t n = rt_cell_bytes(rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:text"), i, 0, &p);
    char number[16];
    snprintf(number, sizeof number, "%.*s", (int)n, p);
    uint32_t row = (uint32_t)atoi(number);
    CHECK_INT(rt_time_value(rt_chunk_find(c, RT_COLUMN_TIMELINE, "log_time"), i), chance[row].time);
    n = rt_cell_bytes(rt_chunk_find(c, RT_COLUMN_COMPONENT, "TextLog:level"), i, 0, &p);
    CHECK(chance[row].level ? n >= 4 && p[0] == "?CEWIDT"[chance[row].level] : !p);
    CHECK_INT(pid ? rt_cell_count(pid, i, &null) : 0, chance[row].n_pids);
    CHECK_INT(args ? rt_cell_count(args, i, &null) : 0, chance[row].n_args);
    for (uint32_t k = 0; k < chance[row].n_pids; k++) {
        int64_t v;
        CHECK(rt_cell_i64(pid, i, k, &v));
        CHECK_INT(v, row + k);
    }
    for (uint32_t k = 0; k < chance[row].n_args; k++)
        CHECK_INT(rt_cell_bytes(args, i, k, &p), row % 7 + k);
    found.n_rows++;
}

static void see_chance(const struct rt_chunk *c)
{
    for (uint32_t i = 0; i < c->n_rows; i++)
        see_chance_row(c, i);
}

RT_TEST(test_any_mix_of_columns_orders_and_flushes_comes_back)
{
    setenv("RERUN_FLUSH_NUM_ROWS", "64", 1);
    for (uint32_t round = 0; round < 12; round++) {
        rr_stream_options opt = rr_stream_options_default("test");
        opt.compact_at_close = round % 2 ? 1 : 2;
        chance_seed = round;
        for (int64_t i = 0; i < CHANCE_ROWS; i++)
            chance[i].time = T0 + i * 20 * MS;
        /* some rounds in order */
        for (uint32_t i = round / 2 % 3; i && i < CHANCE_ROWS; i += round / 2 % 3) {
            uint32_t k = dice(i);
            int64_t t = chance[i].time;
            chance[i].time = chance[k].time;
            chance[k].time = t;
        }
        rr_recording_stream rec = open_with(opt);
        for (uint32_t row = 0, n; row < CHANCE_ROWS; row += n) {
            n = 1 + dice(CHANCE_MAX);
            n = n < CHANCE_ROWS - row ? n : CHANCE_ROWS - row;
            chance_rows(rec, row, n, dice(3), row > 500 && dice(2));
            if (!dice(20))
                rr_recording_stream_flush_blocking(rec, 1, &err);
        }
        close_ok(rec);
        read_back("/a", see_chance);
        CHECK_INT(found.n_rows, CHANCE_ROWS);
        CHECK(found.footer);
    }
    tidy();
}

/* ---------------------------------------------------------------- continuation */

static rr_recording_stream resume_at(uint64_t bytes, const char *id)
{
    rr_stream_options opt = rr_stream_options_default("test");
    opt.resume = 1;
    opt.resume_bytes = bytes;
    opt.recording_id = id;
    err = (rr_error){0};
    return open_with(opt);
}

RT_TEST(test_a_recording_goes_on_where_its_file_was_durable)
{
    rr_recording_stream rec = open_file();
    many_rows(rec, 200, T0);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    uint64_t bytes = rr_recording_stream_durable_bytes(rec);
    many_rows(rec, 100, T0 + 1000 * MS);
    rr_recording_stream_flush_blocking(rec, 1, &err);
    many_rows(rec, 50, T0 + 2000 * MS);
    rr_recording_stream_abandon(rec);
    CHECK(size_of(file) > bytes);

    CHECK(!resume_at(bytes - 1, "rec"));
    CHECK(!resume_at(bytes, "another"));
    CHECK(strstr(err.description, file));
    CHECK(!resume_at(bytes + 1000000, "rec"));
    CHECK(size_of(file) > bytes);

    rec = resume_at(bytes, "rec");
    CHECK(rec);
    CHECK_INT(size_of(file), bytes);
    CHECK_INT(rr_recording_stream_durable_bytes(rec), bytes);
    const int64_t equal[] = {T0 + 199 * MS};
    rows(rec, "/a", equal, 1, NULL, 0);
    many_rows(rec, 300, T0 + 5000 * MS);
    close_ok(rec);
    read_back("/a", NULL);
    CHECK_INT(found.n_rows, 501);
    CHECK_INT(found.times[200], T0 + 199 * MS + 1);
    CHECK(found.footer);
    CHECK(!resume_at(size_of(file), "rec"));
    tidy();
}
