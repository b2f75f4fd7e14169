/* File descriptors: cleanup, stealing, writing whole buffers. */
#ifndef RT_BASE_FD_H
#define RT_BASE_FD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define RT_CLEANUP(fn) __attribute__((cleanup(rt_##fn##_p)))

/* Closes fd >= 0, keeps errno, returns -1 so that `fd = rt_fd_close(fd)` resets. */
static inline int rt_fd_close(int fd)
{
    if (fd >= 0) {
        int e = errno;
        close(fd);
        errno = e;
    }
    return -1;
}
static inline void rt_fd_close_p(int *fd) { rt_fd_close(*fd); }
static inline int rt_fd_steal(int *fd)
{
    int r = *fd;
    *fd = -1;
    return r;
}

/* Writes all @n bytes, through short writes and EINTR. Return: 0 or -errno; *ret_written (may be NULL) says how many went out. */
static inline int rt_write_all(int fd, const void *p, size_t n, size_t *ret_written)
{
    size_t done = 0;
    int r = 0;
    while (done < n) {
        ssize_t w = write(fd, (const uint8_t *)p + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0) {
            r = w < 0 ? -errno : -EIO;
            break;
        }
        done += (size_t)w;
    }
    if (ret_written)
        *ret_written = done;
    return r;
}

#endif
