/* Syslog messages as senders really write them, the malformed ones too: what is taken, and that nothing is lost or read beyond the end. */
#include "syslog/parse.h"
#include "tests/harness/test.h"

#define NOW 1795190400000000000 /* 2026-11-20 16:00:00 UTC */

static const struct rt_syslog_context local = {.now_ns = NOW}, far = {.now_ns = NOW, .from_afar = true};

/* In memory of its own, so that a read behind the end shows under a sanitizer. */
static struct rt_syslog parse(const char *bytes, size_t n, const struct rt_syslog_context *c, char **ret_copy)
{
    *ret_copy = malloc(n ? n : 1);
    memcpy(*ret_copy, bytes, n);
    return rt_syslog_parse(*ret_copy, n, c);
}

struct sample {
    const char *bytes;
    size_t n;
    enum rt_syslog_format format;
    int pri;
    const char *host, *app, *procid, *text;
    size_t text_n;
};
#define IN(s) s, sizeof s - 1

static void check_all(const struct sample *s, size_t count, const struct rt_syslog_context *c)
{
    for (; count > 0; count--, s++) {
        char *copy;
        struct rt_syslog m = parse(s->bytes, s->n, c, &copy);
        if (m.format != s->format || m.pri != s->pri || !rt_slice_is(m.host, s->host) || !rt_slice_is(m.app, s->app) ||
            !rt_slice_is(m.procid, s->procid))
            rt_test_fail(__FILE__, __LINE__, "%s: format %d pri %d host '%.*s' app '%.*s' procid '%.*s' text '%.*s'", s->bytes,
                         (int)m.format, m.pri, (int)m.host.n, m.host.p, (int)m.app.n, m.app.p, (int)m.procid.n, m.procid.p, (int)m.text.n,
                         m.text.p);
        CHECK_MEM(m.text.p, m.text.n, s->text, s->text_n);
        CHECK_INT(m.has_time, s->format != RT_SYSLOG_NONE && !(s->format == RT_SYSLOG_MODERN && strstr(s->bytes, ">1 - ")));
        free(copy);
    }
}

/* What arrives on /dev/log. */
static const struct sample arriving[] = {
    {IN("<11>Nov 20 16:14:09 slg: plain Permission denied"), RT_SYSLOG_LOCAL, 11, "", "slg", "", IN("plain Permission denied")},
    {IN("<159>Nov 20 16:14:09 id[13354]: with a pid"), RT_SYSLOG_LOCAL, 159, "", "id", "13354", IN("with a pid")},
    {IN("<13>Nov 20 16:14:09 slg: two\nlines\n"), RT_SYSLOG_LOCAL, 13, "", "slg", "", IN("two\nlines")},
    {IN("<13>Nov 20 16:14:09 slg: nul \0 inside"), RT_SYSLOG_LOCAL, 13, "", "slg", "", IN("nul \0 inside")},
    {IN("<35>Nov 20 16:14:09 slg: syslog: unknown facility/priority: 12347"), RT_SYSLOG_LOCAL, 35, "", "slg", "",
     IN("syslog: unknown facility/priority: 12347")},
    {IN("<839>Nov 20 16:14:09 slg: beyond 191"), RT_SYSLOG_LOCAL, 839, "", "slg", "", IN("beyond 191")},
    {IN("<3>Nov 20 16:14:09 slg: from the kernel?"), RT_SYSLOG_LOCAL, 3, "", "slg", "", IN("from the kernel?")},
    {IN("<13>Nov 20 16:14:09 slg: \xff\xfe"), RT_SYSLOG_LOCAL, 13, "", "slg", "", IN("\xff\xfe")},
    {IN("<12>Nov 20 16:14:09 lt[77]: logger"), RT_SYSLOG_LOCAL, 12, "", "lt", "77", IN("logger")},
    {IN("<27>1 2026-11-20T16:14:09.352502+00:00 vm root - - [timeQuality tzKnown=\"1\" isSynced=\"0\"] logger --rfc5424"),
     RT_SYSLOG_MODERN, 27, "vm", "root", "", IN("logger --rfc5424")},
    {IN("<14>Nov 20 16:14:09 -c: python's syslog"), RT_SYSLOG_LOCAL, 14, "", "-c", "", IN("python's syslog")},
    {IN("<11>py handler\0"), RT_SYSLOG_NONE, 11, "", "", "", IN("py handler")},
    {IN("<11>myapp: py handler with ident\0"), RT_SYSLOG_NONE, 11, "", "myapp", "", IN("py handler with ident")},
    {IN("<13>Nov 20 16:14:09 perl[5]: trailing\n"), RT_SYSLOG_LOCAL, 13, "", "perl", "5", IN("trailing")},
    {IN("<190>Nov 20 16:14:09 vm nginx: 127.0.0.1 - - \"GET /\""), RT_SYSLOG_REMOTE, 190, "vm", "nginx", "", IN("127.0.0.1 - - \"GET /\"")},
    {IN("<134>Nov 20 16:14:09 haproxy[99]: Proxy x started."), RT_SYSLOG_LOCAL, 134, "", "haproxy", "99", IN("Proxy x started.")},
    {IN("<13>: slg: no time to tell"), RT_SYSLOG_NONE, 13, "", "slg", "", IN("no time to tell")},
    {IN("<13>Nov 20 16:14:09 last message repeated 3 times"), RT_SYSLOG_LOCAL, 13, "", "", "", IN("last message repeated 3 times")},
    {IN("<13>Nov 20 16:14:09 kernel: [ 1.2] x"), RT_SYSLOG_LOCAL, 13, "", "kernel", "", IN("[ 1.2] x")},
    {IN("<13>Nov 20 16:14:09 (systemd)[1]: x"), RT_SYSLOG_LOCAL, 13, "", "(systemd)", "1", IN("x")},
    {IN("<13>Nov 20 16:14:09 postfix/smtpd[12]: x"), RT_SYSLOG_LOCAL, 13, "", "postfix/smtpd", "12", IN("x")},
    {IN("<13>Nov 20 16:14:09 app[main]: x"), RT_SYSLOG_LOCAL, 13, "", "app", "main", IN("x")},
    {IN("<13>Nov 20 16:14:09 sshd[12] without a colon"), RT_SYSLOG_LOCAL, 13, "", "sshd", "12", IN("without a colon")},
    {IN("<13>Nov 20 16:14:09 a::b[12]:no blank"), RT_SYSLOG_LOCAL, 13, "", "a::b", "12", IN("no blank")},
};
RT_TEST(what_programs_send_locally)
{
    check_all(arriving, sizeof arriving / sizeof *arriving, &local);
}

static const struct sample remote[] = {
    {IN("<34>Oct 11 22:14:15 mymachine su: 'su root' failed"), RT_SYSLOG_REMOTE, 34, "mymachine", "su", "", IN("'su root' failed")},
    {IN("<13>Oct  1 22:14:15 10.1.2.3 untagged words"), RT_SYSLOG_REMOTE, 13, "10.1.2.3", "", "", IN("untagged words")},
    {IN("<13>Nov 20 15:14:09 2001:db8::1 openvpn[2499]: x"), RT_SYSLOG_REMOTE, 13, "2001:db8::1", "openvpn", "2499", IN("x")},
    {IN("<13>Nov 20 15:14:09 fe80:: sshd[1]: x"), RT_SYSLOG_REMOTE, 13, "fe80::", "sshd", "1", IN("x")},
    {IN("<166>Nov 20 2026 15:14:09 asa1 : %ASA-6-302013: Built"), RT_SYSLOG_REMOTE, 166, "asa1", "%ASA-6-302013", "", IN("Built")},
    {IN("<166>Nov 20 2026 15:14:09 asa1: %ASA-6-302013: Built"), RT_SYSLOG_REMOTE, 166, "asa1", "%ASA-6-302013", "", IN("Built")},
    {IN("<189>29: *Nov 20 15:14:09.123: %SYS-5-CONFIG_I: Configured"), RT_SYSLOG_LOCAL, 189, "", "%SYS-5-CONFIG_I", "", IN("Configured")},
    {IN("<34>2026-11-20T16:14:09.352502+00:00 vm app[3]: x"), RT_SYSLOG_REMOTE, 34, "vm", "app", "3", IN("x")},
    {IN("<167>Mar  6 16:57:54  TAG: the host is empty"), RT_SYSLOG_LOCAL, 167, "", "TAG", "", IN("the host is empty")},
    {IN("<167>Mar  6 16:57:54 a/b/c TAG: x"), RT_SYSLOG_REMOTE, 167, "a/b/c", "TAG", "", IN("x")},
    {IN("<13>Nov 20 15:14:09"), RT_SYSLOG_LOCAL, 13, "", "", "", IN("")},
    {IN("<13>Nov 20 15:14:09 "), RT_SYSLOG_LOCAL, 13, "", "", "", IN("")},
    {IN("<13>Nov 20 15:14:09 host"), RT_SYSLOG_REMOTE, 13, "host", "", "", IN("")},
};
RT_TEST(what_comes_over_a_network)
{
    check_all(remote, sizeof remote / sizeof *remote, &far);
}

static const struct sample modern[] = {
    {IN("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\"] \xef\xbb\xbf"
        "An application"), RT_SYSLOG_MODERN, 165, "mymachine.example.com", "evntslog", "", IN("An application")},
    {IN("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time"),
     RT_SYSLOG_MODERN, 165, "192.0.2.1", "myproc", "8710", IN("%% It's time")},
    {IN("<0>1 - - - - - -"), RT_SYSLOG_MODERN, 0, "", "", "", IN("")},
    {IN("<0>1 - - - - - - "), RT_SYSLOG_MODERN, 0, "", "", "", IN("")},
    {IN("<7>1 - - - - -"), RT_SYSLOG_MODERN, 7, "", "", "", IN("")},
    {IN("<7>1 - h a p m [a][b@1 c=\"d\"]"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("")},
    /* data that is none is text */
    {IN("<7>1 - h a p m [a b] x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a b] x")},
    {IN("<7>1 - h a p m [a i=\"x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=\"x")},
    {IN("<7>1 - h a p m [a i=\"x\" x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=\"x\" x")},
    {IN("<7>1 - h a p m [a i=\"x\"]x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=\"x\"]x")},
    {IN("<7>1 - h a p m [a i=\"]\"] x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=\"]\"] x")},
    {IN("<7>1 - h a p m [] x"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[] x")},
    {IN("<7>1 - h a p m [a i=\"x\\"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=\"x\\")},
    {IN("<7>1 - h a p m [a i=x] y"), RT_SYSLOG_MODERN, 7, "h", "a", "p", IN("[a i=x] y")},
    /* a header that is none is text */
    {IN("<7>1 -"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 -")},
    {IN("<7>1 - h a"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 - h a")},
    {IN("<7>1 "), RT_SYSLOG_NONE, 7, "", "", "", IN("1 ")},
    {IN("<7>1 2026-11-20T16:14:60Z h a p m - x"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 2026-11-20T16:14:60Z h a p m - x")},
    {IN("<7>1 2026-02-29T16:14:00Z h a p m - x"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 2026-02-29T16:14:00Z h a p m - x")},
    {IN("<7>1 2026-11-20T16:14:00 h a p m - no zone"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 2026-11-20T16:14:00 h a p m - no zone")},
    {IN("<7>2 - h a p m - x"), RT_SYSLOG_NONE, 7, "", "", "", IN("2 - h a p m - x")},
    {IN("<7>1 -  a p m - x"), RT_SYSLOG_NONE, 7, "", "", "", IN("1 -  a p m - x")},
};
RT_TEST(rfc_5424_and_what_looks_like_it)
{
    check_all(modern, sizeof modern / sizeof *modern, &far);
}

static const struct sample malformed[] = {
    {IN(""), RT_SYSLOG_NONE, -1, "", "", "", IN("")},
    {IN("\0\n\r\0"), RT_SYSLOG_NONE, -1, "", "", "", IN("")},
    {IN("<7>"), RT_SYSLOG_NONE, 7, "", "", "", IN("")},
    {IN("<"), RT_SYSLOG_NONE, -1, "", "", "", IN("<")},
    {IN("<>x"), RT_SYSLOG_NONE, -1, "", "", "", IN("<>x")},
    {IN("<1"), RT_SYSLOG_NONE, -1, "", "", "", IN("<1")},
    {IN("<191"), RT_SYSLOG_NONE, -1, "", "", "", IN("<191")},
    {IN("<-1>x"), RT_SYSLOG_NONE, -1, "", "", "", IN("<-1>x")},
    {IN("<007>x"), RT_SYSLOG_NONE, -1, "", "", "", IN("<007>x")},
    {IN("<1000>x"), RT_SYSLOG_NONE, -1, "", "", "", IN("<1000>x")},
    {IN("<999>x"), RT_SYSLOG_NONE, 999, "", "", "", IN("x")},
    {IN("<0>x"), RT_SYSLOG_NONE, 0, "", "", "", IN("x")},
    {IN("<189 Feb 20 15:14:09 a b: c"), RT_SYSLOG_NONE, -1, "", "", "", IN("<189 Feb 20 15:14:09 a b: c")},
    {IN("<189>65536: "), RT_SYSLOG_NONE, 189, "", "", "", IN("65536: ")},
    {IN("<7> Aug 29 02:00:00 bzorp ctld/snmpd[2499]: x"), RT_SYSLOG_REMOTE, 7, "bzorp", "ctld/snmpd", "2499", IN("x")},
    {IN("<7>Aug 29 02:00:00. bzorp openvpn[2499]: x"), RT_SYSLOG_REMOTE, 7, "bzorp", "openvpn", "2499", IN("x")},
    {IN("<7>2006-11-10T10:43:21.+02:00 bzorp openvpn[2499]: x"), RT_SYSLOG_REMOTE, 7, "bzorp", "openvpn", "2499", IN("x")},
    {IN("<7>Aug 29 02:00:0 x"), RT_SYSLOG_NONE, 7, "", "", "", IN("Aug 29 02:00:0 x")},
    {IN("<7>Aug 32 02:00:00 x"), RT_SYSLOG_NONE, 7, "", "", "", IN("Aug 32 02:00:00 x")},
    {IN("<7>Aug 29 24:00:00 x"), RT_SYSLOG_NONE, 7, "", "", "", IN("Aug 29 24:00:00 x")},
    {IN("<7>Aug 29 02:00:00x"), RT_SYSLOG_NONE, 7, "", "", "", IN("Aug 29 02:00:00x")},
    {IN("<7> Aug"), RT_SYSLOG_NONE, 7, "", "", "", IN(" Aug")},
    {IN("<13>error: how bad, not who"), RT_SYSLOG_NONE, 13, "", "", "", IN("error: how bad, not who")},
    {IN("<13>{\"a\": 1}"), RT_SYSLOG_NONE, 13, "", "", "", IN("{\"a\": 1}")},
    {IN("<13>[12.5]: x"), RT_SYSLOG_NONE, 13, "", "", "", IN("[12.5]: x")},
    {IN("<13>a[]: x"), RT_SYSLOG_NONE, 13, "", "a[]", "", IN("x")},
    {IN("<13>: "), RT_SYSLOG_NONE, 13, "", "", "", IN(": ")},
    {IN("<13>\xf0\x28: x"), RT_SYSLOG_NONE, 13, "", "\xf0\x28", "", IN("x")},
    {IN("<13>x\r\n"), RT_SYSLOG_NONE, 13, "", "", "", IN("x")},
    {IN("no pri: x"), RT_SYSLOG_NONE, -1, "", "", "", IN("no pri: x")},
};
RT_TEST(malformed_messages_are_text)
{
    check_all(malformed, sizeof malformed / sizeof *malformed, &local);
}

RT_TEST(priority_is_split)
{
    struct rt_syslog m = rt_syslog_parse("<165>x", 6, &local);
    CHECK_INT(m.facility, 20);
    CHECK_INT(m.severity, 5);
    CHECK_STR(rt_syslog_facility_name(20), "local4");
    m = rt_syslog_parse("<839>x", 6, &local);
    CHECK_INT(m.facility, -1);
    CHECK_INT(m.severity, 7);
    CHECK(!rt_syslog_facility_name(24) && !rt_syslog_facility_name(-1));
    m = rt_syslog_parse("x", 1, &local);
    CHECK_INT(m.facility, -1);
    CHECK_INT(m.severity, -1);
}

RT_TEST(long_names_are_taken_whole)
{
    char *copy, text[2048 + 40], name[2000];
    memset(name, 'i', 1999);
    name[1999] = 0;
    size_t n = (size_t)snprintf(text, sizeof text, "<13>Nov 20 16:14:09 %s: x", name);
    struct rt_syslog m = parse(text, n, &local, &copy);
    CHECK_INT(m.app.n, 1999);
    CHECK_MEM(m.text.p, m.text.n, "x", 1);
    free(copy);
    const char data[] = "<7>1 - h a p m [id abcdefghijklmnopqrstuvwxyz0123456=\"33 characters\"] x";
    m = parse(data, sizeof data - 1, &local, &copy);
    CHECK_MEM(m.text.p, m.text.n, "x", 1);
    free(copy);
}

RT_TEST(pid_is_a_number_or_none)
{
    const char a[] = "<7>1 - h a 4294967295 m - x", b[] = "<7>1 - h a 4294967296 m - x";
    CHECK_INT(rt_syslog_parse(a, sizeof a - 1, &local).pid, 4294967295u);
    struct rt_syslog m = rt_syslog_parse(b, sizeof b - 1, &local);
    CHECK_INT(m.pid, 0);
    CHECK(rt_slice_is(m.procid, "4294967296"));
    CHECK(rt_slice_is(m.msgid, "m"));
}

/* ---------------------------------------------------------------- structured data */
RT_TEST(structured_data_is_walked)
{
    const char text[] = "<7>1 - - - - - [a@1 x=\"1\" y=\"q\\\"b\\\\s\\]e\\n\"][empty][b  z=\"\"] t";
    static const char *const want[][3] = {{"a@1", "x", "1"}, {"a@1", "y", "q\"b\\s]e\\n"}, {"empty", "", ""}, {"b", "z", ""}};
    struct rt_syslog m = rt_syslog_parse(text, sizeof text - 1, &local);
    struct rt_syslog_walk w = {.rest = m.data};
    struct rt_syslog_param p;
    CHECK_MEM(m.text.p, m.text.n, "t", 1);
    for (size_t i = 0; i < 4; i++) {
        char value[32];
        CHECK(rt_syslog_next(&w, &p));
        size_t n = rt_syslog_unescape(value, sizeof value, p.value);
        CHECK(rt_slice_is(p.id, want[i][0]));
        CHECK(rt_slice_is(p.name, want[i][1]));
        CHECK_MEM(value, n, want[i][2], strlen(want[i][2]));
    }
    CHECK(!rt_syslog_next(&w, &p));
    CHECK(!rt_syslog_next(&w, &p));
}

RT_TEST(unescaping_keeps_within_its_buffer)
{
    char out[4] = "...";
    CHECK_INT(rt_syslog_unescape(out, 2, rt_slice("a\\\"b\\", 5)), 4);
    CHECK_STR(out, "a\".");
}

/* ---------------------------------------------------------------- times */
static int64_t time_of(const char *text, int64_t now_s, int32_t zone_s, bool *year, bool *zone)
{
    struct rt_syslog_context c = {.now_ns = now_s * 1000000000, .zone_s = zone_s};
    struct rt_syslog m = rt_syslog_parse(text, strlen(text), &c);
    *year = m.has_year;
    *zone = m.has_zone;
    CHECK(m.has_time);
    return m.time_ns;
}
#define TIME(text, now_s, zone_s, want_ns, want_year, want_zone) do { \
        bool year_, zone_; \
        CHECK_INT(time_of(text, now_s, zone_s, &year_, &zone_), want_ns); \
        CHECK_INT(year_, want_year); \
        CHECK_INT(zone_, want_zone); \
    } while (0)

RT_TEST(times_with_a_zone)
{
    TIME("<7>1 2026-11-20T16:14:09.352502+00:00 - - - - -", 0, 3600, 1795191249352502000, true, true);
    TIME("<7>1 2026-11-20T16:14:09.352502123987-02:30 - - - - -", 0, 0, 1795200249352502123, true, true);
    TIME("<7>1985-04-12T23:20:50.52Z h t: x", 0, 3600, 482196050520000000, true, true);
    TIME("<7>2000-02-29T00:00:00Z h t: x", 0, 0, 951782400000000000, true, true);
    TIME("<7>1970-01-01T00:00:00Z h t: x", 0, 0, 0, true, true);
}

RT_TEST(times_without_a_zone_are_local)
{
    TIME("<7>2026-11-20T16:14:09 h t: x", 0, 3600, 1795187649000000000, true, false);
    TIME("<7>Nov 20 2026 16:14:09 t: x", 0, 0, 1795191249000000000, true, false);
    TIME("<7>Nov 20 16:14:09 2026 t: x", 0, 0, 1795191249000000000, true, false);
    TIME("<7>Nov 20 16:14:09.5 t: x", 1795190400, 0, 1795191249500000000, false, false);
}

RT_TEST(dates_without_a_year_are_the_last_such_day)
{
    TIME("<7>Dec 31 23:59:59 t: x", 1767225601 /* 2026-01-01 00:00:01 */, 0, 1767225599000000000, false, false);
    TIME("<7>Jan  1 00:00:01 t: x", 1767225599 /* 2025-12-31 23:59:59 */, 0, 1767225601000000000, false, false);
    TIME("<7>Nov 22 16:00:00 t: x", 1795190400 /* 2026-11-20 */, 0, 1763827200000000000 /* 2025 */, false, false);
    TIME("<7>Feb 29 12:00:00 t: x", 1795190400 /* 2026-11-20 */, 0, 1709208000000000000 /* 2024 */, false, false);
    TIME("<7>Nov 20 16:14:09 t: x", 1795190400, -18000, 1795209249000000000, false, false);
}

RT_TEST(no_now_is_harmful)
{
    static const int64_t nows[] = {INT64_MIN, -1, 0, 86400000000000, INT64_MAX};
    for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
        struct rt_syslog_context c = {.now_ns = nows[i], .zone_s = i & 1 ? 50400 : -50400};
        struct rt_syslog m = rt_syslog_parse("<7>Feb 29 12:00:00 t: x", 23, &c);
        CHECK(m.text.n);
    }
}
