/* What each descriptor is to the recording: one byte for fds 0 to 1023, everything beyond is OTHER.
 *
 * Set at start by comparing dev:ino with what the launcher handed over in RETAP_FDS, then followed through dup, close and exec:
 *
 *   RETAP_FDS = O:dev:ino,E:dev:ino,1=o:dev:ino,2=e:dev:ino …      (hex; O and E are the launcher's own fds 1 and 2)
 *
 * A numbered entry counts only if the fd still is that file. An S in front says that a system call filter was inherited: the shim then
 * makes none of its own and captures nothing, since a forbidden call would kill. A vfork child moves its own fds in its parent's memory:
 * what it does is kept apart, by its pid, until its exec. */
#ifndef RT_PRELOAD_FDCLASS_H
#define RT_PRELOAD_FDCLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/judge.h"
#include "ring/layout.h"

#define RT_FDS 1024

enum rt_fd_class {
    RT_FD_OTHER = 0, /* not ours to record; zero, so that an idle shim records nothing */
    RT_FD_OUT,
    RT_FD_ERR,
    RT_FD_BINARY, /* standard output that turned out not to be text: counted */
    RT_FD_SYSLOG, /* sockets that lead to a log daemon (socket.c): datagrams, */
    RT_FD_SYSLOG_STREAM, /* … a connection, */
    RT_FD_JOURNAL, /* … journald's native protocol, */
    RT_FD_JOURNAL_TEXT, /* … its text streams, */
    RT_FD_SECRET, /* … encrypted: counted */
    RT_FD_FILE,   /* asked for by its path (files.h) */
    RT_FD_DATA,   /* redirected away from what the launcher handed over */
    RT_FD_NULLDEV,
    RT_FD_CLASSES,
};

extern uint8_t rt_fd_table[RT_FDS];
/* Tells open files of one class apart: of FILE the place in files.c, of connections any number. */
extern uint16_t rt_fd_numbers[RT_FDS];

static inline enum rt_fd_class rt_fd_class(int fd)
{
    return (unsigned)fd < RT_FDS ? (enum rt_fd_class)__atomic_load_n(&rt_fd_table[fd], __ATOMIC_RELAXED) : RT_FD_OTHER;
}
static inline enum rt_stream rt_fd_stream(enum rt_fd_class c)
{
    extern const uint8_t rt_fd_streams[RT_FD_CLASSES];
    return (enum rt_stream)rt_fd_streams[c];
}
/* Does it record bytes of a stream? */
static inline bool rt_fd_is_text(enum rt_fd_class c)
{
    return c == RT_FD_OUT || c == RT_FD_ERR;
}
/* Does a write to it leave a record? */
static inline bool rt_fd_is_tapped(enum rt_fd_class c)
{
    return c - 1u < RT_FD_DATA - 1u;
}
/* … one that holds the number of bytes only? */
static inline bool rt_fd_is_counted(enum rt_fd_class c)
{
    return c == RT_FD_BINARY || c == RT_FD_SECRET;
}
/* … one whose bytes belong to those that were written to it before, unlike those of a datagram? */
static inline bool rt_fd_is_channel(enum rt_fd_class c)
{
    return c == RT_FD_FILE || c == RT_FD_SYSLOG_STREAM || c == RT_FD_JOURNAL_TEXT;
}
static inline bool rt_fd_is_socket(enum rt_fd_class c)
{
    return c >= RT_FD_SYSLOG && c <= RT_FD_SECRET;
}
/* Flags of its records. */
static inline uint32_t rt_fd_flags(enum rt_fd_class c)
{
    return c == RT_FD_SYSLOG_STREAM ? RT_FLAG_FRAMED : 0;
}

static inline bool rt_fd_filtered(const char *fds)
{
    return fds && fds[0] == 'S';
}
/* Reads RETAP_FDS (may be NULL) and looks at the fds; @is_first: what they are now is what a launcher would have handed over. */
void rt_fd_start(const char *fds, bool is_first);
/* What file @fd is, 0 and 0 when closed; @at_the_start: rt_fd_start() has just looked, its answer holds. */
void rt_fd_file(int fd, bool at_the_start, uint64_t *ret_dev, uint64_t *ret_ino);
/* @to now is the same open file as @from. */
void rt_fd_copied(int from, int to);
/* @fd has turned out to be something. */
void rt_fd_became(int fd, enum rt_fd_class c);
void rt_fd_closed(int fd);
void rt_fd_closed_range(unsigned first, unsigned last);
/* @fd was just opened by @path (NULL = something without a name). */
void rt_fd_opened(int fd, const char *path);
/* libc moved @fd behind our back: look at it again. */
void rt_fd_look(int fd);

#define RT_FDS_TEXT 640 /* bytes that the longest value needs: S, 2 + 10 entries of at most 37 */
/* Composes the value of RETAP_FDS for a program that is about to be executed. Return: its length. */
size_t rt_fd_compose(char *to);

/* Looks at the first bytes of standard output. Return: the class that the bytes are recorded under. */
enum rt_fd_class rt_fd_judge_slow(const void *data, size_t len);
extern struct rt_judge rt_fd_stdout;
static inline enum rt_fd_class rt_fd_judge(enum rt_fd_class c, const void *data, size_t len)
{
    return c == RT_FD_OUT && __builtin_expect(rt_fd_stdout.left, 0) ? rt_fd_judge_slow(data, len) : c;
}

#endif
