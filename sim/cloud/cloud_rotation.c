/* Certificates that things change in jobs: the rotation service and the jobs, who know nothing of
   each other. */
#include <stdio.h>

#include "cloud/cloud_core.h"

#define OPERATION "RotateCertificates" /* contract 4.5: its messages do not name their job */

static bool find_job(void *ctx, const char *thing, const char *job, char ret_job[ROTATION_JOB_SIZE],
                     uint32_t *ret_number)
{
    const struct cloud *cloud = ctx;

    return job_service_progress(&cloud->jobs, thing, job, OPERATION, ret_job, ret_number);
}

static bool is_open(void *ctx, const char *thing, const char *job, uint32_t number)
{
    const struct cloud *cloud = ctx;

    return job_service_is_open(&cloud->jobs, thing, job, number);
}

/* ---- what is to be downloaded ---- */

#define FOLDER    "certificates/"
#define NAME_SIZE (sizeof FOLDER + REGISTRY_ID_SIZE + sizeof ".pem")

static void name_of(const char *id, char ret[NAME_SIZE])
{
    snprintf(ret, NAME_SIZE, FOLDER "%s.pem", id);
}

static bool put(void *ctx, const char *id, struct slice pem, int64_t now_ms, struct text *ret_url)
{
    const struct cloud *cloud = ctx;
    char path[NAME_SIZE + 1] = "/";

    name_of(id, path + 1);
    if (!cloud->shelf.write(cloud->shelf.ctx, path + 1, pem))
        return false;
    presign_url(&cloud->jobs.presign, slice_str(path), PRESIGN_SECONDS_MAX, now_ms, ret_url);
    return !ret_url->failed;
}

static void drop(void *ctx, const char *id)
{
    const struct cloud *cloud = ctx;
    char name[NAME_SIZE];

    name_of(id, name);
    cloud->shelf.remove(cloud->shelf.ctx, name);
}

void cloud_set_shelf(struct cloud *cloud, const struct cloud_shelf *shelf)
{
    cloud->shelf = *shelf;
}

/* ---- the service ---- */

static struct rotation_service service_of(struct cloud *cloud)
{
    struct rotation_service s = {
        .registry = &cloud->registry,
        .presence = &cloud->presence,
        .issuer = cloud->issuer,
        .jobs = {.find = find_job, .is_open = is_open, .ctx = cloud}
    };

    if (cloud->shelf.write != NULL && cloud->jobs.presign.base[0] != '\0')
        s.shelf = (struct rotation_shelf){.put = put, .drop = drop, .ctx = cloud};
    return s;
}

bool cloud_rotation_serve(struct cloud *cloud, const struct rotation_address *address,
                          const struct cloud_message *message, int64_t now_ms,
                          struct cloud_actions *out)
{
    const struct rotation_service s = service_of(cloud);

    return rotation_service_request(&s, address, message->client_id, message->payload, now_ms, out);
}

void cloud_rotation_look(struct cloud *cloud, const char *thing, int64_t now_ms)
{
    const struct rotation_service s = service_of(cloud);

    rotation_service_look(&s, thing, now_ms);
}

static void on_ended(void *ctx, const char *thing, int64_t now_ms)
{
    cloud_rotation_look(ctx, thing, now_ms);
}

void cloud_rotation_init(struct cloud *cloud)
{
    cloud->jobs.ended = on_ended;
    cloud->jobs.ended_ctx = cloud;
}
