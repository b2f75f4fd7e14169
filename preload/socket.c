#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "real.h"
#include "shim.h"

#define HIGH_ADDRESSES (1ull << 47) /* the kernel gives nothing beyond unless asked */

/* ---------------------------------------------------------------- addresses */
static bool is(const char *s, const char *text)
{
    return rt_starts(s, text) && !s[rt_strlen(text)];
}

static enum rt_fd_class class_of_path(const char *s)
{
    static const char journal[] = "/run/systemd/journal";
    if (is(s, "/dev/log"))
        return RT_FD_SYSLOG;
    s += rt_starts(s, "/var/run/") ? 4 : 0;
    if (!rt_starts(s, journal))
        return RT_FD_OTHER;
    s += sizeof journal - 1;
    if (*s == '.') /* a namespace */
        while (*s && *s != '/')
            s++;
    return is(s, "/socket") ? RT_FD_JOURNAL : is(s, "/stdout") ? RT_FD_JOURNAL_TEXT
         : is(s, "/dev-log") || is(s, "/syslog") ? RT_FD_SYSLOG : RT_FD_OTHER;
}

static enum rt_fd_class class_of_port(in_port_t port)
{
    return port == htons(514) || port == htons(601) ? RT_FD_SYSLOG : port == htons(6514) ? RT_FD_SECRET : RT_FD_OTHER;
}

static enum rt_fd_class class_of_address(const struct sockaddr *a, socklen_t len)
{
    if (len < sizeof a->sa_family || len > sizeof(struct sockaddr_storage))
        return RT_FD_OTHER;
    if (a->sa_family == AF_INET || a->sa_family == AF_INET6) /* the port stands at the same place */
        return len >= sizeof(struct sockaddr_in) ? class_of_port(((const struct sockaddr_in *)(const void *)a)->sin_port) : RT_FD_OTHER;
    if (a->sa_family != AF_UNIX)
        return RT_FD_OTHER;
    char path[sizeof(struct sockaddr_storage)] = ""; /* it need not end in a NUL where it is */
    memcpy(path, ((const struct sockaddr_un *)(const void *)a)->sun_path, len - offsetof(struct sockaddr_un, sun_path));
    return class_of_path(path);
}

enum rt_fd_class rt_socket_class_slow(int fd, const struct sockaddr *to, socklen_t len)
{
    enum rt_fd_class c = rt_fd_class(fd), found;
    if (!rt_shim.identity || (uintptr_t)to < 65536 || (uintptr_t)to >= HIGH_ADDRESSES)
        return c;
    found = class_of_address(to, len);
    /* A connected datagram socket may send elsewhere; a stream ignores the address. */
    return found ? found : c == RT_FD_SYSLOG || c == RT_FD_JOURNAL ? RT_FD_OTHER : c;
}

/* ---------------------------------------------------------------- connect */
static bool is_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return !rt_load_relaxed(&rt_shim.writer.segment->no_syscall_mt) &&
           rt_syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* The kernel has read the address. */
static RT_COLD void connected(int fd, const struct sockaddr *to, socklen_t len)
{
    enum rt_fd_class c = class_of_address(to, len);
    if (c == RT_FD_SYSLOG && is_stream(fd))
        c = RT_FD_SYSLOG_STREAM;
    if (rt_fd_is_channel(c) && (unsigned)fd < RT_FDS)
        rt_store_relaxed(&rt_fd_numbers[fd], (uint16_t)(rt_add_relaxed(&rt_shim.writer.segment->names_mt, 1) % UINT16_MAX + 1));
    if (c || rt_fd_is_socket(rt_fd_class(fd)))
        rt_fd_became(fd, c);
}

RT_API int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    int r = RT_REAL(connect) ? rt_real.connect(fd, to, len) : (int)rt_return(rt_syscall(SYS_connect, fd, to, len));
    if (rt_shim.identity && (r == 0 || rt_errno_get() == EINPROGRESS || rt_errno_get() == EINTR))
        connected(fd, to, len);
    return r;
}

/* A number may come back as something else. */
RT_API int socket(int family, int type, int protocol)
{
    int fd = RT_REAL(socket) ? rt_real.socket(family, type, protocol)
                                       : (int)rt_return(rt_syscall(SYS_socket, family, type, protocol));
    if (rt_unlikely(fd >= 0 && rt_fd_class(fd)))
        rt_fd_closed(fd);
    return fd;
}

/* ---------------------------------------------------------------- messages in files */
static int passed_fd(const struct msghdr *m)
{
    const struct cmsghdr *c = m->msg_controllen >= CMSG_LEN(sizeof(int)) ? m->msg_control : NULL;
    int fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(sizeof fd))
        memcpy(&fd, c + 1, sizeof fd);
    return fd;
}

/* A sealed file cannot be mapped for long without a call, so it is read, once, as much as a scratch area holds. */
RT_COLD void rt_socket_passed(const struct msghdr *m)
{
    const struct rt_writer *w = rt_capture();
    int fd = passed_fd(m);
    struct rt_sent sent;
    if (!w || fd < 0 || rt_is_mirror() || rt_load_relaxed(&rt_shim.writer.segment->no_syscall_mt))
        return;
    void *room = rt_scratch_take(w, &rt_self()->writer);
    if (!room)
        return;
    long n = rt_syscall(SYS_pread64, fd, room, RT_SCRATCH_BYTES, 0);
    struct rt_part part = {room, n > 0 ? (size_t)n : 0};
    if (n > 0)
        rt_record_data(RT_STREAM_JOURNAL, RT_FLAG_AFTER | (n == RT_SCRATCH_BYTES ? RT_FLAG_TRUNCATED : 0), NULL, &part, 1, &sent);
    rt_scratch_give(w, room);
}
