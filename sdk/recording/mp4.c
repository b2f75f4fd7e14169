#include "recording/mp4.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/slice.h"

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum {
    BOX_AV01 = TYPE('a', 'v', '0', '1'), BOX_AVC1 = TYPE('a', 'v', 'c', '1'), BOX_HVC1 = TYPE('h', 'v', 'c', '1'),
    BOX_HEV1 = TYPE('h', 'e', 'v', '1'), BOX_VP08 = TYPE('v', 'p', '0', '8'), BOX_VP09 = TYPE('v', 'p', '0', '9'),
    BOX_STSZ = TYPE('s', 't', 's', 'z'), BOX_STSD = TYPE('s', 't', 's', 'd'), BOX_STTS = TYPE('s', 't', 't', 's'),
    BOX_CTTS = TYPE('c', 't', 't', 's'), BOX_STSC = TYPE('s', 't', 's', 'c'), BOX_STCO = TYPE('s', 't', 'c', 'o'),
    BOX_CO64 = TYPE('c', 'o', '6', '4'), BOX_TKHD = TYPE('t', 'k', 'h', 'd'), BOX_MDIA = TYPE('m', 'd', 'i', 'a'),
    BOX_MDHD = TYPE('m', 'd', 'h', 'd'), BOX_HDLR = TYPE('h', 'd', 'l', 'r'), BOX_MINF = TYPE('m', 'i', 'n', 'f'),
    BOX_DINF = TYPE('d', 'i', 'n', 'f'), BOX_STBL = TYPE('s', 't', 'b', 'l'), BOX_VIDE = TYPE('v', 'i', 'd', 'e'),
    BOX_TRAK = TYPE('t', 'r', 'a', 'k'), BOX_TREX = TYPE('t', 'r', 'e', 'x'), BOX_TRUN = TYPE('t', 'r', 'u', 'n'),
    BOX_TFDT = TYPE('t', 'f', 'd', 't'), BOX_TFHD = TYPE('t', 'f', 'h', 'd'), BOX_MFHD = TYPE('m', 'f', 'h', 'd'),
    BOX_TRAF = TYPE('t', 'r', 'a', 'f'), BOX_FTYP = TYPE('f', 't', 'y', 'p'), BOX_MOOV = TYPE('m', 'o', 'o', 'v'),
    BOX_MOOF = TYPE('m', 'o', 'o', 'f'), BOX_MVHD = TYPE('m', 'v', 'h', 'd'), BOX_MVEX = TYPE('m', 'v', 'e', 'x'),
};
static const uint32_t codecs[] = {BOX_AV01, BOX_AVC1, BOX_HVC1, BOX_HEV1, BOX_VP08, BOX_VP09};

/* ---------------------------------------------------------------- bytes */
static uint32_t u32(const void *at)
{
    const uint8_t *p = at;
    return TYPE(p[0], p[1], p[2], p[3]);
}
static uint64_t u64(const void *at)
{
    return (uint64_t)u32(at) << 32 | u32((const uint8_t *)at + 4);
}
/* Sums of a hostile file may pass the ends of the range. */
static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---------------------------------------------------------------- boxes: 4 bytes size, 4 bytes type, content */
struct box {
    uint32_t type;
    struct rt_slice body;
};

struct name {
    char text[5];
};
static struct name name_of(uint32_t type)
{
    struct name n = {{0}};
    for (int i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(type >> (24 - 8 * i));
        n.text[i] = c >= ' ' && c < 0x7f ? (char)c : '?';
    }
    return n;
}

static int bad(struct rt_error *err, uint32_t type, const char *what)
{
    return rt_error_set(err, -EINVAL, "box %s %s", name_of(type).text, what);
}

/* The size that a box at @p says, and where its content begins; 0 = up to the end. Return: false when it can't be. */
static bool box_size(struct rt_slice at, uint64_t *ret_size, size_t *ret_header)
{
    if (at.n < 8)
        return false;
    *ret_size = u32(at.p);
    *ret_header = 8;
    if (*ret_size == 1) {
        if (at.n < 16)
            return false;
        *ret_size = u64(at.p + 8);
        *ret_header = 16;
    }
    return *ret_size == 0 || *ret_size >= *ret_header;
}

/* Takes the next box off @rest. The last one of a file may be cut short (@top). Return: 1, 0 at the end, -EINVAL. */
static int next_box(struct rt_slice *rest, bool top, struct box *ret, struct rt_error *err)
{
    uint64_t size;
    size_t header;
    if (rest->n == 0)
        return 0;
    if (!box_size(*rest, &size, &header))
        return rt_error_set(err, -EINVAL, "a box of an impossible size");
    ret->type = u32(rest->p + 4);
    if (size == 0 && top)
        return 0;
    if (size == 0 || (size > rest->n && !top))
        return bad(err, ret->type, "is larger than the one around it");
    if (size > rest->n)
        size = rest->n;
    ret->body = rt_slice(rest->p + header, (size_t)size - header);
    *rest = rt_slice(rest->p + size, rest->n - (size_t)size);
    return 1;
}

/* What a box should hold; the last one of a type counts. */
struct wanted {
    uint32_t type;
    size_t least;    /* bytes of content */
    bool needed;
    struct rt_slice *ret; /* NULL = only has to be there; .p stays NULL when it is not */
    bool seen;
};

static int find_boxes(struct rt_slice in, struct wanted *list, size_t n, struct rt_error *err)
{
    struct box b;
    int r;
    while ((r = next_box(&in, false, &b, err)) > 0)
        for (size_t i = 0; i < n; i++)
            if (b.type == list[i].type) {
                if (b.body.n < list[i].least)
                    return bad(err, b.type, "is too short");
                list[i].seen = true;
                if (list[i].ret)
                    *list[i].ret = b.body;
            }
    for (size_t i = 0; i < n && r == 0; i++)
        if (list[i].needed && !list[i].seen)
            r = bad(err, list[i].type, "is missing");
    return r;
}
#define NEED(type, least, ret) {type, least, true, ret, false}
#define MAY(type, least, ret)  {type, least, false, ret, false}
#define FIND(in, err, ...) \
    find_boxes((in), (struct wanted[]){__VA_ARGS__}, sizeof((struct wanted[]){__VA_ARGS__}) / sizeof(struct wanted), (err))

/* Rows of a table behind @at bytes of content, the last four of which are their number. */
struct rows {
    const char *p;
    uint32_t n;
};
static int table(struct rt_slice body, size_t at, size_t width, uint32_t type, struct rows *ret, struct rt_error *err)
{
    *ret = (struct rows){0};
    if (!body.p)
        return 0;
    *ret = (struct rows){body.p + at, u32(body.p + at - 4)};
    return ret->n > (body.n - at) / width ? bad(err, type, "says more rows than it has") : 0;
}

/* ---------------------------------------------------------------- the track */
struct track {
    uint32_t id, codec, timescale;
    bool is_video;        /* the handler says so, whatever the codec */
    uint32_t n_frames, frame_size; /* 0 = sizes */
    struct rows times, shifts, sizes, runs, places;
    size_t place_width;
};

static bool is_known(uint32_t codec)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (codecs[i] == codec)
            return true;
    return false;
}

static int read_sizes(struct rt_slice stsz, struct track *t, struct rt_error *err)
{
    t->frame_size = u32(stsz.p + 4);
    t->n_frames = u32(stsz.p + 8);
    return t->frame_size ? 0 : table(stsz, 12, 4, BOX_STSZ, &t->sizes, err);
}

static int read_tables(struct rt_slice stbl, struct track *t, struct rt_error *err)
{
    struct rt_slice stsd = {0}, stts = {0}, ctts = {0}, stsz = {0}, stsc = {0}, stco = {0}, co64 = {0};
    int r = FIND(stbl, err, NEED(BOX_STSD, 16, &stsd), NEED(BOX_STTS, 8, &stts),
                 MAY(BOX_CTTS, 8, &ctts), NEED(BOX_STSZ, 12, &stsz),
                 NEED(BOX_STSC, 8, &stsc), MAY(BOX_STCO, 8, &stco),
                 MAY(BOX_CO64, 8, &co64));
    if (r)
        return r;
    if (!stco.p && !co64.p)
        return bad(err, BOX_STCO, "is missing");
    t->codec = u32(stsd.p + 12); /* of the first sample description */
    t->place_width = stco.p ? 4 : 8;
    if (!(r = table(stts, 8, 8, BOX_STTS, &t->times, err)) && !(r = table(ctts, 8, 8, BOX_CTTS, &t->shifts, err)) &&
        !(r = table(stsc, 8, 12, BOX_STSC, &t->runs, err)) && !(r = read_sizes(stsz, t, err)))
        r = table(stco.p ? stco : co64, 8, t->place_width, stco.p ? BOX_STCO : BOX_CO64, &t->places, err);
    return r;
}

static int read_track(struct rt_slice trak, struct track *t, struct rt_error *err)
{
    struct rt_slice tkhd = {0}, mdia = {0}, mdhd = {0}, hdlr = {0}, minf = {0}, stbl = {0};
    int r = FIND(trak, err, NEED(BOX_TKHD, 84, &tkhd), NEED(BOX_MDIA, 0, &mdia));
    if (!r)
        r = FIND(mdia, err, NEED(BOX_MDHD, 24, &mdhd), NEED(BOX_HDLR, 24, &hdlr),
                 NEED(BOX_MINF, 0, &minf));
    if (!r)
        r = FIND(minf, err, NEED(BOX_DINF, 0, NULL), NEED(BOX_STBL, 0, &stbl));
    if (r)
        return r;
    uint8_t wide = (uint8_t)tkhd.p[0], wide_media = (uint8_t)mdhd.p[0]; /* version 1: 64-bit times */
    if (wide > 1 || wide_media > 1 || (wide_media && mdhd.n < 36))
        return bad(err, wide > 1 ? BOX_TKHD : BOX_MDHD, "has an unknown version");
    t->id = u32(tkhd.p + (wide ? 20 : 12));
    t->timescale = u32(mdhd.p + (wide_media ? 20 : 12));
    t->is_video = u32(hdlr.p + 8) == BOX_VIDE;
    return read_tables(stbl, t, err);
}

/* The lowest-numbered track of a known codec. */
static int find_track(struct rt_slice moov, struct track *ret, struct rt_error *err)
{
    struct track t = {0};
    struct box b;
    uint32_t unknown = 0;
    bool found = false;
    int r;
    while ((r = next_box(&moov, false, &b, err)) > 0) {
        if (b.type != BOX_TRAK)
            continue;
        t = (struct track){0};
        if ((r = read_track(b.body, &t, err)))
            return r;
        if (is_known(t.codec) && (!found || t.id <= ret->id)) {
            *ret = t;
            found = true;
        } else if (t.is_video) {
            unknown = t.codec;
        }
    }
    if (r || found)
        return r;
    return unknown ? rt_error_set(err, -EINVAL, "the video track has the codec \"%s\", which is not supported", name_of(unknown).text)
                   : rt_error_set(err, -EINVAL, "there is no video track");
}

/* ---------------------------------------------------------------- frames of moov */
static int add(struct rt_mp4_times *out, int64_t ticks, struct rt_error *err)
{
    if (out->n == RT_MP4_FRAMES_MOST)
        return rt_error_set(err, -EINVAL, "more than %u frames", RT_MP4_FRAMES_MOST);
    if (out->n == out->cap) {
        void *more = rt_array_grow(out->ticks, &out->cap, sizeof *out->ticks);
        if (!more)
            return rt_error_set(err, -ENOMEM, "no memory for %zu times", out->n + 1);
        out->ticks = more;
    }
    out->ticks[out->n++] = ticks;
    return 0;
}

/* Steps through a table of {frames, value}: the value for frame @i. As Rerun's reader, one row a frame at most. */
struct stepper {
    struct rows rows;
    uint32_t row;
    uint64_t until; /* the row counts while i < until; inclusive for durations, which are those of the frame before */
    bool begun;
};
static bool step(struct stepper *s, uint64_t i, bool inclusive, uint32_t *ret)
{
    if (!s->begun || (inclusive ? i > s->until : i >= s->until)) {
        s->row += s->begun;
        s->begun = true;
        if (s->row >= s->rows.n)
            return false;
        s->until += u32(s->rows.p + 8u * s->row);
    }
    *ret = u32(s->rows.p + 8u * s->row + 4);
    return true;
}

static int frames_of_moov(const struct track *t, struct rt_mp4_times *out, struct rt_error *err)
{
    struct stepper durations = {.rows = t->times}, shifts = {.rows = t->shifts};
    int64_t decoded = 0, least = INT64_MAX;
    for (uint32_t i = 0; i < t->n_frames; i++) {
        uint32_t duration, shift = 0;
        if (!step(&durations, i, true, &duration))
            return bad(err, BOX_STTS, "has too few rows for the frames");
        if (t->shifts.p && !step(&shifts, i, false, &shift))
            return bad(err, BOX_CTTS, "has too few rows for the frames");
        decoded = i ? plus(decoded, duration) : 0;
        int64_t shown = plus(decoded, (int32_t)shift);
        least = shown < least ? shown : least;
        int r = add(out, shown, err);
        if (r)
            return r;
    }
    for (size_t i = 0; i < out->n; i++)
        out->ticks[i] = plus(out->ticks[i], -least);
    return 0;
}

/* Do all frames lie in the file? Chunks are runs of frames; a row of stsc holds from its first chunk to the next row's. */
static int check_places(const struct track *t, uint64_t file_size, struct rt_error *err)
{
    uint64_t chunk = 0, at = 0, left = 0;
    uint32_t run = 0;
    bool reads = t->codec == BOX_VP08 || t->codec == BOX_VP09; /* whose frames viewers look into at once */
    for (uint32_t i = 0; i < t->n_frames; i++) {
        for (; left == 0; left = u32(t->runs.p + 12u * run + 4)) {
            chunk++;
            if (run + 1 < t->runs.n && chunk > 1 && chunk >= u32(t->runs.p + 12u * (run + 1)))
                run++;
            if (run >= t->runs.n || chunk > t->places.n)
                return bad(err, run >= t->runs.n ? BOX_STSC : BOX_STCO, "has too few rows for the frames");
            const char *place = t->places.p + t->place_width * (chunk - 1);
            at = t->place_width == 4 ? u32(place) : u64(place);
        }
        uint32_t size = t->frame_size ? t->frame_size : u32(t->sizes.p + 4u * i);
        if (reads && (at > file_size || size > file_size - at))
            return rt_error_set(err, -EINVAL, "frame %u is behind the end of the file", i);
        at += size;
        left--;
    }
    return 0;
}

/* ---------------------------------------------------------------- frames of fragments */
enum {
    TFHD_BASE = 0x1, TFHD_DESCRIPTION = 0x2, TFHD_DURATION = 0x8,
    TRUN_DATA_OFFSET = 0x1, TRUN_FIRST_FLAGS = 0x4, TRUN_DURATION = 0x100, TRUN_SIZE = 0x200, TRUN_FLAGS = 0x400, TRUN_SHIFT = 0x800,
};

struct fragments {
    uint32_t track_id, duration; /* of trex */
    bool has_mvex, has_trex, begun;
    int64_t next; /* when the frame after the last one is decoded */
};

static int find_defaults(struct rt_slice mvex, struct fragments *f, struct rt_error *err)
{
    struct box b;
    int r;
    f->has_mvex = mvex.p != NULL;
    while ((r = next_box(&mvex, false, &b, err)) > 0) {
        if (b.type != BOX_TREX)
            continue;
        if (b.body.n < 24)
            return bad(err, b.type, "is too short");
        if (u32(b.body.p + 4) == f->track_id && !f->has_trex) {
            f->has_trex = true;
            f->duration = u32(b.body.p + 12);
        }
    }
    return r;
}

/* A run of frames: which of four numbers each has is in the flags. */
static int frames_of_run(struct rt_slice trun, uint32_t duration, struct fragments *f, struct rt_mp4_times *out, struct rt_error *err)
{
    if (trun.n < 8)
        return bad(err, BOX_TRUN, "is too short");
    uint32_t flags = u32(trun.p) & 0xffffff, n = u32(trun.p + 4);
    size_t at = 8 + (flags & TRUN_DATA_OFFSET ? 4 : 0) + (flags & TRUN_FIRST_FLAGS ? 4 : 0);
    size_t duration_at = 0, shift_at = 0, width = 0;
    for (uint32_t bit = TRUN_DURATION; bit <= TRUN_SHIFT; bit <<= 1) {
        duration_at = bit == TRUN_DURATION ? width : duration_at;
        shift_at = bit == TRUN_SHIFT ? width : shift_at;
        width += flags & bit ? 4 : 0;
    }
    if (trun.n < at || (uint64_t)n * width > trun.n - at)
        return bad(err, BOX_TRUN, "says more frames than it has");
    int r = 0;
    for (uint32_t i = 0; i < n && !r; i++) {
        const char *row = trun.p + at + (size_t)i * width;
        int64_t shown = flags & TRUN_SHIFT ? plus(f->next, u32(row + shift_at)) : f->next;
        f->next = plus(f->next, flags & TRUN_DURATION ? u32(row + duration_at) : duration);
        r = add(out, shown, err);
    }
    return r;
}

/* When the first fragment begins; none has a gap before it afterwards. */
static int begin_fragments(struct rt_slice tfdt, struct fragments *f, struct rt_error *err)
{
    f->begun = true;
    f->next = 0;
    if (!tfdt.p)
        return 0;
    uint8_t version = (uint8_t)tfdt.p[0];
    if (version > 1 || (version && tfdt.n < 12))
        return bad(err, BOX_TFDT, version > 1 ? "has an unknown version" : "is too short");
    f->next = version ? (int64_t)u64(tfdt.p + 4) : u32(tfdt.p + 4);
    return 0;
}

static int default_duration(struct rt_slice tfhd, const struct fragments *f, uint32_t *ret, struct rt_error *err)
{
    uint32_t flags = u32(tfhd.p) & 0xffffff;
    size_t at = 8 + (flags & TFHD_BASE ? 8 : 0) + (flags & TFHD_DESCRIPTION ? 4 : 0);
    *ret = f->duration;
    if (!(flags & TFHD_DURATION))
        return 0;
    if (tfhd.n < at + 4)
        return bad(err, BOX_TFHD, "is too short");
    *ret = u32(tfhd.p + at);
    return 0;
}

static int frames_of_traf(struct rt_slice traf, struct fragments *f, struct rt_mp4_times *out, struct rt_error *err)
{
    struct rt_slice tfhd = {0}, tfdt = {0};
    struct box b;
    uint32_t duration;
    int r = FIND(traf, err, NEED(BOX_TFHD, 8, &tfhd), MAY(BOX_TFDT, 8, &tfdt));
    if (r || u32(tfhd.p + 4) != f->track_id)
        return r;
    if (f->has_mvex && !f->has_trex)
        return bad(err, BOX_TREX, "of the video track is missing");
    if ((r = default_duration(tfhd, f, &duration, err)))
        return r;
    while ((r = next_box(&traf, false, &b, err)) > 0) {
        if (b.type != BOX_TRUN)
            continue;
        if (!f->begun && (r = begin_fragments(tfdt, f, err)))
            return r;
        if ((r = frames_of_run(b.body, duration, f, out, err)))
            return r;
    }
    return r;
}

static int frames_of_moof(struct rt_slice moof, struct fragments *f, struct rt_mp4_times *out, struct rt_error *err)
{
    struct box b;
    int r = FIND(moof, err, NEED(BOX_MFHD, 8, NULL));
    if (r)
        return r;
    while ((r = next_box(&moof, false, &b, err)) > 0)
        if (b.type == BOX_TRAF && (r = frames_of_traf(b.body, f, out, err)))
            return r;
    return r;
}

/* ---------------------------------------------------------------- the file */
static int find_moov(struct rt_slice file, struct rt_slice *ret_moov, struct rt_error *err)
{
    bool is_mp4 = false;
    struct box b;
    int r;
    while ((r = next_box(&file, true, &b, err)) > 0) {
        is_mp4 |= b.type == BOX_FTYP;
        if (b.type == BOX_MOOV)
            *ret_moov = b.body;
    }
    if (r)
        return r;
    return !is_mp4 ? bad(err, BOX_FTYP, "is missing") : !ret_moov->p ? bad(err, BOX_MOOV, "is missing") : 0;
}

static int read_fragments(struct rt_slice file, struct fragments *f, struct rt_mp4_times *out, struct rt_error *err)
{
    struct box b;
    int r;
    while ((r = next_box(&file, true, &b, err)) > 0)
        if (b.type == BOX_MOOF && (r = frames_of_moof(b.body, f, out, err)))
            return r;
    return r;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool is_sorted(const struct rt_mp4_times *t)
{
    for (size_t i = 1; i < t->n; i++)
        if (t->ticks[i - 1] > t->ticks[i])
            return false;
    return true;
}

static int read_all(struct rt_slice file, struct rt_mp4_times *out, struct rt_error *err)
{
    struct rt_slice moov = {0}, mvex = {0};
    struct track t = {0};
    int r = find_moov(file, &moov, err);
    if (r || (r = FIND(moov, err, NEED(BOX_MVHD, 0, NULL), MAY(BOX_MVEX, 0, &mvex))) ||
        (r = find_track(moov, &t, err)))
        return r;
    if (!t.timescale)
        return bad(err, BOX_MDHD, "has no ticks a second");
    if (t.n_frames > RT_MP4_FRAMES_MOST)
        return bad(err, BOX_STSZ, "says more frames than are read, 16777216");
    struct fragments f = {.track_id = t.id};
    out->timescale = t.timescale;
    if ((r = check_places(&t, file.n, err)) || (r = frames_of_moov(&t, out, err)) || (r = find_defaults(mvex, &f, err)))
        return r;
    return read_fragments(file, &f, out, err);
}

int rt_mp4_times(const uint8_t *bytes, size_t n, struct rt_mp4_times *ret, struct rt_error *err)
{
    struct rt_mp4_times out = {0};
    int r = read_all(rt_slice(bytes, n), &out, err);
    if (r) {
        rt_mp4_times_deinit(&out);
        return r;
    }
    if (!is_sorted(&out))
        qsort(out.ticks, out.n, sizeof *out.ticks, ascending);
    *ret = out;
    return 0;
}

void rt_mp4_times_deinit(struct rt_mp4_times *t)
{
    free(t->ticks);
    *t = (struct rt_mp4_times){0};
}
