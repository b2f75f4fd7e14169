#include "tests/harness/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct rt_test __start_rt_tests[], __stop_rt_tests[];

void rt_test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    _exit(1);
}

void rt_test_skip(const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "skipped: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    _exit(77);
}

/* Of libretap, where a test uses its streams: the process' own descriptors (a copy of standard error) are there before counting. */
extern void rt_core_init(void) __attribute__((weak));

static int count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    if (!d)
        return -1;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int run_one(const struct rt_test *t)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        if (rt_core_init)
            rt_core_init();
        int before = count_fds();
        t->run();
        int after = count_fds();
        if (after > before)
            rt_test_fail(t->file, t->line, "%d file descriptors leaked", after - before);
        fflush(NULL);
        exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77))
        return WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: killed by signal %d (%s)\n", t->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    fprintf(stderr, "FAILED %s (%s:%d)\n", t->name, t->file, t->line);
    return 1;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;
    for (const struct rt_test *t = __start_rt_tests; t < __stop_rt_tests; t++) {
        if (argc > 1 && !strstr(t->name, argv[1]))
            continue;
        int r = run_one(t);
        *(r == 0 ? &passed : r == 77 ? &skipped : &failed) += 1;
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed ? 1 : passed ? 0 : skipped ? 77 : 0;
}
