/*
 * rules.h — what the oracle demands of cars and cloud, by name. docs/oracle.md says where each
 * comes from; its heading is the rule's name.
 */
#ifndef ORACLE_RULES_H
#define ORACLE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* ORDER ORACLE_RULE */
enum oracle_rule {
    ORACLE_VERSION_RISES,     /* shadow.version-rises */
    ORACLE_DELTA_EXACT,       /* shadow.delta-exact */
    ORACLE_DOCUMENT_AGREES,   /* shadow.document-agrees */
    ORACLE_WITHIN_LIMITS,     /* shadow.within-limits */
    ORACLE_NO_ECHO,           /* shadow.no-echo-loop */
    ORACLE_DESIRED_NOT_LOST,  /* desired.not-lost */
    ORACLE_REPORT_MATCHES,    /* report.matches-signals */
    ORACLE_TWIN_AGREES,       /* twin.agrees */
    ORACLE_COMMAND_ONCE,      /* command.once */
    ORACLE_COMMAND_IN_TIME,   /* command.not-after-expiry */
    ORACLE_COMMAND_ASKED_FOR, /* command.asked-for */
    ORACLE_RESPONSE,          /* response.one-per-request */
    ORACLE_ASLEEP_SILENT,     /* asleep.sends-nothing */
    ORACLE_SUBSCRIBED_FIRST,  /* session.subscribed-before-request */
    ORACLE_PUBACK,            /* qos.puback-for-every-publish */
    ORACLE_RULE_COUNT
};

const char *oracle_rule_name(enum oracle_rule rule);
/* What it says, in a sentence. */
const char *oracle_rule_text(enum oracle_rule rule);
/* -1: there is none of that name. */
int oracle_rule_find(const char *name);

/* "on", "off", or names with commas between: only these; with a '-' before each: all but these.
   False with ERROR_USAGE names what is no rule. */
bool oracle_rules_parse(const char *text, bool ret[ORACLE_RULE_COUNT], struct error *err);

#endif
