/*
 * What comes over the network for OCSP. By the first byte: 0, the rest is an answer; 1, changes to
 * a sound answer, three bytes each: an offset (two) and what is xored there; else, a question to a
 * responder. Promises: no answer but a sound one makes a certificate good that is not; everything
 * that is not good has a sentence; every question is answered.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/ocsp.h"
#include "pki/ocsp_responder.h"
#include "pki/pki.h"
#include "support/fake_ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1800000000)

static struct fake_cert root, server;
static X509_STORE *trust;
static struct buf sound; /* says that it is revoked */
static struct ocsp_responder *responder;

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void remove_lab(char *dir)
{
    static const char *const files[] = {"ca.pem",     "ca.key",     "intermediate.pem",
                                        "server.pem", "server.key", "intermediate.key",
                                        "cloud.pem",  "cloud.key",  "pki.json"};
    char path[80];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/pki/%s", dir, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/pki", dir);
    rmdir(path);
    rmdir(dir);
}

static void prepare(void)
{
    char dir[] = "/tmp/fuzz-ocsp-XXXXXX";
    struct error err;

    root = fake_cert_make(&(struct fake_request){.name = "Root", .ca = true, .to_days = 9});
    server =
        fake_cert_make(&(struct fake_request){.name = "server", .issuer = &root, .to_days = 9});
    trust = X509_STORE_new();
    X509_STORE_add_cert(trust, root.cert);
    buf_init(&sound, OCSP_ANSWER_MAX);
    fake_ocsp_make(
        &(struct fake_answer){
            .about = &server, .issuer = &root, .status = V_OCSP_CERTSTATUS_REVOKED, .to_s = 86400},
        &sound);
    require(mkdtemp(dir) != NULL);
    require(pki_init(dir, &(struct pki_options){.seed = "fuzz"}, &err));
    responder = ocsp_responder_new(dir, 60, &err);
    require(responder != NULL);
    remove_lab(dir);
}

static void judge(const uint8_t *data, size_t size)
{
    struct ocsp_judgement j;
    const struct ocsp_subject subject = {server.cert, root.cert, trust, NOW};

    ocsp_judge(slice_of(data, size), &subject, &j);
    require(j.verdict < OCSP_VERDICT_COUNT && j.verdict != OCSP_VERDICT_GOOD);
    require(strlen(j.why) > 10);
}

static void judge_changed(const uint8_t *data, size_t size)
{
    static uint8_t changed[OCSP_ANSWER_MAX];
    size_t len = buf_len(&sound);

    memcpy(changed, buf_data(&sound), len);
    for (; size >= 3; data += 3, size -= 3)
        changed[(size_t)(data[0] << 8 | data[1]) % len] ^= data[2];
    judge(changed, len);
}

static void question(const uint8_t *data, size_t size)
{
    struct buf answer;
    char said[OCSP_SAID_SIZE];

    buf_init(&answer, OCSP_ANSWER_MAX);
    ocsp_responder_answer(responder, slice_of(data, size), NOW, &answer, said);
    require(buf_len(&answer) >= 5 || answer.overflow);
    require(strlen(said) < sizeof said);
    buf_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (responder == NULL)
        prepare();
    if (size == 0)
        return 0;
    if (data[0] == 0)
        judge(data + 1, size - 1);
    else if (data[0] == 1)
        judge_changed(data + 1, size - 1);
    else
        question(data + 1, size - 1);
    return 0;
}
