#include "base/level.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *text;
    uint32_t rgba;
} levels[RT_LEVEL_COUNT] = {
    [RT_LEVEL_NONE] = {"", 0},
#define RT_LEVEL(name, text, severity, rgba) [RT_LEVEL_##name] = {text, rgba},
#include "config/levels.def"
};

static const struct {
    enum rt_level level;
    const char *keyword;
} severities[8] = {
#define RT_SYSLOG(severity, name, keyword) [severity] = {RT_LEVEL_##name, keyword},
#include "config/levels.def"
};

const char *rt_level_text(enum rt_level level)
{
    return (unsigned)level < RT_LEVEL_COUNT ? levels[level].text : "";
}

uint32_t rt_level_rgba(enum rt_level level)
{
    return (unsigned)level < RT_LEVEL_COUNT ? levels[level].rgba : 0;
}

enum rt_level rt_level_from_syslog(int severity)
{
    return severities[severity & 7].level;
}

enum rt_level rt_level_from_text(const char *text, size_t len)
{
    for (int i = 1; i < RT_LEVEL_COUNT; i++)
        if (strlen(levels[i].text) == len && !strncasecmp(levels[i].text, text, len))
            return (enum rt_level)i;
    for (int i = 0; i < 8; i++)
        if (strlen(severities[i].keyword) == len && !strncasecmp(severities[i].keyword, text, len))
            return severities[i].level;
    return RT_LEVEL_NONE;
}
