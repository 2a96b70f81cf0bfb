#include "cli/contact_choice.h"

#include <fleetsim/topics.h>
#include <string.h>

#include "cli/cloud_talk.h"
#include "fleet/simulation.h"
#include "pki/factory.h"

#define PEM_MAX 16384

/* ORDER VEHICLE_CONTACT */
static const char *const ways[] = {"known", "claim", "claim-keys", "just-in-time"};
#define WAY_COUNT (sizeof ways / sizeof *ways)

static enum vehicle_contact_kind kind_of(const char *provision)
{
    size_t i = 0;

    while (provision != NULL && i < WAY_COUNT && strcmp(ways[i], provision) != 0)
        i++;
    return (enum vehicle_contact_kind)i;
}

bool contact_choice_check(const struct run_settings *s, struct error *err)
{
    enum vehicle_contact_kind kind = kind_of(s->provision);

    if ((size_t)kind >= WAY_COUNT)
        return error_set(err, ERROR_USAGE,
                         "--provision %s: no way to meet a cloud (claim, claim-keys or "
                         "just-in-time)",
                         s->provision);
    if ((s->claim_cert == NULL) != (s->claim_key == NULL))
        return error_set(err, ERROR_USAGE,
                         "--claim-cert and --claim-key: one without the other (give both)");
    if (kind == VEHICLE_JUST_IN_TIME && s->target.endpoint != NULL)
        return error_set(err, ERROR_USAGE,
                         "--provision just-in-time: only a local cloud is told of the factory "
                         "(leave --endpoint out)");
    return true;
}

struct vehicle_contact contact_choice_of(const struct run_settings *s)
{
    return (struct vehicle_contact){.kind = kind_of(s->provision),
                                    .cbor = s->provision_cbor,
                                    .template_name = s->provision_template};
}

bool contact_choice_introduce(const struct run_settings *s, const struct target *t,
                              struct simulation *sim, struct error *err)
{
    const char *dir = t->temporary != NULL ? t->temporary : s->target.cloud_dir;
    const struct factory *factory;
    struct buf pem;

    if (sim->contact.kind != VEHICLE_JUST_IN_TIME)
        return true;
    factory = simulation_factory(sim, VEHICLE_FACTORY, err);
    if (factory == NULL)
        return false;
    buf_init(&pem, PEM_MAX);
    factory_pem(factory, &pem);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "certificatePem", buf_cstr(&pem));
    cJSON_AddStringToObject(document, "templateName", TEMPLATE_JUST_IN_TIME);
    buf_done(&pem);
    cJSON *answer = cloud_talk(dir, "fleetsim/authorities/register", document, err);
    cJSON_Delete(answer);
    /* A cloud that stays may know it from an earlier run. */
    return answer != NULL || strstr(err->text, "ResourceAlreadyExists") != NULL;
}
