#include "cli/cloud_talk.h"

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

cJSON *cloud_talk(const char *dir, const char *topic, cJSON *document, struct error *err)
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

/* A page's request. */
static cJSON *with_token(const cJSON *document, const char *token)
{
    cJSON *page = document != NULL ? cJSON_Duplicate(document, true) : cJSON_CreateObject();

    if (token != NULL)
        cJSON_AddStringToObject(page, "nextToken", token);
    return page;
}

cJSON *cloud_talk_list(const char *dir, const char *topic, const cJSON *document,
                       const char *member, struct error *err)
{
    cJSON *all = cJSON_CreateArray();
    cJSON *page = with_token(document, NULL);

    while (page != NULL) {
        cJSON *answer = cloud_talk(dir, topic, page, err);
        const char *next = json_str(answer, "nextToken", NULL);
        cJSON *list = json_get(answer, member);
        if (answer == NULL) {
            cJSON_Delete(all);
            return NULL;
        }
        page = next != NULL ? with_token(document, next) : NULL;
        /* An array's children are moved, not copied. */
        while (list != NULL && list->child != NULL)
            cJSON_AddItemToArray(all, cJSON_DetachItemViaPointer(list, list->child));
        cJSON_Delete(answer);
    }
    return all;
}
