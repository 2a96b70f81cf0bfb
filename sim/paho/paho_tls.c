#include "paho/paho_tls.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/buf.h"

#define CONF_MAX 65536
#define SEPARATE ":,"

static bool check_list(const char *what, const char *list, struct error *err)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789_-+!@=." SEPARATE;

    if (list == NULL || (list[0] != '\0' && list[strspn(list, good)] == '\0'))
        return true;
    return error_set(err, ERROR_USAGE, "%s: not a list of names: \"%.100s\"", what, list);
}

static bool is_suite(const char *name)
{
    return strncmp(name, "TLS_", 4) == 0;
}

/* The names of one kind; is there any? */
static bool put_names(struct buf *to, const char *list, bool suites)
{
    bool any = false;

    for (const char *at = list; *at != '\0';) {
        size_t len = strcspn(at, SEPARATE);
        if (len != 0 && is_suite(at) == suites) {
            buf_printf(to, "%s%.*s", any ? ":" : "", (int)len, at);
            any = true;
        }
        at += len + (at[len] != '\0');
    }
    return any;
}

static void put_ciphers(struct buf *conf, const char *list, bool *ret_12, bool *ret_13)
{
    *ret_12 = *ret_13 = true;
    if (list == NULL)
        return;
    buf_append_str(conf, "CipherString = ");
    *ret_12 = put_names(conf, list, false);
    buf_append_str(conf, *ret_12 ? "\nCiphersuites = " : "DEFAULT\nCiphersuites = ");
    *ret_13 = put_names(conf, list, true);
    buf_append_str(conf, *ret_13 ? "\n" : "TLS_AES_128_GCM_SHA256\n");
}

static void put_groups(struct buf *conf, const char *list)
{
    if (list == NULL)
        return;
    buf_append_str(conf, "Groups = ");
    for (; *list != '\0'; list++)
        buf_printf(conf, "%c", *list == ',' ? ':' : *list);
    buf_append_str(conf, "\n");
}

static bool load(struct buf *text)
{
    BIO *bio = BIO_new_mem_buf(buf_data(text), (int)buf_len(text));
    CONF *conf = NCONF_new(NULL);
    long line = 0;

    /* OpenSSL's own file first, or it would be read over ours. */
    bool ok = OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 && bio != NULL &&
              conf != NULL && NCONF_load_bio(conf, bio, &line) == 1 &&
              CONF_modules_load(conf, NULL, 0) == 1;
    NCONF_free(conf);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

bool paho_tls_choose(const struct paho_tls *choice, struct error *err)
{
    const char *version = choice->version != NULL ? choice->version : "any";
    bool use_12 = strcmp(version, "1.3") != 0;
    bool use_13 = strcmp(version, "1.2") != 0;
    bool named_12;
    bool named_13;
    struct buf conf;

    if (!check_list("ciphers", choice->ciphers, err) || !check_list("groups", choice->groups, err))
        return false;
    buf_init(&conf, CONF_MAX);
    buf_append_str(&conf, "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\n"
                          "system_default = chosen\n[chosen]\n");
    put_ciphers(&conf, choice->ciphers, &named_12, &named_13);
    put_groups(&conf, choice->groups);
    buf_printf(&conf, "MinProtocol = %s\n", use_12 && named_12 ? "TLSv1.2" : "TLSv1.3");
    buf_printf(&conf, "MaxProtocol = %s\n", use_13 && named_13 ? "TLSv1.3" : "TLSv1.2");
    bool ok = !conf.overflow && load(&conf);
    buf_done(&conf);
    return ok ||
           error_set(err, ERROR_FAILED, "OpenSSL does not take the TLS options for companions");
}
