/* Displayable text: any bytes in, valid UTF-8 without control characters out.
 *
 *   clean bytes (valid UTF-8, no control character but tab and the \n between lines)   returned as they are, no copy
 *   invalid UTF-8, C1 controls            U+FFFD, one for each byte that cannot belong to a character
 *   NUL, C0 controls, DEL                 their pictures U+2400..U+241F, U+2421
 *   ANSI escape sequences (colours, …)    removed
 *   \r inside a line                      the last segment that shows anything stays (the last state of a progress bar)
 *   \r before the line's end              dropped; alone it does not count as a change
 *
 * "Changed" means: the text is not the bytes, so whoever wants them must keep the raw form beside it. */
#ifndef RT_MEANING_DISPLAY_H
#define RT_MEANING_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* What a scan met. No flag: plain ASCII. */
enum {
    RT_TEXT_HIGH = 1 << 0,    /* bytes >= 0x80 */
    RT_TEXT_CONTROL = 1 << 1, /* control characters other than tab (and the line end) */
};

struct rt_display {
    const char *text; /* the input itself, or memory of the scratch buffer, valid until that is used again */
    size_t len;
    bool changed;
};

/* Position of the first \n or NUL, @n when there is none; *flags |= what lies before it. */
size_t rt_text_line_end(const void *bytes, size_t n, unsigned *flags);

/* Valid UTF-8 (no surrogates, no overlong forms) and no C1 control. */
bool rt_text_valid(const void *bytes, size_t n);

/* Length of the valid character at @p (@n >= 1 bytes), 0 when there is none. */
size_t rt_text_char(const uint8_t *p, size_t n);

/* Appends the displayable form of @n bytes, several lines allowed, to @out; *changed is only ever set.
 * Return: 0 or -ENOMEM (then @out is as before). */
int rt_display_append(struct rt_buf *out, const void *bytes, size_t n, bool *changed);

/* The displayable form, without a copy when the bytes are clean; @flags as the scan of them gave. Borrows @bytes.
 * Without memory the text is the clean part at the front and counts as changed. */
struct rt_display rt_display(struct rt_buf *scratch, const void *bytes, size_t n, unsigned flags);

#endif
