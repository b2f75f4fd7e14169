/* The level of one line, read from the line itself.
 *
 *   first byte ─▶ anchors: forms that only stand at the start ("<3>", "E0820 12:…", "{", "==1==ERROR: AddressSanitizer")
 *   word starts ─▶ 3-letter filter ─▶ words ("error", "WARN", "level", …) ─▶ phrases and shapes: what stands before and
 *                 after the word decides whether it is a marker and which style it is ("[" error "]", " - " WARNING " - ")
 *
 * All rules are rows of tables (level_rules.c); a style is the name a row carries. The first marker wins. A word inside
 * prose is no marker: a wrong ERROR is worse than a missed one. Only the first RT_LEVEL_SCAN bytes are looked at. */
#ifndef RT_MEANING_LEVEL_H
#define RT_MEANING_LEVEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/level.h"

#define RT_LEVEL_SCAN      160u
#define RT_LEVEL_SCAN_JSON 512u /* keys come in any order there */

#define RT_STYLES(S) \
    S(NONE, NULL) S(SD_DAEMON, "sd-daemon") S(KERNEL, "kernel") S(SYSLOG, "syslog") S(PREFIX, "prefix") \
    S(BRACKET, "bracket") S(COLUMN, "column") S(GLOG, "glog") S(LOGCAT, "logcat") S(XORG, "xorg") S(GLIB, "glib") \
    S(PYTHON, "python") S(JAVA, "java") S(ENV_LOGGER, "env_logger") S(TRACING, "tracing") S(LOGRUS, "logrus") \
    S(LOGFMT, "logfmt") S(JSON, "json") S(NGINX, "nginx") S(APACHE, "apache") S(REDIS, "redis") \
    S(POSTGRES, "postgres") S(SPDLOG, "spdlog") S(CHROMIUM, "chromium") S(CELERY, "celery") S(ERLANG, "erlang") \
    S(TOOL, "tool") S(COMPILER, "compiler") S(RUSTC, "rustc") S(LINKER, "linker") S(MAKE, "make") S(NPM, "npm") \
    S(APT, "apt") S(PHP, "php") S(NODE, "node") S(TRACEBACK, "traceback") S(EXCEPTION, "exception") \
    S(PANIC, "panic") S(CRASH, "crash") S(ASSERT, "assert") S(SANITIZER, "sanitizer") S(VALGRIND, "valgrind")

enum rt_style {
#define RT_STYLE(name, text) RT_STYLE_##name,
    RT_STYLES(RT_STYLE)
#undef RT_STYLE
    RT_STYLE_COUNT,
};

struct rt_level_guess {
    uint8_t level; /* enum rt_level; RT_LEVEL_NONE: the line has no marker */
    uint8_t style; /* enum rt_style */
};

/* Pure, never fails; any bytes. */
struct rt_level_guess rt_level_infer(const char *line, size_t len);

/* Static storage; NULL for RT_STYLE_NONE and out of range. */
const char *rt_style_name(unsigned style);

/* The level of a lone word ("warning", "ERR", "Critical"), any case; RT_LEVEL_NONE when it is none. */
enum rt_level rt_level_of_word(const char *word, size_t len);

#endif
