/* Processes that come and go in every way there is; the tests ask for an act by name. Exit 0 = the program itself saw what it should. */
#include <errno.h>
#include <fcntl.h>
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

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"environments", act_environments}, {"failing", act_failing},
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
