/* Format strings by number: each is told once a thread by a TEMPLATE record, then calls name it by its number and bring their arguments.
 *
 * A table of RT_TEMPLATES places, by the format's address; its text is kept and compared at each call, since a program may build formats
 * in a buffer. A format that does not fit (too long, odd, built anew at an address that had another, or no place left) has no number: its
 * calls are recorded with their text alone. */
#ifndef RT_PRELOAD_TEMPLATE_H
#define RT_PRELOAD_TEMPLATE_H

#include <stdarg.h>

#include "shim.h"

#define RT_ARGS_ROOM 192 /* bytes of arguments of one call; what does not fit is left out */

/* A call with its arguments behind it, as rt_ring_write() wants it. */
struct rt_call_args {
    struct rt_call call;
    uint8_t args[RT_ARGS_ROOM];
};
_Static_assert(offsetof(struct rt_call_args, args) == sizeof(struct rt_call), "arguments follow the call");

/* Fills @c's template and arguments from what printf is given; @errnum for %m. @ap is left as it was. Signals: safe. */
void rt_template_take(struct rt_call_args *c, const char *fmt, int errnum, va_list ap);

#endif
