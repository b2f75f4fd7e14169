#include "policy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "glob.h"
#include "shim.h"

#define ALLOW "/etc/retap/allow"
#define DENY  "/etc/retap/deny"
#define OFF   "/run/retap.off"

#define STATUS_BYTES 4096   /* of /proc/self/status, of which we want a line in the first half */
#define PATH_BYTES   1024
#define LIST_BYTES   262144 /* a longer list is read so far */

bool rt_policy_is_filtered(void)
{
    char text[STATUS_BYTES];
    long fd = rt_syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC);
    long n = fd < 0 ? 0 : rt_syscall(SYS_read, fd, text, sizeof text - 1);
    if (fd >= 0)
        rt_syscall(SYS_close, fd);
    text[n > 0 ? n : 0] = 0;
    for (const char *s = text; *s; s++)
        if (s[0] == '\n' && rt_starts(s + 1, "Seccomp:\t"))
            return s[10] != '0';
    return true;
}

/* ---------------------------------------------------------------- patterns */
struct text {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes one line, without comment and blanks at its ends. */
static struct text next_line(struct text *list)
{
    struct text line = {list->at, list->at};
    while (list->at < list->end && *list->at != '\n')
        list->at++;
    while (line.end < list->at && *line.end != '#')
        line.end++;
    list->at++;
    while (line.at < line.end && is_blank(*line.at))
        line.at++;
    while (line.end > line.at && is_blank(line.end[-1]))
        line.end--;
    return line;
}

static bool lists(struct text list, const char *path)
{
    while (list.at < list.end) {
        struct text line = next_line(&list);
        if (rt_glob_match(line.at, (size_t)(line.end - line.at), path))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- files */
/* Maps the file at @fd and closes it. Return: an empty text when it can't be. */
static struct text map_list(long fd)
{
    struct stat st;
    struct text list = {0};
    long n = fd >= 0 && rt_syscall(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
    if (n > 0) {
        n = n < LIST_BYTES ? n : LIST_BYTES;
        long p = rt_syscall(SYS_mmap, 0, n, PROT_READ, MAP_PRIVATE, fd, 0);
        if ((unsigned long)p <= -4096ul)
            list = (struct text){(const char *)(uintptr_t)p, (const char *)(uintptr_t)p + n};
    }
    if (fd >= 0)
        rt_syscall(SYS_close, fd);
    return list;
}
static bool file_lists(long fd, const char *path)
{
    struct text list = map_list(fd);
    bool found = lists(list, path);
    if (list.at)
        rt_syscall(SYS_munmap, list.at, list.end - list.at);
    return found;
}
static long open_list(const char *path)
{
    return rt_syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
static bool is_off(void)
{
    return rt_syscall(SYS_faccessat, AT_FDCWD, OFF, F_OK) == 0;
}

/* Under /etc/ld.so.preload. @allow: the open list. */
static bool list_allows(long allow, bool in_tree)
{
    char exe[PATH_BYTES];
    long n = -1;
    if (!rt_policy_is_filtered() && rt_syscall(SYS_getpid, 0) != 1 && !is_off())
        n = rt_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    bool allowed = file_lists(allow, exe) || in_tree; /* closes it in any case */
    return n > 0 && allowed && !file_lists(open_list(DENY), exe);
}

bool rt_policy_allows(bool is_named, bool in_tree)
{
    if (is_named)
        return in_tree || !is_off();
    long allow = open_list(ALLOW);
    return allow >= 0 && list_allows(allow, in_tree);
}
