/* openapi.h — docs/openapi.yaml, as it is served. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include <stddef.h>

extern const unsigned char api_openapi[];
extern const size_t api_openapi_len;

#endif
