#include "collect/holder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/fd.h"

#define LAUNCH_NS 1000000000u /* the launcher, which may become the program, is older than the run by less */

void rt_holders_init(struct rt_holders *h, const struct rt_pool *pool, int dir_fd)
{
    struct stat st;
    uint64_t age_ns = 0, boot_ns = rt_clock_ns(CLOCK_BOOTTIME), now_ns = rt_real_ns();
    if (fstatat(dir_fd, "recording", &st, 0) == 0) {
        uint64_t made_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
        age_ns = made_ns < now_ns ? now_ns - made_ns : 0;
    }
    age_ns += LAUNCH_NS;
    *h = (struct rt_holders){.pool = pool};
    if (age_ns < boot_ns)
        h->since_ticks = (boot_ns - age_ns) / (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int open_of(uint32_t pid, const char *name)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/%s", pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* "dev inode " as a line of maps has them; "" = there is no such segment. */
static void name_of(const struct rt_pool *p, uint32_t segment, char ret[64])
{
    struct stat st;
    ret[0] = 0;
    if (segment && segment <= rt_load_acquire(&p->n_mt) && p->segment[segment - 1] && fstat(p->segment[segment - 1]->fd, &st) == 0)
        snprintf(ret, 64, "%02x:%02x %" PRIu64 " ", major(st.st_dev), minor(st.st_dev), (uint64_t)st.st_ino);
}

/* Is the line of that file? from-to, permissions and offset stand before; a path, which can say anything, behind. */
static bool is_of(const char *line, const char *name)
{
    for (int fields = 0; fields < 3; fields++)
        if (!(line = strchr(line, ' ')) || !*++line)
            return false;
    return *name && !strncmp(line, name, strlen(name));
}

/* Which of the names have a line: a bit each. *ret_bytes: what could be read. */
static unsigned find_names(int fd, char name[2][64], size_t *ret_bytes)
{
    char text[8192 + 1];
    size_t kept = 0;
    unsigned found = 0;
    ssize_t n;
    *ret_bytes = 0;
    while (!(found & 1) && (n = read(fd, text + kept, sizeof text - 1 - kept)) > 0) {
        char *line = text, *end;
        *ret_bytes += (size_t)n;
        text[kept += (size_t)n] = 0;
        for (; (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            found |= (unsigned)is_of(line, name[0]) | (unsigned)is_of(line, name[1]) << 1;
        }
        kept -= (size_t)(line - text); /* a line that is not whole yet; the kernel's fit the buffer */
        memmove(text, line, kept);
    }
    return found;
}

/* Is the process older than the run? */
static bool is_older(uint32_t pid, uint64_t since_ticks)
{
    char text[1024];
    RT_CLEANUP(fd_close) int fd = open_of(pid, "stat");
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    const char *rest = strrchr(text, ')');
    uint64_t started = 0;
    return rest && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64, &started) == 1 &&
           started < since_ticks;
}

enum rt_holder rt_holder_ask(const struct rt_holders *h, uint32_t pid, uint32_t segment, uint32_t other)
{
    char name[2][64];
    size_t bytes = 0;
    RT_CLEANUP(fd_close) int fd = open_of(pid, "maps");
    if (fd < 0 && errno != EACCES && errno != EPERM)
        return RT_HOLDER_GONE;
    name_of(h->pool, segment, name[0]);
    name_of(h->pool, other, name[1]);
    unsigned found = fd < 0 ? 0 : find_names(fd, name, &bytes);
    if (found)
        return found & 1 ? RT_HOLDER_MAPS : RT_HOLDER_STAYS;
    if (is_older(pid, h->since_ticks))
        return RT_HOLDER_STRANGER;
    return fd >= 0 && !bytes ? RT_HOLDER_GONE : RT_HOLDER_AWAY; /* a zombie has no memory any more */
}
