/* Read-copy-update (liburcu, bp flavour): the only door to it. Readers never wait; who replaces a pointer publishes the new one, waits a grace
 * period (rt_rcu_synchronize) and then owns the old one alone.
 *
 * A thread's first read section registers it (a mutex and an mmap): done when its lane is made. No call_rcu: that is a thread, and locks
 * over fork. Debian's liburcu 0.13 carries no ThreadSanitizer annotations, so the two that make a correct reader silent are here. */
#ifndef RT_BASE_RCU_H
#define RT_BASE_RCU_H

#ifndef RT_RCU_CALLS /* for UndefinedBehaviorSanitizer: liburcu's own readers are less aligned than their type says */
#define _LGPL_SOURCE /* its inline read lock: each function has less than ten lines, which its licence leaves free */
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#include <urcu/urcu-bp.h>
#pragma GCC diagnostic pop

#include "base/atomic.h"

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define RT_RCU_TSAN(what) __tsan_##what(&urcu_bp_gp)
#else
#define RT_RCU_TSAN(what) ((void)0)
#endif

/* Threads: any. Signals: not safe. Blocks: never (a thread's first one takes a mutex). */
static inline void rt_rcu_read_lock(void)
{
    urcu_bp_read_lock();
}
static inline void rt_rcu_read_unlock(void)
{
    RT_RCU_TSAN(release);
    urcu_bp_read_unlock();
}
/* The pointer at @p, readable until the read section ends. */
#define rt_rcu_load(p) rt_load_acquire(p)
/* Puts @v at @p. Return: what was there; it is the caller's alone after rt_rcu_synchronize(). */
#define rt_rcu_exchange(p, v) rt_exchange_acq_rel((p), (v))
/* Waits until every read section that runs now has ended. Not inside a read section. */
static inline void rt_rcu_synchronize(void)
{
    urcu_bp_synchronize_rcu();
    RT_RCU_TSAN(acquire);
}

#endif
