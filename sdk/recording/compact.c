#include "recording/compact.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "recording/decoded.h"
#include "recording/recording.h"

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

/* gives the sums by entity (caller frees), and the bytes in small chunks when there is something to merge. */
static struct entity_sums *sum_up(const struct rt_manifest *m, uint64_t *ret_small)
{
    size_t n = RT_MANIFEST_N(m, entities, char *);
    struct entity_sums *sums = calloc(n ? n : 1, sizeof *sums);
    uint64_t small = 0;
    bool any = false;
    for (size_t i = 0; sums && i < rt_manifest_n_chunks(m); i++) {
        const struct rt_manifest_chunk *c = rt_manifest_chunk(m, i);
        const struct rt_shape *shape = rt_manifest_shape(m, c->shape);
        if (shape->is_static)
            continue;
        sums[shape->entity].n_chunks++;
        sums[shape->entity].small_bytes += c->n_rows < SMALL_ROWS ? c->size : 0;
        small += c->n_rows < SMALL_ROWS ? c->size : 0;
    }
    for (size_t i = 0; sums && i < n; i++)
        any |= worth_it(&sums[i]);
    *ret_small = any ? small : 0;
    return sums;
}

/* Is the path still the file that was opened, whole, and with no other name? */
static bool is_ours(const struct rt_sink *sink, struct stat *ret)
{
    return lstat(sink->path, ret) == 0 && S_ISREG(ret->st_mode) && ret->st_nlink == 1 &&
        ret->st_dev == sink->opened.st_dev &&
           ret->st_ino == sink->opened.st_ino && (uint64_t)ret->st_size == sink->written;
}

/* ---------------------------------------------------------------- the new file */

struct job {
    const struct rt_recording *in;
    struct rt_recording out; /* a recording of its own; the store's strings are the old one's */
    struct rt_rrd_reader *reader;
    const struct entity_sums *sums;
    bool all; /* entities that need no merging are made anew, too */
    int64_t *shapes; /* old → new, -1 = not yet */
    uint64_t deadline_ns;
    uint64_t rows_in, rows_out;
};

static int read_frame(struct job *j, const struct rt_manifest_chunk *c, struct rt_frame *ret)
{
    if (rt_mono_ns() > j->deadline_ns)
        return -ETIMEDOUT;
    int r = rt_rrd_reader_at(j->reader, c->offset - RT_RRD_FRAME_HEADER_BYTES, ret, NULL);
    if (r || ret->kind != RT_FRAME_ARROW || ret->payload_len != c->size)
        return r < 0 ? r : -EBADMSG;
    return 0;
}

/* The number in the new manifest of an old shape. */
static int64_t shape_copy(struct job *j, uint32_t old)
{
    const struct rt_manifest *m = &j->in->manifest;
    const struct rt_shape *shape = rt_manifest_shape(m, old);
    uint32_t list[MAX_COLUMNS];
    struct rt_builder *b;
    if (j->shapes[old] >= 0)
        return j->shapes[old];
    if (shape->n > MAX_COLUMNS || rt_recording_builder(&j->out, rt_manifest_entity(m, shape->entity), &b) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < shape->n; i++) {
        uint32_t d = *RT_MANIFEST_AT(m, shape_descriptors, uint32_t, shape->first + i);
        int64_t n = rt_manifest_intern_descriptor(&j->out.manifest, rt_manifest_descriptor(m, d));
        if (n < 0)
            return n;
        list[i] = (uint32_t)n;
    }
    return j->shapes[old] = rt_manifest_add_shape(&j->out.manifest, b->entity, shape->is_static, list,
                                                  shape->n);
}

static int chunk_copy(struct job *j, const struct rt_manifest_chunk *c)
{
    struct rt_frame frame;
    struct rt_manifest_chunk now = *c;
    int64_t shape = shape_copy(j, c->shape);
    int r = shape < 0 ? (int)shape : read_frame(j, c, &frame);
    if (r < 0)
        return r;
    uint64_t head[2] = {RT_FRAME_ARROW, frame.payload_len};
    now.shape = (uint32_t)shape;
    now.offset = j->out.sink->written + RT_RRD_FRAME_HEADER_BYTES;
    rt_buf_clear(&j->out.frame);
    if (rt_buf_append(&j->out.frame, head, sizeof head) < 0 ||
        rt_buf_append(&j->out.frame, frame.payload, frame.payload_len) < 0)
        return -ENOMEM;
    r = j->out.sink->ops->write(j->out.sink, j->out.frame.data, j->out.frame.len, NULL);
    j->rows_out += c->n_rows;
    return r ? r : rt_manifest_add_chunk(&j->out.manifest, &now);
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
        if (col->validity || col->item_validity || rt_decoded_item(col->type) < 0 || n == MAX_COLUMNS)
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

static int chunk_append(struct job *j, const struct rt_manifest_chunk *c, const char *path)
{
    rr_column columns[MAX_COLUMNS];
    rr_text_batch batch;
    struct rt_frame frame;
    struct rt_chunk chunk = {0};
    int r = read_frame(j, c, &frame);
    if (!r && rt_chunk_decode(&frame, &chunk, NULL))
        r = -EBADMSG;
    r = r ? r : batch_from_chunk(&chunk, columns, &batch);
    if (!r)
        r = chunk.is_static ? rt_recording_append_static(&j->out, path, &batch, NULL)
            : rt_recording_append(&j->out, path, &batch, NULL);
    j->rows_out += r ? 0 : chunk.n_rows;
    rt_chunk_deinit(&chunk);
    return r;
}

static int compare_start(const void *a, const void *b)
{
    const struct rt_manifest_chunk *x = *(const struct rt_manifest_chunk *const *)a,
        *y = *(const struct rt_manifest_chunk *const *)b;
    if (x->t_min != y->t_min)
        return x->t_min < y->t_min ? -1 : 1;
    return x->offset < y->offset ? -1 : 1;
}

/* All temporal chunks of an entity, in time order, into as few as may be. */
static int entity_rewrite(struct job *j, uint32_t entity, const struct rt_manifest_chunk **list)
{
    const struct rt_manifest *m = &j->in->manifest;
    const char *path = rt_manifest_entity(m, entity);
    struct rt_builder *b;
    uint32_t n = 0;
    for (size_t i = 0; i < rt_manifest_n_chunks(m); i++) {
        const struct rt_shape *shape = rt_manifest_shape(m, rt_manifest_chunk(m, i)->shape);
        if (shape->entity == entity && !shape->is_static)
            list[n++] = rt_manifest_chunk(m, i);
    }
    qsort(list, n, sizeof *list, compare_start);
    int r = rt_recording_builder(&j->out, path, &b);
    for (uint32_t i = 0; !r && i < n; i++)
        r = chunk_append(j, list[i], path);
    return r ? r : rt_recording_cut(&j->out, b, NULL);
}

/* Copies what stays; an entity that is rewritten comes where its first chunk was. */
static int write_chunks(struct job *j)
{
    const struct rt_manifest *m = &j->in->manifest;
    size_t n = rt_manifest_n_chunks(m);
    const struct rt_manifest_chunk **list = malloc(n * sizeof(void *));
    bool *done = calloc(RT_MANIFEST_N(m, entities, char *), sizeof *done);
    int r = list && done ? 0 : -ENOMEM;
    for (size_t i = 0; !r && i < n; i++) {
        const struct rt_manifest_chunk *c = rt_manifest_chunk(m, i);
        const struct rt_shape *shape = rt_manifest_shape(m, c->shape);
        j->rows_in += c->n_rows;
        if (shape->is_static && j->all) {
            r = chunk_append(j, c, rt_manifest_entity(m, shape->entity));
        } else if (shape->is_static || !(j->all || worth_it(&j->sums[shape->entity]))) {
            r = chunk_copy(j, c);
        } else if (!done[shape->entity]) {
            done[shape->entity] = true;
            r = entity_rewrite(j, shape->entity, list);
        }
    }
    free(list);
    free(done);
    return !r && (j->rows_in != j->rows_out || j->out.dropped) ? -EBADMSG : r;
}

static int write_all(struct job *j, const char *path)
{
    struct rt_recording *out = &j->out;
    int r = rt_encoder_init(&out->encoder);
    out->encoder.hard = j->all;
    r = r ? r : rt_rrd_stream_header(&out->frame);
    r = r ? r : rt_rrd_store_info(&out->frame, &out->store, rt_encoder_ids(&out->encoder, rt_real_ns(), 1));
    r = r ? r : rt_sink_file_open(path, RT_SINK_CREATE, &out->sink, NULL);
    r = r ? r : out->sink->ops->write(out->sink, out->frame.data, out->frame.len, NULL);
    r = r ? r : write_chunks(j);
    r = r ? r : rt_recording_finish(out, NULL);
    if (out->sink) {
        int closed = out->sink->ops->close(out->sink, NULL);
        r = r ? r : closed;
        out->sink = NULL;
    }
    return r;
}

static int job_run(struct job *j, const char *path)
{
    const struct rt_manifest *m = &j->in->manifest;
    size_t n = RT_MANIFEST_N(m, shapes, struct rt_shape);
    j->out.store = j->in->store;
    /* what viewers merge up to, whatever the recording was told */
    j->out.settings = (struct rt_settings){4096, 384 << 10, UINT64_MAX};
    j->deadline_ns = rt_mono_ns() + MAX_NS;
    j->shapes = malloc(n * sizeof *j->shapes);
    int r = j->shapes ? 0 : -ENOMEM;
    for (size_t i = 0; !r && i < n; i++)
        j->shapes[i] = -1;
    if (!r && rt_rrd_reader_open(j->in->sink->path, &j->reader, NULL))
        r = -EBADMSG;
    r = r ? r : write_all(j, path);
    if (j->reader)
        rt_rrd_reader_free(j->reader);
    free(j->shapes);
    j->out.store = (struct rt_store_id){0};
    rt_recording_deinit(&j->out);
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

static int take_place(const struct rt_sink *old, const char *name, int fd, const struct stat *st)
{
    struct stat now;
    if ((fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM) || fchmod(fd, st->st_mode & 07777) < 0 ||
        fsync(fd) < 0)
        return -errno;
    if (fstat(fd, &now) < 0 || now.st_uid != st->st_uid || now.st_gid != st->st_gid || !is_ours(old, &now))
        return -EPERM;
    return rename(name, old->path) < 0 ? -errno : 1;
}

int rt_recording_compact(const struct rt_recording *rec)
{
    struct stat st;
    uint64_t small;
    char *name = NULL;
    RT_CLEANUP(fd_close) int fd = -1;
    if (rec->sink->written > MAX_FILE_BYTES || !is_ours(rec->sink, &st))
        return 0;
    struct entity_sums *sums = sum_up(&rec->manifest, &small);
    int r = !sums ? -ENOMEM : small * 5 <= rec->sink->written ? 0 : 1;
    if (r > 0)
        r = make_temporary(rec->sink->path, &name, &fd);
    if (name) {
        struct job j = {.in = rec, .sums = sums, .all = rec->sink->written <= HARD_BYTES};
        r = job_run(&j, name);
        r = r ? r : take_place(rec->sink, name, fd, &st);
        if (r != 1)
            unlink(name);
    }
    free(name);
    free(sums);
    return r;
}
