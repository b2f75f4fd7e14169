/* Functions of what is loaded behind us, as dlsym(RTLD_NEXT) finds them, by reading the hash tables: without lock and allocation, so in a
 * signal handler, a vfork child or a clone without thread-locals, too.
 *
 *   the program, [other preloads,] us → what the program needs … libc → … → what was loaded later
 *                                       └ lasts: may be read at any time ┘   └ comes and goes
 *
 * dlsym waits for the loader, which may be running a constructor that waits for the thread that asks: a hook leaves it alone if it can. */
#ifndef RT_PRELOAD_LOOKUP_H
#define RT_PRELOAD_LOOKUP_H

#include <stdbool.h>

/* Looks as far as libc. Return: NULL when it is not there, or only dlsym can tell. */
void *rt_lookup(const char *name);
/* Does every object have tables, as far as libc? */
bool rt_lookup_works(void);
/* Is @function what libc itself has by this name, and no other before it? */
bool rt_lookup_is_libcs(const char *name, const void *function);

#endif
