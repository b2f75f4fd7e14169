#include "collect/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/xxh.h"

#include "base/fd.h"

#define CHECKPOINT_MAGIC 0x346b6863706174u /* "tapchk4" */
#define ROOM             (256u << 10)      /* at first: 150 processes, or 100 and their open lines */

struct header {
    uint64_t magic, n, digest;
    struct rt_checkpoint c;
};

static uint64_t digest_of(const struct rt_checkpoint *c, const void *state, size_t n)
{
    return rt_xxh64(state, n, rt_xxh64(c, sizeof *c, 0));
}

static int open_file(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

/* A file is as long as what it has memory for. When it has to grow, twice as much as asked for, else just that. */
static int make_room(int fd, uint64_t n)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size >= n || !fallocate(fd, 0, 0, (off_t)(2 * n)) || !fallocate(fd, 0, 0, (off_t)n))
        return 0;
    return -errno;
}

int rt_checkpoint_prepare(int dir_fd)
{
    static const char *const names[] = {"state", "state.new"};
    for (int i = 0; i < 2; i++) {
        RT_CLEANUP(fd_close) int fd = open_file(dir_fd, names[i]);
        int r = fd < 0 ? fd : make_room(fd, ROOM / 2);
        if (r)
            return r;
    }
    return 0;
}

int rt_checkpoint_write(int dir_fd, const struct rt_checkpoint *c, const void *state, size_t n)
{
    struct header h = {.magic = CHECKPOINT_MAGIC, .n = n, .digest = digest_of(c, state, n), .c = *c};
    RT_CLEANUP(fd_close) int fd = open_file(dir_fd, "state.new");
    int r = fd < 0 ? fd : make_room(fd, sizeof h + n);
    if (!r)
        r = rt_write_all(fd, &h, sizeof h, NULL);
    if (!r)
        r = rt_write_all(fd, state, n, NULL);
    if (!r && renameat2(dir_fd, "state.new", dir_fd, "state", RENAME_EXCHANGE) < 0)
        r = -errno;
    return r;
}

static int read_all(int fd, void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t k = read(fd, (char *)p + at, n - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? -errno : -EBADMSG;
        at += (size_t)k;
    }
    return 0;
}

int rt_checkpoint_read(int dir_fd, struct rt_checkpoint *ret, struct rt_buf *ret_state)
{
    static const struct header none;
    struct header h;
    struct stat st;
    RT_CLEANUP(fd_close) int fd = openat(dir_fd, "state", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    int r = read_all(fd, &h, sizeof h);
    if (r)
        return r;
    if (!memcmp(&h, &none, sizeof h))
        return -ENOENT; /* memory, and nothing written yet */
    if (h.magic != CHECKPOINT_MAGIC || fstat(fd, &st) < 0 || h.n > (uint64_t)st.st_size - sizeof h)
        return -EBADMSG;
    r = rt_buf_reserve(ret_state, h.n);
    if (!r)
        r = read_all(fd, ret_state->data, h.n);
    if (!r && digest_of(&h.c, ret_state->data, h.n) != h.digest)
        r = -EBADMSG;
    if (!r) {
        ret_state->len = h.n;
        *ret = h.c;
    }
    return r;
}

int rt_identity_write(int dir_fd, const char *const text[3])
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    RT_CLEANUP(fd_close) int fd = openat(dir_fd, "recording", flags, 0600);
    int r = fd < 0 ? -errno : 0;
    for (int i = 0; i < 3 && !r; i++)
        r = rt_write_all(fd, text[i], strlen(text[i]) + 1, NULL);
    return r;
}

int rt_identity_read(int dir_fd, char *buf, size_t size, const char *ret_text[3])
{
    RT_CLEANUP(fd_close) int fd = openat(dir_fd, "recording", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, buf, size);
    if (n <= 0 || buf[n - 1])
        return -EBADMSG;
    const char *p = buf, *end = buf + n;
    for (int i = 0; i < 3; i++) {
        if (p >= end)
            return -EBADMSG;
        ret_text[i] = p;
        p += strlen(p) + 1;
    }
    return 0;
}
