/*
 * settings.h — what a PKI directory was made with: its pki.json.
 */
#ifndef PKI_SETTINGS_H
#define PKI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SETTINGS_SEED_MAX  256 /* bytes */
#define SETTINGS_NAMES_MAX 64

/* Zeroed: empty. Owns its strings. */
struct settings {
    char *seed;
    int64_t not_before, not_after; /* Unix seconds */
    char *server_names[SETTINGS_NAMES_MAX];
    size_t server_name_count;
    char *responder; /* that the server certificate names; NULL: none */
};

void settings_done(struct settings *s);
/* Does nothing if the name is there; false when there is no room. *ret_new: it was not there. */
bool settings_add_name(struct settings *s, const char *name, bool *ret_new);

bool settings_read(const char *path, struct settings *ret, struct error *err);
/* Mode 0600: the seed is as good as the keys. */
bool settings_write(const char *path, const struct settings *s, struct error *err);

/* "2025-01-01T00:00:00Z", Unix seconds. */
void settings_format_time(int64_t when, char ret[32]);
bool settings_parse_time(const char *text, int64_t *ret);

#endif
