/* godwit why: all paths to a destination, the step of the decision process that put each in its place, and what a
 * neighbor was told. godwit neighbor ADDRESS why: what its session does, and what ended it last. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/words.h"
#include "godwit.pb-c.h"
#include "net/prefix.h"

static void show_candidate(struct output *out, const Godwit__V1__WhyResponse__Candidate *candidate, unsigned rank,
                           bool only)
{
    char age[AGE_TEXT_MAX];
    const char *mark = candidate->rejected_reason[0] ? "x" : candidate->best ? ">" : " ";
    output_printf(out, "%s %2u  from %s", mark, rank, candidate->peer[0] ? candidate->peer : "here");
    if (candidate->peer_asn)
        output_printf(out, " (AS %" PRIu32 ")", candidate->peer_asn);
    output_printf(out, ", next hop %s, path [%s], age %s", candidate->next_hop, candidate->as_path,
                  age_format(0, candidate->age_s, age));
    if (candidate->path_identifier)
        output_printf(out, ", path id %" PRIu32, candidate->path_identifier);
    output_printf(out, "%s\n", candidate->stale ? ", stale" : "");
    if (candidate->rejected_reason[0])
        output_printf(out, "      not used: %s\n", candidate->rejected_reason);
    else if (only)
        output_printf(out, "      best: %s\n", candidate->sentence);
    else if (candidate->sentence[0])
        output_printf(out, "      %s by %s (%s)\n", candidate->best ? "best" : "behind", candidate->decisive_step,
                      candidate->sentence);
}

static void show_why(struct output *out, const Godwit__V1__WhyResponse *why, const char *to)
{
    size_t eligible = 0;
    output_printf(out, "%s\n", why->prefix);
    for (size_t i = 0; i < why->n_candidates; i++)
        eligible += why->candidates[i]->rejected_reason[0] == '\0';
    for (size_t i = 0; i < why->n_candidates; i++)
        show_candidate(out, why->candidates[i], (unsigned)i + 1, i == 0 && eligible == 1);
    if (!why->advertised)
        return;
    output_printf(out, "to %s: %s\n", to, why->advertised->told ? "told" : "not told");
    if (why->advertised->reason[0])
        output_printf(out, "      %s\n", why->advertised->reason);
    if (why->advertised->told)
        output_printf(out, "      next hop %s, path [%s]%s%s\n", why->advertised->next_hop, why->advertised->as_path,
                      why->advertised->attributes[0] ? ", " : "", why->advertised->attributes);
}

int cmd_why(struct cli *cli, const struct command *command, const struct words *words)
{
    struct keyword keywords[] = {{"to", KEYWORD_SINGLE}};
    struct words leading;
    struct prefix prefix;
    enum family_id family_id;
    Godwit__V1__WhyRequest request = GODWIT__V1__WHY_REQUEST__INIT;
    Apipb__Family family = APIPB__FAMILY__INIT;
    if (keywords_split(cli, words, keywords, 1, &leading) < 0 || leading.count != 1)
        return cli_fail(cli, "usage: godwit why %s", command->words);
    if (prefix_parse(leading.word[0], true, &prefix) < 0)
        return cli_fail(cli, "%s: neither a prefix nor an address", leading.word[0]);
    enum family_id preset = prefix.addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
    if (cli_family(cli, preset, &family_id) < 0)
        return E_INVALID;
    family.afi = family_get(family_id)->afi;
    family.safi = family_get(family_id)->safi;
    request.prefix = leading.word[0];
    request.family = &family;
    if (keywords[0].given)
        request.to_peer = keywords[0].values.word[0];
    Godwit__V1__WhyResponse *why =
        call_for(cli, "/godwit.v1.Godwit/Why", &request.base, &godwit__v1__why_response__descriptor);
    if (!why)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &why->base);
        output_add(&cli->out, "\n");
    } else {
        show_why(&cli->out, why, request.to_peer);
    }
    return 0;
}

static void show_remark(struct output *out, const char *title, const Godwit__V1__WhyNeighborResponse__Remark *remark)
{
    char age[AGE_TEXT_MAX];
    if (remark)
        output_printf(out, "  %-13s %s ago: %s\n", title, age_format(0, remark->age_s, age), remark->text);
}

static void show_session(struct output *out, const Godwit__V1__WhyNeighborResponse *why)
{
    char age[AGE_TEXT_MAX];
    output_printf(out, "%s is %s: %s\n", why->peer, why->state, why->sentence);
    if (why->since_s < 0)
        output_add(out, "  it never was up\n");
    else
        output_printf(out, "  %s for %s, went down %" PRIu32 " %s\n",
                      strcmp(why->state, "ESTABLISHED") == 0 ? "up" : "down", age_format(0, why->since_s, age),
                      why->flaps, why->flaps == 1 ? "time" : "times");
    if (why->stale[0])
        output_printf(out, "  %-13s %s\n", "it restarts", why->stale);
    show_remark(out, "last reason", why->reason);
    show_remark(out, "we sent", why->sent);
    show_remark(out, "it sent", why->received);
}

int cmd_neighbor_why(struct cli *cli, const struct command *command, const struct words *words)
{
    Godwit__V1__WhyNeighborRequest request = GODWIT__V1__WHY_NEIGHBOR_REQUEST__INIT;
    request.peer = words->word[words->count - 1];
    Godwit__V1__WhyNeighborResponse *why =
        call_for(cli, "/godwit.v1.Godwit/WhyNeighbor", &request.base, &godwit__v1__why_neighbor_response__descriptor);
    if (!why)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &why->base);
        output_add(&cli->out, "\n");
    } else {
        show_session(&cli->out, why);
    }
    return 0;
}
