#include "cloud/policy.h"

#include <string.h>

#define THING  "${iot:Connection.Thing.ThingName}"
#define CN     "${iot:Certificate.Subject.CommonName}"
#define CLIENT "${iot:ClientId}"

#define CONNECT   (1u << POLICY_CONNECT)
#define PUBLISH   (1u << POLICY_PUBLISH)
#define RETAIN    (1u << POLICY_RETAIN_PUBLISH)
#define SUBSCRIBE (1u << POLICY_SUBSCRIBE)
#define RECEIVE   (1u << POLICY_RECEIVE)

/* A car: its own shadows, jobs, telemetry, command requests and configuration. */
static const struct policy_statement vehicle_statements[] = {
    {true,  CONNECT,          "client/" THING                                               },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/get"                      },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/update"                   },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/delete"                   },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/get"               },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/update"            },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/delete"            },
    {true,  PUBLISH | RETAIN, "topic/dt/fleetsim/" THING "/*"                               },
    {true,  PUBLISH,          "topic/$aws/rules/*/dt/fleetsim/" THING "/*"                  },
    {true,  PUBLISH,          "topic/cmd/fleetsim/" THING "/response/*"                     },
    {true,  PUBLISH,          "topic/$aws/commands/things/" THING "/executions/*/response/*"},
    {true,  SUBSCRIBE,        "topicfilter/$aws/commands/things/" THING "/executions/*"     },
    {true,  RECEIVE,          "topic/$aws/commands/things/" THING "/executions/*"           },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/streams/*"                       },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/streams/*"                 },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/streams/*"                       },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/jobs/*"                          },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/jobs/*"                    },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/jobs/*"                          },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/shadow/*"                  },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/shadow/*"                        },
    {true,  SUBSCRIBE,        "topicfilter/cmd/fleetsim/" THING "/request"                  },
    {true,  RECEIVE,          "topic/cmd/fleetsim/" THING "/request"                        },
    {true,  SUBSCRIBE,        "topicfilter/dt/fleetsim/" THING "/*"                         },
    {true,  RECEIVE,          "topic/dt/fleetsim/" THING "/*"                               },
    {true,  SUBSCRIBE,        "topicfilter/cmd/fleetsim/" THING "/config"                   },
    {true,  RECEIVE,          "topic/cmd/fleetsim/" THING "/config"                         },
    {false, RETAIN,           "topic/$aws/*"                                                },
};

/* An app, an observer or a service: every car's shadow, answers to its own commands, telemetry and
   events; the configuration of every car, retained for whoever comes later; what services tell apps
   beside the cars. */
static const struct policy_statement companion_statements[] = {
    {true,  CONNECT,   "client/" CN                                       },
    {true,  CONNECT,   "client/" CN "-*"                                  },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/get"                   },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/update"                },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/delete"                },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/get"            },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/update"         },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/delete"         },
    {true,  PUBLISH,   "topic/cmd/fleetsim/*/request"                     },
    {true,  PUBLISH,   "topic/cmd/fleetsim/*/config"                      },
    {true,  PUBLISH,   "topic/fleetsim/commands/*"                        },
    {true,  PUBLISH,   "topic/fleetsim/streams/*"                         },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/streams/*/accepted"          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/streams/*/rejected"          },
    {true,  RECEIVE,   "topic/fleetsim/streams/*/accepted"                },
    {true,  RECEIVE,   "topic/fleetsim/streams/*/rejected"                },
    {true,  PUBLISH,   "topic/fleetsim/jobs/*"                            },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/jobs/*/accepted"             },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/jobs/*/rejected"             },
    {true,  RECEIVE,   "topic/fleetsim/jobs/*/accepted"                   },
    {true,  RECEIVE,   "topic/fleetsim/jobs/*/rejected"                   },
    {true,  PUBLISH,   "topic/fleetsim/things/*"                          },
    {true,  PUBLISH,   "topic/fleetsim/certificates/*"                    },
    {true,  PUBLISH,   "topic/fleetsim/authorities/*"                     },
    {true,  PUBLISH,   "topic/fleetsim/templates/*"                       },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/things/*"                    },
    {true,  RECEIVE,   "topic/fleetsim/things/*"                          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/certificates/*"              },
    {true,  RECEIVE,   "topic/fleetsim/certificates/*"                    },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/authorities/*"               },
    {true,  RECEIVE,   "topic/fleetsim/authorities/*"                     },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/templates/*"                 },
    {true,  RECEIVE,   "topic/fleetsim/templates/*"                       },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/certificates/registered/*"},
    {true,  RECEIVE,   "topic/$aws/events/certificates/registered/*"      },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/job/*"                    },
    {true,  RECEIVE,   "topic/$aws/events/job/*"                          },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/jobExecution/*"           },
    {true,  RECEIVE,   "topic/$aws/events/jobExecution/*"                 },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/commandExecution/" CN "/*"},
    {true,  SUBSCRIBE, "topicfilter/$aws/events/commandExecution/" CN "-*"},
    {true,  RECEIVE,   "topic/$aws/events/commandExecution/" CN "/*"      },
    {true,  RECEIVE,   "topic/$aws/events/commandExecution/" CN "-*"      },
    {true,  RETAIN,    "topic/cmd/fleetsim/*/config"                      },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/config"                },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/config"                      },
    {true,  SUBSCRIBE, "topicfilter/$aws/things/*"                        },
    {true,  RECEIVE,   "topic/$aws/things/*"                              },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN          },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN "-*"     },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN "/*"     },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN                },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN "-*"           },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN "/*"           },
    {true,  SUBSCRIBE, "topicfilter/dt/fleetsim/*"                        },
    {true,  RECEIVE,   "topic/dt/fleetsim/*"                              },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/presence/*"               },
    {true,  RECEIVE,   "topic/$aws/events/presence/*"                     },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/subscriptions/*"          },
    {true,  RECEIVE,   "topic/$aws/events/subscriptions/*"                },
    {true,  PUBLISH,   "topic/app/fleetsim/*"                             },
    {true,  SUBSCRIBE, "topicfilter/app/fleetsim/*"                       },
    {true,  RECEIVE,   "topic/app/fleetsim/*"                             },
    {false, RETAIN,    "topic/$aws/*"                                     },
};

/* A car that has no certificate of its own yet: what contract 4.1 calls a typical claim policy. */
#define TEMPLATES "$aws/provisioning-templates/*/provision/"
static const struct policy_statement claim_statements[] = {
    {true, CONNECT,           "*"                                              },
    {true, PUBLISH | RECEIVE, "topic/$aws/certificates/create/*"               },
    {true, PUBLISH | RECEIVE, "topic/$aws/certificates/create-from-csr/*"      },
    {true, PUBLISH | RECEIVE, "topic/" TEMPLATES "*"                           },
    {true, SUBSCRIBE,         "topicfilter/$aws/certificates/create/*"         },
    {true, SUBSCRIBE,         "topicfilter/$aws/certificates/create-from-csr/*"},
    {true, SUBSCRIBE,         "topicfilter/" TEMPLATES "*"                     },
};

/* The companion page in a browser: cars' shadows to read, requests to send, answers to itself
 * alone.
 */
static const struct policy_statement page_statements[] = {
    {true, CONNECT,   "client/" CN "-*"                                 },
    {true, PUBLISH,   "topic/$aws/things/*/shadow/get"                  },
    {true, PUBLISH,   "topic/cmd/fleetsim/*/request"                    },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/get/accepted"   },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/get/rejected"   },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/update/accepted"},
    {true, RECEIVE,   "topic/$aws/things/*/shadow/get/accepted"         },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/get/rejected"         },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/update/accepted"      },
    {true, SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CLIENT     },
    {true, RECEIVE,   "topic/cmd/fleetsim/*/response/" CLIENT           },
    {true, SUBSCRIBE, "topicfilter/$aws/events/presence/*"              },
    {true, RECEIVE,   "topic/$aws/events/presence/*"                    },
};

static const struct policy_statement owner_statements[] = {
    {true,  CONNECT | PUBLISH | RETAIN | SUBSCRIBE | RECEIVE, "*"           },
    {false, RETAIN,                                           "topic/$aws/*"},
};

#define POLICY(name, statements)                                                                   \
    {                                                                                              \
        name, statements, sizeof(statements) / sizeof *(statements)                                \
    }
static const struct policy policies[] = {
    POLICY("vehicle", vehicle_statements),
    POLICY("companion", companion_statements),
    POLICY("claim", claim_statements),
    POLICY("page", page_statements),
};
static const struct policy owner_policy = POLICY("owner", owner_statements);

/* ORDER POLICY_ACTION */
static const struct {
    const char *name, *resource;
} actions[POLICY_ACTION_COUNT] = {
    {"iot:Connect",       "client/"     },
    {"iot:Publish",       "topic/"      },
    {"iot:RetainPublish", "topic/"      },
    {"iot:Subscribe",     "topicfilter/"},
    {"iot:Receive",       "topic/"      },
};

const char *policy_action_name(enum policy_action action)
{
    return action < POLICY_ACTION_COUNT ? actions[action].name : "?";
}

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof policies / sizeof *policies; i++)
        if (strcmp(policies[i].name, name) == 0)
            return &policies[i];
    return NULL;
}

const struct policy *policy_for_owner(void)
{
    return &owner_policy;
}

/* The value of the variable at p ("${name}"), or NULL; where it ends in either case. */
static const char *variable(const struct policy_principal *who, const char *p, const char **ret_end)
{
    const struct {
        const char *name, *value;
    } variables[] = {
        {"${iot:ClientId}",                               who->client_id  },
        {"${iot:Connection.Thing.ThingName}",             who->thing_name },
        {"${iot:Certificate.Subject.CommonName}",         who->common_name},
        {"${iot:Certificate.Subject.OrganizationalUnit}", who->unit       },
        {"${aws:SourceIp}",                               who->source_ip  },
    };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        size_t len = strlen(variables[i].name);
        const char *value = variables[i].value;
        if (strncmp(p, variables[i].name, len) != 0)
            continue;
        *ret_end = p + len;
        /* A value must not bring wildcards along (contract 7.2). */
        return value != NULL && *value != '\0' && strpbrk(value, "*?+#") == NULL ? value : NULL;
    }
    return NULL;
}

/* Does one step of the pattern that is not a star match at s? Moves both on if so. */
static bool step(const struct policy_principal *who, const char **pattern, const char **s)
{
    const char *p = *pattern;

    if (p[0] == '$' && p[1] == '{') {
        const char *end = p;
        const char *value = variable(who, p, &end);
        size_t len = value != NULL ? strlen(value) : 0;
        if (value == NULL || strncmp(*s, value, len) != 0)
            return false;
        *pattern = end;
        *s += len;
        return true;
    }
    if (**s == '\0' || (*p != '?' && *p != **s))
        return false;
    ++*pattern;
    ++*s;
    return true;
}

static bool matches(const struct policy_principal *who, const char *pattern, const char *s)
{
    const char *star = NULL; /* what follows the last star */
    const char *from = NULL; /* where that was tried last */

    while (*pattern != '\0' || *s != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = s;
        } else if (*pattern == '\0' || !step(who, &pattern, &s)) {
            if (star == NULL || *from == '\0')
                return false;
            pattern = star;
            s = ++from;
        }
    }
    return true;
}

static bool applies(const struct policy_statement *statement, const struct policy_principal *who,
                    enum policy_action action, const char *name)
{
    const char *kind = actions[action].resource;
    size_t len = strlen(kind);

    if ((statement->actions & (1u << action)) == 0)
        return false;
    if (strcmp(statement->resource, "*") == 0)
        return true;
    return strncmp(statement->resource, kind, len) == 0 &&
           matches(who, statement->resource + len, name);
}

bool policy_allows(const struct policy *policy, const struct policy_principal *who,
                   enum policy_action action, const char *name)
{
    bool allowed = false;

    for (size_t i = 0; policy != NULL && i < policy->count; i++) {
        const struct policy_statement *statement = &policy->statements[i];
        if (statement->allow && allowed)
            continue;
        if (!applies(statement, who, action, name))
            continue;
        if (!statement->allow)
            return false;
        allowed = true;
    }
    return allowed;
}
