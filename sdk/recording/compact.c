#include "recording/compact.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "recording/groups.h"
#include "recording/inside.h"

enum { STEP_ROWS = 512 };              /* between two looks at how full a builder is */
#define MAX_FILE_BYTES (256ull << 20)
#define MAX_NS         2000000000ull /* then the file stays as it is */
#define HARD_BYTES     (1ull << 20)   /* files up to this are wholly made anew, compressed hard: 50 ms */

/* Is the path still the file that was opened, whole, and with no other name? */
static bool is_ours(const struct rt_compact_job *in, struct stat *ret)
{
    return lstat(in->path, ret) == 0 && S_ISREG(ret->st_mode) && ret->st_nlink == 1 && ret->st_dev == in->opened->st_dev &&
        ret->st_ino == in->opened->st_ino && (uint64_t)ret->st_size == in->written;
}

/* ---------------------------------------------------------------- the new file */

struct job {
    const struct rt_compact_job *in;
    const struct rt_file_part *part; /* whose chunks are merged */
    struct rt_recording *out;        /* of the same store: the names stay */
    struct rt_rrd_reader *reader;
    struct rt_groups groups;
    bool all;                        /* what needs no merging is made anew, too */
    uint32_t *list;                  /* room for a group's chunks */
    uint32_t next;                   /* chunk of the part that comes next in the file */
    uint64_t deadline_ns;
    uint64_t rows_in, rows_out;
};

static int check_time(const struct job *j)
{
    return rt_mono_ns() > j->deadline_ns ? -ETIMEDOUT : 0;
}

static int frame_copy(struct job *j, struct rt_store *store, enum rt_message_type type, const struct rt_placed_chunk *c,
                      const struct rt_frame *frame)
{
    uint64_t head[2] = {frame->kind, frame->payload_len};
    struct rt_log_message *m = rt_message_new(store, type, sizeof head + frame->payload_len);
    if (!m)
        return -ENOMEM;
    if (c) {
        m->facts = rt_chunk_facts_ref(c->facts);
        m->n_rows = c->facts->n_rows;
    }
    memcpy(m->frame, head, sizeof head);
    memcpy(m->frame + sizeof head, frame->payload, frame->payload_len);
    return rt_recording_deliver(j->out, m, NULL);
}

static int chunk_read(struct job *j, uint32_t i, struct rt_chunk *ret)
{
    struct rt_frame frame;
    int r = check_time(j);
    if (!r && rt_rrd_reader_at(j->reader, rt_part_chunk(j->part, i)->offset - RT_RRD_FRAME_HEADER_BYTES, &frame, NULL))
        r = -EBADMSG;
    if (!r && (frame.kind != RT_FRAME_ARROW || rt_chunk_decode(&frame, ret, NULL)))
        r = -EBADMSG;
    return r;
}

static bool is_full(const struct rt_recording *rec, const struct rt_builder *b)
{
    return b->n_rows >= rec->settings.max_rows || b->n_bytes >= rec->settings.max_bytes;
}

static int chunk_append(struct job *j, uint32_t i, struct rt_builder *b)
{
    struct rt_chunk chunk = {0};
    int r = chunk_read(j, i, &chunk);
    for (uint32_t from = 0, to; !r && from < chunk.n_rows; from = to) {
        uint64_t left = j->out->settings.max_rows - b->n_rows, step = left < STEP_ROWS ? left : STEP_ROWS;
        to = chunk.n_rows - from > step ? from + (uint32_t)step : chunk.n_rows;
        r = rt_builder_append_chunk(b, rt_part_shape(j->part, i), &chunk, from, to);
        if (!r && is_full(j->out, b))
            r = rt_recording_cut(j->out, b, NULL);
    }
    j->rows_out += r ? 0 : chunk.n_rows;
    rt_chunk_deinit(&chunk);
    return r;
}

/* In the order of time, else of the file. */
static int compare_start(const void *a, const void *b, void *part)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct rt_chunk_facts *x = rt_part_chunk(part, i)->facts, *y = rt_part_chunk(part, k)->facts;
    if (x->rows == RT_CHUNK_ROWS_BATCH && x->spans[0].start != y->spans[0].start)
        return x->spans[0].start < y->spans[0].start ? -1 : 1;
    return i < k ? -1 : 1;
}

/* The builder that all chunks of the group of chunk @i fit. */
static int builder_for(struct job *j, uint32_t i, struct rt_builder *b)
{
    struct rt_manifest *m = &j->part->store->names;
    const struct rt_shape *shape = rt_part_shape(j->part, i);
    uint8_t rows = rt_part_chunk(j->part, i)->facts->rows;
    struct rt_row_time *times = malloc((shape->n_timelines ? shape->n_timelines : 1) * sizeof *times);
    if (!times)
        return -ENOMEM;
    for (uint32_t t = 0; t < shape->n_timelines; t++) {
        const struct rt_timeline *line = rt_manifest_timeline(m, rt_manifest_timelines_of(m, shape)[t]);
        times[t] = (struct rt_row_time){line->name, (uint8_t)strlen(line->name), line->type, 0};
    }
    int r = rt_builder_init(b, j->part->store, shape->entity,
                            (uint8_t)((shape->is_static ? RT_BUILDER_STATIC : 0) | (rows == RT_CHUNK_ROWS_BATCH ? RT_BUILDER_BATCH : 0) |
                                      (rows == RT_CHUNK_ROWS_TEXT ? RT_BUILDER_TEXT : 0)), times, shape->n_timelines);
    free(times);
    return r;
}

/* All chunks of a group into as few as may be. */
static int group_write(struct job *j, uint32_t g)
{
    struct rt_builder b;
    uint32_t n = 0;
    for (uint32_t i = j->groups.list[g].first; n < j->groups.list[g].n_chunks; i++)
        if (j->groups.of[i] == g)
            j->list[n++] = i;
    qsort_r(j->list, n, sizeof *j->list, compare_start, (void *)(uintptr_t)j->part);
    int r = builder_for(j, j->groups.list[g].first, &b);
    if (r)
        return r;
    for (uint32_t i = 0; !r && i < n; i++)
        r = chunk_append(j, j->list[i], &b);
    r = r ? r : rt_recording_cut(j->out, &b, NULL);
    rt_builder_deinit(&b);
    j->groups.list[g].done = true;
    return r;
}

/* The chunk of another part that begins at @offset. */
static const struct rt_placed_chunk *other_chunk(const struct job *j, uint64_t offset, struct rt_store **ret_store)
{
    for (size_t p = 1; p < j->in->n_parts; p++)
        for (size_t i = 0; i < rt_part_n(&j->in->parts[p]); i++)
            if (rt_part_chunk(&j->in->parts[p], i)->offset == offset) {
                *ret_store = j->in->parts[p].store;
                return rt_part_chunk(&j->in->parts[p], i);
            }
    return NULL;
}

/* Copies what stays; a group that is rewritten comes where its first chunk was. */
static int chunk_write(struct job *j, const struct rt_frame *frame)
{
    uint64_t offset = frame->offset + RT_RRD_FRAME_HEADER_BYTES;
    if (j->next == rt_part_n(j->part) || rt_part_chunk(j->part, j->next)->offset != offset) {
        struct rt_store *store;
        const struct rt_placed_chunk *other = other_chunk(j, offset, &store);
        return other ? frame_copy(j, store, RT_MESSAGE_CHUNK, other, frame) : -EBADMSG;
    }
    uint32_t i = j->next++, g = j->groups.of[i];
    const struct rt_placed_chunk *c = rt_part_chunk(j->part, i);
    j->rows_in += c->facts->n_rows;
    if (g == RT_GROUP_NONE || !(j->all || rt_group_pays(&j->groups.list[g]))) {
        j->rows_out += c->facts->n_rows;
        return frame_copy(j, j->part->store, RT_MESSAGE_CHUNK, c, frame);
    }
    return j->groups.list[g].done ? 0 : group_write(j, g);
}

static int frame_write(struct job *j, const struct rt_frame *frame)
{
    if (frame->kind == RT_FRAME_ARROW)
        return chunk_write(j, frame);
    return frame_copy(j, j->part->store, frame->kind == RT_FRAME_SET_STORE_INFO ? RT_MESSAGE_STORE_INFO : RT_MESSAGE_ACTIVATE, NULL, frame);
}

static int write_frames(struct job *j)
{
    struct rt_frame frame;
    int r = 0, end = 0;
    while (!r && !(end = rt_rrd_reader_next(j->reader, &frame, NULL)) && frame.kind != RT_FRAME_END) {
        r = check_time(j);
        r = r ? r : frame_write(j, &frame);
    }
    if (!r && (end || j->next != rt_part_n(j->part) || j->rows_in != j->rows_out || rt_recording_dropped(j->out)))
        r = -EBADMSG;
    return r;
}

static int write_all(struct job *j, const char *path)
{
    struct rt_sink *sink = NULL;
    /* what viewers merge up to, whatever the recording was told */
    static const struct rt_settings settings = {4096, 384 << 10, UINT64_MAX, 0};
    int r = rt_recording_of_store(j->part->store, &settings, &j->out);
    r = r ? r : rt_sink_file(path, RT_SINK_CREATE, false, &sink, NULL);
    if (!r && (r = rt_recording_add_sink(j->out, sink)) < 0)
        sink->ops->abandon(sink);
    if (!r) {
        rt_sink_file_hard(sink);
        j->out->encoder.hard = j->all;
        r = write_frames(j);
    }
    if (r)
        j->out = rt_recording_free(j->out);
    return r ? r : rt_recording_close(j->out, j->deadline_ns, NULL);
}

static int job_run(struct job *j, const char *path)
{
    uint64_t limit = rt_mono_ns() + MAX_NS;
    j->deadline_ns = j->in->deadline_ns < limit ? j->in->deadline_ns : limit;
    j->list = malloc(rt_part_n(j->part) * sizeof *j->list);
    int r = j->list ? 0 : -ENOMEM;
    if (!r && rt_rrd_reader_open(j->in->path, &j->reader, NULL))
        r = -EBADMSG;
    r = r ? r : write_all(j, path);
    if (j->reader)
        rt_rrd_reader_free(j->reader);
    free(j->list);
    return r;
}

/* ---------------------------------------------------------------- beside, and in place */

/* ".NAME.XXXXXX" in the directory of @path; gives name and fd. */
static int make_temporary(const char *path, char **ret_name, int *ret_fd)
{
    const char *slash = strrchr(path, '/');
    char *name = NULL;
    if (asprintf(&name, "%.*s/.%s.XXXXXX", (int)(slash - path), path, slash + 1) < 0)
        return -ENOMEM;
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        int r = -errno;
        free(name);
        return r;
    }
    *ret_name = name;
    *ret_fd = fd;
    return 0;
}

static int take_place(const struct rt_compact_job *in, const char *name, int fd, const struct stat *st)
{
    struct stat now;
    if ((fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM) || fchmod(fd, st->st_mode & 07777) < 0 ||
        fsync(fd) < 0)
        return -errno;
    if (fstat(fd, &now) < 0 || now.st_uid != st->st_uid || now.st_gid != st->st_gid || !is_ours(in, &now))
        return -EPERM;
    return rename(name, in->path) < 0 ? -errno : 1;
}

/* In a file beside it, which then takes its place. */
static int compact_beside(struct job *j, const struct stat *st)
{
    char *name = NULL;
    RT_CLEANUP(fd_close) int fd = -1;
    int r = make_temporary(j->in->path, &name, &fd);
    if (r)
        return r;
    r = job_run(j, name);
    r = r ? r : take_place(j->in, name, fd, st);
    if (r != 1)
        unlink(name);
    free(name);
    return r;
}

int rt_compact(const struct rt_compact_job *in)
{
    struct stat st;
    if (!in->n_parts || in->written > MAX_FILE_BYTES || !is_ours(in, &st))
        return 0;
    struct job j = {.in = in, .part = &in->parts[0], .all = in->written <= HARD_BYTES};
    int r = rt_groups_init(&j.groups, j.part);
    if (!r && j.groups.small_bytes * 5 > in->written)
        r = compact_beside(&j, &st);
    rt_groups_deinit(&j.groups);
    return r;
}
