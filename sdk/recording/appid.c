#include "recording/appid.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/xxh.h"

enum { MAX_BYTES = 180, KEPT_BYTES = 176 }; /* Rerun 0.36: the rest are four hex digits */

static bool allowed(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("_- []:", c));
}

char *rt_appid_rewrite(const char *id)
{
    size_t n = 0, len = strlen(id);
    bool fine = len <= MAX_BYTES;
    char *out = malloc(KEPT_BYTES + 5);
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)id[i];
        bool ok = allowed(c);
        fine &= ok;
        if ((c & 0xC0) != 0x80 && n < KEPT_BYTES) /* one '-' for a whole UTF-8 character */
            out[n++] = ok ? (char)c : '-';
    }
    if (fine) {
        free(out);
        return strdup(id);
    }
    snprintf(out + n, 5, "%04x", (unsigned)(rt_xxh64(id, len, 0) & 0xFFFF));
    return out;
}
