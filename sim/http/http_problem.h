/*
 * http_problem.h — why a request was not obeyed, as application/problem+json (RFC 9457): what, why,
 * and what to do.
 *
 * Threads   any.
 */
#ifndef HTTP_HTTP_PROBLEM_H
#define HTTP_HTTP_PROBLEM_H

struct http_reply;

/* Makes the reply a problem of that status. `detail` says what and why, "(…)" at its end what to
   do, as all messages of the program: it becomes "advice". */
void http_problem(struct http_reply *reply, unsigned status, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
/* With what a car has to say besides: its outcome ("REJECTED") and reason code ("DOOR_OPEN"); NULL:
   it has not. */
void http_problem_code(struct http_reply *reply, unsigned status, const char *outcome,
                       const char *code, const char *detail);

#endif
