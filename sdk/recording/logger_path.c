#include "recording/logger_path.h"

#include "base/utf8.h"
#include "recording/path.h"

#define PART_MOST 256u /* bytes of a part that is not UTF-8 and has to be repaired */

/* Bytes up to the next separator or the end. */
static size_t part_len(const struct rt_separator *s, const char *name)
{
    size_t n = 0;
    while (name[n] && !rt_separator_at(s, name + n))
        n++;
    return n;
}

/* Return: false when it was cut. */
static bool add_part(struct rt_path_writer *w, const char *part, size_t n)
{
    char repaired[3 * PART_MOST]; /* a byte becomes three at most */
    if (rt_path_add_part(w, part, n) == 0)
        return true;
    size_t used = n < PART_MOST ? n : PART_MOST;
    rt_path_add_part(w, repaired, rt_utf8_repair(repaired, part, used));
    return used == n;
}

size_t rt_logger_path(char *out, struct rt_slice prefix, const struct rt_separator *s, const char *logger, bool *ret_cut)
{
    static const struct rt_slice fallback = {"/logs", 5};
    struct rt_path_writer w = {.out = out, .cap = RT_LOGGER_PATH_MOST};
    *ret_cut = false;
    if (!prefix.n) {
        while (rt_separator_at(s, logger))
            logger += rt_separator_at(s, logger);
        if (!strncmp(logger, "__", 2))
            prefix = fallback;
        else if (!*logger)
            logger = "root";
    }
    memcpy(out, prefix.p, prefix.n);
    w.len = prefix.n;
    while (*logger) {
        struct rt_path_writer before = w;
        size_t n = part_len(s, logger);
        *ret_cut |= !add_part(&w, logger, n);
        if (w.len > RT_LOGGER_PATH_MOST) {
            *ret_cut = true;
            return before.len;
        }
        logger += n;
        logger += rt_separator_at(s, logger);
    }
    rt_path_end(&w);
    return w.len <= RT_LOGGER_PATH_MOST ? w.len : RT_LOGGER_PATH_MOST;
}
