#include "collect/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

static bool is_tmpfs(const char *path)
{
    struct statfs s;
    return statfs(path, &s) == 0 && s.f_type == TMPFS_MAGIC;
}

int rt_rundir_make(char ret_path[RT_RUNDIR_MAX], struct rt_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const char *base[] = {"/dev/shm", runtime};

    for (unsigned i = 0; i < 2; i++) {
        if (!base[i] || !*base[i] || !is_tmpfs(base[i]))
            continue;
        int n = snprintf(ret_path, RT_RUNDIR_MAX, "%s/retap-XXXXXX", base[i]);
        if (n >= RT_RUNDIR_MAX)
            continue;
        if (mkdtemp(ret_path))
            return 0;
    }
    return rt_error_set(err, -ENODEV, "no shared memory: neither /dev/shm nor $XDG_RUNTIME_DIR is a tmpfs that can be written");
}

static int map_run_file(struct rt_rundir *d, bool *ret_existed, struct rt_error *err)
{
    RT_CLEANUP(fd_close) int fd = openat(d->fd, "run", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return rt_error_set(err, -errno, "%s/run: %s", d->path, strerror(errno));
    int r = posix_fallocate(fd, 0, 2 * RT_RUN_PAGE);
    if (r)
        return rt_error_set(err, -r, "%s/run: %s", d->path, strerror(r));
    void *p = mmap(NULL, 2 * RT_RUN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return rt_error_set(err, -errno, "%s/run: %s", d->path, strerror(errno));
    d->page = p;
    d->bell = (void *)((char *)p + RT_RUN_PAGE);
    *ret_existed = d->page->magic == RT_RUN_MAGIC;
    return 0;
}

int rt_rundir_open(struct rt_rundir *d, const char *path, bool *ret_existed, struct rt_error *err)
{
    *d = (struct rt_rundir)RT_RUNDIR_NULL;
    if (strlen(path) >= sizeof d->path)
        return rt_error_set(err, -ENAMETOOLONG, "%s: longer than %d bytes", path, RT_RUNDIR_MAX - 1);
    strcpy(d->path, path);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return rt_error_set(err, -errno, "%s: %s", path, strerror(errno));
    d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0)
        return rt_error_set(err, -errno, "%s: %s", path, strerror(errno));
    struct stat st;
    if (fstat(d->fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 022)
        return rt_error_set(err, -EPERM, "%s: others may write there, or own it", path);
    if (flock(d->fd, LOCK_EX | LOCK_NB) < 0)
        return rt_error_set(err, -EBUSY, "%s: another collector works there", path);
    if ((mkdirat(d->fd, "pool", 0700) < 0 && errno != EEXIST) || (mkdirat(d->fd, "live", 0700) < 0 && errno != EEXIST))
        return rt_error_set(err, -errno, "%s: %s", path, strerror(errno));
    return map_run_file(d, ret_existed, err);
}

void rt_rundir_close(struct rt_rundir *d)
{
    if (d->page)
        munmap(d->page, 2 * RT_RUN_PAGE);
    d->fd = rt_fd_close(d->fd);
    d->page = NULL;
    d->bell = NULL;
}

static void empty(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        rt_fd_close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            unlinkat(fd, e->d_name, 0);
    closedir(dir);
}

static const char *const files[] = {"staging", "state", "state.new", "recording"};

void rt_rundir_clear(struct rt_rundir *d)
{
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat(d->fd, files[i], 0);
    empty(d->fd, "pool");
    empty(d->fd, "live");
}

void rt_rundir_remove(const char *path)
{
    char away[RT_RUNDIR_MAX + 2];
    RT_CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    snprintf(away, sizeof away, "%s~", path); /* at once: nobody finds one half removed, and goes on there */
    if (rename(path, away) == 0)
        path = away;
    struct rt_rundir d = {.fd = fd};
    rt_rundir_clear(&d);
    unlinkat(fd, "run", 0);
    unlinkat(fd, "pool", AT_REMOVEDIR);
    unlinkat(fd, "live", AT_REMOVEDIR);
    rmdir(path);
}
