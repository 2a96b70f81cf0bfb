/* job_sign.h — signatures of updates, from the command line (pki/code_signing.h). */
#ifndef CLI_JOB_SIGN_H
#define CLI_JOB_SIGN_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "base/slice.h"

/* What `codesign` of a job document says of these bytes, signed by that signer of the cloud in dir,
   who is made if there is none. NULL with ERROR_USAGE. */
cJSON *job_sign(const char *dir, const char *signer, struct slice bytes, struct error *err);

int job_cmd_sign(int argc, char **argv);

#endif
