#include "base/nearest.h"
#include "base/options.h"
#include "tests/harness/test.h"

#include <errno.h>

#define ARGV(...) ((char *[]){"retap", __VA_ARGS__, NULL})
#define ARGC(...) ((int)(sizeof ARGV(__VA_ARGS__) / sizeof(char *)) - 1)
#define PARSE(scope, ...) (rt_options_init(&o), first = -1, rt_options_parse(ARGC(__VA_ARGS__), ARGV(__VA_ARGS__), scope, &o, &first, &err))

static struct rt_options o;
static struct rt_error err;
static int first;

RT_TEST(defaults_are_those_of_the_table)
{
    rt_options_init(&o);
    CHECK_INT(o.full_wait_ns, 100000000);
    CHECK_INT(o.staging_bytes, 64 << 20);
    CHECK_INT(o.line_max_bytes, 48 << 10);
    CHECK_INT(o.tick_ns, 1000000000);
    CHECK_INT(o.stdout_mode, RT_STDOUT_MODE_AUTO);
    CHECK_INT(o.level, RT_LEVEL_NONE);
    CHECK(o.enabled && !o.wait && !o.output && !*o.default_level && !o.given);
}

RT_TEST(values_may_stand_in_the_word_or_behind_it)
{
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--output=a.rrd", "--staging", "1MiB", "-q", "cmd"), 0);
    CHECK_STR(o.output, "a.rrd");
    CHECK_INT(o.staging_bytes, 1 << 20);
    CHECK(o.quiet && rt_options_given(&o, RT_OPT_STAGING) && !rt_options_given(&o, RT_OPT_TICK));
    CHECK_INT(first, 5);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "-ob.rrd", "-o", "c.rrd", "-qod.rrd"), 0);
    CHECK_STR(o.output, "d.rrd");
    CHECK(o.quiet);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "-o", "-", "--wait=no"), 0);
    CHECK_STR(o.output, "-");
    CHECK(!o.wait);
}

RT_TEST(parsing_stops_at_the_first_operand_or_two_dashes)
{
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--wait", "ls", "--nonsense"), 0);
    CHECK_INT(first, 2);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--wait", "--", "-x"), 0);
    CHECK_INT(first, 3);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--wait"), 0);
    CHECK_INT(first, 2);
    CHECK_INT(PARSE(RT_SCOPE_SHOW, "-"), 0);
    CHECK_INT(first, 1);
}

RT_TEST(sizes_and_durations_are_checked_by_unit_and_range)
{
    static const struct { const char *text; int r; uint64_t ns; } waits[] = {
        {"0", 0, 0}, {"250us", 0, 250000}, {"1h", 0, 3600000000000}, {"60m", 0, 3600000000000}, {"0ms", 0, 0},
        {"61m", -EINVAL, 0}, {"100", -EINVAL, 0}, {"ms", -EINVAL, 0}, {"", -EINVAL, 0}, {"-1s", -EINVAL, 0}, {"1 s", -EINVAL, 0},
        {"1.5s", -EINVAL, 0}, {"1sec", -EINVAL, 0}, {"18446744073709551616ns", -EINVAL, 0}, {"18446744073709551615h", -EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        rt_options_init(&o);
        CHECK_INT(rt_options_set(&o, RT_OPT_FULL_WAIT, "--full-wait", waits[i].text, &err), waits[i].r);
        CHECK_INT(o.full_wait_ns, waits[i].r ? 100000000 : waits[i].ns);
    }
    CHECK_INT(rt_options_set(&o, RT_OPT_LINE_MAX, "x", "4096", &err), 0);
    CHECK_INT(o.line_max_bytes, 4096);
    CHECK_INT(rt_options_set(&o, RT_OPT_LINE_MAX, "x", "1MiB", &err), 0);
    CHECK_INT(rt_options_set(&o, RT_OPT_LINE_MAX, "x", "1025KiB", &err), -EINVAL);
    CHECK_INT(rt_options_set(&o, RT_OPT_LINE_MAX, "x", "127", &err), -EINVAL);
    CHECK_INT(rt_options_set(&o, RT_OPT_LINE_MAX, "x", "1mib", &err), -EINVAL);
}

RT_TEST(a_message_names_option_value_and_what_is_allowed)
{
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--full-wait", "5d"), -EINVAL);
    CHECK_STR(err.message, "--full-wait: '5d' is not possible; allowed are durations from 0 to 1h, such as 100ms or 2s");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--stdout=some"), -EINVAL);
    CHECK_STR(err.message, "--stdout: 'some' is not possible; allowed are auto|always|never");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--stdout=auto|always"), -EINVAL);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--stdout="), -EINVAL);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--output"), -EINVAL);
    CHECK_STR(err.message, "--output needs a value: FILE");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "-o"), -EINVAL);
    CHECK_STR(err.message, "-o needs a value: FILE");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--ouptut=x"), -EINVAL);
    CHECK_STR(err.message, "unknown option '--ouptut=x'; did you mean --output?");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--xyzzy"), -EINVAL);
    CHECK_STR(err.message, "unknown option '--xyzzy'; --help lists all");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "-qZ"), -EINVAL);
    CHECK_STR(err.message, "unknown option '-Z'; --help lists all");
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--wait=maybe"), -EINVAL);
    CHECK_STR(err.message, "--wait: 'maybe' is not possible; allowed are yes and no");
}

RT_TEST(options_of_another_scope_are_unknown)
{
    CHECK_INT(PARSE(RT_SCOPE_SHOW, "--staging=1MiB", "f"), -EINVAL);
    CHECK_INT(PARSE(RT_SCOPE_SHOW, "--level", "warning", "--json", "f"), 0);
    CHECK_INT(o.level, RT_LEVEL_WARN);
    CHECK_INT(first, 4);
    CHECK_INT(PARSE(RT_SCOPE_SHOW, "-l", "loud"), -EINVAL);
}

RT_TEST(help_is_an_outcome_before_anything_behind_it)
{
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--help", "--nonsense"), RT_OPTIONS_E_HELP);
    CHECK_INT(PARSE(RT_SCOPE_RUN, "-qh"), RT_OPTIONS_E_HELP);
}

RT_TEST(lists_grow_and_the_last_entry_counts)
{
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--default-level=stderr=WARN,stdout=debug", "--default-level", "stderr=err"), 0);
    CHECK_STR(o.default_level, "stderr=WARN,stdout=debug,stderr=err");
    CHECK_INT(rt_options_source_level(o.default_level, "stderr", RT_LEVEL_INFO), RT_LEVEL_ERROR);
    CHECK_INT(rt_options_source_level(o.default_level, "stdout", RT_LEVEL_INFO), RT_LEVEL_DEBUG);
    CHECK_INT(rt_options_source_level(o.default_level, "std", RT_LEVEL_INFO), RT_LEVEL_INFO);
    CHECK_INT(rt_options_source_level("", "stderr", RT_LEVEL_TRACE), RT_LEVEL_TRACE);
    static const char *const bad[] = {"", "stderr", "=WARN", "stderr=", "stderr=LOUD", "stderr=WARN,", ",stderr=WARN", "a=WARN,,b=WARN"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rt_options_init(&o);
        CHECK_INT(rt_options_set(&o, RT_OPT_DEFAULT_LEVEL, "--default-level", bad[i], &err), -EINVAL);
        CHECK_STR(o.default_level, "");
    }
}

RT_TEST(globs_are_a_list_of_anything)
{
    static const char *const bad[] = {"", ",", "a,", ",a", "a,,b"};
    CHECK_INT(PARSE(RT_SCOPE_RUN, "--files", "*.log", "--files=/var/**,x=y"), 0);
    CHECK_STR(o.files, "*.log,/var/**,x=y");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rt_options_init(&o);
        CHECK_INT(rt_options_set(&o, RT_OPT_FILES, "--files", bad[i], &err), -EINVAL);
        CHECK_STR(o.files, "");
    }
}

RT_TEST(a_list_that_outgrows_its_room_is_refused)
{
    rt_options_init(&o);
    int r = 0, n = 0;
    while ((r = rt_options_set(&o, RT_OPT_DEFAULT_LEVEL, "x", "some-source-name=CRITICAL", &err)) == 0)
        n++;
    CHECK_INT(r, -EINVAL);
    CHECK_INT(n, RT_OPTION_LIST_MAX / 26);
    CHECK(strlen(o.default_level) < RT_OPTION_LIST_MAX);
}

RT_TEST(environment_is_read_by_scope_and_the_command_line_wins)
{
    setenv("RETAP_TICK", "20ms", 1);
    setenv("RETAP_STDOUT", "never", 1);
    setenv("RETAP_FDS", "1:2", 1);
    setenv("RETAP_NAME", "", 1);
    rt_options_init(&o);
    CHECK_INT(rt_options_from_env(&o, RT_SCOPE_RUN, &err), 0);
    CHECK_INT(o.tick_ns, 20000000);
    CHECK_INT(o.stdout_mode, RT_STDOUT_MODE_NEVER);
    CHECK(!o.fds && !o.name);
    CHECK_INT(rt_options_parse(ARGC("--tick=3s"), ARGV("--tick=3s"), RT_SCOPE_RUN, &o, &first, &err), 0);
    CHECK_INT(o.tick_ns, 3000000000);
    setenv("RETAP_TICK", "soon", 1);
    CHECK_INT(rt_options_from_env(&o, RT_SCOPE_RUN, &err), -EINVAL);
    CHECK_STR(err.message, "RETAP_TICK: 'soon' is not possible; allowed are durations from 10ms to 1h, such as 100ms or 2s");
    setenv("RETAP", "0", 1);
    rt_options_init(&o);
    CHECK_INT(rt_options_from_env(&o, RT_SCOPE_SHIM, &err), 0);
    CHECK(!o.enabled);
    CHECK_STR(o.fds, "1:2");
}

RT_TEST(help_shows_the_options_of_its_scope_within_100_columns)
{
    char *text = NULL;
    size_t n = 0, column = 0;
    FILE *f = open_memstream(&text, &n);
    rt_options_help(f, RT_SCOPE_RUN);
    fclose(f);
    CHECK(strstr(text, "  -o, --output FILE\n      Write the recording to FILE."));
    CHECK(strstr(text, "  --full-wait TIME\n") && strstr(text, "default 100ms") && strstr(text, "--help"));
    CHECK(!strstr(text, "--json") && !strstr(text, "RETAP_FDS"));
    for (size_t i = 0; i < n; i++) {
        column = text[i] == '\n' ? 0 : column + 1;
        CHECK(column <= 101); /* bytes; an ellipsis has three */
    }
    free(text);
}

RT_TEST(nearness_counts_letters_to_change)
{
    CHECK_INT(rt_edit_distance("", ""), 0);
    CHECK_INT(rt_edit_distance("run", ""), 3);
    CHECK_INT(rt_edit_distance("", "run"), 3);
    CHECK_INT(rt_edit_distance("run", "run"), 0);
    CHECK_INT(rt_edit_distance("rnu", "run"), 1);
    CHECK_INT(rt_edit_distance("kitten", "sitting"), 3);
    CHECK(rt_is_near("coll", "collect") && rt_is_near("shwo", "show") && !rt_is_near("grep", "stats"));
    char words[200];
    memset(words, 'x', sizeof words - 1);
    words[199] = '\0';
    CHECK_INT(rt_edit_distance(words, "y"), 31);
}
