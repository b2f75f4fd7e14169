/* What the collector and who started it say to each other over a SOCK_SEQPACKET pair; the collector finds its end in RETAP_CONTROL. The
 * launcher is `retap run`, or the shim of a program that was started without it. */
#ifndef RT_RING_CONTROL_H
#define RT_RING_CONTROL_H

#include <stdint.h>

#define RT_CONTROL_ENV "RETAP_CONTROL"

enum rt_control_kind {
    RT_CONTROL_READY = 1, /* collector: programs may start */
    RT_CONTROL_FAILED,    /* collector: it can't work; text says why */
    RT_CONTROL_ENDED,     /* launcher: CMD ended; pid, status, rusage */
    RT_CONTROL_EXEC,      /* launcher: it is CMD itself, or becomes it now; pid */
    RT_CONTROL_REMAIN,    /* collector: n processes of the tree still run */
    RT_CONTROL_PROGRESS,  /* collector: closing, and getting on */
    RT_CONTROL_DONE,      /* collector: the file is closed; n rows, dropped; text when something was lost */
};

struct rt_control {
    uint32_t kind, pid;
    int32_t status, wait; /* wait: the launcher stays until the last process ends */
    uint64_t n, dropped;
    uint64_t utime_us, stime_us, maxrss_kib;
    char text[512];
};

#endif
