/* Entity paths: /logs/<program>/<source>[/<logger>], escaped as Rerun's strict parser wants them. */
#ifndef RT_MEANING_PATH_H
#define RT_MEANING_PATH_H

#include <stddef.h>

/* Writes one escaped path part (any bytes; invalid UTF-8 becomes U+FFFD; at most 64 characters of it are used) and a NUL.
 * An empty part becomes "_". Return: length without NUL; at most @size - 1. */
size_t rt_path_escape(char *out, size_t size, const char *part, size_t len);

/* "/<root>/<a>/<b>" with escaped parts; @b may be NULL. Return: length. */
size_t rt_path_join(char *out, size_t size, const char *root, const char *a, const char *b);

#endif
