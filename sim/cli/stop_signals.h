/*
 * stop_signals.h — SIGINT and SIGTERM: the first one asks the program to stop, the second one ends
 * it, even while a script or a full disk keeps the loop busy. Process-wide, as signals are.
 */
#ifndef CLI_STOP_SIGNALS_H
#define CLI_STOP_SIGNALS_H

#include <ev.h>

struct stop_signals {
    ev_signal sigint, sigterm;
    void (*asked)(void *ctx, int number);
    void *ctx;
};

void stop_signals_catch(void);
/* The first one that has come; 0: none. */
int stop_signals_caught(void);
/* From now on the first one is told on the loop; at once, if it has come before. */
void stop_signals_watch(struct stop_signals *s, struct ev_loop *ev,
                        void (*asked)(void *ctx, int number), void *ctx);
/* They are caught still, and told to nobody. */
void stop_signals_leave(struct stop_signals *s, struct ev_loop *ev);

#endif
