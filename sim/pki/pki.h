/*
 * pki.h — the certificates of a simulation, in a directory.
 *
 *     DIR/pki/pki.json                 seed, validity, algorithm, server names
 *     DIR/pki/ca.pem, ca.key           root
 *     DIR/pki/intermediate.pem, .key   issues everything else
 *     DIR/pki/cloud.pem, cloud.key     issues what the local cloud makes for cars
 *     DIR/pki/server.pem, server.key   the local cloud's: leaf, then intermediate
 *     DIR/pki/fleet.bin                the vehicles (fleet_file.h)
 *     DIR/pki/rotated.bin              what cars have in its place (rotation.h)
 *     DIR/issued/NAME/                 cert.pem (leaf, intermediate), key.pem, ca.pem
 *
 * Directories are 0700; keys, the .bin and pki.json (the seed is as good as the keys) are 0600.
 * With a seed given and the default validity, every byte but the server certificate's is a pure
 * function of the seed: two machines make the same fleet.
 *
 * Owns      what it read from the directory; the open fleet.
 * Threads   pki_issue(), pki_grow() and pki_renew_server(): one thread at a time.
 */
#ifndef PKI_PKI_H
#define PKI_PKI_H

#include "pki/certificate.h"
#include "pki/fleet_file.h"

struct pki;

/* ORDER PKI_FILE */
enum pki_file {
    PKI_FILE_CA, /* ca.pem */
    PKI_FILE_CA_KEY,
    PKI_FILE_INTERMEDIATE,
    PKI_FILE_INTERMEDIATE_KEY,
    PKI_FILE_CLOUD,
    PKI_FILE_CLOUD_KEY,
    PKI_FILE_SERVER, /* server.pem: the chain */
    PKI_FILE_SERVER_KEY,
    PKI_FILE_FLEET,
    PKI_FILE_SETTINGS, /* pki.json */
    PKI_FILE_COUNT
};

/* Zeroed: random seed, no vehicles, default validity, default server names. */
struct pki_options {
    const char *seed; /* NULL or "": random */
    uint32_t vehicles;
    int64_t not_before, not_after; /* of vehicles and authorities, Unix seconds; both 0: 2025-01-01
                                      to 2045-01-01, so that the seed alone decides */
    const char *const *server_names; /* besides localhost, 127.0.0.1 and ::1 */
    size_t server_name_count;
    const char *responder; /* that the server certificate names (OCSP), http://…; NULL: as it was */
    const struct fleet_progress *progress; /* of making the vehicles' identities; NULL: none */
};

/* Makes DIR and DIR/pki. Where a PKI is already, it is kept and made whole: files that are missing
   are made again, the fleet grows to `vehicles`, the server certificate is renewed for new names,
   another responder or when it has less than 30 days left; a different seed or validity is an
   error. Safe when several processes do it at once. */
bool pki_init(const char *dir, const struct pki_options *options, struct error *err);

struct pki *pki_open(const char *dir, struct error *err);
void pki_free(struct pki *pki);

/* The absolute or relative path of a file, as the directory was given; valid as long as the pki. */
const char *pki_path(const struct pki *pki, enum pki_file file);
const char *pki_seed(const struct pki *pki);
void pki_validity(const struct pki *pki, int64_t *ret_not_before, int64_t *ret_not_after);
/* DER, valid as long as the pki. */
struct slice pki_root(const struct pki *pki);
struct slice pki_intermediate(const struct pki *pki);

/* The vehicles as they were made: rotation.h has them as they are. NULL when the PKI was made
   without. Cars and slices are valid until pki_grow(). */
const struct fleet_file *pki_fleet(const struct pki *pki);
bool pki_grow(struct pki *pki, uint32_t vehicles, struct error *err);
/* A new server certificate with the names it had and these, valid from yesterday. The server
   certificate lives 397 days at most, because phones accept no more. */
bool pki_renew_server(struct pki *pki, const char *const *names, size_t count, struct error *err);

struct pki_request {
    enum certificate_role role;    /* server, vehicle, companion or claim */
    const char *name;              /* CN */
    int64_t index;                 /* vehicle: use the key of car `index`; -1: a key of that name */
    uint32_t generation;           /* 0: first key; higher: a rotated one */
    int64_t not_before, not_after; /* both 0: the PKI's; server: 397 days from yesterday */
    const char *const *alt_names;  /* server only, besides the name */
    size_t alt_name_count;
    const char *responder; /* whom to ask about it by OCSP, http://…; NULL: nobody is named */
};

/* A key with its certificate. */
struct pki_credential {
    struct ec_key key;
    size_t certificate_len;
    uint8_t certificate[CERTIFICATE_MAX]; /* DER */
};

/* Key and certificate are a pure function of PKI and request. */
bool pki_issue(struct pki *pki, const struct pki_request *request, struct pki_credential *ret,
               struct error *err);
/* Writes cert.pem (leaf, intermediate), key.pem and ca.pem into a directory, which it makes. */
bool pki_write_credential(const struct pki *pki, const char *dir, struct slice certificate,
                          const struct ec_key *key, struct error *err);
/* DIR/issued/NAME; free() it. NULL when the name cannot be a file's. */
char *pki_issued_dir(const struct pki *pki, const char *name, struct error *err);

#endif
