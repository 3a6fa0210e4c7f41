/* load: a registry client that costs next to nothing, many times over.
 *
 *     load PORT CLIENTS SECONDS LAYER CONFIG < PLAN
 *
 * LAYER and CONFIG are files: the content of every layer but for its last TAIL bytes, and the
 * config blob. PLAN has one line per flow: "KIND TOKEN TARGET DIGEST TAIL", with "-" for what a
 * flow does not need. DIGEST is the layer's; TAIL, in hex, ends its content and makes it unlike
 * the others. Client i does lines i, i + CLIENTS, ... in sequence, on one connection of its own;
 * with SECONDS > 0 it repeats its lines until that time is over. Flows are those of zb (zot's
 * benchmark), call by call; "push" and "pull" take an image name as target, "get" and "head" a
 * path. Prints one JSON object: times in nanoseconds, CPU in seconds.
 *
 * Bodies are sent with sendfile and received with MSG_TRUNC, so that their bytes are never
 * touched here: the two cores of a small machine belong to the servers that are compared.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TAIL = 16, FIELDS = 5, HEAD_SIZE = 16384, MESSAGE = 512 };

typedef struct {
    char *kind, *token, *target, *digest, *tail;
} Line;

typedef struct {
    int fd;
    off_t size;
    char digest[80];
} Content;

typedef struct {
    int number, socket;
    int status;            /* of the last answer */
    long long length;      /* of its body; -1: chunked */
    char head[HEAD_SIZE];  /* of the last answer */
    size_t held, used;     /* bytes in head: received, and used up by its header section */
    char location[2048];
    char error[MESSAGE];
    long long *times;
    size_t count, room;
    long failed, bytes;
} Client;

static int port, client_count;
static double seconds;
static Content layer, config;
static Line *lines;
static size_t line_count;
static pthread_barrier_t start;
static long long deadline;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int fail(Client *client, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!client->error[0]) vsnprintf(client->error, MESSAGE, format, arguments);
    va_end(arguments);
    return -1;
}

static void hang_up(Client *client) {
    if (client->socket >= 0) close(client->socket);
    client->socket = -1;
    client->held = client->used = 0;
}

static int dial(Client *client) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {.tv_sec = 60};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client->socket, (struct sockaddr *)&address, sizeof address))
        return fail(client, "connect: %s", strerror(errno));
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    return 0;
}

/* ---- sending */

static int send_bytes(Client *client, const char *bytes, size_t size, int flags) {
    while (size) {
        ssize_t sent = send(client->socket, bytes, size, flags | MSG_NOSIGNAL);
        if (sent <= 0) return fail(client, "send: %s", strerror(errno));
        bytes += sent;
        size -= sent;
    }
    return 0;
}

static int send_content(Client *client, const Content *content, off_t size) {
    off_t offset = 0;
    while (offset < size)
        if (sendfile(client->socket, content->fd, &offset, size - offset) <= 0)
            return fail(client, "sendfile: %s", strerror(errno));
    return 0;
}

static int send_layer(Client *client, const Line *line) {
    char tail[TAIL];
    for (int i = 0; i < TAIL; i++) {
        unsigned int byte = 0;
        sscanf(line->tail + 2 * i, "%2x", &byte);
        tail[i] = (char)byte;
    }
    return send_content(client, &layer, layer.size - TAIL) || send_bytes(client, tail, TAIL, 0);
}

/* ---- receiving */

static int receive_more(Client *client) {
    if (client->held == HEAD_SIZE - 1) return fail(client, "header section too long");
    ssize_t count = recv(client->socket, client->head + client->held, HEAD_SIZE - 1 - client->held, 0);
    if (count <= 0) return fail(client, count ? "receive: %s" : "closed early", strerror(errno));
    client->held += count;
    client->head[client->held] = 0;
    return 0;
}

static void consume(Client *client, size_t count) {
    client->held -= count;
    memmove(client->head, client->head + count, client->held + 1);
}

static int discard(Client *client, long long size) {
    size_t here = (long long)client->held < size ? client->held : (size_t)size;
    consume(client, here);
    for (size -= here; size;) {
        size_t most = size < (1 << 24) ? (size_t)size : 1 << 24;
        ssize_t count = recv(client->socket, NULL, most, MSG_TRUNC);
        if (count <= 0) return fail(client, count ? "receive: %s" : "closed early", strerror(errno));
        size -= count;
    }
    return 0;
}

static int discard_chunks(Client *client) {
    for (;;) {
        char *end;
        while (!(end = strstr(client->head, "\r\n")))
            if (receive_more(client)) return -1;
        long long size = strtoll(client->head, NULL, 16);
        consume(client, end + 2 - client->head);
        if (discard(client, size + 2)) return -1;
        client->length += size;
        if (!size) return 0;
    }
}

static const char *header(const Client *client, const char *name) {
    const char *found = strcasestr(client->head, name);
    return found && (size_t)(found - client->head) < client->used ? found + strlen(name) : NULL;
}

static int receive(Client *client, int has_body) {
    char *end;
    client->head[client->held] = 0;
    while (!(end = strstr(client->head, "\r\n\r\n")))
        if (receive_more(client)) return -1;
    client->used = end + 4 - client->head;
    if (sscanf(client->head, "HTTP/1.1 %d", &client->status) != 1) return fail(client, "no HTTP answer");
    const char *length = header(client, "\r\nContent-Length:");
    const char *location = header(client, "\r\nLocation:");
    int is_chunked = header(client, "\r\nTransfer-Encoding: chunked") != NULL;
    int closes = header(client, "\r\nConnection: close") != NULL;
    client->length = length ? atoll(length) : 0;
    client->location[0] = 0;
    if (location) {
        sscanf(location, " %2047[^\r]", client->location);
        char *path = strstr(client->location, "://");
        if (path && (path = strchr(path + 3, '/')))
            memmove(client->location, path, strlen(path) + 1);
    }
    consume(client, client->used);
    if (has_body && is_chunked) {
        client->length = 0;
        if (discard_chunks(client)) return -1;
    } else if (has_body && discard(client, client->length)) {
        return -1;
    }
    if (has_body) client->bytes += client->length;
    if (closes) hang_up(client);
    return 0;
}

/* ---- one call */

typedef enum { NOTHING, LAYER, CONFIG, MANIFEST } Body;

static void render_manifest(const Line *line, char *text, size_t room) {
    snprintf(text, room,
             "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
             "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
             "\"digest\":\"%s\",\"size\":%lld},\"layers\":[{\"mediaType\":"
             "\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%lld}]}",
             config.digest, (long long)config.size, line->digest, (long long)layer.size);
}

static int call(Client *client, const Line *line, const char *method, const char *path, Body body,
                int expected) {
    char head[12288], manifest[2048] = "";
    int is_new = client->socket < 0;
    if (is_new && dial(client)) return -1;
    if (body == MANIFEST) render_manifest(line, manifest, sizeof manifest);
    long long size = body == LAYER    ? layer.size
                     : body == CONFIG ? config.size
                                      : (long long)strlen(manifest);
    int used = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", method, path, port);
    if (strcmp(line->token, "-"))
        used += snprintf(head + used, sizeof head - used, "Authorization: Bearer %s\r\n", line->token);
    if (strcmp(method, "GET") && strcmp(method, "HEAD"))
        used += snprintf(head + used, sizeof head - used, "Content-Type: %s\r\nContent-Length: %lld\r\n",
                         body == MANIFEST ? "application/vnd.oci.image.manifest.v1+json"
                                          : "application/octet-stream", size);
    else
        used += snprintf(head + used, sizeof head - used,
                         "Accept: application/vnd.oci.image.manifest.v1+json, */*\r\n");
    used += snprintf(head + used, sizeof head - used, "\r\n");
    if (send_bytes(client, head, used, size ? MSG_MORE : 0)) return -1;
    if (body == LAYER && send_layer(client, line)) return -1;
    if (body == CONFIG && send_content(client, &config, config.size)) return -1;
    if (body == MANIFEST && send_bytes(client, manifest, strlen(manifest), 0)) return -1;
    client->bytes += size;
    if (receive(client, strcmp(method, "HEAD") != 0)) return -1;
    if (client->status != expected)
        return fail(client, "%s %.120s: %d instead of %d", method, path, client->status, expected);
    return 0;
}

/* ---- flows */

static void with_digest(const Client *client, const char *digest, char *path, size_t room) {
    char mark = strchr(client->location, '?') ? '&' : '?';
    snprintf(path, room, "%s%cdigest=%s", client->location, mark, digest);
}

static int start_upload(Client *client, const Line *line) {
    char path[1024];
    snprintf(path, sizeof path, "/v2/%s/blobs/uploads/", line->target);
    return call(client, line, "POST", path, NOTHING, 202);
}

/* A blob as zb pushes it: in the PUT itself, or streamed in a PATCH that an empty PUT closes. */
static int push_blob(Client *client, const Line *line, Body body, int streamed) {
    char path[4096];
    if (start_upload(client, line)) return -1;
    if (streamed) {
        snprintf(path, sizeof path, "%s", client->location);
        if (call(client, line, "PATCH", path, body, 202)) return -1;
    }
    with_digest(client, body == LAYER ? line->digest : config.digest, path, sizeof path);
    return call(client, line, "PUT", path, streamed ? NOTHING : body, 201);
}

static int push(Client *client, const Line *line, int streamed) {
    char path[1024];
    if (push_blob(client, line, LAYER, streamed) || push_blob(client, line, CONFIG, streamed)) return -1;
    snprintf(path, sizeof path, "/v2/%s/manifests/tag", line->target);
    return call(client, line, "PUT", path, MANIFEST, 201);
}

static int pull(Client *client, const Line *line) {
    const char *digests[] = {config.digest, line->digest};
    char path[1024];
    snprintf(path, sizeof path, "/v2/%s/manifests/tag", line->target);
    if (call(client, line, "HEAD", path, NOTHING, 200)) return -1;
    if (call(client, line, "GET", path, NOTHING, 200)) return -1;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v2/%s/blobs/%s", line->target, digests[i]);
        if (call(client, line, "HEAD", path, NOTHING, 200)) return -1;
        if (call(client, line, "GET", path, NOTHING, 200)) return -1;
        if (client->length != (i ? layer.size : config.size)) return fail(client, "short blob");
    }
    return 0;
}

static int perform(Client *client, const Line *line) {
    if (!strcmp(line->kind, "push")) return push(client, line, 0);
    if (!strcmp(line->kind, "push-streamed")) return push(client, line, 1);
    if (!strcmp(line->kind, "blob-streamed")) return push_blob(client, line, LAYER, 1);
    if (!strcmp(line->kind, "pull")) return pull(client, line);
    if (!strcmp(line->kind, "get")) return call(client, line, "GET", line->target, NOTHING, 200);
    if (!strcmp(line->kind, "head")) return call(client, line, "HEAD", line->target, NOTHING, 200);
    return fail(client, "no such flow: %s", line->kind);
}

static void timed(Client *client, const Line *line) {
    long long began = now();
    if (perform(client, line)) {
        client->failed++;
        hang_up(client);
        return;
    }
    if (client->count == client->room) {
        client->room = client->room ? client->room * 2 : 1024;
        client->times = realloc(client->times, client->room * sizeof *client->times);
    }
    client->times[client->count++] = now() - began;
}

static void *run(void *argument) {
    Client *client = argument;
    pthread_barrier_wait(&start);
    do {
        for (size_t i = client->number; i < line_count; i += client_count) {
            timed(client, &lines[i]);
            if (client->failed > 100 || (deadline && now() >= deadline)) break;
        }
    } while (deadline && now() < deadline && client->failed <= 100);
    hang_up(client);
    return NULL;
}

/* ---- in and out */

static void open_content(Content *content, const char *argument) {
    struct stat status;
    char path[4096];
    /* PATH@DIGEST, the digest where the content has one of its own. */
    snprintf(path, sizeof path, "%s", argument);
    char *at = strrchr(path, '@');
    if (at) {
        *at = 0;
        snprintf(content->digest, sizeof content->digest, "%s", at + 1);
    }
    content->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (content->fd < 0 || fstat(content->fd, &status)) die(path);
    content->size = status.st_size;
}

static void read_plan(void) {
    char *text = NULL;
    size_t room = 0, held = 0;
    while (getline(&text, &room, stdin) > 0) {
        if (held % 1024 == 0) lines = realloc(lines, (held + 1024) * sizeof *lines);
        char **fields = (char **)&lines[held];
        char *rest = strdup(text), *save = NULL;
        for (int i = 0; i < FIELDS; i++, rest = NULL)
            if (!(fields[i] = strtok_r(rest, " \n", &save))) die("a line of the plan is too short");
        held++;
    }
    line_count = held;
    if (!line_count) die("the plan is empty");
}

static int by_value(const void *left, const void *right) {
    long long a = *(const long long *)left, b = *(const long long *)right;
    return (a > b) - (a < b);
}

static void print_result(Client *clients, double wall) {
    struct rusage usage;
    size_t count = 0;
    long failed = 0, bytes = 0;
    const char *error = "";
    for (int i = 0; i < client_count; i++) count += clients[i].count;
    long long *times = calloc(count + 1, sizeof *times), *next = times;
    for (int i = 0; i < client_count; i++) {
        memcpy(next, clients[i].times, clients[i].count * sizeof *times);
        next += clients[i].count;
        failed += clients[i].failed;
        bytes += clients[i].bytes;
        if (clients[i].error[0]) error = clients[i].error;
    }
    qsort(times, count, sizeof *times, by_value);
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"wall\": %.6f, \"completed\": %zu, \"failed\": %ld, \"bytes\": %ld, \"cpu\": %.6f, "
           "\"p50\": %lld, \"p90\": %lld, \"p99\": %lld, \"max\": %lld, \"error\": \"",
           wall, count, failed, bytes, cpu, times[count * 50 / 100], times[count * 90 / 100],
           times[count * 99 / 100], count ? times[count - 1] : 0);
    for (; *error; error++) putchar(*error == '"' || *error == '\\' || *error < ' ' ? '\'' : *error);
    printf("\"}\n");
}

int main(int argc, char **argv) {
    if (argc != 6) die("usage: load PORT CLIENTS SECONDS LAYER CONFIG < PLAN");
    port = atoi(argv[1]);
    client_count = atoi(argv[2]);
    seconds = atof(argv[3]);
    open_content(&layer, argv[4]);
    open_content(&config, argv[5]);
    read_plan();
    Client *clients = calloc(client_count, sizeof *clients);
    pthread_t *threads = calloc(client_count, sizeof *threads);
    pthread_barrier_init(&start, NULL, client_count + 1);
    for (int i = 0; i < client_count; i++) {
        clients[i].number = i;
        clients[i].socket = -1;
        pthread_create(&threads[i], NULL, run, &clients[i]);
    }
    if (seconds > 0) deadline = now() + (long long)(seconds * 1e9);
    pthread_barrier_wait(&start);
    long long began = now();
    for (int i = 0; i < client_count; i++) pthread_join(threads[i], NULL);
    print_result(clients, (now() - began) / 1e9);
    return 0;
}
