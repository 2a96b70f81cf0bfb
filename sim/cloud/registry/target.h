/*
 * target.h — what an operator attaches things like policies to: "group/recalled", "thing/car-1", or
 * an ARN of one. Pure; what is returned is part of the text.
 */
#ifndef CLOUD_REGISTRY_TARGET_H
#define CLOUD_REGISTRY_TARGET_H

/* What stands behind the account of an ARN; the whole text if it is none. */
const char *target_bare(const char *target);
/* What stands behind one of two words for a kind: "group/" and "thinggroup/". NULL: another kind,
   or no name. */
const char *target_name(const char *bare, const char *kind, const char *other);

#endif
