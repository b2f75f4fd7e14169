/* Acts that the tests ask for by name; each prints, logs, forks or misbehaves in one way. Exit 0 = the program itself saw what it should. */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

#define MUST(x) do { if (!(x)) { dprintf(9, "line %d: %s (errno %d)\n", __LINE__, #x, errno); _exit(99); } } while (0)

static void say(const char *s) { MUST(write(2, s, strlen(s)) == (ssize_t)strlen(s)); }

/* ---------------------------------------------------------------- output in every form */
static void act_forms(void)
{
    struct iovec v[2] = {{"vec ", 4}, {"tor\n", 4}};
    printf("printf %d\n", 1);
    puts("puts");
    for (const char *s = "putc\n"; *s; s++)
        putc_unlocked(*s, stdout);
    fwrite("fwrite\n", 1, 7, stdout);
    fflush(stdout);
    MUST(write(1, "write\n", 6) == 6);
    MUST(writev(1, v, 2) == 8);
    MUST(syscall(SYS_write, 1, "by number\n", 10) == 10);
    MUST(pwritev2(1, v, 2, -1, 0) == 8);
    fprintf(stderr, "fprintf %s\n", "stderr");
    fputs("fputs\n", stderr);
    for (const char *s = "chars\n"; *s; s++)
        putc_unlocked(*s, stderr);
    dprintf(2, "dprintf %d\n", 2);
    psignal(SIGTERM, "psignal");
    error(0, ENOENT, "error %d", 3);
    FILE *f = fdopen(dup(2), "w");
    fprintf(f, "dup of 2\n");
    fclose(f);
    f = fopen("/dev/stderr", "a");
    fprintf(f, "by name\n");
    fclose(f);
    printf("unfinished");
}

static void act_wide(void)
{
    fwprintf(stderr, L"wide %d\n", 1);
    fputws(L"wider\n", stdout);
}

/* ---------------------------------------------------------------- state that must not change */
static void act_state(void)
{
    sigset_t set;
    MUST(sigprocmask(SIG_SETMASK, NULL, &set) == 0);
    printf("mask");
    for (int i = 1; i < 65; i++)
        printf("%d", sigismember(&set, i));
    mode_t m = umask(0);
    umask(m);
    printf("\numask %o\nfds", m);
    for (int i = 0; i < 64; i++)
        if (fcntl(i, F_GETFD) >= 0)
            printf(" %d:%x:%x", i, fcntl(i, F_GETFD), fcntl(i, F_GETFL) & ~O_LARGEFILE);
    printf("\n");
    for (int i = 1; i < 32; i++) {
        struct sigaction sa;
        sigaction(i, NULL, &sa);
        printf("%d", sa.sa_handler != SIG_DFL);
    }
    stack_t ss;
    sigaltstack(NULL, &ss);
    printf("\nalt %d cwd ", ss.ss_flags);
    char cwd[4096];
    printf("%s dumpable %d\n", getcwd(cwd, sizeof cwd), prctl(PR_GET_DUMPABLE));
    errno = 77;
    fprintf(stderr, "text\n");
    MUST(errno == 77);
    write(2, "x\n", 2);
    syslog(LOG_INFO, "hello");
    warnx("careful");
    MUST(fork() != 0 || (_exit(0), 0));
    MUST(wait(NULL) > 0);
    MUST(write(-1, "x", 1) == -1 && errno == EBADF);
    for (char **e = environ; *e; e++)
        printf("%s\n", *e);
}

static void act_errno(void)
{
    int full = open("/dev/full", O_WRONLY);
    MUST(full > 0 && dup2(full, 5) == 5);
    MUST(dup2(5, 2) == 2);
    errno = 0;
    MUST(write(2, "x", 1) == -1 && errno == ENOSPC);
    MUST(fprintf(stderr, "x") < 0 && errno == ENOSPC);
    errno = 1234;
    MUST(write(1, "y\n", 2) == 2 && errno == 1234);
    close(2);
    MUST(write(2, "x", 1) == -1 && errno == EBADF);
}

/* ---------------------------------------------------------------- calls that do less */
static void act_short(void)
{
    struct iovec bad[2] = {{"good", 4}, {(void *)16, 4}};
    MUST(write(2, (void *)1, 5) == -1 && errno == EFAULT);
    MUST(write(2, NULL, 5) == -1 && errno == EFAULT);
    MUST(write(2, "abc", (size_t)-1) == -1 && errno == EFAULT);
    MUST(writev(2, bad, 2) == 4);
    MUST(writev(2, bad, -1) == -1 && errno == EINVAL);
    MUST(writev(2, (void *)8, 1) == -1 && errno == EFAULT);
    MUST(writev(2, bad, 0) == 0);
    MUST(write(2, "", 0) == 0);
    say("\n");
    struct rlimit cut = {10, RLIM_INFINITY}, was;
    getrlimit(RLIMIT_FSIZE, &was);
    cut.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &cut);
    MUST(lseek(2, 0, SEEK_CUR) == 5);
    MUST(write(2, "0123456789", 10) == 5);
    MUST(write(2, "never", 5) == -1 && errno == EFBIG);
    MUST(fprintf(stderr, "never by stdio") < 0 && errno == EFBIG);
    cut.rlim_cur = 14;
    setrlimit(RLIMIT_FSIZE, &cut);
    MUST(fprintf(stderr, "56789") < 0);
    setrlimit(RLIMIT_FSIZE, &was);
    say("end\n");
}

/* ---------------------------------------------------------------- processes */
static int clone_child(void *arg)
{
    (void)arg;
    say("clone\n");
    return 0;
}
static void act_forks(void)
{
    static char stack[65536];
    say("parent\n");
    if (fork() == 0) {
        say("fork\n");
        exit(0);
    }
    wait(NULL);
    if (_Fork() == 0) {
        say("_Fork\n");
        _exit(1);
    }
    wait(NULL);
    if (syscall(SYS_fork) == 0) {
        say("SYS_fork\n");
        _exit(2);
    }
    wait(NULL);
    MUST(clone(clone_child, stack + sizeof stack, SIGCHLD, NULL) > 0);
    wait(NULL);
    pid_t p = vfork();
    if (p == 0) {
        dup2(open("/dev/null", O_WRONLY), 2); /* in a vfork child: the parent's own fd 2 stays */
        dup2(open("/dev/null", O_WRONLY), 1);
        _exit(7);
    }
    int status;
    MUST(waitpid(p, &status, 0) == p && WEXITSTATUS(status) == 7);
    if (syscall(SYS_vfork) == 0)
        syscall(SYS_exit, 0);
    wait(NULL);
    if (fork() == 0) {
        if (fork() == 0) {
            say("grandchild\n");
            _exit(0);
        }
        wait(NULL);
        _exit(0); /* says nothing itself */
    }
    wait(NULL);
    siginfo_t info;
    p = fork();
    if (p == 0)
        kill(getpid(), SIGKILL);
    MUST(waitid(P_PID, p, &info, WEXITED) == 0 && info.si_status == SIGKILL);
    say("parent again\n");
    int alive[2]; /* closed by the daemon's end */
    MUST(pipe(alive) == 0);
    if (fork() == 0) {
        MUST(daemon(1, 1) == 0);
        say("daemon\n");
        _exit(0);
    }
    close(alive[1]);
    MUST(read(alive[0], stack, 1) == 0);
    wait(NULL);
}
static void act_exec(void)
{
    extern char **environ;
    dup2(2, 1); /* this one now goes to stderr */
    execlp("sh", "sh", "-c", "echo after exec", (char *)NULL);
}
static void act_moved(void)
{
    int err = dup(2), out = fcntl(1, F_DUPFD_CLOEXEC, 40);
    MUST(dup2(out, 2) == 2);
    say("to stdout by 2\n");
    MUST(dup3(err, 1, 0) == 1);
    printf("to stderr by 1\n");
    fflush(stdout);
    MUST(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    close(out);
    close(err);
    int file = open("/dev/null", O_WRONLY);
    MUST(file == err);
    MUST(write(file, "silence\n", 8) == 8);
    MUST(freopen("/dev/null", "w", stdout) == stdout);
    printf("more silence\n");
    fclose(stdout);
    MUST(close_range(3, 60, 0) == 0);
    say("last\n");
}

/* ---------------------------------------------------------------- threads, signals */
static void *chatter(void *arg)
{
    char line[64];
    for (int i = 0; i < 200; i++)
        write(2, line, (size_t)sprintf(line, "thread %ld line %d\n", (long)arg, i));
    return NULL;
}
static void act_threads(void)
{
    pthread_t t[8];
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 16384);
    for (long i = 0; i < 8; i++)
        MUST(pthread_create(&t[i], &a, chatter, (void *)i) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
}

static volatile int ticks;
static void on_alarm(int s)
{
    (void)s;
    int e = errno;
    if (ticks++ < 500)
        write(2, "tick\n", 5);
    errno = e;
}
static void act_signals(void)
{
    static char alt[4096 + 8192];
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
    sigaltstack(&ss, NULL);
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigaction(SIGALRM, &sa, NULL);
    struct itimerval t = {{0, 200}, {0, 200}};
    setitimer(ITIMER_REAL, &t, NULL);
    for (int i = 0; i < 3000; i++)
        MUST(write(2, "work\n", 5) == 5);
    t = (struct itimerval){0};
    setitimer(ITIMER_REAL, &t, NULL);
}

static sigjmp_buf away;
static void on_pipe(int s)
{
    (void)s;
    siglongjmp(away, 1);
}
static __attribute__((noinline)) void deep(int n)
{
    volatile char room[512];
    memset((char *)room, n, sizeof room);
    if (n)
        deep(n - 1);
    else
        say("deep\n");
}
/* Leaves a warning by a jump out of its write, then says something from further down the stack. */
static void act_jump(void)
{
    int p[2], keep = dup(2);
    MUST(pipe(p) == 0);
    close(p[0]);
    signal(SIGPIPE, on_pipe);
    if (!sigsetjmp(away, 1)) {
        dup2(p[1], 2);
        warnx("never seen");
    }
    dup2(keep, 2);
    deep(8);
    syslog(LOG_INFO, "still here");
}

/* ---------------------------------------------------------------- messages */
static void act_syslog(void)
{
    char ident[8] = "first";
    syslog(LOG_ERR, "no openlog %s", "yet");
    openlog(ident, LOG_PERROR, LOG_LOCAL3);
    errno = EACCES;
    syslog(LOG_WARNING, "errno %m %d", 5);
    strcpy(ident, "later");
    syslog(LOG_MAIL | LOG_NOTICE, "own facility");
    setlogmask(LOG_UPTO(LOG_WARNING));
    syslog(LOG_INFO, "masked");
    setlogmask(0xff);
    char *big = malloc(9001);
    memset(big, 'b', 9000);
    big[9000] = 0;
    syslog(LOG_INFO, "%s", big);
    say("after\n");
}
static void act_messages(void)
{
    errno = ENOENT;
    warn("warn %d", 1);
    warnx("warnx %d", 2);
    errno = EPERM;
    perror("perror");
    errno = EPERM;
    perror(NULL);
    say("plain\n");
    if (fork() == 0) {
        errno = EIO;
        err(4, "err %s", "x");
    }
    wait(NULL);
    if (fork() == 0)
        errx(5, "errx");
    wait(NULL);
    if (fork() == 0)
        assert(1 == 2);
    wait(NULL);
    if (fork() == 0)
        abort();
    int status;
    wait(&status);
    MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---------------------------------------------------------------- hostile surroundings */
static void act_strict(void)
{
    say("before\n");
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0);
    char line[32] = "strict 00\n";
    for (int i = 0; i < 100; i++) {
        line[7] = (char)('0' + i / 10);
        line[8] = (char)('0' + i % 10);
        if (write(2, line, 10) != 10)
            break;
    }
    syscall(SYS_exit, 0);
}
/* A filter that lets nobody rename, and the program that inherits it. */
static void act_filter(void)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {sizeof f / sizeof f[0], f};
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
    say("filtered\n");
    execlp("sh", "sh", "-c", "echo inherited >&2", (char *)NULL);
}
static void act_tsc(void)
{
    MUST(prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) == 0);
    say("without a clock\n");
}
static int no_tls_child(void *arg)
{
    (void)arg;
    _exit(3);
}
/* Like Chromium's sandbox: shared memory, and thread-locals that are all zero. */
static void act_no_tls(void)
{
    static char stack[65536];
    char *tls = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* what lies below the block faults */
    MUST(mprotect(tls + 8192, 8192, PROT_READ | PROT_WRITE) == 0);
    pid_t p = clone(no_tls_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_SETTLS | SIGCHLD, NULL, NULL, tls + 8192);
    int status;
    MUST(p > 0 && waitpid(p, &status, 0) == p && WIFEXITED(status) && WEXITSTATUS(status) == 3);
    say("alive\n");
}
static void act_closed(void)
{
    close(2);
    MUST(socket(AF_UNIX, SOCK_DGRAM, 0) == 2 && write(2, "to nobody", 9) == -1);
    fclose(stdout);
    MUST(socket(AF_UNIX, SOCK_DGRAM, 0) == 1 && write(1, "to nobody", 9) == -1);
    closefrom(0);
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    MUST(s == 0 && dup(s) == 1 && dup(s) == 2);
    MUST(write(2, "to a socket", 11) == -1);
}
static void act_flood(void)
{
    char line[101];
    memset(line, 'f', 99);
    line[99] = '\n';
    for (int i = 0; i < 40000; i++)
        write(2, line, 100);
}
static void act_killed(void)
{
    for (int i = 0; i < 5000; i++)
        fprintf(stderr, "line %d of one that will be killed\n", i);
    kill(getpid(), SIGKILL);
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"forms", act_forms}, {"wide", act_wide}, {"state", act_state}, {"errno", act_errno}, {"short", act_short}, {"forks", act_forks}, {"exec", act_exec},
    {"moved", act_moved}, {"threads", act_threads}, {"signals", act_signals}, {"jump", act_jump}, {"syslog", act_syslog},
    {"messages", act_messages}, {"strict", act_strict}, {"tsc", act_tsc}, {"filter", act_filter}, {"no_tls", act_no_tls}, {"closed", act_closed},
    {"flood", act_flood}, {"killed", act_killed},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(argv[1], acts[i].name))
            continue;
        acts[i].act();
        return 0;
    }
    return 64;
}
