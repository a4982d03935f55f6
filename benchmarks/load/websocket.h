/* The server's half of WebSocket (RFC 6455), as far as a cloud for benchmarks needs it: no fragments. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

enum opcode { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

struct frame {
    enum opcode opcode;
    char *payload; /* unmasked, in place */
    size_t length;
};

/* Answer a client's request for an upgrade. Returns the length of the answer, 0 if it is none. */
size_t websocket_accept(const char *request, size_t length, char *answer, size_t room);

/* Take one frame of a client off the bytes. Returns how many it has, 0 if its end has not come, -1 if it is none. */
long websocket_parse(char *bytes, size_t length, struct frame *frame);

/* Write the head of a frame of a server, at most 10 bytes; returns its length. */
size_t websocket_head(char *head, enum opcode opcode, size_t length);

#endif
