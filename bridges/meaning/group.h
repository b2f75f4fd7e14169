/* Groups: several lines that are one message (a traceback, a panic, a diagnostic with its source line).
 *
 * A state machine over lines that are already displayable text with a guessed level. It holds no bytes: the caller keeps
 * the lines of the group, each ended by one \n, and tells for each where it stands among them.
 *
 *   begin(line)   no  → the line is a row by itself, nothing can join it
 *                 yes → wait: the next line decides
 *   next(line)    END   → the group is finished; begin() with this line
 *                 JOIN  → it belongs to the group
 *                 MAYBE → it belongs to the group if the next line does (an empty line, an unindented source line)
 *                 LAST  → it belongs to the group and ends it
 *
 * What can be continued: a line of WARN or worse (indented lines join it), and the heads of the known kinds: Python, Java and
 * JavaScript exceptions, Rust and Go panics, C++ terminate, sanitizer and valgrind reports, compiler diagnostics. */
#ifndef RT_MEANING_GROUP_H
#define RT_MEANING_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meaning/level.h"

struct rt_group_line {
    const char *text;
    size_t len;
    struct rt_level_guess guess;
};

struct rt_group {
    uint32_t kind;
    uint32_t state;                /* the kind's own */
    uint32_t tell_start, tell_end; /* the most telling part, whole lines without the last \n; 0, 0 = the first line */
    uint32_t level, style;         /* of the group so far; RT_LEVEL_NONE = no marker yet */
    uint32_t maybe;                /* where a MAYBE line begins; 0 = none */
    uint32_t flags;                /* the caller's: what the scan of the lines met */
};

enum rt_group_step { RT_GROUP_END, RT_GROUP_JOIN, RT_GROUP_MAYBE, RT_GROUP_LAST };

/* Starts a group with its first line. Return: false when nothing can join it. */
bool rt_group_begin(struct rt_group *g, const struct rt_group_line *line);

/* @start and @end: where the line, without its \n, will stand among the lines of the group. */
enum rt_group_step rt_group_next(struct rt_group *g, const struct rt_group_line *line, size_t start, size_t end);

#endif
