#include "cloud/client_topic.h"

#include <string.h>

#include "cloud/commands/command_service.h"
#include "cloud/defender/defender_address.h"
#include "cloud/jobs/job_address.h"
#include "cloud/jobs/stream_address.h"
#include "cloud/provisioning/provision_address.h"
#include "cloud/rules.h"
#include "cloud/shadows/shadow_request.h"

bool client_topic_is_open(const char *topic)
{
    static const char fleetwise[] = "$aws/iotfleetwise/vehicles/";
    const char *last = strrchr(topic, '/');
    struct shadow_address address;
    struct command_address command;
    struct job_address job;
    struct stream_address stream;
    struct provision_address provision;
    struct defender_address defender;

    return *topic != '$' || rules_is_ingest(topic) || shadow_address_parse(topic, &address) ||
           command_address_parse(topic, &command) || job_address_parse(topic, &job) ||
           stream_address_parse(topic, &stream) || provision_address_parse(topic, &provision) ||
           defender_address_parse(topic, &defender) ||
           strncmp(topic, fleetwise, sizeof fleetwise - 1) == 0 ||
           (strncmp(topic, "$aws/commands/", 14) == 0 && strcmp(last, "/protobuf") == 0);
}
