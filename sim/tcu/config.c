/* The words and the defaults of tcu.h. */
#include "tcu/tcu.h"

const char *tcu_state_name(enum tcu_state state)
{
    /* ORDER TCU_STATE */
    static const char *const names[TCU_STATE_COUNT] = {
        "off", "asleep", "connecting", "syncing", "online", "backing off", "provisioning"};
    return (unsigned)state < TCU_STATE_COUNT ? names[state] : "unknown";
}

const char *tcu_outcome_name(enum tcu_outcome outcome)
{
    static const char *const names[TCU_OUTCOME_COUNT] = {"SUCCEEDED", "REJECTED", "FAILED",
                                                         "TIMED_OUT"};
    return (unsigned)outcome < TCU_OUTCOME_COUNT ? names[outcome] : "FAILED";
}

void tcu_config_defaults(struct tcu_config *config)
{
    *config = (struct tcu_config){.version = MQTT_5,
                                  .keep_alive_s = 60,
                                  .session_expiry_s = 3600,
                                  .tcp_timeout = 10 * USEC_PER_SEC,
                                  .tls_timeout = 10 * USEC_PER_SEC,
                                  .connack_timeout = 10 * USEC_PER_SEC,
                                  .request_timeout = 10 * USEC_PER_SEC,
                                  .backoff_base = USEC_PER_SEC,
                                  .backoff_cap = 60 * USEC_PER_SEC,
                                  .backoff_stable = 20 * USEC_PER_SEC,
                                  .progress_after = 2 * USEC_PER_SEC};
    topic_set_defaults(&config->topics);
}
