/* Functions of what is loaded behind us, as dlsym(RTLD_NEXT) finds them, by reading the hash tables: without lock and allocation, so in a signal
 * handler, a vfork child or a clone without thread-locals, too. What is looked for is in libc or before it, and that stays where it is. */
#ifndef RT_PRELOAD_LOOKUP_H
#define RT_PRELOAD_LOOKUP_H

#include <stdbool.h>

/* Return: NULL when it is not there, or only dlsym can tell. */
void *rt_lookup(const char *name);
/* Does every object have tables, as far as libc? */
bool rt_lookup_works(void);

#endif
