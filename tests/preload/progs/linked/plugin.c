/* A library that is loaded later. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *prints(void *arg)
{
    puts("for the first time");
    fprintf(stderr, "%s", "and again\n");
    return NULL;
}
static __attribute__((constructor)) void waits(void)
{
    pthread_t t;
    if (getenv("WAITS") && pthread_create(&t, NULL, prints, NULL) == 0)
        pthread_join(t, NULL);
}
void speak(void)
{
    fprintf(stderr, "from the plugin\n");
}
