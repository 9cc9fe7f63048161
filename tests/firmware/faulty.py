"""A service that goes wrong in every way."""
import json

from rig import card, name_of, rig_of

# Each hits one call; what its lead is afterwards, and whether it was bought.
SUBMITS = [({"status": 429, "header": "Retry-After: 1"}, "finished", 0), ({"delay_ms": 1}, "", 1), ({"status": 503, "when": "before"}, "unknown", 0), ({"status": 503, "when": "after"}, "unknown", 1),
           ({"garbage": 300}, "unknown", 1), ({"cut": 40, "end": "reset"}, "unknown", 1), ({"page": "html", "status": 200}, "unknown", 1),
           ({"drip_ms": 2}, "finished", 1), ({"oversize": 4000}, "unknown", 1)]
READS = [{"status": 500}, {"garbage": 300}, {"cut": 60, "end": "fin"}, {"token": "wrong"}, {"page": "portal"}, {"oversize": 4000}, {"drip_ms": 2}]


def is_not_misled(rig):
    """Service faults: what a request becomes is what the table in lib/DESIGN.md says, the scanner goes on, and the ledger agrees."""
    rules = rig.folder / "faults"
    calls = [("submit", rule) for rule, _, _ in SUBMITS] + [("read", rule) for read in READS for rule in (read, {"delay_ms": 1})]  # a good one between them
    rules.write_text("".join(json.dumps({"call": call, "times": 1, **rule}) + "\n" for call, rule in calls))
    service = rig.serve("faulty", rig.kind, more=("--faults", rules))
    with rig.provisioned("faulty") as board:
        board.expect("^clock: ", 30)
        hit = [one for one in SUBMITS if one[1]]  # the others are for the same lead once more
        for number, (rule, state, _) in enumerate(hit, 1):
            board.scan(card(name_of(number)))
            rig.check(f"{json.dumps(rule)}: {state}", board, f"^scan: vcard, lead {number}, new", f"^lead: {number} email {state}", seconds=30)
            if state == "unknown":
                board.type("retry")
        for number in range(len(hit) + 1, len(hit) + 1 + len(READS)):
            board.scan(card(name_of(number)))
            rig.check("a read that goes wrong is made again", board, f"^lead: {number} email finished", seconds=30)
        finished, unknown = rig.drain(board)
        expected = sum(state == "unknown" for _, state, _ in hit)
        rig.results.check("none is lost", (len(unknown), len(finished)) == (expected, len(hit) + len(READS) - expected), (len(unknown), len(finished)))
        rig.results.check("it never started again", not any("started: " in line for line in board.said[1:]), board.said)
        rig.sound("service faults", rig.status(board))
    bought = len(service.lines("accepted"))
    rig.results.check("the ledger agrees", bought == sum(one[2] for one in SUBMITS) + len(READS), bought)


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        is_not_misled(rig)
