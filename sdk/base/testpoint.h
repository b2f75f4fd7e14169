/* RT_TESTPOINT("ring.reserved") marks a state that others can observe. In a release build it is nothing. In test builds it calls
 * rt_testpoint_hook, if set, so that a test can pause, kill or interleave exactly there. */
#ifndef RT_BASE_TESTPOINT_H
#define RT_BASE_TESTPOINT_H

#ifdef RT_TESTPOINTS
extern void (*rt_testpoint_hook)(const char *name) __attribute__((visibility("hidden")));
#define RT_TESTPOINT(name) do { if (rt_testpoint_hook) rt_testpoint_hook(name); } while (0)
#else
#define RT_TESTPOINT(name) do { } while (0)
#endif

#endif
