"""The scanner as a product, on the board: every kind of badge to its state, a roster over the console, codes of the sheet, provisioning by a code."""
import base64
import os
import subprocess
import time

from rig import HOST, rig_of
from servers import KEY, NAME, TIME_NAME

GM65 = b"\x02\x00\x00\x01\x00\x33\x31"
LIST = ("attendee_id,firstname,lastname,company,no_scan\r\n"
        "000012,Grace,Solberg,Acme Example,\r\nSB-7,Ada,Nilsson,Acme Example,yes\r\n")
PROFILE = {"delimiter": "^", "columns": "attendee_id,-,firstname,lastname,company", "event": "e26", "device": "gate-1", "sheet": "K7", "notice": "n1"}

# What is scanned, the kind of badge, filled in by the roster, and the state that its request ends in.
BADGES = [
    ("a vCard", b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Abubakar;Ma\xc3\xablle;;;\r\nORG:Borealis Demo SA\r\nEND:VCARD\r\n", "vcard", False, "finished"),
    ("a MECARD", b"MECARD:N:Lindqvist,Teodor;ORG:Acme Example;;\r", "mecard", False, "finished"),
    ("a LinkedIn URL", b"https://www.linkedin.com/in/some-body-example/\r\n", "linkedin", False, "captured"),
    ("columns", "A-9^x^In\u00e8s^Okonkwo-Varga^Acme Example France\r".encode(), "delimited", False, "finished"),
    ("an id of the roster", b"000012\r", "id", True, "finished"),
    ("an id that nobody knows", b"000013\r", "id", False, "captured"),
    ("a GM65's answers around and inside", GM65 + b"]Q1MECARD:N:Sol" + GM65 + b"berg,Ada;ORG:Acme Example;;\r\n" + GM65, "mecard", False, "finished"),
]


def build_roster(folder):
    (folder / "attendees.csv").write_text(LIST)
    subprocess.run([HOST / "bin/enrich", "roster", "build", folder / "attendees.csv", "-o", folder / "event.roster", "--expires", "2030-01-01"], check=True, capture_output=True)
    return (folder / "event.roster").read_bytes()


def bring_roster(rig, board, content):
    board.type("roster begin")
    ready = rig.check("the roster's region is erased", board, "^roster: ready", seconds=30)
    text = base64.b64encode(content).decode()
    for at in range(0, len(text), 76):
        board.type(text[at:at + 76])
    board.type("roster end")
    return ready and rig.check("the roster is taken", board, "^roster: 2 attendees")


def states(rig, board):
    leads, digest = rig.export(board)
    if digest is None:
        rig.results.check("the export is whole", False, leads)
    return {lead["number"]: lead["email_request"]["state"] for lead in leads}, leads


def badges(rig, board, service):
    """Each ends in its state; scanned again, nothing is bought."""
    before = len(service.lines("accepted"))
    board.scan(b"000012\rSB-7\r")
    rig.check("without a roster an id is a lead", board, "^scan: id, lead 1, new, cannot be enriched: opaque_id", "^scan: id, lead 2, new")
    bring_roster(rig, board, build_roster(rig.folder))
    rig.check("when the roster comes, who was scanned before is resolved", board, "^lead: 1 email finished", seconds=30)
    board.scan(b"SB-7\r")
    rig.check("who does not want to be scanned is not kept, nor what was kept before", board, "^scan: was erased|^scan: no_scan", "^signal: refused")
    numbers = {}
    for name, content, kind, listed, _ in BADGES:
        board.scan(content)
        found = rig.check(f"{name} is kept", board, f"^scan: {kind}, lead (\\d+), (new|known, [a-z ]+){', on the roster' if listed else ''}", "^signal: ")
        numbers[name] = int(found[0][1]) if found else 0
    wanted = {numbers[name]: state for name, _, _, _, state in BADGES}
    for _ in range(60):
        board.said.clear()
        now, _ = states(rig, board)
        if all(now.get(number) == state for number, state in wanted.items()):
            break
        time.sleep(0.5)
    for name, _, _, _, state in BADGES:
        rig.results.check(f"{name} ends as {state}", now.get(numbers[name]) == state, now)
    bought = len(service.lines("accepted")) - before
    rig.results.check("each was bought once", bought == sum(state == "finished" for *_, state in BADGES), bought)
    for name, content, *_ in BADGES:
        board.scan(content)
        rig.check(f"{name} again is a duplicate", board, "^signal: duplicate")
    time.sleep(2)
    rig.results.check("a rescan pays nothing", len(service.lines("accepted")) - before == bought)


def codes(rig, board):
    board.scan(BADGES[1][1] + b"ENR:R5\rENR:K7:R5\r")
    rig.check("a code needs the word of the sheet", board, "^signal: duplicate", "^scan: unknown_code", "^signal: refused", "^scan: no_lead")
    board.scan(BADGES[1][1] + b"ENR:K7:R4\rENR:K7:C+CP\rENR:K7:Q:SIZE:50\rENR:K7:BY:ANNA\r")
    rig.check("rating, consent and an answer are noted", board, "^signal: duplicate", *["^scan: noted, lead"] * 3, "^scan: somebody else")
    _, leads = states(rig, board)
    (lead,) = [lead for lead in leads if lead.get("lastname") == "Lindqvist"]
    figures = [lead.get(name) for name in ("rating", "answers", "consent_asked", "consent_given", "consent_method", "notice", "device", "event", "first_seen_clock")]
    rig.results.check("the export says who, which, when and what was said", figures == [4, "SIZE=50", 5, 5, 2, "n1", "gate-1", "e26", 2], lead)


def make_code(rig, kind, secret, *options):
    """A provisioning code; each second has one."""
    time.sleep(1.1)
    path = rig.folder / "secret"
    path.write_text(secret)
    done = subprocess.run([HOST / "bin/enrich", "provision", "make", "--secret-file", path, "--ca", rig.certificates / f"root-{kind}" / "ca.pem", "--async-base",
                           f"https://{NAME}/api/v2", "--time-server", TIME_NAME, "--type", "email", "--device", "gate-2", "--spread", "1000", *options],
                          capture_output=True, text=True, env={**os.environ, "ENRICH_API_KEY": KEY})
    rig.results.check("a code is made", done.returncode == 0, done.stderr)
    return done.stdout.replace("\n", "\r").encode()


def provisioning(rig, kind, page):
    """domain 3, 6: a device from nothing; forged, replayed and old codes change nothing."""
    with rig.start(kind, page, folder="product-code") as board:
        board.expect("^scanner: no settings", 15)
        board.type("secret")
        first = board.expect("^secret: ([A-Z2-7]{26})$", 5)
        board.type("secret")
        second = board.expect("^secret: ([A-Z2-7]{26})$", 5)
        rig.results.check("each secret is shown once", first and second and first[1] != second[1], board.said[-4:])
        old, forged, code = (make_code(rig, kind, secret[1]) for secret in (second, first, second))
        print(f"     a code has {len(code)} characters", flush=True)
        board.scan(BADGES[1][1] + forged)
        rig.check("a code under another secret is refused", board, "^signal: good", "^scan: forged", "^signal: refused")
        board.scan(code)
        rig.check("the device's own code is taken", board, "^scan: new settings", "^signal: good", "^scanner: started: reboot")
        rig.check("and what was kept before is sent by it", board, "^lead: 1 email finished", seconds=30)
        board.scan(code + old)
        rig.check("replayed, and old, it changes nothing", board, "^scan: old_code", "^signal: refused", "^scan: old_code", "^signal: refused")
        later = make_code(rig, kind, second[1])
        board.scan(later)
        rig.check("while a result is undelivered, no other settings", board, "^scan: undelivered", "^signal: refused")
        board.type("erase all force")
        rig.check("nor a wipe before an export", board, "^erase: refused")
        rig.export(board)
        board.type("erase all force")
        rig.check("forced after it, all is erased", board, "^erase: |^leads: 1 erased")
        board.scan(later)
        rig.check("and then a code is taken", board, "^scan: new settings", "^scanner: started: reboot")
        rig.results.check("no key on the console", not any(KEY in line for line in board.said))


def run(results, name, certificates, folder):
    if name != "emcraft-sf2":
        return
    with rig_of(results, name, certificates, folder) as rig:
        service = rig.serve(rig.kind)
        with rig.provisioned(rig.kind, settings=PROFILE) as board:
            board.expect("^clock: 2026", 15)
            badges(rig, board, service)
            codes(rig, board)
            board.type("status")
            rig.check("the status says what waits and whether the power may go", board, r"^waiting: \d+", "^power: may go")
        provisioning(rig, rig.kind, rig.template(rig.kind, **PROFILE)[1])
