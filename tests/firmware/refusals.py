"""What a scanner says when it may not or cannot send: wrong chains, names and times, no cable, no key, no settings."""
from board import ROOT
from rig import BADGE, CHAINS, host_page, rig_of
from servers import NAME, TODAY


def refuses(rig, name, service, status, kind=None, now=TODAY, clock="20"):
    with rig.provisioned(service, kind, now) as board:
        if rig.check(f"{name}: the clock", board, "^network: address", f"^clock: {clock}"):
            board.scan(BADGE)
            rig.check(name, board, "^signal: good", f"^service: {status}, ", "^signal: offline")
            board.type("leads")
            rig.check("the lead waits, unsent", board, "^lead: 1, scans 1, email ready")


def asks_the_right_server(rig):
    """Somebody who answers without having seen the question does not set the clock."""
    rig.clock.sees_questions = rig.clock.asked = False
    with rig.provisioned("good") as board:
        board.expect("^network: address", 30)
        rig.results.check("an answer to another question is no time", not board.expect("^clock: ", 2) and rig.clock.asked, board.said)
    rig.clock.sees_questions = True


def cable(rig):
    with rig.provisioned("good") as board:
        board.expect("^clock: 2026", 30)
        board.cable(False)
        rig.check("the cable out is noticed", board, "^network: no cable")
        board.scan(BADGE)
        rig.check("without it a badge is kept, and nothing is sent", board, "^signal: good", "^service: E_UNREACHABLE", "^signal: offline")
        board.cable(True)
        rig.check("with it again the badge is enriched", board, "^network: address", "^lead: 1 email finished")
        board.type("reboot")
        rig.check("a reboot is told", board, "^scanner: started: reboot", "^clock: 2026")
        board.type("leads")
        rig.check("the lead is there after it", board, "^lead: 1, scans 1, email finished")
        board.type("stop")
        rig.check("it says when the power may go", board, "^stop: the power may go")


def is_not_ready(rig):
    with rig.start(None, bytes(4096)) as board:
        rig.check("without a key nothing is kept", board, "^scanner: no key: nothing can be kept")
    with rig.start("good", host_page.page()) as board:
        rig.check("without settings it says so", board, "^scanner: no settings")
        board.scan(BADGE)
        rig.check("without settings a badge is kept", board, "^signal: good")
        for line, told in (("set base http://unsafe.test", "^set: base noted"), ("set key k", "^set: key noted"), ("set apply", "not taken over: .*: base"),
                           (f"set base https://{NAME}/api/v2", "^set: base noted"), ("set apply", "not taken over: .*: anchor"), ("set", "^set: key 1 bytes"),
                           ("set cancel", "^scanner: no settings")):
            board.type(line)
            rig.check(f"{line}: {told}", board, told)
        rig.provision(board, rig.kind)
        rig.check("what was kept before the settings is sent after them", board, "^lead: 1 email finished")


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        rig.serve("good", rig.kind)
        rig.serve("other name", "P-256", "1.3", leaf="other")
        rig.services["private"] = ("192.168.1.1", None)
        cable(rig)
        asks_the_right_server(rig)
        is_not_ready(rig)
        refuses(rig, "a chain to another root", "good", "E_CERT_TRUST", CHAINS[name][1][0])
        refuses(rig, "another name", "other name", "E_CERT_NAME", "P-256")
        refuses(rig, "a time before this program was made", "good", "E_NO_TIME", now=1400000000, clock="not set: the time server's time")
        refuses(rig, "a time after the certificates' end", "good", "E_CERT_EXPIRED", now=2500000000)
        refuses(rig, "a private address of a public name: portal suspected", "private", "E_PORTAL")
        results.check("the ledgers agree: the cable's lead, and the one kept before the settings", rig.accepted() == 2, rig.accepted())
