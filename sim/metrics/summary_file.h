/* summary_file.h — the summary.json that a run left, read back. */
#ifndef METRICS_SUMMARY_FILE_H
#define METRICS_SUMMARY_FILE_H

#include <cjson/cJSON.h>

#include "base/error.h"

#define SUMMARY_FILE "summary.json"

/* An object; free with cJSON_Delete(). NULL with ERROR_USAGE if the folder holds none. */
cJSON *summary_read(const char *dir, struct error *err);

#endif
