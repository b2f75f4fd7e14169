/* A ring by itself, for tests: a segment between two guard pages, run pages, and a stage, all shared with forked children.
 *
 *   ring_pass() → rt_lane_next → block {lane, from, to} into the stage → used (the one commit point) → rt_lane_done
 *
 * The stage outlives a consumer that is killed: ring_readers() starts new readers from what it notes. ring_records() then lists what
 * came out. The ring's sources are compiled in with their test points, in every build mode. */
#ifndef RT_TESTS_RACE_RING_KIT_H
#define RT_TESTS_RACE_RING_KIT_H

#ifndef RT_TESTPOINTS
#define RT_TESTPOINTS 1
#endif
#include "sdk/ring/read.c"
#include "sdk/ring/write.c"

#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define KIT_SANITIZED 1
#else
#define KIT_SANITIZED 0
#endif

#define KIT_GUARD  65536u
#define KIT_STAGE  (256u << 20) /* reserved; only what is written takes memory */
#define KIT_PAGES  (64u << 10)  /* for the test's own shared variables */
#define KIT_NS     1000000000ull

struct stage_block {
    uint32_t lane, bytes;
    uint64_t from, to;
    uint64_t late;
};

struct stage {
    uint64_t used_mt; /* bytes of blocks that count */
    uint8_t block[];
};

struct ring {
    struct rt_segment *segment;
    struct rt_run_page *run;
    struct rt_run_bell *bell;
    void *shared; /* KIT_PAGES zero bytes */
    struct stage *stage;
    struct rt_lane_reader reader[RT_SEGMENT_LANES];
};

/* Size of a test: a tenth under a sanitizer, twice with RETAP_SOAK (the stage bounds it). */
__attribute__((unused)) static uint32_t kit_scale(uint32_t n)
{
    return getenv("RETAP_SOAK") ? n * 2 : KIT_SANITIZED ? n / 10 : n;
}

__attribute__((unused)) static uint64_t kit_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * KIT_NS + (uint64_t)t.tv_nsec;
}

static uint8_t *kit_map(uint8_t **at, size_t bytes)
{
    uint8_t *p = *at;
    CHECK(mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0);
    *at += bytes + KIT_GUARD;
    return p;
}

/* Readers that go on where the stage ends, as after a restart. */
static void ring_readers(struct ring *r)
{
    uint64_t pos[RT_SEGMENT_LANES] = {0}, used = rt_load_acquire(&r->stage->used_mt);
    for (uint64_t at = 0; at < used;) {
        const struct stage_block *b = (const void *)(r->stage->block + at);
        if (!b->late && b->to > pos[b->lane])
            pos[b->lane] = b->to;
        at += sizeof *b + b->bytes;
    }
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        rt_lane_reader_init(&r->reader[i], r->segment, i, pos[i]);
}

static struct ring ring_new(uint32_t lanes)
{
    struct ring r;
    size_t all = RT_SEGMENT_BYTES + 2 * RT_RUN_PAGE + KIT_PAGES + KIT_STAGE + 6 * (size_t)KIT_GUARD;
    uint8_t *at = mmap(NULL, all, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(at != MAP_FAILED);
    at += KIT_GUARD;
    r.segment = (void *)kit_map(&at, RT_SEGMENT_BYTES);
    r.run = (void *)kit_map(&at, RT_RUN_PAGE);
    r.bell = (void *)kit_map(&at, RT_RUN_PAGE);
    r.shared = kit_map(&at, KIT_PAGES);
    r.stage = (void *)kit_map(&at, KIT_STAGE);
    r.segment->usable_lanes_mt = lanes;
    r.segment->usable_scratch_mt = 1;
    ring_readers(&r);
    return r;
}

static struct rt_writer ring_writer(const struct ring *r, uint64_t full_wait_ns)
{
    return (struct rt_writer){
        .segment = r->segment, .run = r->run, .bell = r->bell, .full_wait_ns = full_wait_ns, .pid = (uint32_t)getpid()};
}

/* Copies one span to the stage. */
static void stage_span(struct ring *r, uint32_t lane, const struct rt_lane_span *span)
{
    uint64_t used = rt_load_relaxed(&r->stage->used_mt);
    struct stage_block *b = (void *)(r->stage->block + used);
    *b = (struct stage_block){lane, (uint32_t)(span->to - span->from), span->from, span->to, span->late};
    CHECK(used + sizeof *b + b->bytes < KIT_STAGE);
    memcpy(b + 1, span->data, b->bytes);
    RT_TESTPOINT("test.copied");
    rt_store_release(&r->stage->used_mt, used + sizeof *b + b->bytes);
    RT_TESTPOINT("test.noted");
}

/* Return: bytes moved, -EBADMSG. */
static int64_t ring_pass_lane(struct ring *r, uint32_t lane, uint64_t now_ns, bool dead)
{
    struct rt_lane_span span;
    int64_t bytes = 0;
    int e;
    while ((e = rt_lane_next(&r->reader[lane], now_ns, dead, &span)) > 0) {
        uintptr_t base = (uintptr_t)r->segment + rt_lane_offset(lane), at = (uintptr_t)span.data;
        CHECK(span.to > span.from && at >= base && at + (span.to - span.from) <= base + rt_lane_size(lane));
        stage_span(r, lane, &span);
        bytes += (int64_t)(span.to - span.from);
        rt_lane_done(&r->reader[lane], &span);
        if (!dead && bytes >= rt_lane_size(lane))
            break; /* producers may be as fast as this */
    }
    return e < 0 ? e : bytes;
}

static int64_t ring_pass(struct ring *r, uint64_t now_ns, bool dead)
{
    int64_t bytes = 0;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++) {
        int64_t n = ring_pass_lane(r, i, now_ns, dead);
        CHECK(n >= 0);
        bytes += n;
    }
    return bytes;
}

__attribute__((unused)) static bool ring_idle(const struct ring *r)
{
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        if (!rt_lane_idle(&r->reader[i]))
            return false;
    return true;
}

__attribute__((unused)) static uint64_t ring_truncated(const struct ring *r)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        n += r->reader[i].truncated;
    return n;
}

/* ---------------------------------------------------------------- what came out */
struct got {
    uint32_t tid, seq, type, stream, flags, len;
    uint32_t lane;
    bool late;
    uint64_t pos;
    const uint8_t *payload;
};

struct got_list {
    struct got *got;
    size_t n;
};

static void got_push(struct got_list *l, const struct stage_block *b, const uint8_t *p, uint32_t bytes)
{
    struct rt_record rec;
    if (bytes < sizeof rec)
        return; /* a PAD */
    memcpy(&rec, p, sizeof rec);
    if (RT_STAMP_TYPE(rec.stamp_mt) == RT_RECORD_PAD)
        return;
    if ((l->n & (l->n + 1)) == 0)
        l->got = realloc(l->got, (l->n + 1) * 2 * sizeof *l->got);
    CHECK(l->got);
    l->got[l->n++] = (struct got){
        .tid = rec.tid, .seq = rec.thread_seq, .type = RT_STAMP_TYPE(rec.stamp_mt), .stream = RT_STAMP_STREAM(rec.stamp_mt),
        .flags = RT_STAMP_FLAGS(rec.stamp_mt), .len = rec.len, .lane = b->lane, .late = b->late, .payload = p + sizeof rec,
        .pos = b->from + (uint64_t)(p - (const uint8_t *)(b + 1)),
    };
}

/* All records in the order in which they were staged, PADs left out. Free .got. */
static struct got_list ring_records(const struct ring *r)
{
    struct got_list l = {0};
    uint64_t used = rt_load_acquire(&r->stage->used_mt);
    for (uint64_t at = 0; at < used;) {
        const struct stage_block *b = (const void *)(r->stage->block + at);
        const uint8_t *p = (const uint8_t *)(b + 1), *end = p + b->bytes;
        for (uint32_t n; p < end; p += n) {
            n = rt_record_check(p, (size_t)(end - p));
            CHECK(n > 0);
            got_push(&l, b, p, n);
        }
        at += sizeof *b + b->bytes;
    }
    return l;
}

__attribute__((unused)) static int got_by_thread(const void *a, const void *b)
{
    const struct got *x = a, *y = b;
    return x->tid != y->tid ? (x->tid < y->tid ? -1 : 1) : x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : 0;
}

/* ---------------------------------------------------------------- messages that can be recognised */
struct message {
    uint32_t source, index, len;
};

/* Message @index of @source: @len bytes in all (at least the header), newlines among them. Return: how many. */
__attribute__((unused)) static uint32_t message_make(uint8_t *to, uint32_t source, uint32_t index, uint32_t len)
{
    struct message m = {source, index, len};
    uint32_t lines = 0;
    memcpy(to, &m, sizeof m);
    for (uint32_t i = sizeof m; i < len; i++)
        to[i] = (uint8_t)(source * 31 + index * 7 + i * 3);
    for (uint32_t i = 0; i < len; i++)
        lines += to[i] == '\n';
    return lines;
}

/* Is this what message_make() made? @ret filled then. */
__attribute__((unused)) static bool message_check(const uint8_t *p, size_t n, struct message *ret)
{
    if (n < sizeof *ret)
        return false;
    memcpy(ret, p, sizeof *ret);
    if (ret->len != n)
        return false;
    for (uint32_t i = sizeof *ret; i < n; i++)
        if (p[i] != (uint8_t)(ret->source * 31 + ret->index * 7 + i * 3))
            return false;
    return true;
}

#endif
