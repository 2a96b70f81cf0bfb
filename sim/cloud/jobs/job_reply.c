#include <stdio.h>

#include "cloud/jobs/job_core.h"

bool job_answer(struct job_exchange *x, const char *suffix, struct text *payload)
{
    char topic[JOB_TOPIC_SIZE + 16];

    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->turn.out, x->client_id, topic, payload);
}

bool job_reject(struct job_exchange *x, const struct job_error *error,
                const struct job_execution *e)
{
    struct text t;

    if (error->code == NULL)
        return false;
    text_init(&t);
    text_str(&t, "{\"code\":");
    text_quoted(&t, error->code);
    text_key(&t, "message");
    text_quoted(&t, error->text);
    if (e != NULL)
        job_write_state(&t, e);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "rejected", &t);
}
