#include "cloud/plugin/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>

#define RULES_FILE_MAX  1048576
#define POLICY_FILE_MAX 65536

/* fleetsim has checked it before. */
bool files_read_rules(struct cloud *cloud, const char *path)
{
    char *text = malloc(RULES_FILE_MAX);
    char *folder = strdup(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = text != NULL && folder != NULL && fd >= 0 ? read(fd, text, RULES_FILE_MAX) : -1;
    struct error err = {.text = "cannot be read"};

    if (folder != NULL && strrchr(folder, '/') != NULL)
        *strrchr(folder, '/') = '\0';
    bool ok = n >= 0 && cloud_add_rules(cloud, slice_of(text, (size_t)n), folder, &err);
    if (!ok)
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s: %s", path, err.text);
    if (fd >= 0)
        close(fd);
    free(text);
    free(folder);
    return ok;
}

/* ---- the shelf ---- */

static bool write_whole(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len;

    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    return ok;
}

static bool shelf_write(void *ctx, const char *name, struct slice bytes)
{
    char path[PATH_MAX], aside[PATH_MAX + 4];
    int n = snprintf(path, sizeof path, "%s/%s", (const char *)ctx, name);

    if (n < 0 || (size_t)n >= sizeof path)
        return false;
    snprintf(aside, sizeof aside, "%s.new", path);
    /* The name's folder is its last one. */
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
    *slash = '/';
    ok = ok && write_whole(aside, bytes) && rename(aside, path) == 0;
    if (!ok)
        mosquitto_log_printf(MOSQ_LOG_ERR,
                             "fleetsim cloud: %s: %s (is there room, and may it be "
                             "written?)",
                             path, strerror(errno));
    return ok;
}

static void shelf_remove(void *ctx, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", (const char *)ctx, name);

    if (n > 0 && (size_t)n < sizeof path)
        unlink(path);
}

struct cloud_shelf files_shelf(const char *folder)
{
    return (struct cloud_shelf){
        .write = shelf_write, .remove = shelf_remove, .ctx = (void *)(uintptr_t)folder};
}

bool files_read_text(const char *path, char *ret, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret, size) : -1;

    if (fd >= 0)
        close(fd);
    bool ok = n > 0 && (size_t)n < size;
    ret[ok ? n : 0] = '\0';
    if (!ok)
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s cannot be read", path);
    return ok;
}

bool files_read_policy(struct cloud *cloud, const char *value, int64_t now_ms)
{
    char *text = malloc(POLICY_FILE_MAX);
    char *name = strdup(value);
    char *path = name != NULL ? strchr(name, ' ') : NULL;
    struct error err = {.text = "cannot be read"};

    if (path != NULL)
        *path++ = '\0';
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = text != NULL && fd >= 0 ? read(fd, text, POLICY_FILE_MAX) : -1;
    bool ok = n >= 0 && cloud_put_policy(cloud, name, slice_of(text, (size_t)n), now_ms, &err);
    if (!ok)
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: policy %s: %s", value, err.text);
    if (fd >= 0)
        close(fd);
    free(text);
    free(name);
    return ok;
}
