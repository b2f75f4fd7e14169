/* Moments at which a hook must not wait, and states of a FILE that few programs get into. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static const char *plugin;

/* ---------------------------------------------------------------- the loader */
static volatile int inside;
static int slowly(struct dl_phdr_info *info, size_t size, void *arg)
{
    inside = 1;
    usleep(100000);
    fprintf(stderr, "in the loader's list\n");
    return 1;
}
static void *walks(void *arg)
{
    dl_iterate_phdr(slowly, NULL);
    return NULL;
}
static pthread_t walk(void)
{
    pthread_t t;
    if (!dlopen(plugin, RTLD_NOW) || pthread_create(&t, NULL, walks, NULL))
        exit(1);
    while (!inside)
        usleep(1000);
    return t;
}
/* Another thread has the loader's list and waits for the FILE that this one writes to. */
static void act_list(void)
{
    pthread_t t = walk();
    fprintf(stderr, "beside it\n");
    pthread_join(t, NULL);
}
/* Forked while another thread had it. */
static void act_child(void)
{
    int status = 0;
    pthread_t t = walk();
    pid_t pid = fork();
    if (pid == 0) {
        alarm(5);
        write(2, "the child\n", 10);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("%d\n", status);
    pthread_join(t, NULL);
}
/* Its constructor waits for a thread that prints for the first time. */
static void act_constructor(void)
{
    setenv("WAITS", "1", 1);
    dlopen(plugin, RTLD_NOW);
}
/* A library that comes, speaks and goes. */
static void act_plugin(void)
{
    for (int i = 0; i < 3; i++) {
        void *library = dlopen(plugin, RTLD_NOW);
        ((void (*)(void))dlsym(library, "speak"))();
        printf("between\n");
        dlclose(library);
    }
}

/* ---------------------------------------------------------------- FILEs */
static void act_nothing(void)
{
    volatile int none = 0;
    FILE *volatile f = NULL;
    printf("%zu\n", fwrite("", none, 1, f) + fwrite_unlocked("", 1, none, f));
}
static void act_purge(void)
{
    printf("%s", "never seen");
    __fpurge(stdout);
    printf("%s", "what is printed instead\n");
    fflush(stdout);
    printf("%s", "never seen either");
    __fpurge(stdout);
}
static void act_memory(void)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    f->_fileno = 1; /* what was in that memory before */
    stdout = f;
    printf("kept in memory\n");
    _exit(0);
}

/* ---------------------------------------------------------------- signals */
/* One handler in one step of the library's code behind libc's printf, the N-th; for each N until none is left. */
#if defined(__x86_64__)
static uintptr_t library_start, library_end;
static volatile long steps, step_wanted;
static volatile int flushes;
static sigjmp_buf *volatile away;

static int find_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    for (int i = 0; i < info->dlpi_phnum && strstr(info->dlpi_name, "libretap-preload"); i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            library_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            library_end = library_start + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 0;
}
static void on_step(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    if ((uintptr_t)r[REG_RIP] - library_start >= library_end - library_start || ++steps != step_wanted)
        return;
    if (away)
        siglongjmp(*away, 1);
    r[REG_EFL] &= ~0x100;
    printf("handler %ld\n", steps);
    if (flushes) {
        fflush(stdout);
        printf("behind %ld\n", steps);
    }
}
static void step(void)
{
    __asm__ volatile("sub $128, %%rsp\n pushf\n orl $0x100, (%%rsp)\n popf\n add $128, %%rsp" ::: "cc", "memory");
}
static void walk_on(void)
{
    __asm__ volatile("sub $128, %%rsp\n pushf\n andl $~0x100, (%%rsp)\n popf\n add $128, %%rsp" ::: "cc", "memory");
}
static void act_interrupted(void)
{
    struct sigaction a = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    const bool soak = getenv("RETAP_SOAK");
    static char buffer[65536];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    dl_iterate_phdr(find_library, NULL);
    sigaction(SIGTRAP, &a, NULL);
    for (int way = 0; way < 4; way++) {
        const int stride = way & 2 ? soak ? 199 : 1499 : soak ? 1 : 13; /* copying what was in the area takes thousands of steps */
        flushes = way & 1;
        for (step_wanted = 1, steps = 1; steps >= step_wanted - stride && step_wanted < 15000; step_wanted += stride) {
            printf("before %d\n", way);
            if (way & 2) /* so that there is no room for the next in the area */
                printf("%08050d\n", way);
            steps = 0;
            step();
            printf("%s\n", "line");
            walk_on();
            printf("after\n");
            fflush(stdout);
        }
    }
}
/* A handler jumps out of each step; then much is printed, and not written. */
static void act_jumps(void)
{
    struct sigaction a = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    sigjmp_buf here;
    printf("the first\n");
    dl_iterate_phdr(find_library, NULL);
    sigaction(SIGTRAP, &a, NULL);
    away = &here;
    for (step_wanted = 150; step_wanted < 400; step_wanted += 7) {
        steps = 0;
        if (!sigsetjmp(here, 1)) {
            step();
            printf("%s\n", "line");
            walk_on();
        }
        if (step_wanted % 4 == 0) {
            fflush(stdout);
            for (int i = 0; i < 40; i++)
                printf("more\n");
        }
    }
    fflush(stdout);
    for (int i = 0; i < 40; i++)
        printf("never written\n");
    _exit(0);
}
#else
static void act_interrupted(void)
{
}
static void act_jumps(void)
{
    _exit(0);
}
#endif

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*act)(void); } acts[] = {
        {"list", act_list}, {"child", act_child}, {"constructor", act_constructor}, {"plugin", act_plugin}, {"nothing", act_nothing},
        {"purge", act_purge}, {"memory", act_memory}, {"interrupted", act_interrupted}, {"jumps", act_jumps},
    };
    plugin = argv[2];
    alarm(20);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (!strcmp(acts[i].name, argv[1]))
            acts[i].act();
    return 0;
}
