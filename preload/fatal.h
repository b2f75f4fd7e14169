/* What libc says before it aborts the process. */
#ifndef RT_PRELOAD_FATAL_H
#define RT_PRELOAD_FATAL_H

#include <stdint.h>

/* Puts the handler of SIGABRT where the default is. By the constructor, with capture on. */
void rt_fatal_start(void);

/* 1: a hook has recorded already why this process is about to abort. */
extern uint32_t rt_fatal_told_mt;

#endif
