/* Ways to die of SIGABRT, or not to; by name. Exit 99 = the program itself saw what it should not. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#pragma GCC diagnostic ignored "-Warray-bounds"

#define MUST(x) do { if (!(x)) { dprintf(9, "line %d: %s (errno %d)\n", __LINE__, #x, errno); _exit(99); } } while (0)

static void free_twice(void)
{
    char *volatile p = malloc(20), *volatile q = p;
    free(p);
    free(q);
}
static void act_double_free(void)
{
    fprintf(stderr, "before\n");
    free_twice();
}
static void *in_thread(void *arg)
{
    free_twice();
    return NULL;
}
static void act_double_free_thread(void)
{
    pthread_t t;
    pthread_create(&t, NULL, in_thread, NULL);
    pthread_join(t, NULL);
}
static void act_double_free_altstack(void)
{
    stack_t small = {.ss_sp = malloc(8192), .ss_size = 8192};
    MUST(sigaltstack(&small, NULL) == 0);
    free_twice();
}
static void act_fortify(void)
{
    char room[8];
    memset(room, 'x', (size_t)strlen(getenv("PATH")) + 100);
    puts(room);
}
static void __attribute__((noinline)) act_smash(void)
{
    char room[8];
    volatile char *p = room;
    for (int i = 0; i < 40; i++)
        p[i] = 'x';
}
static void act_assertion(void) { assert(1 == 2); }
static void act_old_assertion(void)
{
    extern void __assert(const char *, const char *, int);
    __assert("3 == 4", "old.c", 12);
}
static void act_abort(void) { abort(); }
static void act_raise(void) { raise(SIGABRT); }
static void act_kill(void)
{
    kill(getpid(), SIGABRT);
    pause();
}
static void act_queue(void)
{
    sigqueue(getpid(), SIGABRT, (union sigval){.sival_int = 7});
    pause();
}
static void act_from_child(void)
{
    if (fork() == 0) {
        kill(getppid(), SIGABRT);
        _exit(0);
    }
    for (;;)
        pause();
}
static void act_blocked(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGABRT);
    fprintf(stderr, "still here\n");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    MUST(0);
}
static void act_ignored(void)
{
    MUST(signal(SIGABRT, SIG_IGN) == SIG_DFL);
    raise(SIGABRT);
    MUST(signal(SIGABRT, SIG_DFL) == SIG_IGN);
}

/* ---------------------------------------------------------------- who asks, who sets */
static volatile sig_atomic_t got;
static void note(int sig) { got = sig; }
static void leave(int sig) { _exit(3); }
static void is_default(void)
{
    struct sigaction a;
    memset(&a, 0x55, sizeof a);
    MUST(sigaction(SIGABRT, NULL, &a) == 0 && a.sa_handler == SIG_DFL);
    dprintf(1, "flags %x mask %d\n", a.sa_flags, sigismember(&a.sa_mask, SIGABRT));
}
extern __sighandler_t bsd_signal(int, __sighandler_t), ssignal(int, __sighandler_t), __sysv_signal(int, __sighandler_t);
static void act_handlers(void)
{
    __sighandler_t (*const forms[])(int, __sighandler_t) = {signal, bsd_signal, ssignal, sysv_signal, __sysv_signal, sigset};
    struct sigaction a = {.sa_handler = note, .sa_flags = SA_NODEFER}, old;
    is_default();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        got = 0;
        MUST(forms[i](SIGABRT, note) == SIG_DFL);
        MUST(raise(SIGABRT) == 0 && got == SIGABRT);
        MUST(sigaction(SIGABRT, NULL, &old) == 0 && (old.sa_handler == note || forms[i] == sysv_signal || forms[i] == __sysv_signal));
        MUST(signal(SIGABRT, SIG_DFL) != SIG_ERR);
        is_default();
        MUST(forms[i](SIGABRT, SIG_DFL) == SIG_DFL);
        is_default();
        MUST(forms[i](SIGUSR1, note) == SIG_DFL && forms[i](SIGUSR1, SIG_DFL) == note && forms[i](12345, note) == SIG_ERR);
    }
    MUST(sigaction(SIGABRT, &a, &old) == 0 && old.sa_handler == SIG_DFL);
    MUST(sigaction(SIGABRT, NULL, &old) == 0 && old.sa_handler == note && old.sa_flags & SA_NODEFER);
    a.sa_handler = SIG_DFL;
    MUST(sigaction(SIGABRT, &a, &old) == 0 && old.sa_handler == note);
    MUST(sigaction(SIGABRT, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
    MUST(sigaction(SIGKILL, &a, NULL) == -1 && errno == EINVAL && sigaction(SIGTERM, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
}
static void act_own_handler(void)
{
    signal(SIGABRT, leave);
    free_twice();
}
static void act_own_handler_returns(void)
{
    signal(SIGABRT, note);
    abort();
}
static void back_to_default(int sig)
{
    signal(SIGABRT, SIG_DFL);
    raise(sig);
}
static void act_reset(void)
{
    signal(SIGABRT, back_to_default);
    free_twice();
}
static int status_of(pid_t pid)
{
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    return status & ~WCOREFLAG;
}
static void act_children(void)
{
    extern char **environ;
    pid_t pid = fork();
    if (pid == 0)
        abort();
    MUST(status_of(pid) == SIGABRT);
    char *argv[] = {"sh", "-c", "kill -ABRT $$", NULL};
    MUST(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0 && status_of(pid) == SIGABRT);
    argv[2] = "trap : ABRT; kill -ABRT $$; trap - ABRT; kill -ABRT $$";
    MUST(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0 && status_of(pid) == SIGABRT);
}
static void act_vfork_child(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGABRT);
        _exit(1);
    }
    MUST(status_of(pid) == SIGABRT);
    is_default();
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"double_free", act_double_free}, {"double_free_thread", act_double_free_thread}, {"double_free_altstack", act_double_free_altstack},
    {"fortify", act_fortify}, {"smash", act_smash}, {"assertion", act_assertion}, {"old_assertion", act_old_assertion}, {"abort", act_abort}, {"raise", act_raise},
    {"kill", act_kill}, {"queue", act_queue}, {"from_child", act_from_child}, {"blocked", act_blocked}, {"ignored", act_ignored}, {"handlers", act_handlers},
    {"own_handler", act_own_handler}, {"own_handler_returns", act_own_handler_returns}, {"reset", act_reset}, {"children", act_children},
    {"vfork_child", act_vfork_child},
};

static void run(const char *name)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (!strcmp(name, acts[i].name))
            acts[i].act();
}

/* Runs an act in a child under a tracer that looks at the last SIGABRT: its sender and where it hit. */
static void watch(const char *name)
{
    struct rlimit most;
    getrlimit(RLIMIT_CORE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_CORE, &most);
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME);
        raise(SIGSTOP);
        run(name);
        _exit(98);
    }
    int status;
    siginfo_t info = {0};
    for (;;) {
        MUST(waitpid(pid, &status, 0) == pid);
        if (!WIFSTOPPED(status))
            break;
        if (WSTOPSIG(status) == SIGABRT)
            ptrace(PTRACE_GETSIGINFO, pid, NULL, &info);
        ptrace(PTRACE_CONT, pid, NULL, WSTOPSIG(status) == SIGSTOP ? 0 : (void *)(long)WSTOPSIG(status));
    }
    printf("status %d signal %d code %d own %d core %d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
           info.si_signo, info.si_code, info.si_pid == pid, WIFSIGNALED(status) && WCOREDUMP(status) != 0);
}

int main(int argc, char **argv)
{
    if (argc > 2)
        watch(argv[2]);
    else if (argc > 1)
        run(argv[1]);
    return 0;
}
