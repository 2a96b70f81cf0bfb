/* `fleetsim pki ocsp`. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/timeunit.h"
#include "cli/cmd_pki_inside.h"
#include "cli/stop_signals.h"
#include "http/http_server.h"
#include "pki/ocsp.h"
#include "pki/ocsp_responder.h"
#include "pki/settings.h"

#define VALID_MIN_S 1
#define VALID_MAX_S (UINT64_C(30) * 86400)

struct serving {
    struct loop *loop;
    struct ocsp_responder *responder;
    struct http_server *server;
    bool quiet;
};

static void answer(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct serving *s = ctx;
    const int64_t now = clock_wall_ms() / 1000;
    char said[OCSP_SAID_SIZE], date[32];

    reply->content_type = "application/ocsp-response";
    ocsp_responder_answer(s->responder, request->body, now, &reply->body, said);
    if (s->quiet)
        return;
    settings_format_time(now, date);
    printf("%s  %s\n", date, said);
    fflush(stdout);
}

static void on_signal(void *ctx, int number)
{
    struct serving *s = ctx;

    (void)number;
    loop_stop(s->loop);
}

static bool serve(struct serving *s, const char *address, struct error *err)
{
    const struct http_route routes[] = {
        {"/", answer, s, HTTP_POST, HTTP_PROOF_NONE_NEEDED},
        {0 }
    };
    struct http_address at;
    struct stop_signals signals = {0};

    if (!http_address_parse(address, &at, err))
        return error_prefix(err, "--listen");
    s->server = http_server_new(s->loop, &at, routes, err);
    if (s->server == NULL)
        return error_prefix(err, "--listen");
    if (!http_address_is_loopback(&at))
        log_warn("--listen %s: whoever reaches this machine can ask", address);
    printf("responder  %s/\n", http_server_url(s->server));
    fflush(stdout);
    stop_signals_watch(&signals, s->loop->ev, on_signal, s);
    loop_run(s->loop);
    stop_signals_leave(&signals, s->loop->ev);
    http_server_free(s->server);
    return true;
}

int pki_cmd_ocsp(int argc, char **argv)
{
    const char *dir = NULL, *listen = "127.0.0.1:0";
    usec_t valid = (usec_t)3600 * USEC_PER_SEC;
    struct serving s = {0};
    struct error err;
    int status;
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &dir, "DIR", "the PKI's directory"},
        {"listen", 0, OPTION_STRING, &listen, "ADDRESS",
         "where: 8888, or 192.168.1.20:8888 for others than this machine\n(default: any free port)"},
        {"valid", 0, OPTION_DURATION, &valid, "TIME",
         "how long an answer holds: who asks keeps it so long (default 1h)"},
        {"quiet", 'q', OPTION_FLAG, &s.quiet, NULL, "do not print each answer"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim pki ocsp", "",
        "Answers whether certificates of this PKI are revoked (OCSP, RFC 6960, asked by HTTP "
        "POST),\n"
        "until Ctrl-C. It goes by the list of revoked ones, as it is at that moment; what is not "
        "on\n"
        "it is good.",
        specs,
        "  fleetsim pki ocsp --dir lab --listen 8888\n"
        "  openssl ocsp -url http://127.0.0.1:8888 -issuer lab/pki/intermediate.pem \\\n"
        "    -cert lab/pki/server.pem -CAfile lab/pki/ca.pem\n"
        "  fleetsim run scenarios/ --cloud lab --ocsp require --ocsp-responder "
        "http://127.0.0.1:8888\n"
        "  fleetsim pki revoke --dir lab --cert lab/pki/server.pem   # meanwhile\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    uint64_t valid_s = valid / USEC_PER_SEC;
    bool ok =
        (dir != NULL || error_set(&err, ERROR_USAGE, "PKI: no directory given (give --dir DIR)")) &&
        ((valid_s >= VALID_MIN_S && valid_s <= VALID_MAX_S) ||
         error_set(&err, ERROR_USAGE, "--valid: not between 1s and 30 days"));
    if (ok) {
        stop_signals_catch();
        s.responder = ocsp_responder_new(dir, (uint32_t)valid_s, &err);
        s.loop = loop_new();
        ok = s.responder != NULL && serve(&s, listen, &err);
        ocsp_responder_free(s.responder);
        loop_free(s.loop);
    }
    return ok ? 0 : options_fail(&err);
}
