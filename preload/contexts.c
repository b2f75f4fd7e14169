/* Functions of libc that print on standard error by themselves, through a FILE: error(), what getopt and argp say about the command line,
 * psignal(), fmtmsg(), malloc_stats(). Their bytes are recorded as they come, with a mark that says what they mean. */
#include <argp.h>
#include <fmtmsg.h>
#include <getopt.h>
#include <malloc.h>

#include "backlog.h"
#include "pass.h"
#include "real.h"
#include "shim.h"

#pragma weak stdout

#define SAYS(type, fail, name, kind, parameters, arguments) \
    RT_API type name parameters; \
    RT_API type name parameters \
    { \
        struct rt_mark mark; \
        struct rt_call call; \
        if (!RT_REAL(name)) \
            return fail; \
        bool marked = rt_mark_begin(&mark, &call, kind, RT_SITE); \
        type r = rt_real.name arguments; \
        if (marked) \
            rt_mark_leave(&mark); \
        return r; \
    }
#define SAYS_VOID(name, kind, parameters, arguments) \
    RT_API void name parameters; \
    RT_API void name parameters \
    { \
        struct rt_mark mark; \
        struct rt_call call; \
        bool marked = rt_mark_begin(&mark, &call, kind, RT_SITE); \
        if (RT_REAL(name)) \
            rt_real.name arguments; \
        if (marked) \
            rt_mark_leave(&mark); \
    }

/* ---------------------------------------------------------------- the command line was wrong */
SAYS(int, -1, getopt, RT_MESSAGE_USAGE, (int argc, char *const *argv, const char *letters), (argc, argv, letters))
SAYS(int, -1, getopt_long, RT_MESSAGE_USAGE, (int argc, char *const *argv, const char *letters, const struct option *names, int *at),
     (argc, argv, letters, names, at))
SAYS(int, -1, getopt_long_only, RT_MESSAGE_USAGE, (int argc, char *const *argv, const char *letters, const struct option *names, int *at),
     (argc, argv, letters, names, at))
SAYS(error_t, ENOSYS, argp_parse, RT_MESSAGE_USAGE,
     (const struct argp *argp, int argc, char **argv, unsigned flags, int *end, void *input), (argp, argc, argv, flags, end, input))
SAYS_VOID(argp_state_help, RT_MESSAGE_USAGE, (const struct argp_state *state, FILE *f, unsigned flags), (state, f, flags))
SAYS_VOID(argp_usage, RT_MESSAGE_USAGE, (const struct argp_state *state), (state))
SAYS_VOID(argp_help, RT_MESSAGE_USAGE, (const struct argp *argp, FILE *f, unsigned flags, char *name), (argp, f, flags, name))

/* ---------------------------------------------------------------- something happened */
SAYS_VOID(psignal, RT_MESSAGE_SIGNAL, (int sig, const char *s), (sig, s))
SAYS(int, MM_NOTOK, fmtmsg, RT_MESSAGE_FMTMSG,
     (long class, const char *label, int severity, const char *text, const char *action, const char *tag),
     (class, label, severity, text, action, tag))
SAYS_VOID(malloc_stats, 0, (void), ())

RT_API int malloc_info(int options, FILE *f)
{
    struct rt_mark mark;
    struct rt_call call;
    if (!RT_REAL(malloc_info))
        return -1;
    bool marked = rt_mark_begin(&mark, &call, 0, RT_SITE);
    int r = rt_real.malloc_info(options, f);
    if (marked)
        rt_mark_leave(&mark);
    if (marked && &stdout && f == stdout)
        rt_backlog_take(f, &call);
    return r;
}

/* ---------------------------------------------------------------- error() and the like */
#if defined(__x86_64__)
/* Other libraries have functions of these names, too, with other parameters: only libc's are looked into. */
#define ENTER_FORMAT(name, n_fixed, kind, errnum) \
    size_t enter_##name(struct rt_passing *p, const void *stack) \
    { \
        p->real = RT_PASS_TO(RT_REAL(name) ? rt_real.name : NULL); \
        return rt_real_is_libcs(RT_REAL_INDEX(name)) ? rt_pass_format(p, stack, n_fixed, kind, errnum) : RT_STEP_ASIDE; \
    }
RT_PASS_ON(error, enter_error)
RT_PASS_ON(error_at_line, enter_error_at_line)
RT_PASS_ON(argp_error, enter_argp_error)
RT_PASS_ON(argp_failure, enter_argp_failure)
ENTER_FORMAT(error, 3, RT_MESSAGE_ERROR, (int)p->word[1])
ENTER_FORMAT(error_at_line, 5, RT_MESSAGE_ERROR, (int)p->word[1])
ENTER_FORMAT(argp_error, 2, RT_MESSAGE_USAGE, 0)
ENTER_FORMAT(argp_failure, 4, RT_MESSAGE_USAGE, (int)p->word[2])
#endif
