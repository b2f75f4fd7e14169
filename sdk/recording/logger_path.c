#include "recording/logger_path.h"

#include <stdlib.h>

#include "base/atomic.h"
#include "base/hash.h"
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

/* ---------------------------------------------------------------- known ones */

enum { PROBES = 2 };

struct rt_known_path {
    uint32_t name_len, path_len;
    char text[]; /* the name, the path */
};

/* Keeps the path at @place, when nobody else was first. */
static void keep_path(struct rt_known_path **place, const char *logger, size_t name_len, const char *path, size_t path_len)
{
    struct rt_known_path *k = malloc(sizeof *k + name_len + path_len), *none = NULL;
    if (!k)
        return;
    k->name_len = (uint32_t)name_len;
    k->path_len = (uint32_t)path_len;
    memcpy(k->text, logger, name_len);
    memcpy(k->text + name_len, path, path_len);
    /* pairs with the acquire in rt_logger_paths_get(): the text is written */
    if (!rt_cas_seq_cst(place, &none, k))
        free(k);
}

size_t rt_logger_paths_get(struct rt_logger_paths *paths, char *out, struct rt_slice prefix, const struct rt_separator *s, const char *logger,
                           bool *ret_cut)
{
    size_t n = strlen(logger), len;
    uint64_t hash = rt_hash(RT_HASH_START, logger, n);
    struct rt_known_path **place = NULL;
    *ret_cut = false;
    for (uint32_t i = 0; i < PROBES && !place; i++) {
        struct rt_known_path **at = &paths->places_mt[(hash + i) % RT_LOGGER_PATHS];
        const struct rt_known_path *k = rt_load_acquire(at);
        if (!k)
            place = at;
        else if (k->name_len == n && !memcmp(k->text, logger, n)) {
            memcpy(out, k->text + n, k->path_len);
            return k->path_len;
        }
    }
    len = rt_logger_path(out, prefix, s, logger, ret_cut);
    if (place && !*ret_cut)
        keep_path(place, logger, n, out, len);
    return len;
}

struct rt_logger_paths *rt_logger_paths_free(struct rt_logger_paths *paths)
{
    for (uint32_t i = 0; paths && i < RT_LOGGER_PATHS; i++)
        free(paths->places_mt[i]);
    free(paths);
    return NULL;
}
