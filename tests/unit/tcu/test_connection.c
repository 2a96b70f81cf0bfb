#include "unit/tcu/car.h"

static const struct tcu_connect as_all = {
    .clean_start = -1, .session_expiry_s = -1, .keep_alive_s = -1};

static void configure(struct car *car, const struct tcu_connect *o)
{
    struct error err;

    if (!tcu_configure(car->tcu, o, &err))
        fail_msg("%s", err.text);
}

static void what_differs_is_used(void **state)
{
    static const struct {
        struct tcu_connect given;
        bool clean_start;
        uint32_t session_expiry_s;
        uint16_t keep_alive_s;
        enum mqtt_version version;
    } rows[] = {
        {{.clean_start = -1, .session_expiry_s = -1, .keep_alive_s = -1},                      false, 3600, 60, MQTT_5    },
        {{.clean_start = 1, .session_expiry_s = -1, .keep_alive_s = -1},                       true,  3600, 60, MQTT_5    },
        {{.clean_start = -1, .session_expiry_s = 0, .keep_alive_s = -1},                       true,  0,    60, MQTT_5    },
        {{.clean_start = 0, .session_expiry_s = 0, .keep_alive_s = 0},                         false, 0,    0,  MQTT_5    },
        {{.clean_start = -1, .session_expiry_s = 7, .keep_alive_s = 9, .version = MQTT_3_1_1},
         false,                                                                                       7,
         9,                                                                                                     MQTT_3_1_1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct car *car = car_new();
        configure(car, &rows[i].given);
        tcu_power_on(car->tcu);
        const struct mqtt_connect *o = &car->client->options;
        assert_int_equal(o->clean_start, rows[i].clean_start);
        assert_int_equal(o->session_expiry_s, rows[i].session_expiry_s);
        assert_int_equal(o->keep_alive_s, rows[i].keep_alive_s);
        assert_int_equal(o->version, rows[i].version);
        assert_int_equal(tcu_version(car->tcu), rows[i].version);
        assert_string_equal(car->client->client_id, THING);
        assert_null(o->will);
        car_free(car);
    }
}

static void a_will_of_its_own(void **state)
{
    struct car *car = car_draft();
    char topic[] = "dt/x", payload[] = "gone", type[] = "text/plain";
    struct mqtt_will will = {
        .message = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1},
        .delay_s = 30
    };
    struct tcu_connect o = as_all;

    (void)state;
    car->config.will = true;
    car_build(car);
    mqtt_props_set(&will.message.props, MQTT_PROP_CONTENT_TYPE);
    will.message.props.content_type = slice_str(type);
    o.will = &will;
    configure(car, &o);
    /* It is a copy. */
    memset(topic, 'x', sizeof topic - 1);
    memset(payload, 'x', sizeof payload - 1);
    memset(type, 'x', sizeof type - 1);
    tcu_power_on(car->tcu);
    assert_string_equal(car->client->will_topic, "dt/x");
    assert_string_equal(car->client->will_payload, "gone");
    assert_int_equal(car->client->options.will->delay_s, 30);
    assert_true(slice_is(car->client->options.will->message.props.content_type, "text/plain"));
    /* Without one the car leaves what all leave. */
    configure(car, &as_all);
    tcu_drop_connection(car->tcu);
    car_await(car, TCU_CONNECTING);
    assert_string_equal(car->client->will_topic, "dt/fleetsim/" THING "/connection");
    car_free(car);
}

static void the_profile_decides_on_the_keep_alive(void **state)
{
    struct car *car = car_draft();
    struct tcu_connect o = as_all;

    (void)state;
    assert_true(mqtt_profile_find("aws", &car->config.profile));
    car_build(car);
    o.keep_alive_s = 5;
    configure(car, &o);
    tcu_power_on(car->tcu);
    assert_int_equal(car->client->options.keep_alive_s, 30);
    car_free(car);
}

static void what_cannot_be_is_refused(void **state)
{
    const struct mqtt_will qos2 = {
        .message = {.topic = slice_str("a"), .qos = 2}
    };
    struct mqtt_will odd = {.message = {.topic = slice_str("a")}};
    struct tcu_connect rows[] = {as_all, as_all, as_all, as_all};
    static const char *const parts[] = {"keep-alive", "session expiry",
                                        "profile aws: a will of QoS", "will: "};
    struct car *car = car_draft();

    (void)state;
    assert_true(mqtt_profile_find("aws", &car->config.profile));
    car_build(car);
    mqtt_props_set(&odd.message.props, MQTT_PROP_TOPIC_ALIAS);
    odd.message.props.topic_alias = 1;
    rows[0].keep_alive_s = 65536;
    rows[1].session_expiry_s = (int64_t)1 << 32;
    rows[2].will = &qos2;
    rows[3].will = &odd;
    for (size_t i = 0; i < 4; i++) {
        struct error err;
        assert_false(tcu_configure(car->tcu, &rows[i], &err));
        if (strstr(err.text, parts[i]) == NULL)
            fail_msg("no \"%s\" in \"%s\"", parts[i], err.text);
    }
    car_free(car);
}

static void an_assigned_client_id_is_kept(void **state)
{
    struct car *car = car_new();
    struct tcu_connect o = as_all;
    struct mqtt_connack connack = {.keep_alive_s = 30};
    struct tcu_connection seen;

    (void)state;
    o.client_id = slice_str("");
    configure(car, &o);
    assert_false(tcu_connection(car->tcu, &seen));
    tcu_power_on(car->tcu);
    assert_string_equal(car->client->client_id, "");
    assert_false(tcu_connection(car->tcu, &seen));
    mqtt_props_set(&connack.props, MQTT_PROP_ASSIGNED_CLIENT_IDENTIFIER);
    connack.props.assigned_client_identifier = slice_str("auto-1");
    mqtt_props_set(&connack.props, MQTT_PROP_SERVER_KEEP_ALIVE);
    connack.props.server_keep_alive = 30;
    car->client->up = true;
    car->client->base.events->connected(car->tcu, &connack);
    assert_true(tcu_connection(car->tcu, &seen));
    assert_int_equal(seen.keep_alive_s, 30);
    assert_false(seen.session_present);
    assert_true(slice_is(seen.client_id, "auto-1"));
    assert_true(slice_is(seen.props.assigned_client_identifier, "auto-1"));
    assert_int_equal(seen.props.server_keep_alive, 30);
    /* With it the session is found again. */
    fake_close(car->client, MQTT_CLOSE_TCP, "reset");
    assert_false(tcu_connection(car->tcu, &seen));
    car_await(car, TCU_CONNECTING);
    assert_string_equal(car->client->client_id, "auto-1");
    car_free(car);
}

static void the_last_close_is_remembered(void **state)
{
    struct car *car = car_new();
    struct mqtt_closed closed;

    (void)state;
    assert_false(tcu_last_close(car->tcu, &closed));
    car_go_online(car);
    tcu_sleep(car->tcu);
    assert_false(tcu_last_close(car->tcu, &closed));
    assert_true(tcu_wake(car->tcu));
    fake_close(car->client, MQTT_CLOSE_TLS, "certificate has expired");
    assert_true(tcu_last_close(car->tcu, &closed));
    assert_int_equal(closed.why, MQTT_CLOSE_TLS);
    assert_string_equal(closed.text, "certificate has expired");
    car_await(car, TCU_CONNECTING);
    fake_close(car->client, MQTT_CLOSE_SERVER, "x");
    assert_true(tcu_last_close(car->tcu, &closed));
    assert_int_equal(closed.why, MQTT_CLOSE_SERVER);
    assert_string_equal(closed.text, "x");
    car_free(car);
}

static bool passing;

static bool quiet(void *ctx)
{
    (void)ctx;
    return passing;
}

static void stop_time(void *arg)
{
    (void)arg;
    passing = false;
}

static void pass(struct car *car, uint64_t seconds)
{
    struct loop_timer timer;

    loop_timer_init(&timer, car->loop, stop_time, NULL);
    loop_timer_start_script(&timer, seconds * USEC_PER_SEC);
    passing = true;
    while (passing)
        ev_run(car->loop->ev, EVRUN_NOWAIT);
}

/* In virtual time the broker cannot know that a session has expired. */
static void a_session_that_has_expired_is_begun_anew(void **state)
{
    static const struct {
        enum mqtt_version version;
        int64_t expiry;                     /* tcu_configure()'s; -1: as all, 3600 */
        uint32_t granted, asked_at_the_end; /* by CONNACK and DISCONNECT; 0: not said */
        uint64_t away;
        bool clean;
    } rows[] = {
        {MQTT_5,     -1,         0,   0,    3599,    false},
        {MQTT_5,     -1,         0,   0,    3601,    true },
        {MQTT_5,     86400,      0,   0,    3601,    false},
        {MQTT_5,     86400,      600, 0,    3601,    true },
        {MQTT_5,     -1,         0,   7200, 3601,    false},
        {MQTT_5,     -1,         0,   60,   61,      true },
        {MQTT_5,     4294967295, 0,   0,    9999999, false},
        {MQTT_3_1_1, -1,         0,   0,    9999999, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct car *car = car_draft();
        struct tcu_connect o = as_all;
        struct mqtt_props at_end = {.present = 0};
        loop_make_virtual(car->loop, &(struct loop_virtual){.quiet = quiet});
        car_build(car);
        o.version = rows[i].version;
        o.session_expiry_s = rows[i].expiry;
        configure(car, &o);
        car->client->session_expiry_s = rows[i].granted;
        car_go_online(car);
        if (rows[i].asked_at_the_end != 0) {
            at_end.present = (uint64_t)1 << MQTT_PROP_SESSION_EXPIRY_INTERVAL;
            at_end.session_expiry_interval = rows[i].asked_at_the_end;
            tcu_disconnect(car->tcu, 0, &at_end);
        } else {
            tcu_sleep(car->tcu);
        }
        pass(car, rows[i].away);
        assert_true(tcu_wake(car->tcu));
        assert_int_equal(car->client->options.clean_start, rows[i].clean);
        fake_connected(car->client, !rows[i].clean);
        /* Once it is back the session is a new one. */
        tcu_sleep(car->tcu);
        assert_true(tcu_wake(car->tcu));
        assert_false(car->client->options.clean_start);
        car_free(car);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_is_used),
        cmocka_unit_test(a_will_of_its_own),
        cmocka_unit_test(the_profile_decides_on_the_keep_alive),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(an_assigned_client_id_is_kept),
        cmocka_unit_test(the_last_close_is_remembered),
        cmocka_unit_test(a_session_that_has_expired_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
