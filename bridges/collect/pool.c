#include "collect/pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/fd.h"

#define CLAIM_NS 1000000000u /* a claim, from rename to owner, takes microseconds */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#define OFFERED 32u /* segments that wait, and as many more as are in use or were taken in a pass: a claim is replaced within a few
                     * milliseconds, on a busy machine later */

static const char *name_of(char buf[16], const char *dir, uint32_t number)
{
    snprintf(buf, 16, "%s/%u", dir, number);
    return buf;
}

/* Gives memory to lanes [0, n) and then lets producers use them. */
static int grow_lanes(struct rt_pool_segment *s, uint32_t n)
{
    for (uint32_t i = s->lanes_mt; i < n; i++) {
        if (fallocate(s->fd, 0, rt_lane_offset(i), rt_lane_size(i)) < 0)
            return -errno;
        /* Pages that were never written cost a program 50 ns a record on the first round. */
        madvise((uint8_t *)s->map + rt_lane_offset(i), rt_lane_size(i), MADV_POPULATE_WRITE);
        rt_store_release(&s->lanes_mt, i + 1); /* the drain looks there before any producer may write there */
    }
    rt_store_release(&s->map->usable_lanes_mt, n); /* pairs with the acquire in reserve_any() */
    return 0;
}

static int grow_scratch(struct rt_pool_segment *s, uint32_t n)
{
    for (; s->n_scratch < n; s->n_scratch++)
        if (fallocate(s->fd, 0, RT_SCRATCH_OFFSET + s->n_scratch * RT_SCRATCH_BYTES, RT_SCRATCH_BYTES) < 0)
            return -errno;
    rt_store_release(&s->map->usable_scratch_mt, n);
    return 0;
}

/* Processes that were forked print, too: one more, as soon as the last has an owner. */
static void grow_backlogs(struct rt_pool_segment *s)
{
    uint32_t n = rt_load_relaxed(&s->map->usable_backlogs_mt);
    if (n == 0 || n >= RT_SEGMENT_BACKLOGS || !rt_load_relaxed(&rt_pool_backlog(s, n - 1)->owner_mt))
        return;
    if (fallocate(s->fd, 0, RT_BACKLOG_OFFSET + n * RT_BACKLOG_BYTES, RT_BACKLOG_BYTES) == 0)
        rt_store_release(&s->map->usable_backlogs_mt, n + 1);
}

static struct rt_pool_segment *segment_free(struct rt_pool_segment *s)
{
    if (s) {
        if (s->map)
            munmap(s->map, RT_SEGMENT_BYTES);
        rt_fd_close(s->fd);
        free(s);
    }
    return NULL;
}

static struct rt_pool_segment *segment_open(struct rt_pool *p, const char *dir, uint32_t number, int flags)
{
    char name[16];
    struct rt_pool_segment *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->number = number;
    s->fd = openat(p->dir->fd, name_of(name, dir, number), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    struct stat st;
    if (s->fd < 0 || fstat(s->fd, &st) < 0 || (!flags && st.st_size < RT_SEGMENT_BYTES))
        return segment_free(s);
    if (flags && (ftruncate(s->fd, RT_SEGMENT_BYTES) < 0 || fallocate(s->fd, 0, 0, RT_BACKLOG_OFFSET + RT_BACKLOGS_AT_START * RT_BACKLOG_BYTES) < 0))
        return segment_free(s);
    void *m = mmap(NULL, RT_SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (m == MAP_FAILED)
        return segment_free(s);
    s->map = m;
    return s;
}

/* Makes file @number in pool/, but offers it not yet. */
static struct rt_pool_segment *segment_make(struct rt_pool *p, uint32_t number)
{
    struct rt_pool_segment *s = segment_open(p, "pool", number, O_CREAT | O_EXCL);
    char name[16];
    if (!s)
        return NULL;
    *s->map = (struct rt_segment){
        .magic = RT_SEGMENT_MAGIC, .version = RT_SEGMENT_VERSION, .header_bytes = sizeof *s->map, .number = number, .usable_backlogs_mt = RT_BACKLOGS_AT_START};
    if (grow_lanes(s, RT_LANES_AT_START) < 0 || grow_scratch(s, 1) < 0) {
        unlinkat(p->dir->fd, name_of(name, "pool", number), 0);
        return segment_free(s);
    }
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
        rt_lane_reader_init(&s->reader[i], s->map, i, 0);
    return s;
}

/* The header as a claimer expects it: a process may have written over it. */
static void write_header(struct rt_pool_segment *s)
{
    s->map->magic = RT_SEGMENT_MAGIC;
    s->map->version = RT_SEGMENT_VERSION;
    s->map->header_bytes = sizeof *s->map;
    s->map->number = s->number;
    s->map->no_syscall_mt = s->map->truncated_mt = 0;
    s->map->asked_mt = s->map->answered_mt = 0;
    s->map->outside_mt = 0;
    memset(s->map->lost, 0, sizeof s->map->lost);
    memset(s->map->scratch_owner_mt, 0, sizeof s->map->scratch_owner_mt);
    for (uint32_t i = 0; i < s->map->usable_backlogs_mt && i < RT_SEGMENT_BACKLOGS; i++)
        rt_pool_backlog(s, i)->owner_mt = rt_pool_backlog(s, i)->len_mt = 0;
    rt_store_release(&s->map->usable_scratch_mt, s->n_scratch);
    rt_store_release(&s->map->usable_lanes_mt, s->lanes_mt);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return !*p && !memcmp(p, p + 1, n - 1);
}

/* Are the lanes as a new owner must find them (G2)? */
static bool is_clean(const struct rt_pool_segment *s)
{
    for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++) {
        const struct rt_lane_control *c = &s->map->lane[i];
        uint64_t head = rt_load_acquire(&c->head_mt);
        if (head != rt_load_acquire(&c->tail_mt) || head != s->reader[i].pos)
            return false;
        if (i < s->lanes_mt && !is_zero((const uint8_t *)s->map + rt_lane_offset(i), rt_lane_size(i)))
            return false;
    }
    return !rt_load_relaxed(&s->faulted_mt) && !rt_load_relaxed(&s->bad_mt);
}

/* Not fit for another process: its memory goes back to the file system; the number is not used again. */
static void give_up(struct rt_pool *p, struct rt_pool_segment *s)
{
    char name[16];
    rt_store_release(&s->state_mt, RT_SEGMENT_BAD);
    unlinkat(p->dir->fd, name_of(name, "live", s->number), 0);
    unlinkat(p->dir->fd, name_of(name, "pool", s->number), 0);
    fcntl(s->fd, F_SETLEASE, F_UNLCK);
    if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, RT_SEGMENT_BYTES) < 0)
        return; /* it keeps the memory until the run ends */
}

/* A segment that waits in pool/ and that nobody has taken yet. */
static bool is_waiting(const struct rt_pool_segment *s)
{
    return s && rt_segment_state(s) == RT_SEGMENT_POOL && !rt_load_relaxed(&s->map->owner_mt);
}

/* Makes the run page name segments that wait, as many as it has room for. Return: how many it names. */
static uint32_t fill_slots(struct rt_pool *p)
{
    uint32_t *slot = p->dir->page->pool_mt, next = 0, n = p->n_mt, named = 0;
    for (uint32_t i = 0; i < n; i++)
        if (p->segment[i])
            p->segment[i]->is_named = false;
    for (uint32_t i = 0; i < RT_POOL_SLOTS; i++) {
        uint32_t number = rt_load_relaxed(&slot[i]);
        struct rt_pool_segment *s = number && number <= n ? p->segment[number - 1] : NULL;
        if (is_waiting(s) && !s->is_named)
            s->is_named = true;
        else if (number)
            rt_store_relaxed(&slot[i], 0);
    }
    for (uint32_t i = 0; i < RT_POOL_SLOTS; i++) {
        for (; !rt_load_relaxed(&slot[i]) && next < n; next++)
            if (is_waiting(p->segment[next]) && !p->segment[next]->is_named)
                rt_store_release(&slot[i], p->segment[next]->number);
        named += rt_load_relaxed(&slot[i]) != 0;
    }
    return named;
}

static void publish(struct rt_pool *p, struct rt_pool_segment *s)
{
    p->segment[s->number - 1] = s;
    if (s->number > p->n_mt)
        rt_store_release(&p->n_mt, s->number);
}

/* A drained segment goes back: the lease keeps new openers away until it lies in pool/ again. */
static void take_back(struct rt_pool *p, struct rt_pool_segment *s)
{
    char from[16], to[16];
    if (!is_clean(s)) {
        give_up(p, s);
        return;
    }
    write_header(s);
    rt_store_relaxed(&s->grow_mt, 0);
    s->taken_ns = 0;
    rt_store_release(&s->map->owner_mt, 0);
    if (renameat(p->dir->fd, name_of(from, "live", s->number), p->dir->fd, name_of(to, "pool", s->number)) < 0) {
        rt_store_release(&s->state_mt, RT_SEGMENT_BAD);
        return;
    }
    fcntl(s->fd, F_SETLEASE, F_UNLCK);
    rt_store_release(&s->state_mt, RT_SEGMENT_POOL);
}

void rt_pool_replenish(struct rt_pool *p)
{
    uint32_t n = p->n_mt, waiting = 0, live = 0, untouched = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct rt_pool_segment *s = p->segment[i];
        if (!s)
            continue;
        uint32_t state = rt_segment_state(s), grow = rt_load_relaxed(&s->grow_mt);
        untouched += is_waiting(s);
        if (state == RT_SEGMENT_LIVE && grow > s->map->usable_lanes_mt && grow <= RT_SEGMENT_LANES)
            grow_lanes(s, grow);
        if (state == RT_SEGMENT_LIVE && rt_load_relaxed(&s->map->truncated_mt) && s->n_scratch < RT_SEGMENT_SCRATCH)
            grow_scratch(s, RT_SEGMENT_SCRATCH);
        if (state == RT_SEGMENT_LIVE)
            grow_backlogs(s);
        if (state == RT_SEGMENT_DRAINED)
            take_back(p, s);
        if (state == RT_SEGMENT_POOL && rt_load_relaxed(&s->faulted_mt))
            give_up(p, s); /* cut before anybody took it */
        waiting += is_waiting(s);
        live += state == RT_SEGMENT_LIVE;
    }
    p->pace -= (p->pace + 7) / 8;
    if (p->n_waiting > untouched + p->pace)
        p->pace = p->n_waiting - untouched;
    uint32_t want = OFFERED + live + p->pace;
    if (want > RT_POOL_SLOTS)
        want = RT_POOL_SLOTS;
    p->out_of_memory = false;
    while (waiting < want && p->n_mt + 1 < RT_SEGMENTS_MAX) { /* the position table begins with number 0 */
        struct rt_pool_segment *s = segment_make(p, p->n_mt + 1);
        if (!s) {
            p->out_of_memory = true; /* a full tmpfs: new processes stay uncovered, and wanted_mt counts them */
            break;
        }
        publish(p, s);
        waiting++;
    }
    p->n_waiting = waiting;
    p->n_offered = fill_slots(p);
}

/* A file that was renamed out of pool/ by a process that died before it wrote its name into the header, or could not map it. With the
 * lease, a claimer that is only slow gets EWOULDBLOCK and tries another. */
static void take_back_lost(struct rt_pool *p, struct rt_pool_segment *s, uint64_t now_ns)
{
    char name[16];
    if (faccessat(p->dir->fd, name_of(name, "pool", s->number), F_OK, 0) == 0) {
        s->taken_ns = 0;
    } else if (!s->taken_ns) {
        s->taken_ns = now_ns;
    } else if (now_ns - s->taken_ns > CLAIM_NS && fcntl(s->fd, F_SETLEASE, F_WRLCK) == 0) {
        if (rt_load_acquire(&s->map->owner_mt))
            fcntl(s->fd, F_SETLEASE, F_UNLCK); /* dead already, and not yet seen by the drain thread */
        else
            take_back(p, s);
    }
}

uint32_t rt_pool_check_leases(struct rt_pool *p, uint64_t now_ns)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < p->n_mt; i++) {
        struct rt_pool_segment *s = p->segment[i];
        uint32_t state = s ? rt_segment_state(s) : RT_SEGMENT_BAD;
        if (state == RT_SEGMENT_DEAD || (state == RT_SEGMENT_POOL && rt_load_acquire(&s->map->owner_mt)))
            live++; /* claimed and not yet noticed, or dead and not yet read */
        else if (state == RT_SEGMENT_POOL)
            take_back_lost(p, s, now_ns);
        if (state != RT_SEGMENT_LIVE)
            continue;
        if (fcntl(s->fd, F_SETLEASE, F_WRLCK) == 0)
            rt_store_release(&s->state_mt, RT_SEGMENT_DEAD);
        live++;
    }
    return live;
}

bool rt_pool_fault(struct rt_pool *p, void *addr)
{
    uint32_t n = rt_load_acquire(&p->n_mt);
    for (uint32_t i = 0; i < n; i++) {
        struct rt_pool_segment *s = p->segment[i];
        uintptr_t at = (uintptr_t)addr, base = s ? (uintptr_t)s->map : 0;
        if (!s || at < base || at >= base + RT_SEGMENT_BYTES)
            continue;
        rt_store_relaxed(&s->faulted_mt, 1);
        void *page = (void *)(at & ~(uintptr_t)4095);
        return mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    }
    return false;
}

/* Takes over the segments of a dead collector. */
static int recover_dir(struct rt_pool *p, const struct rt_staging *staging, const char *dir, uint32_t state)
{
    int fd = openat(p->dir->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        return rt_fd_close(fd), -errno;
    for (struct dirent *e; (e = readdir(d));) {
        uint32_t number = (uint32_t)strtoul(e->d_name, NULL, 10);
        if (!number || number >= RT_SEGMENTS_MAX || p->segment[number - 1])
            continue;
        struct rt_pool_segment *s = segment_open(p, dir, number, 0);
        if (!s || s->map->magic != RT_SEGMENT_MAGIC || s->map->version != RT_SEGMENT_VERSION) {
            segment_free(s);
            continue;
        }
        uint32_t usable = s->map->usable_lanes_mt;
        s->lanes_mt = usable <= RT_SEGMENT_LANES ? usable : 0;
        s->n_scratch = s->map->usable_scratch_mt <= RT_SEGMENT_SCRATCH ? s->map->usable_scratch_mt : 0;
        for (uint32_t i = 0; i < RT_SEGMENT_LANES; i++)
            rt_lane_reader_init(&s->reader[i], s->map, i, rt_staging_position(staging, number, i));
        rt_store_release(&s->state_mt, state);
        publish(p, s);
    }
    closedir(d);
    return 0;
}

int rt_pool_init(struct rt_pool *p, struct rt_rundir *d, const struct rt_staging *staging, bool recover, struct rt_error *err)
{
    *p = (struct rt_pool){.dir = d};
    if (recover) {
        for (uint32_t i = 0; i < RT_POOL_SLOTS; i++)
            rt_store_relaxed(&d->page->pool_mt[i], 0);
        recover_dir(p, staging, "pool", RT_SEGMENT_POOL); /* first: what is claimed meanwhile moves to live/ */
        recover_dir(p, staging, "live", RT_SEGMENT_LIVE);
    }
    rt_pool_replenish(p);
    if (!p->n_offered)
        return rt_error_set(err, -ENOSPC, "%s: no room for shared memory (%u KiB a process)", d->path, 260u);
    return 0;
}

void rt_pool_deinit(struct rt_pool *p)
{
    for (uint32_t i = 0; i < p->n_mt; i++)
        p->segment[i] = segment_free(p->segment[i]);
}
