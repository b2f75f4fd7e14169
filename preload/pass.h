/* Variadic functions that have no form with a va_list: the real one is called with exactly what was given, register by register and word by
 * word of the stack, while a mark lies in the hook's frame.
 *
 *   name(…) → frame of struct rt_passing → enter(): looks at the arguments, leaves a mark, tells how far they reach on the stack
 *           → copy of those words, registers as they were → real function → mark taken away → return
 *
 * Where enter() cannot tell (RT_STEP_ASIDE) the hook becomes a jump, as if it were not there. On other processors than x86-64 these
 * functions are not hooked; what they print is seen by the stdio slot all the same. */
#ifndef RT_PRELOAD_PASS_H
#define RT_PRELOAD_PASS_H

#include <stdarg.h>

#include "real.h"
#include "shim.h"
#include "template.h"

struct rt_passing {
    uint64_t word[6];      /* the registers, as va_arg() expects them: rdi, rsi, rdx, rcx, r8, r9 */
    uint64_t vector[8][2]; /* xmm0 … xmm7 */
    uint64_t rax;          /* at the end: what the real function returned */
    void *real;            /* set by enter() */
    struct rt_mark mark;   /* cookie 0 = none */
    struct rt_call_args call;
};
_Static_assert(offsetof(struct rt_passing, vector) == 48 && offsetof(struct rt_passing, rax) == 176 &&
               offsetof(struct rt_passing, real) == 184, "as va_list and the assembly want it");

#define RT_STEP_ASIDE SIZE_MAX

/* The address that the call returns to lies before its arguments on the stack. */
static inline uint64_t rt_pass_site(const void *stack)
{
    return ((const uint64_t *)stack)[-1];
}

/* For enter(): where to go; a function that does nothing when @real was not found. */
#define RT_PASS_TO(real) (void *)(uintptr_t)((real) ? (uintptr_t)(real) : (uintptr_t)rt_pass_nowhere)
int rt_pass_nowhere(void);

#if defined(__x86_64__)
/* The arguments behind the first @n_fixed, which are integers or pointers, at most six. */
static inline void rt_pass_args(const struct rt_passing *p, const void *stack, unsigned n_fixed, va_list *ret)
{
    (*ret)->gp_offset = 8 * n_fixed;
    (*ret)->fp_offset = offsetof(struct rt_passing, vector);
    (*ret)->overflow_arg_area = (void *)(uintptr_t)stack;
    (*ret)->reg_save_area = (void *)(uintptr_t)p;
}
/* Bytes of the stack that lie before @ap, for enter() to return. */
static inline size_t rt_pass_bytes(const void *stack, va_list *ap)
{
    return ((size_t)((const char *)(*ap)->overflow_arg_area - (const char *)stack) + 15) & ~(size_t)15;
}

/* The end of the hook. */
void rt_pass_leave(struct rt_passing *p);

#define RT_PASS_REGISTERS \
    "mov (%%rax), %%rdi\n mov 8(%%rax), %%rsi\n mov 16(%%rax), %%rdx\n mov 24(%%rax), %%rcx\n mov 32(%%rax), %%r8\n mov 40(%%rax), %%r9\n" \
    "movaps 48(%%rax), %%xmm0\n movaps 64(%%rax), %%xmm1\n movaps 80(%%rax), %%xmm2\n movaps 96(%%rax), %%xmm3\n" \
    "movaps 112(%%rax), %%xmm4\n movaps 128(%%rax), %%xmm5\n movaps 144(%%rax), %%xmm6\n movaps 160(%%rax), %%xmm7\n" \
    "mov 184(%%rax), %%r11\n mov 176(%%rax), %%rax\n"

/* @enter: size_t enter(struct rt_passing *, const void *stack). The frame has a frame pointer, so that it can be unwound. */
#define RT_PASS_ON(name, enter) \
    static __attribute__((used)) size_t enter(struct rt_passing *p, const void *stack); \
    void rt_hook_##name(void) __asm__(#name); \
    RT_API __attribute__((naked)) void rt_hook_##name(void) \
    { \
        __asm__("push %%rbp\n .cfi_def_cfa_offset 16\n .cfi_offset 6, -16\n mov %%rsp, %%rbp\n .cfi_def_cfa_register 6\n" \
                "sub %[frame], %%rsp\n" \
                "mov %%rdi, (%%rsp)\n mov %%rsi, 8(%%rsp)\n mov %%rdx, 16(%%rsp)\n mov %%rcx, 24(%%rsp)\n mov %%r8, 32(%%rsp)\n" \
                "mov %%r9, 40(%%rsp)\n movaps %%xmm0, 48(%%rsp)\n movaps %%xmm1, 64(%%rsp)\n movaps %%xmm2, 80(%%rsp)\n" \
                "movaps %%xmm3, 96(%%rsp)\n movaps %%xmm4, 112(%%rsp)\n movaps %%xmm5, 128(%%rsp)\n movaps %%xmm6, 144(%%rsp)\n" \
                "movaps %%xmm7, 160(%%rsp)\n mov %%rax, 176(%%rsp)\n" \
                "mov %%rsp, %%rdi\n lea 16(%%rbp), %%rsi\n call " #enter "\n" \
                "test %%rax, %%rax\n js 1f\n" \
                "sub %%rax, %%rsp\n mov %%rax, %%rcx\n lea 16(%%rbp), %%rsi\n mov %%rsp, %%rdi\n rep movsb\n" \
                "lea -%c[frame](%%rbp), %%rax\n" RT_PASS_REGISTERS "call *%%r11\n" \
                "lea -%c[frame](%%rbp), %%rdi\n mov %%rax, 176(%%rdi)\n call rt_pass_leave\n mov 176-%c[frame](%%rbp), %%rax\n" \
                "leave\n .cfi_remember_state\n .cfi_def_cfa 7, 8\n ret\n .cfi_restore_state\n" \
                "1: mov %%rsp, %%rax\n" RT_PASS_REGISTERS "leave\n .cfi_def_cfa 7, 8\n jmp *%%r11" \
                : : [frame] "i"((sizeof(struct rt_passing) + 15) / 16 * 16)); \
    }

/* enter() of functions that print, and whose last fixed argument of @n_fixed is a format: what they print on standard error gets @kind,
 * @errnum, the call site, template and arguments. */
size_t rt_pass_format(struct rt_passing *p, const void *stack, unsigned n_fixed, enum rt_message_kind kind, int errnum);
#endif

#endif
