#include "ring/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/atomic.h"
#include "base/guest.h"

#define PATH_BYTES   256
#define CLAIM_TRIES  32 /* a name may be one that others took meanwhile: 2 us each */
#define AWAIT_TRIES  50u
#define AWAIT_DEAD   10u /* tries where the collector seems to be dead: another one may take over */
#define AWAIT_PAUSE_NS 1000000 /* so many of them are the longest that a start is held up */

static void *map_file(const char *path, size_t size, bool is_run, void **ret_second)
{
    struct stat st;
    long fd = rt_syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0, 0, 0);
    if (fd < 0)
        return NULL;
    long p = -1, q = -1;
    bool whole = rt_syscall(SYS_fstat, fd, &st, 0, 0, 0, 0) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size >= size;
    if (whole && is_run) {
        p = rt_syscall(SYS_mmap, 0, RT_RUN_PAGE, PROT_READ, MAP_SHARED, fd, 0);
        q = rt_syscall(SYS_mmap, 0, RT_RUN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, RT_RUN_PAGE);
        *ret_second = (void *)(uintptr_t)q;
        whole = (unsigned long)q <= -4096ul;
    } else if (whole) {
        p = rt_syscall(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    rt_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    return whole && (unsigned long)p <= -4096ul ? (void *)(uintptr_t)p : NULL;
}

static size_t put(char *to, size_t at, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[at + i] = s[i];
    to[at + n] = 0;
    return at + n;
}

static void put_number(char *to, size_t at, uint32_t n)
{
    char digits[10];
    size_t k = sizeof digits;
    do {
        digits[--k] = (char)('0' + n % 10);
    } while (n /= 10);
    put(to, at, digits + k, sizeof digits - k);
}

static bool segment_take(struct rt_segment *s, uint32_t pid, uint64_t token)
{
    uint64_t nobody = 0;
    return s->magic == RT_SEGMENT_MAGIC && s->version == RT_SEGMENT_VERSION && s->header_bytes >= sizeof *s &&
           rt_cas_seq_cst(&s->owner_mt, &nobody, pid | token << 32);
}

static struct rt_segment *try_segment(const char *dir, size_t len, uint32_t number, uint32_t pid, uint64_t token)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    put_number(from, put(from, put(from, 0, dir, len), "/pool/", 6), number);
    put_number(to, put(to, put(to, 0, dir, len), "/live/", 6), number);
    if (rt_syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to, 0, 0) < 0)
        return NULL;
    struct rt_segment *s = map_file(to, RT_SEGMENT_BYTES, false, NULL);
    if (!s) { /* no descriptor or no address space left here: somebody else may have more */
        rt_syscall(SYS_renameat, AT_FDCWD, to, AT_FDCWD, from, 0, 0);
        return NULL;
    }
    if (!segment_take(s, pid, token)) {
        rt_syscall(SYS_munmap, s, RT_SEGMENT_BYTES, 0, 0, 0, 0);
        return NULL;
    }
    rt_syscall(SYS_madvise, s, RT_SEGMENT_BYTES, MADV_DONTDUMP, 0, 0, 0);
    return s;
}

/* One round over the numbers that the run page offers. */
static struct rt_segment *try_pool(const struct rt_writer *w, const char *dir, size_t len, uint32_t token)
{
    struct rt_segment *s = NULL;
    for (uint32_t i = 0, tries = 0; i < RT_POOL_SLOTS && tries < CLAIM_TRIES && !s; i++) {
        uint32_t number = rt_load_acquire(&w->run->pool_mt[(w->pid + i) % RT_POOL_SLOTS]);
        if (!number)
            continue;
        tries++;
        s = try_segment(dir, len, number, w->pid, token);
    }
    return s;
}

/* More programs start than segments were ready: the collector is told, and a little patience costs less than a program that is not
 * recorded. */
static __attribute__((noinline, cold)) struct rt_segment *await_pool(const struct rt_writer *w, const char *dir, size_t len, uint32_t token)
{
    struct timespec pause = {0, AWAIT_PAUSE_NS};
    struct rt_segment *s = NULL;
    uint32_t tries = rt_syscall(SYS_kill, w->run->collector_pid, 0) == -ESRCH ? AWAIT_DEAD : AWAIT_TRIES;
    for (uint32_t i = 0; i < tries && !s && !rt_load_relaxed(&w->run->panic_mt); i++) {
        rt_store_seq_cst(&w->bell->sleeping_mt, 0);
        rt_add_acq_rel(&w->bell->bell_mt, 1);
        rt_syscall(SYS_futex, &w->bell->bell_mt, FUTEX_WAKE, 1, 0, 0, 0);
        rt_syscall(SYS_nanosleep, &pause, 0, 0, 0, 0, 0);
        s = try_pool(w, dir, len, token);
    }
    if (!s)
        rt_add_acq_rel(&w->bell->wanted_mt, 1);
    return s;
}

bool rt_ring_open(struct rt_writer *w, const char *dir, size_t len)
{
    char path[PATH_BYTES];
    void *bell = NULL;
    if (len == 0 || len > RT_RUN_DIR_MAX || dir[0] != '/')
        return false;
    put(path, put(path, 0, dir, len), "/run", 4);
    const struct rt_run_page *run = map_file(path, 2 * RT_RUN_PAGE, true, &bell);
    if (!run || run->magic != RT_RUN_MAGIC || run->version != RT_SEGMENT_VERSION || rt_load_relaxed(&run->panic_mt))
        return false;
    uint32_t pid = (uint32_t)rt_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    *w = (struct rt_writer){.run = run, .bell = bell, .pid = pid, .full_wait_ns = (uint64_t)run->full_wait_us * 1000};
    return true;
}

bool rt_ring_claim(struct rt_writer *w, const char *dir, size_t len, uint32_t token)
{
    w->segment = try_pool(w, dir, len, token);
    if (__builtin_expect(!w->segment, 0))
        w->segment = await_pool(w, dir, len, token);
    return w->segment != NULL;
}
