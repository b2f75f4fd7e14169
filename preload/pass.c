#include "pass.h"

#include "ring/args.h"

int rt_pass_nowhere(void)
{
    return 0;
}

#if defined(__x86_64__)
size_t rt_pass_format(struct rt_passing *p, const void *stack, unsigned n_fixed, enum rt_message_kind kind, int errnum)
{
    const char *fmt = (const char *)(uintptr_t)p->word[n_fixed - 1];
    struct rt_format f;
    va_list ap;
    if (!rt_capture() || rt_is_inside() || !fmt || !rt_format_read(&f, fmt))
        return RT_STEP_ASIDE;
    p->call.call = (struct rt_call){.site = rt_pass_site(stack), .kind = (uint8_t)kind, .errnum = errnum};
    rt_pass_args(p, stack, n_fixed, &ap);
    rt_template_take(&p->call, fmt, rt_errno_get(), ap);
    rt_args_skip(&f, &ap);
    rt_mark_enter(&p->mark, &p->call.call);
    return rt_pass_bytes(stack, &ap);
}

__attribute__((used)) void rt_pass_leave(struct rt_passing *p)
{
    if (p->mark.cookie)
        rt_mark_leave(&p->mark);
}
#endif
