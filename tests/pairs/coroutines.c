/* A coroutine keeps its recording to itself: what its caller logs between two of its steps goes elsewhere. */
#include <ucontext.h>

#include "pair.h"

static ucontext_t caller, coroutine;
static rr_recording_stream inside;
static int done;

static void yield(void)
{
    rr_context mine = rr_context_suspend();
    swapcontext(&coroutine, &caller);
    rr_context_resume(mine);
}

static void steps(void)
{
    RR_WITH_RECORDING(inside) {
        for (int i = 0; i < 3; i++) {
            rr_set_time_sequence(RR_CURRENT, "step", i);
            rr_log_scalar(RR_CURRENT, "plot/inside", i);
            yield();
        }
    }
    done = 1;
}

int main(void)
{
    static char stack[256 * 1024];
    rr_error err = {0};
    pair_begin("outside.rrd", &err);
    inside = pair_stream("inside", "inside.rrd", &err);
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = sizeof stack;
    coroutine.uc_link = &caller;
    makecontext(&coroutine, steps, 0);
    for (int i = 0;; i++) {
        swapcontext(&caller, &coroutine);
        if (done)
            break;
        rr_set_time_sequence(RR_CURRENT, "step", 10 + i);
        rr_log_scalar(RR_CURRENT, "plot/outside", 10 + i);
    }
    return pair_end(&err);
}
