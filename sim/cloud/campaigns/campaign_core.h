/* campaign_core.h — what the files of FleetWise's cloud side share. Nobody else includes it. */
#ifndef CLOUD_CAMPAIGNS_CAMPAIGN_CORE_H
#define CLOUD_CAMPAIGNS_CAMPAIGN_CORE_H

#include "base/error.h"
#include "cloud/campaigns/campaign_service.h"

/* What one car has of a kind at most. */
#define CAMPAIGN_WANTED_MAX 64

/* A campaign, a decoder manifest or a state template. */
struct campaign_document {
    struct campaign_document *next;
    enum campaign_kind kind;
    bool is_gone;  /* deleted: cars that have it are to lose it */
    cJSON *source; /* as it was put; NULL: gone */
    char name[];
};

/* One that is not gone; NULL: there is none. */
const struct campaign_document *campaign_find(const struct campaign_service *s,
                                              enum campaign_kind kind, const char *name);

/* One message of a car. */
struct campaign_turn {
    struct campaign_service *service;
    const char *vehicle;
    struct slice payload;
    int64_t now_ms;
    struct cloud_actions *out;
};

/* Both false: no memory. */
bool campaign_check_in(const struct campaign_turn *turn);
bool campaign_take_data(const struct campaign_turn *turn);

/* The bytes of CollectionSchemes with these schemes, of a DecoderManifest, or of StateTemplates
   with these. NULL: no memory, or the error says what does not fit. free() it. */
uint8_t *campaign_encode_schemes(const cJSON *const *schemes, size_t count, int64_t now_ms,
                                 size_t *ret_len, struct error *err);
uint8_t *campaign_encode_manifest(const cJSON *manifest, size_t *ret_len, struct error *err);

/* What is to change in a car's templates. */
struct campaign_templates {
    const cJSON *add[CAMPAIGN_WANTED_MAX]; /* StateTemplateInformation */
    const char *remove[CAMPAIGN_WANTED_MAX];
    size_t add_count, remove_count;
    const char *manifest; /* which they are for; NULL: none is added */
};
uint8_t *campaign_encode_templates(const struct campaign_templates *t, int64_t version,
                                   size_t *ret_len, struct error *err);

#endif
