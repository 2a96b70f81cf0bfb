#include "oracle/rules.h"

#include <string.h>

#include "base/suggest.h"

/* ORDER ORACLE_RULE */
static const struct {
    const char *name, *text;
} rules[ORACLE_RULE_COUNT] = {
    {"shadow.version-rises",
     "an answer carries a higher version than any seen before its question"                         },
    {"shadow.delta-exact",                "a delta is exactly desired minus reported"               },
    {"shadow.document-agrees",            "the document is what the accepted updates add up to"     },
    {"shadow.within-limits",              "documents stay within 8 KB, 8 levels, tokens of 64 bytes"},
    {"shadow.no-echo-loop",               "a car does not report again and again without a cause"   },
    {"desired.not-lost",                  "a car acts on every wish that it can understand"         },
    {"report.matches-signals",            "a car reports what its signals are"                      },
    {"twin.agrees",                       "car, shadow and app agree when things have gone quiet"   },
    {"command.once",                      "no request is executed twice"                            },
    {"command.not-after-expiry",          "no request is executed after its expiry"                 },
    {"command.asked-for",                 "no request is executed that did not arrive"              },
    {"response.one-per-request",          "each request is answered, as often as it arrived"        },
    {"asleep.sends-nothing",              "a car that sleeps, or has no power, sends nothing"       },
    {"session.subscribed-before-request",
     "a car has subscribed to the answers before it asks (contract 1.1)"                            },
    {"qos.puback-for-every-publish",      "each publish of QoS 1 is acknowledged once"              },
};

const char *oracle_rule_name(enum oracle_rule rule)
{
    return rules[rule].name;
}

const char *oracle_rule_text(enum oracle_rule rule)
{
    return rules[rule].text;
}

int oracle_rule_find(const char *name)
{
    for (int i = 0; i < ORACLE_RULE_COUNT; i++)
        if (strcmp(rules[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- --oracle ---- */

static bool no_rule(struct slice name, struct error *err)
{
    struct suggestion near;

    suggestion_init(&near, name);
    for (int i = 0; i < ORACLE_RULE_COUNT; i++)
        suggestion_offer(&near, slice_str(rules[i].name));
    return error_set(err, ERROR_USAGE,
                     "--oracle %.*s: not a rule%s%s%s (docs/oracle.md lists them)",
                     SLICE_ARGS(name), near.best[0] != '\0' ? " (did you mean " : "", near.best,
                     near.best[0] != '\0' ? "?)" : "");
}

static void set_all(bool rules_on[ORACLE_RULE_COUNT], bool on)
{
    for (int i = 0; i < ORACLE_RULE_COUNT; i++)
        rules_on[i] = on;
}

static bool set_one(struct slice name, bool on, bool ret[ORACLE_RULE_COUNT], struct error *err)
{
    for (int i = 0; i < ORACLE_RULE_COUNT; i++) {
        if (slice_is(name, rules[i].name)) {
            ret[i] = on;
            return true;
        }
    }
    return no_rule(name, err);
}

bool oracle_rules_parse(const char *text, bool ret[ORACLE_RULE_COUNT], struct error *err)
{
    bool all = strcmp(text, "on") == 0;

    set_all(ret, all || text[0] == '-');
    if (all || strcmp(text, "off") == 0)
        return true;
    while (true) {
        size_t len = strcspn(text, ",");
        size_t minus = text[0] == '-' ? 1 : 0;
        if (!set_one(slice_of(text + minus, len - minus), minus == 0, ret, err))
            return false;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}
