#include "base/nearest.h"

#include <string.h>

enum { WORD_MAX = 31 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned rt_edit_distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1]; /* of the table that compares beginnings: before last, last, this */
    unsigned na = (unsigned)strnlen(a, WORD_MAX), nb = (unsigned)strnlen(b, WORD_MAX);
    for (unsigned j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= na; i++) {
        unsigned *this = rows[i % 3];
        const unsigned *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        this[0] = i;
        for (unsigned j = 1; j <= nb; j++) {
            this[j] = min3(last[j] + 1, this[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < this[j])
                this[j] = before[j - 2] + 1;
        }
    }
    return rows[na % 3][nb];
}

int rt_is_near(const char *word, const char *known)
{
    size_t n = strlen(word);
    if (n >= 3 && !strncmp(word, known, n))
        return 1;
    return rt_edit_distance(word, known) * 3 <= strlen(known);
}
