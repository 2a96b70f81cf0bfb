/*
 * config.h — what Mosquitto is told, and where it and the cloud plugin are found.
 *
 * All files are named relative to the broker's directory, in which it runs.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "broker/broker.h"

#define CONFIG_FILE   "mosquitto.conf"
#define CONFIG_LOG    "broker.log"
#define CONFIG_SOCKET "owner.sock"
/* What Mosquitto and the plugin leave behind for broker_resume(). */
#define CONFIG_SESSIONS    "mosquitto.db"
#define CONFIG_STATE       "cloud.state"
#define CONFIG_TRUST       "trust.pem" /* root, intermediate, and what the cloud signs with */
#define CONFIG_FLEET_TRUST "fleet.pem" /* the first two alone */
#define CONFIG_TRUST_MORE  "trust"     /* folder: authorities that are registered while it runs */
#define CONFIG_CLOCK       "clock"     /* the time of day, if it is not the real one */

#define CONFIG_PAGE_ADDRESS "127.0.0.1"

/* Absolute paths; free() them. */
char *config_find_mosquitto(struct error *err);
char *config_find_plugin(const char *given, struct error *err);

/* "LD_PRELOAD=…" for a program built with a sanitizer, whose plugin needs the runtime in a
   broker that was not; else NULL. free() it. */
char *config_preload(void);

/* Where the broker listens. */
struct config_listen {
    const char *address;     /* numeric */
    uint16_t port;           /* MQTT */
    uint16_t websocket_port; /* MQTT over WebSocket; 0: none */
    uint16_t page_port;      /* the same for the page, on CONFIG_PAGE_ADDRESS; 0: none */
};

/* Writes configuration and trust into the directory. */
bool config_write(const char *dir, const struct broker_options *options,
                  const struct config_listen *listen, struct error *err);

#endif
