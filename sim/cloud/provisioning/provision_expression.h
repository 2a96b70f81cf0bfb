/*
 * provision_expression.h — the functions of provisioning templates (contract 4.1): Ref, Fn::Join,
 * Fn::Select, Fn::Split, Fn::Sub, Fn::FindInMap. Pure.
 */
#ifndef CLOUD_PROVISIONING_PROVISION_EXPRESSION_H
#define CLOUD_PROVISIONING_PROVISION_EXPRESSION_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "cloud/provisioning/provision_template.h"

/* Sets the sentence; always false. */
bool provision_fail(struct provision_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The template with every function replaced by what it comes to. `parameters`: an object of texts.
   NULL with the error. */
cJSON *provision_evaluate(const cJSON *body, const cJSON *parameters, struct provision_error *err);

/* Are all functions known, and do they refer to parameters of the template, or to a certificate's
   (AWS::IoT::Certificate::…)? */
bool provision_expression_check(const cJSON *body, struct provision_error *err);

/* Is there no function in it? */
bool provision_expression_is_constant(const cJSON *item);

#endif
