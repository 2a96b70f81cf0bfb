/*
 * trace.h — the file in which every car's every packet, state and signal is one line.
 *
 * In real time lines are written as they come. In virtual time all that happens between two leaps
 * happens at one instant, in an order that the kernel is free to choose between connections: the
 * lines of an instant are sorted by car, and what each app saw comes after what the car did, so
 * that the same seed writes the same bytes.
 *
 * Owns      lines not written yet. Borrows the file and the loop.
 * Threads   the simulation thread.
 */
#ifndef FLEET_TRACE_H
#define FLEET_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"
#include "loop/loop.h"

struct trace;

struct trace *trace_new(FILE *file, const struct loop *loop);
/* Writes what is left. NULL is a no-op. */
void trace_free(struct trace *t);
/* One line without its end. `by`: the app that says so; "": the car. */
void trace_add(struct trace *t, const char *vehicle, struct slice by, const char *line);
/* What is complete goes to the file. NULL is a no-op. */
void trace_flush(struct trace *t);

#endif
