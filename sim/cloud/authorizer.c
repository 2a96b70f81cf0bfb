#include "cloud/authorizer.h"

#include <string.h>

#include "base/secret.h"

#define PARAMETER "x-amz-customauthorizer-name="

/* Which authorizer the query of a user name means; other parameters are somebody else's. */
static struct slice authorizer_meant(const char *query)
{
    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        if (strncmp(query, PARAMETER, strlen(PARAMETER)) == 0)
            return slice_of(query + strlen(PARAMETER), len - strlen(PARAMETER));
        query += len;
        query += *query == '&';
    }
    return slice_str(AUTHORIZER_NAME);
}

bool authorizer_lets_in(const char *token, const char *user_name, const char *password)
{
    if (user_name == NULL || password == NULL)
        return false;
    size_t len = strcspn(user_name, "?");
    const char *query = user_name + len + (user_name[len] == '?');

    return slice_is(slice_of(user_name, len), AUTHORIZER_USER) &&
           slice_is(authorizer_meant(query), AUTHORIZER_NAME) &&
           secret_equal(slice_str(password), slice_str(token));
}
