#include "recording/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

/* Viewers merge chunks up to 4096 rows or 384 KiB; cutting there spares them the work. */
static const struct rt_settings defaults = {4096, 384 << 10, 8192, 0};

int rt_settings_parse_bytes(const char *text, uint64_t *ret)
{
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {{"", 1},           {"B", 1},           {"kB", 1000},      {"MB", 1000000},
                 {"GB", 1000000000}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno)
        return -ERANGE;
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

static void from_env(const char *name, uint64_t *value)
{
    const char *text = getenv(name);
    uint64_t v;
    if (text && rt_settings_parse_bytes(text, &v) == 0)
        *value = v;
}

struct rt_settings rt_settings_read(void)
{
    struct rt_settings s = defaults;
    from_env("RERUN_FLUSH_NUM_ROWS", &s.max_rows);
    from_env("RERUN_FLUSH_NUM_BYTES", &s.max_bytes);
    from_env("RERUN_CHUNK_MAX_ROWS_IF_UNSORTED", &s.max_rows_unsorted);
    return s;
}
