#include <errno.h>
#include <locale.h>
#include <math.h>
#include <retap.h>

#include "recording/settings.h"
#include "tests/harness/test.h"

RT_TEST(test_byte_settings_take_suffixes)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } cases[] = {{"10", 0, 10}, {"10MB", 0, 10000000}, {"2MiB", 0, 2097152}, {"3 kib", 0, 3072},
                 {"-1", -EINVAL, 0}, {"x", -EINVAL, 0},
                 {"5 apples", -EINVAL, 0}, {"", -EINVAL, 0}, {"99999999999999999999", -ERANGE, 0},
                 {"18446744073709551615GB", -ERANGE, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t v = 0;
        CHECK_INT(rt_settings_parse_bytes(cases[i].text, &v), cases[i].result);
        CHECK_INT(v, cases[i].value);
    }
}

RT_TEST(test_ticks_are_seconds_whatever_the_locale)
{
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } cases[] = {{"0.2", 0, 200000000}, {"1", 0, 1000000000}, {"1e-3", 0, 1000000}, {"inf", 0, INT64_MAX}, {"1e30", 0, INT64_MAX},
                 {"0", 0, 1}, {"-1", -EINVAL, 0}, {"nan", -EINVAL, 0}, {"", -EINVAL, 0}, {"0,2", -EINVAL, 0}, {"1s", -EINVAL, 0}};
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it exists */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t v = 0;
        CHECK_INT(rt_settings_parse_tick(cases[i].text, &v), cases[i].result);
        CHECK_INT(v, cases[i].value);
    }
}

static void clear(void)
{
    unsetenv("RERUN_FLUSH_TICK_SECS");
    unsetenv("RERUN_FLUSH_NUM_BYTES");
    unsetenv("RERUN_FLUSH_NUM_ROWS");
    unsetenv("RERUN_CHUNK_MAX_ROWS_IF_UNSORTED");
    unsetenv("RERUN_MAX_CHUNK_ROWS_IF_UNSORTED");
}

RT_TEST(test_the_environment_changes_the_defaults)
{
    clear();
    struct rt_settings s = rt_settings_read();
    CHECK_INT(s.max_rows, 4096);
    CHECK_INT(s.max_bytes, 384 << 10);
    CHECK_INT(s.max_rows_unsorted, 8192);
    CHECK_INT(s.tick_ns, 0);
    setenv("RERUN_FLUSH_TICK_SECS", "0.05", 1);
    setenv("RERUN_FLUSH_NUM_BYTES", "10MB", 1);
    setenv("RERUN_FLUSH_NUM_ROWS", "18446744073709551615", 1);
    setenv("RERUN_CHUNK_MAX_ROWS_IF_UNSORTED", "7", 1);
    s = rt_settings_read();
    CHECK_INT(s.max_rows, UINT64_MAX);
    CHECK_INT(s.max_bytes, 10000000);
    CHECK_INT(s.max_rows_unsorted, 7);
    CHECK_INT(s.tick_ns, 50000000);
    setenv("RERUN_MAX_CHUNK_ROWS_IF_UNSORTED", "9", 1);
    CHECK_INT(rt_settings_read().max_rows_unsorted, 9);
    rr_chunk_batcher_config c = rr_chunk_batcher_config_from_env();
    CHECK(c.flush_tick_secs == 0.05 && c.flush_num_bytes == 10000000 && c.chunk_max_rows_if_unsorted == 9);
}

static char warnings[4][256];
static int n_warnings;

static void note_warning(void *ctx, const char *text)
{
    if (n_warnings < 4)
        snprintf(warnings[n_warnings], sizeof warnings[0], "%s", text);
    n_warnings++;
}

RT_TEST(test_what_does_not_parse_leaves_the_default_and_is_told_once)
{
    clear();
    rr_set_warning_handler(note_warning, NULL);
    setenv("RERUN_FLUSH_TICK_SECS", "soon", 1);
    setenv("RERUN_FLUSH_NUM_BYTES", "1 apple", 1);
    setenv("RERUN_FLUSH_NUM_ROWS", "-1", 1);
    setenv("RERUN_CHUNK_MAX_ROWS_IF_UNSORTED", "7kB", 1);
    struct rt_settings s = rt_settings_read();
    CHECK_INT(s.max_rows, 4096);
    CHECK_INT(s.max_bytes, 384 << 10);
    CHECK_INT(s.max_rows_unsorted, 8192);
    CHECK_INT(s.tick_ns, 0);
    CHECK_INT(n_warnings, 4);
    CHECK(strstr(warnings[0], "RERUN_FLUSH_TICK_SECS=soon") && strstr(warnings[0], "seconds"));
    rt_settings_read();
    CHECK_INT(n_warnings, 4);
}

RT_TEST(test_presets_are_the_official_ones)
{
    static const struct {
        rr_chunk_batcher_config (*preset)(void);
        double tick;
        uint64_t bytes, rows, unsorted;
    } cases[] = {{rr_chunk_batcher_config_default, 0.2, 2097152, UINT64_MAX, 8192},
                 {rr_chunk_batcher_config_low_latency, 0.008, 2097152, UINT64_MAX, 8192},
                 {rr_chunk_batcher_config_always, INFINITY, 0, 0, 256},
                 {rr_chunk_batcher_config_never, INFINITY, UINT64_MAX, UINT64_MAX, 256}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rr_chunk_batcher_config c = cases[i].preset();
        struct rt_settings s;
        CHECK(c.flush_tick_secs == cases[i].tick);
        CHECK_INT(c.struct_size, sizeof c);
        CHECK_INT(rt_settings_of_config(&c, &s, NULL), 0);
        CHECK_INT(s.max_bytes, cases[i].bytes);
        CHECK_INT(s.max_rows, cases[i].rows);
        CHECK_INT(s.max_rows_unsorted, cases[i].unsorted);
        CHECK_INT(s.tick_ns, isinf(cases[i].tick) ? INT64_MAX : (int64_t)(cases[i].tick * 1e9));
    }
}

RT_TEST(test_a_config_that_makes_no_sense_is_refused)
{
    struct rt_settings s;
    struct rt_error e;
    rr_chunk_batcher_config c = rr_chunk_batcher_config_default();
    c.flush_tick_secs = -1;
    CHECK_INT(rt_settings_of_config(&c, &s, &e), -EINVAL);
    CHECK(strstr(e.message, "flush_tick_secs"));
    c.flush_tick_secs = NAN;
    CHECK_INT(rt_settings_of_config(&c, &s, &e), -EINVAL);
    c = rr_chunk_batcher_config_default();
    c.struct_size = 8;
    CHECK_INT(rt_settings_of_config(&c, &s, &e), -EINVAL);
    CHECK(strstr(e.message, "struct_size"));
}
