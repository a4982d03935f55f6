#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One buffer for all reads: 5,000 sockets with one each would not stay in the cache. */
static char read_buffer[1 << 18];

void give_up(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

int sockets_epoll(void) {
    static int epoll = -1;
    if (epoll < 0 && (epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) give_up("epoll_create1");
    return epoll;
}

void bytes_append(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = 2 * (bytes->length + length);
        if (!(bytes->data = realloc(bytes->data, bytes->capacity))) give_up("realloc");
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void bytes_drop(struct bytes *bytes, size_t length) {
    bytes->length -= length;
    memmove(bytes->data, bytes->data + length, bytes->length);
}

struct socket *socket_watch(int fd, enum kind kind, SSL_CTX *tls) {
    struct socket *socket = calloc(1, sizeof *socket);
    if (!socket) give_up("calloc");
    socket->fd = fd;
    socket->kind = kind;
    socket->slot = -1;
    if (tls) {
        socket->tls = SSL_new(tls);
        SSL_set_fd(socket->tls, fd);
        SSL_set_accept_state(socket->tls);
        socket->shaking_hands = true;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};
    if (epoll_ctl(sockets_epoll(), EPOLL_CTL_ADD, fd, &event) < 0) give_up("epoll_ctl");
    return socket;
}

struct socket *socket_connect(uint16_t port, enum kind kind) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("socket");
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) give_up("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return socket_watch(fd, kind, NULL);
}

struct socket *socket_listen(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        give_up("listen");
    *port = ntohs(address.sin_port);
    return socket_watch(fd, LISTENER, NULL);
}

static void watch_writing(struct socket *socket, bool watched) {
    if (socket->watches_writing == watched) return;
    socket->watches_writing = watched;
    struct epoll_event event = {.events = EPOLLIN | (watched ? EPOLLOUT : 0), .data.ptr = socket};
    epoll_ctl(sockets_epoll(), EPOLL_CTL_MOD, socket->fd, &event);
}

static void after_tls(struct socket *socket, int result) {
    switch (SSL_get_error(socket->tls, result)) {
        case SSL_ERROR_WANT_READ: break;
        case SSL_ERROR_WANT_WRITE: watch_writing(socket, true); break;
        default: socket->failed = true;
    }
}

static bool tls_is_up(struct socket *socket) {
    if (socket->shaking_hands) {
        int result = SSL_do_handshake(socket->tls);
        if (result == 1)
            socket->shaking_hands = false;
        else
            after_tls(socket, result);
    }
    return !socket->shaking_hands;
}

static size_t read_tls(struct socket *socket, char *into, size_t room) {
    size_t length = 0;
    if (!tls_is_up(socket)) return 0;
    /* OpenSSL may hold bytes that epoll knows nothing of: read on until it has none. */
    while (length < room) {
        int got = SSL_read(socket->tls, into + length, (int)(room - length));
        if (got <= 0) {
            after_tls(socket, got);
            break;
        }
        length += (size_t)got;
    }
    return length;
}

static size_t read_plain(struct socket *socket, char *into, size_t room) {
    ssize_t got = recv(socket->fd, into, room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) socket->failed = true;
    return got > 0 ? (size_t)got : 0;
}

size_t socket_read(struct socket *socket, char **data) {
    size_t kept = socket->in.length;
    *data = read_buffer;
    if (kept > sizeof read_buffer / 2) socket->failed = true;
    if (socket->failed) return 0;
    if (kept) memcpy(read_buffer, socket->in.data, kept);
    socket->in.length = 0;
    char *into = read_buffer + kept;
    size_t room = sizeof read_buffer - kept;
    return kept + (socket->tls ? read_tls(socket, into, room) : read_plain(socket, into, room));
}

void socket_keep(struct socket *socket, const char *rest, size_t length) {
    socket->in.length = 0;
    if (length) bytes_append(&socket->in, rest, length);
}

/* Returns how much was taken. */
static size_t send_some(struct socket *socket, const char *data, size_t length) {
    if (socket->tls) {
        if (socket->shaking_hands) return 0;
        int sent = SSL_write(socket->tls, data, (int)length);
        if (sent > 0) return (size_t)sent;
        after_tls(socket, sent);
        return 0;
    }
    ssize_t sent = send(socket->fd, data, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == ENOTCONN) return 0; /* Still connecting. */
    if (sent < 0 && errno != EAGAIN && errno != EINTR) socket->failed = true;
    return sent > 0 ? (size_t)sent : 0;
}

void socket_write(struct socket *socket, const void *data, size_t length) {
    if (socket->failed) return;
    size_t sent = socket->out.length ? 0 : send_some(socket, data, length);
    if (sent == length || socket->failed) return;
    bytes_append(&socket->out, (const char *)data + sent, length - sent);
    watch_writing(socket, true);
}

void socket_flush(struct socket *socket) {
    if (socket->tls && !tls_is_up(socket)) return;
    while (socket->out.length && !socket->failed) {
        size_t sent = send_some(socket, socket->out.data, socket->out.length);
        if (!sent) return;
        bytes_drop(&socket->out, sent);
    }
    watch_writing(socket, false);
}

static struct socket *dead;

void socket_close(struct socket *socket) {
    if (socket->fd < 0) return;
    if (socket->tls) {
        SSL_set_quiet_shutdown(socket->tls, 1);
        SSL_free(socket->tls);
    }
    close(socket->fd); /* epoll forgets it by itself. */
    socket->fd = -1;
    socket->failed = true;
    socket->next = dead;
    dead = socket;
}

void sockets_bury(void) {
    while (dead) {
        struct socket *socket = dead;
        dead = socket->next;
        free(socket->in.data);
        free(socket->out.data);
        free(socket);
    }
}
