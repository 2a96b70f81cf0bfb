/*
 * machine.h — how busy the machine is with everything that runs on it, the cloud and others
 * included.
 *
 * Threads   any.
 */
#ifndef LOAD_MACHINE_H
#define LOAD_MACHINE_H

#include "base/timeunit.h"

/* Processor time that all have taken since it started, what a hypervisor took included; 0: not
   known. */
usec_t machine_busy(void);
unsigned machine_processors(void);

#endif
