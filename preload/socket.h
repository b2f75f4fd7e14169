/* Sockets that lead to a log daemon, known by the address that they are connected or that a datagram is sent to:
 *
 *   /dev/log, /run/systemd/journal/{dev-log,syslog}, port 514 or 601    SYSLOG
 *   /run/systemd/journal/socket                                        JOURNAL
 *   /run/systemd/journal/stdout                                        JOURNAL_TEXT
 *   port 6514                                                          SECRET (TLS)
 *
 * also below /var/run, and of journals with a namespace (/run/systemd/journal.NAME/…). What libc's syslog() sends is sent inside libc and
 * never comes by here; what libsystemd sends in a call that a hook has recorded is its mirror. */
#ifndef RT_PRELOAD_SOCKET_H
#define RT_PRELOAD_SOCKET_H

#include <sys/socket.h>

#include "fdclass.h"

/* The class of a datagram on @fd that is sent to @to, which is not NULL. */
enum rt_fd_class rt_socket_class_slow(int fd, const struct sockaddr *to, socklen_t len);
static inline enum rt_fd_class rt_socket_class(int fd, const void *to, socklen_t len)
{
    return to ? rt_socket_class_slow(fd, to, len) : rt_fd_class(fd);
}
/* A message that was sent to the journal, without a payload: it is in the file that was passed. */
void rt_socket_passed(const struct msghdr *m);

#endif
