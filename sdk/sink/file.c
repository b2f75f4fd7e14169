/* Frames into a file. A short write or a full disk is undone by cutting the file back to the frame's
 * start, since readers stop at half a frame; where that is impossible (a pipe) the sink is dead from then
 * on. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "recording/sink.h"

enum { LOWEST_FD = 64 };

struct file_sink {
    struct rt_sink base;
    int fd;
    int dead; /* 0 or the -errno that killed it */
};

static int check_identity(const struct file_sink *f, struct rt_error *err)
{
    struct stat st;
    if (fstat(f->fd, &st) < 0)
        return rt_error_set(err, -errno, "%s: the file descriptor was closed by the program: %s",
                            f->base.path, strerror(errno));
    if (st.st_dev != f->base.opened.st_dev || st.st_ino != f->base.opened.st_ino)
        return rt_error_set(err, -EBADF, "%s: the file descriptor belongs to another file now", f->base.path);
    return 0;
}

/* Takes back @done bytes of a frame that did not fit. */
static void undo(struct file_sink *f, size_t done, int reason)
{
    off_t start = (off_t)f->base.written;
    if (!done)
        return;
    if (!S_ISREG(f->base.opened.st_mode) || ftruncate(f->fd, start) < 0 || lseek(f->fd, start, SEEK_SET) < 0)
        f->dead = reason;
}

static int file_write(struct rt_sink *sink, const void *data, size_t n, struct rt_error *err)
{
    struct file_sink *f = (struct file_sink *)sink;
    size_t done;
    if (f->dead)
        return rt_error_set(err, f->dead, "%s: an earlier write failed halfway: %s", sink->path,
                            strerror(-f->dead));
    int r = check_identity(f, err);
    if (r < 0)
        return f->dead = r;
    r = rt_write_all(f->fd, data, n, &done);
    if (r < 0) {
        undo(f, done, r);
        return rt_error_set(err, r, "%s: %s", sink->path, strerror(-r));
    }
    sink->written += n;
    return 0;
}

static int file_close(struct rt_sink *sink, struct rt_error *err)
{
    struct file_sink *f = (struct file_sink *)sink;
    int r = 0;
    if (f->fd >= 0 && (f->dead == -EBADF || check_identity(f, NULL) < 0))
        f->fd = -1; /* not ours any more */
    if (f->fd >= 0 && close(f->fd) < 0 && errno != EINTR)
        r = rt_error_set(err, -errno, "%s: %s", sink->path, strerror(errno));
    free(sink->path);
    free(f);
    return r;
}

static const struct rt_sink_ops file_ops = {file_write, file_close};

static char *absolute(const char *path)
{
    char *cwd, *all = NULL;
    if (path[0] == '/')
        return strdup(path);
    cwd = getcwd(NULL, 0);
    if (cwd && asprintf(&all, "%s/%s", cwd, path) < 0)
        all = NULL;
    free(cwd);
    return all;
}

/* Moves @fd to LOWEST_FD or above; where the limit of open files forbids it, it stays. */
static int move_up(int fd)
{
    int up = fd < LOWEST_FD ? fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD) : -1;
    if (up < 0)
        return fd;
    close(fd);
    return up;
}

/* The file exists and holds at least @keep bytes: cut there. */
static int file_continue(struct file_sink *f, uint64_t keep, struct rt_error *err)
{
    if (!S_ISREG(f->base.opened.st_mode) || (uint64_t)f->base.opened.st_size < keep)
        return rt_error_set(err, -EINVAL, "%s: cannot be continued at byte %llu: it has %llu", f->base.path,
                            (unsigned long long)keep,
                            (unsigned long long)f->base.opened.st_size);
    if (ftruncate(f->fd, (off_t)keep) < 0 || lseek(f->fd, (off_t)keep, SEEK_SET) < 0)
        return rt_error_set(err, -errno, "%s: %s", f->base.path, strerror(errno));
    f->base.written = keep;
    return 0;
}

int rt_sink_file_open(const char *path, uint64_t keep, struct rt_sink **ret, struct rt_error *err)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | (keep == RT_SINK_CREATE ? O_CREAT | O_TRUNC : 0);
    struct file_sink *f = calloc(1, sizeof *f);
    char *full = absolute(path);
    int r = 0;
    if (!f || !full) {
        free(f);
        free(full);
        return rt_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    f->base = (struct rt_sink){.ops = &file_ops, .path = full};
    f->fd = open(full, flags, 0666);
    if (f->fd >= 0)
        f->fd = move_up(f->fd);
    if (f->fd < 0 || fstat(f->fd, &f->base.opened) < 0)
        r = rt_error_set(err, -errno, "%s: %s", path, strerror(errno));
    else if (keep != RT_SINK_CREATE)
        r = file_continue(f, keep, err);
    if (r < 0) {
        rt_fd_close(f->fd);
        free(full);
        free(f);
        return r;
    }
    *ret = &f->base;
    return 0;
}
