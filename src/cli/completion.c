/* Completion for shells, made from the tables of commands and options. bash has a script of its own, zsh runs it, fish
 * is told condition by condition.
 *
 * What is completed depends on the words so far: the path of a command, without options and their values, "ADDRESS" in
 * place of what looks like one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"

enum { SCRIPT_MAX_BYTES = 1 << 20 };

static const struct command_table *const tables[] = {&command_table, &fleet_command_table};

static void add_words(struct text *out, const struct command_table *table, const struct command *parent)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *name = command_word_below(parent, table->commands[i].path);
        if (name)
            text_printf(out, "%s ", name);
    }
}

static bool has_children(const struct command_table *table, const struct command *command)
{
    for (size_t i = 0; i < table->count; i++) {
        if (command_word_below(command, table->commands[i].path))
            return true;
    }
    return false;
}

/* Options that a command with these scopes takes. */
static void add_options(struct text *out, const struct option_table *table, uint64_t scopes)
{
    const struct option_table *const both[] = {table, &common_option_table};
    for (size_t t = 0; t < ARRAY_LEN(both); t++) {
        for (size_t i = 0; i < both[t]->count; i++) {
            const struct option *option = &both[t]->options[i];
            bool taken = option->scope == 0 || (option->scope & scopes);
            if (taken && option->kind != OPTION_SECRET && option->kind != OPTION_IGNORED_TEXT)
                text_printf(out, "--%s ", option->name);
        }
    }
}

/* Does a letter mean a flag to a daemon's command, and something with a value to the fleet's? */
static bool is_daemon_flag(char letter)
{
    for (size_t i = 0; i < daemon_option_table.count; i++) {
        const struct option *option = &daemon_option_table.options[i];
        if (letter && option->letter == letter && option->kind == OPTION_FLAG)
            return true;
    }
    return false;
}

/* Options whose value is the next word, whatever the command: "--host", "-u". */
static void add_valued(struct text *out, const char *between)
{
    const struct option_table *const all[] = {&daemon_option_table, &fleet_option_table, &common_option_table};
    const char *join = "";
    for (size_t t = 0; t < ARRAY_LEN(all); t++) {
        for (size_t i = 0; i < all[t]->count; i++) {
            const struct option *option = &all[t]->options[i];
            if (option->kind == OPTION_FLAG)
                continue;
            text_printf(out, "%s--%s", join, option->name);
            join = between;
            if (option->letter && !is_daemon_flag(option->letter))
                text_printf(out, "%s-%c", join, option->letter);
        }
    }
}

/* bash ------------------------------------------------------------------------------------------------------------- */

static void bash_cases(struct text *out, const struct command_table *table, const char *before)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct command *command = &table->commands[i];
        if (!has_children(table, command))
            continue;
        text_printf(out, "    \"%s%s\") words=\"", before, command->path);
        add_words(out, table, command);
        text_add(out, "\" ;;\n");
    }
}

/* Each command of the fleet has options of its own. */
static void bash_option_cases(struct text *out)
{
    for (size_t i = 0; i < fleet_command_table.count; i++) {
        const struct command *command = &fleet_command_table.commands[i];
        if (!command->run)
            continue;
        text_printf(out, "    \"%s\" | \"%s \"*) options=\"", command->path, command->path);
        add_options(out, fleet_command_table.options, command->scopes);
        text_add(out, "\" ;;\n");
    }
}

/* "-d" has a value behind a noun of the fleet only. */
static void bash_path(struct text *out)
{
    text_add(out, "_godwit()\n{\n    local path=\"\" word words=\"\" options=\"\" i\n"
                  "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        word=\"${COMP_WORDS[i]}\"\n"
                  "        case \"$word\" in\n        ");
    add_valued(out, " | ");
    text_add(out, ") ((i++)) ;;\n"
                  "        -d) case \"$path\" in device* | session* | event*) ((i++)) ;; esac ;;\n"
                  "        -*) ;;\n"
                  "        *[.:]*) path=\"$path${path:+ }ADDRESS\" ;;\n"
                  "        *) path=\"$path${path:+ }$word\" ;;\n"
                  "        esac\n    done\n");
}

static void bash_script(struct text *out)
{
    bash_path(out);
    text_add(out, "    case \"$path\" in\n    \"\") words=\"");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        add_words(out, tables[i], NULL);
    text_add(out, "\" ;;\n    \"neighbor ADDRESS\") words=\"");
    add_words(out, &neighbor_command_table, NULL);
    text_add(out, "\" ;;\n");
    bash_cases(out, &command_table, "");
    bash_cases(out, &neighbor_command_table, "neighbor ADDRESS ");
    bash_cases(out, &fleet_command_table, "");
    text_add(out, "    esac\n    case \"$path\" in\n");
    bash_option_cases(out);
    text_add(out, "    *) options=\"");
    add_options(out, &daemon_option_table, UINT64_MAX);
    text_add(out, "\" ;;\n    esac\n    word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
                  "    case \"$word\" in -*) words=\"$options\" ;; esac\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                  "complete -F _godwit godwit\n");
}

/* fish ------------------------------------------------------------------------------------------------------------- */

static void fish_cases(struct text *out, const struct command_table *table, const char *before)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct command *command = &table->commands[i];
        if (!has_children(table, command))
            continue;
        text_printf(out, "complete -c godwit -f -n 'test (__godwit_path) = \"%s%s\"' -a '", before, command->path);
        add_words(out, table, command);
        text_add(out, "'\n");
    }
}

static void fish_script(struct text *out)
{
    text_add(out, "function __godwit_path\n    set -l words\n    set -l skip 0\n"
                  "    for word in (commandline -opc)[2..-1]\n        if test $skip = 1\n            set skip 0\n"
                  "        else if contains -- $word ");
    add_valued(out, " ");
    text_add(out, "\n            set skip 1\n        else if string match -qr '^-' -- $word\n            continue\n"
                  "        else if string match -qr '[.:]' -- $word\n            set -a words ADDRESS\n"
                  "        else\n            set -a words $word\n        end\n    end\n"
                  "    echo \"$words\"\nend\n"
                  "complete -c godwit -f -n 'test -z (__godwit_path)' -a '");
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        add_words(out, tables[i], NULL);
    text_add(out, "'\ncomplete -c godwit -f -n 'test (__godwit_path) = \"neighbor ADDRESS\"' -a '");
    add_words(out, &neighbor_command_table, NULL);
    text_add(out, "'\n");
    fish_cases(out, &command_table, "");
    fish_cases(out, &neighbor_command_table, "neighbor ADDRESS ");
    fish_cases(out, &fleet_command_table, "");
}

/* -------------------------------------------------------------------------------------------------------------------*/

int completion_write(struct cli *cli, const char *path)
{
    struct text script;
    FILE *file = fopen(path, "we");
    if (!file)
        return cli_fail(cli, "cannot write %s: %s", path, strerror(errno));
    text_init(&script, SCRIPT_MAX_BYTES);
    bash_script(&script);
    fprintf(file, "# bash completion for godwit; made by godwit --gen-cmpl\n%s", script.bytes);
    text_release(&script);
    if (fclose(file) != 0)
        return cli_fail(cli, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

int cmd_completion(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *shell = words->count == 1 ? words->word[0] : "";
    struct text script;
    text_init(&script, SCRIPT_MAX_BYTES);
    if (strcmp(shell, "fish") == 0)
        fish_script(&script);
    else if (strcmp(shell, "bash") == 0 || strcmp(shell, "zsh") == 0)
        bash_script(&script);
    if (script.length && strcmp(shell, "zsh") == 0)
        output_add(&cli->out, "#compdef godwit\nautoload -U +X bashcompinit && bashcompinit\n");
    output_add(&cli->out, script.length ? script.bytes : "");
    bool known = script.length > 0;
    text_release(&script);
    return known ? 0 : cli_fail(cli, "completion: \"%s\": bash, zsh or fish is allowed", shell);
}
