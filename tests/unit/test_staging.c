/* The staging ring: blocks come out as they went in, never more than fit; a copy of the file taken at any step is a whole state. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testpoint.h"
#include "collect/staging.h"
#include "tests/harness/test.h"

struct room {
    char path[40];
    int dir;
    struct rt_staging s;
};

static void reopen(struct room *r)
{
    struct rt_error err = {0};
    CHECK_INT(rt_staging_open(&r->s, r->dir, 1 << 20, &err), 0);
}

static void enter(struct room *r)
{
    strcpy(r->path, "/dev/shm/retap-test-XXXXXX");
    CHECK(mkdtemp(r->path) != NULL);
    r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    reopen(r);
}

static void leave(struct room *r)
{
    rt_staging_close(&r->s);
    unlinkat(r->dir, "staging", 0);
    close(r->dir);
    rmdir(r->path);
}

static bool add(struct room *r, uint32_t n, uint32_t mark, uint64_t from)
{
    uint8_t *p = rt_staging_reserve(&r->s, n);
    if (!p)
        return false;
    memset(p, (int)(mark & 0xff), n);
    rt_staging_commit(&r->s, (struct rt_block){.type = RT_BLOCK_LANE, .payload = n, .segment = 3, .lane = 2, .from = from, .to = from + n});
    return true;
}

static const struct rt_block *take(struct room *r, uint64_t *pos)
{
    bool bad;
    const struct rt_block *b = rt_staging_peek(&r->s, pos, &bad);
    CHECK(!bad);
    if (b)
        *pos += b->bytes;
    return b;
}

RT_TEST(test_blocks_come_out_in_order_over_many_rounds)
{
    struct room r;
    enter(&r);
    uint64_t pos = 0, in = 0, out = 0, from = 0;
    uint32_t seed = 1;
    while (out < 3000) {
        for (int i = 0; i < 5; i++) {
            uint32_t n = 8 + (seed = seed * 1103515245 + 12345) % rt_staging_most(&r.s);
            if (!add(&r, n, (uint32_t)in, from))
                break;
            from += n;
            in++;
            rt_staging_note(&r.s, 3, 2, from);
        }
        for (const struct rt_block *b; (b = take(&r, &pos));) {
            const uint8_t *p = (const uint8_t *)(b + 1);
            CHECK_INT(p[0], out & 0xff);
            CHECK_INT(p[b->payload - 1], out & 0xff);
            out++;
        }
        CHECK_INT(out, in);
        rt_staging_release(&r.s, pos);
        CHECK_INT(rt_staging_used(&r.s), 0);
    }
    leave(&r);
}

RT_TEST(test_full_ring_refuses_and_overwrites_nothing)
{
    struct room r;
    enter(&r);
    uint32_t n = 0;
    while (add(&r, 60000, n, n * 60000ull))
        n++;
    CHECK(n >= 15);
    CHECK(rt_staging_used(&r.s) <= r.s.size);
    rt_staging_show(&r.s);
    uint64_t pos = 0, second = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct rt_block *b = take(&r, &pos);
        CHECK(b != NULL);
        CHECK_INT(*(const uint8_t *)(b + 1), i);
        if (i == 1)
            second = pos;
    }
    rt_staging_release(&r.s, second); /* two are free now: the next lies at the start of the ring */
    CHECK(add(&r, 60000, 99, 0));
    rt_staging_show(&r.s);
    const struct rt_block *b = take(&r, &pos);
    CHECK(b != NULL && *(const uint8_t *)(b + 1) == 99);
    leave(&r);
}

RT_TEST(test_what_always_fits_does)
{
    struct room r;
    enter(&r);
    uint64_t pos = 0;
    for (uint32_t i = 0; i < 100; i++) {
        CHECK(add(&r, rt_staging_most(&r.s), i, 0));
        rt_staging_show(&r.s);
        CHECK(take(&r, &pos) != NULL);
        rt_staging_release(&r.s, pos);
    }
    leave(&r);
}

RT_TEST(test_committed_block_is_not_visible_before_it_is_shown)
{
    struct room r;
    enter(&r);
    uint64_t pos = 0;
    CHECK(add(&r, 100, 1, 0));
    CHECK(take(&r, &pos) == NULL);
    rt_staging_note(&r.s, 3, 2, 100);
    CHECK(take(&r, &pos) != NULL);
    CHECK_INT(rt_staging_position(&r.s, 3, 2), 100);
    CHECK_INT(rt_staging_position(&r.s, 3, 1), 0);
    CHECK_INT(rt_staging_position(&r.s, RT_SEGMENTS_MAX, 0), 0);
    leave(&r);
}

/* Death between commit and note: the block counts, and so does its position; not when it lies behind an open record or came late. */
RT_TEST(test_recovery_takes_the_larger_of_table_and_blocks)
{
    struct room r;
    enter(&r);
    CHECK(add(&r, 100, 1, 0));
    rt_staging_note(&r.s, 3, 2, 100);
    CHECK(add(&r, 100, 2, 100));
    uint8_t *p = rt_staging_reserve(&r.s, 64);
    CHECK(p != NULL);
    rt_staging_commit(&r.s, (struct rt_block){.type = RT_BLOCK_LANE, .payload = 64, .segment = 4, .lane = 1, .late = RT_BLOCK_BEHIND, .from = 500, .to = 564});
    rt_staging_reserve(&r.s, 64);
    rt_staging_commit(&r.s, (struct rt_block){.type = RT_BLOCK_LANE, .payload = 64, .segment = 4, .lane = 1, .late = RT_BLOCK_LATE, .from = 300, .to = 364});
    CHECK(rt_staging_reserve(&r.s, 1000) != NULL); /* reserved, never committed */
    rt_staging_close(&r.s);
    reopen(&r);
    rt_staging_recover(&r.s);
    CHECK_INT(rt_staging_position(&r.s, 3, 2), 200);
    CHECK_INT(rt_staging_position(&r.s, 4, 1), 0);
    uint64_t pos = rt_staging_tail(&r.s);
    int n = 0;
    while (take(&r, &pos))
        n++;
    CHECK_INT(n, 4);
    leave(&r);
}

RT_TEST(test_damage_ends_the_blocks)
{
    struct room r;
    enter(&r);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(add(&r, 100, i, 0));
    rt_staging_show(&r.s);
    uint64_t pos = 0;
    CHECK(take(&r, &pos) != NULL);
    static const uint32_t lengths[] = {0, 1, 63, 64 - 1, 1u << 31, UINT32_MAX, 1 << 20};
    uint32_t *bytes = (uint32_t *)(void *)(r.s.ring + pos) + 1, good = *bytes;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        bool bad = false;
        uint64_t at = pos;
        *bytes = lengths[i];
        CHECK(rt_staging_peek(&r.s, &at, &bad) == NULL && bad);
    }
    *bytes = good;
    CHECK(take(&r, &pos) != NULL);
    leave(&r);
}

#ifdef RT_TESTPOINTS
static int steps_left;
static void die_at(const char *name)
{
    if (!strncmp(name, "staging.", 8) && --steps_left < 0)
        raise(SIGKILL);
}

/* Killed at each step of 20 blocks: the next one finds the first n of them whole, and positions that agree. */
RT_TEST(test_death_at_each_step_leaves_whole_blocks)
{
    for (int steps = 0; steps < 40; steps++) {
        struct room r;
        enter(&r);
        pid_t pid = fork();
        if (pid == 0) {
            uint64_t from = 0;
            steps_left = steps;
            rt_testpoint_hook = die_at;
            for (uint32_t i = 0; i < 20; i++, from += 5000) {
                add(&r, 5000, i, from);
                rt_staging_note(&r.s, 3, 2, from + 5000);
            }
            _exit(0);
        }
        int status;
        waitpid(pid, &status, 0);
        rt_staging_close(&r.s);
        reopen(&r);
        rt_staging_recover(&r.s);
        uint64_t pos = 0, n = 0;
        for (const struct rt_block *b; (b = take(&r, &pos)); n++)
            CHECK_INT(*(const uint8_t *)(b + 1), n);
        CHECK_INT(n, steps / 2 + 1);
        CHECK_INT(rt_staging_position(&r.s, 3, 2), n * 5000);
        leave(&r);
    }
}
#endif
