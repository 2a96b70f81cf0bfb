/*
 * resume.h — TLS sessions that ended connections leave to their successors (RFC 8446 2.2, RFC
 * 5077).
 *
 * A session is here only between two connections: while a connection lives, OpenSSL keeps it.
 *
 * Owns      the sessions; each is given out once.
 * Promises  holds RESUME_MAX sessions at most and forgets any more. One thread.
 */
#ifndef NET_RESUME_H
#define NET_RESUME_H

#include <stddef.h>
#include <stdint.h>

#define RESUME_MAX ((size_t)65536)

struct ssl_session_st;

/* Zero-initialised: empty. */
struct resume {
    struct resume_entry **buckets;
    size_t bucket_count, count;
};

void resume_done(struct resume *r);
/* Takes the session over; replaces the one that was there. `key` stands for server and client. */
void resume_put(struct resume *r, uint64_t key, struct ssl_session_st *session);
/* The session, now the caller's to SSL_SESSION_free(); NULL if there is none. */
struct ssl_session_st *resume_take(struct resume *r, uint64_t key);

#endif
