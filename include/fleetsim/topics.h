/*
 * topics.h — every topic that car, companion and cloud share; %s is the thing name.
 *
 * $aws/… is AWS IoT's (contract 1.1, 2); cmd/… and dt/… follow its MQTT topic-design pattern
 * (contract 9.1) with the application level "fleetsim" and everything of one car below its own
 * name, so that one policy line per direction is enough.
 */
#ifndef FLEETSIM_TOPICS_H
#define FLEETSIM_TOPICS_H

#define TOPIC_SHADOW_PREFIX   "$aws/things/%s/shadow"
#define TOPIC_COMMAND_REQUEST "cmd/fleetsim/%s/request"
/* Second %s: the companion that asked. */
#define TOPIC_COMMAND_RESPONSE "cmd/fleetsim/%s/response/%s"
/* AWS IoT Commands (contract 8.1); +: the execution. */
#define TOPIC_EXECUTION_REQUEST "$aws/commands/things/%s/executions/+/request/json"
/* Second %s: the execution. */
#define TOPIC_EXECUTION_RESPONSE "$aws/commands/things/%s/executions/%s/response/json"
/* The local cloud's stand-in for the HTTPS API that starts executions (docs/cloud.md): %s, %s: the
   thing and the execution; start or get. */
#define TOPIC_EXECUTION_CONTROL "fleetsim/commands/things/%s/executions/%s/%s"
/* %s: the command, which for our companions is their client id. */
#define TOPIC_EXECUTION_EVENTS "$aws/events/commandExecution/%s/+"
/* What a car should be like; retained. Telemetry campaigns: docs/telemetry.md. */
#define TOPIC_CONFIG "cmd/fleetsim/%s/config"
/* Second %s: the kind of telemetry. */
#define TOPIC_TELEMETRY             "dt/fleetsim/%s/%s"
#define TOPIC_PRESENCE_CONNECTED    "$aws/events/presence/connected/%s"
#define TOPIC_PRESENCE_DISCONNECTED "$aws/events/presence/disconnected/%s"
#define TOPIC_SUBSCRIBED            "$aws/events/subscriptions/subscribed/%s"
#define TOPIC_UNSUBSCRIBED          "$aws/events/subscriptions/unsubscribed/%s"
/* What a command service tells the apps of a user. Second %s: the car. */
#define TOPIC_USER_COMMANDS "app/fleetsim/%s/commands/%s"

/* Provisioning templates that the local cloud has from the beginning. */
#define TEMPLATE_CLAIM        "fleetsim"     /* the thing is the parameter VIN */
#define TEMPLATE_JUST_IN_TIME "fleetsim-jit" /* the thing is the certificate's common name */

#endif
