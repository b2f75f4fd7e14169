/* Files whose writes are recorded because their paths were asked for (RETAP_FILES: globs, with commas). A path is matched once, when it
 * is opened for writing; from then on the descriptor has the class RT_FD_FILE and a number, which a FILE record explains to the collector
 * once a thread. The same path has the same number again: a file that was rotated goes on.
 *
 * At most RT_FILES paths a process, and so many bytes of paths; others are not recorded. Over exec fds 0 to 9 stay what they are (RETAP_FDS).
 * Not seen: what libc opens by itself (mkstemp), and mappings. */
#ifndef RT_PRELOAD_FILES_H
#define RT_PRELOAD_FILES_H

#include "fdclass.h"
#include "shim.h"

extern bool rt_files_asked; /* there are globs */

void rt_files_start(const char *globs);
/* @fd was opened for writing by @path, relative to the folder @dir. */
void rt_file_opened(int fd, int dir, const char *path);
/* @fd was a recorded file in the program before. Return: false, nobody knows its path. */
bool rt_file_adopt(int fd);

/* What rt_call.origin is for @fd; of a file the thread has told what it means. */
uint32_t rt_origin_slow(enum rt_fd_class c, int fd);
static inline uint32_t rt_origin(enum rt_fd_class c, int fd)
{
    return rt_unlikely(rt_fd_is_channel(c)) ? rt_origin_slow(c, fd) : 0;
}

#endif
