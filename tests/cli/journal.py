"""enrich run and enrich leads, as a person or a script runs them. `cli` is the module tests/cli/run with its helpers."""
import base64
import csv
import hashlib
import io
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading
import time
import uuid

from bulk import Judged, faults
from services import KEY, Sim, accepted, answer

TEODOR = "MECARD:N:Lindqvist,Teodor;ORG:Acme Example;EMAIL:teodor.lindqvist@acme.example;;\n"
INES = "MECARD:N:Okonkwo-Varga,Inès;ORG:Acme Example France;URL:https://www.linkedin.com/in/ines-okonkwo-varga-example/;;\n"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:N{0};Ada;;;\r\nORG:Acme Example\r\nEND:VCARD\r\n"
SOON = ["--poll", "50", "--spread", "1"]
MAIL = ["--type", "email"]
STATES = {"ready", "sending", "unknown", "pending", "late", "rejected", "finished", "taken", "captured", "refused"}
LEAD_KEYS = {"firstname", "lastname", "company", "domain", "linkedin_url", "email", "phone", "title", "attendee_id", "event", "device", "operator", "answers",
             "rating", "consent", "first_seen", "first_seen_clock", "last_seen", "last_seen_clock", "scans", "payload", "payload_lost"}
REQUEST_KEYS = {"state", "status", "attempts", "verified", "id", "refusal", "result", "answer"}
EVENT_KEYS = {
    "start": {"created", "leads", "damaged", "room"},
    "captured": {"scan", "signal", "kind", "badge", "listed", "number", "scans", "states", "pending", "room"},
    "noted": {"scan", "signal", "number", "scans", "states", "pending", "room"},
    "operator": {"scan", "signal"},
    "refused": {"scan", "signal", "why", "status"},
    "provisioned": {"scan", "signal"},
    "roster": {"filled", "removed"},
    "power": {"safe"},
    "state": {"number", "type", "state", "status"},
    "flag": {"flag", "set"},
    "result": {"number", "type", "attempts", "verified", "result", "answer", "lead"},
    "batch": {"digest", "results"},
    "acknowledged": {"digest", "results"},
    "not_acknowledged": {"why"},
    "end": {"exit", "requests"},
}


def ada(number):
    return f"MECARD:N:N{number},Ada;ORG:Acme Example;;\n"


def new_journal(cli):
    folder = cli.WORK / uuid.uuid4().hex
    folder.mkdir()
    return folder / "leads.journal"


def events_of(output):
    """The lines of a run, each as README.md says."""
    events = [json.loads(line) for line in output.splitlines()]
    for event in events:
        assert set(event) == {"event"} | EVENT_KEYS[event["event"]], event
    return events


class Ended:
    """What a run came to."""

    def __init__(self, done):
        self.done, self.code, self.err = done, done.code, done.err
        self.events = events_of(done.out)

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    def check(self, code, *sentences):
        assert self.code == code, f"{self.done}\n  wanted exit {code}"
        for sentence in sentences:
            assert sentence in self.err, f"{self.done}\n  wanted on stderr: {sentence!r}"
        ends = self.of("end")
        assert len(ends) == 1 and ends[0]["exit"] == code and set(ends[0]["requests"]) == STATES, self.done
        return self


def arguments_of(journal, *options):
    return ["run", "--journal", journal, *(["--size", "144"] if "--size" not in options else []), *SOON, *options]


def run(cli, journal, scans, *options, at=None):
    """A run with these scans, to its end."""
    content = scans if isinstance(scans, bytes) else scans.encode()
    return Ended(cli.enrich(*arguments_of(journal, *(options or MAIL)), at=at, stdin=content))


def leads(cli, journal, *arguments, stdin=b""):
    """leads without network and without a key."""
    return cli.bare("leads", *arguments, "--journal", journal, stdin=stdin)


def objects(done):
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def states(cli, journal):
    """The states by lead and type."""
    found = {}
    for lead in objects(leads(cli, journal, "list", "--json")):
        assert set(lead) == {"number", "first_seen", "last_seen", "scans", "requests"}, lead
        found[lead["number"]] = {kind: request["state"] for kind, request in lead["requests"].items()}
    return found


class Live:
    """A run that goes on while the test talks to it."""

    def __init__(self, cli, journal, *options, at=None, acks=True):
        self.cli, self.at = cli, at or cli.sim
        env, more = cli.settings(self.at.base, getattr(self.at, "ca", None) or cli.authority.ca)
        read_end, self.acks = os.pipe()
        ack = ["--ack-fd", read_end] if acks else []
        self.process = subprocess.Popen([cli.BIN / "enrich", *map(str, [*arguments_of(journal, *(options or MAIL)), *more, *ack])],
                                        env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        pass_fds=[read_end])
        os.close(read_end)
        self.lines, self.events, self.coming = [], [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.coming:
                self.lines.append(line)
                self.events += events_of(line)
                self.coming.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            stream.close()
        os.close(self.acks)

    def scan(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def say(self, line):
        os.write(self.acks, f"{line}\n".encode())

    def wait(self, kind, times=1, **members):
        """The event of that kind and with these members, once it has come so often."""
        def found():
            return [event for event in self.events if event["event"] == kind and all(event[key] == value for key, value in members.items())]
        with self.coming:
            assert self.coming.wait_for(lambda: len(found()) >= times, 30), f"no {kind} {members} in {self.events}"
            return found()[times - 1]

    def end(self, number=None):
        """Its end: the scans are over, or a signal came."""
        if number is None:
            self.process.stdin.close()
        else:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self.reader.join()
        return Ended(self.cli.Done(["run"], code, b"".join(self.lines), self.process.stderr.read()))


# --- arguments ---

def test_run_wrong_arguments(cli):
    for arguments, sentence in [
        ([], "run: needs --type: email, phone, personal_email, or several"),
        (["x"], "x: one argument too many"),
        (["--type", "personal_email"], "--type: personal_email needs --personal-email-ok"),
        ([*MAIL, "--resend", "phone=1"], "--resend: is for a type that is not asked for"),
        ([*MAIL, "--resend", "email=0"], "--resend: must be TYPE=K, K from 1 to 9"),
        ([*MAIL, "--resend", "email"], "--resend: must be TYPE=K"),
        ([*MAIL, "--resend", "email=1", "--resend", "email=2"], "--resend: names a type twice"),
        ([*MAIL, "--ack-fd", "2"], "--ack-fd: must be 3 or more"),
        ([*MAIL, "--event", "x" * 65], "--event: must be 1 to 64 bytes of UTF-8"),
        ([*MAIL, "--operator", ""], "--operator: must be 1 to 64 bytes of UTF-8"),
        ([*MAIL, "--json"], "--json: no such option here"),
    ]:
        cli.bare("run", *arguments).check(1, sentence, "; enrich run --help shows how\n")
    cli.enrich("run", *MAIL).check(3, "journal: none given; name its file by --journal FILE")
    cli.enrich("run", *MAIL, "--journal", new_journal(cli), "--size", "128").check(3, "--size: a journal has at least 144 KiB")


def test_leads_wrong_arguments(cli):
    for arguments, sentence in [
        ([], "leads: needs what to do: list, show, stats, export, confirm, resend, give-up, erase or repair"),
        (["lsit"], "lsit: is nothing that leads can do"),
        (["list", "1"], "1: one argument too many"),
        (["show"], "show: needs a lead's number"),
        (["show", "x"], "x: is not a lead's number"),
        (["show", "1", "2"], "2: one argument too many"),
        (["show", "1", "--state", "ready"], "--state: is not for this"),
        (["list", "--type", "email"], "--type: is not for this"),
        (["erase"], "erase: needs a lead's number, or --badge FILE"),
        (["erase", "1", "--badge", "x"], "1: one argument too many"),
        (["erase", "1", "--json"], "--json: is not for this"),
        (["resend", "1"], "resend: needs one --type"),
        (["resend", "1", "--type", "email", "--type", "phone"], "resend: needs one --type"),
        (["confirm"], "confirm: needs the digest of an export"),
    ]:
        cli.bare("leads", *arguments).check(1, sentence, "; enrich leads --help shows how\n")
    cli.bare("leads", "list").check(3, "journal: none given; name its file by --journal FILE")
    journal = new_journal(cli)
    leads(cli, journal, "list").check(3, f"{journal}: No such file or directory")
    assert not journal.exists(), "leads makes no journal"
    run(cli, journal, "").check(0)
    leads(cli, journal, "list", "--state", "red").check(1, "--state: must be ready, unknown, pending")
    leads(cli, journal, "confirm", "abc").check(1, "a digest is 64 hexadecimal digits")
    for action in "show", "resend", "give-up", "erase":
        leads(cli, journal, action, "7", *(MAIL if action in ("resend", "give-up") else [])).check(9, "lead 7: there is none, or it was erased")


# --- capture ---

def test_run_captures_badges_of_every_kind(cli):
    """Each is answered in its order; what names nobody waits, what cannot be asked for is refused here."""
    journal = new_journal(cli)
    kinds = [
        (CARD.format(1), {"email": "ready"}), (TEODOR, {"email": "ready"}), ("https://www.linkedin.com/in/some-body\n", {"email": "captured"}),
        ("https://www.acme.example/x\n", {"email": "captured"}), ("mailto:a@acme.example\n", {"email": "captured"}), ("000012\n", {"email": "captured"}),
        ("AieshaAaronson_Danube^2427\n", {"email": "captured"}), ("MECARD:N:Solo,Ada;;\n", {"email": "refused"}),
    ]
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        done = run(cli, journal, "".join(scan for scan, _ in kinds), "--deadline", "1", *MAIL, "--event", "Fête 26", "--device", "gate-1", "--operator", "Zoë",
                   at=server)
    captured = done.of("captured")
    assert [event["scan"] for event in captured] == list(range(1, len(kinds) + 1)), done.done
    assert [event["number"] for event in captured] == list(range(1, len(kinds) + 1)), done.done
    assert [event["states"] for event in captured] == [wanted for _, wanted in kinds], done.done
    assert all(event["kind"] == "new" and event["scans"] == 1 and event["room"] > 0 for event in captured)
    for number, (scan, _) in enumerate(kinds, 1):
        (lead,) = objects(leads(cli, journal, "show", number, "--json"))
        assert set(lead) == {"number", "lead", "requests"} and set(lead["lead"]) == LEAD_KEYS, lead
        assert all(set(request) == REQUEST_KEYS for request in lead["requests"].values()), lead
        assert lead["lead"]["payload"] == scan.rstrip("\r\n") and lead["lead"]["payload_lost"] == 0, lead
        assert (lead["lead"]["event"], lead["lead"]["device"], lead["lead"]["operator"]) == ("Fête 26", "gate-1", "Zoë"), lead
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lead["lead"]["first_seen"]), lead
    done = leads(cli, journal, "show", 8).check(0, out=["number:         8\n", "firstname:      Ada\n", "request email: refused: ", "company"])
    assert objects(leads(cli, journal, "show", 6, "--json"))[0]["lead"]["attendee_id"] == "000012"


def test_run_finds_payloads_in_bytes(cli):
    """Lines ended by LF, CR, both; cards of several lines, nested, in any case; a missing end; a card too long loses its notes, anything else too long is thrown away whole (domain 1.4)."""
    journal = new_journal(cli)
    nested = "begin:vcard\nN:N5;Ada;;;\nORG:Acme Example\nAGENT:\nBEGIN:VCARD\nN:Other;One;;;\nEND:VCARD\nend:vcard\n"
    scans = ["\r\n\n", ada(1), ada(2).replace("\n", "\r"), ada(3).replace("\n", "\r\n"), CARD.format(4).replace("\r\n", "\r"), nested, "x" * 5000 + "\n",
             "BEGIN:VCARD\nN:Big;One;;;\nNOTE:" + "y" * 60 + "\n" + ("NOTE:" + "z" * 70 + "\n") * 80 + "END:VCARD\n", ada(6), " \t\n", ada(7)[:-1]]
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        done = run(cli, journal, "".join(scans), "--deadline", "1", *MAIL, at=server)
    refused = done.of("refused")
    assert [(event["scan"], event["why"], event["status"]) for event in refused] == [(6, "unreadable", "E_LIMIT"), (9, "unreadable", "E_SYNTAX")], done.done
    names = [lead["lead"]["lastname"] for lead in objects(leads(cli, journal, "export", "--json"))]
    assert names == ["N1", "N2", "N3", "N4", "N5", "Big", "N6", "N7"], names


def test_run_does_not_let_a_card_without_end_swallow_the_next(cli):
    journal = new_journal(cli)
    with cli.scripted(answer({"error": "x"}, "503 X")) as server, Live(cli, journal, at=server) as live:
        live.scan(CARD.format(1).replace("END:VCARD\r\n", ""))
        assert live.wait("captured", scan=1)["kind"] == "new"
        live.scan(ada(2))
        live.wait("captured", scan=2)
    names = [lead["lead"]["lastname"] for lead in objects(leads(cli, journal, "export", "--json"))]
    assert names == ["N1", "N2"], names


def test_run_keeps_what_it_cannot_read(cli):
    """Encrypted blobs and cards whose fields do not fit are kept as their bytes (domain 1.1)."""
    journal = new_journal(cli)
    blob = bytes(range(0x80, 0x100)) + b"\x01\x02;|"
    long = "BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=QUOTED-PRINTABLE:" + "=41" + "n" * 1100 + ";Ada\nEND:VCARD"
    done = run(cli, journal, blob + b"\n" + long.encode() + b"\n", "--deadline", "1", *MAIL, "--device", "d" * 64)
    assert [event["event"] for event in done.events[1:3]] == ["captured", "captured"], done.done
    first, second = (lead["lead"] for lead in objects(leads(cli, journal, "export", "--json")))
    assert base64.b64decode(first["payload_base64"]) == blob, first
    assert second["payload"] == long, second


def test_run_knows_whom_it_has_seen(cli):
    """The same look at a badge, a rescan with more, another person (DESIGN 6)."""
    journal = new_journal(cli)
    more = TEODOR.replace(";;\n", ";TEL:+46 8 555 01 23;;\n")
    done = run(cli, journal, TEODOR + TEODOR + more + INES).check(0)
    captured = done.of("captured")
    assert [(event["kind"], event["number"], event["scans"]) for event in captured] == [("new", 1, 1), ("repeated", 1, 1), ("rescan", 1, 2), ("new", 2, 1)]
    done = run(cli, journal, TEODOR).check(0)
    assert done.of("captured")[0]["kind"] in ("repeated", "rescan") and done.of("captured")[0]["number"] == 1
    assert objects(leads(cli, journal, "show", 1, "--json"))[0]["lead"]["phone"] == "+46 8 555 01 23"
    assert [event["type"] for event in done.of("state") if event["state"] == "sending"] == [], "a rescan buys nothing"


def test_run_refuses_when_full_and_loses_nothing(cli):
    """behaviours 42: a full journal says so, and takes scans again once there is room."""
    journal = new_journal(cli)
    scans = "".join(ada(number) for number in range(400))
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        done = run(cli, journal, scans, "--size", "144", "--deadline", "1", *MAIL, at=server).check(3, "not every scan could be kept")
    captured, refused = done.of("captured"), done.of("refused")
    assert 5 < len(captured) < 400 and len(captured) + len(refused) == 400, (len(captured), len(refused))
    assert {(event["why"], event["status"]) for event in refused} == {("full", "E_FULL")}
    kept = [lead["lead"]["lastname"] for lead in objects(leads(cli, journal, "export", "--json"))]
    assert kept == [f"N{number}" for number in range(len(captured))], kept
    for number in range(1, len(captured) + 1):
        leads(cli, journal, "erase", number).check(0)
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        done = run(cli, journal, ada(500), "--size", "144", "--deadline", "1", *MAIL, at=server)
    assert done.of("captured")[0]["kind"] == "new", done.done


# --- the journal file ---

def refused_unchanged(cli, journal, sentence, *options):
    """Neither run nor leads takes it, and no byte of it changes."""
    before = journal.read_bytes()
    cli.enrich(*arguments_of(journal, *MAIL, *options), stdin=ada(1).encode()).check(3, sentence)
    leads(cli, journal, "list", *options).check(3, sentence)
    leads(cli, journal, "erase", "1", *options).check(3, sentence)
    assert journal.read_bytes() == before, "it was changed"


def test_run_makes_a_journal_and_its_key(cli):
    journal = new_journal(cli)
    done = run(cli, journal, "").check(0, f"made the key {journal}.key")
    assert done.of("start")[0]["created"] is True
    assert done.err.count("\n") == 1
    for path in journal, journal.with_name("leads.journal.key"):
        assert path.stat().st_mode & 0o777 == 0o600, path
    done = run(cli, journal, "").check(0)
    assert done.of("start")[0]["created"] is False and done.err == ""
    elsewhere = new_journal(cli)
    run(cli, elsewhere, ada(1), "--device-key", elsewhere.parent / "usb.key", "--deadline", "1", *MAIL)
    assert not elsewhere.with_name("leads.journal.key").exists()
    assert len(objects(leads(cli, elsewhere, "list", "--json", "--device-key", elsewhere.parent / "usb.key"))) == 1
    cli.enrich(*arguments_of(journal, *MAIL, "--size", "256")).check(3, "has another size than --size says, and keeps it")


def test_run_and_leads_refuse_another_key(cli):
    journal = new_journal(cli)
    run(cli, journal, TEODOR).check(0)
    other = new_journal(cli)
    run(cli, other, "").check(0)
    wrong = other.with_name("leads.journal.key")
    refused_unchanged(cli, journal, f"{journal}: was made with another key; nothing was changed; name its key by --device-key FILE", "--device-key", wrong)
    none = journal.with_name("none")
    refused_unchanged(cli, journal, f"{none}: No such file or directory; name the journal's key by --device-key FILE", "--device-key", none)
    assert not none.exists(), "a journal that is there gets no new key"
    wrong.write_bytes(b"short")
    refused_unchanged(cli, journal, f"{wrong}: is not a key: it has not 32 bytes", "--device-key", wrong)
    own = journal.with_name("leads.journal.key")
    own.chmod(0o640)
    refused_unchanged(cli, journal, f"{own}: others can read this key; chmod 600 helps")
    own.chmod(0o600)
    assert len(states(cli, journal)) == 1


def test_run_and_leads_refuse_a_newer_version(cli):
    """behaviours 47: of the file, the store or the journal."""
    journal = new_journal(cli)
    run(cli, journal, TEODOR).check(0)
    good = journal.read_bytes()
    places = [4] + [found.start() + 4 for word in (rb"ENRS", rb"ENRJ") for found in list(re.finditer(word, good))[:1]]
    assert len(places) == 3, "header, store, journal"
    for at in places:
        changed = bytearray(good)
        changed[at] = 2
        if changed[at - 4:at] == b"ENRS":
            changed[at + 1] = 0xfd  # each bit turned over
        journal.write_bytes(changed)
        refused_unchanged(cli, journal, f"{journal}: was written by a newer version of enrich; nothing was changed")
    journal.write_bytes(good)
    assert len(states(cli, journal)) == 1


def test_run_and_leads_refuse_what_is_no_journal(cli):
    journal = new_journal(cli)
    for content in b"name,company\nAda,Acme\n", b"\x00" * 163840, b"\xff" * 163840 + b"x" + b"\xff" * 16383:
        journal.write_bytes(content)
        refused_unchanged(cli, journal, f"{journal}: is not a journal")
    journal.unlink()
    run(cli, journal, TEODOR).check(0)
    whole = journal.read_bytes()
    for cut in whole[:-16384], whole[:-1], whole + whole[-16384:]:
        journal.write_bytes(cut)
        refused_unchanged(cli, journal, f"{journal}: ")
    journal.write_bytes(whole)
    assert len(states(cli, journal)) == 1
    cli.enrich(*arguments_of(journal.parent, *MAIL)).check(3, f"{journal.parent}: ")


def test_run_completes_a_journal_whose_making_was_cut_off(cli):
    journal = new_journal(cli)
    for part in b"", b"\xff" * 16384, b"\xff" * 20000, b"ENR\xff" + b"\xff" * 20000:
        journal.write_bytes(part)
        done = run(cli, journal, TEODOR)
        if part.startswith(b"ENR"):
            assert done.code == 3 and "is not a journal" in done.err
        else:
            done.check(0)
            assert done.of("start")[0]["created"] and journal.stat().st_size == (144 + 48) * 1024
        journal.unlink()
    whole = b"EN" + b"\xff" * (192 * 1024 - 2)  # cut off while its header was written
    journal.write_bytes(whole)
    run(cli, journal, TEODOR).check(0)


def test_journal_is_open_once(cli):
    journal = new_journal(cli)
    with Live(cli, journal) as live:
        live.wait("start")
        before = b""
        for _ in range(20):  # its session begins by itself, and then nothing happens
            now = journal.read_bytes()
            if now == before:
                break
            before = now
            time.sleep(0.3)
        refused_unchanged(cli, journal, f"{journal}: another enrich has this journal open")
        live.end().check(0)
    assert states(cli, journal) == {}


# --- results and acknowledgements ---

def test_run_hands_results_out_until_they_are_acknowledged(cli):
    """DESIGN 1: printing is not delivering. Nothing but the right digest, on its own descriptor, takes them."""
    journal = new_journal(cli)
    with Live(cli, journal) as live:
        live.say("ack " + "0" * 64)
        live.wait("not_acknowledged", why="no batch waits for it")
        live.scan(TEODOR)
        batch = live.wait("batch")
        shown = [line for line in live.lines if b'"event":"result"' in line]
        assert batch["digest"] == hashlib.sha256(b"".join(shown)).hexdigest() and batch["results"] == len(shown) == 1
        (result,) = [event for event in live.events if event["event"] == "result"]
        assert result["result"]["email"] == "teodor.lindqvist@acme.example" and result["verified"] and result["attempts"] == 1, result
        assert set(result["lead"]) == LEAD_KEYS and result["lead"]["firstname"] == "Teodor", result
        live.say("ack " + "0" * 64)
        live.wait("not_acknowledged", why="the digest is not that of the batch")
        for line in TEODOR.strip(), "ack", "ack " + batch["digest"][:-1], "ACK " + batch["digest"], "x" * 5000, "":
            live.say(line)
        live.wait("not_acknowledged", times=6, why="the line is neither ack DIGEST nor retry")
        live.scan(f"ack {batch['digest']}\n")  # a badge that says so is a badge
        assert live.wait("captured", scan=2)["kind"] == "new"
        assert not [event for event in live.events if event["event"] == "acknowledged"]
        live.process.kill()
    assert states(cli, journal)[1] == {"email": "finished"}, "it was printed, and is still there"
    with Live(cli, journal) as live:
        batch = live.wait("batch")
        live.say("ack " + batch["digest"])
        live.wait("acknowledged", digest=batch["digest"], results=1)
        live.wait("state", number=1, state="erased")
        live.say("ack " + batch["digest"])
        live.wait("not_acknowledged", why="no batch waits for it")
        live.scan(TEODOR)
        assert live.wait("captured", scan=1)["kind"] == "known"
        live.end().check(0)
    assert list(states(cli, journal)) == [2]


def test_run_hands_out_type_by_type_and_in_batches(cli):
    """A lead stays until all of its requests are taken; more leads than a batch holds come in several."""
    journal = new_journal(cli)
    with Judged(cli, "--latency", "20") as judged:
        with Live(cli, journal, "--size", "512", *MAIL, "--type", "phone", at=judged.sim) as live:
            for number in range(70):
                live.scan(f"MECARD:N:N{number},Ada;ORG:Acme Example;URL:https://www.linkedin.com/in/ada-n{number};;\n")
            live.wait("state", times=140, state="finished")
            live.process.kill()
        with Live(cli, journal, "--size", "512", *MAIL, "--type", "phone", at=judged.sim) as live:
            first = live.wait("batch")
            assert first["results"] == 128, first
            live.say("ack " + first["digest"])
            second = live.wait("batch", times=2)
            assert second["results"] == 12, second
            live.say("ack " + second["digest"])
            live.wait("acknowledged", times=2)
            live.end().check(0)
        assert states(cli, journal) == {}
        assert len(judged.accepted()) == 140


def test_run_without_acknowledgements_prints_again_at_each_start(cli):
    journal = new_journal(cli)
    first = run(cli, journal, TEODOR + INES).check(0)
    assert len(first.of("result")) == 2 and not first.of("batch"), first.done
    second = run(cli, journal, "").check(0)
    assert sorted(event["number"] for event in second.of("result")) == [1, 2], second.done
    assert states(cli, journal) == {1: {"email": "finished"}, 2: {"email": "finished"}}


def test_run_goes_on_when_its_reader_of_results_leaves(cli):
    """Acknowledgements end: what is there stays, what comes is printed."""
    journal = new_journal(cli)
    with Live(cli, journal) as live:
        live.scan(TEODOR)
        live.wait("batch")
        os.close(live.acks)
        live.acks = os.open(os.devnull, os.O_WRONLY)
        live.scan(INES)
        live.wait("result", number=2)
        live.end().check(0)
    assert states(cli, journal) == {1: {"email": "finished"}, 2: {"email": "finished"}}


def test_run_ends_when_nobody_reads_its_events(cli):
    journal = new_journal(cli)
    env, options = cli.settings(cli.sim.base, cli.sim.ca)
    reader, writer = os.pipe()
    os.close(reader)
    process = cli.start(*arguments_of(journal, *MAIL), *options, env=env, stdin=subprocess.PIPE, stdout=writer)
    os.close(writer)
    _, err = process.communicate(ada(1).encode(), 30)
    assert process.returncode == 3 and b"standard output: Broken pipe" in err, err


# --- what goes wrong ---

def test_run_captures_while_the_service_is_down_and_sends_when_it_is_up(cli):
    journal = new_journal(cli)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    folder = cli.WORK / uuid.uuid4().hex
    folder.mkdir()
    down = type("Down", (), {"base": f"https://localhost:{port}/api/v2", "ca": cli.sim.ca})
    done = run(cli, journal, TEODOR, "--deadline", "1", *MAIL, at=down).check(4, "1 to send")
    assert done.of("captured")[0]["states"] == {"email": "ready"}
    with Live(cli, journal, at=down, acks=False) as live:
        live.scan(INES)
        live.wait("captured")
        up = Sim(cli.WORK, uuid.uuid4().hex, "--port", str(port))
        try:
            live.wait("result", times=2)
            live.end().check(0)
        finally:
            up.stop()


def test_run_holds_requests_while_the_key_is_refused(cli):
    """behaviours 36: 401 stops the queue and says so; a good key ends it, at the next start."""
    journal = new_journal(cli)
    env, options = cli.settings(cli.sim.base, cli.sim.ca)
    before = cli.sim.requests()
    done = Ended(cli.bare(*arguments_of(journal, *MAIL), *options, env={**env, "ENRICH_API_KEY": "other"}, stdin=(TEODOR + INES).encode()))
    done.check(6, "the API key was refused", "2 to send")
    assert done.of("flag") == [{"event": "flag", "flag": "unauthorized", "set": True}], done.done
    assert cli.sim.requests() == before + 1, "it does not hammer"
    assert states(cli, journal) == {1: {"email": "ready"}, 2: {"email": "ready"}}
    done = run(cli, journal, "").check(0)
    assert [event["set"] for event in done.of("flag")] == [True, False], done.done
    assert len(done.of("result")) == 2, done.done


def test_run_tries_again_when_told(cli):
    """A flag of the account goes when somebody has settled it and says so."""
    journal = new_journal(cli)
    with Judged(cli, "--credits", "0", "--latency", "20") as poor:
        done = run(cli, journal, TEODOR, at=poor.sim).check(7, "not enough credits", "1 to send")
        assert [event["flag"] for event in done.of("flag")] == ["credits"]
    refused = answer({"error": "Insufficient enrichment credits"}, "422 X")
    settled = threading.Event()
    def said(request):
        if not settled.is_set():
            return refused
        if request["method"] == "GET":
            return answer({"enrichment_id": request["path"].rsplit("/", 1)[1], "status": "finished", "email": "t@acme.example"})
        return accepted(request)
    with cli.scripted(said) as server, Live(cli, new_journal(cli), at=server) as live:
        live.scan(TEODOR)
        live.wait("flag", flag="credits", set=True)
        settled.set()
        live.say("retry")
        live.wait("flag", flag="credits", set=False)
        live.wait("result")


def test_run_holds_an_unknown_request_for_the_operator(cli):
    """behaviours 33, 34: never sent again by itself; leads resend says what it may cost, give-up ends it."""
    journal = new_journal(cli)
    rules = faults(cli, {"call": "submit", "times": 2, "when": "after", "cut": 0, "end": "reset"})
    with Judged(cli, *rules, "--latency", "20") as judged:
        done = run(cli, journal, TEODOR + INES, at=judged.sim).check(11, "2 unknown")
        run(cli, journal, "", at=judged.sim).check(11)
        assert len(judged.accepted()) == 2
        leads(cli, journal, "list").check(0, out="email: unknown (E_")
        done = leads(cli, journal, "resend", 1, *MAIL).check(0, "lead 1: it was sent 1 time, and may have been accepted and billed; sent again, it may be billed",
                                                             out="lead 1: will be sent again by the next run")
        leads(cli, journal, "resend", 1, *MAIL).check(2, "its request for email is ready; only unknown and rejected ones are sent again")
        leads(cli, journal, "give-up", 2, *MAIL).check(0, out="lead 2: given up")
        leads(cli, journal, "give-up", 2, *MAIL).check(9, "lead 2: there is none, or it was erased")
        done = run(cli, journal, "", at=judged.sim).check(0)
        assert len(judged.accepted()) == 3, "bought twice, because the operator said so"
        assert done.of("result")[0]["attempts"] == 2, done.done
        leads(cli, journal, "give-up", 1, *MAIL).check(2, "its request for email is finished")


def test_run_sends_an_unknown_request_again_when_told_to(cli):
    """--resend: as often as it says, counted."""
    journal = new_journal(cli)
    rules = faults(cli, {"call": "submit", "when": "after", "status": 503})
    with Judged(cli, *rules, "--latency", "20") as judged:
        run(cli, journal, TEODOR, "--resend", "email=2", *MAIL, at=judged.sim).check(11, "1 unknown")
        assert len(judged.accepted()) == 3
        assert objects(leads(cli, journal, "list", "--json"))[0]["requests"]["email"] == {"state": "unknown", "status": "E_SERVER", "attempts": 3}


def test_run_blocks_nobody_for_one_that_is_refused(cli):
    """behaviours 36: a poisoned request is rejected, and stays for the operator."""
    journal = new_journal(cli)
    rules = faults(cli, {"call": "submit", "times": 1, "status": 422, "body": '{"errors":["firstname is odd"]}', "type": "application/json"})
    with Judged(cli, *rules, "--latency", "20") as judged:
        done = run(cli, journal, TEODOR + INES, at=judged.sim).check(8, "1 rejected")
        assert len(done.of("result")) == 1
        leads(cli, journal, "resend", 1, *MAIL).check(0)
        run(cli, journal, "", at=judged.sim).check(0)


def test_run_stops_on_a_signal_and_goes_on(cli):
    """Says what is left, and the next run needs nothing but the journal."""
    journal = new_journal(cli)
    with Judged(cli, "--latency", "3000") as judged:
        with Live(cli, journal, at=judged.sim) as live:
            live.scan(TEODOR + INES)
            live.wait("state", times=2, state="pending")
            live.end(signal.SIGTERM).check(143, "interrupted", "2 pending")
        with Live(cli, journal, at=judged.sim) as live:
            live.wait("start")
            live.end(signal.SIGINT).check(130, "interrupted")
        assert len(run(cli, journal, "", at=judged.sim).check(0).of("result")) == 2
        assert len(judged.accepted()) == 2


def test_run_is_killed_and_nothing_is_lost(cli):
    journal = new_journal(cli)
    with Judged(cli, "--latency", "20") as judged:
        for number in range(6):
            with Live(cli, journal, at=judged.sim, acks=False) as live:
                live.scan(ada(number))
                live.wait("captured")
                live.process.kill()
        done = run(cli, journal, "", at=judged.sim)
        assert done.code in (0, 11), done.done
        assert set(states(cli, journal)) == set(range(1, 7))
        assert len({entry["person"] for entry in judged.accepted()}) == len(judged.accepted()), "bought twice"


def test_run_shows_its_status_on_a_terminal(cli):
    journal = new_journal(cli)
    env, options = cli.settings(cli.sim.base, cli.sim.ca)
    terminal, other = pty.openpty()
    process = cli.start(*arguments_of(journal, *MAIL), *options, env=env, stdin=subprocess.PIPE, stderr=other)
    os.close(other)
    process.stdin.write(TEODOR.encode())
    process.stdin.close()
    process.stdin = None
    shown = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            shown += os.read(terminal, 65536)
        except OSError:
            break
    process.communicate(timeout=20)
    os.close(terminal)
    assert re.search(rb"enrich: 1 to do, 0 unknown, room \d+, (safe to power off|sending)", shown), shown
    assert b"Teodor" not in shown and b"acme" not in shown.lower(), "nothing personal on it (behaviours 49)"


def test_run_takes_settings_from_a_file(cli):
    journal = new_journal(cli)
    config = journal.with_name("enrich.conf")
    config.write_text(f"journal = {journal}\ndevice-key = {journal.parent}/k\nevent = ces-26\ndevice = gate-2\noperator = Zoë\n"
                      f"async-base = {cli.sim.base}\nca = {cli.sim.ca}\n")
    done = cli.bare("run", "--config", config, "--size", "144", *SOON, *MAIL, env={"ENRICH_API_KEY": KEY}, stdin=TEODOR.encode())
    (result,) = Ended(done).check(0).of("result")
    assert (result["lead"]["event"], result["lead"]["device"], result["lead"]["operator"]) == ("ces-26", "gate-2", "Zoë")
    assert len(objects(cli.bare("leads", "list", "--json", "--config", config))) == 1
    config.write_text(f"event = {'x' * 65}\n")
    cli.bare("run", "--config", config, *MAIL).check(3, "enrich.conf:1: must be 1 to 64 bytes of UTF-8")


# --- leads ---

def test_leads_list_and_stats_hold_nothing_personal(cli):
    """behaviours 49."""
    journal = new_journal(cli)
    run(cli, journal, TEODOR + INES + "000012\n", *MAIL, "--type", "phone")
    done = leads(cli, journal, "list").check(0)
    assert done.err == "" and [line.split()[0] for line in done.out.splitlines()] == ["1", "2", "3"], done
    assert "email: finished" in done.out and "phone: refused" in done.out and "email: captured" in done.out
    assert len(leads(cli, journal, "list", "--state", "captured").check(0).out.splitlines()) == 1
    assert leads(cli, journal, "list", "--state", "late").check(0).out == ""
    stats = leads(cli, journal, "stats").check(0, out=["leads:          3\n", "  finished:     3 "])
    (figures,) = objects(leads(cli, journal, "stats", "--json"))
    assert set(figures) == {"leads", "damaged", "room", "unpurged", "sectors", "clean", "bad", "erases_min", "erases_max", "requests"}, figures
    assert figures["leads"] == 3 and figures["damaged"] == 0 and figures["sectors"] == 9 and set(figures["requests"]) == STATES, figures
    assert figures["requests"]["finished"] == 3 and figures["requests"]["captured"] == 2 and figures["requests"]["refused"] == 1, figures
    for output in done, stats:
        for name in "Teodor", "Lindqvist", "Inès", "acme", "000012", "+33":
            assert name not in output.out + output.err, f"{output} shows {name}"
    assert KEY.encode() not in journal.read_bytes() and b"Lindqvist" not in journal.read_bytes(), "what is on the disk is sealed"


def test_leads_export_is_csv_that_no_spreadsheet_runs(cli):
    """RFC 4180; values that would be formulas are defused (OWASP CSV injection), phone numbers stay what they are."""
    journal = new_journal(cli)
    evil = ["=cmd|' /C calc'!A0", "+1+cmd|x", "-2+3", "@SUM(A1)", '"=1', "a;=1", "＝1", "'=1", "a, \"b\"", "=HYPERLINK(\"x\")"]
    def escape(text):
        return text.replace(";", "\\;").replace(",", "\\,")
    scans = "".join(f"BEGIN:VCARD\nVERSION:3.0\nN:N{n};Ada;;;\nORG:{escape(text)}\nTEL:+46 8 555 01 23\nEND:VCARD\n" for n, text in enumerate(evil))
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        run(cli, journal, scans, "--deadline", "1", *MAIL, at=server)
    done = leads(cli, journal, "export").check(0)
    said = done.out
    assert said.count("\r\n") == len(evil) + 1 and "\n" not in said.replace("\r\n", ""), "lines end in CRLF"
    rows = list(csv.DictReader(io.StringIO(said, newline=""), strict=True))
    assert [row["lastname"] for row in rows] == [f"N{n}" for n in range(len(evil))]
    for row, text in zip(rows, evil):
        for value in row.values():
            assert not re.match(r"[=+\-@＝＋－＠\t\r]", value) or re.fullmatch(r"\+[0-9 ]+", value), f"{value!r} may be a formula"
            assert ";=" not in value, value
        assert row["company"].replace("'", "") == text.replace("'", ""), (row["company"], text)
    assert rows[8]["company"] == 'a, "b"' and rows[0]["captured_phone"] == "+46 8 555 01 23" and rows[0]["email_state"] == "unknown", rows[0]


def test_leads_export_and_confirm(cli):
    """The digest of the very bytes; another one changes nothing; the right one takes exactly what was exported."""
    journal = new_journal(cli)
    run(cli, journal, TEODOR + INES + "000012\n", *MAIL, "--type", "phone")
    for form in [], ["--json"]:
        done = leads(cli, journal, "export", *form)
        digest = hashlib.sha256(done.out.encode()).hexdigest()
        done.check(0, f"3 leads, 3 results; SHA-256 {digest}\n", f"enrich leads confirm {digest} --journal {journal}")
        assert leads(cli, journal, "export", *form).out == done.out, "the same leads, the same bytes"
    rows = list(csv.DictReader(io.StringIO(leads(cli, journal, "export").out, newline="")))
    assert rows[0]["email"] == "teodor.lindqvist@acme.example" and rows[0]["email_status"] == "deliverable" and rows[0]["phone_state"] == "refused", rows
    assert rows[1]["phones"] == "+33639980123; +33639980124" and rows[2]["attendee_id"] == "000012", rows
    before = journal.read_bytes()
    wrong = hashlib.sha256(b"").hexdigest()
    leads(cli, journal, "confirm", wrong).check(2, "no export of what is in the journal now has this digest; nothing was changed; export again")
    assert journal.read_bytes() == before
    run(cli, journal, ada(1))
    leads(cli, journal, "confirm", digest).check(2, "nothing was changed")
    digest = hashlib.sha256(leads(cli, journal, "export").out.encode()).hexdigest()
    leads(cli, journal, "confirm", digest).check(0, out="taken: 4 results of 4 leads")
    assert states(cli, journal) == {3: {"email": "captured", "phone": "captured"}}, "an id without a name stays"
    leads(cli, journal, "confirm", digest).check(2, "nothing was changed")
    assert [event["kind"] for event in run(cli, journal, TEODOR + "000012\n").of("captured")] == ["known", "rescan"]


def test_leads_erase_in_every_state(cli):
    """Article 17: by number and by what is scanned; gone from list, export and the next run, and not captured again."""
    journal = new_journal(cli)
    blob = b"\xff\xfe encrypted"
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        run(cli, journal, TEODOR.encode() + INES.encode() + b"000012\n" + blob + b"\n", "--event", "ces", "--deadline", "1", *MAIL, at=server)
    card = journal.with_name("card")
    card.write_text(TEODOR)
    leads(cli, journal, "erase", "--badge", card).check(0, out="erased")
    leads(cli, journal, "erase", "--badge", card).check(9, "there is none, or it was erased before")
    leads(cli, journal, "erase", "--badge", "-", stdin=b"000012").check(9, "there is none")
    leads(cli, journal, "erase", "--badge", "-", "--event", "ces", stdin=b"000012").check(0)
    leads(cli, journal, "erase", "--badge", "-", "--event", "ces", stdin=blob + b"\n").check(0)
    leads(cli, journal, "erase", 2).check(0, out="erased: nothing of it can be read any more\n")
    assert objects(leads(cli, journal, "export", "--json")) == [] and states(cli, journal) == {}
    with cli.scripted(accepted) as server:
        done = run(cli, journal, TEODOR.encode() + INES.encode() + b"000012\n" + blob + b"\n", "--event", "ces", *MAIL, at=server).check(0)
        assert [event["kind"] for event in done.of("captured")] == ["known"] * 4 and server.posts() == 0
    leads(cli, journal, "erase", "--badge", card.with_name("none")).check(3, "none: No such file or directory")
    (figures,) = objects(leads(cli, journal, "stats", "--json"))
    assert figures["unpurged"] == 0, figures


def test_leads_tell_damage_and_repair_it(cli):
    """A lead whose bytes are damaged is told, never shown as another, and holds up no other; repair gives it up."""
    journal = new_journal(cli)
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        run(cli, journal, "".join(ada(number) for number in range(3)), "--deadline", "1", *MAIL, at=server)
    content = bytearray(journal.read_bytes())
    first = content.index(b"ENRJ")
    end = first // 16384 * 16384 + 16384
    while content[end - 1] == 0xff:
        end -= 1
    content[end - 3] ^= 1  # in the content, or the annex, of the first lead
    journal.write_bytes(content)
    listed = objects(leads(cli, journal, "list", "--json"))
    damaged = [lead["number"] for lead in listed if lead.get("damaged")]
    if damaged:
        leads(cli, journal, "show", damaged[0]).check(3)
        leads(cli, journal, "export").check(0, "1 damaged that cannot be read")
        leads(cli, journal, "repair").check(0)
        assert not [lead for lead in objects(leads(cli, journal, "list", "--json")) if lead.get("damaged")]
    names = [lead["lead"]["lastname"] for lead in objects(leads(cli, journal, "export", "--json"))]
    assert {"N1", "N2"} <= set(names), names
