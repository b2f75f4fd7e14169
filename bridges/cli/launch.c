#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int executable(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return access(path, X_OK) < 0 ? -errno : 0;
}

int rt_launch_find(const char *cmd, char *ret_path, size_t size, struct rt_error *err)
{
    int found = -ENOENT;
    if (strchr(cmd, '/')) {
        snprintf(ret_path, size, "%s", cmd);
        found = executable(cmd);
        if (!found)
            return 0;
    }
    const char *path = getenv("PATH");
    if (!path)
        path = "/bin:/usr/bin"; /* execvp(3) without PATH */
    for (const char *p = path; !strchr(cmd, '/') && *cmd; ) {
        const char *end = strchrnul(p, ':');
        snprintf(ret_path, size, "%.*s%s%s", (int)(end - p), p, end == p ? "" : "/", cmd);
        int r = executable(ret_path);
        if (!r)
            return 0;
        if (r == -EACCES)
            found = r;
        if (!*end)
            break;
        p = end + 1;
    }
    int status = found == -ENOENT || found == -ENOTDIR ? 127 : 126;
    return rt_error_set(err, status, "%s: %s", cmd, status == 127 && !strchr(cmd, '/') ? "command not found" : strerror(-found));
}

int rt_launch_shim(char *ret_path, size_t size, struct rt_error *err)
{
    static const char *const places[] = {"%s/libretap-preload.so", "%s/../lib/libretap-preload.so", "%s/../lib64/libretap-preload.so"};
    char self[PATH_MAX], candidate[PATH_MAX + 64], real[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return rt_error_set(err, -errno, "/proc/self/exe: %s", strerror(errno));
    self[n] = 0;
    *strrchr(self, '/') = 0;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(candidate, sizeof candidate, places[i], self);
        if (!realpath(candidate, real))
            continue;
        if (strpbrk(real, " :\t\n"))
            return rt_error_set(err, -EINVAL, "%s: the path of the preloaded library must have no blank and no colon", real);
        if ((size_t)snprintf(ret_path, size, "%s", real) < size)
            return 0;
    }
    return rt_error_set(err, -ENOENT, "libretap-preload.so is neither in %s nor in ../lib beside it", self);
}

void rt_launch_fds(char *out, size_t size)
{
    static const struct { int fd; char class, origin; } fds[] = {{1, 'o', 'O'}, {2, 'e', 'E'}};
    size_t at = 0;
    out[0] = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct stat st;
        if (fstat(fds[i].fd, &st) < 0)
            continue;
        unsigned long long dev = st.st_dev, ino = st.st_ino;
        int n = snprintf(out + at, size - at, "%s%c:%llx:%llx,%d=%c:%llx:%llx", at ? "," : "", fds[i].origin, dev, ino, fds[i].fd,
                         fds[i].class, dev, ino);
        if (n > 0 && (size_t)n < size - at)
            at += (size_t)n;
    }
}

static void default_output(const char *directory, const char *cmd, char *out, size_t size)
{
    const char *name = strrchr(cmd, '/');
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    snprintf(out, size, "%s/%s-%s.rrd", directory, name ? name + 1 : cmd, stamp);
}
void rt_launch_default_output(const char *cmd, char *out, size_t size)
{
    default_output(".", cmd, out, size);
}

int rt_launch_new_output(const char *path, const char *cmd, char *out, size_t size, struct rt_error *err)
{
    struct stat st;
    char first[PATH_MAX];
    bool there = path && stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        snprintf(out, size, "%s", path);
        return 0;
    }
    if (!path || (there && S_ISDIR(st.st_mode)))
        default_output(path ? path : ".", cmd, first, sizeof first);
    else
        snprintf(first, sizeof first, "%s", path);
    size_t stem = strlen(first), suffix = 4;
    stem -= stem > suffix && !strcmp(first + stem - suffix, ".rrd") ? suffix : 0;
    snprintf(out, size, "%s", first);
    int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 && errno == EEXIST) {
        snprintf(out, size, "%.*s-%d%s", (int)stem, first, (int)getpid(), first + stem);
        fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    }
    if (fd < 0)
        return rt_error_set(err, -errno, "%s: %s", out, strerror(errno));
    close(fd);
    return 0;
}
