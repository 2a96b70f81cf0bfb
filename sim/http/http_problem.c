#include "http/http_problem.h"

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "http/http_server.h"

#define DETAIL_MAX    1024
#define UNPROCESSABLE 422 /* the libraries disagree about its name */

/* What asks and what scripts raise need not be UTF-8, JSON must be. */
static void add_text(cJSON *problem, const char *key, struct slice text)
{
    char *clean = xstrndup((const char *)text.data, text.len);
    size_t len = strlen(clean);

    for (size_t at = json_utf8_prefix(slice_of(clean, len)); at < len;
         at += json_utf8_prefix(slice_of(clean + at, len - at)))
        clean[at++] = '?';
    cJSON_AddStringToObject(problem, key, clean);
    free(clean);
}

/* "… (do that)" in two. */
static void add_detail(cJSON *problem, const char *detail)
{
    size_t len = strlen(detail);
    const char *open = len != 0 && detail[len - 1] == ')' ? strstr(detail, " (") : NULL;

    for (const char *next = open; next != NULL; next = strstr(next + 1, " ("))
        open = next;
    if (open == NULL) {
        add_text(problem, "detail", slice_of(detail, len));
        return;
    }
    size_t first = (size_t)(open - detail);
    add_text(problem, "detail", slice_of(detail, first));
    add_text(problem, "advice", slice_of(open + 2, len - first - 3));
}

void http_problem_code(struct http_reply *reply, unsigned status, const char *outcome,
                       const char *code, const char *detail)
{
    cJSON *problem = cJSON_CreateObject();
    /* The library's texts of later RFCs are older than these. */
    const char *title =
        status == UNPROCESSABLE ? "Unprocessable Content" : MHD_get_reason_phrase_for(status);

    cJSON_AddStringToObject(problem, "title", title);
    cJSON_AddNumberToObject(problem, "status", status);
    if (outcome != NULL)
        cJSON_AddStringToObject(problem, "outcome", outcome);
    if (code != NULL)
        add_text(problem, "code", slice_str(code));
    add_detail(problem, detail);
    char *text = cJSON_PrintUnformatted(problem);
    cJSON_Delete(problem);
    reply->status = status;
    reply->content_type = "application/problem+json";
    buf_clear(&reply->body);
    buf_printf(&reply->body, "%s\n", text);
    cJSON_free(text);
}

void http_problem(struct http_reply *reply, unsigned status, const char *detail, ...)
{
    char text[DETAIL_MAX];
    va_list args;

    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    http_problem_code(reply, status, NULL, NULL, text);
}
