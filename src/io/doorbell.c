/* A mail that may be posted any number of times: `rung` lets only the first ring through until it is answered. It is
 * lowered before the answer runs, so a ring during the answer is answered again.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/mem.h"
#include "io/loop.h"

struct doorbell {
    struct mail mail;
    struct loop *loop;
    void (*answered)(void *context);
    void *context;
    atomic_bool rung;
};

static void doorbell_deliver(struct mail *mail)
{
    struct doorbell *doorbell = container_of(mail, struct doorbell, mail);
    /* Sequentially consistent, paired with the ringer's exchange: either it sees the bell lowered and posts, or this
     * thread sees what it wrote before ringing. */
    atomic_exchange(&doorbell->rung, false);
    doorbell->answered(doorbell->context);
}

struct doorbell *doorbell_new(struct loop *loop, void (*answered)(void *context), void *context)
{
    struct doorbell *doorbell = mem_zalloc(MEM_OTHER, sizeof(*doorbell));
    doorbell->mail.deliver = doorbell_deliver;
    doorbell->loop = loop;
    doorbell->answered = answered;
    doorbell->context = context;
    atomic_init(&doorbell->rung, false);
    return doorbell;
}

void doorbell_ring(struct doorbell *doorbell)
{
    if (!atomic_exchange(&doorbell->rung, true))
        mailbox_post(doorbell->loop, &doorbell->mail);
}

void doorbell_free(struct doorbell *doorbell)
{
    if (!doorbell)
        return;
    if (atomic_load(&doorbell->rung))
        mailbox_withdraw(doorbell->loop, &doorbell->mail);
    mem_free(MEM_OTHER, doorbell);
}
