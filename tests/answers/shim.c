/*
 * A slow and stingy network, for LD_PRELOAD: the first 50 sends, receives and accepts of
 * each TCP socket come 20 ms late, and its first 2,000 sends take 1,000 bytes at most (all
 * of them, and 64 MB would take longer than a check may). Nothing in it is against the
 * rules: a right program must get along with it.
 *
 * cc -shared -fPIC -o shim.so shim.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { LATE = 50, DELAY_MS = 20, CUT = 2000, MOST = 1000, DESCRIPTORS = 65536 };

static _Atomic int calls[DESCRIPTORS], sends[DESCRIPTORS];

static int is_tcp(int fd)
{
    int saved = errno, value = 0;
    socklen_t size = sizeof value;
    int yes = fd >= 0 && fd < DESCRIPTORS
        && getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM
        && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) == 0
        && (value == AF_INET || value == AF_INET6);
    errno = saved;
    return yes;
}

static void late(int fd)
{
    if (atomic_fetch_add(&calls[fd], 1) < LATE) {
        struct timespec delay = { 0, DELAY_MS * 1000000L };
        nanosleep(&delay, NULL);
    }
}

/*
 * A program that waits for events (epoll, edge-triggered) takes a short send for a full
 * buffer, and waits for the event that there is room again. The kernel owes it that event
 * for a real one. Setting the buffer to the size that it has brings one about, if there is
 * room; if not, asking for room lets the kernel tell as soon as there is some.
 */
static void room_again(int fd)
{
    int saved = errno, size = 0;
    socklen_t length = sizeof size;
    if (fcntl(fd, F_GETFL) & O_NONBLOCK && getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0) {
        size /= 2; /* the kernel doubles it */
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        poll(&room, 1, 0);
    }
    errno = saved;
}

static ssize_t sent(int fd, ssize_t result, size_t wanted)
{
    if (result > 0 && (size_t)result < wanted)
        room_again(fd);
    return result;
}

static size_t few(int fd, size_t length)
{
    return length < MOST || atomic_fetch_add(&sends[fd], 1) >= CUT ? length : MOST;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        calls[fd] = sends[fd] = 0;
    return REAL(close)(fd);
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(accept)(fd, address, length);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(accept4)(fd, address, length, flags);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    if (!is_tcp(fd))
        return REAL(send)(fd, bytes, length, flags);
    late(fd);
    return sent(fd, REAL(send)(fd, bytes, few(fd, length), flags), length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (!is_tcp(fd))
        return REAL(write)(fd, bytes, length);
    late(fd);
    return sent(fd, REAL(write)(fd, bytes, few(fd, length)), length);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags,
               const struct sockaddr *address, socklen_t size)
{
    if (!is_tcp(fd))
        return REAL(sendto)(fd, bytes, length, flags, address, size);
    late(fd);
    return sent(fd, REAL(sendto)(fd, bytes, few(fd, length), flags, address, size), length);
}

/* Of several pieces only the first one goes: that is few enough. */
ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    if (!is_tcp(fd))
        return REAL(writev)(fd, pieces, count);
    while (count > 1 && pieces->iov_len == 0)
        pieces++, count--;
    ssize_t result = write(fd, pieces->iov_base, pieces->iov_len);
    if (count > 1 && result > 0)
        room_again(fd);
    return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (!is_tcp(fd) || message->msg_controllen > 0 || message->msg_iovlen == 0)
        return REAL(sendmsg)(fd, message, flags);
    return send(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(recv)(fd, bytes, length, flags);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(read)(fd, bytes, length);
}

ssize_t recvfrom(int fd, void *bytes, size_t length, int flags,
                 struct sockaddr *address, socklen_t *size)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(recvfrom)(fd, bytes, length, flags, address, size);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(readv)(fd, pieces, count);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    if (is_tcp(fd))
        late(fd);
    return REAL(recvmsg)(fd, message, flags);
}
