#include "cli/job_sign.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base64.h"
#include "base/xmem.h"
#include "cli/job_file.h"
#include "cli/options.h"
#include "pki/code_signing.h"
#include "pki/pem_file.h"

#define DAY     86400
#define DAYS    365 /* that a signer's certificate is good */
#define RELEASE "release"

static char *signing_dir(const char *dir)
{
    return xasprintf("%s/code-signing", dir);
}

static bool make_signer(const char *dir, const char *signer, int64_t days, struct error *err)
{
    int64_t now = (int64_t)time(NULL);

    return code_signer_make(dir, signer, now - DAY, now + days * DAY, err);
}

static cJSON *describe(const struct buf *signature, struct buf *certificate)
{
    cJSON *to = cJSON_CreateObject();
    struct buf text;

    buf_init(&text, PEM_FILE_MAX);
    base64_put(&text, buf_slice(signature));
    cJSON_AddStringToObject(to, "signature", buf_cstr(&text));
    cJSON_AddStringToObject(to, "certificate", buf_cstr(certificate));
    cJSON_AddStringToObject(to, "hashAlgorithm", "SHA256");
    cJSON_AddStringToObject(to, "signatureAlgorithm", "ECDSA");
    buf_done(&text);
    return to;
}

cJSON *job_sign(const char *dir, const char *signer, struct slice bytes, struct error *err)
{
    char *place = signing_dir(dir);
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct buf signature, certificate;
    cJSON *codesign = NULL;

    buf_init(&signature, EC_SIGNATURE_SIZE);
    buf_init(&certificate, PEM_FILE_MAX);
    if (EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL) != 1)
        error_set(err, ERROR_USAGE, "--sign: no SHA-256");
    else if ((code_signer_exists(place, signer) || make_signer(place, signer, DAYS, err)) &&
             code_sign(place, signer, digest, &signature, &certificate, err))
        codesign = describe(&signature, &certificate);
    buf_done(&signature);
    buf_done(&certificate);
    free(place);
    return codesign;
}

static int sign(const char *dir, const char *signer, const char *path)
{
    struct error err;
    struct buf whole;

    buf_init(&whole, JOB_FILE_MAX);
    cJSON *codesign =
        job_file_read(path, &whole, &err) ? job_sign(dir, signer, buf_slice(&whole), &err) : NULL;
    buf_done(&whole);
    if (codesign == NULL)
        return options_fail(&err);
    char *text = cJSON_Print(codesign);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(codesign);
    return 0;
}

int job_cmd_sign(int argc, char **argv)
{
    const char *dir = NULL, *signer = RELEASE, *file = NULL;
    uint64_t days = 0;
    struct error err;
    int status;
    // clang-format off
    const struct option_spec specs[] = {
        {"dir", 'd', OPTION_STRING, &dir, "DIR", "of the cloud: what fleetsim cloud --dir has"},
        {"file", 0, OPTION_STRING, &file, "FILE", "what is signed"},
        {"signer", 0, OPTION_STRING, &signer, "NAME", "who signs it (default: " RELEASE "); made if there is none"},
        {"days", 0, OPTION_NUMBER, &days, "N", "make the signer anew, good for so many days; 0 days: as it is, or\na year"},
        {0},
    };
    // clang-format on
    const struct command_spec command = {
        "fleetsim job sign", "",
        "Signs a file as an update for vehicles (ECDSA P-256, SHA-256), and prints what `codesign` "
        "of a\njob document says. The authority that cars trust is DIR/code-signing/ca.pem.",
        specs,
        "  fleetsim job sign --dir lab --file firmware.bin > codesign.json\n"
        "  fleetsim job sign --dir lab --file firmware.bin --signer old --days 1\n"};

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    if (dir == NULL || *dir == '\0')
        error_set(&err, ERROR_USAGE, "job: no directory given (give --dir DIR)");
    else if (file == NULL)
        error_set(&err, ERROR_USAGE, "job sign: no file given (give --file FILE)");
    else {
        char *place = signing_dir(dir);
        bool ok = days == 0 || make_signer(place, signer, (int64_t)days, &err);
        free(place);
        return ok ? sign(dir, signer, file) : options_fail(&err);
    }
    return options_fail(&err);
}
