#define _GNU_SOURCE
#include "websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char KEY[] = "sec-websocket-key:";
static const char MAGIC[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

size_t websocket_accept(const char *request, size_t length, char *answer, size_t room) {
    char copy[8192];
    if (length >= sizeof copy) return 0;
    memcpy(copy, request, length);
    copy[length] = 0;
    char *key = strcasestr(copy, KEY);
    if (!key || strncmp(copy, "GET /app-ws", 11)) return 0;
    key += sizeof KEY - 1;
    key += strspn(key, " ");
    size_t key_length = strcspn(key, "\r\n ");
    char joined[256];
    if (key_length + sizeof MAGIC > sizeof joined) return 0;
    memcpy(joined, key, key_length);
    memcpy(joined + key_length, MAGIC, sizeof MAGIC - 1);
    unsigned char hash[SHA_DIGEST_LENGTH], encoded[64];
    SHA1((unsigned char *)joined, key_length + sizeof MAGIC - 1, hash);
    EVP_EncodeBlock(encoded, hash, sizeof hash);
    return (size_t)snprintf(answer, room,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n\r\n",
                            encoded);
}

static void unmask(char *payload, size_t length, const char *mask) {
    uint32_t four;
    memcpy(&four, mask, sizeof four);
    uint64_t eight = (uint64_t)four << 32 | four, word;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        memcpy(&word, payload + i, 8);
        word ^= eight;
        memcpy(payload + i, &word, 8);
    }
    for (; i < length; i++) payload[i] ^= mask[i & 3];
}

long websocket_parse(char *bytes, size_t length, struct frame *frame) {
    const unsigned char *head = (unsigned char *)bytes;
    if (length < 6) return 0;
    /* The end of a message, nothing reserved set, masked: everything else we do not expect of a client. */
    if ((head[0] & 0xF0) != 0x80 || !(head[1] & 0x80)) return -1;
    size_t size = head[1] & 0x7F, at = 2;
    if (size >= 126) {
        size_t wide = size == 126 ? 2 : 8;
        if (length < at + wide) return 0;
        for (size = 0; wide; wide--) size = size << 8 | head[at++];
    }
    if (size > 1 << 16) return -1;
    if (length < at + 4 + size) return 0;
    frame->opcode = head[0] & 0x0F;
    frame->payload = bytes + at + 4;
    frame->length = size;
    unmask(frame->payload, size, bytes + at);
    return (long)(at + 4 + size);
}

size_t websocket_head(char *head, enum opcode opcode, size_t length) {
    head[0] = (char)(0x80 | opcode);
    if (length < 126) {
        head[1] = (char)length;
        return 2;
    }
    if (length < 1 << 16) {
        head[1] = 126;
        head[2] = (char)(length >> 8);
        head[3] = (char)length;
        return 4;
    }
    head[1] = 127;
    for (int i = 0; i < 8; i++) head[2 + i] = (char)((uint64_t)length >> (8 * (7 - i)));
    return 10;
}
