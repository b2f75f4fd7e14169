/* One thread: what a record goes through from the call to the stage. */
#include "tests/race/ring_kit.h"

static struct ring r;
static struct rt_writer w;
static struct rt_writer_thread t;
static struct got_list got;

static void begin(uint32_t lanes)
{
    r = ring_new(lanes);
    w = ring_writer(&r, 0);
    t = (struct rt_writer_thread){.tid = 7};
    free(got.got);
    got = (struct got_list){0};
}

static int put_as(struct rt_writer_thread *who, enum rt_stream stream, const void *text, size_t n)
{
    struct rt_part part = {text, n};
    return rt_ring_write(&w, who, RT_RECORD_DATA, stream, 0, 42, NULL, &part, 1, NULL, NULL);
}

static int put(const char *text)
{
    return put_as(&t, RT_STREAM_STDOUT, text, strlen(text));
}

static size_t pass(uint64_t now_ns)
{
    ring_pass(&r, now_ns, false);
    free(got.got);
    got = ring_records(&r);
    return got.n;
}

#define CHECK_TEXT(i, text) do { CHECK((size_t)(i) < got.n); CHECK_MEM(got.got[i].payload, got.got[i].len, text, strlen(text)); } while (0)

/* Fills lane 0 and 1 with @stream until a record of @n bytes is dropped. Return: how many fit. */
static uint32_t fill(enum rt_stream stream, size_t n)
{
    static uint8_t zeros[8192];
    uint32_t fit = 0;
    while (put_as(&t, stream, zeros, n) == 0)
        fit++;
    return fit;
}

/* ---------------------------------------------------------------- a record's way */
RT_TEST(a_record_comes_out_as_it_went_in)
{
    begin(2);
    struct rt_part parts[] = {{"hello ", 6}, {"", 0}, {"world\n", 6}};
    uint32_t first = 9, last = 9;
    CHECK_INT(rt_ring_write(&w, &t, RT_RECORD_MESSAGE, RT_STREAM_STDERR, RT_FLAG_COARSE, 1234, NULL, parts, 3, &first, &last), 0);
    CHECK(first == 0 && last == 0);
    CHECK_INT(pass(1), 1);
    CHECK_TEXT(0, "hello world\n");
    const struct rt_record *rec = (const void *)(got.got[0].payload - sizeof *rec);
    CHECK_INT(rec->mono_ns, 1234);
    CHECK_INT(rec->pid, getpid());
    CHECK(got.got[0].tid == 7 && got.got[0].seq == 0 && got.got[0].type == RT_RECORD_MESSAGE);
    CHECK(got.got[0].stream == RT_STREAM_STDERR && got.got[0].flags == RT_FLAG_COARSE);
    CHECK_INT(pass(2), 1);
}

RT_TEST(an_empty_record_is_a_record)
{
    begin(2);
    CHECK_INT(put(""), 0);
    CHECK_INT(pass(1), 1);
    CHECK_INT(got.got[0].len, 0);
}

RT_TEST(what_was_read_is_zero_again_and_free)
{
    begin(1);
    CHECK_INT(put("some text that must not stay"), 0);
    pass(1);
    const uint8_t *lane = (const uint8_t *)r.segment + rt_lane_offset(0);
    for (uint32_t i = 0; i < rt_lane_size(0); i++)
        CHECK_INT(lane[i], 0);
    CHECK_INT(r.segment->lane[0].tail_mt, r.segment->lane[0].head_mt);
}

RT_TEST(laps_and_their_pads_lose_nothing)
{
    begin(1);
    uint8_t text[600];
    uint32_t pads = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        uint64_t before = r.segment->lane[0].head_mt;
        uint32_t len = 12 + i % 580;
        message_make(text, 1, i, len);
        CHECK_INT(put_as(&t, RT_STREAM_STDOUT, text, len), 0);
        pads += r.segment->lane[0].head_mt - before > ((32 + len + 7) & ~7u);
        if (i % 50 == 49)
            CHECK(ring_pass(&r, i, false) > 0);
    }
    CHECK(r.segment->lane[0].head_mt > 8 * rt_lane_size(0)); /* so many laps */
    CHECK(pads >= 6);
    CHECK_INT(pass(1), 2000);
    for (uint32_t i = 0; i < got.n; i++) {
        struct message m;
        CHECK(message_check(got.got[i].payload, got.got[i].len, &m));
        CHECK(m.index == i && got.got[i].seq == i);
        CHECK((got.got[i].pos & (rt_lane_size(0) - 1)) + 32 + m.len <= rt_lane_size(0)); /* a record does not wrap */
    }
}

RT_TEST(long_calls_are_split_and_numbered_without_gap)
{
    begin(2);
    static uint8_t text[30000];
    uint32_t first, last, at = 0;
    message_make(text, 3, 5, sizeof text);
    put("before");
    struct rt_part parts[] = {{text, 9000}, {text + 9000, sizeof text - 9000}};
    CHECK_INT(rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDERR, 0, 42, NULL, parts, 2, &first, &last), 0);
    CHECK(first == 1 && last == 4);
    CHECK_INT(pass(1), 5);
    qsort(got.got, got.n, sizeof *got.got, got_by_thread);
    for (uint32_t i = 1; i < 5; i++) {
        CHECK_INT(got.got[i].seq, i);
        CHECK_INT(got.got[i].flags, i < 4 ? RT_FLAG_MORE : 0);
        CHECK(got.got[i].len <= rt_lane_size(0) / 8);
        CHECK_MEM(got.got[i].payload, got.got[i].len, text + at, got.got[i].len);
        at += got.got[i].len;
    }
    CHECK_INT(at, sizeof text);
}

static void write_nested(const char *name)
{
    static bool done;
    if (done || strcmp(name, "ring.copied") != 0)
        return;
    done = true;
    put("from a handler");
}

RT_TEST(a_handler_does_not_come_between_the_pieces)
{
    begin(2);
    static uint8_t text[10000];
    rt_testpoint_hook = write_nested;
    CHECK_INT(put_as(&t, RT_STREAM_STDOUT, text, sizeof text), 0);
    CHECK_INT(pass(1), 3);
    qsort(got.got, got.n, sizeof *got.got, got_by_thread);
    CHECK(got.got[0].flags == RT_FLAG_MORE && got.got[1].flags == 0 && got.got[0].len + got.got[1].len == sizeof text);
    CHECK_TEXT(2, "from a handler");
}

/* ---------------------------------------------------------------- full */
RT_TEST(twelve_percent_are_kept_for_stderr_and_messages)
{
    begin(1);
    uint32_t out = fill(RT_STREAM_STDOUT, 96);
    uint32_t used = (uint32_t)r.segment->lane[0].head_mt;
    CHECK(used <= rt_lane_size(0) / 8 * 7 && used > rt_lane_size(0) / 8 * 7 - 256);
    CHECK_INT(out, used / 128);
    t = (struct rt_writer_thread){.tid = 8};
    uint32_t err = fill(RT_STREAM_STDERR, 96);
    CHECK(r.segment->lane[0].head_mt > rt_lane_size(0) - 256);
    CHECK_INT(err, rt_lane_size(0) / 8 / 128);
}

RT_TEST(drops_are_counted_by_call_byte_and_line)
{
    begin(1);
    fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].calls_mt, 1);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].bytes_mt, 96);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].lines_mt, 0);
    static const char text[] = "one\ntwo\nthree";
    char long_text[200];
    memset(long_text, '\n', sizeof long_text);
    struct rt_part parts[] = {{text, 5}, {long_text, sizeof long_text}, {text + 5, 8}};
    CHECK_INT(rt_ring_write(&w, &t, RT_RECORD_DATA, RT_STREAM_STDOUT, 0, 42, NULL, parts, 3, NULL, NULL), RT_WRITE_E_DROPPED);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].calls_mt, 2);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].bytes_mt, 96 + 13 + 200);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].lines_mt, 202);
    CHECK_INT(r.segment->lost[RT_STREAM_STDERR].calls_mt, 0);
    fill(RT_STREAM_STDERR, 96);
    CHECK_INT(r.segment->lost[RT_STREAM_STDERR].calls_mt, 1);
}

RT_TEST(a_call_that_loses_its_tail_counts_the_rest_only)
{
    begin(1);
    static uint8_t text[100000]; /* more than the lane */
    CHECK_INT(put_as(&t, RT_STREAM_STDOUT, text, sizeof text), RT_WRITE_E_DROPPED);
    pass(1);
    uint64_t kept = 0;
    for (size_t i = 0; i < got.n; i++) {
        CHECK_INT(got.got[i].flags, RT_FLAG_MORE);
        kept += got.got[i].len;
    }
    CHECK(kept > 0);
    CHECK_INT(kept + r.segment->lost[RT_STREAM_STDOUT].bytes_mt, sizeof text);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].calls_mt, 1);
    CHECK_INT(got.n + t.lost.seqs, t.seq);
}

RT_TEST(losses_are_told_before_the_next_record_of_the_thread)
{
    begin(1);
    uint32_t fit = fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(put("x\n"), RT_WRITE_E_DROPPED);
    CHECK_INT(put("yz\n"), RT_WRITE_E_DROPPED);
    CHECK_INT(pass(1), fit);
    CHECK_INT(put("after"), 0);
    CHECK_INT(pass(2), fit + 2);
    CHECK(got.got[fit].type == RT_RECORD_LOST && got.got[fit].seq + 1 == got.got[fit + 1].seq);
    CHECK_TEXT(fit + 1, "after");
    struct rt_lost lost;
    memcpy(&lost, got.got[fit].payload, sizeof lost);
    CHECK(lost.calls == 3 && lost.bytes == 96 + 2 + 3 && lost.lines == 2);
    CHECK_INT(lost.seqs, got.got[fit].seq - fit); /* the gap, exactly */
    CHECK_INT(put("again"), 0);
    CHECK_INT(pass(3), fit + 3); /* and only once */
}

RT_TEST(a_flood_of_stdout_leaves_the_reserve_alone)
{
    begin(1);
    fill(RT_STREAM_STDOUT, 96);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(put("some more of it, longer than a record of loss is: it should find no room"), RT_WRITE_E_DROPPED);
    CHECK(r.segment->lane[0].head_mt <= rt_lane_size(0) / 8 * 7);
    CHECK_INT(put_as(&t, RT_STREAM_STDERR, "told", 4), 0);
}

static uint32_t n_rings;
static void count_full(const char *name)
{
    n_rings += strcmp(name, "ring.waits") == 0;
}

RT_TEST(drops_without_waiting_ring_once_until_room_was_made)
{
    begin(1);
    rt_testpoint_hook = count_full;
    fill(RT_STREAM_STDOUT, 96);
    uint32_t bell = r.bell->bell_mt;
    CHECK_INT(bell, 1);
    for (int i = 0; i < 100; i++)
        put("dropped");
    CHECK_INT(r.bell->bell_mt, bell);
    pass(1);
    fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(r.bell->bell_mt, bell + 1);
    CHECK_INT(n_rings, 0);
    r.segment->no_syscall_mt = 1;
    pass(2);
    fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(r.bell->bell_mt, bell + 1);
}

static void drain_when_full(const char *name)
{
    if (strcmp(name, "ring.full") == 0)
        ring_pass(&r, 1, false);
}

/* Regression: tail was read for the wait only after the lanes had been found full; room made in between was not noticed, and the call
 * waited its full time and dropped, with the lane empty. */
RT_TEST(room_made_just_before_the_wait_is_noticed)
{
    begin(1);
    fill(RT_STREAM_STDOUT, 96);
    uint64_t dropped = r.segment->lost[RT_STREAM_STDOUT].calls_mt, start = kit_now_ns();
    r.segment->lane[0].timed_out_mt = 0;
    w.full_wait_ns = 20 * KIT_NS;
    rt_testpoint_hook = drain_when_full;
    CHECK_INT(put("waits"), 0);
    CHECK(kit_now_ns() - start < 10 * KIT_NS);
    CHECK_INT(r.segment->lost[RT_STREAM_STDOUT].calls_mt, dropped);
}

static void drain_lane_0(const char *name)
{
    if (strcmp(name, "ring.waits") == 0)
        ring_pass_lane(&r, 0, 1, false);
}

/* Regression: a call waited its full time for a lane in which a record was stuck, while another had room again. */
RT_TEST(room_in_another_lane_ends_the_wait)
{
    begin(2);
    fill(RT_STREAM_STDOUT, 96);
    uint64_t start = kit_now_ns();
    r.segment->lane[0].timed_out_mt = r.segment->lane[1].timed_out_mt = 0;
    w.full_wait_ns = 20 * KIT_NS;
    rt_testpoint_hook = drain_lane_0;
    CHECK_INT(put("waits"), 0);
    CHECK(kit_now_ns() - start < 10 * KIT_NS);
}

RT_TEST(one_vain_wait_ends_waiting_until_the_tail_moves)
{
    begin(1);
    w.full_wait_ns = KIT_NS / 5;
    fill(RT_STREAM_STDOUT, 96); /* the last of these waited */
    CHECK_INT(r.segment->lane[0].timed_out_mt, 1);
    uint64_t start = kit_now_ns();
    for (int i = 0; i < 50; i++)
        CHECK_INT(put("dropped"), RT_WRITE_E_DROPPED);
    CHECK(kit_now_ns() - start < 5 * KIT_NS);
    pass(1);
    CHECK_INT(r.segment->lane[0].timed_out_mt, 0);
    r.run->no_wait_mt = 1;
    start = kit_now_ns();
    w.full_wait_ns = 20 * KIT_NS;
    fill(RT_STREAM_STDOUT, 96);
    CHECK(kit_now_ns() - start < 10 * KIT_NS);
}

/* ---------------------------------------------------------------- lanes */
static uint32_t lanes_used(void)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        mask |= (uint32_t)(r.segment->lane[i].head_mt > 0) << i;
    return mask;
}

RT_TEST(threads_spread_over_the_usable_lanes_and_growth_is_used)
{
    begin(2);
    put("lone thread: the largest usable lane");
    CHECK_INT(lanes_used(), 2);
    for (uint32_t i = 0; i < 12; i++)
        put_as(&(struct rt_writer_thread){.tid = i, .lane_hint = i}, RT_STREAM_STDOUT, "x", 1);
    CHECK_INT(lanes_used(), 3);
    r.segment->usable_lanes_mt = 6;
    put("now another one");
    CHECK_INT(lanes_used(), 3 | 32);
    for (uint32_t i = 0; i < 12; i++)
        put_as(&(struct rt_writer_thread){.tid = i, .lane_hint = i}, RT_STREAM_STDOUT, "x", 1);
    CHECK_INT(lanes_used(), 63);
    CHECK_INT(pass(1), 26);
}

RT_TEST(a_full_thread_spills_into_two_other_lanes)
{
    begin(6);
    t.lane_hint = 5; /* lane 0 */
    uint32_t fit = fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(lanes_used(), 1 | 16 | 32);
    CHECK_INT(fit, (rt_lane_size(0) + rt_lane_size(4) + rt_lane_size(5)) / 8 * 7 / 128);
    CHECK_INT(pass(1), fit);
}

RT_TEST(retired_lanes_are_passed_over)
{
    begin(6);
    r.segment->lane[5].retired_mt = r.segment->lane[4].retired_mt = r.segment->lane[3].retired_mt = 1;
    uint32_t fit = fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(lanes_used(), 1 | 2 | 4);
    CHECK_INT(fit, (rt_lane_size(0) + rt_lane_size(1) + rt_lane_size(2)) / 8 * 7 / 128);
}

RT_TEST(scratch_is_taken_by_one_and_given_back)
{
    begin(2);
    void *a = rt_scratch_take(&w, &t);
    CHECK(a == (uint8_t *)r.segment + RT_SCRATCH_OFFSET);
    CHECK(!rt_scratch_take(&w, &t)); /* only one is usable yet */
    CHECK_INT(r.segment->truncated_mt, 1);
    r.segment->usable_scratch_mt = RT_SEGMENT_SCRATCH;
    void *b = rt_scratch_take(&w, &t), *c = rt_scratch_take(&w, &t);
    CHECK(b && c && b != c && a != b && !rt_scratch_take(&w, &t));
    memset(c, 1, RT_SCRATCH_BYTES);
    CHECK((uint8_t *)c + RT_SCRATCH_BYTES == (uint8_t *)r.segment + RT_LANES_OFFSET);
    rt_scratch_give(&w, b);
    CHECK(rt_scratch_take(&w, &t) == b);
    rt_scratch_give(&w, r.segment); /* not one: nothing happens */
    CHECK(!rt_scratch_take(&w, &t));
}

/* ---------------------------------------------------------------- restart */
RT_TEST(a_new_reader_goes_on_where_the_notes_end)
{
    begin(1);
    struct rt_lane_span span;
    put("staged, not yet freed");
    CHECK_INT(rt_lane_next(&r.reader[0], 1, false, &span), 1);
    stage_span(&r, 0, &span); /* and here the first consumer died */
    put("second");
    ring_readers(&r);
    CHECK_INT(r.segment->lane[0].tail_mt, span.to);
    CHECK_INT(pass(1), 2);
    CHECK_TEXT(0, "staged, not yet freed");
    CHECK_TEXT(1, "second");
    uint32_t fit = fill(RT_STREAM_STDOUT, 96);
    CHECK_INT(fit, rt_lane_size(0) / 8 * 7 / 128); /* all of it was zeroed and freed */
    CHECK_INT(pass(2), 2 + fit);
}

RT_TEST(the_notes_are_believed_rather_than_the_segment)
{
    begin(1);
    for (int i = 0; i < 2000; i++) {
        put("a text that fills the lane more than once");
        pass(1);
    }
    size_t before = got.n;
    put("new");
    r.segment->lane[0].tail_mt = 8; /* far behind: those positions are long gone */
    ring_readers(&r);
    CHECK_INT(pass(2), before + 1);
    CHECK_TEXT(before, "new");
}
