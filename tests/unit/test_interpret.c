/* What becomes of records: order, results, pieces, ends, clocks; and that a restart changes nothing. */
#include "tests/unit/collect_kit.h"

#include <errno.h>

/* ---------------------------------------------------------------- calls and their results */
static void data(struct kit *k, uint32_t seq, uint32_t flags, const char *text)
{
    kit_record(k, RT_RECORD_DATA, RT_STREAM_STDERR, flags, 7, 7, seq, text, strlen(text));
}

static void result(struct kit *k, uint32_t seq, uint32_t first, uint32_t last, int64_t what)
{
    struct rt_result r = {first, last, what};
    kit_record(k, RT_RECORD_RESULT, 0, 0, 7, 7, seq, &r, sizeof r);
}

static void begin(struct kit *k)
{
    kit_open(k);
    kit_process(k, 7, RT_PROCESS_EXEC, 1, "prog");
}

RT_TEST(test_short_write_trims_what_was_recorded)
{
    struct kit k;
    begin(&k);
    data(&k, 1, 0, "one\ntwo\n");
    result(&k, 2, 1, 1, 4);
    data(&k, 3, 0, "two\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/stderr INFO one\n");
    CHECK_ROW(&k, "/prog/stderr INFO two\n");
    CHECK_INT(k.n_rows, 3); /* and "started" */
    kit_free(&k);
}

RT_TEST(test_failed_write_that_will_be_tried_again_is_no_row)
{
    struct kit k;
    begin(&k);
    data(&k, 1, 0, "again\n");
    result(&k, 2, 1, 1, -EAGAIN);
    data(&k, 3, 0, "again\n");
    data(&k, 4, 0, "gone\n");
    result(&k, 5, 4, 4, -EPIPE);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_INT(k.n_rows, 3);
    CHECK_ROW(&k, "again\n/prog/stderr INFO gone\n");
    kit_free(&k);
}

RT_TEST(test_result_that_comes_too_late_is_counted)
{
    struct kit k;
    begin(&k);
    data(&k, 1, 0, "slow\n");
    kit_flush(&k, 1);
    kit_pass(&k, 10);
    rt_interpreter_idle(&k.it, k.mono);
    result(&k, 2, 1, 1, 2);
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.late_results, 1);
    CHECK_INT(k.it.ledger.stream_bytes[RT_STREAM_STDERR], 2);
    kit_close(&k);
    CHECK_ROW(&k, "INFO slow\n");
    kit_free(&k);
}

/* What a failed call was to write is a row, as somebody wanted to say it, but no byte of it was written. */
RT_TEST(test_counted_is_what_calls_wrote)
{
    struct kit k;
    begin(&k);
    data(&k, 1, 0, "gone\n");
    result(&k, 2, 1, 1, -EPIPE);
    data(&k, 3, 0, "later\n");
    result(&k, 4, 3, 3, -EAGAIN);
    data(&k, 5, RT_FLAG_MIRROR, "mirror\n");
    result(&k, 6, 5, 5, 3);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_SYSLOG, 0, 7, 7, 7, "<14>x", 5);
    result(&k, 8, 7, 7, -ECONNREFUSED);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_SYSLOG, 0, 7, 7, 9, "<14>y", 5);
    kit_flush(&k, 1);
    rt_interpreter_idle(&k.it, k.mono + 1000000000);
    CHECK_INT(k.it.ledger.stream_bytes[RT_STREAM_STDERR], 3);
    CHECK_INT(k.it.ledger.stream_bytes[RT_STREAM_SYSLOG], 5);
    CHECK_INT(k.it.ledger.stream_calls[RT_STREAM_STDERR], 3);
    CHECK_INT(k.it.ledger.stream_calls[RT_STREAM_SYSLOG], 2);
    kit_close(&k);
    CHECK_INT(k.n_rows, 4);
    kit_free(&k);
}

RT_TEST(test_pieces_are_one_call)
{
    struct kit k;
    begin(&k);
    data(&k, 1, RT_FLAG_MORE, "ab");
    data(&k, 2, RT_FLAG_MORE, "cd");
    data(&k, 3, 0, "ef\n");
    result(&k, 4, 1, 3, 5); /* all but the last two bytes */
    data(&k, 5, 0, "!\n");
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.stream_calls[RT_STREAM_STDERR], 2);
    kit_close(&k);
    CHECK_ROW(&k, "INFO abcde!\n");
    kit_free(&k);
}

RT_TEST(test_mirror_and_binary_are_counted_only)
{
    struct kit k;
    uint64_t n = 5000;
    begin(&k);
    data(&k, 1, RT_FLAG_MIRROR, "mirrored\n");
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_BINARY, 0, 7, 7, 2, &n, sizeof n);
    kit_flush(&k, 1);
    rt_interpreter_idle(&k.it, k.mono + 1000000000);
    CHECK_INT(k.it.ledger.stream_bytes[RT_STREAM_STDERR], 9);
    CHECK_INT(k.it.ledger.stream_bytes[RT_STREAM_BINARY], 5000);
    kit_close(&k);
    CHECK_INT(k.n_rows, 1);
    kit_free(&k);
}

/* ---------------------------------------------------------------- who takes more than there is */
/* Regression: one process could use up the threads, processes and memory of all. */
RT_TEST(test_one_segment_does_not_use_up_what_all_have)
{
    struct kit k;
    static char piece[4000];
    begin(&k);
    for (uint32_t i = 0; i < 40000; i++) {
        kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 1000 + i, 1000 + i, 0, "x\n", 2);
        if (i % 1000 == 0)
            kit_flush(&k, 2);
    }
    kit_flush(&k, 2);
    CHECK(k.it.n_threads < 17000);
    CHECK(k.it.tree.n < RT_PROCESSES_MAX / 2 + 10);
    for (uint32_t i = 0; i < 40000; i++) { /* nothing before them ever comes; pieces without an end */
        kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, 0, 7, 100 + i / 100, i % 100 * 2, piece, sizeof piece);
        kit_record(&k, RT_RECORD_MESSAGE, 0, RT_FLAG_MORE, 7, 10000 + i / 50, i % 50, piece, sizeof piece);
        if (i % 100 == 0)
            kit_flush(&k, 3);
        CHECK(k.it.kept_bytes < 66 << 20);
    }
    kit_flush(&k, 3);
    data(&k, 1, RT_FLAG_AFTER, "still here\n");
    kit_flush(&k, 1);
    rt_interpreter_finish(&k.it);
    CHECK_INT(k.it.kept_bytes, 0);
    kit_close(&k);
    kit_free(&k);
}

/* ---------------------------------------------------------------- messages */
static size_t make_message(char *out, size_t size, int32_t pri, const char *ident, size_t text_len)
{
    struct rt_message m = {.kind = RT_MESSAGE_SYSLOG, .pri = pri, .ident_len = (uint16_t)strlen(ident), .text_len = (uint32_t)text_len};
    CHECK(sizeof m + m.ident_len + text_len <= size);
    memcpy(out, &m, sizeof m);
    memcpy(out + sizeof m, ident, m.ident_len);
    memset(out + sizeof m + m.ident_len, 'x', text_len);
    memcpy(out + sizeof m + m.ident_len + text_len - 3, "end", 3);
    return sizeof m + m.ident_len + text_len;
}

/* Regression: a message over an eighth of a lane comes in pieces; each was judged by itself, and the message was lost. */
RT_TEST(test_long_message_is_one_row)
{
    static char m[30000];
    struct kit k;
    size_t n = make_message(m, sizeof m, 11, "id", 20000);
    begin(&k);
    kit_record(&k, RT_RECORD_MESSAGE, 0, RT_FLAG_MORE, 7, 7, 1, m, 8000);
    kit_record(&k, RT_RECORD_MESSAGE, 0, RT_FLAG_MORE, 7, 7, 2, m + 8000, 8000);
    kit_flush(&k, 1);
    struct rt_buf state = {0};
    CHECK_INT(rt_interpreter_save(&k.it, &state), 0); /* a restart between the pieces */
    rt_interpreter_deinit(&k.it);
    CHECK_INT(rt_interpreter_init(&k.it, &k.batch, &k.options), 0);
    CHECK_INT(rt_interpreter_load(&k.it, state.data, state.len), 0);
    rt_buf_deinit(&state);
    kit_record(&k, RT_RECORD_MESSAGE, 0, 0, 7, 7, 3, m + 16000, n - 16000);
    kit_err(&k, 7, 4, "behind\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_INT(k.n_rows, 3);
    CHECK_ROW(&k, "xxxend\n");
    CHECK_ROW(&k, "/prog/syslog ERROR xxx");
    kit_free(&k);
}

RT_TEST(test_message_without_its_last_piece_is_cut_not_lost)
{
    static char m[30000];
    struct kit k;
    make_message(m, sizeof m, 11, "id", 20000);
    struct rt_lost lost = {.calls = 1, .seqs = 1};
    begin(&k);
    kit_record(&k, RT_RECORD_MESSAGE, 0, RT_FLAG_MORE, 7, 7, 1, m, 8000);
    kit_record(&k, RT_RECORD_LOST, 0, 0, 7, 7, 3, &lost, sizeof lost);
    kit_err(&k, 7, 4, "behind\n");
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.gaps, 0); /* the LOST record explains it */
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR xxx");
    CHECK_NO_ROW(&k, "xxxend");
    CHECK_ROW(&k, "INFO behind\n");
    kit_free(&k);
}

/* ---------------------------------------------------------------- ends of processes */
static void waited(struct kit *k, uint32_t by, uint32_t seq, uint32_t pid, int status)
{
    struct rt_waited w = {.pid = pid, .status = status};
    kit_record(k, RT_RECORD_WAITED, 0, 0, by, by, seq, &w, sizeof w);
}

/* Regression: the launcher's word is staged before the records of the same pass; a program that lived shorter than a pass ended "status unknown". */
RT_TEST(test_end_that_comes_before_the_records_is_told)
{
    struct kit k;
    kit_open(&k);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_STATUS, .pid = 7, .status = SIGKILL});
    k.record_mono = k.mono - 2 * MS;
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    kit_err(&k, 7, 1, "last words\n");
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_flush(&k, 2);
    CHECK(!rt_tree_find(&k.it.tree, 7)->ended); /* its last words may be in another lane */
    kit_pass(&k, 5);
    kit_flush(&k, 2);
    CHECK(rt_tree_find(&k.it.tree, 7)->ended);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    kit_close(&k);
    CHECK_ROW(&k, "last words\n/prog/process ERROR killed by SIGKILL\n");
    CHECK_NO_ROW(&k, "unknown");
    CHECK_STR((const char *)k.states.data, "/process/prog started\n/process/prog running\n/process/prog SIGKILL\n");
    kit_free(&k);
}

/* Regression: a child that a shell makes by vfork: its exec is told in the shell's segment, read after the new program spoke in its own. */
RT_TEST(test_short_child_of_a_shell_is_covered_and_its_end_known)
{
    struct kit k;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "sh");
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 8, 8, 0, "/bin/ls", 7);
    uint64_t mono = k.record_mono;
    k.record_mono = mono + MS;
    waited(&k, 7, 1, 8, 3 << 8);
    kit_flush(&k, 1);
    k.record_mono = mono + MS / 2; /* before the parent's wait returned */
    kit_process(&k, 8, RT_PROCESS_EXEC, 7, "ls");
    kit_err(&k, 8, 1, "no such file\n");
    kit_flush(&k, 2);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 2});
    kit_pass(&k, 3000);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/ls/process INFO exited with status 3\n");
    CHECK_NO_ROW(&k, "not covered");
    kit_free(&k);
}

RT_TEST(test_end_without_witness_is_not_guessed)
{
    struct kit k;
    int32_t code = 5;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "a");
    kit_flush(&k, 1);
    kit_process(&k, 8, RT_PROCESS_EXEC, 1, "b");
    kit_record(&k, RT_RECORD_EXIT, 0, 0, 8, 8, 1, &code, sizeof code);
    kit_flush(&k, 2);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 2});
    kit_close(&k);
    CHECK_ROW(&k, "/a/process INFO ended, status unknown\n");
    CHECK_ROW(&k, "/b/process INFO exited with status 5\n");
    kit_free(&k);
}

RT_TEST(test_end_told_by_a_parent_that_waits_later)
{
    struct kit k;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "parent");
    kit_flush(&k, 1);
    kit_process(&k, 8, RT_PROCESS_EXEC, 7, "child");
    kit_flush(&k, 2);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 2});
    kit_pass(&k, 300);
    waited(&k, 7, 1, 8, SIGSEGV);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/child/process ERROR killed by SIGSEGV\n");
    CHECK_NO_ROW(&k, "/child/process INFO ended");
    kit_free(&k);
}

/* A vfork child (what many shells make) never registers by itself; what it executes either does, or is not covered. */
RT_TEST(test_vfork_child_is_told_by_what_it_executed)
{
    struct kit k;
    int32_t code = 127;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "sh");
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 8, 8, 0, "/bin/static", 11); /* waited for */
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 9, 9, 0, "/bin/ls", 7);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 10, 10, 0, "/bin/none", 9);  /* fails */
    kit_record(&k, RT_RECORD_EXIT, 0, 0, 10, 10, 1, &code, sizeof code);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 11, 11, 0, "/bin/daemon", 11); /* lives on */
    kit_flush(&k, 1);
    kit_process(&k, 9, RT_PROCESS_EXEC, 7, "ls");
    kit_flush(&k, 2);
    kit_pass(&k, 20);
    waited(&k, 7, 1, 8, 0);
    waited(&k, 7, 2, 9, 1 << 8);
    waited(&k, 7, 3, 10, 127 << 8);
    kit_flush(&k, 1);
    kit_pass(&k, 1500);
    kit_flush(&k, 1);
    kit_pass(&k, 1500);
    kit_flush(&k, 1);
    CHECK_INT(rt_interpreter_execs(&k.it), 0);
    CHECK_INT(k.it.ledger.processes, 4);
    CHECK_INT(k.it.ledger.uncovered, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/static/process INFO executed /bin/static, which did not load the shim: not covered\n");
    CHECK_ROW(&k, "/static/process DEBUG exited with status 0\n");
    CHECK_ROW(&k, "/daemon/process INFO executed /bin/daemon, which");
    CHECK_NO_ROW(&k, "executed /bin/ls");
    CHECK_NO_ROW(&k, "executed /bin/none");
    CHECK_NO_ROW(&k, "/sh/process INFO exited with");
    CHECK_ROW(&k, "/ls/process INFO exited with status 1\n");
    CHECK_STR((const char *)k.states.data, "/process/sh started\n/process/static not covered\n/process/daemon not covered\n/process/ls started\n"
              "/process/static exited(0)\n/process/ls exited(1)\n");
    kit_free(&k);
}

RT_TEST(test_exec_of_what_does_not_register_is_not_covered)
{
    struct kit k;
    begin(&k);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 7, 7, 1, "/bin/static", 11);
    kit_flush(&k, 1);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    kit_pass(&k, 1500);
    kit_flush(&k, 2);
    kit_pass(&k, 1500);
    kit_flush(&k, 2);
    CHECK_INT(k.it.ledger.uncovered, 1);
    kit_close(&k);
    CHECK_ROW(&k, "not covered");
    kit_free(&k);
}

/* Regression: somebody waited for the end of what was executed, and the end hid that it was not covered. */
RT_TEST(test_exec_of_what_does_not_register_is_told_before_its_end)
{
    struct kit k;
    begin(&k);
    kit_process(&k, 8, RT_PROCESS_FORK, 7, NULL);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 8, 8, 1, "/bin/static", 11);
    waited(&k, 7, 1, 8, 3 << 8);
    kit_flush(&k, 1);
    kit_pass(&k, 20);
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.uncovered, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/static/process INFO executed /bin/static, which");
    CHECK_ROW(&k, "/static/process INFO exited with status 3\n");
    kit_free(&k);
}

/* A program without the shim, and what it leaves behind, write into a pipe whose reader speaks for it. */
RT_TEST(test_who_is_spoken_for_has_rows_after_its_end)
{
    struct kit k;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_SPOKEN_FOR, 1, "static");
    kit_err(&k, 7, 1, "early\n");
    kit_flush(&k, 1);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_STATUS, .pid = 7, .status = 0});
    for (int i = 0; i < 3; i++) {
        kit_pass(&k, 5000);
        kit_flush(&k, 2);
    }
    kit_err(&k, 7, 2, "late\n");
    kit_flush(&k, 1);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    for (int i = 0; i < 3; i++) {
        kit_pass(&k, 5000);
        kit_flush(&k, 2);
    }
    CHECK(!rt_tree_find(&k.it.tree, 7));
    kit_close(&k);
    CHECK_ROW(&k, "/static/process DEBUG exited with status 0\n");
    CHECK_ROW(&k, "/static/stderr INFO late\n");
    kit_free(&k);
}

/* A program that goes on after its exec failed, and ends by a signal, was covered all the time. */
RT_TEST(test_exec_that_failed_is_forgotten)
{
    struct kit k;
    begin(&k);
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 7, 7, 1, "/bin/none", 9);
    kit_err(&k, 7, 2, "no such file\n");
    kit_flush(&k, 1);
    kit_pass(&k, 20);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_STATUS, .pid = 7, .status = SIGTERM});
    kit_pass(&k, 20);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "killed by SIGTERM");
    CHECK_NO_ROW(&k, "not covered");
    kit_free(&k);
}

RT_TEST(test_forked_child_has_its_parents_name_and_its_own_end)
{
    struct kit k;
    begin(&k);
    kit_process(&k, 8, RT_PROCESS_FORK, 7, NULL);
    kit_err(&k, 8, 1, "child\n");
    waited(&k, 7, 1, 8, 0);
    kit_process(&k, 8, RT_PROCESS_FORK, 7, NULL); /* the same number again */
    kit_err(&k, 8, 1, "second\n");
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.processes, 3);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/process DEBUG forked: prog\n");
    CHECK_ROW(&k, "/prog/process DEBUG exited with status 0\n");
    CHECK_ROW(&k, "INFO child\n");
    CHECK_ROW(&k, "INFO second\n");
    kit_free(&k);
}

RT_TEST(test_change_of_rights_is_told_once_and_in_its_place)
{
    struct kit k;
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "d");
    data(&k, 1, 0, "as root\n");
    data(&k, 2, RT_FLAG_CRED, "as nobody\n");
    data(&k, 3, RT_FLAG_CRED, "still\n");
    kit_flush(&k, 1);
    kit_close(&k);
    char *first = strstr((char *)k.rows.data, "as root"), *change = strstr((char *)k.rows.data, "goes on with other rights");
    CHECK(first && change && first < change && change < strstr((char *)k.rows.data, "as nobody"));
    CHECK(!strstr(change + 1, "goes on with other rights"));
    kit_free(&k);
}

/* ---------------------------------------------------------------- order */
RT_TEST(test_spilled_records_come_out_in_order)
{
    struct kit k;
    begin(&k);
    data(&k, 1, RT_FLAG_AFTER, "a");
    data(&k, 3, RT_FLAG_AFTER, "c");
    data(&k, 4, RT_FLAG_AFTER, "d\n");
    kit_flush(&k, 1);
    data(&k, 2, RT_FLAG_AFTER, "b");
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.gaps, 0);
    kit_close(&k);
    CHECK_ROW(&k, "INFO abcd\n");
    kit_free(&k);
}

RT_TEST(test_gap_closes_the_line_and_what_comes_later_is_not_lost)
{
    struct kit k;
    begin(&k);
    data(&k, 1, RT_FLAG_AFTER, "half");
    data(&k, 3, RT_FLAG_AFTER, "next\n");
    uint64_t then = k.record_mono;
    kit_flush(&k, 1);
    for (int i = 0; i < 4; i++) {
        kit_pass(&k, 8);
        kit_flush(&k, 2);
    }
    CHECK_INT(k.it.ledger.gaps, 1);
    k.record_mono = then - 2000;
    data(&k, 2, RT_FLAG_AFTER, "late\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "INFO half\n");
    CHECK_ROW(&k, "INFO next\n");
    CHECK_ROW(&k, "INFO late\n");
    kit_free(&k);
}

/* Regression: smaller numbers counted as read before: a thread with a dead one's number lost its first lines when its first record came late. */
RT_TEST(test_new_thread_with_an_old_number_loses_nothing)
{
    struct kit k;
    begin(&k);
    for (uint32_t i = 1; i < 50; i++)
        data(&k, i, RT_FLAG_AFTER, "old\n");
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    data(&k, 1, RT_FLAG_AFTER, "new 1\n");
    data(&k, 2, RT_FLAG_AFTER, "new 2\n");
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    data(&k, 100000, RT_FLAG_AFTER, "newest\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "new 1\n/prog/stderr INFO new 2\n");
    CHECK_ROW(&k, "newest\n");
    CHECK_INT(k.n_rows, 53);
    kit_free(&k);
}

/* Regression: in a sandbox threads can't ask for their number; all are 0 there, each with a counter of its own. */
RT_TEST(test_threads_without_number_lose_nothing)
{
    struct kit k;
    begin(&k);
    for (uint32_t i = 0; i < 20; i++)
        for (uint32_t thread = 0; thread < 3; thread++)
            kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 7, 0, i + thread * 1000, "line\n", 5);
    kit_flush(&k, 1);
    for (int i = 0; i < 4; i++) {
        kit_pass(&k, 8);
        kit_flush(&k, 2);
    }
    uint64_t gaps = k.it.ledger.gaps;
    kit_close(&k);
    CHECK_INT(k.n_rows, 61);
    CHECK_INT(gaps, 0);
    kit_free(&k);
}

/* Regression: it has no place in a lane, and was taken for what had been read at the lane's start. */
RT_TEST(test_what_a_buffer_held_is_no_repetition)
{
    struct kit k;
    begin(&k);
    kit_take(&k, RT_BLOCK_LANE, 1, RT_BLOCK_LATE);
    k.position = 0;
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDOUT, RT_FLAG_UNFLUSHED | RT_FLAG_AFTER, 7, 7, 1, "last words", 10);
    kit_take(&k, RT_BLOCK_BACKLOG, 1, 0);
    CHECK_INT(k.it.ledger.duplicates, 0);
    kit_close(&k);
    CHECK_ROW(&k, "last words");
    kit_free(&k);
}

RT_TEST(test_records_of_a_retired_lane_are_told_once)
{
    struct kit k;
    begin(&k);
    data(&k, 1, RT_FLAG_AFTER, "first\n");
    kit_flush(&k, 1);
    uint64_t hole = k.position, mono = k.record_mono;
    k.position += 64; /* an open record of another thread */
    for (uint32_t i = 2; i < 5; i++)
        data(&k, i, RT_FLAG_AFTER, "behind\n");
    struct rt_buf again = {0};
    rt_buf_append(&again, k.block.data, k.block.len);
    kit_take(&k, RT_BLOCK_LANE, 1, RT_BLOCK_BEHIND);
    struct rt_buf state = {0};
    CHECK_INT(rt_interpreter_save(&k.it, &state), 0);
    rt_interpreter_deinit(&k.it);
    CHECK_INT(rt_interpreter_init(&k.it, &k.batch, &k.options), 0);
    CHECK_INT(rt_interpreter_load(&k.it, state.data, state.len), 0);
    rt_buf_deinit(&state);
    k.position = hole; /* the next collector: the open record is complete now, the rest is read again */
    k.record_mono = mono - MS;
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 7, 9, 4, "at last\n", 8);
    CHECK_INT(k.block.len, 40);
    uint64_t pad = RT_STAMP(24, RT_RECORD_PAD, 0, 0) | RT_STAMP_COMMIT, zero[2] = {0};
    rt_buf_append(&k.block, &pad, 8);
    rt_buf_append(&k.block, zero, 16);
    rt_buf_append(&k.block, again.data, again.len);
    rt_buf_deinit(&again);
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.duplicates, 3);
    kit_close(&k);
    CHECK_ROW(&k, "INFO at last\n");
    CHECK_INT(k.n_rows, 6);
    kit_free(&k);
}

/* ---------------------------------------------------------------- clocks */
static void clocks(struct kit *k, uint64_t mono_ms, int64_t real_ms)
{
    kit_event(k, (struct rt_event){.kind = RT_EVENT_CLOCK, .mono_ns = mono_ms * MS, .real_ns = (uint64_t)(real_ms * (int64_t)MS)});
}

/* Regression: a clock that was set back was told again with every comparison. */
RT_TEST(test_clock_set_back_is_told_once)
{
    struct kit k;
    begin(&k);
    kit_flush(&k, 1);
    clocks(&k, 100000, 500000);
    for (uint64_t i = 1; i < 10; i++)
        clocks(&k, 100000 + i * 1000, 500000 + (int64_t)i * 1000 - 30000);
    CHECK_INT(k.it.real_minus_mono_ns / (int64_t)MS, 400000);
    clocks(&k, 111000, 511000);
    clocks(&k, 112000, 612000);
    CHECK_INT(k.it.real_minus_mono_ns / (int64_t)MS, 500000);
    kit_close(&k);
    CHECK_ROW(&k, "WARN the system clock was set back by 30.000 s");
    CHECK_ROW(&k, "WARN the system clock was set forward by 100.000 s");
    CHECK_INT(k.n_rows, 3);
    kit_free(&k);
}

RT_TEST(test_quiet_line_is_closed_by_time)
{
    struct kit k;
    begin(&k);
    data(&k, 1, RT_FLAG_AFTER, "prompt> ");
    kit_flush(&k, 1);
    rt_interpreter_idle(&k.it, k.mono + 50 * MS);
    CHECK(k.it.dirty != NULL);
    rt_interpreter_idle(&k.it, k.mono + 150 * MS);
    CHECK(k.it.dirty == NULL);
    kit_close(&k);
    CHECK_ROW(&k, "INFO prompt> \n");
    kit_free(&k);
}

/* Regression: a collector that died after it told a dead segment's loss, before it cleared the counters, left them to
 * be told again, and the ledger had them twice. */
RT_TEST(test_loss_told_twice_is_counted_once)
{
    struct kit k;
    struct rt_buf state = {0};
    struct rt_event dead = {.kind = RT_EVENT_DEAD, .segment = 3, .owner = 70,
                            .loss = {.calls = 2, .bytes = 50, .lines = 4, .truncated = 1}};
    begin(&k);
    kit_event(&k, dead);
    CHECK_INT(rt_interpreter_save(&k.it, &state), 0);
    rt_interpreter_deinit(&k.it);
    CHECK_INT(rt_interpreter_init(&k.it, &k.batch, &k.options), 0);
    CHECK_INT(rt_interpreter_load(&k.it, state.data, state.len), 0);
    kit_event(&k, dead);
    dead.loss = (struct rt_loss){.calls = 0, .bytes = 50, .lines = 4}; /* half cleared */
    kit_event(&k, dead);
    CHECK_INT(k.it.ledger.dropped_calls, 2);
    CHECK_INT(k.it.ledger.dropped_bytes, 50);
    CHECK_INT(k.it.ledger.dropped_lines, 4);
    CHECK_INT(k.it.ledger.truncated, 1);
    dead.loss = (struct rt_loss){.calls = 3, .bytes = 60, .lines = 5}; /* it was alive after all */
    kit_event(&k, dead);
    CHECK_INT(k.it.ledger.dropped_lines, 5);
    dead.owner = 71;
    kit_event(&k, dead);
    CHECK_INT(k.it.ledger.dropped_calls, 6);
    CHECK_INT(k.it.ledger.dropped_lines, 10);
    rt_buf_deinit(&state);
    kit_close(&k);
    kit_free(&k);
}

/* ---------------------------------------------------------------- restart */
static uint64_t state_of = 88172645463325252u;
static uint32_t any(uint32_t below) /* xorshift64 */
{
    state_of ^= state_of << 13;
    state_of ^= state_of >> 7;
    state_of ^= state_of << 17;
    return (uint32_t)(state_of >> 33) % below;
}

/* A recorded life of four processes in two segments: lines in parts, tracebacks, spills, ends. @restart: the state is saved and loaded before block
 * number @restart (0: before each). */
static void play(struct kit *k, uint64_t seed, int restart)
{
    static const char *const texts[] = {"plain\n", "no end", " end\n", "Traceback (most recent call last):\n", "  File \"a\", line 1\n", "KeyError: 1\n",
                                        "ERROR: x\n", "\n", "x\ny\n"};
    uint32_t seq[4] = {1, 1, 1, 1};
    state_of = seed;
    kit_init(k);
    kit_start(k);
    for (uint32_t b = 1; b <= 40; b++) {
        if (restart >= 0 && (restart == 0 || (int)b == restart)) {
            struct rt_buf state = {0};
            CHECK_INT(rt_interpreter_save(&k->it, &state), 0);
            rt_interpreter_deinit(&k->it);
            CHECK_INT(rt_interpreter_init(&k->it, &k->batch, &k->options), 0);
            CHECK_INT(rt_interpreter_load(&k->it, state.data, state.len), 0);
            rt_buf_deinit(&state);
        }
        kit_pass(k, any(3) ? 5 : any(2) ? 150 : 1500);
        uint32_t segment = 1 + any(2);
        for (uint32_t i = 0; i < 2 && b < 3; i++)
            kit_process(k, 10 + (b - 1) * 2 + i, RT_PROCESS_EXEC, 1, i ? "one" : "two"), segment = b;
        for (uint32_t n = any(12); b > 2 && n > 0; n--) {
            uint32_t i = (segment - 1) * 2 + any(2), skip = any(10) == 0;
            const char *text = texts[any(sizeof texts / sizeof *texts)];
            kit_record(k, RT_RECORD_DATA, RT_STREAM_STDOUT + any(2), any(3) ? RT_FLAG_AFTER : any(4) ? 0 : RT_FLAG_MORE, 10 + i, 10 + i, seq[i] + skip,
                       text, strlen(text));
            if (skip)
                kit_record(k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 10 + i, 10 + i, seq[i], "spilled\n", 8);
            seq[i] += 1 + skip + (any(30) == 0);
        }
        kit_flush(k, segment);
        if (any(10) == 0)
            kit_event(k, (struct rt_event){.kind = RT_EVENT_STATUS, .pid = 10 + any(4), .status = (int)any(200)});
    }
    kit_close(k);
}

RT_TEST(test_restart_at_any_block_gives_the_same_rows)
{
    for (uint64_t seed = 1; seed < 4; seed++) {
        struct kit whole;
        play(&whole, seed * 7919, -1);
        CHECK(whole.n_rows > 50);
        for (int at = 0; at <= 40; at += seed == 1 ? 1 : 8) {
            struct kit k;
            play(&k, seed * 7919, at);
            CHECK_STR((const char *)k.rows.data, (const char *)whole.rows.data);
            CHECK_STR((const char *)k.states.data, (const char *)whole.states.data);
            kit_free(&k);
        }
        kit_free(&whole);
    }
}

static void restart(struct kit *k)
{
    struct rt_buf state = {0};
    CHECK_INT(rt_interpreter_save(&k->it, &state), 0);
    rt_interpreter_deinit(&k->it);
    CHECK_INT(rt_interpreter_init(&k->it, &k->batch, &k->options), 0);
    CHECK_INT(rt_interpreter_load(&k->it, state.data, state.len), 0);
    rt_buf_deinit(&state);
}

/* Regression: what was known of the call that began a line was not in the state. */
RT_TEST(test_restart_keeps_the_calls_of_open_lines)
{
    struct kit k;
    struct { struct rt_call call; char text[4]; } began = {{.site = 5, .text_len = 4, .kind = RT_MESSAGE_ERR, .flags = RT_CALL_UNFINISHED}, "half"};
    begin(&k);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_CALL | RT_FLAG_AFTER, 7, 7, 1, &began, sizeof began);
    kit_flush(&k, 1);
    restart(&k);
    kit_pass(&k, 1500);
    kit_flush(&k, 2);
    kit_pass(&k, 5);
    kit_flush(&k, 2);
    data(&k, 2, RT_FLAG_AFTER, " and half\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "ERROR half and half\n");
    kit_free(&k);
}

/* ---------------------------------------------------------------- limits */
RT_TEST(test_many_threads_are_forgotten_when_quiet)
{
    struct kit k;
    begin(&k);
    kit_flush(&k, 1);
    for (uint32_t i = 0; i < 3000; i++)
        kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 7, 1000 + i, 0, "hello\n", 6);
    kit_flush(&k, 1);
    CHECK(k.it.n_threads > 3000);
    for (int i = 0; i < 15; i++) {
        kit_pass(&k, 1000);
        kit_flush(&k, 2);
    }
    CHECK(k.it.n_threads < 10);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 7, 1000, 1, "again\n", 6);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_INT(k.n_rows, 3002);
    CHECK_ROW(&k, "again");
    kit_free(&k);
}

RT_TEST(test_nonsense_numbers_stay_within_limits)
{
    struct kit k;
    begin(&k);
    kit_flush(&k, 1);
    for (uint32_t b = 0; b < 40; b++) {
        for (uint32_t i = 0; i < 3000; i++)
            kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER, 1000 + b * 3000 + i, 5 + b * 3000 + i, any(50), "x", 1);
        kit_flush(&k, 1);
    }
    CHECK(k.it.n_threads <= 65537);
    kit_pass(&k, 2000);
    kit_flush(&k, 1);
    CHECK(k.it.tree.n <= RT_PROCESSES_MAX + 1);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    CHECK_INT(k.it.n_threads, 0);
    kit_close(&k);
    kit_free(&k);
}

/* What was left of standard output comes behind a loss: its first line does not go on with the one that was begun. */
RT_TEST(test_rest_of_stdout_behind_a_loss)
{
    struct kit k;
    uint32_t tid = RT_TID_STDOUT | 7;
    begin(&k);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDOUT, 0, 7, tid, 0, "one\nbegun", 9);
    kit_flush(&k, 1);
    kit_pass(&k, 5);
    kit_pass(&k, 5);
    kit_flush(&k, 1);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDOUT, RT_FLAG_UNFLUSHED | RT_FLAG_AFTER, 7, tid, 3, "rest\n", 5);
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.gaps, 1);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDOUT, RT_FLAG_UNFLUSHED | RT_FLAG_AFTER, 7, tid, 0, "one\n", 4);
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.duplicates, 1);
    kit_event(&k, (struct rt_event){.kind = RT_EVENT_DEAD, .segment = 1});
    kit_close(&k);
    CHECK_ROW(&k, "INFO begun\n");
    CHECK_ROW(&k, "INFO rest\n");
    kit_free(&k);
}
