"""Session tickets outlive a cut of the power: nginx, which can resume, in front of enrich-sim. What a handshake takes in full and resumed, in
instructions of the shipped image; and a ticket is written at most once an hour."""
from rig import BADGE, Plugin, card, has_nginx, interop, rig_of
from servers import NAME, TODAY

STORE = {"emcraft-sf2": ("spi.bin", 131072), "mps2-an385": ("nor.bin", 32768)}


def kept(rig, folder):
    """The bytes of the store's region."""
    name, size = STORE[rig.board]
    with open(rig.folder / folder / name, "rb") as flash:
        return flash.read(size)


def sends(rig, board, number, badge, sent, resumed, what):
    board.scan(badge)
    rig.check(f"{what}: a lead is enriched", board, f"^lead: {number} email finished")
    figures = rig.status(board)
    rig.results.check(f"{what}: {sent} sent, {resumed} on a ticket", (figures.get("sent since the start"), figures.get("sent on a ticket")) == (sent, resumed), figures)
    return figures


def outlives(rig, version):
    """A ticket is written once, serves after a cut of the power, and is not written again within the hour."""
    files = rig.certificates / f"middle-{rig.kind}"
    site = interop.Nginx.site(files / "leaf.chain", files / "leaf.key", f"ssl_protocols TLSv{version};", "keepalive_timeout 1s; ssl_session_timeout 1d;",
                              answer=f"proxy_pass https://{rig.services['behind'][0]}; proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_set_header Host {NAME};")
    plugin, folder = Plugin(rig.image), f"tickets-{version}"
    counting = plugin(plugin.range("handshake", "mbedtls_ssl_handshake_step"), f"report={plugin.at('say_count'):#x}")
    rig.services["nginx"] = ("10.0.2.2", None)
    with interop.Nginx(rig.folder / f"nginx-{version}", [site]) as (port,):
        settings = {"base": f"https://{NAME}:{port}/api/v2", "private": "yes"}
        with rig.provisioned("nginx", folder=folder, settings=settings, plugin=counting) as board:
            board.expect("^clock: 2026.*Z$", 30)
            full = sends(rig, board, 1, BADGE, 1, 0, f"TLS {version}, first start")
            board.cut()
        first = kept(rig, folder)
        with rig.provisioned("nginx", folder=folder, settings=settings, plugin=counting) as board:
            board.expect("^clock: 2026.*Z$", 30)
            resumed = sends(rig, board, 2, card("Second"), 1, 1, f"TLS {version}, after a cut")
            board.command_monitor("stop\ninfo status", b"paused")
            second = kept(rig, folder)
            board.command_monitor("cont\ninfo status", b"running")
            board.cable(False)
            board.expect("^network: no cable", 30)
            board.cable(True)
            board.expect("^network: address", 30)
            sends(rig, board, 3, card("Third"), 2, 2, f"TLS {version}, a new connection")
            board.cut()
        rig.results.check(f"TLS {version}: a new ticket within the hour is not written", kept(rig, folder) == second and second != first)
        with rig.provisioned("nginx", folder=folder, settings=settings, now=TODAY + 3700) as board:
            board.expect("^clock: 2026.*Z$", 30)
            before = kept(rig, folder)
            sends(rig, board, 4, card("Fourth"), 1, 1, f"TLS {version}, an hour later")
            board.cut()
        written = sum(a != b for a, b in zip(before, kept(rig, folder)))
        if version == "1.3":  # in 1.2 nginx gives a new one only in full handshakes
            rig.results.check("TLS 1.3: an hour later it is", written > 200, written)
    for how, figures in (("full", full), ("resumed", resumed)):
        rig.results.figures[f"{how} {version}"] = figures.get("plugin: handshake", 0)
    rig.results.check(f"TLS {version}: a resumed handshake takes less", 0 < resumed.get("plugin: handshake", 0) < full.get("plugin: handshake", 0),
                      (full, resumed))


def run(results, name, certificates, folder):
    if not has_nginx():
        results.check("nginx is there", False)
        return
    with rig_of(results, name, certificates, folder) as rig:
        rig.serve("behind", rig.kind)
        for version in ("1.2", "1.3"):
            outlives(rig, version)
