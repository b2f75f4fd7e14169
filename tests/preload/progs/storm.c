/* storm MILLISECONDS: a timer signal every 100 us, handled on an alternate stack of 8 KiB with a page below that nobody may touch. The handler
 * writes, prints and logs while the main thread writes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;

static void handle(int s)
{
    int e = errno;
    int n = handled++;
    char line[32];
    if (n < 3000) {
        write(2, line, (size_t)snprintf(line, sizeof line, "tick %d\n", n));
        if (n % 10 == 0)
            syslog(LOG_INFO, "tock %d", n);
        if (n % 10 == 5)
            printf("tack %d\n", n);
    }
    errno = e;
}

int main(int argc, char **argv)
{
    char *alt = mmap(NULL, 4096 + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(alt, 4096, PROT_NONE);
    stack_t ss = {.ss_sp = alt + 4096, .ss_size = 8192};
    struct sigaction sa = {.sa_handler = handle, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec often = {{0, 100000}, {0, 100000}}, never = {{0, 0}, {0, 0}};
    struct timespec start, now;
    timer_t timer;
    static char room[65536];
    setvbuf(stdout, room, _IOFBF, sizeof room); /* an unbuffered one takes 8 KiB of stack in libc alone */
    sigaltstack(&ss, NULL);
    sigaction(SIGRTMIN, &sa, NULL);
    timer_create(CLOCK_MONOTONIC, &ev, &timer);
    clock_gettime(CLOCK_MONOTONIC, &start);
    timer_settime(timer, 0, &often, NULL);
    long worked = 0, ms = atol(argv[1]);
    do {
        char line[32];
        int n = snprintf(line, sizeof line, "work %ld\n", worked);
        if (worked < 5000 && write(2, line, (size_t)n) == n)
            worked++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
    timer_settime(timer, 0, &never, NULL);
    timer_delete(timer);
    int ticks = handled < 3000 ? handled : 3000;
    printf("%ld %d in all\n", worked, ticks);
    return ticks > 10 ? 0 : 96;
}
