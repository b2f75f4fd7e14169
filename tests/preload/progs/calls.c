/* Each act prints in a way of its own; functions are named, so that a call site can be told. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#define PLACE __attribute__((noinline, noclone))

/* ---------------------------------------------------------------- where from */
PLACE static void by_fprintf(void) { fprintf(stderr, "by_fprintf %d\n", 1); }
PLACE static void by_fputs(void) { fputs("by_fputs\n", stderr); }
PLACE static void by_fwrite(void) { fwrite("by_fwrite\n", 1, 10, stderr); }
PLACE static void by_write(void) { if (write(2, "by_write\n", 9) < 0) abort(); }
PLACE static void by_putc(void) { for (const char *s = "by_putc\n"; *s; s++) putc(*s, stderr); }
PLACE static void by_putc_unlocked(void) { for (const char *s = "by_putc_unlocked\n"; *s; s++) putc_unlocked(*s, stderr); }
PLACE static void by_dprintf(void) { dprintf(2, "by_dprintf %s\n", "x"); }
PLACE static void by_vfprintf_of(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
}
PLACE static void by_vfprintf(void) { by_vfprintf_of("by_vfprintf_of %ld\n", 7l); }
PLACE static void by_perror(void) { errno = ENOENT; perror("by_perror"); }
PLACE static void by_printf(void) { printf("by_printf %u\n", 3u); }
PLACE static void by_puts(void) { puts("by_puts"); }
PLACE static void by_putchar(void) { for (const char *s = "by_putchar\n"; *s; s++) putchar(*s); }
PLACE static void by_fputc(void) { for (const char *s = "by_fputc\n"; *s; s++) fputc(*s, stdout); }

static void act_sites(void)
{
    by_fprintf(); by_fputs(); by_fwrite(); by_write(); by_putc(); by_putc_unlocked(); by_dprintf(); by_vfprintf(); by_perror();
    by_printf(); by_puts(); by_putchar(); by_fputc();
}

/* ---------------------------------------------------------------- with what */
static void act_arguments(void)
{
    char buffer[40];
    errno = EACCES;
    fprintf(stderr, "all %d %s %5.2f %c %p %m %% %.*s\n", -5, "text", 2.5, 'x', (void *)0x1234, 3, "abcdef");
    for (int i = 0; i < 3; i++)
        fprintf(stderr, "again %d\n", i);
    for (int i = 0; i < 2; i++) { /* another format at the same address */
        snprintf(buffer, sizeof buffer, "made %s\n", i ? "%d then" : "first %d");
        fprintf(stderr, buffer, i);
    }
    int n = 0;
    fprintf(stderr, "counts%n\n", &n); /* odd: its text alone */
    fprintf(stderr, "long %s\n", (char[]){[0 ... 298] = 'l', 0});
    fprintf(stderr, "%s", "only text\n");
}

/* ---------------------------------------------------------------- what stays in the buffer */
static void act_unflushed(void)
{
    printf("flushed %d\n", 1);
    fflush(stdout);
    printf("left %d\n", 2);
    printf("behind");
    kill(getpid(), SIGKILL);
}
static void act_full(void) /* several times what the buffer holds, and what the backlog holds */
{
    for (int i = 0; i < 3000; i++)
        printf("%d\n", i);
    static char block[10000];
    memset(block, 'b', sizeof block - 1);
    block[sizeof block - 1] = '\n';
    fwrite(block, 1, sizeof block, stdout);
    printf("end\n");
}
static void act_forked(void)
{
    printf("before %d\n", 1);
    if (fork() == 0) {
        printf("child\n");
        exit(0);
    }
    wait(NULL);
    printf("parent\n");
}
static void act_buffers(void)
{
    static char own[64];
    printf("first\n");
    setvbuf(stdout, own, _IOFBF, sizeof own);
    for (int i = 0; i < 20; i++)
        printf("own %d\n", i);
    fflush(stdout);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("line ");
    printf("by line\n");
    printf("no newline");
    fflush(stdout);
    setvbuf(stdout, NULL, _IONBF, 0);
    printf(" unbuffered %d\n", 1);
}
static void act_elsewhere(void) /* what is in the buffer goes to another file */
{
    printf("to nowhere %d\n", 1);
    if (!freopen("/dev/null", "w", stderr))
        abort();
    dup2(fileno(stderr), 1);
    fflush(stdout);
}
static void *many(void *arg)
{
    for (int i = 0; i < 500; i++)
        printf("thread %ld line %d\n", (long)arg, i);
    return NULL;
}
static void act_threads(void)
{
    pthread_t t[8];
    for (long i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, many, (void *)i);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    printf("end\n");
    kill(getpid(), SIGKILL);
}
static void act_wide(void)
{
    wprintf(L"wide %d\n", 1);
    fputws(L"wide by fputws\n", stdout);
    putwchar(L'\n');
}

static const struct { const char *name; void (*act)(void); } acts[] = {
    {"sites", act_sites}, {"arguments", act_arguments}, {"unflushed", act_unflushed}, {"full", act_full}, {"forked", act_forked},
    {"buffers", act_buffers}, {"elsewhere", act_elsewhere}, {"threads", act_threads}, {"wide", act_wide},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof acts[0]; i++)
        if (!strcmp(argv[1], acts[i].name)) {
            acts[i].act();
            return 0;
        }
    return 64;
}
