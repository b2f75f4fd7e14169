/* Why what a program writes is not seen: its file tells. */
#ifndef RT_COLLECT_OBSTACLE_H
#define RT_COLLECT_OBSTACLE_H

#include <stdint.h>

/* Programs that registered were looked at before, by what their file is. Zero-initialised is empty. */
struct rt_obstacles {
    struct rt_obstacles_seen {
        uint64_t dev, ino;
        int64_t mtime_ns;
        const char *obstacle; /* NULL = none */
    } seen[64];
};

/* Of one that did not load the shim. @path: as exec was given it; without a slash it is looked for in our PATH, a relative one from our
 * directory, which may both be other than the program's. Return: the rest of a sentence that begins with the program. */
const char *rt_obstacle_of(const char *path);
/* Of one that loaded it: does it write past libc all the same? @exe: what the kernel executed for @pid. Return: the same, or NULL. */
const char *rt_obstacle_within(struct rt_obstacles *o, const char *exe, uint32_t pid);

#endif
