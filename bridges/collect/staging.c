#include "collect/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/fd.h"
#include "base/testpoint.h"

#define STAGING_MAGIC 0x3167617473706174u /* "tapstag1" */
#define BLOCK_MAGIC   0x4b4c4254u         /* "TBLK" */
#define STEP          (4u << 20)          /* memory is taken in steps of 4 MiB: about 1 ms each */
#define LEAST         (1u << 20)
#define AHEAD         (8u << 20)          /* of head: 20 ms of the fastest burst */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23            /* Linux 5.14; without it the pages come when they are touched */
#endif
#define MOST          (1u << 31)          /* a block, and so a pad, tells its length in 32 bits */

struct rt_staging_header {
    uint64_t magic, size;
    _Alignas(64) uint64_t head_mt;
    uint64_t visible_mt;
    _Alignas(64) uint64_t tail_mt;
    uint64_t position[RT_SEGMENTS_MAX][RT_SEGMENT_LANES];
};

#define RING_OFFSET ((sizeof(struct rt_staging_header) + 4095) & ~(size_t)4095)

static uint64_t floor_power_of_two(uint64_t n)
{
    uint64_t p = LEAST;
    while (p * 2 <= n)
        p *= 2;
    return p;
}

/* Takes memory for [0, until) of the ring. Threads: keeper and drain, also at once. Return: 0 or -errno. */
static int allocate(struct rt_staging *s, uint64_t until)
{
    uint64_t from = rt_load_acquire(&s->allocated_mt);
    if (until <= from)
        return 0;
    until = (until + STEP - 1) / STEP * STEP;
    if (until > s->size)
        until = s->size;
    if (fallocate(s->fd, 0, (off_t)(RING_OFFSET + from), (off_t)(until - from)) < 0)
        return -errno;
    while (from < until && !rt_cas_seq_cst(&s->allocated_mt, &from, until))
        ;
    return 0;
}

/* Where head will be when the keeper has caught up; the ring's size once it has been round. */
static uint64_t wanted(const struct rt_staging *s)
{
    uint64_t until = rt_load_acquire(&s->header->head_mt) + (s->size / 4 < AHEAD ? s->size / 4 : AHEAD);
    return until < s->size ? until : s->size;
}

bool rt_staging_is_short(const struct rt_staging *s)
{
    return rt_load_relaxed(&s->allocated_mt) < wanted(s);
}

void rt_staging_grow(struct rt_staging *s)
{
    uint64_t from = rt_load_acquire(&s->allocated_mt);
    if (!rt_staging_is_short(s) || allocate(s, wanted(s)) < 0)
        return; /* a full file system: the drain makes do with what there is */
    uint64_t until = rt_load_acquire(&s->allocated_mt);
    madvise(s->ring + from, until - from, MADV_POPULATE_WRITE); /* zeroing pages is the dear part: not on the drain's way */
}

int rt_staging_open(struct rt_staging *s, int dir_fd, uint64_t size_bytes, struct rt_error *err)
{
    struct statvfs v;
    uint64_t old_size = 0;

    *s = (struct rt_staging)RT_STAGING_NULL;
    if (fstatvfs(dir_fd, &v) == 0 && v.f_bsize) {
        uint64_t quarter = (uint64_t)v.f_bavail * v.f_bsize / 4;
        if (size_bytes > quarter)
            size_bytes = quarter;
    }
    if (size_bytes > MOST)
        size_bytes = MOST;
    s->size = floor_power_of_two(size_bytes);
    s->fd = openat(dir_fd, "staging", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0)
        return rt_error_set(err, -errno, "staging: %s", strerror(errno));
    uint64_t magic[2] = {0};
    if (pread(s->fd, magic, sizeof magic, 0) == sizeof magic && magic[0] == STAGING_MAGIC && magic[1] >= LEAST &&
        (magic[1] & (magic[1] - 1)) == 0)
        s->size = old_size = magic[1]; /* what a dead collector left keeps its size */
    if (fallocate(s->fd, 0, 0, (off_t)RING_OFFSET) < 0 || ftruncate(s->fd, (off_t)(RING_OFFSET + s->size)) < 0)
        return rt_error_set(err, -errno, "staging of %llu bytes: %s", (unsigned long long)s->size, strerror(errno));
    void *p = mmap(NULL, RING_OFFSET + s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (p == MAP_FAILED)
        return rt_error_set(err, -errno, "staging: %s", strerror(errno));
    s->header = p;
    s->ring = (uint8_t *)p + RING_OFFSET;
    int r = allocate(s, old_size ? s->size : STEP);
    if (r < 0)
        return rt_error_set(err, r, "staging: %s", strerror(-r));
    s->header->size = s->size;
    rt_store_release(&s->header->magic, STAGING_MAGIC);
    return 0;
}

void rt_staging_close(struct rt_staging *s)
{
    if (s->header)
        munmap(s->header, RING_OFFSET + s->size);
    s->fd = rt_fd_close(s->fd);
    s->header = NULL;
}

static uint32_t block_bytes(uint32_t payload)
{
    return (uint32_t)((sizeof(struct rt_block) + payload + 63) & ~63u);
}

static struct rt_block *block_at(const struct rt_staging *s, uint64_t pos)
{
    return (void *)(s->ring + (pos & (s->size - 1)));
}

uint8_t *rt_staging_reserve(struct rt_staging *s, uint32_t payload)
{
    uint64_t head = rt_load_relaxed(&s->header->head_mt); /* only this thread moves it */
    uint64_t tail = rt_load_acquire(&s->header->tail_mt);
    uint32_t bytes = block_bytes(payload);
    uint64_t offset = head & (s->size - 1);
    uint64_t pad = offset + bytes > s->size ? s->size - offset : 0;

    if (head - tail + pad + bytes > s->size)
        return NULL;
    if (allocate(s, pad ? bytes : offset + bytes) < 0) {
        if (pad || offset == 0)
            return NULL; /* not even the start of the ring: wait */
        pad = rt_load_acquire(&s->allocated_mt) - offset; /* the file system is full: a smaller ring has to do */
        if (pad < sizeof(struct rt_block) || head - tail + (s->size - offset) + bytes > s->size)
            return NULL;
        pad = s->size - offset;
    }
    if (pad) {
        *block_at(s, head) = (struct rt_block){.magic = BLOCK_MAGIC, .bytes = (uint32_t)pad, .type = RT_BLOCK_PAD};
        head += pad;
        rt_store_release(&s->header->head_mt, head);
    }
    s->reserved = bytes;
    return (uint8_t *)(block_at(s, head) + 1);
}

void rt_staging_commit(struct rt_staging *s, struct rt_block b)
{
    uint64_t head = rt_load_relaxed(&s->header->head_mt);
    b.magic = BLOCK_MAGIC;
    b.bytes = block_bytes(b.payload);
    *block_at(s, head) = b;
    rt_store_release(&s->header->head_mt, head + b.bytes);
    RT_TESTPOINT("staging.committed");
}

void rt_staging_note(struct rt_staging *s, uint32_t segment, uint32_t lane, uint64_t pos)
{
    if (segment < RT_SEGMENTS_MAX && lane < RT_SEGMENT_LANES)
        rt_store_release(&s->header->position[segment][lane], pos);
    rt_staging_show(s);
    RT_TESTPOINT("staging.noted");
}

void rt_staging_show(struct rt_staging *s)
{
    rt_store_release(&s->header->visible_mt, rt_load_relaxed(&s->header->head_mt));
}

uint64_t rt_staging_position(const struct rt_staging *s, uint32_t segment, uint32_t lane)
{
    return segment < RT_SEGMENTS_MAX && lane < RT_SEGMENT_LANES ? rt_load_relaxed(&s->header->position[segment][lane]) : 0;
}

static bool block_valid(const struct rt_staging *s, uint64_t pos, uint64_t end)
{
    const struct rt_block *b = block_at(s, pos);
    uint64_t room = s->size - (pos & (s->size - 1));
    return b->magic == BLOCK_MAGIC && b->bytes >= sizeof *b && b->bytes % 64 == 0 && b->bytes <= room && b->bytes <= end - pos &&
           b->payload <= b->bytes - sizeof *b;
}

const struct rt_block *rt_staging_peek(const struct rt_staging *s, uint64_t *pos, bool *ret_bad)
{
    uint64_t visible = rt_load_acquire(&s->header->visible_mt);
    *ret_bad = false;
    while (*pos < visible) {
        if (!block_valid(s, *pos, visible)) {
            *ret_bad = true;
            return NULL;
        }
        const struct rt_block *b = block_at(s, *pos);
        if (b->type != RT_BLOCK_PAD)
            return b;
        *pos += b->bytes;
    }
    return NULL;
}

uint64_t rt_staging_tail(const struct rt_staging *s)
{
    return rt_load_relaxed(&s->header->tail_mt);
}

void rt_staging_release(struct rt_staging *s, uint64_t pos)
{
    rt_store_release(&s->header->tail_mt, pos);
}

uint64_t rt_staging_used(const struct rt_staging *s)
{
    uint64_t tail = rt_load_acquire(&s->header->tail_mt); /* first: it never passes a head read later */
    return rt_load_relaxed(&s->header->head_mt) - tail;
}

void rt_staging_recover(struct rt_staging *s)
{
    rt_staging_show(s);
    uint64_t pos = rt_staging_tail(s);
    bool bad;
    for (const struct rt_block *b; (b = rt_staging_peek(s, &pos, &bad)); pos += b->bytes)
        if (b->type == RT_BLOCK_LANE && b->late == RT_BLOCK_IN_ORDER && b->segment < RT_SEGMENTS_MAX && b->lane < RT_SEGMENT_LANES &&
            b->to > rt_staging_position(s, b->segment, b->lane))
            rt_store_relaxed(&s->header->position[b->segment][b->lane], b->to);
}
