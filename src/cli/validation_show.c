#include "cli/validation_show.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "cli/any.h"
#include "cli/show.h"

static const char *const state_names[] = {"STATE_NONE", "STATE_NOT_FOUND", "STATE_VALID", "STATE_INVALID"};
static const char *const reason_names[] = {"REASON_NONE", "REASON_ASN", "REASON_LENGTH"};

/* The last AS of the path, whatever it stands in. False: there is none. */
static bool last_as(const Apipb__Path *path, uint32_t *asn)
{
    bool found = false;
    for (size_t i = 0; i < path->n_pattrs && !found; i++) {
        Apipb__AsPathAttribute *as_path = any_unpack(path->pattrs[i], &apipb__as_path_attribute__descriptor);
        if (as_path == NULL)
            continue;
        const Apipb__AsSegment *last = as_path->n_segments > 0 ? as_path->segments[as_path->n_segments - 1] : NULL;
        found = last != NULL && last->n_numbers > 0;
        if (found)
            *asn = last->numbers[last->n_numbers - 1];
        apipb__as_path_attribute__free_unpacked(as_path, NULL);
    }
    return found;
}

static void show_vrps(struct cli *cli, const char *title, bool ipv6, size_t count, Apipb__Roa *const *vrps)
{
    int width = ipv6 ? 42 : 18;
    output_printf(&cli->out, "  %s VRPs: \n", title);
    if (count == 0) {
        output_add(&cli->out, "    No Entry\n");
        return;
    }
    output_printf(&cli->out, "    %-*s %-6s %-10s\n", width, "Network", "AS", "MaxLen");
    for (size_t i = 0; i < count; i++)
        output_printf(&cli->out, "    %-*s %-6" PRIu32 " %-10" PRIu32 "\n", width, vrps[i]->prefix, vrps[i]->asn,
                      vrps[i]->maxlen);
}

static void show_path(struct cli *cli, const char *prefix, const Apipb__Path *path, uint32_t asn)
{
    static const Apipb__Validation nothing = APIPB__VALIDATION__INIT;
    const Apipb__Validation *validation = path->validation != NULL ? path->validation : &nothing;
    unsigned state = (unsigned)validation->state, reason = (unsigned)validation->reason;
    bool ipv6 = strchr(prefix, ':') != NULL;
    output_printf(&cli->out, "Target Prefix: %s, AS: %" PRIu32 "\n", prefix, asn);
    output_printf(&cli->out, "  This route is %s", state < ARRAY_LEN(state_names) ? state_names[state] : "?");
    if (state == APIPB__VALIDATION__STATE__STATE_INVALID) {
        output_printf(&cli->out, "  reason: %s\n", reason < ARRAY_LEN(reason_names) ? reason_names[reason] : "?");
        if (reason == APIPB__VALIDATION__REASON__REASON_ASN)
            output_add(&cli->out, "  No VRP ASN matches the route origin ASN.\n");
        if (reason == APIPB__VALIDATION__REASON__REASON_LENGTH)
            output_add(&cli->out, "  Route Prefix length is greater than the maximum length allowed by VRP(s) matching "
                                  "this route origin ASN.\n");
    } else if (state == APIPB__VALIDATION__STATE__STATE_NOT_FOUND) {
        output_add(&cli->out, "\n  No VRP Covers the Route Prefix\n");
    } else {
        output_add(&cli->out, "\n\n");
    }
    show_vrps(cli, "Matched", ipv6, validation->n_matched, validation->matched);
    show_vrps(cli, "Unmatched AS", ipv6, validation->n_unmatched_asn, validation->unmatched_asn);
    show_vrps(cli, "Unmatched Length", ipv6, validation->n_unmatched_length, validation->unmatched_length);
}

/* Is there a path of the same AS before this one? */
static bool was_shown(const Apipb__Destination *destination, size_t count, uint32_t asn)
{
    uint32_t other;
    for (size_t i = 0; i < count; i++)
        if (last_as(destination->paths[i], &other) && other == asn)
            return true;
    return false;
}

int validation_show(struct cli *cli, const Apipb__Destination *destination)
{
    for (size_t i = 0; i < destination->n_paths; i++) {
        uint32_t asn;
        if (!last_as(destination->paths[i], &asn))
            return cli_fail(cli, "the path to %s was locally generated", destination->prefix);
        if (!was_shown(destination, i, asn))
            show_path(cli, destination->prefix, destination->paths[i], asn);
    }
    return 0;
}
