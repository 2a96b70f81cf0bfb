/* The child process: comes up answering, is watched, and never outlives its use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/broker.h"
#include "pki/pki.h"
#include "support/broker_lab.h"

/* A directory with a PKI; its name has a space, as users' have. */
static char lab[] = "/tmp/fleetsim broker XXXXXX";

static int setup(void **state)
{
    struct error err;

    (void)state;
    if (mkdtemp(lab) == NULL || !pki_init(lab, &(struct pki_options){.seed = "test"}, &err))
        return -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    broker_lab_remove(lab);
    return 0;
}

static struct broker *start(void)
{
    struct error err = {0};

    if (!broker_lab_find_plugin())
        skip();
    struct broker *b = broker_start(&(struct broker_options){.dir = lab}, &err);
    if (b == NULL)
        fail_msg("%s", err.text);
    return b;
}

static void starts_and_stops(void **state)
{
    struct broker *b = start();
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char endpoint[64];

    (void)state;
    assert_true(broker_alive(b));
    pid_t pid = broker_pid(b);
    assert_int_equal(kill(pid, 0), 0);
    snprintf(endpoint, sizeof endpoint, "mqtts://127.0.0.1:%u", broker_port(b));
    assert_string_equal(broker_endpoint(b), endpoint);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", broker_owner_socket(b));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    broker_stop(b);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void two_at_once(void **state)
{
    struct error err = {0};
    struct broker *a = start();
    char other[PATH_MAX], ca[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX];

    (void)state;
    /* Longer than a Unix socket's path may be. */
    snprintf(other, sizeof other, "%s/%0120d", lab, 0);
    snprintf(ca, sizeof ca, "%s/pki/ca.pem", lab);
    snprintf(certificate, sizeof certificate, "%s/pki/server.pem", lab);
    snprintf(key, sizeof key, "%s/pki/server.key", lab);
    struct broker *b = broker_start(
        &(struct broker_options){
            .dir = other, .bind = "::1", .certificate = certificate, .key = key, .ca = ca},
        &err);
    if (b != NULL) { /* there may be no IPv6 */
        assert_int_not_equal(broker_pid(a), broker_pid(b));
        assert_non_null(strstr(broker_endpoint(b), "mqtts://[::1]:"));
    }
    broker_stop(b);
    assert_true(broker_alive(a));
    broker_stop(a);
}

/* 0, or why not. */
static int knock(uint32_t address, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(address),
                             .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;

    close(fd);
    return result;
}

/* On the address that was asked for, and no other. */
static void listens_for_websockets(void **state)
{
    struct error err = {0};
    unsigned port = 0;
    struct broker *b = broker_start(&(struct broker_options){.dir = lab, .websocket = true}, &err);

    (void)state;
    assert_non_null(b);
    assert_int_equal(sscanf(broker_websocket(b), "wss://127.0.0.1:%u/mqtt", &port), 1);
    assert_int_not_equal(port, broker_port(b));
    assert_int_equal(knock(INADDR_LOOPBACK, port), 0);
    assert_int_equal(knock(INADDR_LOOPBACK + 1, port), ECONNREFUSED);
    broker_stop(b);
    b = start();
    assert_null(broker_websocket(b));
    broker_stop(b);
}

/* Without TLS, and so on the loopback alone whatever else it listens on. */
static void listens_for_the_page(void **state)
{
    struct error err = {0};
    unsigned port = 0;
    char path[PATH_MAX];
    struct stat st;
    struct broker *b = broker_start(
        &(struct broker_options){.dir = lab, .bind = "0.0.0.0", .page_token = "0123456789abcdef"},
        &err);

    (void)state;
    assert_non_null(b);
    assert_int_equal(sscanf(broker_page(b), "ws://127.0.0.1:%u/mqtt", &port), 1);
    assert_int_equal(knock(INADDR_LOOPBACK, port), 0);
    assert_int_equal(knock(INADDR_LOOPBACK + 1, port), ECONNREFUSED);
    snprintf(path, sizeof path, "%s/broker/page.token", lab);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    broker_stop(b);
    assert_int_not_equal(stat(path, &st), 0);
    b = start();
    assert_null(broker_page(b));
    broker_stop(b);
}

struct witness {
    struct loop *loop;
    struct broker *broker;
    char why[512];
    int calls;
};

static void on_exited(void *ctx, const char *why)
{
    struct witness *w = ctx;

    w->calls++;
    snprintf(w->why, sizeof w->why, "%s", why);
    assert_false(broker_alive(w->broker));
    broker_stop(w->broker);
    loop_stop(w->loop);
}

static void its_death_is_noticed(void **state)
{
    struct witness w = {.loop = loop_new()};

    (void)state;
    w.broker = start();
    broker_watch(w.broker, w.loop, on_exited, &w);
    assert_int_equal(kill(broker_pid(w.broker), SIGKILL), 0);
    loop_run(w.loop);
    assert_int_equal(w.calls, 1);
    assert_non_null(strstr(w.why, "killed by signal 9"));
    assert_non_null(strstr(w.why, "last words"));
    loop_free(w.loop);
}

static void on_death(void *ctx, const char *why)
{
    struct witness *w = ctx;

    (void)why;
    w->calls++;
    loop_stop(w->loop);
}

static void rises_again_after_its_death(void **state)
{
    struct witness w = {.loop = loop_new()};
    struct error err = {0};

    (void)state;
    w.broker = start();
    uint16_t port = broker_port(w.broker);
    for (int i = 1; i <= 2; i++) {
        bool running = false;
        broker_watch(w.broker, w.loop, on_death, &w);
        assert_int_equal(kill(broker_pid(w.broker), SIGKILL), 0);
        loop_run(w.loop);
        assert_int_equal(w.calls, i);
        while (!running) {
            if (!broker_resume(w.broker, &running, &err))
                fail_msg("%s", err.text);
            usleep(1000);
        }
        assert_true(broker_alive(w.broker));
        assert_int_equal(broker_port(w.broker), port);
    }
    broker_stop(w.broker);
    loop_free(w.loop);
}

static void restarts_in_its_place(void **state)
{
    struct witness w = {.loop = loop_new()};
    struct error err = {0};

    (void)state;
    w.broker = start();
    broker_watch(w.broker, w.loop, on_exited, &w);
    pid_t pid = broker_pid(w.broker);
    uint16_t port = broker_port(w.broker);
    broker_pause(w.broker);
    broker_pause(w.broker);
    /* Its end is no news to the watcher, whether the loop sees it or not. */
    for (int i = 0; i < 2; i++) {
        bool running = false;
        while (!running) {
            if (!broker_resume(w.broker, &running, &err))
                fail_msg("%s", err.text);
            if (i == 0)
                ev_run(w.loop->ev, EVRUN_NOWAIT);
            usleep(1000);
        }
        assert_true(broker_alive(w.broker));
        assert_int_not_equal(broker_pid(w.broker), pid);
        assert_int_equal(broker_port(w.broker), port);
        pid = broker_pid(w.broker);
        if (i == 0)
            broker_pause(w.broker);
    }
    assert_int_equal(w.calls, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    loop_run(w.loop);
    assert_int_equal(w.calls, 1);
    loop_free(w.loop);
}

static void expect_error(const struct broker_options *options, enum error_code code,
                         const char *part)
{
    struct error err = {0};

    assert_null(broker_start(options, &err));
    assert_int_equal(err.code, code);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: not in \"%s\"", part, err.text);
}

static void errors_are_told(void **state)
{
    char ca[PATH_MAX];
    struct broker *b = start();

    (void)state;
    snprintf(ca, sizeof ca, "%s/pki/ca.pem", lab);
    expect_error(&(struct broker_options){.dir = lab, .port = broker_port(b)}, ERROR_USAGE,
                 "already in use");
    broker_stop(b);
    expect_error(&(struct broker_options){.dir = "/proc/nothing"}, ERROR_USAGE, "/proc/nothing");
    expect_error(&(struct broker_options){.dir = lab, .plugin = "/nothing.so"}, ERROR_USAGE,
                 "/nothing.so");
    expect_error(&(struct broker_options){.dir = lab, .bind = "localhost"}, ERROR_USAGE,
                 "not an IP address");
    expect_error(
        &(struct broker_options){.dir = lab, .certificate = "/nothing", .key = ca, .ca = ca},
        ERROR_USAGE, "/nothing");
    /* Mosquitto's own complaint reaches the user; where a sanitizer watches the child, not its
       leaks on the way out. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    expect_error(&(struct broker_options){.dir = lab, .certificate = ca, .key = ca, .ca = ca},
                 ERROR_TARGET, "Unable to load server key file");
    expect_error(&(struct broker_options){.dir = lab, .plugin = ca}, ERROR_TARGET,
                 "invalid ELF header");
}

/* What the user says of a setting stands in place of what we would. */
static void takes_more_settings(void **state)
{
    static const char more[] = "# tls_version of old\ntls_version tlsv1.3\nmax_packet_size 1024";
    struct error err = {0};
    char path[PATH_MAX];
    char text[16384];

    (void)state;
    if (!broker_lab_find_plugin())
        skip();
    snprintf(path, sizeof path, "%s/more.conf", lab);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(more, f) >= 0 && fclose(f) == 0);
    struct broker *b = broker_start(&(struct broker_options){.dir = lab, .more = path}, &err);
    if (b == NULL)
        fail_msg("%s", err.text);
    broker_stop(b);
    snprintf(path, sizeof path, "%s/broker/mosquitto.conf", lab);
    f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_non_null(strstr(text, "max_topic_alias 8\n# tls_version of old\ntls_version tlsv1.3\n"
                                 "max_packet_size 1024\nlistener "));
    assert_null(strstr(text, "tlsv1.2"));
    assert_null(strstr(text, "max_packet_size 149504"));
    expect_error(&(struct broker_options){.dir = lab, .more = "/nothing"}, ERROR_USAGE,
                 "/nothing: No such file");
}

static void stopping_nothing(void **state)
{
    (void)state;
    broker_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_stops),       cmocka_unit_test(two_at_once),
        cmocka_unit_test(its_death_is_noticed),   cmocka_unit_test(rises_again_after_its_death),
        cmocka_unit_test(errors_are_told),        cmocka_unit_test(stopping_nothing),
        cmocka_unit_test(listens_for_websockets), cmocka_unit_test(takes_more_settings),
        cmocka_unit_test(restarts_in_its_place),  cmocka_unit_test(listens_for_the_page),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
