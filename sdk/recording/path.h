/* Entity paths. Any text that a user may write, as the official SDK's forgiving parser reads it, becomes the one form that builders key on:
 *
 *   "logs/my arm//x"  ──▶  "/logs/my\ arm/x"     absolute, no empty parts, all but letters, digits, '_', '-' and '.' escaped
 *
 * Reading: '/' separates, unless a backslash is right before it. \n \r \t and \u{1-6 hex digits} are characters, a backslash before
 * anything else means that; a malformed \u stays as it is, so does a backslash at the end.
 * Writing: \n \r \t, a backslash before ASCII punctuation and space, \u{XXXX} for all that is no letter. One deviation from the official
 * form: a part that ends in a backslash and has another behind it ends in \u{005C}, for every reader would take "\\/" for one part. */
#ifndef RT_RECORDING_PATH_H
#define RT_RECORDING_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RT_PATH_E_RESERVED = 1, /* the first part begins with "__"; the path was written nevertheless */
    RT_PATH_E_UTF8,         /* not UTF-8, or a NUL inside */
    RT_PATH_E_LONG,         /* *ret_len bytes of room are needed */
};

/* Writes the path of the text @p into @out, which has room for @cap bytes, without a NUL. Nothing is written past @cap, and the content
 * is of no use unless 0 or RT_PATH_E_RESERVED is returned. *ret_len: its length. Return: 0 or an outcome.
 * Threads: any. Signals: safe. Blocks: never. */
int rt_path_parse(const char *p, size_t n, char *out, size_t cap, size_t *ret_len);

/* Warns, once of each, when a text that was parsed holds what is a sign of a mistake: whitespace that is not escaped (several paths in one?),
 * an escape that means nothing (a Windows file name?). @taken_as: what it was parsed to. Signals: not safe. */
void rt_path_warn(const char *p, size_t n, const char *taken_as, size_t taken_len);

/* The escaped form of one part (any text), never RT_PATH_E_RESERVED. Return as rt_path_parse(). */
int rt_path_escape_part(const char *p, size_t n, char *out, size_t cap, size_t *ret_len);

/* Part number @index of a path in any form, unescaped; without such a part *ret_len is 0. Return as rt_path_parse(). */
int rt_path_part(const char *p, size_t n, size_t index, char *out, size_t cap, size_t *ret_len);

/* A path made part by part. Set out and cap, add parts, end it; len above cap then: it did not fit. */
struct rt_path_writer {
    char *out;
    size_t cap, len;
    bool raw;            /* characters are written as they are */
    bool backslash_last; /* the last character was a backslash */
};
int rt_path_add_part(struct rt_path_writer *w, const char *p, size_t n); /* 0 or RT_PATH_E_UTF8; an empty part leaves no trace */
void rt_path_end(struct rt_path_writer *w);

enum { RT_PATH_SLASH = 1, RT_PATH_OTHER = 2 };
extern const uint8_t rt_path_class[256]; /* 0: may stand in a part as it is */

/* Is "/" and the text the path of the text: "logs/arm_1", ASCII only? One pass without a branch a byte; false negatives cost only time. */
static inline bool rt_path_is_clean_behind_slash(const char *p, size_t n)
{
    uint32_t seen = 0, before = RT_PATH_SLASH;
    for (size_t i = 0; i < n; i++) {
        uint32_t class = rt_path_class[(uint8_t)p[i]];
        seen |= class | (before & class) << 2; /* two slashes: 4 */
        before = class;
    }
    bool reserved = n > 1 && p[0] == '_' && p[1] == '_';
    return n && seen <= RT_PATH_SLASH && before != RT_PATH_SLASH && !reserved;
}
/* Is the text its own path: "/logs/arm_1", or the root? */
static inline bool rt_path_is_clean(const char *p, size_t n)
{
    return n && p[0] == '/' && (n == 1 || rt_path_is_clean_behind_slash(p + 1, n - 1));
}

#endif
