"""A badge to its result over each kind of chain and both versions of TLS, and what becomes of it on the console. What a full handshake takes, and its
longest step, in instructions of the shipped image, and of the TLS memory."""
from rig import BADGE, CHAINS, EMAIL, Plugin, rig_of


def enriches(rig, kind, version):
    """A badge to its result. Gives the figures of `status`."""
    what = f"{kind}, TLS {version}"
    rig.serve(kind, kind, version)
    plugin = Plugin(rig.image)
    counting = plugin(plugin.range("handshake", "mbedtls_ssl_handshake_step"), f"report={plugin.at('say_count'):#x}")
    with rig.provisioned(kind, kind, plugin=counting) as board:
        rig.check(f"{what}: an address and the time", board, "^network: address 10", "^clock: 2026-12-01T00:00")
        board.scan(BADGE)
        rig.check(f"{what}: a badge is enriched", board, "^scan: vcard, lead 1, new", "^signal: good", "^lead: 1 email sending", "^lead: 1 email pending",
                  "^lead: 1 email finished")
        board.scan(BADGE)
        rig.check("the same badge again is a duplicate", board, "^signal: duplicate")
        board.type("erase all")
        rig.check("what nobody has got is not erased", board, "^erase: refused")
        leads, digest = rig.export(board)
        result = leads[0]["email_request"].get("result", {}) if leads else {}
        rig.results.check("the export holds the badge and its result", digest and (len(leads), leads[0]["lastname"], result.get("email")) == (1, "Lindqvist", EMAIL), leads)
        board.type(f"export confirm {'0' * 64}")
        rig.check("another digest delivers nothing", board, "^export: E_IDENTITY")
        board.type(f"export confirm {digest}")
        rig.check("a confirmed export delivers, and erases", board, "^lead: 1 email erased", "^export: confirmed")
        board.type("leads")
        rig.check("nothing is left of it", board, "^leads: 0 in all")
        figures = rig.status(board)
        rig.sound(what, figures)
        rig.results.figures |= {f"handshake {kind} {version}": figures["plugin: handshake"], f"longest {kind} {version}": figures["plugin: handshake longest"],
                                f"arena {kind} {version}": figures["arena"]}
        return figures


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        all_figures = [enriches(rig, kind, version) for kind, version in CHAINS[name]]
        for what in ("stack", "arena", "lwip heap", "longest step ms"):
            results.figures[what] = max(figures.get(what, 0) for figures in all_figures)
        results.check("each was bought once", rig.accepted() == len(CHAINS[name]), rig.accepted())
