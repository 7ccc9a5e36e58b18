/* godwit global rib: the Loc-RIB. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/rib.h"
#include "cli/route_list.h"
#include "cli/route_words.h"

int cmd_rib(struct cli *cli, const struct command *command, const struct words *words)
{
    return route_list(cli, ROUTES_GLOBAL, "", FAMILY_IPV4_UNICAST, words->count, words->word);
}

int rib_summary(struct cli *cli, Apipb__TableType table, const char *name, enum family_id preset)
{
    enum family_id family_id;
    if (cli_family(cli, preset, &family_id) < 0)
        return E_INVALID;
    const struct family *family = family_get(family_id);
    Apipb__GetTableRequest request = APIPB__GET_TABLE_REQUEST__INIT;
    Apipb__Family asked = APIPB__FAMILY__INIT;
    asked.afi = family->afi;
    asked.safi = family->safi;
    request.table_type = table;
    request.family = &asked;
    request.name = (char *)name;
    Apipb__GetTableResponse *response =
        call_for(cli, "GetTable", &request.base, &apipb__get_table_response__descriptor);
    if (!response)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &response->base);
        output_add(&cli->out, "\n");
    } else {
        output_printf(&cli->out, "Table afi:%s safi:%s\n", enum_word(&apipb__family__afi__descriptor, family->afi),
                      enum_word(&apipb__family__safi__descriptor, family->safi));
        output_printf(&cli->out, "Destination: %" PRIu64 ", Path: %" PRIu64 "\n", response->num_destination,
                      response->num_path);
    }
    return 0;
}

int cmd_rib_summary(struct cli *cli, const struct command *command, const struct words *words)
{
    return rib_summary(cli, APIPB__TABLE_TYPE__GLOBAL, "", FAMILY_IPV4_UNICAST);
}

int cmd_rib_add(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__AddPathRequest request = APIPB__ADD_PATH_REQUEST__INIT;
    request.path = route_from_words(cli, command, words);
    if (!request.path)
        return E_INVALID;
    return call(cli, "AddPath", &request.base, NULL, NULL, NULL);
}

int cmd_rib_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeletePathRequest request = APIPB__DELETE_PATH_REQUEST__INIT;
    request.path = route_from_words(cli, command, words);
    if (!request.path)
        return E_INVALID;
    return call(cli, "DeletePath", &request.base, NULL, NULL, NULL);
}

int cmd_rib_delete_all(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeletePathRequest request = APIPB__DELETE_PATH_REQUEST__INIT;
    Apipb__Family family = APIPB__FAMILY__INIT;
    enum family_id family_id;
    if (cli_family(cli, FAMILY_IPV4_UNICAST, &family_id) < 0)
        return E_INVALID;
    family.afi = family_get(family_id)->afi;
    family.safi = family_get(family_id)->safi;
    request.family = &family;
    return call(cli, "DeletePath", &request.base, NULL, NULL, NULL);
}
