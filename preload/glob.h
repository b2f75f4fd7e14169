/* Shell patterns against absolute paths, guest-safe: no memory but the caller's, bounded time.
 *
 *   ?             any character but '/'
 *   *             any number of such
 *   [a-z] [!a-z]  one of these, or none of them; never '/'
 *   **            any number of any characters; with a '/' behind it any number of folders, also none
 *
 * A pattern that does not begin with '/' may match from any folder on. */
#ifndef RT_PRELOAD_GLOB_H
#define RT_PRELOAD_GLOB_H

#include <stdbool.h>
#include <stddef.h>

bool rt_glob_match(const char *glob, size_t n, const char *path);
/* Does any of a list with commas? */
bool rt_globs_match(const char *list, const char *path);

#endif
