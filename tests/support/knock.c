#include "support/knock.h"

const struct first_contact_certificate unknown_certificate = {
    .origin = FIRST_CONTACT_AUTHORITY, .authority = AUTHORITY, .pem = "PEM"};

const int knock_handle;

enum cloud_verdict knock(struct cloud_world *w, const char *id,
                         const struct first_contact_certificate *certificate, const char *client_id)
{
    struct presence_peer peer = {.handle = &knock_handle,
                                 .client_id = client_id,
                                 .address = "192.0.2.7",
                                 .common_name = "car-1",
                                 .unit = "vehicle",
                                 .principal = id,
                                 .clean_start = true,
                                 .certificate = certificate};

    cloud_actions_cut(&w->out, 0);
    return cloud_connect(w->cloud, &peer, w->now_ms, &w->out);
}

void leave(struct cloud_world *w, const char *client_id)
{
    assert_true(cloud_disconnect(w->cloud, &knock_handle, client_id, PRESENCE_CONNECTION_LOST,
                                 w->now_ms, &w->out));
}
