/* The one place through which glibc's stdio writes: the `write` member of its table of FILE operations. With the slot every flush
 * is seen once, whatever function made it, formatted once by libc, under the lock of the FILE. Where there is no slot (musl, a table that
 * does not look as it should) the functions on stdout and stderr are recorded by name instead. */
#ifndef RT_PRELOAD_SLOT_H
#define RT_PRELOAD_SLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Puts ours into the slot. Only the constructor calls it, while there is one thread. */
void rt_slot_start(void);

/* 1: there is no slot, names record. One byte, since the entries of the variadic functions test it in assembly. */
extern uint8_t rt_stdio_names;
/* Calls @flush, which writes @f (NULL = every FILE) for the caller at @site. */
int rt_stdio_flush(FILE *f, uint64_t site, int (*flush)(FILE *));
#ifdef RT_TESTPOINTS
extern bool rt_test_without_slot; /* set by RETAP_TEST_NO_SLOT in test builds */
#endif

#endif
