/* Frames into a file. A short write or a full disk is undone by cutting the file back to the frame's start, since readers stop at half a frame;
 * where that is impossible (a pipe) the sink is dead from then on. What was taken is noted by store, for the footer.
 *
 *   take: waiting (a child's, until its first chunk) ─▶ frame in the file ─▶ note in the part of its store
 *   close: footer of all parts ─▶ compaction ─▶ close */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "sink/parts.h"

enum { LOWEST_FD = 64 };
#define FILE_TICK_NS 200000000 /* as the official file sink */

struct file_sink {
    struct rt_sink base;
    struct stat opened;        /* what the path was when it was opened */
    uint64_t written;          /* bytes of whole frames */
    int fd;
    int dead;                  /* 0 or the -errno that killed it */
    bool later;                /* a child's: the file is made for the first chunk */
    bool compact;
    struct rt_parts parts;
    struct rt_backlog waiting;
};

static struct file_sink *of(struct rt_sink *sink)
{
    return (struct file_sink *)sink;
}

/* ---------------------------------------------------------------- writing */

static int check_identity(const struct file_sink *f, struct rt_error *err)
{
    struct stat st;
    if (fstat(f->fd, &st) < 0)
        return rt_error_set(err, -errno, "%s: the file descriptor was closed by the program: %s",
                            f->base.name, strerror(errno));
    if (st.st_dev != f->opened.st_dev || st.st_ino != f->opened.st_ino)
        return rt_error_set(err, -EBADF, "%s: the file descriptor belongs to another file now", f->base.name);
    return 0;
}

/* Takes back @done bytes of a frame that did not fit. */
static void undo(struct file_sink *f, size_t done, int reason)
{
    off_t start = (off_t)f->written;
    if (!done)
        return;
    if (!S_ISREG(f->opened.st_mode) || ftruncate(f->fd, start) < 0 || lseek(f->fd, start, SEEK_SET) < 0)
        f->dead = reason;
}

static int file_write(struct file_sink *f, const void *data, size_t n, struct rt_error *err)
{
    size_t done;
    if (f->dead)
        return rt_error_set(err, f->dead, "%s: an earlier write failed halfway: %s", f->base.name,
                            strerror(-f->dead));
    int r = check_identity(f, err);
    if (r < 0)
        return f->dead = r;
    r = rt_write_all(f->fd, data, n, &done);
    if (r < 0) {
        undo(f, done, r);
        return rt_error_set(err, r, "%s: %s", f->base.name, strerror(-r));
    }
    f->written += n;
    return 0;
}

/* ---------------------------------------------------------------- opening */

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

static int file_begin(struct file_sink *f, struct rt_error *err)
{
    struct rt_buf header = {0};
    int r = rt_rrd_stream_header(&header);
    r = r ? r : file_write(f, header.data, header.len, err);
    rt_buf_deinit(&header);
    return r;
}

/* The file exists and holds at least @keep bytes: cut there. */
static int file_continue(struct file_sink *f, uint64_t keep, struct rt_error *err)
{
    if (!S_ISREG(f->opened.st_mode) || (uint64_t)f->opened.st_size < keep)
        return rt_error_set(err, -EINVAL, "%s: cannot be continued at byte %llu: it has %llu", f->base.name,
                            (unsigned long long)keep, (unsigned long long)f->opened.st_size);
    if (ftruncate(f->fd, (off_t)keep) < 0 || lseek(f->fd, (off_t)keep, SEEK_SET) < 0)
        return rt_error_set(err, -errno, "%s: %s", f->base.name, strerror(errno));
    f->written = keep;
    return 0;
}

/* A regular file on this machine: writes may take their time, but are not held up by somebody else. */
static bool is_here(int fd, mode_t mode)
{
    static const uint32_t elsewhere[] = {0x6969 /* NFS */, 0x517b, 0xfe534d42, 0xff534d42 /* SMB */, 0x65735546 /* FUSE */,
                                         0x01021997 /* 9P */, 0x00c36400 /* Ceph */, 0x5346414f /* AFS */};
    struct statfs fs;
    if (!S_ISREG(mode) || fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if ((uint32_t)fs.f_type == elsewhere[i])
            return false;
    return true;
}

static int file_open(struct file_sink *f, uint64_t keep, struct rt_error *err)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | (keep == RT_SINK_CREATE ? O_CREAT | O_TRUNC : 0), r;
    f->fd = open(f->base.name, flags, 0666);
    if (f->fd >= 0)
        f->fd = move_up(f->fd);
    if (f->fd < 0 || fstat(f->fd, &f->opened) < 0)
        r = rt_error_set(err, -errno, "%s: %s", f->base.name, strerror(errno));
    else
        r = keep == RT_SINK_CREATE ? file_begin(f, err) : file_continue(f, keep, err);
    f->base.quick = r == 0 && is_here(f->fd, f->opened.st_mode);
    if (r < 0)
        f->fd = rt_fd_close(f->fd);
    return r;
}

/* ---------------------------------------------------------------- notes for the footer */

void rt_sink_file_hard(struct rt_sink *sink)
{
    of(sink)->parts.hard = true;
}

int rt_sink_file_note(struct rt_sink *sink, struct rt_store *store, const struct rt_placed_chunk *chunk)
{
    struct rt_file_part *part = rt_parts_of(&of(sink)->parts, store);
    if (!part || rt_buf_append(&part->chunks, chunk, sizeof *chunk) < 0)
        return -ENOMEM;
    rt_chunk_facts_ref(chunk->facts);
    return 0;
}

static int file_finish(struct file_sink *f, struct rt_error *err)
{
    struct rt_buf frame = {0};
    int r = rt_parts_end(&f->parts, f->written, &frame);
    if (r)
        rt_error_set(err, r, "%s: cannot make the footer: %s", f->base.name, strerror(-r));
    else
        r = file_write(f, frame.data, frame.len, err);
    rt_buf_deinit(&frame);
    return r;
}

/* ---------------------------------------------------------------- taking */

static int file_append(struct file_sink *f, struct rt_log_message *m, struct rt_error *err)
{
    uint64_t at = f->written;
    if (rt_parts_room(&f->parts, m) < 0)
        return rt_error_set(err, -ENOMEM, "%s: out of memory", f->base.name);
    int r = file_write(f, m->frame, m->len, err);
    if (!r)
        rt_parts_note(&f->parts, m, at);
    f->base.shared |= m->foreign;
    return r;
}

/* What came before the first chunk of a child goes before it. Where that fails, the next chunk tries again. */
static int file_appear(struct file_sink *f, struct rt_error *err)
{
    struct rt_backlog *w = &f->waiting;
    int r = f->fd < 0 ? file_open(f, RT_SINK_CREATE, err) : 0;
    while (!r && w->n && !(r = file_append(f, w->list[0], err))) {
        rt_message_unref(w->list[0]);
        memmove(w->list, w->list + 1, --w->n * sizeof *w->list);
    }
    f->later = r != 0;
    return r;
}

static int file_take(struct rt_sink *sink, struct rt_log_message *m, struct rt_error *err)
{
    struct file_sink *f = of(sink);
    if (f->later && m->type != RT_MESSAGE_CHUNK)
        return rt_backlog_add(&f->waiting, m);
    int r = f->later ? file_appear(f, err) : 0;
    return r ? r : file_append(f, m, err);
}

static int file_flush(struct rt_sink *sink, uint64_t deadline_ns, bool sync, struct rt_error *err)
{
    struct file_sink *f = of(sink);
    (void)deadline_ns; /* written at once; a sync can't be bounded */
    if (f->dead)
        return rt_error_set(err, f->dead, "%s: an earlier write failed: %s", sink->name, strerror(-f->dead));
    if (!sync || f->fd < 0 || check_identity(f, err) < 0)
        return 0;
    if (fsync(f->fd) < 0 && errno != EINVAL && errno != EROFS) /* a pipe, a device: nothing to sync */
        return rt_error_set(err, -errno, "%s: %s", sink->name, strerror(errno));
    return 0;
}

static uint64_t file_written(const struct rt_sink *sink)
{
    return ((const struct file_sink *)sink)->written;
}

/* ---------------------------------------------------------------- ends */

static void file_free(struct file_sink *f)
{
    rt_parts_deinit(&f->parts);
    rt_backlog_deinit(&f->waiting);
    free(f->base.name);
    free(f);
}

static int close_fd(struct file_sink *f, struct rt_error *err)
{
    int r = 0;
    if (f->fd >= 0 && (f->dead == -EBADF || check_identity(f, NULL) < 0))
        f->fd = -1; /* not ours any more */
    if (f->fd >= 0 && close(f->fd) < 0 && errno != EINTR)
        r = rt_error_set(err, -errno, "%s: %s", f->base.name, strerror(errno));
    return r;
}

static int file_close(struct rt_sink *sink, uint64_t deadline_ns, struct rt_error *err)
{
    struct file_sink *f = of(sink);
    int first = f->fd >= 0 ? file_finish(f, err) : 0;
    if (f->fd >= 0 && !first && f->compact && !sink->shared) {
        rt_parts_recording_first(&f->parts);
        const struct rt_compact_job job = {sink->name, &f->opened, f->written, f->parts.list, f->parts.n, deadline_ns};
        rt_compact(&job); /* a failure leaves the file as it is */
    }
    int r = close_fd(f, first ? NULL : err);
    file_free(f);
    return first ? first : r;
}

static void file_abandon(struct rt_sink *sink)
{
    close_fd(of(sink), NULL);
    file_free(of(sink));
}

/* ---------------------------------------------------------------- new */

static const struct rt_sink_ops file_ops;

/* Takes @name. */
static struct file_sink *file_new(char *name, bool compact)
{
    struct file_sink *f = name ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        free(name);
        return NULL;
    }
    f->base = (struct rt_sink){.ops = &file_ops, .name = name, .tick_ns = FILE_TICK_NS, .refs_mt = 1};
    f->fd = -1;
    f->compact = compact;
    return f;
}

/* "dir/a.rrd" → "dir/a.<pid>.rrd" */
char *rt_sink_file_name_in_child(const char *name)
{
    const char *slash = strrchr(name, '/'), *dot = strrchr(slash ? slash : name, '.');
    size_t stem = dot && dot > slash + 1 ? (size_t)(dot - name) : strlen(name);
    char *all = NULL;
    return asprintf(&all, "%.*s.%ld%s", (int)stem, name, (long)getpid(), name + stem) < 0 ? NULL : all;
}

/* The parent may have been anywhere inside the sink: beside its name, its fd and its flags nothing of it is touched. */
static struct rt_sink *file_in_child(struct rt_sink *sink)
{
    struct file_sink *old = of(sink), *f = NULL;
    if (S_ISREG(old->opened.st_mode) || old->later)
        f = file_new(rt_sink_file_name_in_child(sink->name), old->compact);
    close_fd(old, NULL);
    if (!f)
        return NULL;
    f->later = true;
    return &f->base;
}

static const struct rt_sink_ops file_ops = {
    .kind = "file",
    .take = file_take,
    .flush = file_flush,
    .close = file_close,
    .in_child = file_in_child,
    .abandon = file_abandon,
    .written = file_written,
};

int rt_sink_file(const char *path, uint64_t keep, bool compact, struct rt_sink **ret, struct rt_error *err)
{
    struct file_sink *f = file_new(absolute(path), compact);
    int r = f ? file_open(f, keep, err) : rt_error_set(err, -ENOMEM, "%s: out of memory", path);
    if (r) {
        if (f)
            file_free(f);
        return r;
    }
    *ret = &f->base;
    return 0;
}
