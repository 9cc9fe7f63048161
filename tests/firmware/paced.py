"""A sender that nothing can stop, while the scanner shakes hands."""
from rig import Plugin, card, name_of, rig_of

# Instructions from one byte of the scanner to the next: 9,600 baud at 142 MHz and an instruction a cycle, a bound that no part reaches.
BYTE = 142_000_000 // 960


def is_not_stopped(rig):
    """Badges come byte by byte in the board's own time, through a full handshake and beyond (DESIGN 4)."""
    count = 96
    badges = b"".join(card(name_of(number)) + b"\r\n" for number in range(count))
    (rig.folder / "badges").write_bytes(badges)
    plugin = Plugin(rig.image)
    masks = [line for line in plugin.code() if "cpsid" in line or "primask" in line or "basepri" in line]
    rig.results.check("no instruction of the image holds interrupts back", not masks, masks)
    arguments = plugin(f"from={plugin.at('sntp_recv'):#x}", f"send={rig.folder / 'badges'}", "socket=scanner", f"every={BYTE}", f"tick={plugin.tick():#x}",
                       plugin.range("handshake", "mbedtls_ssl_handshake_step"), f"report={plugin.at('say_count'):#x}")
    with rig.provisioned("good", plugin=arguments) as board:
        sent = rig.check("all badges are sent", board, r"^plugin: sent (\d+) overrun (\d+) inside (\d+)", seconds=60)
        rig.results.check("the first one is sent", "lead: 1 email sending" in board.said or board.expect("^lead: 1 email sending", 30), board.said)
        last = any(f"lead {count}, new" in line for line in board.said) or board.expect(f"^scan: vcard, lead {count}, new", 30)
        rig.results.check("no byte was overrun", sent and sent[0][2] == "0", sent and sent[0][0])
        rig.results.check("the handshake was while they came", sent and int(sent[0][3]) > 100, sent and sent[0][0])
        rig.results.figures |= {"sent inside a handshake": sent[0][3]} if sent else {}
        rig.results.check("no scan was lost", last and len([line for line in board.said if line.endswith(", new")]) == count, board.said)
        figures = rig.status(board)
        rig.sound("a sender that nothing stops", figures)
        rig.results.check("a full handshake was in it", figures.get("plugin: handshake", 0) > 10_000_000, figures)


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        rig.serve("good", rig.kind)
        is_not_stopped(rig)
