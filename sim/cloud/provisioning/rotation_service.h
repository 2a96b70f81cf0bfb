/*
 * rotation_service.h — a car's new certificate in the place of its old one (contract 4.5). AWS has
 * no protocol of its own for it; the local cloud answers as two solutions of AWS do:
 *
 *     awslabs/things/<thing>/certificate/create    {"jobId","csr"}       {"certificatePem"}
 *     awslabs/things/<thing>/certificate/commit    {"jobId"}             {}
 *     cdf/certificates/<thing>/get   {"csr","previousCertificateId"?}
 *                                    {"deviceId","action","certificateId","certificate"}
 *                                    without a csr: {"deviceId","action","location"}
 *     cdf/certificates/<thing>/ack   {"certificateId"?}  {"deviceId","action"}
 *
 * The first of each pair issues a certificate, ACTIVE, with the thing and the policies of the one
 * by which it was asked for: both work now. Without a signing request it makes the key, too, and
 * says where both are to be downloaded. The second of each pair is said over a connection with the
 * new one, which proves that it works, and makes the thing's others INACTIVE. It may be said again.
 *
 * A certificate that was made for a job, and not committed when the job has ended for the thing,
 * becomes INACTIVE as soon as it is sure that the thing has not committed it in itself: nothing but
 * a connection by that certificate can have been the reason to, and the thing shows another now, or
 * has never shown it. Else a thing that lost power between the two would be locked out.
 *
 * Owns      nothing: certificates are the registry's.
 * Errors    no memory: false.
 */
#ifndef CLOUD_PROVISIONING_ROTATION_SERVICE_H
#define CLOUD_PROVISIONING_ROTATION_SERVICE_H

#include "cloud/clients/actions.h"
#include "cloud/clients/presence.h"
#include "cloud/registry/issuer.h"
#include "cloud/registry/registry.h"

#define ROTATION_TOPIC_SIZE 192

/* ORDER ROTATION_OPERATION */
enum rotation_operation {
    ROTATION_CREATE,
    ROTATION_COMMIT,
    ROTATION_GET,
    ROTATION_ACK,
    ROTATION_OPERATION_COUNT
};

struct rotation_address {
    enum rotation_operation op;
    char thing[REGISTRY_NAME_MAX + 1];
    char topic[ROTATION_TOPIC_SIZE]; /* answers go below it */
};

/* False unless it is such a topic. */
bool rotation_address_parse(const char *topic, struct rotation_address *ret);

#define ROTATION_JOB_SIZE 65

/* The jobs in which things rotate. All NULL: there are none. */
struct rotation_jobs {
    /* The execution in progress of that job, or with NULL of the one that rotates by the second
       pair. False: none. */
    bool (*find)(void *ctx, const char *thing, const char *job, char ret_job[ROTATION_JOB_SIZE],
                 uint32_t *ret_number);
    bool (*is_open)(void *ctx, const char *thing, const char *job, uint32_t number);
    void *ctx;
};

/* Where things download certificates with their keys. Both NULL: nowhere. */
struct rotation_shelf {
    /* Puts the text there, and appends its URL, which is good for a while. */
    bool (*put)(void *ctx, const char *id, struct slice pem, int64_t now_ms, struct text *ret_url);
    /* Takes it away, if it is there. */
    void (*drop)(void *ctx, const char *id);
    void *ctx;
};

/* Who is asked, and with what. */
struct rotation_service {
    struct registry *registry;
    const struct presence *presence;
    const struct issuer *issuer; /* NULL: nobody signs */
    struct rotation_jobs jobs;
    struct rotation_shelf shelf;
};

/* One message on such a topic, by that client; the answer goes to it alone. */
bool rotation_service_request(const struct rotation_service *s,
                              const struct rotation_address *address, const char *client_id,
                              struct slice payload, int64_t now_ms, struct cloud_actions *out);
/* An execution of the thing has ended, or it has connected: ends what was made for jobs that are
   over. */
void rotation_service_look(const struct rotation_service *s, const char *thing, int64_t now_ms);

#endif
