/* retap run --wrap-fds: standard output and error of CMD go through pipes or pseudo terminals that a process of ours reads, since nothing
 * of ours is in CMD.
 *
 *   CMD ──▶ pipe or pty ──▶ forwarder (pump.h) ──▶ what the launcher was given
 *                               └──▶ segment, in CMD's name
 *
 * The forwarder lives in its own session until the last writer has closed, also when launcher and collector are gone: CMD and what it
 * leaves behind always have a reader. It gives nothing to its reader but the bytes, in their order for each stream; the order between the
 * streams is lost. When the reader closes, it closes, and writers get SIGPIPE as ever (EIO from a pseudo terminal).
 * Threads: one. */
#ifndef RT_STDIO_WRAP_H
#define RT_STDIO_WRAP_H

#include <stdbool.h>
#include <sys/types.h>

enum rt_wrap_kind { RT_WRAP_AUTO, RT_WRAP_PIPE, RT_WRAP_PTY }; /* auto: a pseudo terminal where there was a terminal */

struct rt_wrap {
    struct rt_wrapped {
        int read_end, write_end; /* -1 = this stream is not wrapped */
        char terminal[64];       /* path of the pseudo terminal, "" = a pipe */
    } stream[2];                 /* standard output, standard error */
    int n_streams;               /* that the forwarder has */
    int control;                 /* to the forwarder: who CMD is; end of file says that it has ended; it answers a byte for each stream */
};

#define RT_WRAP_NULL {.stream = {{.read_end = -1, .write_end = -1}, {.read_end = -1, .write_end = -1}}, .control = -1}

/* Makes a pipe or pseudo terminal for each of the descriptors 1 and 2 that is open. Return: 0 or -errno. */
int rt_wrap_open(struct rt_wrap *w, enum rt_wrap_kind kind);
/* In CMD before its exec: they become its descriptors 1 and 2. */
void rt_wrap_enter(struct rt_wrap *w);
/* Starts the forwarder, for a CMD that is yet to start, into the run in @run_dir. @stdout_mode: enum rt_stdout_mode. What is left here is
 * CMD's end. Return: 0, or -errno: then all is closed. */
int rt_wrap_start(struct rt_wrap *w, const char *run_dir, char *const argv[], const char *exe, int stdout_mode);
/* CMD has started as process @pid, child of @ppid: now it is read and recorded. */
void rt_wrap_started(const struct rt_wrap *w, pid_t pid, pid_t ppid);
/* Closes CMD's end here: as long as one is open there is no end of file. */
void rt_wrap_release(struct rt_wrap *w);
/* CMD has ended: waits until what it wrote was passed on. */
void rt_wrap_await(struct rt_wrap *w);
/* The terminal has another size: so have the pseudo terminals. Return: true when there is one. */
bool rt_wrap_resize(const struct rt_wrap *w);

#endif
