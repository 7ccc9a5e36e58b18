#include "cli/call.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/tls.h"
#include "rpc/client.h"

enum {
    CONNECT_MS = 1000,         /* as GoBGP's client */
    MESSAGE_BYTES = 256 << 20, /* a daemon that puts a whole table into one message is still understood */
    PATH_MAX_BYTES = 128,
};

struct call_channel {
    struct rpc_client *client;
    struct tls_context *tls;
    struct buf request;
};

/* The host of "host:port" or "[address]:port": whose certificate the daemon must show. */
static const char *target_host(struct cli *cli, const char *target)
{
    const char *colon = strrchr(target, ':');
    size_t length = colon ? (size_t)(colon - target) : strlen(target);
    bool bracketed = length >= 2 && target[0] == '[' && target[length - 1] == ']';
    return arena_strndup(&cli->arena, target + bracketed, length - (bracketed ? 2 : 0));
}

static int make_tls(struct cli *cli, const char *target, struct tls_context **tls)
{
    struct err err = {0};
    struct tls_settings settings = {
        .certificate_file = cli->options.tls_cert_file,
        .key_file = cli->options.tls_key_file,
        .ca_file = cli->options.tls_ca_file,
        .server_name = target_host(cli, target),
        .alpn = "h2",
    };
    *tls = NULL;
    if (!cli->options.tls)
        return 0;
    *tls = tls_context_new_client(&settings, &err);
    return *tls ? 0 : cli_fail(cli, "%s", err.text);
}

static struct call_channel *channel_open(struct cli *cli)
{
    char target[512];
    struct str name = str_over(target, sizeof(target));
    if (cli->options.target)
        str_add(&name, cli->options.target);
    else
        str_printf(&name, strchr(cli->options.host, ':') ? "[%s]:%u" : "%s:%u", cli->options.host, cli->options.port);
    struct rpc_client_options options = {.target = target, .connect_ms = CONNECT_MS, .message_bytes = MESSAGE_BYTES};
    struct rpc_client *client;
    struct err err = {0};
    if (make_tls(cli, target, &options.tls) < 0)
        return NULL;
    if (rpc_client_connect(&options, &client, &err) < 0) {
        tls_context_unref(options.tls);
        bool wants_tls = !options.tls && strstr(err.text, "closed by the other end");
        cli_fail(cli, "%s%s", cli->options.compat ? "context deadline exceeded" : err.text,
                 wants_tls && !cli->options.compat ? " (if it serves TLS, give --tls)" : "");
        return NULL;
    }
    struct call_channel *channel = mem_zalloc(MEM_RPC, sizeof(*channel));
    channel->client = client;
    channel->tls = options.tls;
    buf_init(&channel->request, MESSAGE_BYTES);
    return channel;
}

static struct call_channel *channel_of(struct cli *cli)
{
    if (!cli->channel)
        cli->channel = channel_open(cli);
    return cli->channel;
}

void call_channel_free(struct call_channel *channel)
{
    if (!channel)
        return;
    rpc_client_free(channel->client);
    tls_context_unref(channel->tls);
    buf_release(&channel->request);
    mem_free(MEM_RPC, channel);
}

static const char *method_path(const char *method, char *path)
{
    if (method[0] == '/')
        return method;
    struct str str = str_over(path, PATH_MAX_BYTES);
    str_printf(&str, "/apipb.GobgpApi/%s", method);
    return path;
}

static bool channel_pack(struct call_channel *channel, const ProtobufCMessage *message)
{
    buf_clear(&channel->request);
    uint8_t *room = buf_extend(&channel->request, protobuf_c_message_get_packed_size(message));
    if (room)
        protobuf_c_message_pack(message, room);
    return !channel->request.failed;
}

static int call_ended(struct cli *cli, const struct rpc_status *status, bool stopped)
{
    if (status->code == RPC_OK || (stopped && status->code == RPC_CANCELLED))
        return 0;
    const char *name = rpc_code_name(status->code);
    char number[32];
    struct str str = str_over(number, sizeof(number));
    str_printf(&str, "Code(%d)", (int)status->code);
    return cli_fail(cli, "rpc error: code = %s desc = %s", name ? name : number, status->text);
}

/* Between the bytes of an answer and its reader. */
struct receiver {
    struct cli *cli;
    const ProtobufCMessageDescriptor *type;
    call_each each;
    void *context;
    bool stopped;
    bool broken;
};

static bool receive(void *context, const uint8_t *bytes, size_t length)
{
    struct receiver *receiver = context;
    if (!receiver->each)
        return true;
    ProtobufCMessage *message = protobuf_c_message_unpack(receiver->type, NULL, length, bytes);
    if (!message) {
        receiver->broken = true;
        return false;
    }
    receiver->stopped = !receiver->each(receiver->cli, receiver->context, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return !receiver->stopped;
}

int call(struct cli *cli, const char *method, const ProtobufCMessage *request, const ProtobufCMessageDescriptor *answer,
         call_each each, void *context)
{
    char path[PATH_MAX_BYTES];
    struct call_channel *channel = channel_of(cli);
    cli->call_failed = true;
    if (!channel)
        return E_IO;
    if (!channel_pack(channel, request))
        return cli_fail(cli, "the request is too long");
    struct receiver receiver = {.cli = cli, .type = answer, .each = each, .context = context};
    struct rpc_status *status = arena_alloc(&cli->arena, sizeof(*status));
    struct rpc_request bytes = {
        .path = method_path(method, path), .message = channel->request.bytes, .length = channel->request.length};
    rpc_client_call(channel->client, &bytes, receive, &receiver, status);
    if (receiver.broken)
        return cli_fail(cli, "the answer to %s is not readable", method);
    if (call_ended(cli, status, receiver.stopped) < 0)
        return E_INVALID;
    cli->call_failed = false;
    return cli->error.length ? E_INVALID : 0; /* a reader may have found fault */
}

/* The command's arena as an allocator of protobuf-c. */
static void *arena_allocate(void *context, size_t bytes)
{
    return arena_alloc(context, bytes);
}

static void arena_keep(void *context, void *memory)
{
}

/* A copy that lives as long as the command. */
static ProtobufCMessage *answer_copy(struct cli *cli, const ProtobufCMessage *answer)
{
    ProtobufCAllocator allocator = {.alloc = arena_allocate, .free = arena_keep, .allocator_data = &cli->arena};
    size_t size = protobuf_c_message_get_packed_size(answer);
    uint8_t *bytes = arena_alloc(&cli->arena, size + 1);
    protobuf_c_message_pack(answer, bytes);
    return protobuf_c_message_unpack(answer->descriptor, &allocator, size, bytes);
}

static bool keep_answer(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    ProtobufCMessage **kept = context;
    if (!*kept)
        *kept = answer_copy(cli, answer);
    return true;
}

void *call_for(struct cli *cli, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *answer)
{
    ProtobufCMessage *kept = NULL;
    if (call(cli, method, request, answer, keep_answer, &kept) < 0)
        return NULL;
    if (!kept)
        cli_fail(cli, "%s was not answered", method);
    return kept;
}

static bool gather_answer(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    struct call_answers *answers = context;
    if ((answers->count & (answers->count - 1)) == 0) { /* room for a power of two: full */
        ProtobufCMessage **larger = arena_alloc(&cli->arena, (answers->count * 2 + 1) * sizeof(*larger));
        if (answers->count)
            memcpy(larger, answers->messages, answers->count * sizeof(*larger));
        answers->messages = larger;
    }
    answers->messages[answers->count++] = answer_copy(cli, answer);
    return true;
}

int call_all(struct cli *cli, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessageDescriptor *answer, struct call_answers *answers)
{
    *answers = (struct call_answers){0};
    return call(cli, method, request, answer, gather_answer, answers);
}

int call_begin(struct cli *cli, const char *method)
{
    char path[PATH_MAX_BYTES];
    struct call_channel *channel = channel_of(cli);
    if (!channel)
        return E_IO;
    rpc_client_begin(channel->client, &(struct rpc_request){.path = method_path(method, path)}, NULL, NULL);
    return 0;
}

bool call_send(struct cli *cli, const ProtobufCMessage *message)
{
    return channel_pack(cli->channel, message) &&
           rpc_client_send(cli->channel->client, cli->channel->request.bytes, cli->channel->request.length);
}

int call_finish(struct cli *cli)
{
    struct rpc_status *status = arena_alloc(&cli->arena, sizeof(*status));
    rpc_client_finish(cli->channel->client, status);
    return call_ended(cli, status, false);
}
