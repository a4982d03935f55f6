/* A cloud that starts sessions in an app, talks to them as fast as they can answer, and checks every answer.

   load --app-port PORT --stream transcription|audio_chunk [--certificate FILE --private-key FILE]

   With a certificate the apps' WebSockets are served with TLS 1.3. First it prints {"port": N}. Then it reads one
   command per line and answers each with one line of JSON, when what was asked is done:

   start COUNT AT_ONCE [fresh]    start sessions; the time runs from the webhook to its answer and the subscription,
                                  whichever is later. fresh: every webhook on a connection of its own
   stop AT_ONCE                   stop all sessions
   messages SECONDS WAITING       closed loop: as many messages as are answered, so many of them waiting
   rate SECONDS PER_SECOND        open loop; the time runs from when a message was due, sent in time or not
   audio SECONDS PER_SECOND       open loop of frames of sound, of which every fiftieth of a session is answered

   The rule of checking: the n-th message of a run goes to session n modulo their count, so each answer of a session
   must carry the number of its oldest message that has no answer yet. Anything else counts as wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "sockets.h"
#include "websocket.h"

#define MAX_SESSIONS 100000
#define MAX_UNANSWERED (1u << 18)
#define SECOND 1000000000ull
/* An answer that takes longer is missing; after a wrong one there is nothing to wait for. */
#define PATIENCE (run.wrong ? SECOND : 10 * SECOND)
#define TRIES 3

enum what { NOTHING, START_ALL, STOP_ALL, MESSAGES, RATE, AUDIO };
static const char *NAMES[] = {"nothing", "start", "stop", "messages", "rate", "audio"};

struct session {
    struct socket *app;
    bool busy;       /* starting or stopping */
    bool answered;   /* its webhook was */
    bool subscribed;
    bool stopping;
    int tries;
    uint64_t began;
    uint32_t expected; /* the number of the oldest unanswered message */
    uint32_t frames, frames_answered;
    uint64_t frame_sent[4];
};

static struct session sessions[MAX_SESSIONS];
static unsigned session_count;
static unsigned first_user; /* Sessions that come later are of other users. */

static struct {
    enum what what;
    unsigned asked, at_once, begun, done;
    unsigned in_time; /* answered before the end */
    unsigned wrong, unsent;
    char first_wrong[160];
    uint64_t began, ends, busy_began, progressed;
    double per_second;
    uint32_t first_number;
    uint64_t *took;
    size_t took_room, took_count;
} run;

static uint64_t sent_at[MAX_UNANSWERED];
static uint32_t next_number;

static uint16_t app_port, port;
static const char *stream = "transcription";
static char app_url[64], stamp[32];
static SSL_CTX *tls;
static bool awake; /* looks for events without a pause during a run, so that nobody has to wake us */
static uint64_t worked;
static struct socket *timer, *idle;

/* A transcription with its WebSocket head; only the digits change. */
static struct {
    char bytes[1024];
    size_t length;
    char *user, *number;
} said;
static struct {
    char bytes[10 + AUDIO_BYTES];
    size_t length;
} sound;
static size_t answer_bytes; /* of the last one */

/* Time on a core, and time in the queue for one: both keep us from being faster. Awake we are always on a core, so
 * only what we do with events counts. */
static uint64_t busy_time(void) {
    if (awake) return worked;
    unsigned long long running = 0, waiting = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (!file || fscanf(file, "%llu %llu", &running, &waiting) != 2) give_up("/proc/self/schedstat");
    fclose(file);
    return running + waiting;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void wrong(const char *why, const char *seen, size_t length) {
    if (!run.wrong++) {
        int room = (int)sizeof run.first_wrong;
        snprintf(run.first_wrong, (size_t)room, "%s: %.*s", why, (int)(length < 120 ? length : 120), seen);
        for (char *c = run.first_wrong; *c; c++)
            if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '\'';
    }
}

static void took(uint64_t began, uint64_t at) {
    if (run.took_count == run.took_room) {
        run.took_room = run.took_room ? 2 * run.took_room : 1 << 16;
        if (!(run.took = realloc(run.took, run.took_room * sizeof *run.took))) give_up("realloc");
    }
    run.took[run.took_count++] = at - began;
    run.progressed = at;
}

static bool has(const char *text, size_t length, const char *part) { return memmem(text, length, part, strlen(part)); }

/* --- Frames to the app --- */

static void send_frame(struct socket *socket, enum opcode opcode, const char *payload, size_t length) {
    char frame[8192];
    size_t head = websocket_head(frame, opcode, length);
    memcpy(frame + head, payload, length);
    socket_write(socket, frame, head + length);
}

static void put_digits(char *at, int digits, uint32_t number) {
    while (digits--) {
        at[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void make_frames(void) {
    char text[1024];
    size_t length = (size_t)snprintf(text, sizeof text, TRANSCRIPTION, 0, 0u, stamp);
    size_t head = websocket_head(said.bytes, TEXT, length);
    memcpy(said.bytes + head, text, length + 1);
    said.length = head + length;
    said.user = strstr(said.bytes + head, "\"user") + strlen("\"user");
    said.number = strstr(said.bytes + head, SAID_BEFORE) + strlen(SAID_BEFORE);
    sound.length = websocket_head(sound.bytes, BINARY, AUDIO_BYTES) + AUDIO_BYTES;
}

static void say(uint64_t due) {
    unsigned slot = (next_number - run.first_number) % session_count;
    if (next_number - run.first_number - run.done >= MAX_UNANSWERED || !sessions[slot].app) {
        run.unsent++;
        return;
    }
    put_digits(said.user, 6, first_user + slot);
    put_digits(said.number, SAID_DIGITS, next_number);
    sent_at[next_number++ % MAX_UNANSWERED] = due;
    run.begun++;
    socket_write(sessions[slot].app, said.bytes, said.length);
}

static void play(uint64_t due) {
    struct session *session = &sessions[run.begun++ % session_count];
    if (!session->app) return;
    if (++session->frames % AUDIO_ANSWERED == 0) {
        session->frame_sent[session->frames / AUDIO_ANSWERED % 4] = due;
        run.asked++;
    }
    socket_write(session->app, sound.bytes, sound.length);
}

/* --- Webhooks --- */

static void post(unsigned slot) {
    struct session *session = &sessions[slot];
    struct socket *socket = idle;
    if (socket)
        idle = socket->next;
    else
        socket = socket_connect(app_port, WEBHOOK);
    socket->slot = (int)slot;
    unsigned user = first_user + slot;
    char body[1024], request[2048];
    int length = session->stopping
                     ? snprintf(body, sizeof body, STOP, user, user, stamp)
                     : snprintf(body, sizeof body, START, user, user, stamp, app_url, app_url);
    int head = snprintf(request, sizeof request, WEBHOOK_HEAD, app_port, length);
    memcpy(request + head, body, (size_t)length);
    socket_write(socket, request, (size_t)(head + length));
}

static void begin_next(void) {
    while (run.begun < run.asked && run.begun - run.done < run.at_once) {
        unsigned slot = run.what == START_ALL ? session_count++ : run.begun;
        struct session *session = &sessions[slot];
        if (run.what == START_ALL) memset(session, 0, sizeof *session);
        session->busy = true;
        session->answered = false;
        session->tries = 0;
        session->stopping = run.what == STOP_ALL;
        session->began = now();
        run.begun++;
        post(slot);
    }
}

static void look_whether_done(unsigned slot) {
    struct session *session = &sessions[slot];
    bool done = session->answered && (session->stopping ? !session->app : session->subscribed);
    if (!session->busy || !done) return;
    session->busy = false;
    took(session->began, now());
    run.done++;
    begin_next();
}

static void webhook_answered(struct socket *socket, int status, const char *head, size_t length) {
    unsigned slot = (unsigned)socket->slot;
    struct session *session = &sessions[slot];
    socket->slot = -1;
    if (has(head, length, "onnection: close"))
        socket_close(socket);
    else {
        socket->next = idle;
        idle = socket;
    }
    if (status != 200) wrong("a webhook was answered so", head, length);
    session->answered = true;
    if (session->stopping && session->app) {
        char text[128];
        int size = snprintf(text, sizeof text, APP_STOPPED, stamp);
        send_frame(session->app, TEXT, text, (size_t)size);
        send_frame(session->app, CLOSE, "\x03\xe8", 2);
    }
    look_whether_done(slot);
}

static void webhook_lost(struct socket *socket) {
    int slot = socket->slot;
    if (slot < 0)
        for (struct socket **at = &idle; *at; at = &(*at)->next)
            if (*at == socket) {
                *at = socket->next;
                break;
            }
    socket_close(socket);
    if (slot < 0 || run.what == NOTHING) return;
    /* A server may close a connection just when it is used again; a client sends anew. */
    if (++sessions[slot].tries < TRIES)
        post((unsigned)slot);
    else
        wrong("no webhook was answered", "", 0);
}

static void webhook_readable(struct socket *socket) {
    char *data;
    size_t length = socket_read(socket, &data);
    char *end = memmem(data, length, "\r\n\r\n", 4);
    if (length && end && socket->slot >= 0) {
        size_t head = (size_t)(end + 4 - data), body = 0;
        char first[16] = "";
        memcpy(first, data, length < 15 ? length : 15);
        data[head - 1] = 0;
        char *said_length = strcasestr(data, "content-length:");
        if (said_length) body = strtoul(said_length + 15, NULL, 10);
        bool whole = said_length ? length >= head + body : !memcmp(data + length - 5, "0\r\n\r\n", 5);
        if (whole) {
            webhook_answered(socket, atoi(first + 9), data, head - 1);
            if (socket->failed) webhook_lost(socket);
            return;
        }
        data[head - 1] = '\n';
    }
    if (socket->failed)
        webhook_lost(socket);
    else
        socket_keep(socket, data, length);
}

/* --- Frames from the app --- */

static void app_lost(struct socket *socket) {
    int slot = socket->slot;
    socket_close(socket);
    if (slot < 0) return;
    sessions[slot].app = NULL;
    if (sessions[slot].stopping)
        look_whether_done((unsigned)slot);
    else
        wrong("an app closed its socket", "", 0);
}

static void greeted(struct socket *socket, const char *text, size_t length) {
    const char *user = memmem(text, length, "\"user", 5);
    unsigned slot = user ? (unsigned)atoi(user + 5) - first_user : MAX_SESSIONS;
    if (slot >= session_count || sessions[slot].app || !has(text, length, "tpa_connection_init") ||
        !has(text, length, PACKAGE_NAME) || !has(text, length, API_KEY)) {
        wrong("a wrong greeting", text, length);
        return;
    }
    socket->slot = (int)slot;
    sessions[slot].app = socket;
    char ack[4096];
    int size = snprintf(ack, sizeof ack, ACK, first_user + slot, stamp);
    send_frame(socket, TEXT, ack, (size_t)size);
}

/* The text of a text wall: what stands between the quotes behind "text". */
static const char *text_of(const char *frame, size_t length, size_t *text_length) {
    const char *at = memmem(frame, length, "\"text\":", 7), *end = frame + length;
    if (!at || !has(frame, length, "\"text_wall\"")) return NULL;
    for (at += 7; at < end && *at == ' '; at++) {
    }
    if (at == end || *at++ != '"') return NULL;
    const char *quote = memchr(at, '"', (size_t)(end - at));
    *text_length = quote ? (size_t)(quote - at) : 0;
    return quote ? at : NULL;
}

/* Returns whether a text is the one that was said under this number. */
static bool repeats(const char *text, size_t length, uint32_t number) {
    const size_t before = sizeof SAID_BEFORE - 1, after = sizeof SAID_AFTER - 1;
    char digits[SAID_DIGITS];
    put_digits(digits, SAID_DIGITS, number);
    return length == before + SAID_DIGITS + after && !memcmp(text, SAID_BEFORE, before) &&
           !memcmp(text + before, digits, SAID_DIGITS) && !memcmp(text + before + SAID_DIGITS, SAID_AFTER, after);
}

static void answered(uint64_t due, uint64_t at) {
    took(due, at);
    run.done++;
    if (at < run.ends) run.in_time++;
}

static void shown(struct session *session, const char *frame, size_t length) {
    size_t size;
    const char *text = text_of(frame, length, &size);
    uint64_t at = now();
    answer_bytes = length;
    if (!text) {
        wrong("no text wall", frame, length);
    } else if (run.what == MESSAGES || run.what == RATE) {
        uint32_t number = session->expected;
        if (number - run.first_number >= next_number - run.first_number || !repeats(text, size, number)) {
            wrong("another text was due", text, size);
            return;
        }
        session->expected += session_count;
        answered(sent_at[number % MAX_UNANSWERED], at);
        if (run.what == MESSAGES && at < run.ends) say(at);
    } else if (run.what == AUDIO) {
        uint32_t frames = session->frames_answered + AUDIO_ANSWERED;
        char due[32];
        int due_length = snprintf(due, sizeof due, "frames %u", frames);
        if (frames > session->frames || (size_t)due_length != size || memcmp(due, text, size)) {
            wrong("another count was due", text, size);
            return;
        }
        session->frames_answered = frames;
        answered(session->frame_sent[frames / AUDIO_ANSWERED % 4], at);
    } else {
        wrong("nothing was said", text, size);
    }
}

static void heard(struct socket *socket, const char *text, size_t length) {
    if (socket->slot < 0) {
        greeted(socket, text, length);
        return;
    }
    struct session *session = &sessions[socket->slot];
    if (has(text, length, "\"display_event\"")) {
        shown(session, text, length);
    } else if (has(text, length, "subscription_update")) {
        if (!has(text, length, stream)) return; /* The official SDK begins with an empty list. */
        session->subscribed = true;
        look_whether_done((unsigned)socket->slot);
    } else {
        wrong("an unexpected frame", text, length);
    }
}

static void app_frame(struct socket *socket, struct frame *frame) {
    switch (frame->opcode) {
        case TEXT: heard(socket, frame->payload, frame->length); break;
        case PING: send_frame(socket, PONG, frame->payload, frame->length < 126 ? frame->length : 125); break;
        case PONG: break;
        case CLOSE:
            if (socket->slot < 0 || !sessions[socket->slot].stopping || !sessions[socket->slot].answered)
                send_frame(socket, CLOSE, frame->payload, frame->length < 126 ? frame->length : 125);
            socket->failed = true;
            break;
        default: wrong("a strange frame", "", 0);
    }
}

/* Answer one request. Returns how many of the bytes were used. */
static size_t answer_request(struct socket *socket, char *data, size_t length) {
    char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    char answer[512];
    size_t size = websocket_accept(data, (size_t)(end + 4 - data), answer, sizeof answer);
    if (!strncmp(data, PERMISSIONS_PATH, sizeof PERMISSIONS_PATH - 1)) {
        size = (size_t)snprintf(answer, sizeof answer, PERMISSIONS_HEAD PERMISSIONS, sizeof PERMISSIONS - 1);
        socket_write(socket, answer, size);
    } else if (size) {
        socket_write(socket, answer, size);
        socket->upgraded = true;
    } else {
        wrong("no upgrade", data, length);
        socket->failed = true;
    }
    return (size_t)(end + 4 - data);
}

static void app_readable(struct socket *socket) {
    char *data;
    size_t length = socket_read(socket, &data), used = 0;
    bool ended = socket->failed;
    if (length && !socket->upgraded) used = answer_request(socket, data, length);
    if (socket->upgraded) {
        struct frame frame;
        long size = 0;
        while (used < length && (size = websocket_parse(data + used, length - used, &frame)) > 0) {
            app_frame(socket, &frame);
            used += (size_t)size;
        }
        if (size < 0) {
            wrong("no frame", "", 0);
            socket->failed = true;
        }
    }
    if (ended || socket->failed)
        app_lost(socket);
    else
        socket_keep(socket, data + used, length - used);
}

/* --- Runs --- */

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double took_us(double share) {
    if (!run.took_count) return 0;
    size_t below = (size_t)(share * (double)run.took_count); /* Nearest rank: the p99 of 100 is the second largest. */
    return (double)run.took[below ? below - 1 : 0] / 1000.0;
}

static unsigned answers_due(void) { return run.what == MESSAGES || run.what == RATE ? run.begun : run.asked; }

static void end_run(uint64_t at) {
    double busy = (double)(busy_time() - run.busy_began) / (double)SECOND;
    double whole = (double)(at - run.began) / (double)SECOND;
    double seconds = run.ends ? (double)(run.ends - run.began) / (double)SECOND : whole;
    unsigned due = answers_due();
    qsort(run.took, run.took_count, sizeof *run.took, by_size);
    printf("{\"run\":\"%s\",\"sessions\":%u,\"sent\":%u,\"answers_due\":%u,\"answered\":%u,\"in_time\":%u,\"wrong\":%u,"
           "\"missing\":%u,\"unsent\":%u,\"first_wrong\":\"%s\",\"seconds\":%.6f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
           "\"p99_us\":%.1f,\"max_us\":%.1f,\"message_bytes\":%zu,\"answer_bytes\":%zu,\"generator_load\":%.4f}\n",
           NAMES[run.what], session_count, run.begun, due, run.done, run.ends ? run.in_time : run.done, run.wrong,
           due - run.done, run.unsent, run.first_wrong, seconds, took_us(0.5), took_us(0.9), took_us(0.99),
           took_us(1.0), run.what == AUDIO ? (size_t)AUDIO_BYTES : said.length - 4, answer_bytes, whole > 0 ? busy / whole : 0);
    fflush(stdout);
    if (run.what == STOP_ALL) {
        first_user += session_count;
        session_count = 0;
    }
    run.what = NOTHING;
    run.wrong = 0;
    run.first_wrong[0] = 0;
}

static void wake_at(uint64_t at) {
    static uint64_t set;
    if (at == set) return;
    set = at;
    struct itimerspec due = {.it_value = {.tv_sec = (time_t)(at / SECOND), .tv_nsec = (long)(at % SECOND)}};
    timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &due, NULL);
}

/* Send what is due by now, and wake when the next one is. */
static void keep_pace(uint64_t at) {
    uint64_t until = at < run.ends ? at : run.ends;
    unsigned due = (unsigned)((double)(until - run.began) / (double)SECOND * run.per_second);
    while (run.begun + run.unsent < due) {
        uint64_t when = run.began + (uint64_t)((run.begun + run.unsent) / run.per_second * (double)SECOND);
        if (run.what == RATE)
            say(when);
        else
            play(when);
    }
    if (at < run.ends) wake_at(run.began + (uint64_t)((due + 1) / run.per_second * (double)SECOND));
}

static void look_at_clock(void) {
    if (run.what == NOTHING) return;
    uint64_t at = now();
    if (run.what == RATE || run.what == AUDIO) {
        unsigned before = run.begun;
        keep_pace(at);
        if (awake && run.begun != before) worked += now() - at;
    }
    /* Those without an end of their own end when all is done: for them run.ends is 0. */
    bool over = at >= run.ends && run.done >= answers_due();
    uint64_t since = run.progressed > run.ends ? run.progressed : run.ends;
    if (over || (at > since && at - since > PATIENCE)) end_run(over ? at : run.progressed);
}

static void begin(enum what what) {
    /* What was wrong between two runs counts for the next one. */
    run.asked = run.at_once = run.begun = run.done = run.in_time = run.unsent = 0;
    run.ends = 0;
    run.took_count = 0;
    run.what = what;
    time_t seconds = time(NULL);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S.000Z", gmtime(&seconds));
    make_frames();
    run.busy_began = busy_time();
    run.began = run.progressed = now();
}

static void begin_talk(enum what what, double seconds, double rate) {
    begin(what);
    run.ends = run.began + (uint64_t)(seconds * (double)SECOND);
    run.per_second = rate;
    run.first_number = next_number;
    for (unsigned slot = 0; slot < session_count; slot++) sessions[slot].expected = next_number + slot;
    if (what == MESSAGES)
        for (unsigned i = 0; i < (unsigned)rate; i++) say(now());
    else
        keep_pace(run.began);
}

static void obey(const char *line) {
    unsigned count, at_once;
    double seconds, rate;
    char word[16] = "";
    if (sscanf(line, "start %u %u %15s", &count, &at_once, word) >= 2 && session_count + count <= MAX_SESSIONS) {
        begin(START_ALL);
        run.asked = count;
        run.at_once = at_once;
        if (!strcmp(word, "fresh"))
            while (idle) {
                struct socket *socket = idle;
                idle = socket->next;
                socket_close(socket);
            }
        begin_next();
    } else if (sscanf(line, "stop %u", &at_once) == 1) {
        begin(STOP_ALL);
        run.asked = session_count;
        run.at_once = at_once;
        begin_next();
    } else if (session_count && sscanf(line, "messages %lf %lf", &seconds, &rate) == 2) {
        begin_talk(MESSAGES, seconds, rate);
    } else if (session_count && sscanf(line, "rate %lf %lf", &seconds, &rate) == 2) {
        begin_talk(RATE, seconds, rate);
    } else if (session_count && sscanf(line, "audio %lf %lf", &seconds, &rate) == 2) {
        begin_talk(AUDIO, seconds, rate);
    } else {
        fprintf(stderr, "load: no such command, or no session: %s\n", line);
        exit(2);
    }
}

static void commanded(struct socket *socket) {
    char line[256];
    ssize_t length = read(socket->fd, line, sizeof line - 1);
    if (length <= 0) exit(0); /* Whoever started us is gone. */
    line[length] = 0;
    obey(line);
}

static void accept_all(struct socket *listener) {
    int fd;
    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, 6 /* TCP */, 1 /* TCP_NODELAY */, &(int){1}, sizeof(int));
        socket_watch(fd, APP, tls);
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) give_up("accept4");
}

static void happened(struct socket *socket, uint32_t events) {
    if (socket->fd < 0) return;
    if (events & EPOLLOUT) socket_flush(socket);
    if (!(events & ~(uint32_t)EPOLLOUT)) return;
    uint64_t count;
    switch (socket->kind) {
        case LISTENER: accept_all(socket); break;
        case TIMER:
            if (read(socket->fd, &count, sizeof count) < 0 && errno != EAGAIN) give_up("timer");
            break;
        case COMMANDS: commanded(socket); break;
        case WEBHOOK: webhook_readable(socket); break;
        case APP: app_readable(socket); break;
    }
}

static SSL_CTX *tls_context(const char *certificate, const char *private_key) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, private_key, SSL_FILETYPE_PEM) != 1)
        give_up("the certificate");
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* Otherwise a record costs two reads. */
    return context;
}

static void read_arguments(int count, char **arguments) {
    const char *certificate = NULL, *private_key = NULL;
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = arguments[i], *value = arguments[i + 1];
        if (!strcmp(name, "--app-port")) app_port = (uint16_t)atoi(value);
        if (!strcmp(name, "--stream")) stream = value;
        if (!strcmp(name, "--certificate")) certificate = value;
        if (!strcmp(name, "--private-key")) private_key = value;
        if (!strcmp(name, "--awake")) awake = !strcmp(value, "yes");
    }
    if (!app_port) {
        fprintf(stderr, "load: --app-port is missing\n");
        exit(2);
    }
    if (certificate && private_key) tls = tls_context(certificate, private_key);
}

int main(int count, char **arguments) {
    read_arguments(count, arguments);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1ul);
    socket_listen(&port);
    snprintf(app_url, sizeof app_url, "%s://127.0.0.1:%u/app-ws", tls ? "wss" : "ws", port);
    timer = socket_watch(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), TIMER, NULL);
    socket_watch(STDIN_FILENO, COMMANDS, NULL);
    printf("{\"port\":%u}\n", port);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(sockets_epoll(), events, 256, run.what == NOTHING ? -1 : awake ? 0 : 20);
        if (ready < 0 && errno != EINTR) give_up("epoll_wait");
        uint64_t woke = awake && ready > 0 ? now() : 0;
        for (int i = 0; i < ready; i++) happened(events[i].data.ptr, events[i].events);
        if (woke) worked += now() - woke;
        look_at_clock();
        sockets_bury();
    }
}
