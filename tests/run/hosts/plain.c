/* Says what a program can see of itself: children, signals, descriptors, environment, the vector behind it. Then runs its arguments by
 * system(), popen() and posix_spawn(). */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; /* without PIE: a copy of libc's own */
static volatile int children;

static void on_child(int sig) { children++; }

int main(int argc, char **argv, char **envp)
{
    signal(SIGCHLD, on_child);
    printf("children: %d\n", waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD ? 0 : 1);
    for (int fd = 3; fd < 64; fd++)
        if (fd != 9 && dup2(fd, fd) >= 0)
            printf("fd %d is open\n", fd);
    printf("environ is what main got: %d\n", environ == envp);
    char **e = environ;
    while (*e)
        e++;
    Elf64_auxv_t *a = (void *)(e + 1);
    while (a->a_type != AT_NULL && a->a_type != AT_PAGESZ)
        a++;
    printf("the vector is behind: %d\n", a->a_type == AT_PAGESZ && a->a_un.a_val == getauxval(AT_PAGESZ));
    setenv("NEW", "1", 1);
    unsetenv("OLD");
    printf("NEW=%s OLD=%s KEPT=%s\n", getenv("NEW"), getenv("OLD") ? "there" : "gone", getenv("KEPT") ? getenv("KEPT") : "gone");
    printf("signals: %d\n", children);
    fflush(stdout);
    if (argc < 2)
        return 7;
    pid_t pid;
    char *sh[] = {"sh", "-c", argv[1], NULL};
    int status = system(argv[1]);
    FILE *p = popen(argv[1], "w");
    pclose(p);
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, sh, environ) == 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    return WEXITSTATUS(status);
}
