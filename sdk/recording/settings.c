#include "recording/settings.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recording/log.h"

/* Viewers merge chunks up to 4096 rows or 384 KiB; cutting there spares them the work. */
static const struct rt_settings defaults = {4096, 384 << 10, 8192, 0};

/* ---------------------------------------------------------------- words */

static int parse_number(const char *text, uint64_t *ret, const char **ret_end)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno)
        return -ERANGE;
    *ret = v;
    *ret_end = end;
    return 0;
}

int rt_settings_parse_bytes(const char *text, uint64_t *ret)
{
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {{"", 1},           {"B", 1},           {"kB", 1000},      {"MB", 1000000},
                 {"GB", 1000000000}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    const char *end;
    uint64_t v;
    int r = parse_number(text, &v, &end);
    if (r)
        return r;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcasecmp(end, units[i].suffix)) {
            if (v > UINT64_MAX / units[i].unit)
                return -ERANGE;
            *ret = v * units[i].unit;
            return 0;
        }
    return -EINVAL;
}

/* Seconds as settings have them: never 0, which means something else. Return: false for what is no time. */
static bool tick_of_secs(double secs, int64_t *ret)
{
    if (isnan(secs) || secs < 0)
        return false;
    *ret = secs * 1e9 < 9e18 ? (int64_t)(secs * 1e9) : INT64_MAX;
    *ret = *ret ? *ret : 1;
    return true;
}

int rt_settings_parse_tick(const char *text, int64_t *ret)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* the program's may want a comma */
    char *end;
    if (!c)
        return -EINVAL;
    double secs = strtod_l(text, &end, c);
    freelocale(c);
    return end == text || *end || !tick_of_secs(secs, ret) ? -EINVAL : 0;
}

/* ---------------------------------------------------------------- environment */

static bool parse_rows(const char *text, uint64_t *ret)
{
    const char *end;
    uint64_t v;
    if (parse_number(text, &v, &end) || *end)
        return false;
    *ret = v;
    return true;
}

static bool set_tick(struct rt_settings *s, const char *text) { return rt_settings_parse_tick(text, &s->tick_ns) == 0; }
static bool set_bytes(struct rt_settings *s, const char *text) { return rt_settings_parse_bytes(text, &s->max_bytes) == 0; }
static bool set_rows(struct rt_settings *s, const char *text) { return parse_rows(text, &s->max_rows); }
static bool set_unsorted(struct rt_settings *s, const char *text) { return parse_rows(text, &s->max_rows_unsorted); }

static const struct {
    const char *name, *wants;
    bool (*set)(struct rt_settings *s, const char *text);
} variables[] = {
    {"RERUN_FLUSH_TICK_SECS", "seconds", set_tick},
    {"RERUN_FLUSH_NUM_BYTES", "bytes, as 2097152 or 2MiB", set_bytes},
    {"RERUN_FLUSH_NUM_ROWS", "a number of rows", set_rows},
    {"RERUN_CHUNK_MAX_ROWS_IF_UNSORTED", "a number of rows", set_unsorted},
    {"RERUN_MAX_CHUNK_ROWS_IF_UNSORTED", "a number of rows", set_unsorted}, /* its old name, which wins */
};
enum { N_VARIABLES = sizeof variables / sizeof *variables };

static void from_environment(struct rt_settings *s)
{
    static uint32_t sites_mt[N_VARIABLES];
    for (size_t i = 0; i < N_VARIABLES; i++) {
        const char *text = getenv(variables[i].name);
        if (text && !variables[i].set(s, text))
            rt_warn(&sites_mt[i], "%s=%.64s is not understood: it takes %s", variables[i].name, text, variables[i].wants);
    }
}

struct rt_settings rt_settings_read(void)
{
    struct rt_settings s = defaults;
    from_environment(&s);
    return s;
}

/* ---------------------------------------------------------------- a caller's */

int rt_settings_of_config(const rr_chunk_batcher_config *config, struct rt_settings *ret, struct rt_error *err)
{
    struct rt_settings s = {config->flush_num_rows, config->flush_num_bytes, config->chunk_max_rows_if_unsorted, 0};
    if (config->struct_size != sizeof *config)
        return rt_error_set(err, -EINVAL, "batcher: struct_size is not that of rr_chunk_batcher_config");
    if (!tick_of_secs(config->flush_tick_secs, &s.tick_ns))
        return rt_error_set(err, -EINVAL, "batcher: flush_tick_secs is %g", config->flush_tick_secs);
    *ret = s;
    return 0;
}

/* max_bytes, max_rows, max_rows_if_unsorted as rerun_c 0.41 has them. */
RR_API rr_chunk_batcher_config rr_chunk_batcher_config_default(void)
{
    return (rr_chunk_batcher_config){sizeof(rr_chunk_batcher_config), 0.2, 2u << 20, UINT64_MAX, 8192};
}

RR_API rr_chunk_batcher_config rr_chunk_batcher_config_low_latency(void)
{
    return (rr_chunk_batcher_config){sizeof(rr_chunk_batcher_config), 0.008, 2u << 20, UINT64_MAX, 8192};
}

RR_API rr_chunk_batcher_config rr_chunk_batcher_config_always(void)
{
    return (rr_chunk_batcher_config){sizeof(rr_chunk_batcher_config), INFINITY, 0, 0, 256};
}

RR_API rr_chunk_batcher_config rr_chunk_batcher_config_never(void)
{
    return (rr_chunk_batcher_config){sizeof(rr_chunk_batcher_config), INFINITY, UINT64_MAX, UINT64_MAX, 256};
}

RR_API rr_chunk_batcher_config rr_chunk_batcher_config_from_env(void)
{
    rr_chunk_batcher_config c = rr_chunk_batcher_config_default();
    struct rt_settings s = {c.flush_num_rows, c.flush_num_bytes, c.chunk_max_rows_if_unsorted, 0};
    from_environment(&s);
    if (s.tick_ns)
        c.flush_tick_secs = s.tick_ns == INT64_MAX ? INFINITY : (double)s.tick_ns / 1e9;
    c.flush_num_rows = s.max_rows;
    c.flush_num_bytes = s.max_bytes;
    c.chunk_max_rows_if_unsorted = s.max_rows_unsorted;
    return c;
}
