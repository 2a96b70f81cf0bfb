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
 *         and once it is whole it takes the place of the one before, with another version; what is
 *         there already is accepted and changes nothing
 *     fleetsim/streams/<stream>/delete
 *
 * Owns      the files. Devices see only whole ones.
 * Errors    no memory: false, nothing changed.
 */
#ifndef CLOUD_JOBS_STREAM_SERVICE_H
#define CLOUD_JOBS_STREAM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "cloud/clients/actions.h"
#include "cloud/jobs/stream_address.h"

#define STREAM_FILE_MAX  25165824  /* 24 MB */
#define STREAM_ALL_MAX   268435456 /* 256 MB: of all files */
#define STREAM_BLOCK_MAX 131072

struct stream_service {
    struct table streams;
    uint64_t bytes;       /* of all files */
    int64_t last_version; /* no two files, not even of a deleted stream, have the same */
};

void stream_service_init(struct stream_service *s);
void stream_service_done(struct stream_service *s);
/* One message on such a topic, by that client. */
bool stream_service_request(struct stream_service *s, const struct stream_address *address,
                            const char *client_id, struct slice payload, struct cloud_actions *out);
/* Appends a line of JSON for each whole file, and one for the last version. */
void stream_service_save(const struct stream_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool stream_service_load(struct stream_service *s, const cJSON *record);

#endif
