/* Log lines: what a call makes of its arguments before the row goes its way. */
#include <errno.h>
#include <locale.h>

#include <retap/text.h>

#include "tests/unit/logged.h"

/* A literal with a NUL inside. */
#define CHECK_BYTES(literal) CHECK_MEM(logged.row, sizeof literal, literal, sizeof literal)

RT_TEST(text_and_level)
{
    rr_log_text(7, "/logs/arm", RR_LOG_LEVEL_INFO, "one", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=one|TextLog:level=INFO");
    CHECK_STR(logged.path, "/logs/arm");
    CHECK_INT(logged.rec, 7);
    CHECK_INT(logged.flags, RT_LOG_TEXT);
    CHECK_INT(logged.time_ns, 0);
    rr_log_text(RR_CURRENT, "arm", NULL, "", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=");
    rr_log_text(RR_CURRENT, "arm", "", "x", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=x");
    rr_log_text(RR_CURRENT, "arm", "my level", "x", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=x|TextLog:level=my level");
    rr_log_text_n(RR_CURRENT, "armX", 3, "INFOX", 4, "two\0three", 9, RR_NO_FIELDS);
    CHECK_INT(logged.n, 5);
    CHECK_STR(logged.path, "arm");
    CHECK_BYTES("TextLog:text=two\0three|TextLog:level=INFO");
    CHECK_INT(logged.n_warnings, 0);
}

RT_TEST(errors_are_urgent)
{
    static const struct {
        const char *level;
        bool urgent;
    } levels[] = {{"ERROR", true}, {"CRITICAL", true}, {"WARN", false}, {"error", false}, {"ERRORS", false}, {"FATALITY", false}, {NULL, false}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        rr_log_text(RR_CURRENT, "x", levels[i].level, "x", RR_NO_FIELDS);
        CHECK_INT(logged.flags, RT_LOG_TEXT | (levels[i].urgent ? RT_LOG_URGENT : 0));
        rr_log_text(RR_CURRENT, "x", levels[i].level, "x", RR_FIELDS(rr_i64("a", 1)));
        CHECK_INT(logged.flags, RT_LOG_TEXT | (levels[i].urgent ? RT_LOG_URGENT : 0));
    }
}

RT_TEST(a_line_is_never_refused_for_its_bytes)
{
    uint64_t before = rr_log_repaired();
    rr_log_text(RR_CURRENT, "x", "INFO", "gr\xc3\xbc\xc3\x9f" "e", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=gr\xc3\xbc\xc3\x9f" "e|TextLog:level=INFO");
    CHECK_INT(rr_log_repaired(), before);
    rr_log_text(RR_CURRENT, "x", "IN\xff" "FO", "a\xc3(", RR_NO_FIELDS);
    CHECK_ROW("TextLog:text=a\xef\xbf\xbd(|TextLog:level=IN\xef\xbf\xbd" "FO");
    CHECK_INT(rr_log_repaired(), before + 2);
    CHECK_INT(logged.n_warnings, 1);
    char big[10001];
    memset(big, 0xff, sizeof big);
    rr_log_text_n(RR_CURRENT, "x", 1, NULL, 0, big, sizeof big, RR_NO_FIELDS);
    CHECK_INT(strlen(logged.row), strlen("TextLog:text=") + 3 * sizeof big);
}

RT_TEST(nothing_without_path_or_text)
{
    rr_log_text(RR_CURRENT, NULL, "INFO", "x", RR_NO_FIELDS);
    CHECK_STR(logged.warning, "rr_log_text: the path is NULL: nothing is logged");
    rr_log_text(RR_CURRENT, "x", "INFO", NULL, RR_NO_FIELDS);
    rr_log_text_n(RR_CURRENT, NULL, 3, "INFO", 4, "x", 1, RR_NO_FIELDS);
    rr_log_text_n(RR_CURRENT, "x", 1, "INFO", 4, NULL, 1, RR_NO_FIELDS);
    CHECK_INT(logged.n, 0);
    rr_log_text_n(RR_CURRENT, "x", 1, NULL, 4, NULL, 0, NULL, 3); /* the rest is well */
    CHECK_ROW("TextLog:text=");
    CHECK_INT(logged.n_warnings, 2);
}

RT_TEST(what_the_core_refuses_is_warned_of)
{
    logged.answer = RR_ERROR_CODE_INVALID_STRING_ARGUMENT;
    rr_log_text(RR_CURRENT, "__x", "INFO", "x", RR_NO_FIELDS);
    CHECK_STR(logged.warning, "rr_log_text: the reason");
    errno = 77;
    rr_log_text(RR_CURRENT, "__x", "INFO", "x", RR_FIELDS(rr_bool("b", true)));
    rr_logf("__x", "INFO", "x");
    CHECK_STR(logged.warning, "rr_log_text: the reason");
    CHECK_INT(errno, 77);
}

/* ---------------------------------------------------------------- fields */

RT_TEST(fields_of_all_kinds)
{
    static const char *const words[] = {"a", "b"};
    static const double numbers[] = {0.5, 2};
    static const bool bits[] = {true, false};
    static const int64_t small[] = {-1, 1};
    static const uint64_t large[] = {UINT64_MAX, 0};
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_i64("k1", -3), rr_u64("k2", UINT64_MAX), rr_f64("k3", 41.5), rr_bool("k4", true), rr_str("k5", "w"),
                          rr_binary("k6", "\xff\0", 2), rr_str("k7", NULL), rr_str_n("k8", "abc", 2)));
    CHECK_BYTES("TextLog:text=t|k1=-3|k2=18446744073709551615|k3=41.5|k4=true|k5=w|k6=\xff\0|k7=|k8=ab");
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_i64s("k1", small, 2), rr_u64s("k2", large, 2), rr_f64s("k3", numbers, 2), rr_bools("k4", bits, 2),
                          rr_strs("k5", words, 2), rr_str("k7", "splat")));
    CHECK_ROW("TextLog:text=t|k1=-1,1|k2=18446744073709551615,0|k3=0.5,2|k4=true,false|k5=a,b|k7=splat");
    CHECK_INT(logged.n_warnings, 0);
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_str("k5", "\xc3")));
    CHECK_ROW("TextLog:text=t|k5=\xef\xbf\xbd");
}

/* The first use of each name fixes its type. */
RT_TEST(later_values_are_cast)
{
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_i64("i", 0), rr_u64("u", 0), rr_f64("f", 0), rr_bool("b", 0), rr_str("s", ""), rr_binary("y", "", 0)));
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_f64("i", -4), rr_i64("u", 5), rr_i64("f", 6), rr_i64("b", 1), rr_i64("s", -7), rr_str("y", "bytes")));
    CHECK_ROW("TextLog:text=t|i=-4|u=5|f=6|b=true|s=-7|y=bytes");
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_bool("i", true), rr_bool("u", true), rr_bool("f", true), rr_f64("b", 0), rr_f64("s", 0.1)));
    CHECK_ROW("TextLog:text=t|i=1|u=1|f=1|b=false|s=0.10000000000000001");
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_bool("s", true), rr_binary("f", "x", 1)));
    CHECK_ROW("TextLog:text=t|s=true");
    CHECK(strstr(logged.warning, "field \"f\" is left out"));
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_binary("s", "text", 4)));
    CHECK_ROW("TextLog:text=t|s=text");
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_u64("s", UINT64_MAX)));
    CHECK_ROW("TextLog:text=t|s=18446744073709551615");
}

RT_TEST(what_cannot_be_cast_is_left_out)
{
    double nan = strtod("nan", NULL);
    const double mixed[] = {1, 1.5};
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_i64("i", 0), rr_u64("u", 0), rr_f64("f", 0), rr_bool("b", 0), rr_str("s", "")));
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_f64("i", 0.5), rr_i64("u", -1), rr_i64("f", (1ll << 53) + 1), rr_i64("b", 2), rr_binary("s", "\xff", 1)));
    CHECK_ROW("TextLog:text=t");
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_u64("i", 1ull << 63), rr_f64("u", 0x1p64), rr_str("f", "1"), rr_f64("b", nan), rr_f64s("i", mixed, 2)));
    CHECK_ROW("TextLog:text=t");
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_f64("i", nan), rr_f64("f", nan)));
    CHECK_ROW("TextLog:text=t|f=nan");
    CHECK_INT(logged.n_warnings, 1);
}

RT_TEST(lengths_agree_or_are_one)
{
    const int64_t v[] = {1, 2, 3};
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(rr_i64("one", 1), rr_i64s("two", v, 2), rr_i64s("three", v, 3), rr_i64s("four", v, 2), rr_i64s("none", v, 0)));
    CHECK_ROW("TextLog:text=t|one=1|two=1,2|four=1,2");
    CHECK(strstr(logged.warning, "field \"three\" is left out: its length"));
    rr_log_text(RR_CURRENT, "x", NULL, "t", RR_FIELDS(rr_i64s("none", v, 0), rr_i64("one", 1)));
    CHECK_ROW("TextLog:text=t|none=|one=1");
}

RT_TEST(wrong_fields_are_left_out)
{
    rr_field bad_kind = rr_i64("kind", 1), no_values = rr_i64s("values", NULL, 2), no_name = rr_i64(NULL, 1);
    bad_kind.kind = 99;
    rr_log_text(RR_CURRENT, "x", NULL, "t",
                RR_FIELDS(bad_kind, no_values, no_name, rr_i64("", 1), rr_i64("a\xff", 1), rr_i64("TextLog:text", 1), rr_i64("twice", 1),
                          rr_i64("twice", 2)));
    CHECK_ROW("TextLog:text=t|twice=1");
    rr_log_text(RR_CURRENT, "x", NULL, "t", NULL, 2);
    CHECK_ROW("TextLog:text=t");
    CHECK_STR(logged.warning, "2 fields of a log line are NULL");
    rr_field many[RR_TEXT_FIELDS_MOST + 1];
    static char names[RR_TEXT_FIELDS_MOST + 1][16];
    for (int i = 0; i <= RR_TEXT_FIELDS_MOST; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        many[i] = rr_i64(names[i], i);
    }
    rr_log_text(RR_CURRENT, "x", "INFO", "t", many, RR_TEXT_FIELDS_MOST + 1);
    CHECK_INT(logged.n_values, 2 + RR_TEXT_FIELDS_MOST);
    CHECK(strstr(logged.warning, "RR_TEXT_FIELDS_MOST = 64"));
}

/* ---------------------------------------------------------------- options */

RT_TEST(options)
{
    rr_error err = {0};
    rr_text_log_options o = rr_text_log_options_default();
    CHECK_INT(rr_log_text_ex(RR_CURRENT, "x", "t", NULL, &err), 0);
    CHECK_ROW("TextLog:text=t");
    CHECK_INT(rr_log_text_entry(RR_CURRENT, "x", "t", NULL, &err), 0);
    CHECK_ROW("TextLog:text=t|TextLog:level=INFO");
    rr_field f = rr_f64("nm", 2.5);
    o.level = "ERROR";
    o.color = 0xff0000ff;
    o.is_static = 1;
    o.fields = &f;
    o.n_fields = 1;
    CHECK_INT(rr_log_text_entry(RR_CURRENT, "x", "t", &o, &err), 0);
    CHECK_ROW("TextLog:text=t|TextLog:level=ERROR|TextLog:color=4278190335|nm=2.5");
    CHECK_INT(logged.flags, RT_LOG_TEXT | RT_LOG_STATIC | RT_LOG_URGENT);
    o.struct_size = 16; /* a caller that knows struct_size and level only */
    CHECK_INT(rr_log_text_ex(RR_CURRENT, "x", "t", &o, &err), 0);
    CHECK_ROW("TextLog:text=t|TextLog:level=ERROR");
    CHECK_INT(err.code, 0);
}

RT_TEST(errors_are_told_in_strict_mode)
{
    rr_error err = {0};
    rr_text_log_options o = rr_text_log_options_default();
    o.strict = 1;
    CHECK_INT(rr_log_text_ex(RR_CURRENT, NULL, "t", &o, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "'entity_path'"));
    CHECK_INT(rr_log_text_entry(RR_CURRENT, "x", NULL, &o, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "'text'"));
    o.n_fields = 1;
    CHECK_INT(rr_log_text_ex(RR_CURRENT, "x", "t", &o, &err), RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT);
    CHECK(strstr(err.description, "'options->fields'"));
    CHECK_INT(logged.n, 0);
    o.n_fields = 0;
    logged.answer = RR_ERROR_CODE_INVALID_STRING_ARGUMENT;
    CHECK_INT(rr_log_text_ex(RR_CURRENT, "__x", "t", &o, &err), RR_ERROR_CODE_INVALID_STRING_ARGUMENT);
    CHECK_STR(err.description, "the reason");
    o.strict = 2;
    CHECK_INT(rr_log_text_ex(RR_CURRENT, NULL, "t", &o, NULL), 0);
}

/* ---------------------------------------------------------------- formatted */

RT_TEST(formatted_lines_tell_where_they_come_from)
{
    char expected[512];
    int line = __LINE__ + 1;
    rr_logf("/logs/arm", RR_LOG_LEVEL_INFO, "joint %d reached", 3);
    snprintf(expected, sizeof expected,
             "TextLog:text=joint 3 reached|TextLog:level=INFO|retap.Log:line=%d|retap.Log:template=joint %%d reached|retap.Log:file=%s|"
             "retap.Log:function=%s",
             line, __FILE__, __func__);
    CHECK_ROW(expected);
    CHECK_INT(logged.rec, RR_CURRENT);
    rr_logf_to(5, "x", RR_LOG_LEVEL_INFO, "no arguments");
    CHECK_INT(logged.rec, 5);
    CHECK(strstr(logged.row, "|retap.Log:function="));
    (rr_logf)("x", NULL, "%s", "the function itself");
    CHECK_ROW("TextLog:text=the function itself");
    (rr_logf_to)(9, "x", NULL, "%d", 1);
    CHECK_ROW("TextLog:text=1|retap.Log:template=%d");
    CHECK_INT(logged.rec, 9);
    rr_set_log_templates(false);
    (rr_logf)("x", NULL, "%d", 1);
    CHECK_ROW("TextLog:text=1");
    rr_set_log_templates(true);
    (rr_logf)("x", NULL, "%d", 1);
    CHECK_ROW("TextLog:text=1|retap.Log:template=%d");
}

RT_TEST(formatted_lines_of_any_length)
{
    for (int n = 4090; n < 4102; n++) {
        rr_logf("x", NULL, "%0*d%s", n, 7, "");
        char *end = strchr(logged.row, '|');
        CHECK_INT(end - logged.row, strlen("TextLog:text=") + (size_t)n);
        CHECK(end[-1] == '7');
    }
    rr_logf("x", NULL, "%0*d", 1000000, 7);
    CHECK_INT(strchr(logged.row, '|') - logged.row, strlen("TextLog:text=") + 1000000);
}

RT_TEST(formatting_takes_errno_as_it_was)
{
    errno = ENOENT;
    (rr_logf)("x", NULL, "%m");
    CHECK_ROW("TextLog:text=No such file or directory|retap.Log:template=%m");
    CHECK_INT(errno, ENOENT);
    (rr_logf)("x", NULL, "%5000d%m", 1);
    CHECK(strstr(logged.row, "1No such file or directory|"));
}

RT_TEST(what_cannot_be_formatted_is_its_format)
{
    setlocale(LC_ALL, "C");
    (rr_logf)("x", NULL, "wide %ls", L"\u65e5");
    CHECK_ROW("TextLog:text=wide %ls|retap.Log:template=wide %ls");
    (rr_logf)("x", NULL, (const char *)(uintptr_t)0);
    (rr_logf)(NULL, NULL, "x");
    CHECK_INT(logged.n, 1);
    CHECK_INT(logged.n_warnings, 1);
}

RT_TEST(nothing_is_formatted_when_nobody_wants_it)
{
    char out[2] = "x";
    logged.unwanted = true;
    rr_logf("x", NULL, "%s%n", "a", &(int){0});
    CHECK_INT(logged.n, 0);
    CHECK_STR(out, "x");
}
