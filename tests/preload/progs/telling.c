/* Acts that the tests ask for by name: libc tells something by itself, in every way that it has. */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <execinfo.h>
#include <fmtmsg.h>
#include <getopt.h>
#include <malloc.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(x) do { if (!(x)) { dprintf(9, "line %d: %s (errno %d)\n", __LINE__, #x, errno); _exit(99); } } while (0)

/* ---------------------------------------------------------------- error() */
static void act_error(void)
{
    printf("before");
    error(0, 0, "plain %d", 1);
    error(0, ENOENT, "file %s", "x");
    error_at_line(0, 0, "code.c", 12, "at %s %u", "line", 3u);
    error_at_line(0, EIO, NULL, 13, "nowhere");
    errno = EPERM;
    error(0, 0, "why: %m");
    MUST(error_message_count == 5);
}
/* More arguments than registers, of every kind; behind them lies what must not be touched. */
static void act_error_many(void)
{
    error(0, 0, "%d %d %d %d %d %d %d %d %s", 1, 2, 3, 4, 5, 6, 7, 8, "end");
    error(0, 0, "%f %f %f %f %f %f %f %f %f %f %d", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11);
    error(0, 0, "%Lf %d %Lf %s", 1.5L, 2, 3.5L, "long double");
    error(0, 0, "%*.*f|%-*s|%.*s", 8, 2, 3.14159, 6, "ab", 3, "abcdef");
    error(0, 0, "%2$s %1$d %3$f", 1, "two", 3.);
    error(0, 0, "%ls and %lc", L"wide", L'c'); /* not looked into */
    int n = 0;
    error(0, 0, "count%n it", &n);
    MUST(n == 5);
    error_at_line(0, 0, "f", 1, "%d %d %d %d", 6, 7, 8, 9);
}
static void act_error_exit(void)
{
    printf("out\n");
    error(7, ENOSPC, "last %s", "words");
}
static void say_name(void)
{
    fprintf(stderr, "my-name: ");
}
static void act_error_name(void)
{
    error_print_progname = say_name;
    error(0, 0, "with a name");
    error_one_per_line = 1;
    for (int i = 0; i < 3; i++)
        error_at_line(0, 0, "same.c", 5, "once");
}
/* Below a hook the stack can be unwound to its caller, and left by a jump. */
static void act_error_unwind(void);
static jmp_buf out;
static void leave(void)
{
    void *at[32];
    int n = backtrace(at, 32), found = 0;
    for (int i = 0; i < n; i++)
        found += (char *)at[i] > (char *)act_error_unwind && (char *)at[i] < (char *)act_error_unwind + 512;
    fprintf(stderr, "found %d ", found);
    longjmp(out, 1);
}
static void __attribute__((noinline)) act_error_unwind(void)
{
    error_print_progname = leave;
    if (!setjmp(out))
        error(0, 0, "%d %d %d %d %d %d", 1, 2, 3, 4, 5, 6);
    error_print_progname = NULL;
    fprintf(stderr, "left\n");
    error(0, 0, "again");
}

/* ---------------------------------------------------------------- the command line */
static void act_getopt(void)
{
    char *argv[] = {"prog", "-x", "-o", NULL};
    while (getopt(3, argv, "o:") != -1)
        ;
    char *more[] = {"prog", "--nosuch", "--wit", "--with=1", "-q", NULL};
    struct option names[] = {{"with", 0, NULL, 'w'}, {"without", 0, NULL, 'o'}, {0}};
    optind = 0;
    while (getopt_long(5, more, "", names, NULL) != -1)
        ;
    optind = 0;
    while (getopt_long_only(5, more, "", names, NULL) != -1)
        ;
}
static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key == 'e')
        argp_error(state, "option %s is %d", arg, 1);
    else if (key == 'f')
        argp_failure(state, 0, ENOENT, "cannot use %s", arg), argp_failure(state, 3, 0, "%s ends it", "this");
    else if (key == 'u')
        argp_usage(state);
    else if (key == ARGP_KEY_ARG)
        write(2, "an argument\n", 12);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}
static int parse_argp(int argc, char **argv)
{
    static const struct argp_option options[] = {{"error", 'e', "X"}, {"fail", 'f', "X"}, {"usage-now", 'u'}, {0}};
    static const struct argp argp = {options, parse, "ARG", "A program that parses."};
    return argp_parse(&argp, argc, argv, 0, NULL, NULL);
}
static void in_child(int argc, char **argv, int status)
{
    int got = 0;
    pid_t pid = fork();
    if (pid == 0)
        exit(parse_argp(argc, argv));
    MUST(waitpid(pid, &got, 0) == pid && WIFEXITED(got) && WEXITSTATUS(got) == status);
}
static void act_argp(void)
{
    in_child(2, (char *[]){"prog", "arg", NULL}, 0);
    in_child(2, (char *[]){"prog", "--nosuch", NULL}, 64);
    in_child(2, (char *[]){"prog", "--error=e", NULL}, 64);
    in_child(2, (char *[]){"prog", "--fail=f", NULL}, 3);
    in_child(2, (char *[]){"prog", "--usage-now", NULL}, 64);
    in_child(2, (char *[]){"prog", "--help", NULL}, 0);
}

/* ---------------------------------------------------------------- the rest */
static void act_signal(void)
{
    psignal(SIGSEGV, "psignal");
    psignal(SIGTERM, NULL);
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR, .si_addr = (void *)0x1234};
    psiginfo(&info, "psiginfo");
    siginfo_t sent = {.si_signo = SIGTERM, .si_code = SI_USER, .si_pid = 42, .si_uid = 7};
    psiginfo(&sent, NULL);
}
static void act_herror(void)
{
    h_errno = HOST_NOT_FOUND;
    herror("herror");
    h_errno = TRY_AGAIN;
    herror(NULL);
}
static void act_fmtmsg(void)
{
    MUST(fmtmsg(MM_PRINT, "retap:test", MM_ERROR, "it broke", "mend it", "retap:test:001") == MM_OK);
    MUST(fmtmsg(MM_PRINT, "retap:test", MM_WARNING, "it may break", "", "") == MM_OK);
}
static void act_malloc(void)
{
    malloc_stats();
    printf("first\n");
    MUST(malloc_info(0, stdout) == 0);
    MUST(malloc_info(0, stderr) == 0);
}
static void __attribute__((noinline)) act_backtrace(void)
{
    void *at[64];
    int n = backtrace(at, 64);
    at[0] = (void *)0x10; /* in no object */
    backtrace_symbols_fd(at, n, 2);
    backtrace_symbols_fd(at, n, 1);
    int other = dup(9);
    backtrace_symbols_fd(at, 1, -1);
    close(other);
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"error", act_error}, {"error_many", act_error_many}, {"error_exit", act_error_exit}, {"error_name", act_error_name},
    {"error_unwind", act_error_unwind},
    {"getopt", act_getopt}, {"argp", act_argp}, {"signal", act_signal}, {"herror", act_herror}, {"fmtmsg", act_fmtmsg},
    {"malloc", act_malloc}, {"backtrace", act_backtrace},
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
