#include "cli/api_endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "base/xmem.h"
#include "cli/target.h"
#include "fleet/simulation.h"
#include "script/runtime.h"

/* ---- what was asked for ---- */

static bool check_address(const struct api_endpoint_options *o, struct error *err)
{
    struct http_address at;

    if (!http_address_parse(o->address, &at, err))
        return error_prefix(err, "--api");
    if (http_address_is_loopback(&at) || o->token != NULL)
        return true;
    return error_set(err, ERROR_USAGE,
                     "--api %s: other machines could reach it (give it a token of your own: "
                     "FLEETSIM_API_TOKEN=$(openssl rand -hex 32))",
                     o->address);
}

bool api_endpoint_check(const struct api_endpoint_options *o, bool virtual_time, struct error *err)
{
    if (o->address == NULL)
        return true;
    if (virtual_time)
        return error_set(err, ERROR_USAGE,
                         "--api: not with --time virtual, in which hours pass between two requests "
                         "(use --time-scale)");
    if (!check_address(o, err))
        return false;
    if (o->token != NULL && !http_token_check(o->token, err))
        return error_prefix(err, "--api-token");
    for (size_t i = 0; i < o->origins.count; i++)
        if (!http_origin_check(o->origins.items[i], err))
            return error_prefix(err, "--api-origin");
    return true;
}

/* ---- the token ---- */

/* For who starts the program and wants to use the API: nobody else can read it. A token that was
   made is nowhere else. */
static bool write_file(struct api_endpoint *e, const char *dir, struct error *err)
{
    e->file = xasprintf("%s/api.json", dir);
    unlink(e->file);
    e->fd = open(e->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool made = e->token[0] != '\0';
    bool ok =
        e->fd >= 0 && dprintf(e->fd, "{\"url\":\"%s/v1\",\"token\":%s%s%s,", api_url(e->api),
                              made ? "\"" : "", made ? e->token : "null", made ? "\"" : "") > 0;
    if (ok && e->page)
        ok = dprintf(e->fd, "\"companion\":\"%s/companion/%s%s\",", api_url(e->api),
                     made ? "#token=" : "", e->token) > 0;
    ok = ok && dprintf(e->fd, "\"pid\":%d}\n", (int)getpid()) > 0;
    int why = errno;

    if (ok)
        return true;
    if (e->fd >= 0)
        close(e->fd);
    if (e->token[0] != '\0')
        error_set(err, ERROR_USAGE,
                  "--api: its token cannot be kept in %s: %s (give one of your own: "
                  "FLEETSIM_API_TOKEN=$(openssl rand -hex 32))",
                  e->file, strerror(why));
    else
        log_warn("%s: %s (the API is there all the same)", e->file, strerror(why));
    free(e->file);
    e->file = NULL;
    return e->token[0] == '\0';
}

/* Where api.json goes; NULL: nowhere. */
static const char *folder_of(const struct api_endpoint_source *source)
{
    if (source->results != NULL)
        return source->results;
    return source->own_cloud ? source->target->pki_dir : NULL;
}

/* Another run may have put its own in the place of ours. */
static void remove_file(struct api_endpoint *e)
{
    struct stat ours, there;

    if (fstat(e->fd, &ours) == 0 && lstat(e->file, &there) == 0 && ours.st_dev == there.st_dev &&
        ours.st_ino == there.st_ino)
        unlink(e->file);
    close(e->fd);
    free(e->file);
    e->file = NULL;
}

/* A link that opens it, for who sits at the terminal; it is not for logs. */
static void tell_page(const struct api_endpoint *e, const char *token)
{
    fprintf(stderr, "companion page at %s/companion/", api_url(e->api));
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "#token=%s", token);
    else if (e->token[0] == '\0')
        fputs(" (open it with #token= and your token behind it)", stderr);
    else if (e->file != NULL)
        fprintf(stderr, " (the whole link is in %s)", e->file);
    fputs("\n", stderr);
}

/* Not as an error is told, and without the token: logs of stderr are for anybody to read. */
static void tell(const struct api_endpoint *e, const char *token)
{
    fprintf(stderr, "control API at %s/v1", api_url(e->api));
    if (e->file != NULL)
        fprintf(stderr, " (%s in %s)", e->token[0] != '\0' ? "its token is" : "told", e->file);
    fputs("\n", stderr);
    if (e->page)
        tell_page(e, token);
}

/* ---- its life ---- */

bool api_endpoint_open(struct api_endpoint *e, const struct api_endpoint_options *o,
                       const struct api_endpoint_source *source, struct error *err)
{
    struct api_options options = {.script = source->script,
                                  .token = o->token,
                                  .origins = o->origins.items,
                                  .origin_count = o->origins.count};

    *e = (struct api_endpoint){.api = NULL};
    if (o->address == NULL)
        return true;
    if (!http_address_parse(o->address, &options.address, err) ||
        !metrics_endpoint_open(&e->metrics, NULL, &source->metrics, err))
        return error_prefix(err, "--api");
    const char *dir = folder_of(source);
    if (o->token == NULL) {
        if (dir == NULL)
            return error_set(err, ERROR_USAGE,
                             "--api: there is no folder to keep a token in (give one of your own: "
                             "FLEETSIM_API_TOKEN=$(openssl rand -hex 32))");
        if (!secret_make(e->token, err))
            return error_prefix(err, "--api");
        options.token = e->token;
    }
    struct api_page page = {.endpoint = NULL};
    if (source->page)
        page = (struct api_page){.endpoint = source->target->page_uri,
                                 .user = broker_page_user(),
                                 .password = source->target->page_token};
    options.page = &page;
    options.sim = source->script->sim;
    options.more = e->metrics.routes;
    e->page = source->page;
    e->api = api_new(&options, err);
    if (e->api == NULL)
        return error_prefix(err, "--api");
    if (!http_address_is_loopback(&options.address))
        log_warn("--api %s: the token goes over the network as it is, for anybody on the way to "
                 "read (put a TLS proxy before it)",
                 o->address);
    if (dir != NULL && !write_file(e, dir, err))
        return false;
    tell(e, options.token);
    return true;
}

void api_endpoint_close(struct api_endpoint *e)
{
    api_free(e->api);
    e->api = NULL;
    if (e->file != NULL)
        remove_file(e);
}
