"""enrich run as the event's scanner: profile, roster, control codes, consent, retention. `cli` is the module tests/cli/run with its helpers."""
import csv
import hashlib
import io
import json

from journal import INES, Ended, Live, MAIL, TEODOR, ada, leads, new_journal, objects, run
from services import answer

LIST = ("attendee_id,firstname,lastname,company,email,no_scan\r\n"
        "000012,Teodor,Lindqvist,Acme Example,,\r\nSB-7,Ada,Nilsson,Acme Example,,yes\r\n")
PERSONAL = ["--type", "personal_email", "--personal-email-ok"]


def down(cli):
    """A service that gives nothing away."""
    return cli.scripted(answer({"error": "x"}, "503 X"))


def build_roster(cli, journal, table=LIST, *options):
    path = journal.with_name("event.roster")
    table_path = journal.with_name("attendees.csv")
    table_path.write_text(table)
    cli.bare("roster", "build", table_path, "-o", path, *options).check(0)
    return path


def shown(cli, journal, number):
    (record,) = objects(leads(cli, journal, "show", number, "--json"))
    return record


def captured_by_profile(cli, scans, profile, *options):
    """What a run with this profile keeps of scans."""
    journal = new_journal(cli)
    path = journal.with_name("profile.json")
    path.write_text(json.dumps(profile))
    with down(cli) as server:
        done = run(cli, journal, scans, "--deadline", "1", "--profile", path, *MAIL, *options, at=server)
    return done, [record["lead"] for record in objects(leads(cli, journal, "export", "--json"))]


def test_station_each_badge_ends_in_the_right_state(cli):
    """The table of a hall: what is printed on badges, and what becomes of it. Scanned again, nothing more is bought (domain 1, DESIGN 6)."""
    journal = new_journal(cli)
    profile = journal.with_name("profile.json")
    profile.write_text(json.dumps({"delimiter": "^", "fields": ["attendee_id", "firstname", "lastname", "company"]}))
    roster = build_roster(cli, journal)
    gm65 = b"\x02\x00\x00\x01\x00\x33\x31"
    table = [  # name, bytes, kind of badge, filled in by the roster, state
        ("vCard", b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Abubakar;Ma\xc3\xablle;;;\r\nORG:Borealis Demo SA\r\nEND:VCARD\r\n", "vcard", False, "finished"),
        ("MECARD", b"MECARD:N:Lindqvist,Teodor;ORG:Acme Example;;\r", "mecard", False, "finished"),
        ("LinkedIn URL", b"https://www.linkedin.com/in/some-body-example/\r\n", "linkedin", False, "captured"),
        ("delimited", "A-9^In\u00e8s^Okonkwo-Varga^Acme Example France\r".encode(), "delimited", False, "finished"),
        ("id with roster", b"000012\r", "id", True, "finished"),
        ("id without roster", b"000013\r", "id", False, "captured"),
        ("GM65 transcript", gm65 + b"]Q1MECARD:N:Sol" + gm65 + b"berg,Ada;ORG:Acme Example;;\r\n" + gm65, "mecard", False, "finished"),
    ]
    options = [*MAIL, "--profile", profile, "--roster", roster]
    done = run(cli, journal, b"".join(row[1] for row in table), *options)
    assert [(event["badge"], event["listed"], event["signal"], event["kind"]) for event in done.of("captured")] == \
        [(kind, listed, "good", "new") for _, _, kind, listed, _ in table], done.done
    ends = [record["requests"]["email"]["state"] for record in objects(leads(cli, journal, "export", "--json"))]
    assert ends == [row[4] for row in table], ends
    bought = len([event for event in done.of("state") if event["state"] == "sending"])
    assert bought == 5, done.done
    again = run(cli, journal, b"".join(row[1] for row in table), *options)
    assert {event["signal"] for event in again.of("captured")} == {"duplicate"}, again.done
    assert [event for event in again.of("state") if event["state"] == "sending"] == [], "a rescan pays nothing"


def test_station_an_unknown_id_is_resolved_when_the_roster_comes(cli):
    """domain 3: unknown offline is still a lead; its roster comes later."""
    journal = new_journal(cli)
    done = run(cli, journal, "000012\nSB-7\n" + ada(1), *MAIL)
    assert [event["states"]["email"] for event in done.of("captured")] == ["captured", "captured", "ready"], done.done
    roster = build_roster(cli, journal)
    done = run(cli, journal, "", "--roster", roster, *MAIL)
    assert done.of("roster") == [{"event": "roster", "filled": 1, "removed": 1}], done.done
    assert done.of("result")[-1]["lead"]["lastname"] in ("Lindqvist", "N1"), done.done
    assert shown(cli, journal, 1)["requests"]["email"]["state"] == "finished"
    leads(cli, journal, "show", 2).check(9)  # does not want to be scanned
    done = run(cli, journal, "", "--roster", roster, *MAIL)
    assert done.of("roster") == [], "it was filled in before"


def test_station_does_not_keep_who_does_not_want_it(cli):
    """domain 5: no_scan counts also when the list has expired, and no code speaks of the lead before."""
    journal = new_journal(cli)
    roster = build_roster(cli, journal, LIST, "--expires", "2026-01-02")
    with down(cli) as server:
        done = run(cli, journal, TEODOR + "SB-7\nENR:R5\n000012\n", "--deadline", "1", "--roster", roster, *MAIL, at=server)
    assert [(event["scan"], event["why"], event["signal"]) for event in done.of("refused")] == [(2, "no_scan", "refused"), (3, "no_lead", "refused")], done.done
    assert [(event["scan"], event["listed"]) for event in done.of("captured")] == [(1, False), (4, False)], "expired: fills nothing in"
    assert b"SB-7" not in leads(cli, journal, "export").out.encode()


def test_station_codes_of_the_sheet(cli):
    """Rating, consent, answers and who scans, for the lead before; lib/station/CODES.md."""
    journal = new_journal(cli)
    scans = "ENR:R5\n" + TEODOR + "ENR:R3\nENR:C+CE\nENR:C-M\nENR:Q:SIZE:50\nENR:Q:ROLE:CTO\nENR:Q:SIZE:500\n" + "ENR:BY:ANNA\n" + ada(1) + "ENR:R1\nENR:R9\nENR:R2\n"
    with down(cli) as server:
        done = run(cli, journal, scans, "--deadline", "1", "--notice", "2026-03 en", "--operator", "Zoe", *MAIL, at=server)
    assert [(event["scan"], event["why"]) for event in done.of("refused")] == [(1, "no_lead"), (12, "unknown_code"), (13, "no_lead")], done.done
    assert len(done.of("noted")) == 7 and {event["signal"] for event in done.of("noted")} == {"good"}, done.done
    first, second = shown(cli, journal, 1)["lead"], shown(cli, journal, 2)["lead"]
    assert (first["rating"], first["answers"], first["operator"], first["scans"]) == (3, "ROLE=CTO;SIZE=500", "Zoe", 1), first
    assert first["consent"] == {"contact": True, "enrichment": True, "personal_email": None, "marketing": False, "method": "barcode", "notice": "2026-03 en"}
    assert (second["rating"], second["operator"], second["consent"]["contact"]) == (1, "ANNA", None), second


def test_station_codes_need_the_word_of_the_sheet(cli):
    """A code on a stranger's badge does not speak for the person before."""
    journal = new_journal(cli)
    with down(cli) as server:
        done = run(cli, journal, TEODOR + "ENR:C+P\nENR:K7:R4\n" + TEODOR + "ENR:K7:R4\n", "--deadline", "1", "--sheet", "K7", *MAIL, at=server)
    assert [(event["scan"], event["why"]) for event in done.of("refused")] == [(2, "unknown_code"), (3, "no_lead")], done.done
    lead = shown(cli, journal, 1)["lead"]
    assert (lead["rating"], lead["consent"]["personal_email"]) == (4, None), lead


def test_station_asks_for_personal_email_with_consent_only(cli):
    """behaviours 37, domain 5: the event's leave, and that lead's recorded consent."""
    journal = new_journal(cli)
    done = run(cli, journal, INES, *PERSONAL, at=cli.generous).check(2)
    assert done.of("captured")[0]["states"] == {"personal_email": "refused"}, done.done
    done = run(cli, journal, INES + "ENR:C+P\n", *PERSONAL, at=cli.generous).check(0)
    assert done.of("noted")[0]["states"] == {"personal_email": "ready"}, done.done
    (result,) = done.of("result")
    assert result["type"] == "personal_email" and result["lead"]["consent"]["personal_email"] is True and result["lead"]["consent"]["method"] == "barcode", done.done


def test_station_withdrawn_consent_sends_nothing(cli):
    journal = new_journal(cli)
    with down(cli) as server:
        done = Ended(cli.enrich("run", "--journal", journal, "--spread", "5000", "--deadline", "1", *PERSONAL, at=server,
                                stdin=(INES + "ENR:C+P\nENR:C-P\n").encode())).check(2)
    assert [event["states"]["personal_email"] for event in done.of("noted")] == ["ready", "refused"], done.done
    assert done.of("state") == [], "nothing was sent"


def test_station_says_when_the_power_may_go(cli):
    journal = new_journal(cli)
    with Live(cli, journal) as live:
        live.scan(TEODOR)
        live.wait("power", safe=False)
        live.wait("result")
        live.wait("power", safe=True)


def test_station_profile_of_the_event(cli):
    """Columns by the event's own delimiter, a prefix of its own."""
    done, (lead,) = captured_by_profile(cli, "EVT:7|Ada|Nilsson|Acme Example\n",
                                        {"strip_prefix": "EVT:", "delimiter": "|", "fields": ["attendee_id", "firstname", "lastname", "company"]}, "--event", "e26")
    assert (lead["attendee_id"], lead["lastname"], lead["company"], lead["event"]) == ("7", "Nilsson", "Acme Example", "e26"), lead
    assert done.of("captured")[0]["badge"] == "delimited"
    journal = new_journal(cli)
    cli.enrich("run", *MAIL, "--journal", journal, "--profile", journal.with_name("none")).check(3, "No such file")
    broken = journal.with_name("broken.roster")
    broken.write_text("x" * 100)
    cli.enrich("run", *MAIL, "--journal", journal, "--roster", broken).check(3, "is no roster, or a damaged one")


def test_station_exports_what_was_noted(cli):
    """CSV, JSON and vCard hold who, which device, when with what clock, rating, answers and consent; each is confirmed by its own digest."""
    journal = new_journal(cli)
    scans = TEODOR + "ENR:R5\nENR:C+CP\nENR:C-M\nENR:Q:SIZE:50\n" + "BEGIN:VCARD\nN:N,;A\\;\\,da;;;\nORG:" + "Ö" * 60 + "\nTITLE:a\\, b\nEND:VCARD\n000012\n"
    run(cli, journal, scans, "--notice", "n1", "--operator", "Zoe", "--device", "gate-1", "--event", "e26", *MAIL)
    rows = list(csv.DictReader(io.StringIO(leads(cli, journal, "export").out, newline=""), strict=True))
    wanted = {"operator": "Zoe", "device": "gate-1", "rating": "5", "answers": "SIZE=50", "first_seen_clock": "set", "consent_contact": "yes", "consent_enrichment": "",
              "consent_personal_email": "yes", "consent_marketing": "no", "consent_method": "barcode", "notice": "n1"}
    assert {key: rows[0][key] for key in wanted} == wanted, rows[0]
    done = leads(cli, journal, "export", "--vcard")
    assert all(len(line) <= 75 for line in done.out.encode().split(b"\r\n")) and done.out.count("\r\n") == done.out.count("\n"), done
    cards = done.out.replace("\r\n ", "").split("BEGIN:VCARD\r\n")[1:]
    assert len(cards) == 3 and all(card.startswith("VERSION:4.0\r\nFN:") and card.endswith("END:VCARD\r\n") for card in cards), cards
    for property_ in "FN:Teodor Lindqvist", "N:Lindqvist;Teodor;;;", "ORG:Acme Example", "EMAIL;TYPE=work;PREF=1:teodor.lindqvist@acme.example", "NOTE:rating 5\\, SIZE=50":
        assert f"\r\n{property_}\r\n" in cards[0], (property_, cards[0])
    assert "\r\nFN:000012\r\n" in cards[2] and "\r\nN:" not in cards[2], cards[2]
    path = journal.with_name("one.vcf")
    path.write_bytes(("BEGIN:VCARD\r\n" + done.out.split("BEGIN:VCARD\r\n")[2]).encode())
    (lead,) = [record["lead"] for record in objects(leads(cli, journal, "export", "--json")) if record["number"] == 2]
    read = json.loads(cli.bare("badge", path, "--json").check(0).out)
    assert [read[key] for key in ("firstname", "lastname", "company", "title")] == [lead[key] for key in ("firstname", "lastname", "company", "title")], read
    leads(cli, journal, "export", "--vcard", "--json").check(1, "choose one")
    leads(cli, journal, "confirm", hashlib.sha256(done.out.encode()).hexdigest()).check(0, out="of 3 leads")


def test_station_keeps_leads_for_so_many_days(cli):
    """domain 5: retention, also of what was never sent."""
    journal = new_journal(cli)
    run(cli, journal, "000012\n", "--keep-days", "1", *MAIL)
    assert len(objects(leads(cli, journal, "list", "--json"))) == 1, "not yet"
    for value in "0", "4000":
        cli.bare("run", *MAIL, "--keep-days", value).check(1, "--keep-days: must be a number from 1 to 3650")
