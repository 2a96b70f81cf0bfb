/*
 * kept.h — what a broker has left in its directory for its next life: the cloud's state
 * (cloud/state_file.h), and Mosquitto's own sessions and retained messages.
 */
#ifndef BROKER_KEPT_H
#define BROKER_KEPT_H

#include "base/error.h"

/* Looks before the broker does, so that what is damaged is told of in our words. *ret_found: "12
   things, 3 jobs from 09:12", to be freed; NULL: there is nothing. ERROR_USAGE. */
bool kept_look(const char *dir, char **ret_found, struct error *err);
/* What to allow for reading or writing as much as there is now, even on a slow machine. */
int kept_work_ms(int dir_fd);
void kept_remove(int dir_fd);
/* A broker that lasts, on that directory, has ended: has it written all that it had? ERROR_TARGET:
   no, and what to do. */
bool kept_is_written(const char *dir, struct error *err);
/* A broker that lasts did not start: adds to its last words what to do if they are about its
   database. Returns false. */
bool kept_blame(const char *dir, struct error *err);

#endif
