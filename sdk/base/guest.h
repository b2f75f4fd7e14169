/* What code inside a foreign process may use: raw system calls that touch neither errno nor libc, and the thread pointer test.
 * Guest-safe: no libc, no allocation, no lock. */
#ifndef RT_BASE_GUEST_H
#define RT_BASE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

/* Return: the kernel's value, a negative errno on failure. Signals: safe. */
static inline long rt_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    long ret;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return ret;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
#else
#error "system calls of this processor are not known here: add them"
#endif
}
#define rt_syscall(nr, ...) RT_SYSCALL_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RT_SYSCALL_(nr, a, b, c, d, e, f, ...) \
    rt_syscall6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Sleeps until *word is no longer @expected and somebody wakes it, or @ns are over. Signals end it early. */
static inline void rt_futex_wait(uint32_t *word, uint32_t expected, uint64_t ns)
{
    struct {
        int64_t s, ns;
    } t = {(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
    rt_syscall(SYS_futex, word, 0 /* FUTEX_WAIT */, expected, &t, 0, 0);
}

/* A clone with a zeroed TLS block (Chromium's sandbox) has no thread pointer; such a thread may not touch thread-locals. */
static inline bool rt_has_tls(void)
{
#if defined(__x86_64__)
    void *tp;
    __asm__("movq %%fs:0, %0" : "=r"(tp));
    return tp != NULL;
#else
    return __builtin_thread_pointer() != NULL;
#endif
}

/* Adds @n and returns the value before: one instruction, so that a signal handler between read and write is impossible.
 * Not for several threads. */
static inline uint32_t rt_bump(uint32_t *p, uint32_t n)
{
#if defined(__x86_64__)
    __asm__ volatile("xaddl %0, %1" : "+r"(n), "+m"(*p) : : "cc");
    return n;
#else
    return __atomic_fetch_add(p, n, __ATOMIC_RELAXED);
#endif
}

#endif
