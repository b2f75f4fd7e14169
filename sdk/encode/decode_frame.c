#include "encode/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/xxh.h"

#include "base/fd.h"

#define STREAM_HEADER_BYTES 12u
#define FRAME_HEADER_BYTES  16u
#define FOOTER_BYTES        32u
#define FOOTER_SEED         7850921u /* of xxh32 over the RrdFooter payload */
#define WINDOW_BYTES        262144u  /* one read(2) */
#define GROW_BYTES          1048576u /* a payload buffer grows by what has arrived, at first by this much */

enum state { AT_STREAM, AT_FRAME, AT_FOOTER };

struct rt_rrd_reader {
    int fd;
    char *name;
    off_t base;   /* of byte 0 of the stream in the file */
    bool regular, has_footer;
    enum state state;
    uint64_t pos, stream_start; /* consumed; where the current stream began */
    uint8_t *window;            /* read but not consumed: [head, tail) */
    size_t head, tail;
    struct rt_buf payload, again; /* of next() and of at() */
    uint64_t end_offset, end_len; /* the End frame's payload, for the footer check */
    uint32_t end_crc;
};

static uint64_t get_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

/* Makes up to @want (<= WINDOW_BYTES) unconsumed bytes available. Return: how many there are, or -errno. */
static ssize_t fill(struct rt_rrd_reader *r, size_t want)
{
    if (r->tail - r->head < want && r->head) {
        memmove(r->window, r->window + r->head, r->tail - r->head);
        r->tail -= r->head;
        r->head = 0;
    }
    while (r->tail - r->head < want) {
        ssize_t n = read(r->fd, r->window + r->tail, WINDOW_BYTES - r->tail);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        r->tail += (size_t)n;
    }
    return (ssize_t)(r->tail - r->head);
}

static const uint8_t *consume(struct rt_rrd_reader *r, size_t n)
{
    const uint8_t *p = r->window + r->head;
    r->head += n;
    r->pos += n;
    return p;
}

static int fail_read(const struct rt_rrd_reader *r, int code, struct rt_error *err)
{
    return rt_error_set(err, code, "at byte %llu: %s", (unsigned long long)r->pos, strerror(-code));
}

static int fail_cut(uint64_t offset, const char *what, struct rt_error *err)
{
    return rt_error_set(err, RT_RRD_E_CUT, "at byte %llu: the file ends inside %s", (unsigned long long)offset, what);
}

static int fail_corrupt(uint64_t offset, const char *reason, struct rt_error *err)
{
    return rt_error_set(err, RT_RRD_E_CORRUPT, "at byte %llu: %s", (unsigned long long)offset, reason);
}

/* What is wrong with a 12-byte stream header; NULL = nothing. */
static const char *judge_stream_header(const uint8_t *p)
{
    if (!memcmp(p, "RRF0", 4) || !memcmp(p, "RRF1", 4))
        return "an RRD file of an old, incompatible version";
    if (memcmp(p, "RRF2", 4))
        return "not an RRD file";
    if (get_le(p + 4, 4) && !p[4] && p[5] < 23) /* all zero stands for "unknown" */
        return "written by a Rerun before 0.23: incompatible";
    if (p[8] > 1)
        return "stream header with an unknown compression";
    if (p[9] != 2)
        return "stream header with an unknown serializer";
    if (p[10] || p[11])
        return "stream header with reserved bytes in use";
    return NULL;
}

static int read_stream_header(struct rt_rrd_reader *r, struct rt_error *err)
{
    ssize_t n = fill(r, STREAM_HEADER_BYTES);
    if (n < 0)
        return fail_read(r, (int)n, err);
    if (n == 0)
        return fail_corrupt(r->pos, "the file is empty", err);
    if (memcmp(r->window + r->head, "RRF", n < 3 ? (size_t)n : 3))
        return fail_corrupt(r->pos, "not an RRD file", err);
    if (n < (ssize_t)STREAM_HEADER_BYTES)
        return fail_cut(r->pos, "the stream header", err);
    const char *reason = judge_stream_header(r->window + r->head);
    if (reason)
        return fail_corrupt(r->pos, reason, err);
    r->stream_start = r->pos;
    r->has_footer = false;
    r->state = AT_FRAME;
    consume(r, STREAM_HEADER_BYTES);
    return 0;
}

int rt_rrd_reader_open_fd(int fd, const char *name, struct rt_rrd_reader **ret, struct rt_error *err)
{
    struct stat st;
    struct rt_rrd_reader *r = calloc(1, sizeof *r);
    if (r) {
        r->fd = fd;
        r->name = strdup(name);
        r->window = malloc(WINDOW_BYTES);
    } else {
        rt_fd_close(fd);
    }
    int e = !r || !r->name || !r->window ? -ENOMEM : fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (e < 0) {
        rt_rrd_reader_free(r);
        return rt_error_set(err, e, "%s", strerror(-e));
    }
    r->regular = S_ISREG(st.st_mode);
    r->base = r->regular ? lseek(fd, 0, SEEK_CUR) : 0;
    e = read_stream_header(r, err);
    if (e) {
        rt_rrd_reader_free(r);
        return e;
    }
    *ret = r;
    return 0;
}

int rt_rrd_reader_open(const char *path, struct rt_rrd_reader **ret, struct rt_error *err)
{
    bool is_stdin = !strcmp(path, "-");
    int fd = is_stdin ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return rt_error_set(err, -errno, "%s", strerror(errno));
    return rt_rrd_reader_open_fd(fd, is_stdin ? "standard input" : path, ret, err);
}

struct rt_rrd_reader *rt_rrd_reader_free(struct rt_rrd_reader *r)
{
    if (r) {
        rt_fd_close(r->fd);
        rt_buf_deinit(&r->payload);
        rt_buf_deinit(&r->again);
        free(r->window);
        free(r->name);
        free(r);
    }
    return NULL;
}

/* Reads @len bytes of payload, growing the buffer only as they arrive. */
static int read_payload(struct rt_rrd_reader *r, size_t len, uint64_t frame, struct rt_error *err)
{
    struct rt_buf *b = &r->payload;
    rt_buf_clear(b);
    while (b->len < len) {
        size_t have = r->tail - r->head, want = len - b->len;
        if (have) {
            size_t n = have < want ? have : want;
            if (rt_buf_append(b, consume(r, n), n) < 0)
                return rt_error_set(err, -ENOMEM, "at byte %llu: out of memory", (unsigned long long)frame);
            continue;
        }
        size_t step = b->len > GROW_BYTES ? b->len : GROW_BYTES;
        step = step < want ? step : want;
        if (rt_buf_reserve(b, step) < 0)
            return rt_error_set(err, -ENOMEM, "at byte %llu: out of memory", (unsigned long long)frame);
        ssize_t n = read(r->fd, b->data + b->len, step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_read(r, -errno, err);
        if (n == 0)
            return fail_cut(frame, "this frame", err);
        b->len += (size_t)n;
        r->pos += (uint64_t)n;
    }
    return 0;
}

/* What is wrong with the 32 bytes that must follow an End frame; NULL = nothing. */
static const char *judge_footer(const struct rt_rrd_reader *r, const uint8_t *p)
{
    if (memcmp(p + 20, "RRF2FOOT", 8))
        return "stream footer without its magic";
    if (get_le(p + 28, 4) != 1)
        return "stream footer with other than one entry";
    if (get_le(p, 8) != r->end_offset || get_le(p + 8, 8) != r->end_len)
        return "stream footer points elsewhere than to the footer before it";
    if (get_le(p + 16, 4) != r->end_crc)
        return "footer with a wrong checksum";
    return NULL;
}

/* Do the @n bytes ahead begin a stream? (A stream footer may begin with the same four bytes, but has its name behind.) */
static bool at_stream_header(const struct rt_rrd_reader *r, ssize_t n)
{
    const uint8_t *p = r->window + r->head;
    return n >= 4 && !memcmp(p, "RRF2", 4) && (n < (ssize_t)FOOTER_BYTES || memcmp(p + 24, "FOOT", 4));
}

/* Only its footer may follow an End frame; without payload it may also end the file, which is to say "no footer". */
static int read_footer(struct rt_rrd_reader *r, struct rt_error *err)
{
    ssize_t n = fill(r, FOOTER_BYTES);
    if (n < 0)
        return fail_read(r, (int)n, err);
    if (!r->end_len && (n == 0 || at_stream_header(r, n))) {
        r->state = AT_STREAM;
        return 0;
    }
    if (n < (ssize_t)FOOTER_BYTES)
        return fail_cut(r->pos, "the stream footer", err);
    const char *reason = judge_footer(r, r->window + r->head);
    if (reason)
        return fail_corrupt(r->pos, reason, err);
    consume(r, FOOTER_BYTES);
    r->has_footer = true;
    r->state = AT_STREAM;
    return 0;
}

/* Checks 16 bytes. Return: 0 or RT_RRD_E_CORRUPT. */
static int parse_frame_header(const uint8_t *p, uint64_t offset, struct rt_frame *ret, struct rt_error *err)
{
    uint64_t kind = get_le(p, 8), len = get_le(p + 8, 8);
    if (kind > RT_FRAME_BLUEPRINT)
        return fail_corrupt(offset, "neither a known frame nor a stream header", err);
    if (len > RT_DECODE_MAX_BYTES)
        return rt_error_set(err, RT_RRD_E_CORRUPT, "at byte %llu: a frame that claims %llu bytes, more than %u",
                            (unsigned long long)offset, (unsigned long long)len, RT_DECODE_MAX_BYTES);
    *ret = (struct rt_frame){.kind = (enum rt_frame_kind)kind, .offset = offset, .payload_len = (size_t)len};
    return 0;
}

static int read_frame(struct rt_rrd_reader *r, struct rt_frame *ret, struct rt_error *err)
{
    struct rt_frame frame;
    uint64_t offset = r->pos;
    int e = parse_frame_header(r->window + r->head, offset, &frame, err);
    if (e)
        return e;
    consume(r, FRAME_HEADER_BYTES);
    e = read_payload(r, frame.payload_len, offset, err);
    if (e)
        return e;
    if (frame.kind == RT_FRAME_END) {
        r->end_offset = offset + FRAME_HEADER_BYTES - r->stream_start;
        r->end_len = frame.payload_len;
        r->end_crc = rt_xxh32(r->payload.data, frame.payload_len, FOOTER_SEED);
        r->state = AT_FOOTER;
    }
    frame.payload = r->payload.data;
    *ret = frame;
    return 0;
}

int rt_rrd_reader_next(struct rt_rrd_reader *r, struct rt_frame *ret_frame, struct rt_error *err)
{
    for (;;) {
        int e = 0;
        ssize_t n = fill(r, FOOTER_BYTES);
        if (n < 0)
            return fail_read(r, (int)n, err);
        if (r->state == AT_FOOTER)
            e = read_footer(r, err);
        else if (n == 0)
            return rt_error_set(err, RT_RRD_E_END, "at byte %llu: end of file", (unsigned long long)r->pos);
        else if (r->state == AT_STREAM && !at_stream_header(r, n))
            return fail_corrupt(r->pos, "bytes after the end of the stream", err);
        else if (at_stream_header(r, n))
            e = read_stream_header(r, err);
        else if (n < (ssize_t)FRAME_HEADER_BYTES)
            return fail_cut(r->pos, "a frame header", err);
        else
            return read_frame(r, ret_frame, err);
        if (e)
            return e;
    }
}

bool rt_rrd_reader_has_footer(const struct rt_rrd_reader *r)
{
    return r->has_footer;
}

uint64_t rt_rrd_reader_position(const struct rt_rrd_reader *r)
{
    return r->pos;
}

/* Appends the @len bytes at @offset of the stream to r->again. Return: 0, RT_RRD_E_CUT, -errno. */
static int pread_more(struct rt_rrd_reader *r, uint64_t offset, size_t len, struct rt_error *err)
{
    struct rt_buf *b = &r->again;
    size_t goal = b->len + len;
    while (b->len < goal) {
        size_t step = b->len > GROW_BYTES ? b->len : GROW_BYTES;
        step = step < goal - b->len ? step : goal - b->len;
        if (rt_buf_reserve(b, step) < 0)
            return rt_error_set(err, -ENOMEM, "at byte %llu: out of memory", (unsigned long long)offset);
        ssize_t n = pread(r->fd, b->data + b->len, step, r->base + (off_t)(offset + b->len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rt_error_set(err, -errno, "at byte %llu: %s", (unsigned long long)offset, strerror(errno));
        if (n == 0)
            return fail_cut(offset, "this frame", err);
        b->len += (size_t)n;
    }
    return 0;
}

int rt_rrd_reader_at(struct rt_rrd_reader *r, uint64_t offset, struct rt_frame *ret_frame, struct rt_error *err)
{
    struct rt_frame frame;
    if (!r->regular)
        return rt_error_set(err, -ESPIPE, "%s can't be read twice", r->name);
    if (offset > INT64_MAX - RT_DECODE_MAX_BYTES - (uint64_t)r->base)
        return fail_cut(offset, "this frame", err);
    rt_buf_clear(&r->again);
    int e = pread_more(r, offset, FRAME_HEADER_BYTES, err);
    if (!e)
        e = parse_frame_header(r->again.data, offset, &frame, err);
    if (!e)
        e = pread_more(r, offset, frame.payload_len, err);
    if (e)
        return e;
    frame.payload = r->again.data + FRAME_HEADER_BYTES;
    *ret_frame = frame;
    return 0;
}
