#include "collect/obstacle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
