/*
 * process_usage.h — what a process takes of its machine: processor, memory, descriptors.
 *
 * Threads: any.
 */
#ifndef BASE_PROCESS_USAGE_H
#define BASE_PROCESS_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/timeunit.h"

struct process_usage {
    usec_t cpu;               /* all its threads, user and kernel, since it began */
    uint64_t resident;        /* bytes */
    uint64_t descriptors;     /* open */
    uint64_t descriptors_max; /* its limit; UINT64_MAX: none */
};

/* Some 20 µs, and a microsecond for every few descriptors. What the system does not tell is 0. */
void process_usage_read(struct process_usage *ret);
/* Processor and memory alone, whatever the number of descriptors. */
void process_usage_read_load(struct process_usage *ret);
/* The same of another process of this machine, its processor time by the kernel's tick (10 ms).
   False, and zeroes: there is none, or the system does not tell. Source: proc(5), /proc/pid/stat.
 */
bool process_usage_read_of(pid_t pid, struct process_usage *ret);

#endif
