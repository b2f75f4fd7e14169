/* Sends to 127.0.0.1:514 (UDP) in every way that C has, and in some wrong ones. Standard error says what went wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MUST(cond) do { if (!(cond)) { fprintf(stderr, "%d: %s: %m\n", __LINE__, #cond); exit(1); } } while (0)

static struct sockaddr_in at(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return a;
}

static int udp(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0);
    return fd;
}

static struct msghdr message(struct iovec *iov, const char *a, const char *b, struct sockaddr_in *to)
{
    iov[0] = (struct iovec){(void *)a, strlen(a)};
    iov[1] = (struct iovec){(void *)b, strlen(b)};
    return (struct msghdr){.msg_iov = iov, .msg_iovlen = 2, .msg_name = to, .msg_namelen = to ? sizeof *to : 0};
}

static void connected(void)
{
    struct sockaddr_in log = at(514), other = at(515), none = {.sin_family = AF_UNSPEC};
    struct iovec iov[6];
    int fd = udp();
    MUST(send(fd, "x", 1, 0) < 0 && errno == EDESTADDRREQ);
    MUST(connect(fd, (void *)&log, sizeof log) == 0);
    MUST(send(fd, "<13>send", 8, 0) == 8);
    MUST(write(fd, "<13>write", 9) == 9);
    MUST(sendto(fd, "<13>sendto", 10, MSG_NOSIGNAL, NULL, 0) == 10);
    struct msghdr m = message(iov, "<13>sen", "dmsg", NULL);
    MUST(sendmsg(fd, &m, 0) == 11);
    MUST(writev(fd, m.msg_iov, 2) == 11);
    MUST(syscall(SYS_write, fd, "<13>syscall", 11) == 11);
    struct mmsghdr mm[3] = {{message(iov, "<13>mm", "1", NULL)}, {message(iov + 2, "<13>mm", "2", NULL)}, {message(iov + 4, "<13>mm", "3", NULL)}};
    mm[2].msg_hdr.msg_iov = (void *)8; /* the third fails, the first two are sent */
    MUST(sendmmsg(fd, mm, 3, 0) == 2);
    MUST(sendto(fd, "elsewhere", 9, 0, (void *)&other, sizeof other) == 9);
    int again = dup(fd);
    MUST(write(again, "<13>dup", 7) == 7);
    MUST(close(again) == 0);
    FILE *f = fdopen(dup(fd), "w");
    MUST(fprintf(f, "<13>%s", "stdio") == 9 && fclose(f) == 0);
    MUST(connect(fd, (void *)&none, sizeof none) == 0);
    MUST(send(fd, "x", 1, 0) < 0 && errno == EDESTADDRREQ);
    MUST(connect(fd, (void *)&other, sizeof other) == 0);
    MUST(send(fd, "other", 5, 0) == 5);
    close(fd);
    MUST(open("/dev/null", O_WRONLY) == fd && write(fd, "null", 4) == 4); /* the number again, as something else */
    close(fd);
}

static void addressed(void)
{
    struct sockaddr_in log = at(514), other = at(515);
    struct iovec iov[4];
    int fd = udp();
    MUST(sendto(fd, "<14>sendto", 10, 0, (void *)&log, sizeof log) == 10);
    MUST(sendto(fd, "other", 5, 0, (void *)&other, sizeof other) == 5);
    struct msghdr m = message(iov, "<14>send", "msg", &log);
    MUST(sendmsg(fd, &m, 0) == 11);
    struct mmsghdr mm[2] = {{message(iov, "<14>mm", "", &log)}, {message(iov + 2, "other", "", &other)}};
    MUST(sendmmsg(fd, mm, 2, 0) == 2);
    close(fd);
}

static void wrong(void)
{
    struct sockaddr_in log = at(514);
    void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = udp();
    MUST(connect(fd, (void *)8, 16) < 0 && errno == EFAULT);
    MUST(connect(fd, hole, 16) < 0 && errno == EFAULT);
    MUST(connect(fd, (void *)&log, 3) < 0 && errno == EINVAL);
    MUST(sendto(fd, "x", 1, 0, (void *)8, sizeof log) < 0 && errno == EFAULT);
    MUST(sendto(fd, "x", 1, 0, (void *)&log, 1000) < 0 && errno == EINVAL);
    MUST(sendmsg(fd, NULL, 0) < 0 && errno == EFAULT);
    MUST(sendmsg(fd, (void *)8, 0) < 0 && errno == EFAULT);
    MUST(sendmmsg(fd, (void *)8, 2, 0) < 0 && errno == EFAULT);
    MUST(connect(-1, (void *)&log, sizeof log) < 0 && errno == EBADF);
    MUST(connect(fd, (void *)&log, sizeof log) == 0);
    MUST(send(fd, (void *)8, 5, 0) < 0 && errno == EFAULT);
    MUST(send(fd, "<15>right", 9, 0) == 9);
    static char big[70000];
    MUST(send(fd, big, sizeof big, 0) < 0 && errno == EMSGSIZE);
    MUST(send(fd, "", 0, 0) == 0);
    close(fd);
}

int main(int argc, char **argv)
{
    connected();
    addressed();
    wrong();
    return 0;
}
