/* Futexes between threads of one process. (Between processes: base/guest.h.) */
#ifndef RT_BASE_FUTEX_H
#define RT_BASE_FUTEX_H

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* @op: FUTEX_WAIT with the value that is expected and a timeout or NULL, FUTEX_WAKE with how many. Return: as futex(2); errno is changed. */
static inline long rt_futex_private(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

#endif
