/* The pool: what is offered can be claimed, what lives is left alone, what died is offered again, and only when it is as new. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/pool.h"
#include "tests/harness/test.h"

#define SECOND 1000000000ull

struct room {
    char path[RT_RUNDIR_MAX];
    struct rt_rundir dir;
    struct rt_staging staging;
    struct rt_pool pool;
};

static void open_all(struct room *r, bool recover)
{
    struct rt_error err = {0};
    bool existed;
    CHECK_INT(rt_rundir_open(&r->dir, r->path, &existed, &err), 0);
    CHECK_INT(existed, recover);
    CHECK_INT(rt_staging_open(&r->staging, r->dir.fd, 1 << 20, &err), 0);
    CHECK_INT(rt_pool_init(&r->pool, &r->dir, &r->staging, recover, &err), 0);
    r->dir.page->magic = RT_RUN_MAGIC;
}

static void close_all(struct room *r)
{
    rt_pool_deinit(&r->pool);
    rt_staging_close(&r->staging);
    rt_rundir_close(&r->dir);
}

static void enter(struct room *r)
{
    struct rt_error err = {0};
    CHECK_INT(rt_rundir_make(r->path, &err), 0);
    signal(SIGIO, SIG_IGN);
    open_all(r, false);
}

static void leave(struct room *r)
{
    close_all(r);
    rt_rundir_remove(r->path);
    CHECK(access(r->path, F_OK) < 0);
}

static bool has(const struct room *r, const char *dir, uint32_t number)
{
    char name[32];
    snprintf(name, sizeof name, "%s/%u", dir, number);
    return faccessat(r->dir.fd, name, F_OK, 0) == 0;
}

static bool offered(const struct room *r, uint32_t number)
{
    for (uint32_t i = 0; i < RT_POOL_SLOTS; i++)
        if (r->dir.page->pool_mt[i] == number)
            return true;
    return false;
}

/* A child claims segment @number and waits to be killed; with @map false it dies, or only keeps the file open, before it owns it. */
static pid_t claimer(struct room *r, uint32_t number, bool map, bool keep_open)
{
    char from[32], to[32], c = 0;
    int told[2];
    CHECK_INT(pipe(told), 0);
    snprintf(from, sizeof from, "pool/%u", number);
    snprintf(to, sizeof to, "live/%u", number);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60); /* when the case fails */
        if (renameat(r->dir.fd, from, r->dir.fd, to) < 0)
            _exit(1);
        int fd = keep_open || map ? openat(r->dir.fd, to, O_RDWR | O_NONBLOCK) : -1;
        struct rt_segment *s = map ? mmap(NULL, RT_SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : NULL;
        if (s)
            __atomic_store_n(&s->owner_mt, 5, __ATOMIC_SEQ_CST);
        if (!keep_open)
            close(fd);
        rt_pool_deinit(&r->pool); /* a program has none of the collector's descriptors */
        close(r->dir.fd);
        if (write(told[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    CHECK_INT(read(told[0], &c, 1), 1);
    close(told[0]);
    close(told[1]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static struct rt_pool_segment *segment(struct room *r, uint32_t number)
{
    return r->pool.segment[number - 1];
}

static void set_state(struct room *r, uint32_t number, enum rt_segment_state state)
{
    __atomic_store_n(&segment(r, number)->state_mt, state, __ATOMIC_RELEASE); /* the drain thread's part */
}

RT_TEST(test_offered_segments_are_there)
{
    struct room r;
    uint32_t n = 0;
    enter(&r);
    for (uint32_t i = 0; i < RT_POOL_SLOTS; i++) {
        uint32_t number = r.dir.page->pool_mt[i];
        if (!number)
            continue;
        n++;
        CHECK(has(&r, "pool", number));
        CHECK_INT(segment(&r, number)->map->magic, RT_SEGMENT_MAGIC);
        CHECK_INT(segment(&r, number)->map->usable_lanes_mt, RT_LANES_AT_START);
    }
    CHECK(n >= 8);
    CHECK_INT(n, r.pool.n_offered);
    leave(&r);
}

RT_TEST(test_living_is_left_and_dead_is_offered_again)
{
    struct room r;
    enter(&r);
    pid_t pid = claimer(&r, 2, true, false);
    CHECK_INT(rt_pool_check_leases(&r.pool, SECOND), 1); /* claimed, not yet noticed */
    set_state(&r, 2, RT_SEGMENT_LIVE);
    CHECK_INT(rt_pool_check_leases(&r.pool, SECOND), 1);
    CHECK_INT(rt_segment_state(segment(&r, 2)), RT_SEGMENT_LIVE);
    rt_pool_replenish(&r.pool);
    CHECK(!offered(&r, 2));
    end(pid);
    rt_pool_check_leases(&r.pool, SECOND);
    CHECK_INT(rt_segment_state(segment(&r, 2)), RT_SEGMENT_DEAD);
    rt_pool_replenish(&r.pool);
    CHECK(has(&r, "live", 2)); /* not before it is drained */
    set_state(&r, 2, RT_SEGMENT_DRAINED);
    segment(&r, 2)->map->lost[1].calls_mt = 7;
    segment(&r, 2)->map->magic = 3; /* written over by its process */
    rt_pool_replenish(&r.pool);
    CHECK(has(&r, "pool", 2) && offered(&r, 2));
    CHECK_INT(segment(&r, 2)->map->lost[1].calls_mt, 0);
    CHECK_INT(segment(&r, 2)->map->magic, RT_SEGMENT_MAGIC);
    CHECK_INT(segment(&r, 2)->map->owner_mt, 0);
    pid = claimer(&r, 2, true, false); /* the lease is gone: the next can have it */
    end(pid);
    leave(&r);
}

RT_TEST(test_segment_with_something_left_in_it_is_not_offered)
{
    struct room r;
    enter(&r);
    for (uint32_t number = 1; number <= 3; number++) {
        pid_t pid = claimer(&r, number, true, false);
        end(pid);
        set_state(&r, number, RT_SEGMENT_LIVE);
        rt_pool_check_leases(&r.pool, SECOND);
        set_state(&r, number, RT_SEGMENT_DRAINED);
    }
    ((uint8_t *)segment(&r, 1)->map)[RT_LANES_OFFSET + 70000] = 1;
    segment(&r, 2)->map->lane[4].head_mt = 64;
    rt_pool_replenish(&r.pool);
    CHECK(!has(&r, "pool", 1) && !has(&r, "live", 1) && !offered(&r, 1));
    CHECK(!has(&r, "pool", 2) && !has(&r, "live", 2));
    CHECK(has(&r, "pool", 3));
    leave(&r);
}

RT_TEST(test_half_a_claim_is_taken_back_unless_somebody_has_it_open)
{
    struct room r;
    enter(&r);
    end(claimer(&r, 1, false, false));
    pid_t slow = claimer(&r, 2, false, true);
    CHECK_INT(rt_pool_check_leases(&r.pool, 10 * SECOND), 0);
    CHECK(!has(&r, "pool", 1)); /* perhaps it is only slow */
    rt_pool_check_leases(&r.pool, 12 * SECOND);
    CHECK(has(&r, "pool", 1));
    CHECK(!has(&r, "pool", 2));
    end(slow);
    rt_pool_check_leases(&r.pool, 13 * SECOND);
    CHECK(has(&r, "pool", 2));
    leave(&r);
}

RT_TEST(test_growth_gives_lanes_and_scratch)
{
    struct room r;
    enter(&r);
    pid_t pid = claimer(&r, 1, true, false);
    set_state(&r, 1, RT_SEGMENT_LIVE);
    segment(&r, 1)->grow_mt = 4;
    segment(&r, 1)->map->truncated_mt = 1;
    rt_pool_replenish(&r.pool);
    CHECK_INT(segment(&r, 1)->map->usable_lanes_mt, 4);
    CHECK_INT(segment(&r, 1)->map->usable_scratch_mt, RT_SEGMENT_SCRATCH);
    segment(&r, 1)->grow_mt = 99;
    rt_pool_replenish(&r.pool);
    CHECK_INT(segment(&r, 1)->map->usable_lanes_mt, 4);
    end(pid);
    leave(&r);
}

RT_TEST(test_next_collector_takes_all_over)
{
    struct room r;
    enter(&r);
    pid_t pid = claimer(&r, 3, true, false);
    segment(&r, 3)->map->lane[1].head_mt = 800;
    rt_staging_note(&r.staging, 3, 1, 800);
    uint32_t n = r.pool.n_mt;
    close_all(&r);
    open_all(&r, true);
    CHECK(r.pool.n_mt >= n); /* and some more, for the one in use */
    CHECK_INT(rt_segment_state(segment(&r, 3)), RT_SEGMENT_LIVE);
    CHECK_INT(segment(&r, 3)->reader[1].pos, 800); /* as noted; its tail was behind */
    CHECK_INT(segment(&r, 3)->map->lane[1].tail_mt, 800);
    CHECK(!offered(&r, 3) && offered(&r, 1));
    CHECK_INT(rt_pool_check_leases(&r.pool, SECOND), 1);
    end(pid);
    rt_pool_check_leases(&r.pool, SECOND);
    CHECK_INT(rt_segment_state(segment(&r, 3)), RT_SEGMENT_DEAD);
    leave(&r);
}
