/*
 * control.h — tells the cloud plugin something while it runs, over the owner's socket.
 */
#ifndef BROKER_CONTROL_H
#define BROKER_CONTROL_H

#include "broker/broker.h"

/* Sends one request of cloud_control() (cloud/cloud.h) and waits for its answer: some 0.2 ms, 2 s
   at most. False: it says no (ERROR_SCRIPT, with its words), or nothing (ERROR_TARGET). */
bool broker_control(const struct broker *broker, const char *request, struct error *err);

#endif
