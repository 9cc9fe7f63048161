"""enrich provision, and run told by its codes. `cli` is the module tests/cli/run with its helpers."""
import base64
import re
import time

from journal import Ended, MAIL, TEODOR, leads, new_journal, objects
from services import KEY, answer

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
seconds = [0]


def secret_of(cli, journal):
    """A new secret of the journal's device, in a file."""
    shown = cli.bare("provision", "secret", "--journal", journal).out
    assert re.fullmatch(r"([A-Z2-7]{4} ){6}[A-Z2-7]{2}\n", shown), shown
    path = journal.with_name("secret")
    path.write_text(shown.lower().replace(" ", "-"))
    return path


def code_of(cli, secret, *options, at=None):
    """A code for a device; each has a later number than the one before."""
    while int(time.time()) <= seconds[0]:
        time.sleep(0.05)
    seconds[0] = int(time.time())
    at = at or cli.sim
    env, more = cli.settings(at.base, getattr(at, "ca", None) or cli.authority.ca)
    done = cli.bare("provision", "make", "--secret-file", secret, *more, "--allow-private", "--event", "e26", "--device", "gate-1", "--spread", "1000", *MAIL, *options, env=env)
    done.check(0)
    assert re.fullmatch(r"ENR1:[A-Z2-7]+\n", done.out), done
    return done.out


def plain(cli, journal, scans, *options):
    """A run that was told nothing but its journal."""
    return Ended(cli.bare("run", "--journal", journal, "--poll", "50", "--deadline", "1", *options, stdin=scans.encode()))


def refused(done):
    return [event["why"] for event in done.of("refused")]


def test_provision_wrong_arguments(cli):
    for arguments, sentence in [
        ([], "provision: needs secret, or make"),
        (["mak"], "provision: needs secret, or make"),
        (["make"], "provision: needs --secret-file FILE to make a code"),
        (["make", "--secret-file", "x"], "provision: needs --ca FILE"),
    ]:
        cli.bare("provision", *arguments).check(1, sentence, "; enrich provision --help shows how\n")
    journal = new_journal(cli)
    secret = secret_of(cli, journal)
    ca = ["--ca", cli.authority.ca, "--key-file", secret]
    for text in "", "ABCD", "A" * 27, "1" * 26, "A" * 25 + "B", "x" * 300:
        bad = journal.with_name("bad")
        bad.write_text(text)
        cli.bare("provision", "make", "--secret-file", bad, *ca).check(3)
    profile = journal.with_name("profile.json")
    profile.write_text('{"quote": "\\""}')
    cli.bare("provision", "make", "--secret-file", secret, "--profile", profile, *ca).check(3)


def test_provision_a_device_from_nothing(cli):
    """A device without key and address keeps badges, takes its code by the scanner, and then sends."""
    journal = new_journal(cli)
    profile = journal.with_name("profile.json")
    profile.write_text('{"delimiter": "^", "fields": ["attendee_id", null, "firstname", "lastname", "company"]}')
    secret = secret_of(cli, journal)
    code = code_of(cli, secret, "--profile", profile, "--sheet", "K7", "--keep-days", "30")
    raw = base64.b32decode(code[5:].strip() + "=" * (-len(code[5:].strip()) % 8))
    assert KEY.encode() not in raw and b"gate-1" not in raw, "a photo of the code tells nothing"
    done = plain(cli, journal, TEODOR + code + TEODOR, *MAIL).check(0)
    assert [event["event"] for event in done.events if "scan" in event] == ["captured", "provisioned"], done.done
    assert done.of("state") == [], "nothing was sent yet"
    done = plain(cli, journal, "7^x^Ada^Nilsson^Acme Example\nENR:K7:R4\nENR:R5\n").check(0)
    assert refused(done) == ["unknown_code"] and done.of("captured")[0]["badge"] == "delimited", done.done
    assert len(done.of("result")) == 2, done.done
    lead = objects(leads(cli, journal, "show", 2, "--json"))[0]["lead"]
    assert (lead["event"], lead["device"], lead["lastname"], lead["rating"]) == ("e26", "gate-1", "Nilsson", 4), lead
    assert KEY.encode() not in journal.read_bytes(), "the key on the disk is sealed"


def test_provision_refuses_forged_replayed_and_old_codes(cli):
    """domain 3, 6: a stranger's, a used and an old code change nothing, nor does one that is damaged anywhere."""
    journal, other = new_journal(cli), new_journal(cli)
    secret, others = secret_of(cli, journal), secret_of(cli, other)
    old, stranger, code = code_of(cli, secret), code_of(cli, others), code_of(cli, secret)
    plain(cli, journal, code).check(0)
    damaged = []
    for at in [5, 6, 12, 30, len(code) // 2, len(code) - 2]:
        damaged.append(code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1:])
    damaged += [code.strip()[:-1] + "\n", code.strip()[:60] + "\n", "ENR1:\n", "ENR1:A\n", "ENR1:1\n", code.lower().replace("enr1:", "ENR1:")]
    done = plain(cli, journal, code + old + stranger + "".join(damaged))
    assert refused(done) == ["old_code", "old_code", "forged"] + ["forged"] * len(damaged), done.done
    assert {event["signal"] for event in done.of("refused")} == {"refused"} and done.of("captured") == [], done.done
    assert plain(cli, journal, TEODOR).check(0).of("result")[0]["lead"]["device"] == "gate-1", "what it was told stays"
    done = plain(cli, other, "ENR1:AAAA\n", *MAIL)
    assert refused(done) == ["forged"], done.done


def test_provision_an_old_secret_makes_no_code(cli):
    journal = new_journal(cli)
    path = secret_of(cli, journal)
    first = path.read_text()
    assert secret_of(cli, journal).read_text() != first, "each is shown once"
    path.write_text(first)
    assert refused(plain(cli, journal, code_of(cli, path), *MAIL)) == ["forged"]


def test_provision_anew_is_refused_while_leads_are_undelivered(cli):
    """domain 3: unless it is forced, and then only once all was exported."""
    journal = new_journal(cli)
    secret = secret_of(cli, journal)
    plain(cli, journal, code_of(cli, secret)).check(0)
    with cli.scripted(answer({"error": "x"}, "503 X")) as server:
        forced = code_of(cli, secret, "--force", at=server)
        done = plain(cli, journal, "000012\n" + code_of(cli, secret) + forced)
    assert refused(done) == ["undelivered", "undelivered"], done.done
    leads(cli, journal, "export").check(0)
    done = plain(cli, journal, code_of(cli, secret) + "000013\n" + forced)
    assert refused(done) == ["undelivered", "undelivered"], "a lead that came after the export"
    leads(cli, journal, "export").check(0)
    done = plain(cli, journal, forced).check(0)
    assert len(done.of("provisioned")) == 1, done.done
