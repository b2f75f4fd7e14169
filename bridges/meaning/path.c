#include "meaning/path.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/letter.h"
#include "base/utf8.h"
#include "meaning/display.h"

#define PART_MAX_CHARS 64u
#define ESCAPED_MAX    16u /* "\u{10FFFF}" and a NUL */

/* One character as the strict parser reads it back. @last: it ends the part. */
static size_t escape_char(char out[ESCAPED_MAX], uint32_t c, const uint8_t *p, size_t len, bool last)
{
    static const char named[] = "\nn\rr\tt";
    if (rt_is_letter(c) || c == '_' || c == '-' || c == '.') {
        memcpy(out, p, len);
        return len;
    }
    for (const char *n = named; *n; n += 2)
        if (c == (uint8_t)*n)
            return (size_t)snprintf(out, ESCAPED_MAX, "\\%c", n[1]);
    /* A backslash that ends a part would be taken for an escaped '/', so it is spelled out. */
    if (c >= ' ' && c < 0x7f && !(c == '\\' && last))
        return (size_t)snprintf(out, ESCAPED_MAX, "\\%c", (int)c);
    return (size_t)snprintf(out, ESCAPED_MAX, "\\u{%04X}", (unsigned)c);
}

size_t rt_path_escape(char *out, size_t size, const char *part, size_t len)
{
    static const uint8_t unknown[] = {0xef, 0xbf, 0xbd};
    const uint8_t *p = (const uint8_t *)part;
    size_t o = 0, i = 0;
    if (size == 0)
        return 0;
    for (unsigned chars = 0; i < len && chars < PART_MAX_CHARS; chars++) {
        char piece[ESCAPED_MAX];
        size_t used = rt_text_char(p + i, len - i);
        const uint8_t *c = used ? p + i : unknown;
        size_t c_len = used ? used : sizeof unknown;
        i += used ? used : 1;
        bool last = i >= len || chars + 1 == PART_MAX_CHARS;
        size_t n = escape_char(piece, rt_utf8_code(c, c_len), c, c_len, last);
        if (n >= size - o)
            break;
        memcpy(out + o, piece, n);
        o += n;
    }
    if (o == 0 && size > 1)
        out[o++] = '_';
    out[o] = 0;
    return o;
}

size_t rt_path_join(char *out, size_t size, const char *root, const char *a, const char *b)
{
    const char *parts[] = {root, a, b};
    size_t o = 0;
    if (size == 0)
        return 0;
    out[0] = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && parts[i]; i++) {
        if (size - o < 3) /* '/', one character, NUL */
            break;
        out[o++] = '/';
        o += rt_path_escape(out + o, size - o, parts[i], strlen(parts[i]));
    }
    return o;
}
