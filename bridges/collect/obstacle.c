#include "collect/obstacle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/program.h"

static const char *find(const char *name, char *at, size_t size)
{
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/bin:/usr/bin", *end; !strchr(name, '/'); p = end + 1) {
        end = strchrnul(p, ':');
        if (snprintf(at, size, "%.*s/%s", (int)(end - p), p, name) < (int)size && access(at, X_OK) == 0)
            return at;
        if (!*end)
            break;
    }
    return name;
}

const char *rt_obstacle_of(const char *path)
{
    char found[PATH_MAX];
    const char *obstacle = rt_program_obstacle(rt_program_kind(find(path, found, sizeof found), NULL));
    return obstacle ? obstacle : "did not load the shim";
}

const char *rt_obstacle_within(struct rt_obstacles *o, const char *exe, uint32_t pid)
{
    char at[40];
    struct stat st;
    snprintf(at, sizeof at, "/proc/%" PRIu32 "/exe", pid);
    if (exe[0] != '/' && stat(at, &st) == 0) /* its directory may not be ours: sure as long as it runs */
        exe = at;
    else if (stat(exe, &st) < 0)
        return NULL;
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    struct rt_obstacles_seen *seen = &o->seen[st.st_ino % (sizeof o->seen / sizeof *o->seen)];
    if (seen->dev != st.st_dev || seen->ino != st.st_ino || seen->mtime_ns != mtime_ns) {
        enum rt_program_kind kind = rt_program_kind(exe, NULL);
        *seen = (struct rt_obstacles_seen){st.st_dev, st.st_ino, mtime_ns, kind == RT_PROGRAM_GO_LINKED ? rt_program_obstacle(kind) : NULL};
    }
    return seen->obstacle;
}
