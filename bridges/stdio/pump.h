/* The forwarder's work: each stream is read, passed on and recorded by a thread of its own, so that a reader that takes one of them slowly
 * does not hold up the other. */
#ifndef RT_STDIO_PUMP_H
#define RT_STDIO_PUMP_H

#include "ring/judge.h"
#include "stdio/speaker.h"

struct rt_pump {
    int from, to;
    int control; /* end of file there: CMD has ended; a byte goes there when all that was written is passed on */
    bool is_pty;
    enum rt_stream stream;
    struct rt_judge judge;
    struct rt_speaker *speaker;
};

/* Until the last writer has closed, or nobody reads any more; then @from is closed. @pump: struct rt_pump. For pthread_create(). */
void *rt_pump_run(void *pump);

#endif
