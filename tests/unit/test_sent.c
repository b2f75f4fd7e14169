/* What becomes of calls to log daemons and to files that were asked for. */
#include "tests/unit/collect_kit.h"

#include <errno.h>

#define ALL(s) s, sizeof s - 1

static void sent(struct kit *k, uint32_t seq, uint32_t stream, uint32_t flags, const char *bytes, size_t n)
{
    kit_record(k, RT_RECORD_DATA, stream, flags | RT_FLAG_AFTER, 7, 7, seq, bytes, n);
}

static void begin(struct kit *k)
{
    kit_open(k);
    kit_process(k, 7, RT_PROCESS_EXEC, 1, "prog");
}

static void restart(struct kit *k)
{
    struct rt_buf state = {0};
    kit_flush(k, 1);
    CHECK_INT(rt_interpreter_save(&k->it, &state), 0);
    rt_interpreter_deinit(&k->it);
    CHECK_INT(rt_interpreter_init(&k->it, &k->batch, &k->options), 0);
    CHECK_INT(rt_interpreter_load(&k->it, state.data, state.len), 0);
    rt_buf_deinit(&state);
}

/* ---------------------------------------------------------------- syslog */
RT_TEST(test_a_datagram_is_a_row)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_SYSLOG, 0, ALL("<27>Nov 20 16:14:09 app[3]: it failed"));
    sent(&k, 2, RT_STREAM_SYSLOG, 0, ALL("<14>two\nlines\n"));
    sent(&k, 3, RT_STREAM_SYSLOG, 0, ALL("no priority, WARNING: inside"));
    sent(&k, 4, RT_STREAM_SYSLOG, 0, ALL("<12>\xff\0"));
    sent(&k, 5, RT_STREAM_SYSLOG, RT_FLAG_MIRROR, ALL("<11>a hook had it already"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR it failed\n");
    CHECK_ROW(&k, "/prog/syslog INFO two\nlines\n");
    CHECK_ROW(&k, "no priority, WARNING: inside\n");
    CHECK_ROW(&k, "/prog/syslog WARN \xef\xbf\xbd\n");
    CHECK_NO_ROW(&k, "a hook had it");
    CHECK_INT(k.n_rows, 5);
    kit_free(&k);
}

RT_TEST(test_a_datagram_in_pieces_is_one_row)
{
    static char text[20000];
    struct kit k;
    memset(text, 'x', sizeof text);
    memcpy(text, "<11>", 4);
    memcpy(text + sizeof text - 3, "end", 3);
    begin(&k);
    sent(&k, 1, RT_STREAM_SYSLOG, RT_FLAG_MORE, text, 8000);
    sent(&k, 2, RT_STREAM_SYSLOG, RT_FLAG_MORE, text + 8000, 8000);
    sent(&k, 3, RT_STREAM_SYSLOG, 0, text + 16000, 4000);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR xxx");
    CHECK_ROW(&k, "xxxend\n");
    CHECK_INT(k.n_rows, 2);
    kit_free(&k);
}

RT_TEST(test_a_connection_is_cut_into_messages_over_a_restart)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("<11>one\n<12>tw"));
    restart(&k);
    sent(&k, 2, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("o\n10 <13>th"));
    restart(&k);
    sent(&k, 3, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("ree\n"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR one\n/prog/syslog WARN two\n/prog/syslog INFO three\n");
    CHECK_INT(k.n_rows, 4);
    kit_free(&k);
}

RT_TEST(test_connections_of_one_thread_are_kept_apart)
{
    struct kit k;
    char bytes[128];
    static const struct { uint32_t origin; const char *text; } pieces[] = {{1, "20 <11>fi"}, {2, "<12>sec"}, {1, "rst of two\n"}, {2, "ond\n"}};
    begin(&k);
    for (uint32_t i = 0; i < 4; i++) {
        struct rt_call call = {.origin = pieces[i].origin, .text_len = (uint32_t)strlen(pieces[i].text)};
        memcpy(bytes, &call, sizeof call);
        memcpy(bytes + sizeof call, pieces[i].text, call.text_len);
        sent(&k, 1 + i, RT_STREAM_SYSLOG, RT_FLAG_FRAMED | RT_FLAG_CALL, bytes, sizeof call + call.text_len);
    }
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR first of two\n");
    CHECK_ROW(&k, "/prog/syslog WARN second\n");
    kit_free(&k);
}

RT_TEST(test_a_line_on_a_connection_does_not_wait_for_ever)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("<11>no line end"));
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.rows, 1);
    kit_pass(&k, 300);
    rt_interpreter_idle(&k.it, k.mono);
    CHECK_INT(k.it.ledger.rows, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR no line end\n");
    kit_free(&k);
}

RT_TEST(test_a_hole_ends_the_open_message)
{
    struct rt_lost lost = {.calls = 1, .seqs = 1};
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("99 <11>begun"));
    kit_record(&k, RT_RECORD_LOST, 0, 0, 7, 7, 3, &lost, sizeof lost);
    sent(&k, 4, RT_STREAM_SYSLOG, RT_FLAG_FRAMED, ALL("<12>next\n"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/syslog ERROR begun\n/prog/syslog WARN next\n");
    kit_free(&k);
}

RT_TEST(test_what_will_be_sent_again_is_no_row)
{
    static const int again[] = {EAGAIN, EMSGSIZE, ENOBUFS};
    struct kit k;
    begin(&k);
    uint32_t seq = 1;
    for (int i = 0; i < 3; i++, seq += 3) {
        struct rt_result r = {seq, seq, -again[i]};
        kit_record(&k, RT_RECORD_DATA, RT_STREAM_JOURNAL, 0, 7, 7, seq, ALL("MESSAGE=x\n"));
        kit_record(&k, RT_RECORD_RESULT, 0, 0, 7, 7, seq + 1, &r, sizeof r);
        sent(&k, seq + 2, RT_STREAM_JOURNAL, 0, ALL("MESSAGE=x\n"));
    }
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_INT(k.n_rows, 4);
    kit_free(&k);
}

static void tried(struct kit *k, uint32_t seq, const char *text, int error)
{
    struct rt_result r = {seq, seq, -error};
    kit_record(k, RT_RECORD_DATA, RT_STREAM_SYSLOG, 0, 7, 7, seq, text, strlen(text));
    if (error)
        kit_record(k, RT_RECORD_RESULT, 0, 0, 7, 7, seq + 1, &r, sizeof r);
}

/* A daemon was restarted: Python's handler connects anew and sends the same once more. */
RT_TEST(test_a_second_try_is_not_a_second_row)
{
    struct kit k;
    begin(&k);
    tried(&k, 1, "<11>one", ECONNREFUSED);
    tried(&k, 3, "<11>one", 0);
    tried(&k, 4, "<11>two", ECONNREFUSED);
    restart(&k);
    tried(&k, 6, "<11>two", ENOENT);
    tried(&k, 8, "<11>three", EPIPE);
    tried(&k, 10, "<11>four", 0);
    tried(&k, 11, "<11>five", EPIPE);
    kit_flush(&k, 1);
    kit_pass(&k, 1000);
    rt_interpreter_idle(&k.it, k.mono);
    CHECK_INT(k.it.ledger.rows, 6);
    tried(&k, 13, "<11>six", EPIPE);
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "ERROR one\n/prog/syslog ERROR two\n/prog/syslog ERROR three\n/prog/syslog ERROR four\n/prog/syslog ERROR five\n"
                  "/prog/syslog ERROR six\n");
    CHECK_INT(k.n_rows, 7);
    kit_free(&k);
}

/* ---------------------------------------------------------------- journal */
RT_TEST(test_a_journal_entry_is_a_row)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_JOURNAL, 0, ALL("PRIORITY=3\nMESSAGE=plain\nSYSLOG_IDENTIFIER=x\n"));
    sent(&k, 2, RT_STREAM_JOURNAL, 0, ALL("MESSAGE\n\x07\0\0\0\0\0\0\0two\nlin\nPRIORITY=7\n"));
    sent(&k, 3, RT_STREAM_JOURNAL, 0, ALL("MESSAGE=first\n\nMESSAGE=second\nPRIORITY=4\n"));
    sent(&k, 4, RT_STREAM_JOURNAL, 0, ALL("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff" "cut"));
    sent(&k, 5, RT_STREAM_JOURNAL, 0, ALL("garbage"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/journal ERROR plain\n/prog/journal DEBUG two\nlin\n/prog/journal INFO first\n/prog/journal WARN second\n"
                  "/prog/journal INFO cut\n");
    CHECK_INT(k.n_rows, 6);
    kit_free(&k);
}

#define HEADER "ident\nunit\n4\n1\n0\n0\n0\n"

RT_TEST(test_a_journal_stream_has_levels)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_JOURNAL_TEXT, 0, ALL(HEADER));
    sent(&k, 2, RT_STREAM_JOURNAL_TEXT, 0, ALL("<3>by prefix\nby hea"));
    restart(&k);
    sent(&k, 3, RT_STREAM_JOURNAL_TEXT, 0, ALL("der\n"));
    sent(&k, 4, RT_STREAM_JOURNAL_TEXT, 0, ALL("open"));
    sent(&k, 5, RT_STREAM_JOURNAL_TEXT, 0, ALL("other\nunit\n7\n1\n0\n0\n0\nby another\n"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/journal ERROR by prefix\n/prog/journal WARN by header\n/prog/journal WARN open\n/prog/journal DEBUG by another\n");
    CHECK_INT(k.n_rows, 5);
    kit_free(&k);
}

RT_TEST(test_a_journal_stream_goes_on_in_what_is_executed)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_JOURNAL_TEXT, 0, ALL(HEADER));
    kit_record(&k, RT_RECORD_EXEC, 0, 0, 7, 7, 2, ALL("next"));
    kit_flush(&k, 1);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "next");
    sent(&k, 1, RT_STREAM_JOURNAL_TEXT, 0, ALL("from the next\n"));
    kit_process(&k, 8, RT_PROCESS_FORK, 7, NULL);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_JOURNAL_TEXT, RT_FLAG_AFTER, 8, 8, 1, ALL("from its child\n"));
    kit_flush(&k, 2);
    kit_close(&k);
    CHECK_ROW(&k, "/next/journal WARN from the next\n");
    CHECK_ROW(&k, "/next/journal WARN from its child\n");
    kit_free(&k);
}

RT_TEST(test_the_program_that_opened_the_stream_may_be_read_later)
{
    struct kit k;
    begin(&k);
    kit_flush(&k, 1);
    kit_process(&k, 8, RT_PROCESS_EXEC, 7, "child");
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_JOURNAL_TEXT, RT_FLAG_AFTER, 8, 8, 1, ALL("from a child\nand mo"));
    kit_flush(&k, 2);
    restart(&k);
    sent(&k, 1, RT_STREAM_JOURNAL_TEXT, 0, ALL(HEADER));
    kit_flush(&k, 1);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_JOURNAL_TEXT, RT_FLAG_AFTER, 8, 8, 2, ALL("re\n"));
    kit_flush(&k, 2);
    kit_pass(&k, 50);
    kit_pass(&k, 50);
    rt_interpreter_idle(&k.it, k.mono);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_JOURNAL_TEXT, RT_FLAG_AFTER, 8, 8, 3, ALL("later\n"));
    kit_flush(&k, 2);
    CHECK_INT(k.it.ledger.rows, 5);
    kit_close(&k);
    CHECK_ROW(&k, "/child/journal WARN from a child\n/child/journal WARN and more\n");
    CHECK_ROW(&k, "/child/journal WARN later\n");
    kit_free(&k);
}

RT_TEST(test_a_stream_without_a_header_is_text)
{
    struct kit k;
    begin(&k);
    sent(&k, 1, RT_STREAM_JOURNAL_TEXT, 0, ALL("a\nb\n"));
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/journal INFO a\n/prog/journal INFO b\n");
    kit_free(&k);
}

/* ---------------------------------------------------------------- files */
static void file(struct kit *k, uint32_t seq, uint32_t number, const char *path)
{
    char bytes[1024];
    struct rt_named named = {number, (uint32_t)strlen(path)};
    memcpy(bytes, &named, sizeof named);
    memcpy(bytes + sizeof named, path, named.len);
    kit_record(k, RT_RECORD_FILE, 0, 0, 7, 7, seq, bytes, sizeof named + named.len);
}

static void wrote(struct kit *k, uint32_t seq, uint32_t number, const char *text)
{
    char bytes[1024];
    struct rt_call call = {.origin = number, .text_len = (uint32_t)strlen(text), .args_len = 3};
    memcpy(bytes, &call, sizeof call);
    memcpy(bytes + sizeof call, "abc", 3);
    memcpy(bytes + sizeof call + 3, text, call.text_len);
    sent(k, seq, RT_STREAM_FILE, RT_FLAG_CALL, bytes, sizeof call + 3 + call.text_len);
}

RT_TEST(test_each_file_has_lines_of_its_own)
{
    struct kit k;
    begin(&k);
    file(&k, 1, 1, "/var/log/x/access log");
    file(&k, 2, 2, "/var/log/x/error.log");
    wrote(&k, 3, 1, "GET /");
    wrote(&k, 4, 2, "ERROR: bad\nunfi");
    restart(&k);
    wrote(&k, 5, 1, " 200\n");
    wrote(&k, 6, 2, "nished");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/file/var/log/x/access\\ log INFO GET / 200\n");
    CHECK_ROW(&k, "/prog/file/var/log/x/error.log ERROR ERROR: bad\n");
    CHECK_ROW(&k, "/prog/file/var/log/x/error.log INFO unfinished\n");
    CHECK_INT(k.n_rows, 4);
    kit_free(&k);
}

/* A long write comes in pieces, of which only the first says to which file. The collector looked in between: the rest was another file's. */
RT_TEST(test_a_pause_within_a_long_write_changes_nothing)
{
    static const enum rt_stream streams[] = {RT_STREAM_FILE, RT_STREAM_SYSLOG};
    for (int i = 0; i < 2; i++) {
        struct kit k;
        char bytes[128];
        struct rt_call call = {.origin = 1, .text_len = 9};
        memcpy(bytes, &call, sizeof call);
        memcpy(bytes + sizeof call, "<11>begun", 9);
        begin(&k);
        file(&k, 1, 1, "/a");
        kit_record(&k, RT_RECORD_DATA, streams[i], RT_FLAG_CALL | RT_FLAG_MORE, 7, 7, 2, bytes, sizeof call + 9);
        kit_flush(&k, 1);
        kit_pass(&k, 50);
        rt_interpreter_idle(&k.it, k.mono);
        restart(&k);
        kit_record(&k, RT_RECORD_DATA, streams[i], 0, 7, 7, 3, ALL(", goes on\n"));
        kit_flush(&k, 1);
        kit_close(&k);
        CHECK_ROW(&k, i ? "/prog/syslog ERROR begun, goes on\n" : "/prog/file/a ERROR <11>begun, goes on\n");
        CHECK_INT(k.n_rows, 2);
        kit_free(&k);
    }
}

RT_TEST(test_a_call_of_very_many_pieces)
{
    static const enum rt_stream streams[] = {RT_STREAM_FILE, RT_STREAM_SYSLOG};
    for (int i = 0; i < 2; i++) {
        struct kit k;
        char bytes[64];
        struct rt_call call = {.origin = 1, .text_len = 4};
        memcpy(bytes, &call, sizeof call);
        memcpy(bytes + sizeof call, "<11>", 4);
        begin(&k);
        file(&k, 1, 1, "/a");
        kit_record(&k, RT_RECORD_DATA, streams[i], RT_FLAG_CALL | RT_FLAG_MORE, 7, 7, 2, bytes, sizeof call + 4);
        for (uint32_t n = 0; n < 3000; n++)
            kit_record(&k, RT_RECORD_DATA, streams[i], n < 2999 ? RT_FLAG_MORE : 0, 7, 7, 3 + n, "12345678\n" + (n < 2999 ? 0 : 7), n < 2999 ? 8 : 2);
        kit_flush(&k, 1);
        kit_close(&k);
        CHECK_ROW(&k, i ? "/prog/syslog ERROR 12345678" : "/prog/file/a ERROR <11>12345678");
        CHECK_INT(k.n_rows, 2);
        kit_free(&k);
    }
}

RT_TEST(test_a_number_that_is_given_again_is_another_file)
{
    struct kit k;
    begin(&k);
    file(&k, 1, 1, "/a");
    wrote(&k, 2, 1, "old\n");
    file(&k, 3, 1, "/b");
    wrote(&k, 4, 1, "new\n");
    kit_flush(&k, 1);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/file/a INFO old\n");
    CHECK_ROW(&k, "/prog/file/b INFO new\n");
    kit_free(&k);
}

RT_TEST(test_many_files_cost_bounded_memory)
{
    struct kit k;
    char path[32];
    begin(&k);
    for (uint32_t i = 1; i <= 200; i++) {
        snprintf(path, sizeof path, "/f%u", i);
        file(&k, 2 * i - 1, i, path);
        wrote(&k, 2 * i, i, "open");
    }
    kit_flush(&k, 1);
    CHECK_INT(k.it.ledger.rows, 1 + 200 - 64); /* those that had to go were finished */
    CHECK_INT(k.it.n_channels, 64);
    restart(&k);
    CHECK_INT(k.it.n_channels, 64);
    kit_close(&k);
    CHECK_ROW(&k, "/prog/file/f1 INFO open\n");
    CHECK_ROW(&k, "/prog/file/f200 INFO open\n");
    CHECK_INT(k.n_rows, 201);
    kit_free(&k);
}
