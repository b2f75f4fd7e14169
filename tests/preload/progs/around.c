/* Says what a program can find out about its surroundings without looking for us: one fact a line. Started as the child of something real,
 * with and without the shim, it must say the same. Numbers of pipes, sockets and unnamed files and what is behind LD_PRELOAD and RETAP* are left out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static void descriptors(FILE *out)
{
    for (int fd = 0; fd < 1024; fd++) {
        char link[64], to[4096];
        struct stat st;
        if (fd == fileno(out) || fstat(fd, &st) < 0)
            continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, to, sizeof to - 1);
        to[n < 0 ? 0 : n] = 0;
        to[strcspn(to, "[#")] = 0;
        fprintf(out, "fd %d flags %x %x mode %o tty %d %s\n", fd, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL), st.st_mode, isatty(fd), to);
    }
}

static void signals(FILE *out)
{
    sigset_t set;
    for (int s = 1; s < 65; s++) {
        struct sigaction sa;
        if (sigaction(s, NULL, &sa) == 0 && (sa.sa_handler != SIG_DFL || sa.sa_flags))
            fprintf(out, "signal %d %s flags %x\n", s, sa.sa_handler == SIG_IGN ? "ignored" : sa.sa_handler == SIG_DFL ? "default" : "handled",
                    sa.sa_flags);
    }
    for (int i = 0; i < 2; i++) {
        i ? sigpending(&set) : sigprocmask(SIG_SETMASK, NULL, &set);
        fprintf(out, "%s", i ? "pending" : "blocked");
        for (int s = 1; s < 65; s++)
            if (sigismember(&set, s) == 1)
                fprintf(out, " %d", s);
        fprintf(out, "\n");
    }
    stack_t ss;
    sigaltstack(NULL, &ss);
    fprintf(out, "alternate stack %d\n", ss.ss_flags);
}

static void limits(FILE *out)
{
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit r;
        if (getrlimit(i, &r) == 0)
            fprintf(out, "limit %d %lx %lx\n", i, (unsigned long)r.rlim_cur, (unsigned long)r.rlim_max);
    }
}

/* The lines of /proc/self/status that are not about memory or numbers of processes. */
static void status(FILE *out)
{
    static const char *const wanted[] = {"Umask", "Uid", "Gid", "Groups", "Threads", "SigPnd", "SigBlk", "SigIgn", "Cap", "NoNewPrivs",
                                         "Seccomp", "Cpus_allowed:"};
    char line[4096];
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (!strncmp(line, wanted[i], strlen(wanted[i])))
                fputs(line, out);
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    int first_errno = errno;
    char cwd[4096];
    const char *to = argc > 1 && argv[1][0] ? argv[1] : "/dev/stdout";
    int fd = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 200), "a");
    if (!out)
        return 70;
    close(fd);
    fprintf(out, "errno %d arguments", first_errno);
    for (int i = 0; i < argc; i++)
        fprintf(out, " '%s'", argv[i]);
    fprintf(out, "\ncwd %s leader %d %d\n", getcwd(cwd, sizeof cwd), getpgrp() == getpid(), getsid(0) == getpid());
    descriptors(out);
    signals(out);
    limits(out);
    status(out);
    struct itimerval timer;
    getitimer(ITIMER_REAL, &timer);
    fprintf(out, "nice %d policy %d personality %x dumpable %d slack %d timer %ld\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
            personality(0xffffffff), prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK), (long)timer.it_value.tv_sec);
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) && strncmp(*e, "RETAP", 5))
            fprintf(out, "%s\n", *e);
    fprintf(out, "\n");
    return fflush(out) || ferror(out) ? 71 : 0;
}
