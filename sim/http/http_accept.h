/*
 * http_accept.h — what a client would rather have, as its Accept header says (RFC 9110, 12.5.1).
 */
#ifndef HTTP_HTTP_ACCEPT_H
#define HTTP_HTTP_ACCEPT_H

/* The weight of a media type ("text/plain") in thousandths, 0 to 1000, by the most specific range
   that is about it; parameters of ranges other than q are passed over. 1000 if the header is NULL
   or empty, 0 if no range is about it. Safe on any text. */
int http_accept_weight(const char *header, const char *type);

#endif
