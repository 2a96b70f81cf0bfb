#include "paho/paho_letter.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

struct paho_mailbox *
paho_mailbox_new(struct loop *loop, void (*receive)(void *owner, const struct paho_letter *letter),
                 void *owner)
{
    struct paho_mailbox *box = xcalloc(1, sizeof *box);

    atomic_init(&box->refs, 1);
    box->loop = loop;
    box->receive = receive;
    box->owner = owner;
    return box;
}

static void unref(struct paho_mailbox *box)
{
    if (atomic_fetch_sub(&box->refs, 1) == 1)
        free(box);
}

void paho_mailbox_close(struct paho_mailbox *box)
{
    box->owner = NULL;
    unref(box);
}

static void deliver(void *arg)
{
    struct paho_letter *letter = arg;
    struct paho_mailbox *box = letter->box;

    if (box->owner != NULL)
        box->receive(box->owner, letter);
    unref(box);
    free(letter);
}

static struct slice put(uint8_t **at, struct slice s)
{
    uint8_t *start = *at;

    if (s.len != 0)
        memcpy(start, s.data, s.len);
    *at += s.len;
    return slice_of(start, s.len);
}

void paho_letter_post(const struct paho_letter *letter)
{
    struct paho_letter *copy =
        xmalloc(sizeof *copy + letter->topic.len + letter->body.len + letter->props.len);
    uint8_t *at = (uint8_t *)(copy + 1);

    *copy = *letter;
    copy->topic = put(&at, letter->topic);
    copy->body = put(&at, letter->body);
    copy->props = put(&at, letter->props);
    atomic_fetch_add(&copy->box->refs, 1);
    loop_post(copy->box->loop, deliver, copy);
}
