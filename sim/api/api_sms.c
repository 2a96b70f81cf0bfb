/* Text messages to cars: our own shape, Twilio's and that of Amazon SNS, so that a cloud under test
   can wake cars with the client that it has. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "api/api_inside.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "http/http_form.h"
#include "http/http_problem.h"
#include "metrics/json_text.h"

#define NUMBER_MAX 24
#define ID_BYTES   16

/* ---- what all have ---- */

/* "+999 12-34" as "+99912…". */
static void normalize(const char *number, char ret[static NUMBER_MAX])
{
    size_t len = 0;

    ret[len++] = '+';
    for (; *number != '\0' && len < NUMBER_MAX - 1; number++)
        if (isdigit((unsigned char)*number) != 0)
            ret[len++] = *number;
    ret[len] = '\0';
}

static struct vehicle *addressee(const struct api *api, const char *number)
{
    char plain[NUMBER_MAX];

    normalize(number, plain);
    return sms_addressee(api->sim, plain);
}

static cJSON *text_argument(const char *text)
{
    cJSON *arguments = cJSON_CreateObject();

    cJSON_AddStringToObject(arguments, "text", text);
    return arguments;
}

/* False: there are too many already. */
static bool send_quietly(struct api *api, struct vehicle *v, const char *text)
{
    return api_begin_quietly(
        api, &(struct api_plan){.vehicle = v, .verb = "sms", .arguments = text_argument(text)});
}

/* 32 hexadecimal digits that nobody has had. */
static void make_id(char ret[static 2 * ID_BYTES + 1])
{
    uint8_t bytes[ID_BYTES] = {0};

    if (getrandom(bytes, sizeof bytes, 0) < 0)
        memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static bool take_form(const struct http_request *request, struct http_form *form,
                      struct http_reply *reply)
{
    static const char type[] = "application/x-www-form-urlencoded";

    if (request->content_type == NULL ||
        strncmp(request->content_type, type, sizeof type - 1) != 0) {
        http_problem(reply, 415, "the body is no form (send %s)", type);
        return false;
    }
    if (http_form_read(request->body, form))
        return true;
    http_problem(reply, 400, "the form has more than %d fields, or zero bytes", HTTP_FORM_FIELDS);
    return false;
}

/* ---- ours ---- */

void api_sms(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct api *api = ctx;
    cJSON *body = api_body(request, reply);

    if (body == NULL)
        return;
    const char *to = json_str(body, "to", NULL), *text = json_str(body, "text", "");
    struct vehicle *v = to != NULL ? addressee(api, to) : NULL;
    if (to == NULL)
        http_problem(reply, 422,
                     "a message goes to a number (as {\"to\": \"+999000000000013\", "
                     "\"text\": \"wake\"}; GET /v1/vehicles tells them as msisdn)");
    else if (v == NULL)
        http_problem(reply, 404,
                     "no car has the number %.32s (GET /v1/vehicles tells them as "
                     "msisdn)",
                     to);
    else
        api_begin(
            api, request, reply,
            &(struct api_plan){.vehicle = v, .verb = "sms", .arguments = text_argument(text)});
    cJSON_Delete(body);
}

/* ---- Twilio: Programmable Messaging, "Create a Message" ---- */

static void twilio_error(struct http_reply *reply, unsigned status, int code, const char *message)
{
    cJSON *error = cJSON_CreateObject();

    cJSON_AddNumberToObject(error, "code", code);
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddStringToObject(error, "more_info", "https://www.twilio.com/docs/errors");
    cJSON_AddNumberToObject(error, "status", status);
    api_reply_json(reply, status, error);
}

static cJSON *twilio_message(const struct http_form *form, const char *account)
{
    cJSON *message = cJSON_CreateObject();
    char id[2 * ID_BYTES + 1], sid[sizeof id + 2], date[40], uri[256];
    time_t now = time(NULL);
    struct tm utc;

    make_id(id);
    snprintf(sid, sizeof sid, "SM%s", id);
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &utc);
    snprintf(uri, sizeof uri, "/2010-04-01/Accounts/%.64s/Messages/%s.json", account, sid);
    cJSON_AddStringToObject(message, "sid", sid);
    json_add_text(message, "account_sid", account);
    cJSON_AddStringToObject(message, "api_version", "2010-04-01");
    json_add_text(message, "to", http_form_get(form, "To"));
    json_add_text(message, "from", http_form_get(form, "From"));
    json_add_text(message, "messaging_service_sid", http_form_get(form, "MessagingServiceSid"));
    const char *text = http_form_get(form, "Body");
    json_add_text(message, "body", text != NULL ? text : "");
    cJSON_AddStringToObject(message, "status", "queued");
    cJSON_AddStringToObject(message, "direction", "outbound-api");
    cJSON_AddStringToObject(message, "num_segments", "1");
    cJSON_AddStringToObject(message, "num_media", "0");
    json_add_text(message, "date_created", date);
    json_add_text(message, "date_updated", date);
    json_add_text(message, "date_sent", NULL);
    json_add_text(message, "price", NULL);
    cJSON_AddStringToObject(message, "price_unit", "USD");
    json_add_text(message, "error_code", NULL);
    json_add_text(message, "error_message", NULL);
    json_add_text(message, "uri", uri);
    return message;
}

void api_sms_twilio(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct api *api = ctx;
    struct http_form form;

    if (!take_form(request, &form, reply))
        return;
    const char *to = http_form_get(&form, "To"), *text = http_form_get(&form, "Body");
    struct vehicle *v = to != NULL ? addressee(api, to) : NULL;
    if (to == NULL) {
        twilio_error(reply, 400, 21604, "A 'To' phone number is required.");
    } else if (text == NULL) {
        twilio_error(reply, 400, 21602, "Message body is required.");
    } else if (v == NULL) {
        twilio_error(reply, 400, 21211, "Invalid 'To' Phone Number: no car has it.");
    } else if (!send_quietly(api, v, text)) {
        twilio_error(reply, 429, 20429, "Too Many Requests: messages wait for coverage.");
    } else {
        char *account = xstrndup((const char *)request->param[0].data, request->param[0].len);
        api_reply_json(reply, 201, twilio_message(&form, account));
        free(account);
    }
    http_form_done(&form);
}

/* ---- Amazon SNS: Publish, of its query protocol ---- */

#define SNS_NAMESPACE "http://sns.amazonaws.com/doc/2010-03-31/"

/* 8-4-4-4-12 */
static void make_uuid(char ret[static 37])
{
    char id[2 * ID_BYTES + 1];

    make_id(id);
    snprintf(ret, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
}

static void sns_error(struct http_reply *reply, unsigned status, const char *code,
                      const char *message)
{
    char request_id[37];

    make_uuid(request_id);
    reply->status = status;
    buf_printf(&reply->body,
               "<ErrorResponse xmlns=\"" SNS_NAMESPACE "\"><Error><Type>Sender</Type>"
               "<Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId>"
               "</ErrorResponse>\n",
               code, message, request_id);
}

void api_sms_sns(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct api *api = ctx;
    char message_id[37], request_id[37];
    struct http_form form;

    if (!take_form(request, &form, reply))
        return;
    const char *action = http_form_get(&form, "Action");
    const char *to = http_form_get(&form, "PhoneNumber");
    const char *text = http_form_get(&form, "Message");
    struct vehicle *v = to != NULL ? addressee(api, to) : NULL;
    reply->content_type = "text/xml";
    if (action == NULL || strcmp(action, "Publish") != 0) {
        sns_error(reply, 400, "InvalidAction", "Publish to a PhoneNumber is all that is here");
    } else if (text == NULL || *text == '\0') {
        sns_error(reply, 400, "InvalidParameter", "Invalid parameter: Empty message");
    } else if (v == NULL) {
        sns_error(reply, 400, "InvalidParameter",
                  "Invalid parameter: PhoneNumber Reason: no car has that number");
    } else if (!send_quietly(api, v, text)) {
        sns_error(reply, 429, "Throttled", "Rate exceeded: messages wait for coverage");
    } else {
        make_uuid(message_id);
        make_uuid(request_id);
        buf_printf(&reply->body,
                   "<PublishResponse xmlns=\"" SNS_NAMESPACE "\"><PublishResult><MessageId>%s"
                   "</MessageId></PublishResult><ResponseMetadata><RequestId>%s</RequestId>"
                   "</ResponseMetadata></PublishResponse>\n",
                   message_id, request_id);
    }
    http_form_done(&form);
}
