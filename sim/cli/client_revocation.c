#include "cli/client_revocation.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion.h"
#include "base/json.h"
#include "base/log.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/client_table.h"
#include "fetch/ask.h"
#include "fetch/fetcher.h"
#include "pki/ocsp.h"
#include "pki/pem_file.h"

#define NAME         "fleetsim-ocsp" /* its certificate's, and its client id */
#define AIA          "aia"
#define AT_ONCE      32u
#define PATIENCE     (5 * USEC_PER_SEC)
#define ASK_AGAIN_S  30             /* without an answer that says something */
#define LOOK_EVERY   (USEC_PER_SEC) /* for answers that hold no more */
#define QUESTION_MAX 4096
#define DEPTH        16
#define ISSUERS      2 /* the fleet's authority and the local cloud's */

#define PRESENCE     "$aws/events/presence/"
#define CERTIFICATES "fleetsim/certificates/"
#define ACTIVE       "ACTIVE"

static const char *const filters[] = {
    PRESENCE "connected/+",        PRESENCE "disconnected/+",    CERTIFICATES "+/get/accepted",
    CERTIFICATES "+/get/rejected", CERTIFICATES "list/accepted",
};

struct client_revocation {
    struct loop *loop;
    char *responder; /* NULL: each certificate's own */
    struct companion *companion;
    struct fetcher *fetcher;
    X509 *issuers[ISSUERS];
    X509_STORE *trust;
    struct client_table table;
    size_t busy; /* that are being looked up, or asked about */
    struct loop_timer look;
};

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

bool client_revocation_check(const char *responder, struct error *err)
{
    struct error ignored;

    return strcmp(responder, AIA) == 0 || ocsp_url_check(responder, &ignored) ||
           error_set(
               err, ERROR_USAGE,
               "--client-ocsp %.200s: neither the address of a responder (http://host:port/) nor "
               "aia, for the one that each certificate names",
               responder);
}

static bool say(struct client_revocation *c, const char *topic, cJSON *document)
{
    char *text = document != NULL ? cJSON_PrintUnformatted(document) : NULL;
    struct error err;
    bool said = companion_publish_raw(c->companion, topic, slice_str(text != NULL ? text : "{}"),
                                      NULL, &err);

    if (!said)
        log_debug("OCSP: %s: %s", topic, err.text);
    cJSON_free(text);
    cJSON_Delete(document);
    return said;
}

/* ---- one certificate ---- */

static void begin_some(struct client_revocation *c);

/* It is known for now; the next may begin. */
static void settle(struct client_revocation *c, struct client_entry *e, int64_t until)
{
    ask_free(e->ask);
    X509_free(e->leaf);
    X509_free(e->issuer);
    e->ask = NULL;
    e->leaf = e->issuer = NULL;
    e->state = CLIENT_KNOWN;
    e->until = until;
    c->busy--;
    begin_some(c);
}

/* False: that could not be said. */
static bool make_revoked(struct client_revocation *c, const struct client_entry *e)
{
    char *topic = xasprintf(CERTIFICATES "%s/update", e->id);
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "status", "REVOKED");
    bool said = say(c, topic, document);
    free(topic);
    return said;
}

static const char *shown_by(const struct client_entry *e)
{
    return e->client[0] != '\0' ? e->client : "not seen yet";
}

/* Said once, though it is asked again while its connections end. */
static void tell(struct client_entry *e, const struct ocsp_judgement *j)
{
    bool revoked = j->verdict == OCSP_VERDICT_REVOKED;

    if (revoked && !e->told_revoked) {
        printf("certificate %s (%s): %s: its connections end, and it is refused\n", e->id,
               shown_by(e), j->why);
        fflush(stdout);
    } else if (!revoked && j->verdict != OCSP_VERDICT_GOOD) {
        log_warn("OCSP: certificate %s (%s): %s: %s (it may connect; asked again in %d s)", e->id,
                 shown_by(e), ocsp_verdict_name(j->verdict), j->why, ASK_AGAIN_S);
    }
    e->told_revoked = revoked;
}

static void on_answer(void *ctx, struct slice answer, const char *why)
{
    struct client_entry *e = ctx;
    struct client_revocation *c = e->owner;
    const struct ocsp_subject subject = {
        .certificate = e->leaf, .issuer = e->issuer, .trust = c->trust, .now = now_s()};
    struct ocsp_judgement j = {.verdict = OCSP_VERDICT_UNREACHABLE};

    if (why == NULL)
        ocsp_judge(answer, &subject, &j);
    else
        snprintf(j.why, sizeof j.why, "the responder: %s", why);
    tell(e, &j);
    bool lasts =
        j.verdict == OCSP_VERDICT_GOOD || (j.verdict == OCSP_VERDICT_REVOKED && make_revoked(c, e));
    settle(c, e, lasts ? j.until : now_s() + ASK_AGAIN_S);
}

static X509 *issuer_of(const struct client_revocation *c, X509 *leaf)
{
    for (size_t i = 0; i < ISSUERS; i++)
        if (c->issuers[i] != NULL && X509_check_issued(c->issuers[i], leaf) == X509_V_OK &&
            X509_verify(leaf, X509_get0_pubkey(c->issuers[i])) == 1)
            return c->issuers[i];
    return NULL;
}

/* Nobody can be asked: not now, and not later. */
static void ask(struct client_revocation *c, struct client_entry *e)
{
    char *url = c->responder != NULL ? xstrdup(c->responder) : ocsp_responder_of(e->leaf);
    X509 *issuer = issuer_of(c, e->leaf);
    struct buf question;
    struct error err = {.text = "no responder is known for it"};

    buf_init(&question, QUESTION_MAX);
    if (url == NULL || issuer == NULL || !ocsp_question(e->leaf, issuer, &question, &err)) {
        log_debug("OCSP: certificate %s is not asked about: %s", e->id,
                  issuer == NULL ? "not of this PKI's authorities" : err.text);
        settle(c, e, INT64_MAX);
    } else {
        const struct ask_request request = {.url = url,
                                            .content_type = "application/ocsp-request",
                                            .body = buf_slice(&question),
                                            .answer_max = OCSP_ANSWER_MAX,
                                            .patience = PATIENCE};
        X509_up_ref(issuer);
        e->issuer = issuer;
        e->state = CLIENT_ASKED;
        e->ask = ask_start(c->fetcher, &request, &(struct ask_owner){on_answer, e});
    }
    buf_done(&question);
    free(url);
}

/* What cannot be said now is tried again later: the others do not wait for it. */
static void look_up(struct client_revocation *c, struct client_entry *e)
{
    char *topic = xasprintf(CERTIFICATES "%s/get", e->id);

    if (say(c, topic, NULL)) {
        e->state = CLIENT_LOOKED_UP;
        e->give_up = clock_now() + PATIENCE;
        c->busy++;
    } else {
        e->state = CLIENT_KNOWN;
        e->until = now_s() + ASK_AGAIN_S;
    }
    free(topic);
}

static void begin_some(struct client_revocation *c)
{
    struct client_entry *e;

    while (c->busy < AT_ONCE && companion_is_connected(c->companion) &&
           (e = client_table_next(&c->table)) != NULL)
        look_up(c, e);
}

static void check(struct client_revocation *c, struct client_entry *e)
{
    if (e->state == CLIENT_KNOWN && now_s() >= e->until)
        client_table_enqueue(&c->table, e);
    begin_some(c);
}

/* The registry has not told of it: rejected, or silent. */
static void not_found(struct client_revocation *c, struct client_entry *e, const char *why)
{
    log_warn(
        "OCSP: certificate %s (%s): the registry: %s (if it is connected, asked again in %d s)",
        e->id, shown_by(e), why, ASK_AGAIN_S);
    settle(c, e, now_s() + ASK_AGAIN_S);
}

/* Answers about those who are there, or may be, have to be asked for anew when they end to hold. */
static void on_look(void *ctx)
{
    struct client_revocation *c = ctx;

    for (struct client_entry *e = c->table.all; e != NULL; e = e->next)
        if (e->state == CLIENT_LOOKED_UP && clock_now() >= e->give_up)
            not_found(c, e, "no answer");
        else if (e->connections != 0 || e->unseen)
            check(c, e);
    loop_timer_start(&c->look, LOOK_EVERY);
}

/* ---- what the cloud tells ---- */

static struct client_entry *entry_of(struct client_revocation *c, const char *id)
{
    struct client_entry *e = client_table_add(&c->table, id);

    if (e != NULL)
        e->owner = c;
    return e;
}

static void on_presence(struct client_revocation *c, const cJSON *event, bool connected)
{
    const char *id = json_str(event, "principalIdentifier", "");
    const char *client = json_str(event, "clientId", "");
    struct client_entry *e = strcmp(client, NAME) != 0 ? entry_of(c, id) : NULL;

    if (e == NULL)
        return;
    if (!connected) {
        e->connections -= e->connections != 0;
        return;
    }
    e->connections++;
    snprintf(e->client, sizeof e->client, "%s", client);
    check(c, e);
}

static void on_certificate(struct client_revocation *c, const cJSON *answer)
{
    const cJSON *described = json_get(answer, "certificate");
    const char *pem = json_str(described, "certificatePem", NULL);
    struct client_entry *e = client_table_find(&c->table, json_str(described, "certificateId", ""));

    if (e == NULL || e->state != CLIENT_LOOKED_UP)
        return;
    /* The cloud has ended the connections of one that is not ACTIVE, and one that it has never seen
       has none. */
    e->unseen = e->unseen && pem != NULL && strcmp(json_str(described, "status", ""), ACTIVE) == 0;
    BIO *bio = pem != NULL ? BIO_new_mem_buf(pem, -1) : NULL;
    e->leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    /* One that has not connected since the registry keeps them. */
    if (e->leaf != NULL)
        ask(c, e);
    else
        settle(c, e, 0);
}

/* The answer names it in its topic only. */
static void on_rejected(struct client_revocation *c, const char *topic, const cJSON *answer)
{
    char id[CLIENT_ID_SIZE];

    snprintf(id, sizeof id, "%s", topic + sizeof CERTIFICATES - 1);
    struct client_entry *e = client_table_find(&c->table, id);
    if (e == NULL || e->state != CLIENT_LOOKED_UP)
        return;
    if (strcmp(json_str(answer, "code", ""), "ResourceNotFound") == 0)
        e->unseen = false;
    not_found(c, e, json_str(answer, "message", "rejected"));
}

/* Those who had connected before it had, or while it was away. */
static void on_list(struct client_revocation *c, const cJSON *answer)
{
    const char *next = json_str(answer, "nextToken", NULL);
    const cJSON *item;

    cJSON_ArrayForEach(item, json_get(answer, "certificates"))
    {
        struct client_entry *e = entry_of(c, json_str(item, "certificateId", ""));
        if (e == NULL || strcmp(json_str(item, "status", ""), ACTIVE) != 0)
            continue;
        e->unseen = true;
        check(c, e);
    }
    if (next == NULL)
        return;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "nextToken", next);
    say(c, CERTIFICATES "list", document);
}

static void on_message(void *ctx, const struct mqtt_message *message, usec_t received_at)
{
    struct client_revocation *c = ctx;
    static const char connected[] = PRESENCE "connected/", gone[] = PRESENCE "disconnected/";
    const char *topic = (const char *)message->topic.data;
    cJSON *json = json_parse(message->payload, DEPTH);

    (void)received_at;
    if (json == NULL)
        return;
    if (strncmp(topic, connected, sizeof connected - 1) == 0)
        on_presence(c, json, true);
    else if (strncmp(topic, gone, sizeof gone - 1) == 0)
        on_presence(c, json, false);
    else if (strcmp(topic, CERTIFICATES "list/accepted") == 0)
        on_list(c, json);
    else if (strstr(topic, "/get/rejected") != NULL)
        on_rejected(c, topic, json);
    else
        on_certificate(c, json);
    cJSON_Delete(json);
}

static void on_connected(void *ctx, const struct companion_connected *event)
{
    struct client_revocation *c = ctx;
    uint64_t ignored;
    struct error err;

    (void)event;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (!companion_subscribe(c->companion,
                                 &(struct mqtt_filter){.filter = slice_str(filters[i]), .qos = 1},
                                 &ignored, &err))
            log_warn("OCSP: %s: %s", filters[i], err.text);
    say(c, CERTIFICATES "list", NULL);
    begin_some(c);
}

/* What the registry was asked is not answered any more, and who comes and goes is not told. */
static void on_lost(void *ctx, const struct companion_lost *event)
{
    struct client_revocation *c = ctx;

    (void)event;
    for (struct client_entry *e = c->table.all; e != NULL; e = e->next) {
        e->unseen = e->unseen || e->connections != 0;
        e->connections = 0;
        if (e->state != CLIENT_LOOKED_UP)
            continue;
        c->busy--;
        e->state = CLIENT_KNOWN;
        client_table_enqueue(&c->table, e);
    }
}

/* ---- its life ---- */

static X509 *read_certificate(const char *path)
{
    struct buf der;
    struct error ignored;
    X509 *certificate = NULL;

    buf_init(&der, PEM_FILE_MAX);
    if (pem_file_read_certificate(path, &der, &ignored)) {
        const unsigned char *at = buf_data(&der);
        certificate = d2i_X509(NULL, &at, (long)buf_len(&der));
    }
    buf_done(&der);
    return certificate;
}

static void trust_pki(struct client_revocation *c, const struct pki *pki)
{
    X509 *root = read_certificate(pki_path(pki, PKI_FILE_CA));

    c->trust = X509_STORE_new();
    if (root != NULL)
        X509_STORE_add_cert(c->trust, root);
    X509_free(root);
    c->issuers[0] = read_certificate(pki_path(pki, PKI_FILE_INTERMEDIATE));
    c->issuers[1] = read_certificate(pki_path(pki, PKI_FILE_CLOUD));
}

static bool open_companion(struct client_revocation *c, const struct client_revocation_options *o,
                           struct error *err)
{
    static const struct companion_events events = {
        .connected = on_connected, .lost = on_lost, .message = on_message};
    const struct pki_request request = {.role = CERTIFICATE_COMPANION, .name = NAME, .index = -1};
    struct pki_credential issued;
    char *dir = xasprintf("%s/broker/ocsp", o->dir);
    char *cert = xasprintf("%s/cert.pem", dir), *key = xasprintf("%s/key.pem", dir);

    bool ok =
        pki_issue(o->pki, &request, &issued, err) &&
        pki_write_credential(o->pki, dir, slice_of(issued.certificate, issued.certificate_len),
                             &issued.key, err);
    if (ok) {
        const struct companion_options options = {.uri = o->endpoint,
                                                  .client_id = NAME,
                                                  .ca_file = pki_path(o->pki, PKI_FILE_CA),
                                                  .cert_file = cert,
                                                  .key_file = key};
        c->companion = companion_new(c->loop, &options, &events, c, err);
    }
    OPENSSL_cleanse(&issued, sizeof issued);
    free(dir);
    free(cert);
    free(key);
    return c->companion != NULL;
}

struct client_revocation *client_revocation_new(struct loop *loop,
                                                const struct client_revocation_options *options,
                                                struct error *err)
{
    struct client_revocation *c = xcalloc(1, sizeof *c);

    c->loop = loop;
    c->responder = strcmp(options->responder, AIA) != 0 ? xstrdup(options->responder) : NULL;
    c->fetcher = fetcher_new(loop, &(struct fetcher_options){0});
    loop_timer_init(&c->look, loop, on_look, c);
    trust_pki(c, options->pki);
    if (!open_companion(c, options, err)) {
        client_revocation_free(c);
        return NULL;
    }
    loop_timer_start(&c->look, LOOK_EVERY);
    return c;
}

void client_revocation_free(struct client_revocation *c)
{
    if (c == NULL)
        return;
    companion_free(c->companion);
    loop_timer_stop(&c->look);
    client_table_done(&c->table);
    fetcher_free(c->fetcher);
    for (size_t i = 0; i < ISSUERS; i++)
        X509_free(c->issuers[i]);
    X509_STORE_free(c->trust);
    free(c->responder);
    free(c);
}
