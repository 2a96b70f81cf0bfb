#include "http/http_problem.h"

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "http/http_server.h"

#define DETAIL_MAX    1024
#define UNPROCESSABLE 422 /* the libraries disagree about its name */

/* "… (do that)" in two. */
static void add_detail(cJSON *problem, const char *detail)
{
    size_t len = strlen(detail);
    const char *open = len != 0 && detail[len - 1] == ')' ? strstr(detail, " (") : NULL;

    for (const char *next = open; next != NULL; next = strstr(next + 1, " ("))
        open = next;
    if (open == NULL) {
        cJSON_AddStringToObject(problem, "detail", detail);
        return;
    }
    char *first = xstrndup(detail, (size_t)(open - detail));
    char *rest = xstrndup(open + 2, len - (size_t)(open - detail) - 3);
    cJSON_AddStringToObject(problem, "detail", first);
    cJSON_AddStringToObject(problem, "advice", rest);
    free(first);
    free(rest);
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
        cJSON_AddStringToObject(problem, "code", code);
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
