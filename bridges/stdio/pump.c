#include "stdio/pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define CHUNK_BYTES 65536 /* as much as a pipe holds */
#define SETTLE_MS   20    /* what was written to a pseudo terminal may be on its way when the writer has ended */

/* Writes all, whatever flags the descriptor has. Return: false = nobody will ever read it. */
static bool pass_on(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w >= 0) {
            p += w;
            n -= (size_t)w;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1);
        } else if (errno != EINTR) {
            return errno != EPIPE; /* a full disk: what comes later may fit again */
        }
    }
    return true;
}

/* Which stream the bytes belong to. */
static enum rt_stream stream_of(struct rt_pump *p, const void *bytes, size_t n)
{
    if (p->judge.left && rt_judge_binary(&p->judge, bytes, n))
        p->stream = RT_STREAM_BINARY;
    return p->stream;
}

/* Waits for bytes; tells once that there are none any more when CMD has ended. Return: false = the descriptors are of no use. */
static bool await_bytes(const struct rt_pump *p, bool *told)
{
    for (bool ended = false;;) {
        struct pollfd fds[2] = {{p->from, POLLIN, 0}, {*told || ended ? -1 : p->control, POLLIN, 0}};
        int r = poll(fds, 2, ended ? p->is_pty ? SETTLE_MS : 0 : -1);
        if (r < 0 && errno != EINTR)
            return false;
        if (r > 0 && fds[0].revents)
            return true;
        if (ended && r == 0) {
            send(p->control, "", 1, MSG_NOSIGNAL);
            *told = true;
            ended = false;
        }
        ended |= r > 0 && fds[1].revents;
    }
}

void *rt_pump_run(void *pump)
{
    struct rt_pump *p = pump;
    bool told = false;
    char bytes[CHUNK_BYTES];
    while (await_bytes(p, &told)) {
        ssize_t n = read(p->from, bytes, sizeof bytes);
        uint64_t now = rt_mono_ns();
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* the last writer of a pseudo terminal gives EIO */
            break;
        bool goes_on = pass_on(p->to, bytes, (size_t)n);
        enum rt_stream stream = stream_of(p, bytes, (size_t)n);
        if (stream != RT_STREAM_NONE)
            rt_speaker_wrote(p->speaker, stream, now, bytes, (size_t)n);
        if (!goes_on)
            break;
    }
    p->from = rt_fd_close(p->from);
    if (!told)
        send(p->control, "", 1, MSG_NOSIGNAL);
    return NULL;
}
