#include "script/car_provision.h"

#include <lauxlib.h>
#include <string.h>

#include "base/json.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_clock.h"
#include "fleet/vehicle_rotation.h"
#include "pki/factory.h"
#include "script/car.h"
#include "script/lua_json.h"
#include "tcu/provision.h"

#define CONFIGURATION_DEPTH 16
#define PEM_MAX             16384

/* ORDER VEHICLE_CONTACT */
static const char *const kinds[] = {"known", "claim", "claim_keys", "just_in_time", NULL};

/* ORDER VEHICLE_VALIDITY */
static const char *const validities[] = {"valid", "expired", "not_yet_valid", NULL};

static const char *text_field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

bool car_provision_read(lua_State *L, int index, struct vehicle_contact *ret)
{
    if (!lua_istable(L, index))
        return false;
    lua_getfield(L, index, "by");
    *ret = (struct vehicle_contact){
        .kind = (enum vehicle_contact_kind)luaL_checkoption(L, -1, NULL, kinds)};
    lua_pop(L, 1);
    lua_getfield(L, index, "validity");
    ret->validity = (enum vehicle_validity)luaL_checkoption(L, -1, validities[0], validities);
    lua_pop(L, 1);
    lua_getfield(L, index, "cbor");
    ret->cbor = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    ret->template_name = text_field(L, index, "template");
    ret->authority = text_field(L, index, "factory");
    ret->parameters = text_field(L, index, "parameters");
    ret->model = text_field(L, index, "model");
    return true;
}

/* car_certificate(car): the id of the certificate that it shows */
static int f_certificate(lua_State *L)
{
    char id[CERTIFICATE_ID_SIZE];

    vehicle_certificate_id(car_check(L, 1)->vehicle, id);
    lua_pushstring(L, id);
    return 1;
}

/* car_provisioned(car): has the cloud taken a certificate of its own? */
static int f_provisioned(lua_State *L)
{
    lua_pushboolean(L, tcu_is_provisioned(car_check(L, 1)->vehicle->tcu));
    return 1;
}

/* car_device_configuration(car): what came with its thing, or nil */
static int f_device_configuration(lua_State *L)
{
    const char *text = vehicle_device_configuration(car_check(L, 1)->vehicle);
    cJSON *json = text != NULL ? json_parse(slice_str(text), CONFIGURATION_DEPTH) : NULL;

    lua_json_push(L, json);
    cJSON_Delete(json);
    return 1;
}

/* car_signing_request(car): of its new key; nil: not yet; or nil and why there is none */
static int f_signing_request(lua_State *L)
{
    const char *why = NULL;
    const char *csr = vehicle_rotation_request(car_check(L, 1)->vehicle, &why);

    lua_pushstring(L, csr);
    lua_pushstring(L, why);
    return 2;
}

/* car_keep_certificate(car, pem): nil, or why it cannot be kept */
static int f_keep_certificate(lua_State *L)
{
    struct vehicle *v = car_check(L, 1)->vehicle;
    size_t len;
    const char *pem = luaL_checklstring(L, 2, &len);
    struct error err;

    lua_pushstring(L, vehicle_rotation_keep(v, slice_of(pem, len), &err) ? NULL : err.text);
    return 1;
}

/* car_try_certificate(car, on): is there a new one? */
static int f_try_certificate(lua_State *L)
{
    lua_pushboolean(L, vehicle_rotation_try(car_check(L, 1)->vehicle, lua_toboolean(L, 2) != 0));
    return 1;
}

static int f_commit_certificate(lua_State *L)
{
    lua_pushboolean(L, vehicle_rotation_commit(car_check(L, 1)->vehicle));
    return 1;
}

static int f_revert_certificate(lua_State *L)
{
    lua_pushboolean(L, vehicle_rotation_revert(car_check(L, 1)->vehicle));
    return 1;
}

/* car_drop_certificate(car): did it show it? */
static int f_drop_certificate(lua_State *L)
{
    lua_pushboolean(L, vehicle_rotation_drop(car_check(L, 1)->vehicle));
    return 1;
}

static int f_settle_certificate(lua_State *L)
{
    vehicle_rotation_settle(car_check(L, 1)->vehicle);
    return 0;
}

/* car_certificates(car): has it a new one, and one that was replaced? */
static int f_certificates(lua_State *L)
{
    const struct vehicle *v = car_check(L, 1)->vehicle;

    lua_pushboolean(L, vehicle_rotation_has_next(v));
    lua_pushboolean(L, vehicle_rotation_has_previous(v));
    return 2;
}

/* factory_pem(name): the factory's root and what is below it, PEM */
static int f_factory_pem(lua_State *L)
{
    struct error err;
    const struct factory *factory =
        simulation_factory(script_of(L)->sim, luaL_checkstring(L, 1), &err);
    struct buf pem;

    if (factory == NULL)
        return luaL_error(L, "%s", err.text);
    buf_init(&pem, PEM_MAX);
    factory_pem(factory, &pem);
    lua_pushlstring(L, buf_cstr(&pem), buf_len(&pem));
    buf_done(&pem);
    return 1;
}

/* car_set_clock(car, seconds): fast, or slow if below 0. False: it cannot be. */
static int f_set_clock(lua_State *L)
{
    struct error err;

    lua_pushboolean(
        L, vehicle_set_clock(car_check(L, 1)->vehicle, (int64_t)luaL_checknumber(L, 2), &err));
    return 1;
}

/* car_clock_offset(car): seconds by which it is fast */
static int f_clock_offset(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)car_check(L, 1)->vehicle->clock_offset);
    return 1;
}

static const luaL_Reg functions[] = {
    {"car_certificate",          f_certificate         },
    {"car_provisioned",          f_provisioned         },
    {"car_device_configuration", f_device_configuration},
    {"car_signing_request",      f_signing_request     },
    {"car_keep_certificate",     f_keep_certificate    },
    {"car_try_certificate",      f_try_certificate     },
    {"car_commit_certificate",   f_commit_certificate  },
    {"car_revert_certificate",   f_revert_certificate  },
    {"car_drop_certificate",     f_drop_certificate    },
    {"car_settle_certificate",   f_settle_certificate  },
    {"car_certificates",         f_certificates        },
    {"car_set_clock",            f_set_clock           },
    {"car_clock_offset",         f_clock_offset        },
    {"factory_pem",              f_factory_pem         },
    {NULL,                       NULL                  },
};

void car_provision_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
