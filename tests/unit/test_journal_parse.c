/* What journald is sent: fields, entries, stream headers; as senders write them and damaged. */
#include "journal/parse.h"
#include "tests/harness/test.h"

#define BINARY(n) #n "\n"

static struct rt_slice copy_of(const char *bytes, size_t n)
{
    char *p = malloc(n ? n : 1);
    memcpy(p, bytes, n);
    return rt_slice(p, n);
}

/* As "NAME=value" lines; (NAME) = a name that no sender may use, ! behind a cut value, -- an empty line, ## unreadable. */
static const struct {
    const char *bytes;
    size_t n;
    const char *want;
} datagrams[] = {
#define IN(s) s, sizeof s - 1
    {IN("MESSAGE=hello\nPRIORITY=3\n"), "MESSAGE=hello\nPRIORITY=3\n"},
    {IN("MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=3\n"), "MESSAGE=two\nlines\nPRIORITY=3\n"},
    {IN("MESSAGE\n\0\0\0\0\0\0\0\0\nA=\n"), "MESSAGE=\nA=\n"},
    {IN("MESSAGE\n\x03\0\0\0\0\0\0\0a\0b\n"), "MESSAGE=a~b\n"},
    {IN("A=1\nA=2\n"), "A=1\nA=2\n"},
    {IN("A=b=c\n"), "A=b=c\n"},
    {IN("A=1\n\nA=2\n"), "A=1\n--\nA=2\n"},
    {IN("__CURSOR=x\n_PID=1\nA=1\n\n"), "(__CURSOR)=x\n(_PID)=1\nA=1\n--\n"},
    {IN("lower=1\nA B=2\n1A=3\nA1=4\n"), "(lower)=1\n(A B)=2\n(1A)=3\nA1=4\n"},
    {IN("# comment\n.dot\n=nothing\nA=1\n"), "A=1\n"},
    {IN(""), ""},
    {IN("A=1"), "A=1!\n"},
    {IN("A"), "##\n"},
    {IN("A\n"), "##\n"},
    {IN("A\n\x01\0\0"), "##\n"},
    {IN("A\n\x05\0\0\0\0\0\0\0abc"), "A=abc!\n"},
    {IN("A\n\xff\xff\xff\xff\xff\xff\xff\xff" "abc"), "A=abc!\n"},
    {IN("A\n\x02\0\0\0\0\0\0\0abc\nB=1\n"), "##\n"},
    {IN("A\n\x03\0\0\0\0\0\0\0abc"), "A=abc\n"},
    {IN("B=1\nA\nB=2\n"), "B=1\n##\n"},
};

RT_TEST(datagrams_are_fields)
{
    for (size_t i = 0; i < sizeof datagrams / sizeof *datagrams; i++) {
        char got[256] = "";
        struct rt_slice all = copy_of(datagrams[i].bytes, datagrams[i].n), rest = all;
        struct rt_journal_field f;
        enum rt_journal_step step;
        while ((step = rt_journal_next(&rest, &f)) != RT_JOURNAL_END) {
            size_t at = strlen(got);
            if (step != RT_JOURNAL_FIELD) {
                strcat(got, step == RT_JOURNAL_ENTRY ? "--\n" : "##\n");
                continue;
            }
            at += (size_t)sprintf(got + at, f.valid ? "%.*s=" : "(%.*s)=", (int)f.name.n, f.name.p);
            for (size_t k = 0; k < f.value.n; k++)
                got[at++] = f.value.p[k] ? f.value.p[k] : '~';
            sprintf(got + at, f.cut ? "!\n" : "\n");
        }
        CHECK_STR(got, datagrams[i].want);
        free((char *)(uintptr_t)all.p);
    }
}

RT_TEST(names_have_a_limit)
{
    char text[80];
    struct rt_journal_field f;
    for (int n = RT_JOURNAL_NAME_MAX; n <= (int)RT_JOURNAL_NAME_MAX + 1; n++) {
        memset(text, 'A', sizeof text);
        text[n] = '=';
        text[n + 1] = '\n';
        struct rt_slice rest = rt_slice(text, (size_t)n + 2);
        CHECK_INT(rt_journal_next(&rest, &f), RT_JOURNAL_FIELD);
        CHECK_INT(f.valid, n == RT_JOURNAL_NAME_MAX);
    }
}

RT_TEST(an_entry_has_what_rows_show)
{
    static const char text[] = "PRIORITY=4\nMESSAGE=first\nMESSAGE=second\nCODE_FILE=a.c\nCODE_LINE=42\nCODE_FUNC=f\nERRNO=13\n"
                               "SYSLOG_IDENTIFIER=prog\nSYSLOG_FACILITY=3\nSYSLOG_PID=99\n_PID=1\n\nMESSAGE=next\n\n\n";
    struct rt_slice rest = rt_slice(text, sizeof text - 1);
    struct rt_journal_entry e;
    CHECK(rt_journal_take(&rest, &e));
    CHECK(e.has_message && rt_slice_is(e.message, "first"));
    CHECK(rt_slice_is(e.file, "a.c") && rt_slice_is(e.function, "f") && rt_slice_is(e.ident, "prog"));
    CHECK_INT(e.priority, 4);
    CHECK_INT(e.line, 42);
    CHECK_INT(e.errnum, 13);
    CHECK_INT(e.facility, 3);
    CHECK_INT(e.pid, 99);
    CHECK(!e.cut);
    CHECK(rt_journal_take(&rest, &e));
    CHECK(rt_slice_is(e.message, "next"));
    CHECK_INT(e.priority, -1);
    CHECK_INT(e.facility, -1);
    CHECK(!rt_journal_take(&rest, &e));
}

RT_TEST(numbers_that_are_none_are_absent)
{
    static const char text[] = "PRIORITY=8\nCODE_LINE=4294967296\nERRNO=-1\nSYSLOG_PID=12x\nSYSLOG_FACILITY=\n";
    struct rt_slice rest = rt_slice(text, sizeof text - 1);
    struct rt_journal_entry e;
    CHECK(rt_journal_take(&rest, &e));
    CHECK_INT(e.priority, -1);
    CHECK_INT(e.line, 0);
    CHECK_INT(e.errnum, 0);
    CHECK_INT(e.pid, 0);
    CHECK_INT(e.facility, -1);
    CHECK(!e.has_message);
}

RT_TEST(a_cut_datagram_gives_what_is_there)
{
    static const char text[] = "PRIORITY=3\nMESSAGE\n\x40\0\0\0\0\0\0\0only the beg";
    struct rt_slice rest = rt_slice(text, sizeof text - 1);
    struct rt_journal_entry e;
    CHECK(rt_journal_take(&rest, &e));
    CHECK(rt_slice_is(e.message, "only the beg"));
    CHECK(e.cut);
    rest = rt_slice("A=1\nMESSAGE\n\x40", 13);
    CHECK(rt_journal_take(&rest, &e));
    CHECK(e.cut);
    CHECK_INT(rest.n, 0);
}

RT_TEST(a_stream_begins_with_seven_lines)
{
    static const char text[] = "prog\nprog.service\n6\n1\n0\n0\n0\nfirst line\n";
    struct rt_journal_stream s;
    size_t header = sizeof text - 1 - strlen("first line\n");
    for (size_t n = 0; n < header; n++) {
        struct rt_slice copy = copy_of(text, n);
        CHECK_INT(rt_journal_stream_take(copy.p, n, &s), 0);
        free((char *)(uintptr_t)copy.p);
    }
    CHECK_INT(rt_journal_stream_take(text, sizeof text - 1, &s), header);
    CHECK(rt_slice_is(s.ident, "prog") && rt_slice_is(s.unit, "prog.service"));
    CHECK_INT(s.priority, 6);
    CHECK(s.level_prefix);
    CHECK_INT(rt_journal_stream_take("\n\n30\n0\n0\n0\n0\n", 13, &s), 13);
    CHECK_INT(s.priority, 6);
    CHECK(!s.level_prefix && !s.ident.n);
}

RT_TEST(a_stream_without_its_header_is_none)
{
    static const char *const bad[] = {"a\nb\nc\n1\n0\n0\n0\n", "a\nb\n6\n2\n0\n0\n0\n", "a\nb\n6\n\n0\n0\n0\n", "a\nb\n192\n", "a\nb\n\n"};
    struct rt_journal_stream s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(rt_journal_stream_take(bad[i], strlen(bad[i]), &s), -1);
    char *flood = malloc(RT_JOURNAL_HEADER_MAX);
    memset(flood, 'x', RT_JOURNAL_HEADER_MAX);
    CHECK_INT(rt_journal_stream_take(flood, RT_JOURNAL_HEADER_MAX, &s), -1);
    free(flood);
}
