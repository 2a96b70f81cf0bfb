#include "broker/control.h"

#include "base/json.h"
#include "broker/owner.h"

#define CONTROL_TOPIC "$CONTROL/cloud/v1"

static bool judge(const struct owner_answer *said, struct error *err)
{
    cJSON *answer = json_parse(slice_of(said->payload, said->len), 16);
    const char *error = json_str(answer, "error", NULL);
    bool ok = answer != NULL && error == NULL;

    if (answer == NULL)
        error_set(err, ERROR_TARGET, "the local cloud: an answer that makes no sense");
    else if (!ok)
        error_set(err, ERROR_SCRIPT, "%s", json_str(answer, "why", error));
    cJSON_Delete(answer);
    return ok;
}

bool broker_control(const struct broker *broker, const char *request, struct error *err)
{
    struct owner_answer said;
    bool ok = owner_ask(broker_owner_socket(broker), CONTROL_TOPIC, slice_str(request), &said, err);

    if (!ok)
        error_set(err, ERROR_TARGET, "the local cloud does not answer (see %s for why)",
                  broker_log_path(broker));
    ok = ok && judge(&said, err);
    owner_answer_done(&said);
    return ok;
}
