/*
 * said.h — what a service of the local cloud has said: the messages among its actions, by topic.
 * Each fails the test that calls it when what it asks for is not there.
 */
#ifndef SUPPORT_SAID_H
#define SUPPORT_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/clients/actions.h"

/* The first message on that topic, or NULL. */
const struct cloud_action *said_on(const struct cloud_actions *out, const char *topic);

/* The payload of the first message on that topic. */
const char *said(const struct cloud_actions *out, const char *topic);

/* The first message on that topic has, or has not, `part` in its payload. */
void assert_says(const struct cloud_actions *out, const char *topic, const char *part);
void assert_lacks(const struct cloud_actions *out, const char *topic, const char *part);

/* Nothing is said on that topic. */
void assert_silent(const struct cloud_actions *out, const char *topic);

/* The i-th action is a message on that topic with `part` in its payload. */
void assert_says_at(const struct cloud_actions *out, size_t i, const char *topic, const char *part);

#endif
