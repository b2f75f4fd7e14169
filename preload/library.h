/* Functions of libraries that a program may have or not. Whoever calls a hook of that name has the library, so the lookup succeeds: nothing
 * is loaded for it. */
#ifndef RT_PRELOAD_LIBRARY_H
#define RT_PRELOAD_LIBRARY_H

#include "shim.h"

/* What @name of the library with the file name @library is, kept in *slot_mt. Return: NULL = it is not there after all. */
void *rt_library_find(void **slot_mt, const char *library, const char *name);

/* @name of struct @table, whose members are function pointers. */
#define RT_LIBRARY_REAL(table, library, name) \
    ((__typeof__((table).name))(uintptr_t)rt_library_find((void **)(void *)&(table).name, library, #name))

#endif
