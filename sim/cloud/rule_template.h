/*
 * rule_template.h — the ${…} in what a rule makes: ${topic()}, ${topic(N)}, ${clientid()},
 * ${timestamp()} (ms) and, in payloads, ${payload}. Pure.
 */
#ifndef CLOUD_RULE_TEMPLATE_H
#define CLOUD_RULE_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

/* What they stand for. */
struct rule_values {
    const char *topic;
    const char *client_id; /* "": none */
    struct slice payload;
    int64_t now_ms;
};

/* Are all of them known? `payload`: ${payload} is allowed. *ret_why is a sentence. */
bool rule_template_check(const char *text, bool payload, const char **ret_why);
/* As plain text. A level that the topic does not have is empty. */
void rule_template_expand(const char *text, const struct rule_values *values, struct text *to);
/* In a JSON text. A string that is nothing but "${payload}" becomes the payload's value, one that
   is nothing but "${timestamp()}" a number; elsewhere they are escaped. */
void rule_template_expand_json(const char *text, const struct rule_values *values, struct text *to);
/* Any bytes as a JSON value: itself if it is JSON, a string if it is UTF-8, else null. */
void rule_template_value(struct slice bytes, struct text *to);

#endif
