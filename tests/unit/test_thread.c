/* The order of one thread's records; and the ranges that were read before. */
#include <errno.h>

#include "collect/seen.h"
#include "collect/thread.h"
#include "tests/harness/test.h"

static struct rt_record record(uint32_t seq, uint64_t mono_ns, uint32_t type)
{
    return (struct rt_record){.stamp_mt = RT_STAMP(sizeof(struct rt_record), type, 0, 0) | RT_STAMP_COMMIT, .mono_ns = mono_ns, .pid = 1, .tid = 1,
                              .thread_seq = seq};
}

static enum rt_order order(struct rt_thread *t, uint32_t seq, uint64_t mono_ns)
{
    struct rt_record r = record(seq, mono_ns, RT_RECORD_DATA);
    enum rt_order o = rt_thread_order(t, &r);
    if (o == RT_ORDER_NOW)
        rt_thread_took(t, &r);
    return o;
}

static struct rt_thread begun(void)
{
    struct rt_thread t = {.tid = 1};
    struct rt_record r = record(10, 100, RT_RECORD_PROCESS);
    CHECK_INT(rt_thread_order(&t, &r), RT_ORDER_NOW);
    rt_thread_took(&t, &r);
    return t;
}

RT_TEST(test_numbers_in_a_row_pass)
{
    struct rt_thread t = begun();
    CHECK_INT(order(&t, 11, 110), RT_ORDER_NOW);
    CHECK_INT(order(&t, 12, 120), RT_ORDER_NOW);
    CHECK_INT(order(&t, 14, 140), RT_ORDER_HELD);
    CHECK_INT(order(&t, 13, 130), RT_ORDER_NOW);
    CHECK_INT(t.expected, 14);
}

RT_TEST(test_thread_in_the_middle_waits_for_a_pass)
{
    struct rt_thread t = {.tid = 1};
    struct rt_record r = record(50, 100, RT_RECORD_DATA);
    struct rt_ref ref;
    bool gap;
    CHECK_INT(rt_thread_order(&t, &r), RT_ORDER_HELD);
    CHECK_INT(rt_refs_insert(&t.held, &r, 1000), 0);
    CHECK(rt_thread_next(&t, 1000, false, &gap, &ref) == NULL);
    CHECK(rt_thread_next(&t, 1001, false, &gap, &ref) == &r);
    CHECK(!gap);
    CHECK_INT(t.expected, 51);
    rt_refs_deinit(&t.held);
}

RT_TEST(test_gap_is_believed_after_a_late_pass)
{
    struct rt_thread t = begun();
    struct rt_record r = record(15, 150, RT_RECORD_DATA);
    struct rt_ref ref;
    bool gap;
    CHECK_INT(rt_thread_order(&t, &r), RT_ORDER_HELD);
    rt_refs_insert(&t.held, &r, 1000);
    CHECK(rt_thread_next(&t, 1000 + RT_GAP_NS - 1, false, &gap, &ref) == NULL);
    CHECK(rt_thread_next(&t, 1000 + RT_GAP_NS, false, &gap, &ref) == &r);
    CHECK(gap);
    CHECK_INT(order(&t, 12, 120), RT_ORDER_NOW); /* not lost when it comes after all */
    CHECK_INT(t.expected, 16);
    CHECK_INT(order(&t, 16, 160), RT_ORDER_NOW);
    rt_refs_deinit(&t.held);
}

RT_TEST(test_lost_record_explains_its_gap)
{
    struct rt_thread t = begun();
    struct { struct rt_record r; struct rt_lost lost; } l = {record(100011, 150, RT_RECORD_LOST), {.seqs = 100000}};
    l.r.len = sizeof l.lost;
    CHECK_INT(rt_thread_order(&t, &l.r), RT_ORDER_NOW);
    rt_thread_took(&t, &l.r);
    CHECK_INT(order(&t, 100012, 160), RT_ORDER_NOW);
    l.r.thread_seq = 100020;
    CHECK_INT(rt_thread_order(&t, &l.r), RT_ORDER_HELD); /* not this many */
}

RT_TEST(test_smaller_number_is_new_by_its_time)
{
    struct rt_thread t = begun();
    for (uint32_t i = 11; i < 30; i++)
        CHECK_INT(order(&t, i, i * 10), RT_ORDER_NOW);
    CHECK_INT(order(&t, 3, 400), RT_ORDER_RESTART);
    CHECK_INT(order(&t, 0, 400), RT_ORDER_RESTART);
    CHECK_INT(order(&t, 3, 200), RT_ORDER_NOW);
    CHECK_INT(order(&t, 30 + RT_THREAD_JUMP + 1, 300), RT_ORDER_RESTART);
    CHECK_INT(t.expected, 30);
}

RT_TEST(test_numbers_wrap)
{
    struct rt_thread t = {.tid = 1, .synced = true, .expected = UINT32_MAX, .newest_mono_ns = 5};
    CHECK_INT(order(&t, UINT32_MAX, 10), RT_ORDER_NOW);
    CHECK_INT(order(&t, 1, 20), RT_ORDER_HELD);
    CHECK_INT(order(&t, 0, 15), RT_ORDER_NOW);
    CHECK_INT(t.expected, 1);
}

RT_TEST(test_held_records_are_sorted_saved_and_loaded)
{
    struct rt_record r[5];
    struct rt_refs a = {0}, b = {0};
    struct rt_buf state = {0};
    static const uint32_t seqs[5] = {3, 1, UINT32_MAX, 2, 0};
    for (uint32_t i = 0; i < 5; i++) {
        r[i] = record(seqs[i], 7, RT_RECORD_DATA);
        CHECK_INT(rt_refs_insert(&a, &r[i], 100 + i), 0);
    }
    CHECK_INT(rt_refs_own(&a), 0);
    memset(r, 0xdd, sizeof r);
    CHECK_INT(rt_refs_save(&a, &state), 0);
    size_t used = 0;
    CHECK_INT(rt_refs_load(&b, state.data, state.len, &used), 0);
    CHECK_INT(used, state.len);
    CHECK_INT(b.n, 5);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(b.at[i].record->thread_seq, i - 1);
    rt_refs_clear(&b);
    for (size_t n = 0; n < state.len; n++) { /* cut anywhere: refused, nothing read behind it */
        uint8_t *part = malloc(n ? n : 1);
        memcpy(part, state.data, n);
        CHECK(rt_refs_load(&b, part, n, &used) != 0);
        rt_refs_clear(&b);
        free(part);
    }
    state.data[12 + 4] |= 0x60; /* regression: a type that there is not led anywhere; bits 32 to 39 of the first stamp */
    CHECK_INT(rt_refs_load(&b, state.data, state.len, &used), -EBADMSG);
    rt_refs_deinit(&a);
    rt_refs_deinit(&b);
    rt_buf_deinit(&state);
}

/* ---------------------------------------------------------------- ranges */
static void see(struct rt_seen *s, uint64_t from, uint64_t to, enum rt_block_late late)
{
    struct rt_block b = {.segment = 1, .lane = 2, .from = from, .to = to, .late = (uint16_t)late};
    CHECK_INT(rt_seen_add(s, &b), 0);
}

RT_TEST(test_ranges_behind_an_open_record_are_known_again)
{
    struct rt_seen s = {0}, t = {0};
    struct rt_buf state = {0};
    size_t used;
    see(&s, 0, 100, RT_BLOCK_IN_ORDER);
    CHECK_INT(s.n, 0);
    see(&s, 164, 300, RT_BLOCK_BEHIND);
    see(&s, 300, 400, RT_BLOCK_BEHIND);
    CHECK_INT(s.n, 1);
    see(&s, 464, 500, RT_BLOCK_BEHIND);
    see(&s, 400, 464, RT_BLOCK_LATE);
    CHECK_INT(s.n, 1);
    CHECK(!rt_seen_has(&s, 1, 2, 100));
    CHECK(rt_seen_has(&s, 1, 2, 164) && rt_seen_has(&s, 1, 2, 499));
    CHECK(!rt_seen_has(&s, 1, 2, 500) && !rt_seen_has(&s, 1, 1, 164) && !rt_seen_has(&s, 2, 2, 164));
    CHECK_INT(rt_seen_save(&s, &state), 0);
    CHECK_INT(rt_seen_load(&t, state.data, state.len, &used), 0);
    CHECK(rt_seen_has(&t, 1, 2, 300));
    CHECK(rt_seen_load(&t, state.data, state.len - 1, &used) != 0);
    see(&s, 100, 500, RT_BLOCK_IN_ORDER); /* read again: still known, */
    CHECK_INT(s.n, 1);
    see(&s, 500, 600, RT_BLOCK_IN_ORDER); /* and behind it forgotten */
    CHECK_INT(s.n, 0);
    rt_seen_forget(&t, 1);
    CHECK_INT(t.n, 0);
    rt_seen_deinit(&s);
    rt_seen_deinit(&t);
    rt_buf_deinit(&state);
}
