/* Why a program that was executed did not load the shim: its file tells. */
#ifndef RT_COLLECT_OBSTACLE_H
#define RT_COLLECT_OBSTACLE_H

/* @path: as exec was given it; without a slash it is looked for in our PATH, a relative one from our directory, which may both be other than
 * the program's. Return: the rest of a sentence that begins with the program. */
const char *rt_obstacle_of(const char *path);

#endif
