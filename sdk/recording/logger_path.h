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

#endif
