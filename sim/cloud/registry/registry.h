/*
 * registry.h — whom the cloud knows: things, certificates, the authorities that issue them, and
 * what is attached to what (contract 4).
 *
 *     thing ←→ certificate → names of policies; authority ← certificate
 *
 * It keeps records and their rules; who may connect with which is first_contact.h's, operators
 * reach it by registry_operator.h. All is in memory, so that ten thousand cars cost no file; a
 * restart of the broker carries it along (registry_save()).
 *
 * Owns      all records. Fields are read-only to others but where a function says so; records are
 *           valid until they are removed.
 * Errors    no memory: false or NULL, and all is as before.
 */
#ifndef CLOUD_REGISTRY_REGISTRY_H
#define CLOUD_REGISTRY_REGISTRY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "base/text.h"

#define REGISTRY_ID_SIZE        65  /* 64 hex digits and NUL: SHA-256 of the DER (contract 4.4) */
#define REGISTRY_NAME_MAX       128 /* of things, types and policies */
#define REGISTRY_POLICIES_MAX   10  /* of a certificate (contract 7.1) */
#define REGISTRY_ATTRIBUTES_MAX 50  /* of a thing */

/* Contract 4.4. ORDER REGISTRY_STATUS */
enum registry_status {
    REGISTRY_ACTIVE,
    REGISTRY_INACTIVE,
    REGISTRY_REVOKED,
    REGISTRY_PENDING_TRANSFER,
    REGISTRY_PENDING_ACTIVATION,
    REGISTRY_REGISTER_INACTIVE,
    REGISTRY_STATUS_COUNT
};
const char *registry_status_name(enum registry_status status); /* "PENDING_ACTIVATION" */
/* REGISTRY_STATUS_COUNT if it is none. */
enum registry_status registry_status_find(const char *name);

/* Pointers, in the order in which they were added. */
struct registry_list {
    void **items;
    size_t count;
};

struct registry;

struct registry_thing {
    struct registry *registry;
    char *name;
    char *type;        /* or NULL */
    cJSON *attributes; /* an object of texts; NULL: none */
    int64_t version;   /* rises with each change of type or attributes */
    int64_t created_ms;
    struct registry_list certificates; /* struct registry_certificate: attached */
};

struct registry_certificate {
    struct registry *registry;
    char id[REGISTRY_ID_SIZE];
    char authority[REGISTRY_ID_SIZE]; /* "": the fleet's own, or this cloud's */
    enum registry_status status;
    char *pem;                     /* NULL: not kept */
    struct registry_list policies; /* char: names */
    struct registry_list things;   /* struct registry_thing: attached */
    uint64_t changes;              /* rises with each change of what is attached to it, or of what
                                      groups its things are in: registry_thing_changed() */
    int64_t created_ms, changed_ms;
    /* Times of the wall clock in ms; 0: never. May be set by whoever runs the rule. */
    int64_t activate_ms; /* then it becomes ACTIVE, if it is PENDING_ACTIVATION still */
    int64_t forget_ms;   /* then it is removed, if it is PENDING_ACTIVATION and not attached to
                            anything */
    int64_t cut_ms;      /* then its connections end: it is not ACTIVE any more */
    bool issued;         /* by this cloud */
    /* Of a new one that its thing has asked for in a job and not committed yet
       (rotation_service.h): the job, and the number of its execution. NULL: it is none. */
    char *made_for;
    uint32_t made_for_number;
    bool shown; /* by a connection, since */
};

/* What registers the certificates below it at their first contact. Fields may be set by anybody. */
struct registry_authority {
    char id[REGISTRY_ID_SIZE];
    char *pem;      /* itself, then authorities below it, if others than itself issue leaves */
    bool active;    /* else nothing below it is registered any more */
    bool registers; /* auto-registration: ENABLE */
    int64_t activate_after_ms; /* of what was registered; below 0: somebody else does that */
    char *template_name;       /* provisions what was registered (contract 4.3); NULL: none */
    int64_t created_ms;
};

struct registry {
    struct table things, certificates, authorities;
    struct table deleted; /* ids of the fleet's own certificates that an operator has deleted */
    int64_t due_ms;       /* no certificate's time comes before; INT64_MAX: none at all */
    unsigned generation;  /* changes with the set of authorities */
    uint64_t removed;     /* certificates, so far */
    bool journals;        /* from now on registry_journal() is asked what has changed */
    struct table touched; /* since it last was: ids of certificates */
    /* There is such a thing now, or its type or attributes have changed. NULL: nobody wants to
       know. */
    void (*told_thing)(void *ctx, const char *name);
    void *ctx;
};

void registry_init(struct registry *r);
void registry_done(struct registry *r);

/* ---- things ---- */

/* 1 to 128 of A-Z a-z 0-9 : _ - (contract 1.1). */
bool registry_name_is_valid(const char *name);
/* NULL if unknown. */
struct registry_thing *registry_thing(const struct registry *r, const char *name);
/* A new one of a valid name that is not there. */
struct registry_thing *registry_thing_add(struct registry *r, const char *name, int64_t now_ms);
/* NULL: none. */
bool registry_thing_set_type(struct registry_thing *thing, const char *type);
/* Sets these of its attributes, or with `replace` all; an empty text removes one. False also if it
   is no object of texts, or they would become too many. */
bool registry_thing_set_attributes(struct registry_thing *thing, const cJSON *attributes,
                                   bool replace);
/* What the policies of a client that is that thing depend on has changed: its groups. */
void registry_thing_changed(const struct registry_thing *thing);
/* Detaches and forgets it. */
void registry_thing_remove(struct registry *r, struct registry_thing *thing);

/* ---- certificates ---- */

struct registry_certificate *registry_certificate(const struct registry *r, const char *id);
/* A new one of that id, which is not there; `pem` is copied and may be NULL. */
struct registry_certificate *registry_certificate_add(struct registry *r, const char *id,
                                                      const char *pem, enum registry_status status,
                                                      int64_t now_ms);
/* When it stops to be ACTIVE, cut_ms is set; it stays until it is ACTIVE again, or done. */
void registry_certificate_set_status(struct registry *r, struct registry_certificate *certificate,
                                     enum registry_status status, int64_t now_ms);
/* What it is in PEM, if that is not known yet and not NULL. False: no memory. */
bool registry_certificate_learn(struct registry_certificate *c, const char *pem);
/* Something is due at that time, which is not 0: a change of its _ms fields needs it. */
void registry_due(struct registry *r, int64_t at_ms);
/* Shows visit() each; those for which it says true are removed. It may change them, but no others.
 */
void registry_sweep_certificates(struct registry *r,
                                 bool (*visit)(struct registry_certificate *c, void *ctx),
                                 void *ctx);
/* Detaches and forgets it. */
void registry_certificate_remove(struct registry *r, struct registry_certificate *certificate);
/* The same for good: the fleet's own authority vouches for it still, so that its next connection
   would register it anew. Only registry_certificate_add() brings it back. */
bool registry_certificate_delete(struct registry *r, struct registry_certificate *certificate);
bool registry_is_deleted(const struct registry *r, const char *id);

/* Idempotent. Whether a policy may be attached, attachment.h says. */
bool registry_attach(struct registry_certificate *certificate, struct registry_thing *thing);
void registry_detach(struct registry_certificate *certificate, struct registry_thing *thing);
bool registry_attach_policy(struct registry_certificate *certificate, const char *policy);
void registry_detach_policy(struct registry_certificate *certificate, const char *policy);
/* NULL: for none. */
bool registry_made_for(struct registry_certificate *certificate, const char *job, uint32_t number);
bool registry_has_policy(const struct registry_certificate *certificate, const char *policy);
bool registry_is_attached(const struct registry_certificate *certificate, const char *thing);

/* ---- authorities ---- */

struct registry_authority *registry_authority(const struct registry *r, const char *id);
/* A new one: active, registers, and leaves the rest to others. */
struct registry_authority *registry_authority_add(struct registry *r, const char *id,
                                                  const char *pem, int64_t now_ms);
bool registry_authority_set_template(struct registry_authority *authority, const char *name);
void registry_authority_remove(struct registry *r, struct registry_authority *authority);

/* ---- what outlives the broker: registry_state.c ---- */

/* Appends lines of JSON. */
void registry_save(const struct registry *r, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool registry_load(struct registry *r, const cJSON *record);
/* Appends lines with the certificates that have changed since the last call, or are gone, and the
   things that they are attached to; none of those that their next connection registers anew. */
void registry_journal(struct registry *r, struct text *to);
/* Takes over such a line, in the place of what is there. */
bool registry_replay(struct registry *r, const cJSON *record);

#endif
