/* Severities, from config/levels.def: the six that Rerun's viewer knows, and the way from syslog. */
#ifndef RT_BASE_LEVEL_H
#define RT_BASE_LEVEL_H

#include <stddef.h>
#include <stdint.h>

enum rt_level {
    RT_LEVEL_NONE = 0, /* no level: written as an empty list */
#define RT_LEVEL(name, text, severity, rgba) RT_LEVEL_##name,
#include "config/levels.def"
    RT_LEVEL_COUNT, /* smaller number = more severe */
};

/* "INFO" …; "" for RT_LEVEL_NONE and out of range. Static storage. */
const char *rt_level_text(enum rt_level level);
/* 0xRRGGBBAA for terminals and views; 0 for none. */
uint32_t rt_level_rgba(enum rt_level level);
/* Syslog severity 0..7 (higher bits are ignored). */
enum rt_level rt_level_from_syslog(int severity);
/* Exact Rerun spelling or a syslog keyword, any case; RT_LEVEL_NONE when unknown. */
enum rt_level rt_level_from_text(const char *text, size_t len);

#endif
