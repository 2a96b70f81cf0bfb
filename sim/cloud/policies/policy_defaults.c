#include "cloud/policies/policy_defaults.h"

#include <string.h>

#define ARN "arn:aws:iot:*:*:"

#define THING  "${iot:Connection.Thing.ThingName}"
#define CN     "${iot:Certificate.Subject.CommonName}"
#define CLIENT "${iot:ClientId}"

#define CONNECT   (1u << POLICY_CONNECT)
#define PUBLISH   (1u << POLICY_PUBLISH)
#define RETAIN    (1u << POLICY_RETAIN_PUBLISH)
#define SUBSCRIBE (1u << POLICY_SUBSCRIBE)
#define RECEIVE   (1u << POLICY_RECEIVE)

struct grant {
    bool allow;
    unsigned actions; /* 1 << enum policy_action, or-ed */
    const char *resource;
};

/* A car: its own shadows, jobs, telemetry, command requests and configuration. */
static const struct grant vehicle_grants[] = {
    {true,  CONNECT,          "client/" THING                                                 },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/get"                        },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/update"                     },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/delete"                     },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/get"                 },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/update"              },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/shadow/name/*/delete"              },
    {true,  PUBLISH | RETAIN, "topic/dt/fleetsim/" THING "/*"                                 },
    {true,  PUBLISH,          "topic/$aws/rules/*/dt/fleetsim/" THING "/*"                    },
    {true,  PUBLISH,          "topic/cmd/fleetsim/" THING "/response/*"                       },
    {true,  PUBLISH,          "topic/$aws/commands/things/" THING "/executions/*/response/*"  },
    {true,  SUBSCRIBE,        "topicfilter/$aws/commands/things/" THING "/executions/*"       },
    {true,  RECEIVE,          "topic/$aws/commands/things/" THING "/executions/*"             },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/streams/*"                         },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/streams/*"                   },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/streams/*"                         },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/defender/metrics/*"                },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/defender/metrics/*"          },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/defender/metrics/*"                },
    {true,  PUBLISH,          "topic/$aws/iotfleetwise/vehicles/" THING "/checkins"           },
    {true,  PUBLISH,          "topic/$aws/iotfleetwise/vehicles/" THING "/signals"            },
    {true,  PUBLISH,          "topic/$aws/iotfleetwise/vehicles/" THING "/last_known_states/*"},
    {true,  SUBSCRIBE,        "topicfilter/$aws/iotfleetwise/vehicles/" THING "/*"            },
    {true,  RECEIVE,          "topic/$aws/iotfleetwise/vehicles/" THING "/*"                  },
    {true,  PUBLISH,          "topic/vehicles/" THING "/diagnostics/*/response"               },
    {true,  SUBSCRIBE,        "topicfilter/vehicles/" THING "/diagnostics/*"                  },
    {true,  RECEIVE,          "topic/vehicles/" THING "/diagnostics/*"                        },
    {true,  PUBLISH,          "topic/$aws/things/" THING "/jobs/*"                            },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/jobs/*"                      },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/jobs/*"                            },
    {true,  SUBSCRIBE,        "topicfilter/$aws/things/" THING "/shadow/*"                    },
    {true,  RECEIVE,          "topic/$aws/things/" THING "/shadow/*"                          },
    {true,  SUBSCRIBE,        "topicfilter/cmd/fleetsim/" THING "/request"                    },
    {true,  RECEIVE,          "topic/cmd/fleetsim/" THING "/request"                          },
    {true,  SUBSCRIBE,        "topicfilter/dt/fleetsim/" THING "/*"                           },
    {true,  RECEIVE,          "topic/dt/fleetsim/" THING "/*"                                 },
    {true,  SUBSCRIBE,        "topicfilter/cmd/fleetsim/" THING "/config"                     },
    {true,  RECEIVE,          "topic/cmd/fleetsim/" THING "/config"                           },
    {true,  PUBLISH,          "topic/awslabs/things/" THING "/certificate/*"                  },
    {true,  SUBSCRIBE,        "topicfilter/awslabs/things/" THING "/certificate/*"            },
    {true,  RECEIVE,          "topic/awslabs/things/" THING "/certificate/*"                  },
    {true,  PUBLISH,          "topic/cdf/certificates/" THING "/*"                            },
    {true,  SUBSCRIBE,        "topicfilter/cdf/certificates/" THING "/*"                      },
    {true,  RECEIVE,          "topic/cdf/certificates/" THING "/*"                            },
    {false, RETAIN,           "topic/$aws/*"                                                  },
};

/* An app, an observer or a service: every car's shadow, answers to its own commands, telemetry and
   events; the configuration of every car, retained for whoever comes later; what services tell apps
   beside the cars. */
static const struct grant companion_grants[] = {
    {true,  CONNECT,   "client/" CN                                                       },
    {true,  CONNECT,   "client/" CN "-*"                                                  },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/get"                                   },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/update"                                },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/delete"                                },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/get"                            },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/update"                         },
    {true,  PUBLISH,   "topic/$aws/things/*/shadow/name/*/delete"                         },
    {true,  PUBLISH,   "topic/cmd/fleetsim/*/request"                                     },
    {true,  PUBLISH,   "topic/cmd/fleetsim/*/config"                                      },
    {true,  PUBLISH,   "topic/fleetsim/commands/*"                                        },
    {true,  PUBLISH,   "topic/fleetsim/streams/*"                                         },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/streams/*/accepted"                          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/streams/*/rejected"                          },
    {true,  RECEIVE,   "topic/fleetsim/streams/*/accepted"                                },
    {true,  RECEIVE,   "topic/fleetsim/streams/*/rejected"                                },
    {true,  PUBLISH,   "topic/fleetsim/defender/profiles/*"                               },
    {true,  PUBLISH,   "topic/fleetsim/defender/violations/list"                          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/defender/*"                                  },
    {true,  RECEIVE,   "topic/fleetsim/defender/*"                                        },
    {true,  PUBLISH,   "topic/$aws/iotfleetwise/vehicles/*/collection_schemes"            },
    {true,  PUBLISH,   "topic/$aws/iotfleetwise/vehicles/*/decoder_manifests"             },
    {true,  PUBLISH,   "topic/$aws/iotfleetwise/vehicles/*/last_known_states/config"      },
    {true,  SUBSCRIBE, "topicfilter/$aws/iotfleetwise/vehicles/*"                         },
    {true,  RECEIVE,   "topic/$aws/iotfleetwise/vehicles/*"                               },
    {true,  PUBLISH,   "topic/$aws/commands/things/*/executions/*/request/protobuf"       },
    {true,  SUBSCRIBE, "topicfilter/$aws/commands/things/*/executions/*/response/protobuf"},
    {true,  RECEIVE,   "topic/$aws/commands/things/*/executions/*/response/protobuf"      },
    {true,  PUBLISH,   "topic/vehicles/*/diagnostics/*/request"                           },
    {true,  SUBSCRIBE, "topicfilter/vehicles/*/diagnostics/*"                             },
    {true,  RECEIVE,   "topic/vehicles/*/diagnostics/*/response"                          },
    {true,  PUBLISH,   "topic/fleetsim/jobs/*"                                            },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/jobs/*/accepted"                             },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/jobs/*/rejected"                             },
    {true,  RECEIVE,   "topic/fleetsim/jobs/*/accepted"                                   },
    {true,  RECEIVE,   "topic/fleetsim/jobs/*/rejected"                                   },
    {true,  PUBLISH,   "topic/fleetsim/policies/*"                                        },
    {true,  PUBLISH,   "topic/fleetsim/groups/*"                                          },
    {true,  PUBLISH,   "topic/fleetsim/index/*"                                           },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/policies/*"                                  },
    {true,  RECEIVE,   "topic/fleetsim/policies/*"                                        },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/groups/*"                                    },
    {true,  RECEIVE,   "topic/fleetsim/groups/*"                                          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/index/*"                                     },
    {true,  RECEIVE,   "topic/fleetsim/index/*"                                           },
    {true,  PUBLISH,   "topic/fleetsim/fleetwise/*"                                       },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/fleetwise/*"                                 },
    {true,  RECEIVE,   "topic/fleetsim/fleetwise/*"                                       },
    {true,  PUBLISH,   "topic/fleetsim/things/*"                                          },
    {true,  PUBLISH,   "topic/fleetsim/certificates/*"                                    },
    {true,  PUBLISH,   "topic/fleetsim/authorities/*"                                     },
    {true,  PUBLISH,   "topic/fleetsim/templates/*"                                       },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/things/*"                                    },
    {true,  RECEIVE,   "topic/fleetsim/things/*"                                          },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/certificates/*"                              },
    {true,  RECEIVE,   "topic/fleetsim/certificates/*"                                    },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/authorities/*"                               },
    {true,  RECEIVE,   "topic/fleetsim/authorities/*"                                     },
    {true,  SUBSCRIBE, "topicfilter/fleetsim/templates/*"                                 },
    {true,  RECEIVE,   "topic/fleetsim/templates/*"                                       },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/certificates/registered/*"                },
    {true,  RECEIVE,   "topic/$aws/events/certificates/registered/*"                      },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/job/*"                                    },
    {true,  RECEIVE,   "topic/$aws/events/job/*"                                          },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/jobExecution/*"                           },
    {true,  RECEIVE,   "topic/$aws/events/jobExecution/*"                                 },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/commandExecution/" CN "/*"                },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/commandExecution/" CN "-*"                },
    {true,  RECEIVE,   "topic/$aws/events/commandExecution/" CN "/*"                      },
    {true,  RECEIVE,   "topic/$aws/events/commandExecution/" CN "-*"                      },
    {true,  RETAIN,    "topic/cmd/fleetsim/*/config"                                      },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/config"                                },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/config"                                      },
    {true,  SUBSCRIBE, "topicfilter/$aws/things/*"                                        },
    {true,  RECEIVE,   "topic/$aws/things/*"                                              },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN                          },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN "-*"                     },
    {true,  SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CN "/*"                     },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN                                },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN "-*"                           },
    {true,  RECEIVE,   "topic/cmd/fleetsim/*/response/" CN "/*"                           },
    {true,  SUBSCRIBE, "topicfilter/dt/fleetsim/*"                                        },
    {true,  RECEIVE,   "topic/dt/fleetsim/*"                                              },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/presence/*"                               },
    {true,  RECEIVE,   "topic/$aws/events/presence/*"                                     },
    {true,  SUBSCRIBE, "topicfilter/$aws/events/subscriptions/*"                          },
    {true,  RECEIVE,   "topic/$aws/events/subscriptions/*"                                },
    {true,  PUBLISH,   "topic/app/fleetsim/*"                                             },
    {true,  SUBSCRIBE, "topicfilter/app/fleetsim/*"                                       },
    {true,  RECEIVE,   "topic/app/fleetsim/*"                                             },
    {false, RETAIN,    "topic/$aws/*"                                                     },
};

/* A car that has no certificate of its own yet: contract 4.1's typical claim policy, but for any
   template, and hearing answers alone: what other cars ask with the same claim is not for it. */
#define TEMPLATES "$aws/provisioning-templates/*/provision/"
#define KEYS      "$aws/certificates/create/"
#define FROM_CSR  "$aws/certificates/create-from-csr/"
static const struct grant claim_grants[] = {
    {true, CONNECT,   "*"                                  },
    {true, PUBLISH,   "topic/" KEYS "*"                    },
    {true, PUBLISH,   "topic/" FROM_CSR "*"                },
    {true, PUBLISH,   "topic/" TEMPLATES "*"               },
    {true, SUBSCRIBE, "topicfilter/" KEYS "*/accepted"     },
    {true, SUBSCRIBE, "topicfilter/" KEYS "*/rejected"     },
    {true, SUBSCRIBE, "topicfilter/" FROM_CSR "*/accepted" },
    {true, SUBSCRIBE, "topicfilter/" FROM_CSR "*/rejected" },
    {true, SUBSCRIBE, "topicfilter/" TEMPLATES "*/accepted"},
    {true, SUBSCRIBE, "topicfilter/" TEMPLATES "*/rejected"},
    {true, RECEIVE,   "topic/" KEYS "*/accepted"           },
    {true, RECEIVE,   "topic/" KEYS "*/rejected"           },
    {true, RECEIVE,   "topic/" FROM_CSR "*/accepted"       },
    {true, RECEIVE,   "topic/" FROM_CSR "*/rejected"       },
    {true, RECEIVE,   "topic/" TEMPLATES "*/accepted"      },
    {true, RECEIVE,   "topic/" TEMPLATES "*/rejected"      },
};

/* The companion page in a browser: cars' shadows to read, requests to send, answers to itself
 * alone.
 */
static const struct grant page_grants[] = {
    {true, CONNECT,   "client/" CN "-*"                                        },
    {true, PUBLISH,   "topic/$aws/things/*/shadow/get"                         },
    {true, PUBLISH,   "topic/$aws/things/*/shadow/name/*/get"                  },
    {true, PUBLISH,   "topic/cmd/fleetsim/*/request"                           },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/get/accepted"          },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/get/rejected"          },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/update/accepted"       },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/name/*/get/accepted"   },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/name/*/get/rejected"   },
    {true, SUBSCRIBE, "topicfilter/$aws/things/*/shadow/name/*/update/accepted"},
    {true, RECEIVE,   "topic/$aws/things/*/shadow/get/accepted"                },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/get/rejected"                },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/update/accepted"             },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/name/*/get/accepted"         },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/name/*/get/rejected"         },
    {true, RECEIVE,   "topic/$aws/things/*/shadow/name/*/update/accepted"      },
    {true, SUBSCRIBE, "topicfilter/cmd/fleetsim/*/response/" CLIENT            },
    {true, RECEIVE,   "topic/cmd/fleetsim/*/response/" CLIENT                  },
    {true, SUBSCRIBE, "topicfilter/$aws/events/presence/*"                     },
    {true, RECEIVE,   "topic/$aws/events/presence/*"                           },
};

static const struct grant owner_grants[] = {
    {true,  CONNECT | PUBLISH | RETAIN | SUBSCRIBE | RECEIVE, "*"           },
    {false, RETAIN,                                           "topic/$aws/*"},
};

#define TABLE(grants) grants, sizeof(grants) / sizeof *(grants)
static const struct {
    const char *name;
    const struct grant *grants;
    size_t count;
} defaults[POLICY_DEFAULT_COUNT] = {
    {"vehicle",    TABLE(vehicle_grants)  },
    {"companion",  TABLE(companion_grants)},
    {"claim",      TABLE(claim_grants)    },
    {"page",       TABLE(page_grants)     },
    {POLICY_OWNER, TABLE(owner_grants)    },
};

const char *policy_default_name(size_t index)
{
    return index < POLICY_DEFAULT_COUNT ? defaults[index].name : NULL;
}

static bool is_alike(const struct grant *a, const struct grant *b)
{
    return a->allow == b->allow && a->actions == b->actions;
}

static void begin_item(struct text *t)
{
    if (t->len != 0 && t->data[t->len - 1] != '[')
        text_str(t, ",");
}

static void write_actions(struct text *t, unsigned actions)
{
    text_str(t, "\"Action\":[");
    for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++)
        if ((actions & 1u << a) != 0) {
            begin_item(t);
            text_quoted(t, policy_action_name(a));
        }
    text_str(t, "]");
}

static void write_resource(struct text *t, const char *resource)
{
    begin_item(t);
    if (strcmp(resource, "*") != 0) {
        text_str(t, "\"" ARN);
        text_str(t, resource);
        text_str(t, "\"");
    } else {
        text_quoted(t, resource);
    }
}

/* One statement of all grants alike that one. */
static void write_statement(struct text *t, const struct grant *grants, size_t count,
                            const struct grant *first)
{
    begin_item(t);
    text_str(t, "{\"Effect\":");
    text_quoted(t, first->allow ? "Allow" : "Deny");
    text_str(t, ",");
    write_actions(t, first->actions);
    text_str(t, ",\"Resource\":[");
    for (size_t i = 0; i < count; i++)
        if (is_alike(&grants[i], first))
            write_resource(t, grants[i].resource);
    text_str(t, "]}");
}

static bool is_first_of_its_kind(const struct grant *grants, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_alike(&grants[i], &grants[index]))
            return false;
    return true;
}

void policy_default_write(struct text *t, size_t index)
{
    text_str(t, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    for (size_t i = 0; i < defaults[index].count; i++)
        if (is_first_of_its_kind(defaults[index].grants, i))
            write_statement(t, defaults[index].grants, defaults[index].count,
                            &defaults[index].grants[i]);
    text_str(t, "]}");
}

struct policy *policy_default_compile(size_t index)
{
    struct policy *policy = NULL;
    struct error err;
    struct text t;

    text_init(&t);
    policy_default_write(&t, index);
    if (!t.failed)
        policy = policy_compile_any_size(defaults[index].name, slice_of(t.data, t.len), &err);
    text_done(&t);
    return policy;
}
