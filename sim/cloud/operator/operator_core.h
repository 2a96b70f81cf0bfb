/* operator_core.h — what the files that serve operators share. Nobody else includes it. */
#ifndef CLOUD_OPERATOR_OPERATOR_CORE_H
#define CLOUD_OPERATOR_OPERATOR_CORE_H

#include "cloud/operator/operator.h"

/* Why it is rejected. */
struct operator_fault {
    const char *code; /* "InvalidRequest"; NULL: no memory */
    struct error error;
};

/* Always false. */
bool operator_refuse(struct operator_fault *fault, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the error that is there. */
bool operator_bad(struct operator_fault *fault);

struct operator_verb {
    const char *name;
    bool named; /* there is a name before it */
    /* Adds members to the reply, or refuses. */
    bool (*run)(struct operator_request *r, const cJSON *document, struct text *reply,
                struct operator_fault *fault);
};

/* The tables, which end in one without name. */
extern const struct operator_verb operator_policy_verbs[];
extern const struct operator_verb operator_group_verbs[];
extern const struct operator_verb operator_index_verbs[];

/* What part of a list is wanted. */
struct operator_page {
    int64_t max;
    const char *after; /* nextToken, or NULL */
};
bool operator_read_page(const cJSON *document, int64_t most, struct operator_page *ret,
                        struct operator_fault *fault);

/* A text that must be there; NULL with the fault. */
const char *operator_text(const cJSON *document, const char *name, struct operator_fault *fault);

/* Begins an item of a list. */
void operator_item(struct text *t);

/* Names, sorted: operator_names_take() for each, with the list as ctx, then _sort(). */
struct operator_names {
    const char **items;
    size_t count, cap;
    bool failed;
};
void operator_names_take(const char *name, void *ctx);
void operator_names_sort(struct operator_names *names);

#endif
