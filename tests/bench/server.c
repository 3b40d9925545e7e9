/* The server of lessons 05 and 06 in C, to measure them by: one thread a client, and the
 * same work for each message: receive once, decode GBK with iconv, print a line that is
 * flushed at its end, send the reply.
 *
 *     cc -O2 -pthread server.c -o server && ./server 127.0.0.1:9090
 *
 * On Ctrl-C it ends as lesson 06 does, and its threads with it. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <iconv.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char REPLY[] = "server: hello, client!";

static atomic_int clients;
static atomic_int stopping;

struct client {
    int stream;
    struct sockaddr_in peer;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Writes 127.0.0.1:9090 into `text`, which has room for it. */
static const char *shown(const struct sockaddr_in *address, char text[32]) {
    char ip[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address->sin_addr, ip, sizeof ip);
    snprintf(text, 32, "%s:%d", ip, ntohs(address->sin_port));
    return text;
}

/* Decodes what a client has sent; U+FFFD stands for a byte that is no GBK. A byte becomes 3
 * at most, so `text` has room for 3 times `length`. Returns the length of the text. */
static size_t decode(iconv_t gbk, char *bytes, size_t length, char *text, size_t room) {
    char *end = text;
    iconv(gbk, NULL, NULL, NULL, NULL);
    while (length > 0 && iconv(gbk, &bytes, &length, &end, &room) == (size_t)-1) {
        memcpy(end, "\xEF\xBF\xBD", 3);
        end += 3, room -= 3, bytes += 1, length -= 1;
    }
    return (size_t)(end - text);
}

/* Escapes control characters: a client must not steer our terminal. A byte that was received
 * becomes 6 at most, \u{1f}. */
static void escape(const char *text, size_t length, char *escaped) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *name = NULL;
        switch (c) {
        case '\n': name = "\\n"; break;
        case '\r': name = "\\r"; break;
        case '\t': name = "\\t"; break;
        case '\0': name = "\\0"; break;
        case '"': name = "\\\""; break;
        case '\\': name = "\\\\"; break;
        }
        if (name != NULL)
            escaped += sprintf(escaped, "%s", name);
        else if (c < 0x20 || c == 0x7f)
            escaped += sprintf(escaped, "\\u{%x}", c);
        else
            *escaped++ = (char)c;
    }
    *escaped = '\0';
}

/* Answers each message. Returns 0, or the error that ended it. */
static int answer(int stream, const char *peer) {
    char buffer[1024], text[3 * 1024], escaped[6 * 1024 + 1];
    iconv_t gbk = iconv_open("UTF-8", "GBK");
    if (gbk == (iconv_t)-1)
        return errno;
    int error = 0;
    for (;;) {
        ssize_t length = recv(stream, buffer, sizeof buffer, 0);
        if (length <= 0) {
            error = length < 0 ? errno : 0;
            break;
        }
        size_t decoded = decode(gbk, buffer, (size_t)length, text, sizeof text);
        escape(text, decoded, escaped);
        printf("%s sent \"%s\"\n", peer, escaped);
        size_t sent = 0;
        while (sent < sizeof REPLY - 1) {
            ssize_t taken = send(stream, REPLY + sent, sizeof REPLY - 1 - sent, MSG_NOSIGNAL);
            if (taken < 0)
                break;
            sent += (size_t)taken;
        }
        if (sent < sizeof REPLY - 1) {
            error = errno;
            break;
        }
    }
    iconv_close(gbk);
    return error;
}

/* Serves one client, in a thread of its own, until it is offline. */
static void *serve(void *argument) {
    struct client client = *(struct client *)argument;
    char peer[32];
    free(argument);
    shown(&client.peer, peer);
    int error = answer(client.stream, peer);
    close(client.stream);
    if (error != 0 && error != ECONNRESET && error != ECONNABORTED && error != EPIPE)
        fprintf(stderr, "cannot serve client %s: %s\n", peer, strerror(error));
    atomic_fetch_sub(&clients, 1);
    printf("client offline: %s\n", peer);
    return NULL;
}

/* Waits for Ctrl-C, in a thread of its own, and wakes the one that waits in accept. */
static void *stop(void *argument) {
    const struct sockaddr_in *address = argument;
    int waker = socket(AF_INET, SOCK_STREAM, 0), number;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigwait(&signals, &number);
    atomic_store(&stopping, 1);
    connect(waker, (const struct sockaddr *)address, sizeof *address);
    return NULL;
}

static void parse(const char *argument, struct sockaddr_in *address) {
    char ip[INET_ADDRSTRLEN] = "";
    int port;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    if (sscanf(argument, "%15[0-9.]:%d", ip, &port) != 2 || port < 0 || port > 65535 ||
        inet_pton(AF_INET, ip, &address->sin_addr) != 1) {
        fprintf(stderr, "cannot use %s as an address\nusage: server IP:PORT\n", argument);
        exit(1);
    }
    address->sin_port = htons((unsigned short)port);
}

/* Starts a thread that nobody waits for. */
static int start(void *(*work)(void *), void *argument) {
    pthread_t thread;
    int error = pthread_create(&thread, NULL, work, argument);
    if (error == 0)
        pthread_detach(thread);
    return error;
}

int main(int count, char **arguments) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char text[32];
    int one = 1;
    sigset_t signals;

    parse(count > 1 ? arguments[1] : "127.0.0.1:9090", &address);
    /* A line is flushed at its end, also where stdout is no terminal. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    /* Every thread inherits it: the signals come to the one that waits for them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        fail("cannot create a socket");
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        fail("cannot set SO_REUSEADDR");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        fail("cannot bind");
    if (listen(listener, 128) < 0)
        fail("cannot listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail("cannot tell the address");
    if (start(stop, &address) != 0)
        fail("cannot start a thread");
    printf("listening on %s\n", shown(&address, text));

    for (;;) {
        struct client *client = malloc(sizeof *client);
        if (client == NULL)
            fail("no memory");
        size = sizeof client->peer;
        client->stream = accept(listener, (struct sockaddr *)&client->peer, &size);
        if (atomic_load(&stopping))
            break;
        if (client->stream < 0) {
            /* Out of file descriptors, say. It would fail again at once: wait a little. */
            perror("cannot accept a connection");
            free(client);
            usleep(100 * 1000);
            continue;
        }
        atomic_fetch_add(&clients, 1);
        shown(&client->peer, text);
        printf("client connected: %s\n", text);
        int error = start(serve, client);
        if (error != 0) {
            fprintf(stderr, "cannot start a thread for client %s: %s\n", text, strerror(error));
            close(client->stream);
            free(client);
            atomic_fetch_sub(&clients, 1);
            printf("client offline: %s\n", text);
        }
    }
    close(listener);
    printf("shutting down: leaving %d client(s)\n", atomic_load(&clients));
    return 0;
}
