/* Standard output that libc still holds in its buffer, call by call: a copy of it lies in the segment (struct rt_backlog), so that each call
 * keeps its time, call site and arguments, and a SIGKILL loses nothing that was printed.
 *
 *   stdout's buffer   base ......... seen ...... write_ptr
 *                          └ in the area, or     └ what the call that just returned added: rt_backlog_take() copies it
 *                            already in a lane
 *
 * When libc writes the buffer out, rt_backlog_flush() records the area and what came since. Only glibc's narrow stdout; every change
 * happens under the lock of the FILE. */
#ifndef RT_PRELOAD_BACKLOG_H
#define RT_PRELOAD_BACKLOG_H

#include <stdio.h>

#include "fdclass.h"
#include "shim.h"

#define RT_LINE_BUFFERED 0x200 /* glibc's _IO_LINE_BUF */
#define RT_UNBUFFERED    0x2   /* _IO_UNBUFFERED */

/* Who writes for @f: for standard output in whole buffers RT_TID_STDOUT, else NULL, the thread itself. Under the lock of the FILE. */
struct rt_writer_thread *rt_writer_of(const FILE *f);
/* A call on stdout returned: what it left in the buffer is its own. */
void rt_backlog_take(FILE *f, struct rt_call *call);
/* @n bytes at @data are about to be written for @f; @class: as judged. Return: false = nothing of them was seen before: record them as usual. */
bool rt_backlog_flush(const FILE *f, enum rt_stream stream, const char *data, size_t n, struct rt_sent *sent);
/* They are not text after all, or go elsewhere. */
void rt_backlog_drop(void);

/* Is all of @f's buffer in the area, or already in a lane? */
bool rt_backlog_is_all(const FILE *f);

/* Does a call on @f most often just fill a buffer? */
static inline bool rt_backlog_fills(const FILE *f)
{
    return f->_IO_write_base && !(f->_flags & (RT_LINE_BUFFERED | RT_UNBUFFERED));
}

/* Is @f the FILE that is followed, with something in its buffer? */
static inline bool rt_backlog_has(const FILE *f)
{
    const struct rt_identity *id = rt_shim.identity;
    return rt_likely(id != NULL) && id->backlog.seen && id->backlog.base == f->_IO_write_base;
}

#endif
