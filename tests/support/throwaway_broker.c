#include "support/throwaway_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *find_mosquitto(void)
{
    static const char *const places[] = {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
                                         "/opt/homebrew/sbin/mosquitto"};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

bool throwaway_broker_available(void)
{
    return find_mosquitto() != NULL;
}

static const char certificates[] =
    "set -e; cd \"$0\"; exec 2>openssl.log\n"
    "authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    " -subj \"/CN=$1\" -keyout $1.key -out $1.pem; }\n"
    "leaf() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj \"/CN=$1\""
    " -keyout $1.key -out $1.csr\n"
    " printf 'subjectAltName=%s\\n' \"$3\" > $1.ext\n"
    " openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2"
    " -extfile $1.ext -out $1.crt\n"
    " cat $1.crt $1.key > $1.pem; }\n"
    "authority ca; authority other-ca\n"
    "leaf server ca DNS:localhost,IP:127.0.0.1\n"
    "leaf client ca DNS:client\n"
    "leaf stranger other-ca DNS:stranger\n";

static bool write_config(const struct throwaway_broker *b)
{
    char path[96];

    snprintf(path, sizeof path, "%s/mosquitto.conf", b->dir);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    fprintf(f,
            /* Started by root, it would become a user who cannot read the directory. */
            "user root\nlistener %u 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/server.pem\n"
            "keyfile %s/server.key\nrequire_certificate true\nallow_anonymous true\n"
            "set_tcp_nodelay true\nmax_queued_messages 100000\n",
            b->port, b->dir, b->dir, b->dir);
    return fclose(f) == 0;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        address.sin_port = 0;
    close(fd);
    return ntohs(address.sin_port);
}

/* $0 in the script is `dir`. */
static bool run(const char *script, const char *dir)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", script, dir, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

bool throwaway_broker_make(struct throwaway_broker *b)
{
    *b = (struct throwaway_broker){.dir = "/tmp/fleetsim-test-XXXXXX"};
    if (mkdtemp(b->dir) == NULL)
        return false;
    b->port = free_port();
    return b->port != 0 && write_config(b) && run(certificates, b->dir);
}

static bool answers(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return ok;
}

bool throwaway_broker_start(struct throwaway_broker *b)
{
    char config[96];
    char log[96];

    snprintf(config, sizeof config, "%s/mosquitto.conf", b->dir);
    snprintf(log, sizeof log, "%s/mosquitto.log", b->dir);
    b->pid = fork();
    if (b->pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        /* Sockets of the test must not live on in the broker. */
        close_range(STDERR_FILENO + 1, ~0u, 0);
        execl(find_mosquitto(), "mosquitto", "-c", config, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; b->pid > 0 && i < 500; i++) {
        if (waitpid(b->pid, NULL, WNOHANG) != 0)
            break;
        if (answers(b->port))
            return true;
        poll(NULL, 0, 10);
    }
    b->pid = 0;
    return false;
}

void throwaway_broker_stop(struct throwaway_broker *b)
{
    if (b->pid <= 0)
        return;
    kill(b->pid, SIGKILL);
    waitpid(b->pid, NULL, 0);
    b->pid = 0;
}

void throwaway_broker_done(struct throwaway_broker *b)
{
    throwaway_broker_stop(b);
    run("rm -rf \"$0\"", b->dir);
}
