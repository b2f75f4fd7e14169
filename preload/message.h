/* Calls whose meaning is known: text is formatted once for us, on the stack (1 KiB) or in a scratch area of the segment, and recorded as
 * one MESSAGE. What the real call then prints is its mirror, found by struct rt_mark on the stack. */
#ifndef RT_PRELOAD_MESSAGE_H
#define RT_PRELOAD_MESSAGE_H

#include <stdarg.h>

#include "shim.h"

#define RT_TEXT_BYTES 1024

struct rt_text {
    char *at;
    size_t len;
    bool cut;      /* longer than what could be taken */
    void *scratch; /* to be given back */
    char room[RT_TEXT_BYTES];
};

#define RT_UNFORTIFIED (-1)

/* Formats like printf would, with errno = @errnum; @fortify is the flag of the _chk variants. @ap is used up. */
void rt_text_format(struct rt_text *t, const struct rt_writer *w, int fortify, int errnum, const char *fmt, va_list ap);
/* Appends ": " and what @errnum means, as far as there is room. */
void rt_text_append_error(struct rt_text *t, int errnum);
void rt_text_done(struct rt_text *t, const struct rt_writer *w);

/* @call: where it comes from, with args_len bytes of arguments behind it. */
struct rt_message_names {
    const char *ident, *file, *function; /* NULL = unknown */
};
void rt_message_write(const struct rt_writer *w, struct rt_call *call, struct rt_message *m, const struct rt_message_names *names,
                      const char *text, size_t len, uint32_t flags);

/* For a call that says something: the writer, unless an outer call has recorded the same already; else NULL. */
const struct rt_writer *rt_message_writer(void);
/* What is printed between the two repeats the message. */
void rt_mirror_enter(struct rt_mark *m);
void rt_mirror_leave(struct rt_mark *m);

/* The program's name as libc's messages begin with it; NULL when libc does not tell. */
const char *rt_program_name(void);

#endif
