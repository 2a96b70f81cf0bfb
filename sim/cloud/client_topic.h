/*
 * client_topic.h — on which topics clients may publish at all, whatever their policies say.
 */
#ifndef CLOUD_CLIENT_TOPIC_H
#define CLOUD_CLIENT_TOPIC_H

#include <stdbool.h>

/* Of the reserved ones only requests (contract 6.10), what FleetWise's edge agents say and are told
   (contract 9.3), and commands in protobuf. */
bool client_topic_is_open(const char *topic);

#endif
