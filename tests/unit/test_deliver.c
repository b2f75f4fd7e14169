/* Messages on their way to several sinks: the same bytes for all, losses of one, backlog, children. */
#include <errno.h>
#include <fcntl.h>
#include <retap.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "encode/decode.h"
#include "recording/recording.h"
#include "recording/store.h"
#include "tests/harness/test.h"

#define T0 1700000000000000000ll

/* A sink that keeps what it takes, and refuses on demand. */
struct fake {
    struct rt_sink base;
    struct rt_backlog kept;
    bool refuses, gives_backlog;
    int *closed, *abandoned;
};

static int fake_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct fake *f = (struct fake *)sink;
    return f->refuses ? rt_error_set(err, -ENOSPC, "full") : rt_backlog_add(&f->kept, m);
}

static int fake_backlog(struct rt_sink *sink, struct rt_backlog *ret)
{
    struct fake *f = (struct fake *)sink;
    if (!f->gives_backlog)
        return 0;
    *ret = f->kept;
    f->kept = (struct rt_backlog){0};
    return 0;
}

static int fake_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    struct fake *f = (struct fake *)sink;
    if (f->closed)
        ++*f->closed;
    rt_backlog_deinit(&f->kept);
    free(f);
    return 0;
}

static void fake_abandon(struct rt_sink *sink)
{
    struct fake *f = (struct fake *)sink;
    if (f->abandoned)
        ++*f->abandoned;
    rt_backlog_deinit(&f->kept);
    free(f);
}

static const struct rt_sink_ops fake_ops = {.kind = "fake", .take = fake_take, .backlog = fake_backlog, .close = fake_close, .abandon = fake_abandon};

static struct fake *fake(int64_t tick_ns)
{
    struct fake *f = calloc(1, sizeof *f);
    f->base = (struct rt_sink){.ops = &fake_ops, .tick_ns = tick_ns};
    return f;
}

static struct rt_recording *recording(const char *id)
{
    const struct rt_recording_config config = {"test", id, RR_STORE_KIND_RECORDING, {4096, 384 << 10, 8192, 0}, false};
    struct rt_recording *rec;
    CHECK_INT(rt_recording_new(&config, &rec, NULL), 0);
    return rec;
}

static int rows(struct rt_recording *rec, const char *path, uint32_t n)
{
    int64_t times[100];
    uint32_t ends[101] = {0};
    char text[400];
    CHECK(n <= 100);
    for (uint32_t i = 0; i < n; i++) {
        times[i] = T0 + i;
        ends[i + 1] = ends[i] + (uint32_t)sprintf(text + ends[i], "%u", i);
    }
    const rr_text_batch batch = {sizeof batch, n, times, text, ends, NULL, NULL, 0};
    CHECK_INT(rt_recording_append(rec, path, &batch, NULL), 0);
    return rt_recording_flush(rec, NULL);
}

static void set(struct rt_recording *rec, uint32_t n, struct fake *const *list)
{
    struct rt_sink *sinks[8];
    for (uint32_t i = 0; i < n; i++)
        sinks[i] = &list[i]->base;
    CHECK_INT(rt_recording_set_sinks(rec, sinks, n, UINT64_MAX, NULL), 0);
}

static void set_one(struct rt_recording *rec, struct fake *f)
{
    set(rec, 1, &f);
}

RT_TEST(test_all_sinks_get_the_same_messages_in_order)
{
    struct rt_recording *rec = recording("rec");
    struct fake *two[] = {fake(0), fake(0)};
    set(rec, 2, two);
    CHECK(two[0]->base.shared && two[1]->base.shared);
    rows(rec, "/a", 3);
    rows(rec, "/b", 2);
    CHECK_INT(two[0]->kept.n, 3);
    CHECK_INT(two[1]->kept.n, 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK(two[0]->kept.list[i] == two[1]->kept.list[i]);
        CHECK_INT(two[0]->kept.list[i]->seq, i + 1);
    }
    CHECK_INT(two[0]->kept.list[0]->type, RT_MESSAGE_STORE_INFO);
    CHECK_INT(two[0]->kept.list[1]->type, RT_MESSAGE_CHUNK);
    CHECK_INT(two[0]->kept.list[1]->n_rows, 3);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
}

RT_TEST(test_a_sink_that_refuses_does_not_disturb_the_others)
{
    struct rt_recording *rec = recording("rec");
    struct fake *three[] = {fake(0), fake(0), fake(0)};
    struct rt_error e;
    set(rec, 3, three);
    three[1]->refuses = true;
    CHECK_INT(rows(rec, "/a", 5), -ENOSPC);
    CHECK_INT(three[1]->base.n_lost, 5);
    CHECK_INT(three[0]->base.n_lost, 0);
    CHECK_INT(rt_recording_dropped(rec), 5);
    three[1]->refuses = false;
    CHECK_INT(rows(rec, "/a", 7), 0);
    CHECK_INT(three[0]->kept.n, 3);
    CHECK_INT(three[1]->kept.n, 2);
    CHECK_INT(three[2]->kept.n, 3);
    set_one(rec, fake(0));
    CHECK_INT(rt_recording_dropped(rec), 5); /* also when the sink is gone */
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, &e), 0);
}

RT_TEST(test_the_backlog_comes_before_what_is_new_and_store_info_once)
{
    struct rt_recording *rec = recording("rec");
    struct fake *buffer = fake(0), *next = fake(0);
    int closed = 0;
    buffer->gives_backlog = true;
    buffer->closed = &closed;
    set_one(rec, buffer);
    rows(rec, "/a", 1);
    rows(rec, "/a", 2);
    set_one(rec, next);
    CHECK_INT(closed, 1);
    rows(rec, "/a", 3);
    CHECK_INT(next->kept.n, 4);
    CHECK_INT(next->kept.list[0]->type, RT_MESSAGE_STORE_INFO);
    for (uint32_t i = 1; i < 4; i++)
        CHECK_INT(next->kept.list[i]->n_rows, i);
    CHECK(!next->base.shared);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
}

/* Sinks that were set together hold the same messages: the next must not get them twice. */
RT_TEST(test_two_backlogs_of_one_sequence_are_one)
{
    struct rt_recording *rec = recording("rec");
    struct fake *two[] = {fake(0), fake(0)}, *next = fake(0);
    two[0]->gives_backlog = two[1]->gives_backlog = true;
    set(rec, 2, two);
    rows(rec, "/a", 1);
    two[0]->refuses = true;
    rows(rec, "/a", 2);
    set_one(rec, next);
    CHECK_INT(next->kept.n, 3);
    CHECK_INT(next->kept.list[1]->n_rows, 1);
    CHECK_INT(next->kept.list[2]->n_rows, 2);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
}

RT_TEST(test_messages_outlive_their_recording)
{
    struct rt_recording *rec = recording("rec");
    struct fake *f = fake(0);
    set_one(rec, f);
    rows(rec, "/a", 1);
    struct rt_log_message *m = rt_message_ref(f->kept.list[1]);
    rt_recording_free(rec);
    CHECK_STR(m->store->id.recording_id, "rec");
    CHECK_STR(rt_manifest_entity(&m->store->names, 0), "/a");
    rt_message_unref(m);
}

RT_TEST(test_free_abandons_and_no_sink_counts_rows_as_lost)
{
    struct rt_recording *rec = recording("rec");
    int closed = 0, abandoned = 0;
    CHECK_INT(rows(rec, "/a", 4), 0);
    CHECK_INT(rt_recording_dropped(rec), 4);
    struct fake *f = fake(0);
    f->closed = &closed;
    f->abandoned = &abandoned;
    set_one(rec, f);
    rt_recording_free(rec);
    CHECK_INT(closed, 0);
    CHECK_INT(abandoned, 1);
}

RT_TEST(test_the_tick_is_the_smallest_that_a_sink_wants)
{
    struct rt_recording *rec = recording("rec");
    struct fake *three[] = {fake(200), fake(8), fake(0)};
    CHECK_INT(rt_recording_tick_ns(rec), INT64_MAX);
    set(rec, 3, three);
    CHECK_INT(rt_recording_tick_ns(rec), 8);
    rt_recording_free(rec);
    const struct rt_recording_config config = {"test", "rec", 0, {1, 2, 3, 77}, false};
    CHECK_INT(rt_recording_new(&config, &rec, NULL), 0);
    set_one(rec, fake(8));
    CHECK_INT(rt_recording_tick_ns(rec), 77);
    rt_recording_free(rec);
}

/* ---------------------------------------------------------------- files */

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[8][160];
    static int next;
    if (!dir[0]) {
        strcpy(dir, "/tmp/retap-test-XXXXXX");
        CHECK(mkdtemp(dir));
    }
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void tidy(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK_INT(system(command), 0);
}

static struct rt_sink *file_sink(const char *name)
{
    struct rt_sink *sink;
    struct rt_error e = {0};
    if (rt_sink_file(in_dir(name), RT_SINK_CREATE, true, &sink, &e))
        rt_test_fail(__FILE__, __LINE__, "%s", e.message);
    return sink;
}

struct counts {
    uint32_t infos, chunks, rows, entities[2]; /* by recording "one", "two" */
    bool footer;
};

static struct counts count(const char *path)
{
    struct counts n = {0};
    struct rt_rrd_reader *r;
    struct rt_frame frame;
    struct rt_error e = {0};
    int result;
    CHECK_INT(rt_rrd_reader_open(path, &r, &e), 0);
    while (!(result = rt_rrd_reader_next(r, &frame, &e))) {
        struct rt_chunk c = {0};
        n.infos += frame.kind == RT_FRAME_SET_STORE_INFO;
        if (frame.kind != RT_FRAME_ARROW)
            continue;
        CHECK_INT(rt_chunk_decode(&frame, &c, &e), 0);
        n.chunks++;
        n.rows += c.n_rows;
        n.entities[!strcmp(c.recording_id, "two")]++;
        rt_chunk_deinit(&c);
    }
    CHECK_INT(result, RT_RRD_E_END);
    n.footer = rt_rrd_reader_has_footer(r);
    rt_rrd_reader_free(r);
    return n;
}

static bool same_files(const char *a, const char *b)
{
    char command[400];
    snprintf(command, sizeof command, "cmp -s %s %s", a, b);
    return system(command) == 0;
}

/* Their chunks must stay what they are: the other file has the same. */
RT_TEST(test_files_that_share_a_stream_are_equal_and_not_compacted)
{
    struct rt_recording *rec = recording("rec");
    struct rt_sink *two[] = {file_sink("a.rrd"), file_sink("b.rrd")};
    CHECK_INT(rt_recording_set_sinks(rec, two, 2, UINT64_MAX, NULL), 0);
    for (int i = 0; i < 20; i++)
        rows(rec, "/a", 10);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct counts n = count(in_dir("a.rrd"));
    CHECK_INT(n.chunks, 20);
    CHECK(n.footer);
    CHECK(same_files(in_dir("a.rrd"), in_dir("b.rrd")));
    tidy();
}

RT_TEST(test_a_file_begins_and_ends_where_its_sink_was_set)
{
    struct rt_recording *rec = recording("rec");
    struct rt_sink *sink = file_sink("a.rrd");
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    rows(rec, "/a", 10);
    sink = file_sink("b.rrd");
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    rows(rec, "/b", 5);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct counts a = count(in_dir("a.rrd")), b = count(in_dir("b.rrd"));
    CHECK(a.footer && b.footer);
    CHECK_INT(a.rows, 10);
    CHECK_INT(b.rows, 5);
    CHECK_INT(a.infos, 1);
    CHECK_INT(b.infos, 1);
    tidy();
}

RT_TEST(test_messages_of_another_store_have_their_own_part_of_the_footer_and_stay_in_compaction)
{
    struct rt_recording *rec = recording("one"), *other = recording("two");
    struct rt_sink *sink = file_sink("a.rrd");
    struct fake *source = fake(0);
    set_one(other, source);
    for (int i = 0; i < 5; i++)
        rows(other, "/x", 4);
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    for (int i = 0; i < 30; i++) {
        rows(rec, "/a", 10);
        if (i < 6)
            CHECK_INT(rt_recording_send(rec, source->kept.list[i], NULL), 0);
    }
    rt_recording_free(other);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    struct counts n = count(in_dir("a.rrd"));
    CHECK(n.footer);
    CHECK_INT(n.infos, 2);
    CHECK_INT(n.entities[0], 1); /* compacted */
    CHECK_INT(n.entities[1], 5); /* as they came */
    CHECK_INT(n.rows, 320);
    tidy();
}

RT_TEST(test_a_child_has_its_own_file_from_its_first_chunk_on)
{
    struct rt_recording *rec = recording("rec");
    struct rt_sink *sink = file_sink("a.rrd");
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    rows(rec, "/a", 10);
    pid_t quiet = fork();
    if (!quiet) {
        struct rt_recording *mine = rt_recording_in_child(rec);
        _exit(mine ? rt_recording_close(mine, UINT64_MAX, NULL) : 1);
    }
    pid_t busy = fork();
    if (!busy) {
        struct rt_recording *mine = rt_recording_in_child(rec);
        int r = mine ? rows(mine, "/child", 3) : 1;
        _exit(r ? 1 : rt_recording_close(mine, UINT64_MAX, NULL));
    }
    int status[2];
    CHECK_INT(waitpid(quiet, &status[0], 0), quiet);
    CHECK_INT(waitpid(busy, &status[1], 0), busy);
    CHECK_INT(status[0], 0);
    CHECK_INT(status[1], 0);
    rows(rec, "/a", 10);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    char name[64];
    snprintf(name, sizeof name, "a.%ld.rrd", (long)quiet);
    CHECK(access(in_dir(name), F_OK));
    snprintf(name, sizeof name, "a.%ld.rrd", (long)busy);
    struct counts child = count(in_dir(name)), parent = count(in_dir("a.rrd"));
    CHECK_INT(child.rows, 3);
    CHECK_INT(child.infos, 1);
    CHECK(child.footer);
    CHECK_INT(parent.rows, 20);
    CHECK(parent.footer);
    tidy();
}

/* A child whose file can't be made yet loses rows, counted; when it can, the file begins as any. */
RT_TEST(test_a_child_tries_again_to_make_its_file)
{
    struct rt_recording *parent = recording("rec");
    CHECK_INT(mkdir(in_dir("sub"), 0700), 0);
    struct rt_sink *sink = file_sink("sub/a.rrd");
    CHECK_INT(rt_recording_set_sinks(parent, &sink, 1, UINT64_MAX, NULL), 0);
    struct rt_recording *rec = rt_recording_in_child(parent); /* here the child is this process */
    CHECK_INT(unlink(in_dir("sub/a.rrd")), 0);
    CHECK_INT(rmdir(in_dir("sub")), 0);
    CHECK_INT(rows(rec, "/a", 4), -ENOENT);
    CHECK_INT(rt_recording_dropped(rec), 4);
    CHECK_INT(mkdir(in_dir("sub"), 0700), 0);
    CHECK_INT(rows(rec, "/a", 3), 0);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    char name[64];
    snprintf(name, sizeof name, "sub/a.%ld.rrd", (long)getpid());
    struct counts n = count(in_dir(name));
    CHECK_INT(n.infos, 1);
    CHECK_INT(n.rows, 3);
    CHECK(n.footer);
    rt_recording_free(parent);
    tidy();
}

/* The file is gone for those who look for it, and goes on for us: nothing fails, nothing is put in its place. */
RT_TEST(test_a_removed_directory_is_no_reason_to_fail)
{
    struct rt_recording *rec = recording("rec");
    CHECK_INT(mkdir(in_dir("sub"), 0700), 0);
    struct rt_sink *sink = file_sink("sub/a.rrd");
    CHECK_INT(rt_recording_set_sinks(rec, &sink, 1, UINT64_MAX, NULL), 0);
    CHECK_INT(unlink(in_dir("sub/a.rrd")), 0);
    CHECK_INT(rmdir(in_dir("sub")), 0);
    for (int i = 0; i < 20; i++)
        CHECK_INT(rows(rec, "/a", 10), 0);
    CHECK_INT(rt_recording_flush_sinks(rec, UINT64_MAX, true, NULL), 0);
    CHECK_INT(rt_recording_close(rec, UINT64_MAX, NULL), 0);
    CHECK(access(in_dir("sub"), F_OK));
    tidy();
}

RT_TEST(test_a_full_disk_is_told_and_no_half_frame_stays)
{
    struct rt_recording *rec = recording("rec");
    struct rt_sink *sink;
    struct rt_error e = {0};
    CHECK(rt_sink_file("/dev/full", RT_SINK_CREATE, true, &sink, &e) == -ENOSPC);
    CHECK(strstr(e.message, "/dev/full"));
    CHECK(rt_sink_file(in_dir("no/such/a.rrd"), RT_SINK_CREATE, true, &sink, &e) == -ENOENT);
    CHECK(strstr(e.message, "no/such/a.rrd"));
    rt_recording_free(rec);
    tidy();
}
