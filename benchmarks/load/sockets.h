/* Non-blocking sockets on one epoll, plain or with TLS 1.3. What they say is somebody else's business. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *data;
    size_t length, capacity;
};

enum kind { LISTENER, TIMER, COMMANDS, WEBHOOK, APP };

struct socket {
    int fd;
    enum kind kind;
    SSL *tls;             /* NULL: plain */
    bool shaking_hands;   /* TLS is not up yet */
    bool watches_writing; /* epoll tells when it can be written to */
    bool failed;          /* closed by the other end, or broken: close it */
    struct bytes in;      /* the start of something whose rest has not come */
    struct bytes out;     /* what the kernel did not take yet */
    bool upgraded;        /* APP: it is a WebSocket by now */
    int slot;             /* whose session it is, or -1 */
    struct socket *next; /* in a list: of the idle ones, or of the dead */
};

int sockets_epoll(void);

/* Watch a descriptor. It belongs to the socket from now on. */
struct socket *socket_watch(int fd, enum kind kind, SSL_CTX *tls);

/* Connect to a port of this machine; ends the process when that is impossible. */
struct socket *socket_connect(uint16_t port, enum kind kind);

/* Listen on a free port of this machine, and tell which. */
struct socket *socket_listen(uint16_t *port);

/* Read what is there, behind what was kept. The bytes are valid until the next call for any socket; say with
   socket_keep what of them was not used. Returns how many there are. */
size_t socket_read(struct socket *socket, char **data);

void socket_keep(struct socket *socket, const char *rest, size_t length);

/* Send now, or when the kernel takes it. */
void socket_write(struct socket *socket, const void *data, size_t length);

/* It is writable again. */
void socket_flush(struct socket *socket);

/* It may be mentioned in events that were fetched already: it is freed by sockets_bury, and has no descriptor until then. */
void socket_close(struct socket *socket);

void sockets_bury(void);

void bytes_append(struct bytes *bytes, const void *data, size_t length);

/* Say what is wrong, and end the process. */
void give_up(const char *what) __attribute__((noreturn));

#endif
