#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int loopback_socket(uint16_t port, struct sockaddr_in *ret)
{
    *ret = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Bound but not listening: Mosquitto sets SO_REUSEADDR and binds the same port, nobody else can. */
static int reserve_port(uint16_t *ret)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int on = 1, fd = loopback_socket(0, &at);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        close(fd);
        return -1;
    }
    *ret = ntohs(at.sin_port);
    return fd;
}

static bool answers(uint16_t port)
{
    struct sockaddr_in at;
    int fd = loopback_socket(port, &at);
    bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

    close(fd);
    return ok;
}

static bool write_config(const struct bench_fleet *f, uint16_t port, const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    fprintf(file,
            "%sper_listener_settings false\nallow_anonymous true\npersistence false\n"
            "set_tcp_nodelay true\nmax_inflight_messages 100\nsys_interval 0\n"
            "log_dest file %s/broker.log\nlog_type error\nlog_type warning\n"
            "listener %u 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\n"
            "require_certificate true\ntls_version tlsv1.2\n",
            geteuid() == 0 ? "user root\n" : "", f->dir, port, pki_path(f->pki, PKI_FILE_CA),
            pki_path(f->pki, PKI_FILE_SERVER), pki_path(f->pki, PKI_FILE_SERVER_KEY));
    return fclose(file) == 0;
}

static void become_mosquitto(const char *config)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execlp("mosquitto", "mosquitto", "-c", config, (char *)NULL);
    execl("/usr/sbin/mosquitto", "mosquitto", "-c", config, (char *)NULL);
    _exit(127);
}

bool bench_broker_start(struct bench_broker *broker, const struct bench_fleet *f, struct error *err)
{
    char config[128];
    int reserved = reserve_port(&broker->port);

    snprintf(config, sizeof config, "%s/mosquitto.conf", f->dir);
    if (reserved < 0 || !write_config(f, broker->port, config))
        return error_set(err, ERROR_TARGET, "broker: no free loopback port, or %s not writable",
                         config);
    broker->pid = fork();
    if (broker->pid == 0)
        become_mosquitto(config);
    for (int i = 0; i < 200; i++) {
        if (answers(broker->port)) {
            close(reserved);
            return true;
        }
        if (waitpid(broker->pid, NULL, WNOHANG) == broker->pid)
            break;
        usleep(25000);
    }
    close(reserved);
    return error_set(err, ERROR_TARGET,
                     "broker: mosquitto does not start (is it installed? see %s/broker.log)",
                     f->dir);
}

void bench_broker_stop(struct bench_broker *broker)
{
    for (int i = 0; i < 20; i++) {
        kill(broker->pid, SIGTERM);
        usleep(100000);
        if (waitpid(broker->pid, NULL, WNOHANG) == broker->pid)
            return;
    }
    kill(broker->pid, SIGKILL);
    waitpid(broker->pid, NULL, 0);
}
