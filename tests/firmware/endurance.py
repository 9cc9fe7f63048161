"""Badge after badge, on connections that end again and again: what is in use afterwards is what was before, and high-water marks stand."""
import os
import re

from rig import Plugin, card, name_of, rig_of

BATCH = 6


def stays_level(rig, badges):
    rule = rig.folder / "closing"
    rule.write_text('{"rate": 30, "header": "Connection: close"}\n')
    service = rig.serve("closing", rig.kind, more=("--faults", rule, "--latency", "100"))
    plugin = Plugin(rig.image)
    counting = plugin(plugin.range("hellos", "mbedtls_ssl_write_client_hello"), f"report={plugin.at('say_count'):#x}")
    with rig.provisioned("closing", plugin=counting) as board:
        board.expect("^clock: ", 30)
        delivered, samples = 0, []
        for first in range(0, badges, BATCH):
            for number in range(first, first + BATCH):
                board.scan(card(name_of(number)))
                board.expect("^signal: good", 30)
            delivered += len(rig.drain(board)[0])
            samples.append(rig.status(board))
        early, late = samples[:len(samples) // 2], samples[len(samples) // 2:]
        rig.results.check(f"{badges} badges in a row are enriched and delivered", delivered == badges, delivered)
        for what in ("arena in use", "arena", "stack"):
            levels = [max(sample[what] for sample in part) for part in (early, late)]
            rig.results.check(f"{what} stays level", levels[1] <= levels[0] * 1.02, levels)
        rig.results.check("it never started again", not any("started: " in line for line in board.said[1:]), [line for line in board.said if "started" in line])
        rig.sound(f"{badges} badges", samples[-1])
        connections = int(re.findall(r"plugin: hellos \d+ in (\d+)", "\n".join(board.said))[-1])
        rig.results.check("it connected again and again", connections >= badges // 6, connections)
        rig.results.figures |= {"badges": badges, "connections": connections}
    rig.results.check("each was bought once", len(service.lines("accepted")) == badges, len(service.lines("accepted")))


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        stays_level(rig, int(os.environ.get("ENRICH_FIRMWARE_BADGES", "24")))
