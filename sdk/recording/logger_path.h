/* A logger's name as an entity path. */
#ifndef RT_RECORDING_LOGGER_PATH_H
#define RT_RECORDING_LOGGER_PATH_H

#include "base/slice.h"
#include "recording/filter.h"

#define RT_LOGGER_PATH_MOST 1024u /* bytes of a path with its prefix; parts beyond are left out */
#define RT_LOGGER_PREFIX_MOST 512u

/* Writes "<prefix>/<part>/<part>" to @out (RT_LOGGER_PATH_MOST bytes), parts escaped, not UTF-8 repaired, empty ones skipped. @prefix is
 * a path in its final form, or empty: then the root logger ("") is "/root", and a name whose first part is reserved ("__main__") stands
 * under "/logs". *ret_cut: parts were left out. Return: the length. */
size_t rt_logger_path(char *out, struct rt_slice prefix, const struct rt_separator *s, const char *logger, bool *ret_cut);

/* Paths of loggers met before. Grows by compare and exchange, up to its places; nothing is ever replaced. */
#define RT_LOGGER_PATHS 128u /* places; a logger that finds none has its path made each time */
struct rt_logger_paths {
    struct rt_known_path *places_mt[RT_LOGGER_PATHS];
};
/* As rt_logger_path(), with what is known. Threads: any. Blocks: never. Allocates: at the first use of a name. */
size_t rt_logger_paths_get(struct rt_logger_paths *paths, char *out, struct rt_slice prefix, const struct rt_separator *s, const char *logger,
                           bool *ret_cut);
/* Nobody reads it any more. Return: NULL. */
struct rt_logger_paths *rt_logger_paths_free(struct rt_logger_paths *paths);

#endif
