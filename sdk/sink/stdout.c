/* An .rrd stream to standard output: into a pipe, a file, a device.
 *
 *   take ─▶ fd (a duplicate of 1) ─▶ reader            no reader any more (EPIPE): from that message on everything is held, as in a
 *             └─ EPIPE ─▶ hold ─▶ the next sink        buffered sink, for the sink that is set next
 *
 * A terminal, or a pipe whose reader is gone when the sink is made: a buffered sink from the start. SIGPIPE never gets to the program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sink/hold.h"
#include "sink/parts.h"

enum {
    TICK_NS = 200000000,
    LOWEST_FD = 64,
    PIPE_STEP = 4096, /* PIPE_BUF: what a pipe that polls writable takes without blocking */
};

struct stdout_sink {
    struct rt_sink base;
    int fd;
    int dead;          /* 0 or the -errno that killed it; -EPIPE: holds */
    struct stat opened;
    bool appends;      /* behind what the file holds already: a footer would have readers look at wrong places */
    uint64_t written;  /* bytes of whole frames */
    struct rt_parts parts;
    struct rt_hold hold;
};

static struct stdout_sink *of(struct rt_sink *sink)
{
    return (struct stdout_sink *)sink;
}

/* ---------------------------------------------------------------- writing without SIGPIPE */

static bool sigpipe_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
}

/* write(), but a broken pipe is an error only: the signal, which the kernel sends to this thread, is taken while it is blocked here. */
static ssize_t write_quietly(int fd, const void *p, size_t n)
{
    sigset_t only, before;
    const struct timespec at_once = {0};
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    bool was_pending = sigpipe_pending();
    pthread_sigmask(SIG_BLOCK, &only, &before);
    ssize_t w = write(fd, p, n);
    int e = errno;
    if (w < 0 && e == EPIPE && !was_pending)
        while (sigtimedwait(&only, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = e;
    return w;
}

/* Waits until the fd takes bytes. @deadline_ns: UINT64_MAX = no limit. Return: 0, -ETIMEDOUT, -errno. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        uint64_t now = rt_mono_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
        int ms = deadline_ns == UINT64_MAX ? -1 : left / 1000000 > 3600000 ? 3600000 : (int)((left + 999999) / 1000000);
        int r = poll(&p, 1, ms);
        if (r > 0)
            return p.revents & POLLNVAL ? -EBADF : 0;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r == 0 && !left)
            return -ETIMEDOUT;
    }
}

/* All @n bytes; *ret_done says how many went out. */
static int write_all(struct stdout_sink *s, const uint8_t *p, size_t n, uint64_t deadline_ns, size_t *ret_done)
{
    bool file = S_ISREG(s->opened.st_mode);
    int r = 0;
    for (*ret_done = 0; !r && *ret_done < n;) {
        size_t step = n - *ret_done;
        if (!file && step > PIPE_STEP)
            step = PIPE_STEP;
        r = file ? 0 : wait_writable(s->fd, deadline_ns);
        ssize_t w = r ? 0 : write_quietly(s->fd, p + *ret_done, step);
        if (w > 0)
            *ret_done += (size_t)w;
        else if (!r && (w == 0 || (errno != EINTR && errno != EAGAIN)))
            r = w == 0 ? -EIO : -errno;
    }
    return r;
}

static int check_identity(const struct stdout_sink *s, struct rt_error *err)
{
    struct stat st;
    if (fstat(s->fd, &st) == 0 && st.st_dev == s->opened.st_dev && st.st_ino == s->opened.st_ino)
        return 0;
    return rt_error_set(err, -EBADF, "stdout: the library's duplicate of it was closed by the program");
}

/* Takes back @done bytes of a frame that did not fit: only of a file that nobody else has written behind them. */
static bool undo(struct stdout_sink *s, size_t done)
{
    struct stat st;
    if (!done)
        return true;
    off_t end = S_ISREG(s->opened.st_mode) && fstat(s->fd, &st) == 0 ? lseek(s->fd, 0, SEEK_CUR) : -1;
    return end >= (off_t)done && end == st.st_size && ftruncate(s->fd, end - (off_t)done) == 0 &&
        lseek(s->fd, end - (off_t)done, SEEK_SET) >= 0;
}

/* Bytes of whole frames. Return: 0, -EPIPE when there is no reader any more, -errno. */
static int put(struct stdout_sink *s, const void *data, size_t n, uint64_t deadline_ns, struct rt_error *err)
{
    size_t done;
    if (s->dead)
        return rt_error_set(err, s->dead, "stdout: an earlier write failed: %s", strerror(-s->dead));
    int r = check_identity(s, err);
    if (r < 0)
        return s->dead = r;
    r = write_all(s, data, n, deadline_ns, &done);
    if (r < 0) {
        if (r == -EPIPE || !undo(s, done))
            s->dead = r;
        return rt_error_set(err, r, "stdout: %s", strerror(-r));
    }
    s->written += n;
    return 0;
}

/* ---------------------------------------------------------------- the sink */

static int hold(struct stdout_sink *s, struct rt_log_message *m, struct rt_error *err)
{
    int r = rt_hold_add(&s->hold, m, &s->base.n_lost);
    return r < 0 ? rt_error_set(err, r, "stdout: nobody reads it, and there is no memory to keep what is logged") : 0;
}

static int stdout_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct stdout_sink *s = of(sink);
    uint64_t at = s->written;
    if (rt_parts_room(&s->parts, m) < 0)
        return rt_error_set(err, -ENOMEM, "stdout: out of memory");
    int r = s->dead ? s->dead : put(s, m->frame, m->len, UINT64_MAX, err);
    if (r == -EPIPE)
        return hold(s, m, err);
    if (r)
        return s->dead ? rt_error_set(err, r, "stdout: an earlier write failed: %s", strerror(-r)) : r;
    rt_parts_note(&s->parts, m, at);
    return 0;
}

static int stdout_flush(struct rt_sink *sink, uint64_t deadline_ns, bool sync, struct rt_error *err)
{
    struct stdout_sink *s = of(sink);
    (void)deadline_ns; /* written at once */
    if (s->dead && s->dead != -EPIPE)
        return rt_error_set(err, s->dead, "stdout: an earlier write failed: %s", strerror(-s->dead));
    if (sync && !s->dead && S_ISREG(s->opened.st_mode) && fsync(s->fd) < 0 && errno != EINVAL && errno != EROFS)
        return rt_error_set(err, -errno, "stdout: %s", strerror(errno));
    return 0;
}

static int stdout_backlog(struct rt_sink *sink, struct rt_backlog *ret)
{
    rt_hold_move(&of(sink)->hold, ret);
    return 0;
}

static int finish(struct stdout_sink *s, uint64_t deadline_ns, struct rt_error *err)
{
    struct rt_buf end = {0};
    int r = rt_parts_end(&s->parts, s->written, &end);
    if (r)
        rt_error_set(err, r, "stdout: cannot make the footer: %s", strerror(-r));
    else
        r = put(s, end.data, end.len, deadline_ns, err);
    rt_buf_deinit(&end);
    return r == -EPIPE ? 0 : r; /* nobody is there to miss it */
}

static void close_fd(struct stdout_sink *s)
{
    if (s->fd >= 0 && s->dead != -EBADF && check_identity(s, NULL) == 0)
        close(s->fd);
    s->fd = -1;
}

static void stdout_abandon(struct rt_sink *sink)
{
    struct stdout_sink *s = of(sink);
    close_fd(s);
    rt_parts_deinit(&s->parts);
    rt_hold_deinit(&s->hold);
    free(sink->name);
    free(s);
}

static int stdout_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    struct stdout_sink *s = of(sink);
    int r = s->dead || s->appends ? 0 : finish(s, deadline_ns, err);
    uint64_t rows = rt_hold_rows(&s->hold);
    stdout_abandon(sink);
    return r || !rows ? r : rt_error_set(err, -EPIPE, "stdout: nobody read it any more: %llu rows are lost", (unsigned long long)rows);
}

/* Two processes can't write one stream: what a child logs is dropped. */
static struct rt_sink *stdout_in_child(struct rt_sink *sink)
{
    close_fd(of(sink));
    return NULL;
}

static const struct rt_sink_ops stdout_ops = {
    .kind = "stdout",
    .take = stdout_take,
    .flush = stdout_flush,
    .backlog = stdout_backlog,
    .close = stdout_close,
    .in_child = stdout_in_child,
    .abandon = stdout_abandon,
};

/* ---------------------------------------------------------------- new */

static bool has_reader(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) < 0 || !(p.revents & (POLLERR | POLLNVAL));
}

static int begin(struct stdout_sink *s, struct rt_error *err)
{
    struct rt_buf header = {0};
    int r = rt_rrd_stream_header(&header);
    r = r ? r : put(s, header.data, header.len, UINT64_MAX, err);
    rt_buf_deinit(&header);
    return r;
}

static bool does_append(const struct stdout_sink *s)
{
    return S_ISREG(s->opened.st_mode) && (fcntl(s->fd, F_GETFL) & O_APPEND ? s->opened.st_size > 0 : lseek(s->fd, 0, SEEK_CUR) > 0);
}

int rt_sink_stdout(uint64_t buffer_limit_bytes, struct rt_sink **ret, struct rt_error *err)
{
    if (isatty(STDOUT_FILENO) || !has_reader(STDOUT_FILENO))
        return rt_sink_buffered(buffer_limit_bytes, ret, err);
    struct stdout_sink *s = calloc(1, sizeof *s);
    char *name = s ? strdup("stdout") : NULL;
    if (!name) {
        free(s);
        return rt_error_set(err, -ENOMEM, "no memory for a sink");
    }
    s->base = (struct rt_sink){.ops = &stdout_ops, .name = name, .tick_ns = TICK_NS};
    s->hold.limit = buffer_limit_bytes;
    s->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, LOWEST_FD);
    if (s->fd < 0) /* the limit of open files may be lower */
        s->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int r = s->fd < 0 || fstat(s->fd, &s->opened) < 0 ? rt_error_set(err, -errno, "stdout: %s", strerror(errno)) : 0;
    s->appends = !r && does_append(s);
    r = r ? r : begin(s, err);
    if (r && r != -EPIPE) {
        stdout_abandon(&s->base);
        return r;
    }
    *ret = &s->base;
    return 0;
}
