/* Whose records are whose: what segments say in the name of processes, with a kernel that answers as told. */
#include "tests/unit/collect_kit.h"

static enum rt_holder answer;
static uint32_t asked;

static enum rt_holder ask(const struct rt_holders *h, uint32_t pid, uint32_t segment, uint32_t other)
{
    asked++;
    return answer;
}

/* Processes a (7, segment 1) and b (8, segment 2). */
static void begin(struct kit *k)
{
    kit_open(k);
    k->it.ask = ask;
    asked = 0;
    answer = RT_HOLDER_MAPS;
    kit_process(k, 7, RT_PROCESS_EXEC, 1, "a");
    kit_flush(k, 1);
    kit_process(k, 8, RT_PROCESS_EXEC, 1, "b");
    kit_flush(k, 2);
    kit_pass(k, 5);
    kit_pass(k, 5);
}

static uint32_t count_warnings(const struct kit *k)
{
    uint32_t n = 0;
    for (const char *p = (const char *)k->rows.data; (p = strstr(p, "/retap/collector WARN segment")); p++)
        n++;
    return n;
}

RT_TEST(test_kernel_is_asked_once_a_process)
{
    struct kit k;
    begin(&k);
    for (uint32_t i = 1; i < 100; i++) {
        kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 7, 7 + i % 3, i, "x\n", 2);
        kit_flush(&k, 1);
    }
    CHECK_INT(asked, 2);
    kit_close(&k);
    CHECK_INT(count_warnings(&k), 0);
    kit_free(&k);
}

RT_TEST(test_row_in_the_name_of_another_process_has_no_name)
{
    struct kit k;
    begin(&k);
    answer = RT_HOLDER_STAYS;
    kit_err(&k, 8, 1, "forged\n");
    kit_err(&k, 8, 2, "again\n");
    kit_flush(&k, 1);
    kit_err(&k, 8, 1, "true\n");
    kit_flush(&k, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/unverified/stderr INFO forged\n/unverified/stderr INFO again\n");
    CHECK_ROW(&k, "/b/stderr INFO true\n");
    CHECK_INT(count_warnings(&k), 1);
    kit_free(&k);
}

RT_TEST(test_nobody_is_renamed_or_ended_by_others)
{
    struct kit k;
    int32_t code = 3;
    struct rt_waited w = {.pid = 8, .status = 5 << 8};
    begin(&k);
    answer = RT_HOLDER_STAYS;
    kit_process(&k, 8, RT_PROCESS_EXEC, 1, "evil");
    kit_record(&k, RT_RECORD_EXIT, 0, 0, 8, 8, 1, &code, sizeof code);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 8, 8, 2, "/evil", 5);
    kit_record(&k, RT_RECORD_WAITED, 0, 0, 7, 7, 1, &w, sizeof w);
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_err(&k, 8, 1, "still b\n");
    kit_flush(&k, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/b/stderr INFO still b\n");
    CHECK_NO_ROW(&k, "evil");
    CHECK_NO_ROW(&k, "exited with status 5");
    CHECK_NO_ROW(&k, "exited with status 3");
    kit_free(&k);
}

RT_TEST(test_parent_tells_how_its_child_ended)
{
    struct kit k;
    struct rt_waited w = {.pid = 9, .status = 5 << 8};
    begin(&k);
    kit_process(&k, 9, RT_PROCESS_FORK, 7, NULL);
    kit_record(&k, RT_RECORD_WAITED, 0, 0, 7, 7, 1, &w, sizeof w);
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/a/process INFO exited with status 5");
    kit_free(&k);
}

RT_TEST(test_child_does_not_take_the_name_of_a_stranger)
{
    struct kit k;
    begin(&k);
    kit_process(&k, 9, RT_PROCESS_FORK, 8, NULL);
    kit_err(&k, 9, 1, "x\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_NO_ROW(&k, "/b/stderr");
    CHECK_ROW(&k, "/unknown/stderr INFO x\n");
    kit_free(&k);
}

RT_TEST(test_process_moves_by_exec_and_what_it_said_before_is_still_its_own)
{
    struct kit k;
    begin(&k);
    answer = RT_HOLDER_AWAY; /* a forked child, or one that executed twice */
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 7, 7, 1, "/c", 2);
    kit_flush(&k, 1);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "c");
    kit_flush(&k, 3);
    k.mono += MS; /* the pass goes on: a lane that was looked at before */
    kit_err(&k, 7, 2, "last of a\n");
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_pass(&k, 5);
    answer = RT_HOLDER_STAYS;
    kit_err(&k, 7, 3, "forged\n");
    kit_flush(&k, 1);
    kit_err(&k, 7, 1, "first of c\n");
    kit_flush(&k, 3);
    kit_close(&k);
    CHECK_ROW(&k, "/c/stderr INFO last of a\n");
    CHECK_ROW(&k, "/unverified/stderr INFO forged\n");
    CHECK_ROW(&k, "/c/stderr INFO first of c\n");
    kit_free(&k);
}

RT_TEST(test_short_lived_program_is_believed)
{
    struct kit k;
    begin(&k);
    answer = RT_HOLDER_GONE;
    kit_process(&k, 9, RT_PROCESS_FORK, 7, NULL);
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_pass(&k, 5);
    kit_process(&k, 9, RT_PROCESS_EXEC, 7, "short"); /* its EXEC record comes with the next pass */
    kit_err(&k, 9, 1, "x\n");
    kit_flush(&k, 4);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 9, 9, 1, "/short", 6);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/short/stderr INFO x\n");
    CHECK_NO_ROW(&k, "WARN");
    kit_free(&k);
}

/* Regression: segments are read in the order of their numbers, so that the program may be known before its fork is read. */
RT_TEST(test_program_that_is_read_before_its_fork)
{
    struct kit k;
    begin(&k);
    kit_process(&k, 9, RT_PROCESS_FORK, 7, NULL);
    struct rt_buf fork_record = k.block;
    k.block = (struct rt_buf){0};
    kit_process(&k, 9, RT_PROCESS_EXEC, 7, "c");
    kit_err(&k, 9, 1, "x\n");
    kit_flush(&k, 3);
    answer = RT_HOLDER_STAYS;
    rt_buf_deinit(&k.block);
    k.block = fork_record;
    kit_flush(&k, 1);
    kit_err(&k, 9, 2, "y\n");
    kit_flush(&k, 3);
    kit_close(&k);
    CHECK_ROW(&k, "/a/process DEBUG forked: a\n");
    CHECK_ROW(&k, "/c/stderr INFO y\n");
    CHECK_NO_ROW(&k, "WARN");
    CHECK_NO_ROW(&k, "status unknown");
    kit_free(&k);
}

RT_TEST(test_number_of_a_stranger_is_not_used)
{
    struct kit k;
    begin(&k);
    answer = RT_HOLDER_STRANGER;
    kit_process(&k, 1, RT_PROCESS_EXEC, 0, "contained");
    kit_err(&k, 1, 1, "inside\n");
    kit_err(&k, 2, 1, "inside too\n");
    kit_flush(&k, 5);
    kit_err(&k, 7, 1, "outside\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/unverified/stderr INFO inside\n/unverified/stderr INFO inside too\n");
    CHECK_ROW(&k, "/a/stderr INFO outside\n");
    CHECK_INT(count_warnings(&k), 1);
    kit_free(&k);
}

RT_TEST(test_segment_of_a_dead_process_does_not_speak_for_it)
{
    struct kit k;
    begin(&k);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 8, 8, 1, "/static", 7);
    kit_flush(&k, 2);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 2});
    kit_process(&k, 9, RT_PROCESS_EXEC, 1, "heir");
    answer = RT_HOLDER_AWAY;
    kit_err(&k, 8, 1, "forged\n");
    kit_flush(&k, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/unverified/stderr INFO forged\n");
    kit_free(&k);
}

RT_TEST(test_refusal_survives_a_restart)
{
    struct kit k;
    struct rt_buf state = {0};
    begin(&k);
    answer = RT_HOLDER_STAYS;
    kit_err(&k, 8, 1, "one\n");
    kit_flush(&k, 1);
    CHECK_INT(rt_interpreter_save(&k.it, &state), 0);
    rt_interpreter_deinit(&k.it);
    CHECK_INT(rt_interpreter_init(&k.it, &k.batch, &k.options), 0);
    CHECK_INT(rt_interpreter_load(&k.it, state.data, state.len), 0);
    k.it.ask = ask;
    answer = RT_HOLDER_MAPS;
    kit_err(&k, 8, 2, "two\n");
    kit_flush(&k, 1);
    kit_err(&k, 8, 1, "true\n");
    kit_flush(&k, 2);
    rt_buf_deinit(&state);
    kit_close(&k);
    CHECK_ROW(&k, "/unverified/stderr INFO one\n");
    CHECK_ROW(&k, "/unverified/stderr INFO two\n");
    CHECK_ROW(&k, "/b/stderr INFO true\n");
    kit_free(&k);
}
