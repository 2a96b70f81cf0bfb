/*
 * Documents of jobs with placeholders, and URLs that come back: any text.
 *
 * Always: what is not a placeholder stays; a URL that was made is good, and is not for another
 * path.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/jobs/presign.h"

#define NOW INT64_C(1767225600000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_document(const struct presign *p, const char *document)
{
    struct text t;
    size_t len = 0;

    text_init(&t);
    presign_document(p, document, 600, NOW, &t);
    char *filled = text_take(&t, &len);
    if (strstr(document, "${aws:iot:s3-presigned-url") == NULL)
        assert(filled == NULL ? *document == '\0' : strcmp(filled, document) == 0);
    free(filled);
}

static void check_claim(const struct presign *p, char *text)
{
    struct presign_claim claim = {.path = text};
    const char **const parts[] = {&claim.date, &claim.expires, &claim.signature};

    for (size_t i = 0; i < 3; i++) {
        text = strchr(text, '\n');
        if (text == NULL)
            break;
        *text++ = '\0';
        *parts[i] = text;
    }
    assert(presign_check(p, &claim, NOW) != PRESIGN_GOOD);
}

static void check_path(const struct presign *p, const char *path)
{
    struct text t;
    size_t len = 0;

    if (!presign_path_is_good(slice_str(path)))
        return;
    assert(strstr(path, "/../") == NULL && path[0] == '/');
    text_init(&t);
    presign_url(p, slice_str(path), 600, NOW, &t);
    char *url = text_take(&t, &len);
    assert(url != NULL && strncmp(url + strlen(p->base), path, strlen(path)) == 0);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct presign p = {.base = "https://x"}, read = {.base = ""};
    char *text = calloc(1, size + 1);

    if (text == NULL || memchr(data, 0, size) != NULL) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    memset(p.secret, 7, sizeof p.secret);
    if (presign_read(&read, text))
        assert(read.base[0] != '\0');
    check_document(&p, text);
    check_path(&p, text);
    check_claim(&p, text);
    free(text);
    return 0;
}
