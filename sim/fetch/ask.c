#include "fetch/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "fetch/fetch_inside.h"

struct ask {
    struct fetch_work work;
    struct fetcher *fetcher;
    struct ask_owner owner;
    CURL *easy;
    struct curl_slist *headers;
    struct buf answer;
    char curl_says[CURL_ERROR_SIZE];
    char why[CURL_ERROR_SIZE + 64];
    struct loop_timer tell; /* the owner, outside of libcurl */
};

static size_t on_bytes(char *at, size_t one, size_t count, void *ctx)
{
    struct ask *a = ctx;

    return buf_append(&a->answer, at, one * count) ? one * count : 0;
}

static void on_tell(void *arg)
{
    struct ask *a = arg;

    a->owner.answered(a->owner.ctx, buf_slice(&a->answer), a->why[0] != '\0' ? a->why : NULL);
}

static void end(struct ask *a)
{
    if (a->easy == NULL)
        return;
    curl_multi_remove_handle(a->fetcher->multi, a->easy);
    curl_easy_cleanup(a->easy);
    a->easy = NULL;
}

static void on_ended(struct fetch_work *w, CURLcode code)
{
    struct ask *a = (struct ask *)w;
    long status = 0;

    curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
    if (a->answer.overflow)
        snprintf(a->why, sizeof a->why, "its answer is longer than %zu bytes", a->answer.max);
    else if (code != CURLE_OK)
        snprintf(a->why, sizeof a->why, "%s",
                 a->curl_says[0] != '\0' ? a->curl_says : curl_easy_strerror(code));
    else if (status != 200)
        snprintf(a->why, sizeof a->why, "it answers with HTTP %ld", status);
    end(a);
    loop_timer_start(&a->tell, 0);
}

struct ask *ask_start(struct fetcher *fetcher, const struct ask_request *request,
                      const struct ask_owner *owner)
{
    struct ask *a = xcalloc(1, sizeof *a);
    char *type = xasprintf("Content-Type: %s", request->content_type);

    a->work.ended = on_ended;
    a->fetcher = fetcher;
    a->owner = *owner;
    buf_init(&a->answer, request->answer_max);
    loop_timer_init(&a->tell, fetcher->loop, on_tell, a);
    a->headers = curl_slist_append(NULL, type);
    a->headers = curl_slist_append(a->headers, "Expect:");
    free(type);
    a->easy = fetch_easy(fetcher, &a->work, request->url, "http,https");
    curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, a->curl_says);
    curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->headers);
    curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE, (long)request->body.len);
    curl_easy_setopt(a->easy, CURLOPT_COPYPOSTFIELDS, request->body.data);
    curl_easy_setopt(a->easy, CURLOPT_TIMEOUT_MS, (long)(request->patience / USEC_PER_MSEC));
    curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
    curl_multi_add_handle(fetcher->multi, a->easy);
    return a;
}

void ask_free(struct ask *a)
{
    if (a == NULL)
        return;
    end(a);
    loop_timer_stop(&a->tell);
    curl_slist_free_all(a->headers);
    buf_done(&a->answer);
    free(a);
}
