/*
 * address_range.h — ranges of IP addresses in CIDR notation: "192.0.2.0/24", "2001:db8::/32"; one
 * address alone is the range of itself.
 */
#ifndef CLOUD_POLICIES_ADDRESS_RANGE_H
#define CLOUD_POLICIES_ADDRESS_RANGE_H

#include <stdbool.h>

/* False: it is none. */
bool address_range_is_valid(const char *text);
/* Is the address, or all of that range, in it? False also if either is none. */
bool address_range_has(const char *range, const char *address);

#endif
