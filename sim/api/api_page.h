/*
 * api_page.h — the companion page: an app for a phone's browser, beside the control API
 * (docs/companion.md). Its files are in the program, if it was built with them.
 *
 * Threads   the simulation thread.
 */
#ifndef API_API_PAGE_H
#define API_API_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Its way to the cloud, for whoever shows the API's token. All borrowed while the API is there. */
struct api_page {
    const char *endpoint; /* "ws://127.0.0.1:40125/mqtt"; NULL: the page is not served */
    const char *user;     /* CONNECT's user name; client ids begin with "USER-" */
    const char *password;
};

/* A file of the page as it was built in. */
struct api_page_file {
    const char *name; /* "main.js" */
    const unsigned char *bytes;
    size_t len;
};

/* Has the program the page? */
bool api_page_is_built(void);

#endif
