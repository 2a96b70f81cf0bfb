#include "actors/car_presence.h"

#include <stdio.h>
#include <string.h>

/* Version numbers begin anew after about an hour without a connection (contract 2.2). By our own
   clock, and with some margin: the cloud's begins earlier. */
#define VERSIONS_FORGOTTEN (3000 * USEC_PER_SEC)

static const char *const link_names[CAR_LINK_COUNT] = {
    /* ORDER CAR_LINK */
    "unknown",
    "online",
    "leaving",
    "offline",
};

const char *car_link_name(enum car_link link)
{
    return (unsigned)link < CAR_LINK_COUNT ? link_names[link] : "?";
}

void car_presence_init(struct car_presence *p, usec_t now)
{
    *p = (struct car_presence){.version = -1, .since = now};
}

static bool is_away(const struct car_presence *p)
{
    return p->link == CAR_LINK_LEAVING || p->link == CAR_LINK_OFFLINE;
}

static void keep(char room[40], const char *text)
{
    snprintf(room, 40, "%s", text);
}

/* Is it about a connection that is newer than all that was heard of? */
static bool is_newer(const struct car_presence *p, int64_t version, usec_t now)
{
    return version < 0 || version > p->version ||
           (is_away(p) && now - p->since >= VERSIONS_FORGOTTEN);
}

enum car_news car_presence_connected(struct car_presence *p, const struct car_presence_rules *r,
                                     const struct car_event *e, usec_t now)
{
    bool same = e->session[0] != '\0' && strcmp(e->session, p->session) == 0;

    if (same || !is_newer(p, e->version, now))
        return CAR_NEWS_STALE;
    enum car_news news = p->link == CAR_LINK_LEAVING ? CAR_NEWS_RETURNED : CAR_NEWS_TAKEN;
    if (is_away(p) && now - p->since >= r->session_expiry)
        p->subscribed = false;
    p->link = CAR_LINK_ONLINE;
    p->version = e->version;
    p->since = now;
    keep(p->session, e->session);
    if (p->session[0] != '\0' && strcmp(p->session, p->subscribed_session) == 0)
        p->subscribed = true;
    return news;
}

enum car_news car_presence_disconnected(struct car_presence *p, const struct car_presence_rules *r,
                                        const struct car_event *e, usec_t now)
{
    /* Of the connection that it has, or of one whose `connected` is still to come. */
    bool known = e->version >= 0 && e->version == p->version;

    if ((known && is_away(p)) || (!known && !is_newer(p, e->version, now)))
        return CAR_NEWS_STALE;
    p->version = e->version;
    p->since = now;
    keep(p->session, e->session);
    p->link = e->goodbye && r->trust_goodbye ? CAR_LINK_OFFLINE : CAR_LINK_LEAVING;
    return CAR_NEWS_TAKEN;
}

enum car_news car_presence_subscribed(struct car_presence *p, const char *session, usec_t now)
{
    bool again = session[0] != '\0' && strcmp(session, p->subscribed_session) == 0;
    bool current = p->session[0] == '\0' || strcmp(session, p->session) == 0;

    if (again && p->subscribed)
        return CAR_NEWS_STALE;
    keep(p->subscribed_session, session);
    if (!current) /* its `connected` is still to come, or it is an old one's */
        return CAR_NEWS_STALE;
    p->subscribed = true;
    /* No event has said that it is offline: the index was behind, and is to be asked again. */
    if (p->link == CAR_LINK_OFFLINE && p->version < 0) {
        p->link = CAR_LINK_UNKNOWN;
        p->since = now;
    } else if (p->link == CAR_LINK_UNKNOWN) {
        p->link = CAR_LINK_ONLINE;
        p->since = now;
    }
    return CAR_NEWS_TAKEN;
}

enum car_news car_presence_unsubscribed(struct car_presence *p, const char *session, usec_t now)
{
    if (!p->subscribed || (p->session[0] != '\0' && strcmp(session, p->session) != 0))
        return CAR_NEWS_STALE;
    car_presence_deaf(p, now);
    return CAR_NEWS_TAKEN;
}

void car_presence_learn(struct car_presence *p, bool connected, usec_t now)
{
    if (p->link != CAR_LINK_UNKNOWN)
        return;
    p->link = connected ? CAR_LINK_ONLINE : CAR_LINK_OFFLINE;
    p->subscribed = p->subscribed || connected;
    p->since = now;
}

void car_presence_forget(struct car_presence *p, usec_t now)
{
    bool subscribed = p->subscribed;

    car_presence_init(p, now);
    /* If its own session was lost as well, the car subscribes anew, and says so. */
    p->subscribed = subscribed;
}

void car_presence_deaf(struct car_presence *p, usec_t now)
{
    /* Once more so long until it is taken to listen without saying so. */
    if (!is_away(p))
        p->since = now;
    p->subscribed = false;
    p->subscribed_session[0] = '\0';
}

void car_presence_tick(struct car_presence *p, const struct car_presence_rules *r, usec_t now)
{
    /* `since` stays: sessions and version numbers count from when it left. */
    if (p->link == CAR_LINK_LEAVING && now - p->since >= r->confirm_offline)
        p->link = CAR_LINK_OFFLINE;
}

usec_t car_presence_due(const struct car_presence *p, const struct car_presence_rules *r,
                        usec_t now)
{
    if (p->link == CAR_LINK_LEAVING)
        return p->since + r->confirm_offline;
    if (p->link == CAR_LINK_OFFLINE || p->subscribed || now - p->since >= r->subscribe_within)
        return CAR_PRESENCE_NEVER;
    return p->since + r->subscribe_within;
}

bool car_presence_ready(const struct car_presence *p, const struct car_presence_rules *r,
                        usec_t now)
{
    if (p->link != CAR_LINK_ONLINE && p->link != CAR_LINK_UNKNOWN)
        return false;
    return p->subscribed || now - p->since >= r->subscribe_within;
}
