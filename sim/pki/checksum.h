/*
 * checksum.h — of what is in the files of a PKI: finds torn writes and flipped bits, not forgers,
 * for who can write those files has the keys already.
 */
#ifndef PKI_CHECKSUM_H
#define PKI_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t checksum(const void *data, size_t len);

#endif
