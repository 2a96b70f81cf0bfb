/*
 * run_options.h — the options about where a run goes, what its cars are and what it leaves behind,
 * which all commands that run scripts have.
 *
 * Threads   the simulation thread, before it runs.
 */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/cloud_services.h"
#include "cli/limit_options.h"
#include "cli/metrics_endpoint.h"
#include "cli/run.h"

/* What the rows point at; a static of the command that has them. */
struct run_options {
    struct run_settings settings;
    struct option_list endpoints, pins, limits, params;
    const char *endpoint_policy;
    bool verbose;
    char endpoint[4096]; /* the endpoints as one text */
};

#define RUN_OPTIONS_DEFAULT(run_name)                                                              \
    {                                                                                              \
        .settings = {.name = (run_name),                                                           \
                     .mqtt = "5",                                                                  \
                     .client = "native",                                                           \
                     .clock = CLOCK_OPTIONS_DEFAULT},                                              \
        .endpoint_policy = "order",                                                                \
    }

/* Rows of a table of struct option_spec, for a struct run_options. */
// clang-format off
#define RUN_OPTIONS_ROWS(o) \
    {"param", 0, OPTION_LIST, &(o).params, "NAME=VALUE", \
     "gives a parameter that the Lua file declares a value; repeatable"}, \
    {"first-vehicle", 0, OPTION_NUMBER, &(o).settings.first_vehicle, "K", \
     "start with vehicle K of the fleet (default 0)"}, \
    {"seed", 0, OPTION_NUMBER, &(o).settings.seed, "N", \
     "makes the run repeatable: identities, randomness (default: random)"}, \
    {"time-limit", 0, OPTION_DURATION, &(o).settings.time_limit, "TIME", \
     "of the whole run; exit status 124"}, \
    LIMIT_OPTIONS_ROWS((o).limits), \
    {"junit", 0, OPTION_STRING, &(o).settings.junit, "FILE", \
     "also write the JUnit XML here"}, \
    {"results", 'o', OPTION_STRING, &(o).settings.results, "DIR", \
     "where runs leave their results (default results)"}, \
    {"no-results", 0, OPTION_FLAG, &(o).settings.no_results, NULL, \
     "leave no results behind"}, \
    METRICS_ENDPOINT_ROW((o).settings.metrics), \
    API_ENDPOINT_ROWS((o).settings.api), \
    {"yes", 'y', OPTION_FLAG, &(o).settings.yes, NULL, \
     "more than 100 cars may go to an address that is not this machine's:\ndo not ask"}, \
    {"name", 0, OPTION_STRING, &(o).settings.name, "NAME", \
     "of the run, in its results"}, \
    {"trace", 0, OPTION_FLAG, &(o).settings.trace, NULL, \
     "write every packet, state and signal to trace.jsonl"}, \
    {"mqtt", 'V', OPTION_STRING, &(o).settings.mqtt, "VERSION", \
     "5 or 3.1.1 (default 5)"}, \
    {"client", 0, OPTION_STRING, &(o).settings.client, "CLIENT", \
     "what the cars run on: native or paho (default native)"}, \
    {"profile", 0, OPTION_STRING, &(o).settings.profile, "NAME", \
     "keep cars within a broker's limits: aws or generic (default: aws for *.amazonaws.com)"}, \
    {"telemetry-key", 0, OPTION_STRING, &(o).settings.telemetry_key, "FILE", \
     "what sensitive telemetry is encrypted with (openssl rand -hex 32)"}, \
    {"radio", 0, OPTION_STRING, &(o).settings.radio, "PROFILE", \
     "mobile network of all cars: lte_good, lte_edge, 3g, … (default perfect; docs/radio.md)"}, \
    {"provision", 0, OPTION_STRING, &(o).settings.provision, "HOW", \
     "cars begin as strangers, if no earlier run has made them known: claim\n(they make their keys), " \
     "claim-keys (the cloud does) or just-in-time\n(docs/provisioning.md)"}, \
    {"provision-template", 0, OPTION_STRING, &(o).settings.provision_template, "NAME", \
     "of their claims (default fleetsim)"}, \
    {"provision-cbor", 0, OPTION_FLAG, &(o).settings.provision_cbor, NULL, \
     "they ask in CBOR"}, \
    {"claim-cert", 0, OPTION_STRING, &(o).settings.claim_cert, "FILE", \
     "the claim, PEM (default: made by the PKI)"}, \
    {"claim-key", 0, OPTION_STRING, &(o).settings.claim_key, "FILE", \
     "and its key"}, \
    {"keep-alive", 'k', OPTION_NUMBER, &(o).settings.keep_alive, "SECONDS", \
     "of the cars' connections"}, \
    CLOCK_OPTIONS_ROWS((o).settings.clock), \
    {"cloud", 0, OPTION_STRING, &(o).settings.target.cloud_dir, "DIR", \
     "use the `fleetsim cloud` that runs in DIR"}, \
    {"broker-conf", 0, OPTION_STRING, &(o).settings.target.broker_conf, "FILE", \
     "more lines for the local cloud's mosquitto.conf"}, \
    CLOUD_SERVICES_ROWS((o).settings.target.services), \
    {"endpoint", 0, OPTION_LIST, &(o).endpoints, "URI", \
     "mqtts://host:port or wss://host:port/path of any other broker\n(needs --pki); several, " \
     "with commas or repeated, for fail-over"}, \
    {"endpoint-policy", 0, OPTION_STRING, &(o).endpoint_policy, "POLICY", \
     "which of several a car tries first: order (the first) or\nspread (by its index; default " \
     "order)"}, \
    {"app-endpoint", 0, OPTION_STRING, &(o).settings.target.app_endpoint, "URI", \
     "where companions connect (default: as the cars)"}, \
    {"websocket", 0, OPTION_FLAG, &(o).settings.target.websocket, NULL, \
     "the cars reach the local cloud over WebSocket"}, \
    {"pki", 0, OPTION_STRING, &(o).settings.target.pki_dir, "DIR", \
     "certificates made by `fleetsim pki init`"}, \
    {"certificates", 0, OPTION_STRING, &(o).settings.target.certificates, "PATH", \
     "the cars' own instead: a folder of PEM pairs named by thing, or a CSV\n(thing,cert,key); " \
     "docs/aws.md"}, \
    {"app-cert", 0, OPTION_STRING, &(o).settings.target.app_cert, "FILE", \
     "the companions' own certificate"}, \
    {"app-key", 0, OPTION_STRING, &(o).settings.target.app_key, "FILE", \
     "and its key"}, \
    {"app-name", 0, OPTION_STRING, &(o).settings.target.app_name, "NAME", \
     "their client ids begin with it (default: the certificate's name)"}, \
    {"topic", 0, OPTION_LIST, &(o).settings.topics, "KIND=TOPIC", \
     "other topics at an endpoint: request=a/{thing}/b, config=…,\nresponse=…{thing}…{app}, " \
     "telemetry=…{thing}…{kind}"}, \
    {"no-shadows", 0, OPTION_FLAG, &(o).settings.no_shadows, NULL, \
     "the endpoint has neither device shadows nor presence: what needs them\nis skipped"}, \
    {"reset-things", 0, OPTION_FLAG, &(o).settings.reset_things, NULL, \
     "what others have left of a car goes before it is switched on: its\nshadow, and what is retained on its config topic"}, \
    {"ca", 0, OPTION_STRING, &(o).settings.target.ca_file, "FILE", \
     "verifies the endpoint (default: the PKI's root)"}, \
    {"artifacts-ca", 0, OPTION_STRING, &(o).settings.target.artifacts_ca, "FILE", \
     "verifies what cars download updates from (default: the local\ncloud's root; with --endpoint the system's)"}, \
    {"insecure", 0, OPTION_FLAG, &(o).settings.insecure, NULL, \
     "do not verify the endpoint's certificate"}, \
    {"tls-version", 0, OPTION_STRING, &(o).settings.tls.version, "VERSION", \
     "1.2, 1.3 or any (default any)"}, \
    {"ciphers", 0, OPTION_STRING, &(o).settings.tls.ciphers, "LIST", \
     "offered by the cars, and nothing else (OpenSSL's names)"}, \
    {"groups", 0, OPTION_STRING, &(o).settings.tls.groups, "LIST", \
     "of key exchange, best first, as X25519:P-256"}, \
    {"alpn", 0, OPTION_STRING, &(o).settings.tls.alpn, "NAME", \
     "protocol to ask for (on port 443: x-amzn-mqtt-ca)"}, \
    {"crl", 0, OPTION_STRING, &(o).settings.tls.crl_file, "FILE", \
     "refuse servers whose certificate these lists revoke"}, \
    {"ocsp", 0, OPTION_STRING, &(o).settings.tls.ocsp, "HOW", \
     "whether the server's certificate is revoked: if_stapled (what it\nstaples must be good), require " \
     "(stapled or asked for) or off (default)"}, \
    {"ocsp-responder", 0, OPTION_STRING, &(o).settings.tls.ocsp_responder, "URL", \
     "with --ocsp require: whom to ask when nothing is stapled (default:\nwhom the certificate names)"}, \
    {"resumption", 0, OPTION_FLAG, &(o).settings.tls.resumption, NULL, \
     "resume TLS sessions when cars connect again (costs memory)"}, \
    {"source-address", 0, OPTION_STRING, &(o).settings.source_addresses, "LIST", \
     "local addresses that the cars connect from, in turn"}, \
    {"connect-rate", 0, OPTION_NUMBER, &(o).settings.connect_rate, "N", \
     "connects that all cars together begin per second (default: no limit)"}, \
    {"connect-concurrency", 0, OPTION_NUMBER, &(o).settings.connect_concurrency, "N", \
     "connects of cars under way at once (default 100)"}, \
    {"pin", 0, OPTION_LIST, &(o).pins, "PIN", \
     "what commands come to, as 13:locks=refuse:DOOR_OPEN for cars whose VIN\nends in 13; " \
     "tag:NAME:…, all:…, or @FILE with many (docs/outcomes.md)"}, \
    {"oracle", 0, OPTION_STRING, &(o).settings.oracle, "RULES", \
     "what the oracle looks at: on, off, rules with commas between, or all\nbut some with a '-' " \
     "before each (default on; docs/oracle.md)"}, \
    {"oracle-quiet", 0, OPTION_DURATION, &(o).settings.oracle_quiet, "TIME", \
     "how long a car is quiet before its shadow must agree (default 5s)"}, \
    {"outcomes", 0, OPTION_FLAG, &(o).settings.outcomes, NULL, \
     "cars whose VIN ends in 90 to 99 refuse, delay, fail … (docs/outcomes.md)"}, \
    {"vehicles-dir", 0, OPTION_STRING, &(o).settings.vehicles_dir, "DIR", \
     "where the models are"}, \
    {"quiet", 'q', OPTION_FLAG, &(o).settings.quiet, NULL, \
     "print failures and the summary only"}, \
    {"verbose", 'v', OPTION_FLAG, &(o).verbose, NULL, \
     "log what happens inside"}
// clang-format on

/* Do they go together? Completes the settings. ERROR_USAGE. */
bool run_options_check(struct run_options *o, struct error *err);
/* After the run, or after a failed check. */
void run_options_done(struct run_options *o);
/* Where the models are, if nobody has said: to be freed after the run, or NULL. */
char *run_options_find_models(struct run_options *o);

#endif
