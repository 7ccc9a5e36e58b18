"""Results as Markdown: medians, and godwitd's share of what each rival used."""
import statistics

KEYS = ("wall_s", "cpu_s", "system_s", "peak_mb", "announced", "withdrawn", "updates", "bytes", "own", "missing",
        "surplus", "lost", "generator_s", "changes", "p50_ms", "p99_ms", "max_ms", "gap_ms", "late_ms", "away_ms", "host_ms", "host_max_ms",
        "own_p50_ms", "own_p99_ms", "own_max_ms", "own_gap_ms", "own_late_ms", "left_out")


def medians(runs):
    """Of what a daemon did in one phase; None if a run failed."""
    if not runs or any(run is None or "failed" in run for run in runs):
        return None
    row = {key: statistics.median(run[key] for run in runs) for key in KEYS if key in runs[0]}
    return {**row, "disturbed": runs[-1].get("disturbed", "")}


def share(base, row, key):
    """godwitd's part of what the other one used. Nothing beside itself, or beside what is no BGP daemon."""
    return f"{base[key] / row[key]:.3f}" if base and row is not base and row[key] and not row["null"] else ""


def remarks(row, phase):
    words = []
    if row["null"]:
        return "decides nothing"
    if row["missing"] and phase not in ("up", "hold"):
        words.append(f"{row['missing']:,.0f} prefixes missing")
    if row["surplus"]:
        words.append(f"{row['surplus']:,.0f} told that must not be")
    if row["own"]:
        words.append(f"{row['own']:,.0f} own routes told back")
    if row["lost"]:
        words.append(f"{row['lost']:.0f} sessions lost")
    if row["disturbed"]:
        words.append(row["disturbed"])
    return ", ".join(words)


def work_cells(name, row, base):
    told = row["announced"] + row["withdrawn"]
    return [name, f"{row['cpu_s']:.3f} ({row['cpu_s'] - row['system_s']:.3f} + {row['system_s']:.3f})",
            share(base, row, "cpu_s"), f"{row['peak_mb']:.1f}", share(base, row, "peak_mb"),
            f"{row['wall_s']:.2f}", f"{row['updates']:,.0f}", f"{row['bytes'] / 1e6:,.1f}",
            f"{told / row['updates']:.1f}" if row["updates"] else "-"]


def table(head):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)


def phase_table(phase, results, index):
    """`results`: daemon -> runs, each a list with a row for every phase."""
    rows = {name: medians([run[index] if index < len(run) else None for run in runs])
            for name, runs in results.items()}
    base = next((row for name, row in rows.items() if name.startswith("godwitd") and row), None)
    delays = any(row and "p99_ms" in row for row in rows.values())
    head = ["", "CPU-s (user + sys)", "godwitd's share", "peak MB", "godwitd's share", "wall s", "UPDATEs out",
            "MB out", "prefixes per UPDATE", "remarks"]
    yield f"\n**{phase}**\n"
    yield from table(head)
    for name, row in rows.items():
        if row is None:
            why = next((run[-1].get("failed") for run in results[name] if run and "failed" in run[-1]), "no result")
            yield f"| {name} | " + " | ".join(["-"] * (len(head) - 2)) + f" | {why} |"
            continue
        row["null"] = name == "null"
        yield "| " + " | ".join([*work_cells(name, row, base), remarks(row, phase)]) + " |"
    if delays:
        yield from delay_table({name: row for name, row in rows.items() if row})
    if base and base["generator_s"]:
        away = f", and was away for {base['away_ms']:.1f} ms at the longest" if delays else ""
        yield f"\n(The generator used {base['generator_s']:.2f} CPU-seconds beside godwitd{away}.)"


RAW = ("p50_ms", "p99_ms", "max_ms", "gap_ms", "late_ms")
OWN = tuple(f"own_{key}" for key in RAW[1:])


def delay_table(rows):
    """As it was; and as far as it was not the host's doing (bench/witness.h). Empty: nobody could tell."""
    yield ""
    yield from table(["ms", "delay: p50", "p99", "longest", "without an UPDATE", "KEEPALIVE late", "host away: in all",
                      "longest", "without that: p99", "longest", "without an UPDATE", "KEEPALIVE late", "left out"])
    for name, row in rows.items():
        cells = [f"{row[key]:.1f}" if key in row else "" for key in (*RAW, "host_ms", "host_max_ms", *OWN)]
        cells.append(f"{row['left_out']:.1%}" if "left_out" in row else "")
        yield "| " + " | ".join([name, *cells]) + " |"


def size(scenario):
    words = [f"{scenario[role]} {role}" for role in ("senders", "receivers", "clients") if scenario[role]]
    each = "each" if scenario["clients"] or scenario["senders"] > 1 else ""
    words.append(f"{scenario['prefixes']:,} {'IPv6' if scenario['ipv6'] else 'IPv4'} prefixes {each}".strip())
    if "churn" in scenario["phases"]:
        words.append(f"{scenario['rate']:,} changes a second for {scenario['seconds']} s")
    if scenario["buffer"]:
        words.append(f"receive buffers of {scenario['buffer'] // 1024} KB")
    return ", ".join(words)


def render(scenario, results, runs, notes):
    yield f"\n### {scenario['name']}: {scenario['title']}"
    yield f"\n{size(scenario)}; medians of {runs}. " + \
        "; ".join(f"{kind}: {notes[kind]}" for kind in notes if any(name.startswith(kind) for name in results)) + "."
    phases = scenario["phases"].split(",")
    for index, phase in enumerate(phases):
        if phase != "up" or scenario["name"] == "S9":
            yield from phase_table(phase, results, index)
