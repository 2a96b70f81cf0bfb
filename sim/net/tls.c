#include "net/tls.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "base/xmem.h"
#include "net/cert_text.h"
#include "net/certcache.h"
#include "net/resume.h"
#include "net/revocation.h"
#include "net/verify_text.h"

struct tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *socket;
    bool insecure;
    char unfit[256];        /* what is wrong with the client certificate last used; "": nothing */
    struct certcache certs; /* server chains as seen, our intermediates */
    bool resumption;
    struct resume sessions;        /* of connections that ended */
    struct revocation *revocation; /* NULL: not checked */
    char why[512];
};

/* An alert's number is the reason code less SSL_AD_REASON_OFFSET. */
static const struct alert_text {
    int alert;
    const char *text;
} alert_texts[] = {
    {SSL_AD_HANDSHAKE_FAILURE,       "handshake failure (no cipher, curve or signature algorithm in "
                               "common, or a client certificate "
                               "is missing)"                                    },
    {SSL_AD_BAD_CERTIFICATE,         "bad certificate (it could not read or verify our certificate)"          },
    {SSL_AD_UNSUPPORTED_CERTIFICATE, "unsupported certificate (key type or usage)"                            },
    {SSL_AD_CERTIFICATE_REVOKED,     "certificate revoked"                                                    },
    {SSL_AD_CERTIFICATE_EXPIRED,     "certificate expired (renew the client certificate)"                     },
    {SSL_AD_CERTIFICATE_UNKNOWN,     "certificate unknown"                                                    },
    {SSL_AD_UNKNOWN_CA,              "unknown ca (register the CA that issued the client certificate with it)"},
    {SSL_AD_ACCESS_DENIED,           "access denied"                                                          },
    {SSL_AD_DECRYPT_ERROR,           "decrypt error (does the private key belong to the certificate?)"        },
    {SSL_AD_PROTOCOL_VERSION,        "protocol version (it speaks no version of TLS that we offer)"           },
    {SSL_AD_UNRECOGNIZED_NAME,       "unrecognized name (is the endpoint's host name right?)"                 },
    {TLS13_AD_CERTIFICATE_REQUIRED,  "certificate required (none was given)"                                  },
    {SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol (is the ALPN name right?)"                      },
};

static const char *alert_describe(int alert)
{
    for (size_t i = 0; i < sizeof alert_texts / sizeof alert_texts[0]; i++)
        if (alert_texts[i].alert == alert)
            return alert_texts[i].text;
    return SSL_alert_desc_string_long(alert);
}

/* --- The socket beneath: OpenSSL's own would raise SIGPIPE. --- */

static int socket_read(BIO *bio, char *data, int size)
{
    ssize_t n = recv((int)(intptr_t)BIO_get_data(bio), data, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)n;
}

static int socket_write(BIO *bio, const char *data, int size)
{
    ssize_t n = send((int)(intptr_t)BIO_get_data(bio), data, (size_t)size, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)n;
}

static long socket_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *socket_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");

    BIO_meth_set_read(m, socket_read);
    BIO_meth_set_write(m, socket_write);
    BIO_meth_set_ctrl(m, socket_ctrl);
    return m;
}

/* --- Verification --- */

/* By the clock of the car that verifies. */
static int64_t clock_of(const struct tls_target *target)
{
    return (int64_t)time(NULL) + target->clock_offset;
}

/* OpenSSL keeps the peer's chain as long as the connection: thousands of copies of one certificate.
   Whatever the context has seen before is replaced by the copy that it keeps. */
static void share_chain(struct tls_context *c, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);

    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *own = sk_X509_value(chain, i);
        X509 *shared = certcache_intern(&c->certs, own);
        if (shared == own)
            continue;
        X509_up_ref(shared);
        sk_X509_set(chain, i, shared);
        if (i == 0)
            X509_STORE_CTX_set_cert(store, shared);
        X509_free(own);
    }
}

/* In place of X509_verify_cert(): the host is set here, on the passing store context, because a
   verify parameter of its own would cost every connection memory for good. */
static int verify(X509_STORE_CTX *store, void *arg)
{
    struct tls_context *c = arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct tls_target *target = SSL_get_app_data(ssl);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);

    share_chain(c, store);
    if (c->insecure) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    int named = target->host_is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, target->host)
                                   : X509_VERIFY_PARAM_set1_host(param, target->host, 0);
    if (target->clock_offset != 0)
        X509_VERIFY_PARAM_set_time(param, (time_t)clock_of(target));
    if (named == 1 && X509_verify_cert(store) > 0)
        return 1;
    verify_text(store,
                &(struct verify_context){target->host, clock_of(target), target->clock_offset != 0},
                c->why, sizeof c->why);
    return 0;
}

/* --- Revocation --- */

static struct revocation_subject subject_of(struct tls_context *c, SSL *ssl,
                                            const struct tls_target *target)
{
    STACK_OF(X509) *chain = SSL_session_reused(ssl) == 1 ? NULL : SSL_get0_verified_chain(ssl);

    return (struct revocation_subject){.leaf = SSL_get0_peer_certificate(ssl),
                                       /* A root of its own is its own issuer. */
                                       .issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1)
                                                                        : sk_X509_value(chain, 0),
                                       .trust = SSL_CTX_get_cert_store(c->ssl),
                                       .now = clock_of(target)};
}

/* The server's whole flight is there, ours is not sent: what is bad ends in an alert. */
static int on_status(SSL *ssl, void *arg)
{
    struct tls_context *c = arg;
    const struct tls_target *target = SSL_get_app_data(ssl);
    const struct revocation_subject subject = subject_of(c, ssl, target);
    const unsigned char *stapled = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &stapled);

    if (subject.leaf == NULL)
        return 0;
    enum revocation_state state = revocation_judge(
        c->revocation, &subject, slice_of(stapled, stapled != NULL && len > 0 ? (size_t)len : 0),
        c->why, sizeof c->why);
    return state != REVOCATION_BAD;
}

enum tls_status tls_settle(struct tls_context *c, SSL *ssl, const struct tls_target *target,
                           struct revocation_waiter *waiter)
{
    if (c->revocation == NULL)
        return TLS_DONE;
    const struct revocation_subject subject = subject_of(c, ssl, target);
    const unsigned char *stapled = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &stapled);
    if (stapled != NULL && len > 0) {
        /* It was good, or there would be no connection, and is not needed any more. */
        SSL_set_tlsext_status_ocsp_resp(ssl, NULL, 0);
        return TLS_DONE;
    }
    switch (revocation_judge(c->revocation, &subject, (struct slice){0}, c->why, sizeof c->why)) {
    case REVOCATION_FINE:
        return TLS_DONE;
    case REVOCATION_ASK:
        revocation_wait(c->revocation, &subject, waiter);
        return TLS_WANT_READ;
    case REVOCATION_BAD:
        break;
    }
    /* Not to be kept. */
    SSL_CTX_remove_session(c->ssl, SSL_get_session(ssl));
    return TLS_ERROR;
}

void tls_context_ask_by(struct tls_context *c, const struct revocation_asker *asker)
{
    if (c->revocation != NULL)
        revocation_set_asker(c->revocation, asker);
}

static bool check_revocation(struct tls_context *c, const struct tls_options *o, struct error *err)
{
    enum revocation_mode mode;

    if (!tls_options_revocation(o, &mode, err))
        return false;
    if (mode == REVOCATION_OFF)
        return true;
    c->revocation = revocation_new(mode, o->ocsp_responder);
    SSL_CTX_set_tlsext_status_type(c->ssl, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_tlsext_status_cb(c->ssl, on_status);
    SSL_CTX_set_tlsext_status_arg(c->ssl, c);
    return true;
}

/* An answer that has ended is not known anew from a session that is resumed. */
static bool may_resume(const struct tls_context *c, SSL_SESSION *session,
                       const struct tls_target *target)
{
    X509 *leaf = SSL_SESSION_get0_peer(session);

    return c->revocation == NULL || leaf == NULL ||
           revocation_allows_resuming(c->revocation, leaf, clock_of(target));
}

/* --- Our own certificate --- */

static EVP_PKEY *identity_key(const struct tls_identity *id)
{
    const unsigned char *at = id->key_der.data;

    if (id->key != NULL) {
        EVP_PKEY_up_ref(id->key);
        return id->key;
    }
    if (id->load_key != NULL)
        return id->load_key(id->key_arg);
    /* Knowing the type beforehand is four times as fast. */
    EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, (long)id->key_der.len);
    if (key != NULL)
        return key;
    ERR_clear_error();
    at = id->key_der.data;
    return d2i_AutoPrivateKey(NULL, &at, (long)id->key_der.len);
}

static X509 *identity_leaf(const struct tls_identity *id)
{
    const unsigned char *at = id->leaf.data;

    return d2i_X509(NULL, &at, (long)id->leaf.len);
}

static STACK_OF(X509) * identity_chain(struct tls_context *c, const struct tls_identity *id)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    for (size_t i = 0; i < id->chain_count; i++) {
        X509 *cert = certcache_parse(&c->certs, id->chain[i]);
        if (cert == NULL) {
            sk_X509_pop_free(chain, X509_free);
            return NULL;
        }
        sk_X509_push(chain, cert);
    }
    return chain;
}

/* The server's alert, should it send one, will not say whose certificate it means, nor since when.
 */
static void examine_own(struct tls_context *c, X509 *leaf)
{
    c->unfit[0] = '\0';
    if (leaf != NULL)
        cert_text_valid(leaf, (int64_t)time(NULL), c->unfit, sizeof c->unfit);
}

/* The server asked for a certificate. */
static int use_identity(SSL *ssl, void *arg)
{
    struct tls_context *c = arg;
    const struct tls_target *target = SSL_get_app_data(ssl);
    const struct tls_identity *id = target->identity;

    if (id == NULL || id->leaf.len == 0)
        return 1;
    X509 *leaf = identity_leaf(id);
    EVP_PKEY *key = identity_key(id);
    STACK_OF(X509) *chain = identity_chain(c, id);
    const char *fault = NULL;
    examine_own(c, leaf);
    if (leaf == NULL)
        fault = "not a DER certificate";
    else if (key == NULL)
        fault = "its private key is not readable DER";
    else if (chain == NULL)
        fault = "an intermediate is not a DER certificate";
    else if (SSL_use_cert_and_key(ssl, leaf, key, chain, 1) != 1)
        fault = ERR_reason_error_string(ERR_peek_last_error());
    if (fault != NULL)
        snprintf(c->why, sizeof c->why, "client certificate unusable: %s", fault);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    X509_free(leaf);
    return fault == NULL;
}

/* --- Context --- */

static void configure(struct tls_context *c)
{
    SSL_CTX *ssl = c->ssl;

    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (!c->resumption)
        SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    /* One recv() a wake-up instead of two a record. */
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, verify, c);
    SSL_CTX_set_cert_cb(ssl, use_identity, c);
}

struct tls_context *tls_context_new(const struct tls_options *options, struct error *err)
{
    struct tls_context *c = xcalloc(1, sizeof *c);

    c->insecure = options->insecure;
    c->resumption = options->resumption;
    c->socket = socket_method();
    c->ssl = SSL_CTX_new(TLS_client_method());
    ERR_clear_error();
    if (c->ssl == NULL) {
        error_set(err, ERROR_TARGET, "TLS: OpenSSL cannot start (check its configuration)");
        tls_context_free(c);
        return NULL;
    }
    configure(c);
    if (!tls_options_apply(options, c->ssl, err) || !check_revocation(c, options, err)) {
        tls_context_free(c);
        return NULL;
    }
    return c;
}

void tls_context_free(struct tls_context *c)
{
    if (c == NULL)
        return;
    certcache_done(&c->certs);
    resume_done(&c->sessions);
    revocation_free(c->revocation);
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->socket);
    free(c);
}

/* --- Connections --- */

SSL *tls_new(struct tls_context *c, int fd, const struct tls_target *target)
{
    SSL *ssl = SSL_new(c->ssl);
    BIO *bio = BIO_new(c->socket);

    assert(ssl != NULL && bio != NULL);
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, (void *)(uintptr_t)target);
    if (!target->host_is_ip)
        SSL_set_tlsext_host_name(ssl, target->host);
    SSL_set_connect_state(ssl);
    SSL_SESSION *session = resume_take(&c->sessions, tls_target_key(target));
    if (session != NULL && may_resume(c, session, target))
        SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
    return ssl;
}

void tls_free(struct tls_context *c, SSL *ssl, uint64_t key)
{
    if (ssl == NULL)
        return;
    if (c->resumption && SSL_is_init_finished(ssl)) {
        /* OpenSSL bars the session of a connection without goodbye, but a car that loses its
           network has done nothing wrong. One that failed is barred all the same. */
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_SESSION *session = SSL_get1_session(ssl);
        if (session != NULL && SSL_SESSION_is_resumable(session))
            resume_put(&c->sessions, key, session);
        else
            SSL_SESSION_free(session);
    }
    SSL_free(ssl);
}

/* FNV-1a */
static uint64_t hash(uint64_t h, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        h = (h ^ bytes.data[i]) * 1099511628211u;
    return h;
}

uint64_t tls_target_key(const struct tls_target *target)
{
    uint64_t h = hash(14695981039346656037u, slice_str(target->host));

    return target->identity != NULL ? hash(h, target->identity->leaf) : h;
}

bool tls_resumed(const SSL *ssl)
{
    return SSL_session_reused(ssl) == 1;
}

const char *tls_why(const struct tls_context *c)
{
    return c->why;
}

static void begin(struct tls_context *c)
{
    ERR_clear_error();
    c->why[0] = '\0';
    errno = 0;
}

/* The sentence for OpenSSL's first error, unless a callback has already written a better one. */
static void explain(struct tls_context *c)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);

    if (c->why[0] != '\0')
        return;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET)
        snprintf(c->why, sizeof c->why, "the server ended TLS with an alert: %s%s%s",
                 alert_describe(reason - SSL_AD_REASON_OFFSET),
                 c->unfit[0] != '\0' ? "; ours, " : "", c->unfit);
    else if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_WRONG_VERSION_NUMBER)
        snprintf(c->why, sizeof c->why,
                 "the server does not speak TLS on this port (is it a plain MQTT port?)");
    else {
        const char *text = ERR_reason_error_string(code);
        snprintf(c->why, sizeof c->why, "TLS failed: %s", text != NULL ? text : "unknown error");
    }
}

static enum tls_status status_of(struct tls_context *c, SSL *ssl, int result)
{
    int saved = errno;

    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_EOF;
    case SSL_ERROR_SYSCALL:
        errno = saved;
        return saved == 0 ? TLS_EOF : TLS_RESET;
    default:
        explain(c);
        ERR_clear_error();
        return TLS_ERROR;
    }
}

/* Of a resumed session: its chain was verified when it was whole. */
static bool still_trusted(struct tls_context *c, SSL *ssl)
{
    const struct tls_target *target = SSL_get_app_data(ssl);
    X509 *cert = SSL_get0_peer_certificate(ssl);
    char text[320] = "";

    if (cert == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
        snprintf(text, sizeof text, "it was never verified");
    else if (cert_text_valid(cert, clock_of(target), text, sizeof text) &&
             (target->host_is_ip ? X509_check_ip_asc(cert, target->host, 0)
                                 : X509_check_host(cert, target->host, 0, 0, NULL)) != 1)
        snprintf(text, sizeof text, "it was not made with \"%s\"", target->host);
    if (text[0] == '\0')
        return true;
    snprintf(c->why, sizeof c->why, "certificate verify failed: resumed session: %s", text);
    /* Not to be kept. */
    SSL_CTX_remove_session(c->ssl, SSL_get_session(ssl));
    return false;
}

/* A session with a ticket is the one that was offered: a new one has none yet. */
static bool offered_session(const SSL *ssl)
{
    const SSL_SESSION *session = SSL_get0_session(ssl);

    return session != NULL && SSL_SESSION_has_ticket(session) == 1;
}

/* A server that cannot resume must say so by a whole handshake, but some end the connection. */
static void give_up_resumption(struct tls_context *c)
{
    if (!c->resumption)
        return;
    log_warn("the server ends TLS when a session is resumed: resuming none from now on");
    c->resumption = false;
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
    resume_done(&c->sessions);
}

enum tls_status tls_handshake(struct tls_context *c, SSL *ssl)
{
    begin(c);
    int result = SSL_do_handshake(ssl);
    if (result != 1) {
        bool refused = c->why[0] != '\0'; /* by a callback of ours, not by the server */
        enum tls_status status = status_of(c, ssl, result);
        if (status == TLS_ERROR && !refused && offered_session(ssl))
            give_up_resumption(c);
        return status;
    }
    if (tls_resumed(ssl) && !c->insecure && !still_trusted(c, ssl))
        return TLS_ERROR;
    /* The certificate and its key were for the handshake only. */
    SSL_certs_clear(ssl);
    SSL_set_app_data(ssl, NULL);
    return TLS_DONE;
}

bool tls_owes_keys(const SSL *ssl)
{
    return SSL_get_key_update_type(ssl) != SSL_KEY_UPDATE_NONE;
}

static int clamp(size_t size)
{
    return size > INT_MAX ? INT_MAX : (int)size;
}

ptrdiff_t tls_read(struct tls_context *c, SSL *ssl, void *data, size_t size)
{
    begin(c);
    int n = SSL_read(ssl, data, clamp(size));
    return n > 0 ? n : status_of(c, ssl, n);
}

bool tls_has_more(const SSL *ssl)
{
    return SSL_has_pending(ssl) != 0;
}

ptrdiff_t tls_write(struct tls_context *c, SSL *ssl, const void *data, size_t size)
{
    begin(c);
    int n = SSL_write(ssl, data, clamp(size));
    return n > 0 ? n : status_of(c, ssl, n);
}

void tls_goodbye(SSL *ssl)
{
    ERR_clear_error();
    SSL_shutdown(ssl);
    ERR_clear_error();
}
