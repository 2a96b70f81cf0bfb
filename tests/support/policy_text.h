/*
 * policy_text.h — policies from their documents, which must be good.
 */
#ifndef SUPPORT_POLICY_TEXT_H
#define SUPPORT_POLICY_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/policies/policy.h"

/* The policy "test" of that document; policy_free() it. */
struct policy *policy_of_text(const char *text);

#endif
