#include "recording/compact.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "recording/decoded.h"
#include "recording/inside.h"

enum { SMALL_ROWS = 1000, MAX_COLUMNS = 128 };
#define MAX_FILE_BYTES (256ull << 20)
#define MAX_NS         2000000000ull /* then the file stays as it is */
#define HARD_BYTES     (1ull << 20)   /* files up to this are wholly made anew, compressed hard: 50 ms */

/* ---------------------------------------------------------------- does it pay? */

struct entity_sums {
    uint32_t n_chunks;    /* temporal */
    uint64_t small_bytes; /* in chunks of few rows */
};

static bool worth_it(const struct entity_sums *e)
{
    return e->n_chunks > 1 && e->small_bytes;
}

static size_t n_chunks(const struct rt_file_part *part)
{
    return part->chunks.len / sizeof(struct rt_placed_chunk);
}

static const struct rt_placed_chunk *chunk_at(const struct rt_file_part *part, size_t i)
{
    return (const struct rt_placed_chunk *)(const void *)part->chunks.data + i;
}

static const struct rt_shape *shape_of(const struct rt_file_part *part, const struct rt_placed_chunk *c)
{
    return rt_manifest_shape(&part->store->names, c->facts->shape);
}

/* gives the sums by entity (caller frees), and the bytes in small chunks when there is something to merge. */
static struct entity_sums *sum_up(const struct rt_file_part *part, uint64_t *ret_small)
{
    size_t n = RT_MANIFEST_N(&part->store->names, entities, char *);
    struct entity_sums *sums = calloc(n ? n : 1, sizeof *sums);
    uint64_t small = 0;
    bool any = false;
    for (size_t i = 0; sums && i < n_chunks(part); i++) {
        const struct rt_placed_chunk *c = chunk_at(part, i);
        const struct rt_shape *shape = shape_of(part, c);
        if (shape->is_static)
            continue;
        sums[shape->entity].n_chunks++;
        sums[shape->entity].small_bytes += c->facts->n_rows < SMALL_ROWS ? c->facts->size : 0;
        small += c->facts->n_rows < SMALL_ROWS ? c->facts->size : 0;
    }
    for (size_t i = 0; sums && i < n; i++)
        any |= worth_it(&sums[i]);
    *ret_small = any ? small : 0;
    return sums;
}

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
    const struct entity_sums *sums;
    bool all;                        /* entities that need no merging are made anew, too */
    bool *done;                      /* by entity: it was written */
    const struct rt_placed_chunk **list; /* room for an entity's chunks */
    size_t next;                     /* chunk of the part that comes next in the file */
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

/* A decoded chunk as a batch of columns, without times when static; what this library never writes is
 * refused. */
static int batch_from_chunk(const struct rt_chunk *c, rr_column *columns, rr_text_batch *ret)
{
    const struct rt_chunk_column *time = rt_decoded_time(c);
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_columns; i++) {
        const struct rt_chunk_column *col = &c->columns[i];
        if (col->kind != RT_COLUMN_COMPONENT)
            continue;
        if (col->validity || col->item_validity || !rt_decoded_item(col->type) || n == MAX_COLUMNS)
            return -ENOTSUP;
        columns[n++] = (rr_column){col->name, col->values, (const uint32_t *)col->value_offsets,
                                   (const uint32_t *)col->list_offsets};
    }
    if (!time && !c->is_static)
        return -EBADMSG;
    *ret = (rr_text_batch){.struct_size = sizeof *ret, .n_rows = c->n_rows, .columns = columns,
                           .n_columns = n};
    if (time)
        ret->log_time_ns = (const int64_t *)(const void *)time->values;
    return 0;
}

static int chunk_append(struct job *j, const struct rt_frame *frame, const char *path)
{
    rr_column columns[MAX_COLUMNS];
    rr_text_batch batch;
    struct rt_chunk chunk = {0};
    int r = rt_chunk_decode(frame, &chunk, NULL) ? -EBADMSG : 0;
    r = r ? r : batch_from_chunk(&chunk, columns, &batch);
    if (!r)
        r = chunk.is_static ? rt_recording_append_static(j->out, path, &batch, NULL) : rt_recording_append(j->out, path, &batch, NULL);
    j->rows_out += r ? 0 : chunk.n_rows;
    rt_chunk_deinit(&chunk);
    return r;
}

static int compare_start(const void *a, const void *b)
{
    const struct rt_placed_chunk *x = *(const struct rt_placed_chunk *const *)a,
        *y = *(const struct rt_placed_chunk *const *)b;
    if (x->facts->spans[0].start != y->facts->spans[0].start)
        return x->facts->spans[0].start < y->facts->spans[0].start ? -1 : 1;
    return x->offset < y->offset ? -1 : 1;
}

/* All temporal chunks of an entity, in time order, into as few as may be. */
static int entity_rewrite(struct job *j, uint32_t entity)
{
    const char *path = rt_manifest_entity(&j->part->store->names, entity);
    struct rt_builder *b;
    uint32_t n = 0;
    for (size_t i = 0; i < n_chunks(j->part); i++) {
        const struct rt_shape *shape = shape_of(j->part, chunk_at(j->part, i));
        if (shape->entity == entity && !shape->is_static)
            j->list[n++] = chunk_at(j->part, i);
    }
    qsort(j->list, n, sizeof *j->list, compare_start);
    int r = rt_recording_builder(j->out, path, &b);
    for (uint32_t i = 0; !r && i < n; i++) {
        struct rt_frame frame;
        r = check_time(j);
        if (!r && rt_rrd_reader_at(j->reader, j->list[i]->offset - RT_RRD_FRAME_HEADER_BYTES, &frame, NULL))
            r = -EBADMSG;
        r = r ? r : chunk_append(j, &frame, path);
    }
    return r ? r : rt_recording_cut(j->out, b, NULL);
}

/* The chunk of another part that begins at @offset. */
static const struct rt_placed_chunk *other_chunk(const struct job *j, uint64_t offset, struct rt_store **ret_store)
{
    for (size_t p = 1; p < j->in->n_parts; p++)
        for (size_t i = 0; i < n_chunks(&j->in->parts[p]); i++)
            if (chunk_at(&j->in->parts[p], i)->offset == offset) {
                *ret_store = j->in->parts[p].store;
                return chunk_at(&j->in->parts[p], i);
            }
    return NULL;
}

/* Copies what stays; an entity that is rewritten comes where its first chunk was. */
static int chunk_write(struct job *j, const struct rt_frame *frame)
{
    uint64_t offset = frame->offset + RT_RRD_FRAME_HEADER_BYTES;
    if (j->next == n_chunks(j->part) || chunk_at(j->part, j->next)->offset != offset) {
        struct rt_store *store;
        const struct rt_placed_chunk *other = other_chunk(j, offset, &store);
        return other ? frame_copy(j, store, RT_MESSAGE_CHUNK, other, frame) : -EBADMSG;
    }
    const struct rt_placed_chunk *c = chunk_at(j->part, j->next++);
    const struct rt_shape *shape = shape_of(j->part, c);
    j->rows_in += c->facts->n_rows;
    if (shape->is_static && j->all)
        return chunk_append(j, frame, rt_manifest_entity(&j->part->store->names, shape->entity));
    if (shape->is_static || !(j->all || worth_it(&j->sums[shape->entity]))) {
        j->rows_out += c->facts->n_rows;
        return frame_copy(j, j->part->store, RT_MESSAGE_CHUNK, c, frame);
    }
    if (j->done[shape->entity])
        return 0;
    j->done[shape->entity] = true;
    return entity_rewrite(j, shape->entity);
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
    if (!r && (end || j->next != n_chunks(j->part) || j->rows_in != j->rows_out || rt_recording_dropped(j->out)))
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
    j->list = malloc(n_chunks(j->part) * sizeof(void *));
    j->done = calloc(RT_MANIFEST_N(&j->part->store->names, entities, char *), sizeof *j->done);
    int r = j->list && j->done ? 0 : -ENOMEM;
    if (!r && rt_rrd_reader_open(j->in->path, &j->reader, NULL))
        r = -EBADMSG;
    r = r ? r : write_all(j, path);
    if (j->reader)
        rt_rrd_reader_free(j->reader);
    free(j->list);
    free(j->done);
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

int rt_compact(const struct rt_compact_job *in)
{
    struct stat st;
    uint64_t small;
    char *name = NULL;
    RT_CLEANUP(fd_close) int fd = -1;
    if (!in->n_parts || in->written > MAX_FILE_BYTES || !is_ours(in, &st))
        return 0;
    struct entity_sums *sums = sum_up(&in->parts[0], &small);
    int r = !sums ? -ENOMEM : small * 5 <= in->written ? 0 : 1;
    if (r > 0)
        r = make_temporary(in->path, &name, &fd);
    if (name) {
        struct job j = {.in = in, .part = &in->parts[0], .sums = sums, .all = in->written <= HARD_BYTES};
        r = job_run(&j, name);
        r = r ? r : take_place(in, name, fd, &st);
        if (r != 1)
            unlink(name);
    }
    free(name);
    free(sums);
    return r;
}
