/*
 * paho_uris.h — a list of server URIs, "mqtts://a:8883,wss://b:443/mqtt", as Paho takes it: it
 * tries one after the other until one lets it in.
 */
#ifndef PAHO_PAHO_URIS_H
#define PAHO_PAHO_URIS_H

/* The first one names a client's handle; a list of one counts as none for the connect. */
struct paho_uris {
    char **items;
    int count;
};

void paho_uris_split(struct paho_uris *uris, const char *list);
void paho_uris_done(struct paho_uris *uris);
/* Turns off Nagle's algorithm towards the ports of them all (paho_nodelay.h). */
void paho_uris_nodelay(const char *list);

#endif
