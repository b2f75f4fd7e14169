/* Records that were left half written, and hostile memory: one thread, fake time. */
#include "tests/race/ring_kit.h"

#include <setjmp.h>

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

static jmp_buf out;
static const char *jump_at;
static void jump(const char *name)
{
    if (jump_at && strcmp(name, jump_at) == 0) {
        jump_at = NULL;
        longjmp(out, 1);
    }
}

/* Leaves a write in its middle, as siglongjmp out of a signal handler would. Return: the lane's head before. */
static uint64_t abandon(const char *where, const char *text)
{
    uint64_t head = r.segment->lane[0].head_mt;
    rt_testpoint_hook = jump;
    jump_at = where;
    if (!setjmp(out)) {
        put(text);
        rt_test_fail(__FILE__, __LINE__, "%s was not passed", where);
    }
    return head;
}

static struct rt_record *record_at(uint64_t pos)
{
    return (void *)((uint8_t *)r.segment + rt_lane_offset(0) + (pos & (rt_lane_size(0) - 1)));
}

/* What the abandoned writer would still have done. */
static void complete(uint64_t pos, const char *text)
{
    struct rt_record *rec = record_at(pos);
    uint64_t stamp = RT_STAMP((32 + strlen(text) + 7) & ~7ul, RT_RECORD_DATA, RT_STREAM_STDOUT, 0);
    rt_store_relaxed(&rec->stamp_mt, stamp | RT_STAMP_BUSY);
    *rec = (struct rt_record){.stamp_mt = stamp | RT_STAMP_BUSY, .mono_ns = 1, .pid = w.pid, .tid = 99, .len = (uint32_t)strlen(text)};
    memcpy(rec + 1, text, strlen(text));
    rt_store_release(&rec->stamp_mt, stamp | RT_STAMP_COMMIT);
}

RT_TEST(a_busy_record_retires_its_lane_after_a_second)
{
    begin(1);
    put("one");
    uint64_t open = abandon("ring.stamped", "never");
    put("two");
    CHECK_INT(pass(1000), 1);
    CHECK_INT(pass(1000 + RT_RETIRE_NS - 1), 1);
    CHECK_INT(r.segment->lane[0].retired_mt, 0);
    CHECK_INT(pass(1000 + RT_RETIRE_NS), 2); /* what comes behind is read */
    CHECK_TEXT(1, "two");
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
    CHECK_INT(r.segment->lane[0].tail_mt, open); /* and nothing there freed */
    CHECK_INT(put("no lane"), RT_WRITE_E_DROPPED);
    CHECK_INT(pass(5 * KIT_NS), 2);
}

RT_TEST(a_late_commit_is_read_once_and_brings_the_lane_back)
{
    begin(1);
    uint64_t open = abandon("ring.stamped", "late!");
    put("two");
    pass(1);
    CHECK_INT(pass(1 + RT_RETIRE_NS), 1);
    complete(open, "late!");
    CHECK_INT(pass(2 + RT_RETIRE_NS), 2);
    CHECK(got.got[1].late && got.got[1].tid == 99);
    CHECK_TEXT(1, "late!");
    CHECK_INT(r.segment->lane[0].retired_mt, 0);
    CHECK_INT(r.segment->lane[0].tail_mt, r.segment->lane[0].head_mt);
    for (int i = 0; i < 3000; i++) {
        CHECK_INT(put("the lane is whole again"), 0);
        pass(3 * KIT_NS);
    }
    CHECK_INT(got.n, 3003 - 1);
    CHECK_INT(ring_truncated(&r), 0);
}

RT_TEST(an_unstamped_record_is_passed_when_its_successor_was_seen_twice)
{
    begin(1);
    uint64_t open = abandon("ring.reserved", "abc");
    put("two");
    pass(1);
    CHECK_INT(pass(1 + RT_RETIRE_NS), 0); /* seen once */
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
    CHECK_INT(pass(2 + RT_RETIRE_NS), 1);
    CHECK_TEXT(0, "two");
    complete(open, "abc");
    CHECK_INT(pass(3 + RT_RETIRE_NS), 2);
    CHECK_TEXT(1, "abc");
    CHECK_INT(r.segment->lane[0].retired_mt, 0);
}

/* Regression: the lane was retired while the reader looked for the unstamped record's end; the record completed in time to
 * be read in order, and nobody took the mark away. */
RT_TEST(a_record_that_completes_while_being_given_up_brings_the_lane_back)
{
    begin(1);
    uint64_t open = abandon("ring.reserved", "abc");
    pass(1);
    CHECK_INT(pass(1 + RT_RETIRE_NS), 0);
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
    complete(open, "abc");
    CHECK_INT(pass(2 + RT_RETIRE_NS), 1);
    CHECK_INT(r.segment->lane[0].retired_mt, 0);
    CHECK_INT(put("next"), 0);
}

RT_TEST(a_restarted_reader_takes_a_retired_lane_back)
{
    begin(1);
    abandon("ring.stamped", "never");
    pass(1);
    pass(1 + RT_RETIRE_NS);
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
    ring_readers(&r);
    CHECK_INT(put("x"), 0);
    pass(2 + RT_RETIRE_NS);
    CHECK_INT(pass(3 + 2 * (uint64_t)RT_RETIRE_NS), 1);
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
}

/* Two unstamped records side by side look like one hole. Regression: when the second committed and the first never did, the
 * second was lost. */
RT_TEST(a_late_commit_behind_an_unstamped_record_is_found)
{
    for (int dead = 0; dead < 2; dead++) {
        begin(1);
        abandon("ring.reserved", "first: never");
        uint64_t second = abandon("ring.reserved", "second");
        put("third");
        pass(1);
        pass(1 + RT_RETIRE_NS);
        CHECK_INT(pass(2 + RT_RETIRE_NS), 1);
        CHECK_TEXT(0, "third");
        complete(second, "second");
        if (!dead) {
            pass(3 + RT_RETIRE_NS);
            CHECK_INT(pass(4 + RT_RETIRE_NS), 2);
            CHECK_TEXT(1, "second");
            CHECK_INT(r.segment->lane[0].retired_mt, 1); /* the first is still open */
        }
        ring_pass(&r, 5, true);
        CHECK_INT(pass(6), 2);
        CHECK_TEXT(1, "second");
        CHECK_INT(ring_truncated(&r), 1);
        CHECK_INT(r.segment->lane[0].tail_mt, r.segment->lane[0].head_mt);
    }
}

RT_TEST(many_open_records_wait_for_the_end_and_lose_no_others)
{
    begin(1);
    for (int i = 0; i < 3 * (int)RT_HOLES; i++) {
        abandon(i & 1 ? "ring.stamped" : "ring.reserved", "never");
        put("kept");
    }
    for (uint64_t s = 1; s < 200; s++)
        pass(s * KIT_NS);
    CHECK(got.n >= RT_HOLES);
    ring_pass(&r, 300 * KIT_NS, true);
    CHECK_INT(pass(1), 3 * RT_HOLES);
    CHECK_INT(ring_truncated(&r), 3 * RT_HOLES);
}

RT_TEST(the_dead_leave_one_truncated_record_each)
{
    static const char *const where[] = {"ring.reserved", "ring.stamped", "ring.copied"};
    for (unsigned i = 0; i < 3; i++) {
        begin(1);
        put("one");
        abandon(where[i], "cut");
        put("two");
        abandon(where[i], "last one cut: nothing behind it");
        ring_pass(&r, 1, true);
        CHECK_INT(pass(2), 2);
        CHECK_TEXT(1, "two");
        CHECK_INT(ring_truncated(&r), 2);
        CHECK_INT(r.segment->lane[0].tail_mt, r.segment->lane[0].head_mt);
    }
}

/* Brings head to @left bytes before the lane's end, all read. */
static void near_the_end(uint32_t left)
{
    static uint8_t zeros[1000];
    for (;;) {
        uint32_t room = rt_lane_size(0) - (uint32_t)r.segment->lane[0].head_mt;
        if (room == left)
            break;
        uint32_t bytes = room - left > 1000 ? 1000 : room - left;
        if (room - left - bytes && room - left - bytes < 32)
            bytes -= 32;
        CHECK_INT(put_as(&t, RT_STREAM_STDOUT, zeros, bytes - 32), 0);
        pass(1);
    }
}

RT_TEST(death_around_a_pad_is_survived)
{
    static const char *const where[] = {"ring.reserved", "ring.padded", "ring.stamped", "ring.copied"};
    for (unsigned i = 0; i < 4; i++) {
        begin(1);
        near_the_end(64);
        size_t before = got.n;
        abandon(where[i], "a text that is too long for the sixty-four bytes that are left at the end of the lane");
        put("two");
        CHECK_INT(pass(2), before);
        ring_pass(&r, 3, true);
        CHECK_INT(pass(4), before + 1);
        CHECK_TEXT(before, "two");
        CHECK_INT(ring_truncated(&r), 1);
    }
}

RT_TEST(a_pad_and_its_record_may_come_late)
{
    static const char text[] = "a text that is too long for the sixty-four bytes that are left at the end of the lane";
    begin(1);
    near_the_end(64);
    size_t before = got.n;
    uint64_t open = abandon("ring.reserved", text);
    put("two");
    pass(1);
    pass(1 + RT_RETIRE_NS);
    CHECK_INT(pass(2 + RT_RETIRE_NS), before + 1);
    rt_store_release(&record_at(open)->stamp_mt, RT_STAMP(64, RT_RECORD_PAD, 0, 0) | RT_STAMP_COMMIT);
    CHECK_INT(pass(3 + RT_RETIRE_NS), before + 1);
    CHECK_INT(r.segment->lane[0].retired_mt, 1);
    complete(open + 64, text);
    CHECK_INT(pass(4 + RT_RETIRE_NS), before + 2);
    CHECK_TEXT(before + 1, text);
    CHECK_INT(r.segment->lane[0].retired_mt, 0);
}

/* ---------------------------------------------------------------- hostile memory */
static uint64_t rng_state = 88172645463325252u;
static uint64_t rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    return rng_state ^= rng_state << 17;
}

RT_TEST(stamps_that_make_no_sense_are_refused)
{
    static const uint64_t bad[] = {
        RT_STAMP(0, RT_RECORD_DATA, 0, 0),    RT_STAMP(31, RT_RECORD_DATA, 0, 0),          RT_STAMP(36, RT_RECORD_DATA, 0, 0),
        RT_STAMP(24, RT_RECORD_DATA, 0, 0),   RT_STAMP(65536 + 8, RT_RECORD_DATA, 0, 0),   RT_STAMP(0xfffffff8, RT_RECORD_DATA, 0, 0),
        RT_STAMP(40, RT_RECORD_NONE, 0, 0),   RT_STAMP(40, RT_RECORD_TYPES, 0, 0),         RT_STAMP(4, RT_RECORD_PAD, 0, 0),
        RT_STAMP(4096, RT_RECORD_DATA, 0, 0), /* past head */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(1);
        put("x");
        struct rt_lane_span span;
        rt_store_relaxed(&record_at(0)->stamp_mt, bad[i] | RT_STAMP_COMMIT);
        CHECK_INT(rt_lane_next(&r.reader[0], 1, false, &span), -EBADMSG);
        rt_store_relaxed(&record_at(0)->stamp_mt, bad[i] | RT_STAMP_BUSY);
        CHECK_INT(rt_lane_next(&r.reader[0], 1, true, &span), -EBADMSG);
    }
}

RT_TEST(a_record_that_would_wrap_is_refused)
{
    begin(1);
    near_the_end(64);
    put("64 bytes in all: this fills the");
    put("and this lies at the beginning");
    struct rt_lane_span span;
    rt_store_relaxed(&record_at(r.reader[0].pos)->stamp_mt, RT_STAMP(72, RT_RECORD_DATA, 0, 0) | RT_STAMP_COMMIT);
    CHECK_INT(rt_lane_next(&r.reader[0], 1, false, &span), -EBADMSG);
}

RT_TEST(heads_that_make_no_sense_are_refused)
{
    const uint64_t bad[] = {1, 4, 65536 + 8, UINT64_MAX, UINT64_MAX - 7, 1ull << 63};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(1);
        struct rt_lane_span span;
        r.segment->lane[0].head_mt = bad[i];
        CHECK_INT(rt_lane_next(&r.reader[0], 1, true, &span), -EBADMSG);
        CHECK_INT(put("goes nowhere"), RT_WRITE_E_DROPPED); /* and the producer is not harmed either */
    }
    begin(1);
    r.segment->usable_lanes_mt = 77;
    CHECK_INT(put("goes nowhere"), RT_WRITE_E_DROPPED);
}

/* One round: honest records, open ones, then random words anywhere in header and lane; reads must stay inside and end. */
static void hostile_round(void)
{
    memset(r.segment->lane, 0, sizeof r.segment->lane);
    memset((uint8_t *)r.segment + rt_lane_offset(0), 0, rt_lane_size(0));
    for (uint32_t i = 0, n = rng() % 40; i < n; i++) {
        if (rng() % 8 == 0)
            abandon(rng() & 1 ? "ring.reserved" : "ring.stamped", "open");
        else
            put("an honest record of some length");
    }
    struct rt_lane_control *c = &r.segment->lane[0];
    uint64_t head = c->head_mt + 8;
    rt_lane_reader_init(&r.reader[0], r.segment, 0, rng() % 4 ? 0 : rng() >> rng() % 64);
    for (uint32_t i = 0; i < 60; i++) {
        struct rt_lane_span span;
        uint64_t value = rng() % 3 ? rng() >> rng() % 64 : RT_STAMP(rng() % 200, rng() % 12, 0, 0) | RT_STAMP_COMMIT;
        if (rng() % 3 == 0)
            *record_at(rng() % head & ~7ull) = (struct rt_record){.stamp_mt = value & (rng() | 0xff00000000ull), .mono_ns = value};
        if (rng() % 16 == 0)
            *(rng() % 2 ? &c->head_mt : &c->tail_mt) = rng() % 2 ? value : value % 65600;
        int e = rt_lane_next(&r.reader[0], i * (RT_RETIRE_NS / 2), i > 40, &span);
        if (e < 0)
            return;
        if (e == 0)
            continue;
        uintptr_t base = (uintptr_t)r.segment + rt_lane_offset(0), at = (uintptr_t)span.data;
        CHECK(span.to > span.from && at >= base && at + (span.to - span.from) <= base + rt_lane_size(0));
        for (uint64_t p = span.from; p < span.to; p += 8)
            rt_record_check(span.data + (p - span.from), span.to - p);
        rt_lane_done(&r.reader[0], &span);
    }
}

RT_TEST(random_words_in_the_segment_never_lead_the_reader_outside)
{
    begin(1);
    for (uint32_t i = 0; i < 20000; i++)
        hostile_round();
}

RT_TEST(random_bytes_are_no_record)
{
    uint64_t words[16] = {0};
    for (uint32_t i = 0; i < 100000; i++) {
        for (uint32_t k = 0; k < 16; k++)
            words[k] = rng() >> rng() % 64;
        size_t n = rng() % (sizeof words + 1);
        uint32_t bytes = rt_record_check((const uint8_t *)words, n);
        CHECK(bytes <= n);
        if (bytes >= sizeof(struct rt_record) && RT_STAMP_TYPE(words[0]) != RT_RECORD_PAD)
            CHECK(((const struct rt_record *)(const void *)words)->len <= bytes - sizeof(struct rt_record));
    }
}
