#include <stdlib.h>

#include "base/json.h"
#include "cloud/operator/operator_core.h"

#define THINGS_MAX 500   /* of a page, as SearchIndex has it */
#define BYTES_MAX  98304 /* of a reply: then the page ends */

static struct query *query_of(const cJSON *document, struct operator_fault *fault)
{
    const char *text = operator_text(document, "queryString", fault);
    struct query *query = text != NULL ? query_parse(text, &fault->error) : NULL;

    if (text != NULL && query == NULL)
        operator_bad(fault);
    return query;
}

static bool on_search(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    bool with_shadow = cJSON_IsTrue(json_get(document, "shadow"));
    struct operator_page page;
    size_t count = 0, i = 0;
    bool more = false;

    if (!operator_read_page(document, THINGS_MAX, &page, fault))
        return false;
    struct query *query = query_of(document, fault);
    if (query == NULL)
        return false;
    const char **names =
        fleet_index_search(&r->index, query, page.after, (size_t)page.max, &count, &more);
    text_key(reply, "things");
    text_str(reply, "[");
    for (; i < count && reply->len < BYTES_MAX; i++) {
        operator_item(reply);
        fleet_index_write(&r->index, names[i], with_shadow, reply);
    }
    text_str(reply, "]");
    if (names != NULL && i > 0 && (more || i < count)) {
        text_key(reply, "nextToken");
        text_quoted(reply, names[i - 1]);
    }
    bool ok = names != NULL;
    free(names);
    query_free(query);
    return ok;
}

static bool on_count(struct operator_request *r, const cJSON *document, struct text *reply,
                     struct operator_fault *fault)
{
    struct query *query = query_of(document, fault);

    if (query == NULL)
        return false;
    text_key(reply, "count");
    text_int(reply, (int64_t)fleet_index_count(&r->index, query));
    query_free(query);
    return true;
}

const struct operator_verb operator_index_verbs[] = {
    {"search",   false, on_search},
    {"count", false, on_count},
    {0   },
};
