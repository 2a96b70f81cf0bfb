#include "cli/job_talk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/xmem.h"
#include "broker/config.h"
#include "broker/owner.h"

#define DEPTH 64
#define JOBS  "fleetsim/jobs/"

/* A path that is short enough for a socket's address, whatever the directory's is. */
static bool ask(const char *dir, const char *topic, const char *text, struct owner_answer *ret,
                struct error *err)
{
    char *path = xasprintf("%s/broker", dir);
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *socket = xasprintf("/proc/self/fd/%d/" CONFIG_SOCKET, fd);

    *ret = (struct owner_answer){0};
    bool ok = fd >= 0 && owner_ask(socket, topic, slice_str(text), ret, err);
    if (!ok)
        error_set(err, ERROR_TARGET,
                  "%s: no local cloud runs there (start one: fleetsim cloud --dir %s)", dir, dir);
    if (fd >= 0)
        close(fd);
    free(socket);
    free(path);
    return ok;
}

static bool is_rejected(const struct owner_answer *said)
{
    static const char end[] = "/rejected";
    size_t len = strlen(said->topic);

    return len >= sizeof end - 1 && strcmp(said->topic + len - (sizeof end - 1), end) == 0;
}

/* Whom the error is about. */
static const char *family_of(const char *topic)
{
    static const struct {
        const char *prefix, *name;
    } families[] = {
        {JOBS,                 "job"   },
        {"fleetsim/policies/", "policy"},
        {"fleetsim/groups/",   "group" },
        {"fleetsim/index/",    "things"},
    };

    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(topic, families[i].prefix, strlen(families[i].prefix)) == 0)
            return families[i].name;
    return "cloud";
}

static cJSON *judge(const struct owner_answer *said, const char *topic, struct error *err)
{
    cJSON *answer = json_parse(slice_of(said->payload, said->len), DEPTH);

    if (answer != NULL && !is_rejected(said))
        return answer;
    if (answer == NULL)
        error_set(err, ERROR_TARGET, "the local cloud: an answer that makes no sense");
    else
        error_set(err, ERROR_TARGET, "%s: %s: %s", family_of(topic), json_str(answer, "code", "?"),
                  json_str(answer, "message", "rejected"));
    cJSON_Delete(answer);
    return NULL;
}

cJSON *job_talk_topic(const char *dir, const char *topic, cJSON *document, struct error *err)
{
    char *text = document != NULL ? cJSON_PrintUnformatted(document) : NULL;
    struct owner_answer said;
    cJSON *answer =
        ask(dir, topic, text != NULL ? text : "{}", &said, err) ? judge(&said, topic, err) : NULL;

    owner_answer_done(&said);
    cJSON_free(text);
    cJSON_Delete(document);
    return answer;
}

cJSON *job_talk(const char *dir, const char *call, cJSON *document, struct error *err)
{
    char *topic = xasprintf(JOBS "%s", call);
    cJSON *answer = job_talk_topic(dir, topic, document, err);

    free(topic);
    return answer;
}

cJSON *job_talk_topic_list(const char *dir, const char *topic, const char *member,
                           const char *status, struct error *err)
{
    cJSON *all = cJSON_CreateArray();
    char *next = NULL;

    do {
        cJSON *document = cJSON_CreateObject();
        if (status != NULL)
            cJSON_AddStringToObject(document, "status", status);
        if (next != NULL)
            cJSON_AddStringToObject(document, "nextToken", next);
        free(next);
        cJSON *page = job_talk_topic(dir, topic, document, err);
        if (page == NULL) {
            cJSON_Delete(all);
            return NULL;
        }
        cJSON *list = json_get(page, member);
        while (cJSON_GetArraySize(list) > 0)
            cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(list, 0));
        const char *token = json_str(page, "nextToken", NULL);
        next = token != NULL ? xstrdup(token) : NULL;
        cJSON_Delete(page);
    } while (next != NULL);
    return all;
}

cJSON *job_talk_list(const char *dir, const char *call, const char *member, const char *status,
                     struct error *err)
{
    char *topic = xasprintf(JOBS "%s", call);
    cJSON *all = job_talk_topic_list(dir, topic, member, status, err);

    free(topic);
    return all;
}
