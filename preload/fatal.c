/* libc's last words: "free(): double free detected", "buffer overflow detected" and the like are written in a way that no hook sees, and
 * abort() follows. A handler of SIGABRT reads what libc keeps of them for core files (__abort_msg), then lets the signal do what it would
 * have done.
 *
 *   abort() → SIGABRT → last_words(): MESSAGE, the signal again → return → default action, at the same instruction
 *
 * The handler stands only where the program has the default, and hides: who asks is told SIG_DFL, who sets a handler of its own replaces
 * it, who sets the default gets it back. exec resets it, as any handler. */
#include <signal.h>
#include <string.h>

#include "fatal.h"
#include "message.h"
#include "real.h"
#include "shim.h"

#define TEXT_MOST 1024u

struct abort_message { /* as glibc lays it out, since 2.4 */
    unsigned size;     /* of the mapping */
    char text[];
};
extern struct abort_message *__abort_msg __attribute__((weak));

uint32_t rt_fatal_told_mt;

/* As the kernel has it: libc's own function may be another preload's, or a sanitizer's, and not ready when the constructor runs. */
struct action {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};
static long action(const struct action *set, struct action *ret_now)
{
    return rt_syscall(SYS_rt_sigaction, SIGABRT, set, ret_now, sizeof set->mask, 0, 0);
}

static bool standing;       /* the handler stands for the default, or did */
static struct action shown; /* the default, to who asks */

static RT_COLD void tell(const struct abort_message *said)
{
    const struct rt_writer *w = rt_capture();
    struct rt_call call = {0};
    struct rt_message m = {.kind = RT_MESSAGE_FATAL, .pri = -1};
    struct rt_message_names names = {.ident = rt_program_name()};
    size_t n = 0;
    while (n < TEXT_MOST && n + sizeof *said < said->size && said->text[n])
        n++;
    if (w)
        rt_message_write(w, &call, &m, &names, said->text, n, n == TEXT_MOST ? RT_FLAG_TRUNCATED : 0);
}

/* SA_RESETHAND: the default is in force again already. The signal is blocked until this returns, then it ends the process where it was,
 * with the sender that it had. */
static void last_words(int sig, siginfo_t *info, void *context)
{
    const struct abort_message *said = &__abort_msg ? rt_load_relaxed(&__abort_msg) : NULL;
    if (said && !rt_load_relaxed(&rt_fatal_told_mt))
        tell(said);
    long pid = rt_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0), tid = rt_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    if (info->si_code == SI_TKILL || rt_syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, info, 0, 0))
        rt_syscall(SYS_tgkill, pid, tid, sig, 0, 0, 0);
}

static bool is_ours(const struct sigaction *a)
{
    return a->sa_flags & SA_SIGINFO && a->sa_sigaction == last_words;
}

#if defined(__x86_64__)
#define RESTORER 0x04000000ul /* SA_RESTORER */
/* rt_sigreturn, in the bytes and by the name by which debuggers and unwinders know the end of a handler; not described as a function. */
void handler_ends(void) __asm__("__restore_rt") __attribute__((visibility("hidden")));
__asm__(".text\n .p2align 4\n nop\n __restore_rt: mov $15, %rax\n syscall\n");
#else
#define RESTORER 0ul
#define handler_ends NULL
#endif

/* Puts the handler where the default is, and keeps how that was set. */
static void stand(void)
{
    const struct action ours = {(void *)(uintptr_t)last_words, SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_RESETHAND | RESTORER,
                                handler_ends, 0};
    struct action now;
    if (action(NULL, &now) || now.handler != (void *)SIG_DFL)
        return;
    shown = now;
    standing = action(&ours, NULL) == 0;
}

void rt_fatal_start(void)
{
    if (&__abort_msg)
        stand();
}

/* ---------------------------------------------------------------- who asks for, or sets, what a signal does */
static RT_COLD int change_abort(const struct sigaction *act, struct sigaction *old)
{
    struct sigaction was;
    int r = rt_real.sigaction(SIGABRT, act, &was);
    if (r)
        return r;
    if (old && is_ours(&was)) {
        was.sa_handler = SIG_DFL;
        was.sa_flags = (int)shown.flags;
        was.sa_restorer = shown.restorer;
        memset(&was.sa_mask, 0, sizeof was.sa_mask);
        memcpy(&was.sa_mask, &shown.mask, sizeof shown.mask);
    }
    if (old)
        *old = was;
    if (act)
        stand();
    return 0;
}

RT_API int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
    if (!RT_REAL(sigaction))
        return -1;
    return rt_unlikely(sig == SIGABRT && standing) ? change_abort(act, old) : rt_real.sigaction(sig, act, old);
}
int __sigaction(int sig, const struct sigaction *act, struct sigaction *old);
RT_API int __sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
    return sigaction(sig, act, old);
}

/* Of the old forms: what they return. */
static sighandler_t changed(int sig, sighandler_t was)
{
    if (sig != SIGABRT || !standing)
        return was;
    stand();
    return was == (sighandler_t)(uintptr_t)last_words ? SIG_DFL : was;
}
#define OLD_FORM(name) \
    sighandler_t name(int sig, sighandler_t handler); \
    RT_API sighandler_t name(int sig, sighandler_t handler) \
    { \
        return RT_REAL(name) ? changed(sig, rt_real.name(sig, handler)) : SIG_ERR; \
    }
OLD_FORM(signal)
OLD_FORM(bsd_signal)
OLD_FORM(ssignal)
OLD_FORM(sysv_signal)
OLD_FORM(__sysv_signal)
OLD_FORM(sigset)
