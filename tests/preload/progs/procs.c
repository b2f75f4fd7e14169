/* Processes that come and go in every way there is; the tests ask for an act by name. Exit 0 = the program itself saw what it should. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(x) do { if (!(x)) { dprintf(9, "line %d: %s (errno %d)\n", __LINE__, #x, errno); _exit(99); } } while (0)

extern char **environ;

static void say(const char *s) { MUST(write(2, s, strlen(s)) == (ssize_t)strlen(s)); }

static void reap(pid_t p)
{
    int status = 0;
    MUST(p > 0 && waitpid(p, &status, 0) == p);
    MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---------------------------------------------------------------- a new environment by each way to exec */
#define CHILD(call) do { pid_t p_ = fork(); if (!p_) { call; _exit(98); } reap(p_); } while (0)
#define SAYS(name) "echo " name " >&2; echo $A"

static void act_environments(void)
{
    char *bare[] = {"A=b", NULL}, *empty[] = {NULL};
    char *argv[] = {"sh", "-c", NULL, NULL};
    pid_t p;
    argv[2] = SAYS("execve"), ({ CHILD(execve("/bin/sh", argv, bare)); });
    argv[2] = SAYS("execve-empty"), ({ CHILD(execve("/bin/sh", argv, empty)); });
    argv[2] = SAYS("execve-null"), ({ CHILD(execve("/bin/sh", argv, NULL)); });
    argv[2] = SAYS("execvpe"), ({ CHILD(execvpe("sh", argv, bare)); });
    argv[2] = SAYS("fexecve"), ({ CHILD(fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), argv, bare)); });
    argv[2] = SAYS("execveat"), ({ CHILD(execveat(AT_FDCWD, "/bin/sh", argv, bare, 0)); });
    CHILD(execle("/bin/sh", "sh", "-c", SAYS("execle"), (char *)NULL, bare));
    CHILD(environ = empty; execl("/bin/sh", "sh", "-c", SAYS("execl"), (char *)NULL));
    CHILD(environ = empty; execlp("sh", "sh", "-c", SAYS("execlp"), (char *)NULL));
    argv[2] = SAYS("execv"), ({ CHILD(clearenv(); execv("/bin/sh", argv)); });
    argv[2] = SAYS("execvp"), ({ CHILD(environ = bare; execvp("sh", argv)); });
    argv[2] = SAYS("posix_spawn"), ({ MUST(posix_spawn(&p, "/bin/sh", NULL, NULL, argv, bare) == 0); reap(p); });
    argv[2] = SAYS("posix_spawnp"), ({ MUST(posix_spawnp(&p, "sh", NULL, NULL, argv, empty) == 0); reap(p); });
    p = vfork();
    if (p == 0) {
        argv[2] = SAYS("vfork");
        execve("/bin/sh", argv, bare);
        _exit(98);
    }
    reap(p);
}

/* An exec that fails leaves everything as it was. */
static void act_failing(void)
{
    char *argv[] = {"nothing", NULL};
    pid_t p = 0;
    say("before\n");
    MUST(execve("/nonexistent/a", argv, environ) == -1 && errno == ENOENT);
    MUST(execvp("/nonexistent/b", argv) == -1 && errno == ENOENT);
    MUST(execve((char *)8, argv, environ) == -1 && errno == EFAULT);
    MUST(execve("/bin/true", (char **)8, environ) == -1 && errno == EFAULT);
    MUST(execve("/bin/true", argv, (char **)8) == -1 && errno == EFAULT);
    MUST(fexecve(-1, argv, environ) == -1 && errno == EINVAL);
    MUST(posix_spawn(&p, "/nonexistent/c", NULL, NULL, argv, environ) == ENOENT);
    say("after\n");
}

/* ---------------------------------------------------------------- children in every way, who all speak at once */
#define LINES 1000

static void say_lines(const char *who)
{
    char line[64];
    for (int i = 0; i < LINES; i++) {
        int n = snprintf(line, sizeof line, "%s %d %d\n", who, (int)syscall(SYS_getpid), i);
        MUST(write(2, line, n) == n);
    }
}
static int say_clone(void *who) { say_lines(who); return 0; }

static void act_ways(void)
{
    static char stack[2][65536];
    pid_t p[6];
    int n = 0;
    if ((p[n++] = fork()) == 0)
        say_lines("fork"), exit(0);
    if ((p[n++] = _Fork()) == 0)
        say_lines("_Fork"), _exit(0);
    if ((p[n++] = syscall(SYS_fork)) == 0)
        say_lines("SYS_fork"), _exit(0);
    if ((p[n++] = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) == 0)
        say_lines("SYS_clone"), _exit(0);
    p[n++] = clone(say_clone, stack[0] + sizeof stack[0], SIGCHLD, "clone");
    p[n++] = clone(say_clone, stack[1] + sizeof stack[1], SIGCHLD | CLONE_FILES, "files"); /* shares descriptors alone */
    say_lines("parent");
    while (n)
        reap(p[--n]);
    /* daemon() and a double fork leave nobody to wait for: a pipe tells that they are done */
    int done[2];
    MUST(pipe(done) == 0);
    if (fork() == 0) {
        MUST(daemon(1, 1) == 0);
        say_lines("daemon");
        _exit(0);
    }
    wait(NULL);
    if ((p[0] = fork()) == 0) {
        setsid();
        if (fork() == 0)
            say_lines("double"), _exit(0);
        _exit(0);
    }
    reap(p[0]);
    close(done[1]);
    MUST(read(done[0], done, 1) == 0);
}

/* One thread forks while seven others log. */
static volatile int stop;
static void *log_on(void *arg)
{
    char line[64];
    for (int i = 0; !stop; i++) {
        int n = snprintf(line, sizeof line, "thread %d %d\n", (int)(size_t)arg, i);
        MUST(write(2, line, n) == n);
        usleep(500);
    }
    return NULL;
}
static void act_fork_among_threads(void)
{
    pthread_t t[7];
    char line[64];
    for (size_t i = 0; i < 7; i++)
        MUST(pthread_create(&t[i], NULL, log_on, (void *)i) == 0);
    for (int i = 0; i < 200; i++) {
        pid_t p = fork();
        if (p == 0) {
            for (int k = 0; k < 3; k++) {
                int n = snprintf(line, sizeof line, "child %d %d %d\n", (int)getpid(), i, k);
                MUST(write(2, line, n) == n);
            }
            _exit(0);
        }
        reap(p);
    }
    stop = 1;
    for (int i = 0; i < 7; i++)
        pthread_join(t[i], NULL);
}

/* 30 children at once, each with ten of its own. */
static void act_storm(void)
{
    for (int i = 0; i < 30; i++)
        if (fork() == 0) {
            for (int k = 0; k < 10; k++)
                if (fork() == 0)
                    say("leaf\n"), _exit(0);
            while (wait(NULL) > 0)
                ;
            say("branch\n");
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
}

/* Children that run on this memory, and with these thread-locals, at the same time. */
static void act_shared(void)
{
    static char stack[2][65536];
    pid_t p[2];
    for (int i = 0; i < 2; i++)
        p[i] = clone(say_clone, stack[i] + sizeof stack[i], SIGCHLD | CLONE_VM, i ? "second" : "first");
    say_lines("parent");
    for (int i = 0; i < 2; i++)
        reap(p[i]);
    say("parent alone\n");
}

/* ---------------------------------------------------------------- rights */
static void act_rights(void)
{
    say("as it began\n");
    MUST(setuid(getuid()) == 0 && setgid(getgid()) == 0 && seteuid(geteuid()) == 0);
    say("nothing changed\n");
    pid_t p = vfork();
    if (p == 0)
        _exit(setgid(65534) != 0);
    reap(p);
    say("a vfork child changed\n");
    MUST(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
    say("another user\n");
    MUST(setuid(0) == -1 && errno == EPERM);
    CHILD(say("its child\n"); _exit(0));
}
static void act_root(void)
{
    MUST(unshare(CLONE_FILES) == 0);
    say("as it began\n");
    CHILD(MUST(unshare(CLONE_NEWUTS) == 0); say("own names\n"); _exit(0));
    CHILD(MUST(setns(open("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS) == 0); say("entered\n"); _exit(0));
    MUST(chroot("/nonexistent") == -1 && errno == ENOENT);
    say("as before\n");
    MUST(chroot("/proc") == 0);
    say("another root\n");
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"environments", act_environments}, {"failing", act_failing}, {"ways", act_ways}, {"fork_among_threads", act_fork_among_threads},
    {"storm", act_storm}, {"shared", act_shared}, {"rights", act_rights}, {"root", act_root},
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
