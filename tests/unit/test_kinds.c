/* The level of what is said by a call whose meaning is known. */
#include "tests/unit/collect_kit.h"

static struct kit k;

static void put_message(uint32_t seq, uint32_t kind, uint32_t options, const char *ident, const char *text)
{
    struct rt_message m = {.kind = kind, .pri = -1, .options = (uint16_t)options, .ident_len = (uint16_t)strlen(ident),
                           .text_len = (uint32_t)strlen(text)};
    char payload[256];
    char *at = mempcpy(payload, &m, sizeof m);
    at = mempcpy(at, ident, m.ident_len);
    at = mempcpy(at, text, m.text_len);
    kit_record(&k, RT_RECORD_MESSAGE, 0, 0, 7, 7, seq, payload, (size_t)(at - payload));
}

/* One line on standard error, by a call of this kind. */
static void put_line(uint32_t seq, uint32_t kind, int errnum, const char *text)
{
    struct rt_call call = {.site = 0x1234, .kind = (uint8_t)kind, .errnum = errnum, .text_len = (uint32_t)strlen(text)};
    char payload[256];
    char *at = mempcpy(payload, &call, sizeof call);
    at = mempcpy(at, text, call.text_len);
    kit_record(&k, RT_RECORD_DATA, RT_STREAM_STDERR, RT_FLAG_AFTER | RT_FLAG_CALL, 7, 7, seq, payload, (size_t)(at - payload));
}

static void finish(const char *expected)
{
    kit_flush(&k, 1);
    kit_pass(&k, 1000);
    kit_close(&k);
    const char *rows = memchr(k.rows.data, '\n', k.rows.len); /* the first says that the program started */
    CHECK_STR(rows + 1, expected);
    kit_free(&k);
}

RT_TEST(messages_have_the_level_of_their_kind)
{
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    put_message(1, RT_MESSAGE_FATAL, 0, "prog", "free(): double free\n");
    put_message(2, RT_MESSAGE_SIGNAL, 0, "prog", "a signal");
    put_message(3, RT_MESSAGE_ERROR, 0, "prog", "an error");
    put_message(4, RT_MESSAGE_USAGE, 0, "prog", "wrong use");
    put_message(5, 99, 0, "prog", "of no known kind");
    finish("/prog/stderr CRITICAL free(): double free\n/prog/stderr ERROR a signal\n/prog/stderr ERROR an error\n"
           "/prog/stderr ERROR wrong use\n/prog/stderr INFO of no known kind\n");
}

RT_TEST(lines_have_the_level_of_their_calls_unless_they_say_their_own)
{
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    put_line(1, RT_MESSAGE_ERROR, 2, "prog: nothing there\n");
    put_line(2, RT_MESSAGE_FMTMSG, 0, "UX:prog: it happened\n");
    put_line(3, RT_MESSAGE_USAGE, 0, "prog: invalid option -- 'x'\n");
    put_line(4, RT_MESSAGE_ERROR, 0, "WARNING: not so bad\n");
    finish("/prog/stderr ERROR prog: nothing there\n/prog/stderr WARN UX:prog: it happened\n"
           "/prog/stderr ERROR prog: invalid option -- 'x'\n/prog/stderr WARN WARNING: not so bad\n");
}

RT_TEST(the_most_severe_of_glibs_flags_counts)
{
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    for (uint32_t i = 0; i < 10; i++)
        put_message(1 + i, RT_MESSAGE_GLIB, 1u << i, "domain", "x");
    put_message(20, RT_MESSAGE_GLIB, 2 | 1 << 4 | 1 << 7, "domain", "fatal warning");
    finish("/prog/stderr INFO x\n/prog/stderr INFO x\n/prog/stderr CRITICAL x\n/prog/stderr ERROR x\n"
           "/prog/stderr WARN x\n/prog/stderr INFO x\n/prog/stderr INFO x\n/prog/stderr DEBUG x\n"
           "/prog/stderr INFO x\n/prog/stderr INFO x\n/prog/stderr WARN fatal warning\n");
}

RT_TEST(a_journal_entry_is_read_field_by_field)
{
    kit_open(&k);
    kit_process(&k, 7, RT_PROCESS_EXEC, 1, "prog");
    put_message(1, RT_MESSAGE_JOURNAL, 0, "prog", "MESSAGE=it broke\nPRIORITY=3\nOTHER=x\n");
    put_message(2, RT_MESSAGE_JOURNAL, 0, "prog", "PRIORITY=7\nMESSAGE=a detail\n");
    put_message(3, RT_MESSAGE_JOURNAL, 0, "prog", "MESSAGE=WARNING: by its text\n");
    finish("/prog/journal ERROR it broke\n/prog/journal DEBUG a detail\n/prog/journal WARN WARNING: by its text\n");
}
