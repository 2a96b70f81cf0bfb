/*
 * stream_service.h — AWS IoT's MQTT-based file delivery (contract 3.7, step 4): files that devices
 * fetch in blocks.
 *
 *     $aws/things/<thing>/streams/<stream>/describe/json  {"c":token?} → …/description/json
 *         {"c"?,"s":version,"d":description,"r":[{"f":file,"z":size},…]}
 *     $aws/things/<thing>/streams/<stream>/get/json
 *         {"c"?,"s":version?,"f":file,"l":block size,"o":first block?,"n":blocks?,"b":"bitmap"?}
 *         → …/data/json for each block: {"c"?,"f","l":bytes,"i":block,"p":"<base64>"}
 *     …/rejected/json  {"o":"BlockSizeOutOfBounds","m":"…","c"?}
 *
 * One request brings at most 128 KB. AWS takes files from S3. Here an operator puts them, piece by
 * piece; the answer comes to the asker alone, below the topic, on …/accepted or …/rejected:
 *
 *     fleetsim/streams/<stream>/put     {"fileId":0,"size":n,"offset":n,"data":"<base64>"}
 *         → {"streamId","fileId","size","received","streamVersion"}; offset 0 begins it anew,
 *         and once it is whole it takes the place of the one before
 *     fleetsim/streams/<stream>/delete
 *
 * Owns      the files. Devices see only whole ones.
 * Errors    no memory: false, nothing changed.
 */
#ifndef CLOUD_STREAM_SERVICE_H
#define CLOUD_STREAM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "cloud/actions.h"
#include "cloud/table.h"

#define STREAM_ID_MAX     128
#define STREAM_TOPIC_SIZE 384
#define STREAM_FILE_MAX   25165824  /* 24 MB */
#define STREAM_ALL_MAX    268435456 /* 256 MB: of all files */
#define STREAM_BLOCK_MAX  131072

/* ORDER STREAM_OPERATION */
enum stream_operation {
    STREAM_DESCRIBE,
    STREAM_GET,
    STREAM_NO_CALL, /* inside the namespace, but no call: InvalidTopic */
    STREAM_PUT,     /* an operator's from here on */
    STREAM_DELETE,
    STREAM_OPERATION_COUNT
};

struct stream_address {
    enum stream_operation op;
    char stream[STREAM_ID_MAX + 1];
    char base[STREAM_TOPIC_SIZE]; /* answers go below it */
};

/* False unless a client may have something to say on that topic. */
bool stream_address_parse(const char *topic, struct stream_address *ret);

struct stream_service {
    struct table streams;
    uint64_t bytes; /* of all files */
};

void stream_service_init(struct stream_service *s);
void stream_service_done(struct stream_service *s);
/* One message on such a topic, by that client. */
bool stream_service_request(struct stream_service *s, const struct stream_address *address,
                            const char *client_id, struct slice payload, struct cloud_actions *out);
/* Appends a line of JSON for each whole file. */
void stream_service_save(const struct stream_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool stream_service_load(struct stream_service *s, const cJSON *record);

#endif
