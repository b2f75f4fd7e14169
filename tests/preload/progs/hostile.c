/* Programs that make life hard for a guest; the tests ask for an act by name. Exit 0 = the program itself saw what it should. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <ucontext.h>
#include <unistd.h>

#define MUST(x) do { if (!(x)) { dprintf(9, "line %d: %s (errno %d)\n", __LINE__, #x, errno); _exit(99); } } while (0)

extern char **environ;

static void say(const char *s) { MUST(write(2, s, strlen(s)) == (ssize_t)strlen(s)); }
static void count(const char *what, int n)
{
    char line[64];
    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%s %d\n", what, i);
        say(line);
    }
}

/* ---------------------------------------------------------------- seccomp: whatever is not on the list kills */
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static struct sock_filter only_write[] = {LOAD, ALLOW(SYS_write), ALLOW(SYS_exit_group), ALLOW(SYS_exit), ALLOW(SYS_rt_sigreturn), KILL};
static struct sock_filter no_questions[] = { /* the other way round: what a guest might ask kills */
    LOAD,
#define DENY(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), KILL
    DENY(SYS_getpid), DENY(SYS_gettid), DENY(SYS_getppid), DENY(SYS_geteuid), DENY(SYS_fstat), DENY(SYS_newfstatat), DENY(SYS_clock_gettime),
    DENY(SYS_openat), DENY(SYS_faccessat), DENY(SYS_renameat), DENY(SYS_sched_yield),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
#define PROGRAM(f) {sizeof f / sizeof f[0], f}

static void before_filter(void)
{
    printf("before\n"); /* libc's own questions about standard output */
    fflush(stdout);
    say("before\n");
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}
static void under_filter(void)
{
    count("filtered", 200);
    for (int i = 0; i < 100; i++) {
        fprintf(stderr, "by stdio %d\n", i);
        printf("out %d\n", i);
    }
    fflush(stdout);
    exit(0);
}
static void act_filter_prctl(void)
{
    struct sock_fprog p = PROGRAM(only_write);
    before_filter();
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0);
    under_filter();
}
static void act_filter_syscall(void)
{
    struct sock_fprog p = PROGRAM(only_write);
    before_filter();
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 && errno == EFAULT); /* as those ask who want to know what there is */
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) == 0);
    under_filter();
}
static volatile int talking, filtered;
static void *talker(void *arg)
{
    talking = 1;
    count("beside", 300);
    while (!filtered)
        ;
    count("beside under it", 300);
    __atomic_add_fetch(&filtered, 1, __ATOMIC_SEQ_CST);
    for (;;)
        ;
    return NULL;
}
/* One thread puts the filter on all, in the middle of their logging. */
static void act_filter_threads(void)
{
    struct sock_fprog p = PROGRAM(only_write);
    pthread_t t;
    before_filter();
    MUST(pthread_create(&t, NULL, talker, NULL) == 0);
    while (!talking)
        ;
    count("main", 100);
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &p) == 0);
    filtered = 1;
    while (filtered < 2)
        ;
    under_filter();
}
static void *newcomer(void *arg)
{
    count("new thread", 20);
    return NULL;
}
/* New threads, children and descriptors under a filter that minds being asked who one is. */
static void act_filter_questions(void)
{
    struct sock_fprog p = PROGRAM(no_questions);
    pthread_t t;
    before_filter();
    MUST(pthread_create(&t, NULL, newcomer, NULL) == 0 && pthread_join(t, NULL) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0);
    MUST(pthread_create(&t, NULL, newcomer, NULL) == 0 && pthread_join(t, NULL) == 0);
    pid_t pid = fork();
    if (!pid) {
        count("child", 20);
        int fd = dup(2);
        MUST(dup2(fd, 1) == 1);
        printf("out became err\n");
        fflush(stdout);
        _exit(7);
    }
    int status;
    MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    under_filter();
}
static void act_filter_flood(void)
{
    struct sock_fprog p = PROGRAM(only_write);
    char line[101];
    memset(line, 'f', 99);
    line[99] = '\n';
    before_filter();
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0);
    for (int i = 0; i < 4000; i++)
        MUST(write(2, line, 100) == 100);
    under_filter();
}

/* ---------------------------------------------------------------- descriptors that vanish */
static void act_closed_by_number(void)
{
    volatile long *map = (long *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* seven words */
    MUST(map != MAP_FAILED && (map[0] = 7) == 7);
    MUST(syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 900, 0) == -1 && errno == EBADF);
    int keep = fcntl(2, F_DUPFD, 500);
    say("before\n");
    MUST(syscall(SYS_close_range, 0, 10, 0) == 0);
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    int pair[2];
    MUST(s == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pair[0] == 1 && pair[1] == 2);
    MUST(write(2, "to nobody\n", 10) == 10 && write(1, "to nobody\n", 10) == 10);
    MUST(syscall(SYS_close, 1) == 0 && syscall(SYS_close, 2) == 0);
    MUST(pipe(pair) == 0 && pair[1] == 2 && write(2, "into a pipe\n", 12) == 12);
    MUST(dup2(keep, 2) == 2);
    say("after\n");
}

/* ---------------------------------------------------------------- memory shared with a child that is no thread */
static volatile int twin_go;
static int twin(void *arg)
{
    while (!twin_go)
        ;
    for (int i = 0; i < 500; i++) { /* nothing of libc but write: errno is the parent's, too */
        char line[16] = "twin 000\n";
        line[5] = (char)('0' + i / 100);
        line[6] = (char)('0' + i / 10 % 10);
        line[7] = (char)('0' + i % 10);
        write(2, line, 9);
    }
    syscall(SYS_exit, 0);
    return 0;
}
static void act_twin(void)
{
    static _Alignas(16) char stack[65536];
    pid_t p = clone(twin, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL);
    MUST(p > 0);
    twin_go = 1;
    count("parent", 500);
    int status;
    MUST(waitpid(p, &status, 0) == p && status == 0);
    say("after\n");
}

/* ---------------------------------------------------------------- little stack */
#define ROOM 65536
static char room[ROOM] __attribute__((aligned(64)));
static ucontext_t home, away;
static void (*task)(void);
static void on_other_stack(void) { task(); }
static long depth_of(void (*f)(void))
{
    memset(room, 0x5a, sizeof room);
    getcontext(&away);
    away.uc_stack.ss_sp = room;
    away.uc_stack.ss_size = sizeof room;
    away.uc_link = &home;
    task = f;
    makecontext(&away, on_other_stack, 0);
    swapcontext(&home, &away);
    long untouched = 0;
    while (untouched < ROOM && room[untouched] == 0x5a)
        untouched++;
    return ROOM - untouched;
}
static void by_write(void) { write(2, "deep\n", 5); }
static void by_fputs(void) { fputs("deep\n", stdout); fflush(stdout); }
static void by_fprintf(void) { fprintf(stdout, "deep %d\n", 5); fflush(stdout); }
static void by_syslog(void) { syslog(LOG_INFO, "deep %d", 5); }
static void by_close(void) { close(dup(2)); }
static void act_depth(void)
{
    static const struct { const char *name; void (*f)(void); } ways[] = {
        {"write", by_write}, {"fputs", by_fputs}, {"fprintf", by_fprintf}, {"syslog", by_syslog}, {"close", by_close}};
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        depth_of(ways[i].f); /* what is bound at the first call */
        dprintf(8, "%s %ld\n", ways[i].name, depth_of(ways[i].f));
    }
}

/* A coroutine on 4 KiB, with a page below that nobody may touch. */
static void coroutine(void) { count("coroutine", 50); }
static void act_coroutine(void)
{
    char *m = mmap(NULL, 4096 * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(mprotect(m, 4096, PROT_NONE) == 0);
    count("main", 5);
    getcontext(&away);
    away.uc_stack.ss_sp = m + 4096;
    away.uc_stack.ss_size = 8192;
    away.uc_link = &home;
    makecontext(&away, coroutine, 0);
    swapcontext(&home, &away);
    say("home\n");
}

/* A large environment, handed on from a thread with little stack. */
static void *spawner(void *arg)
{
    char *argv[] = {"sh", "-c", "echo spawned >&2; echo ${V1400:-nothing}", NULL};
    pid_t p;
    int status;
    MUST(posix_spawn(&p, "/bin/sh", NULL, NULL, argv, arg) == 0);
    MUST(waitpid(p, &status, 0) == p && status == 0);
    p = vfork();
    if (!p) {
        execve("/bin/sh", argv, arg);
        _exit(1);
    }
    MUST(waitpid(p, &status, 0) == p && status == 0);
    return NULL;
}
static void act_large_environment(void)
{
    static char text[1500][16], *env[1501];
    pthread_t t;
    pthread_attr_t a;
    int n = 0;
    for (char **e = environ; *e; e++)
        env[n++] = *e;
    for (; n < 1500; n++) {
        snprintf(text[n], sizeof text[n], "V%d=x%d", n, n);
        env[n] = text[n];
    }
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 16384);
    MUST(pthread_create(&t, &a, spawner, env) == 0 && pthread_join(t, NULL) == 0);
    spawner(env);
}

/* ---------------------------------------------------------------- titles and other vandalism on one's own memory */
static void act_title(char **argv)
{
    char *end = argv[0] - 1; /* as daemons do it: the strings that lie one behind the other */
    for (char **a = argv; *a && *a == end + 1; a++)
        end = *a + strlen(*a);
    for (char **e = environ; *e && *e == end + 1; e++)
        end = *e + strlen(*e);
    environ = calloc(3, sizeof *environ); /* PATH alone is kept, elsewhere */
    environ[0] = "PATH=/usr/bin:/bin";
    memset(argv[0], 'T', (size_t)(end - argv[0]));
    say("retitled\n");
    pid_t p = fork();
    if (!p) {
        say("child\n");
        execlp("sh", "sh", "-c", "echo executed >&2", (char *)NULL);
        _exit(1);
    }
    int status;
    MUST(waitpid(p, &status, 0) == p && status == 0);
    say("parent\n");
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"filter_prctl", act_filter_prctl}, {"filter_syscall", act_filter_syscall}, {"filter_threads", act_filter_threads},
    {"filter_questions", act_filter_questions}, {"filter_flood", act_filter_flood}, {"closed_by_number", act_closed_by_number}, {"twin", act_twin},
    {"depth", act_depth}, {"coroutine", act_coroutine}, {"large_environment", act_large_environment},
};

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "title")) {
        act_title(argv);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(argv[1], acts[i].name))
            continue;
        acts[i].act();
        return 0;
    }
    return 64;
}
