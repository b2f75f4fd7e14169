/* Atomics with the order in the name, over the compiler's builtins. A field that more than one thread or process
 * touches ends in _mt and is only accessed through these. Orders are on the variable, never a separate fence, so that
 * ThreadSanitizer sees them. Guest-safe: no libc. */
#ifndef RT_BASE_ATOMIC_H
#define RT_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define rt_load_relaxed(p)        __atomic_load_n((p), __ATOMIC_RELAXED)
#define rt_load_acquire(p)        __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rt_load_seq_cst(p)        __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define rt_store_relaxed(p, v)    __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define rt_store_release(p, v)    __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define rt_store_seq_cst(p, v)    __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define rt_add_relaxed(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define rt_add_acq_rel(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define rt_add_seq_cst(p, v)     __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define rt_exchange_acq_rel(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
/* Strong compare and exchange; *expected is updated on failure. Success is a full barrier. */
#define rt_cas_seq_cst(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)
/* Keeps the compiler from moving stores of this thread over it: what a signal handler or a SIGKILL then finds is in program order. */
#define rt_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
