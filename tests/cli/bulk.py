"""enrich bulk, as a person or a script runs it. `cli` is the module tests/cli/run with its functions."""
import collections
import http.server
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import uuid

from services import KEY, PEOPLE, STALL, Rude, Scripted, Sim, answer

HOOK = ["--webhook", "https://hooks.acme.example/pronto"]
MAIL = ["--type", "email"]
HEADER = "firstname,lastname,domain"
LOSING_SEED = "2"  # by which enrich-sim loses one answer of the first ten
RECORD_KEYS = {"row", "key", "outcome", "token"}


def people(count, first=0):
    return [f"Ada,N{number},acme.example" for number in range(first, first + count)]


def csv_of(rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def file_of(cli, content, name="contacts.csv"):
    """A file in a folder of its own, so that it has no record yet."""
    folder = cli.WORK / uuid.uuid4().hex
    folder.mkdir()
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def run(cli, content, *arguments, at=None):
    """bulk over this content, or over a file that is there."""
    path = content if hasattr(content, "exists") else file_of(cli, content)
    done = cli.enrich("bulk", path, *(arguments or MAIL), at=at)
    done.path = path
    return done


def check(done, code, *sentences, out=()):
    assert done.code == code, f"{done}\n  wanted exit {code}"
    for sentence in sentences:
        assert sentence in done.err, f"{done}\n  wanted on stderr: {sentence!r}"
    for sentence in [out] if isinstance(out, str) else out:
        assert sentence in done.out, f"{done}\n  wanted on stdout: {sentence!r}"
    assert all(line.startswith(("enrich: ", "  row")) or re.match(r"[a-z ]+: +\d", line) for line in done.err.splitlines()), done
    return done


def counts(text):
    """The summary's numbers, of which there is one each."""
    found = {label: int(number) for label, number in re.findall(r"^(accepted|refused|unknown|not sent): +(\d+)", text, re.M)}
    assert set(found) == {"accepted", "refused", "unknown", "not sent"}, text
    return tuple(found.values())


def objects(cli, done):
    """The rows of --json, by their number."""
    rows = [json.loads(line) for line in done.out.splitlines()]
    for row in rows:
        assert set(row) == cli.JSON_KEYS and row["command"] == "bulk", row
        assert (row["error"] is None) == (row["exit"] == 0), row
    assert len({row["row"] for row in rows}) == len(rows), "a row stands twice"
    return {row["row"]: row for row in rows}


def record_of(path):
    """The last word on each row."""
    lines = [json.loads(line) for line in open(f"{path}.record").read().splitlines()]
    assert all(RECORD_KEYS <= set(line) <= RECORD_KEYS | {"id", "batch"} for line in lines), lines
    return {line["row"]: line for line in lines}


def contacts_of(request):
    body = json.loads(request["body"])
    return body["contacts"] if "contacts" in body else [body]


def good(request):
    """What the service says, with an id of its own to each request."""
    if request["method"] == "GET":
        return answer({"enrichment_id": request["path"].rsplit("/", 1)[1], "status": "finished", "email": "ada@acme.example", "email_status": "valid"})
    if request["path"].endswith("bulk_enrich"):
        return answer({"enrichment_id": str(uuid.uuid4()), "status": "queued"}, "202 Accepted")
    return answer({"enrichment_id": str(uuid.uuid4()), "status": "pending", "custom": json.loads(request["body"])["custom"]})


def ledger_of(path):
    lines = path.read_text().rpartition("\n")[0].splitlines()  # the last one may be just being written
    return [entry for entry in map(json.loads, lines) if entry["event"] == "accepted"]


class Judged:
    """An enrich-sim with a ledger."""

    def __init__(self, cli, *options):
        self.ledger = cli.WORK / f"ledger-{uuid.uuid4().hex}"
        self.sim = Sim(cli.WORK, uuid.uuid4().hex, "--ledger", self.ledger, *options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sim.stop()

    def accepted(self):
        return ledger_of(self.ledger)


def faults(cli, *rules):
    path = cli.WORK / f"rules-{uuid.uuid4().hex}"
    path.write_text("".join(json.dumps(rule) + "\n" for rule in rules))
    return ["--faults", path]


# --- what a file may look like ---

def sent_by(cli, content, *arguments):
    """The contacts that reach the service, without their tokens, in the file's order."""
    with cli.scripted(good) as server:
        done = run(cli, content, *(arguments or MAIL), at=server)
    contacts = [contact for request in server.requests for contact in contacts_of(request)]
    for contact in contacts:
        assert re.fullmatch(r"[0-9a-f]{32}", contact["custom"].pop("enr_token"))
        contact.pop("enrichment_type", None)
    return done, contacts


def test_bulk_reads_csv(cli):
    """Quotes, separators, line ends, a byte order mark, names of columns in any case, blank rows, white space (RFC 4180)."""
    teodor = {"firstname": "Teodor", "lastname": "Lindqvist", "domain": "acme.example", "custom": {}}
    for content in [
        "firstname,lastname,domain\nTeodor,Lindqvist,acme.example\n",
        "firstname,lastname,domain\nTeodor,Lindqvist,acme.example",
        "\ufefffirstname;lastname;domain\r\nTeodor;Lindqvist;acme.example\r\n",
        "lastname\tdomain\tfirstname\nLindqvist\tacme.example\tTeodor\n",
        ' FirstName , "LASTNAME" ,Domain\n Teodor ,"Lindqvist" , acme.example \n',
        "firstname,lastname,domain,company,linkedin,custom.x\n\n,,,,,\nTeodor,Lindqvist,acme.example,,,\n , ,,,,\n",
    ]:
        done, contacts = sent_by(cli, content)
        check(done, 0)
        assert contacts == [teodor], (content, contacts)
    done, contacts = sent_by(cli, 'firstname,lastname,company_name,linkedin_url,custom.crm id,custom.b\n'
                             '"Maëlle ""Mae""",Abubakar,"Borealis, Demo SA",https://www.linkedin.com/in/mae/,"a;b",2\n'
                             '"Ines","O""K""","""x""",,,"line"\n')
    check(done, 0)
    assert contacts == [{"firstname": 'Maëlle "Mae"', "lastname": "Abubakar", "company_name": "Borealis, Demo SA",
                         "linkedin_url": "https://www.linkedin.com/in/mae/", "custom": {"crm id": "a;b", "b": "2"}},
                        {"firstname": "Ines", "lastname": 'O"K"', "company_name": '"x"', "custom": {"b": "line"}}], contacts


def test_bulk_reads_json_lines(cli):
    """The same fields, `custom` as an object, of which numbers and truth values become strings (api-contract 13)."""
    done, contacts = sent_by(cli, '\n{"firstname":"T\\u00e9o","lastname":"L","company":"A\\"B","linkedin":null,"custom":{"row":1,"vip":true,"n":null,"s":"x\\ty"}}\r\n'
                             '  {"domain": "acme.example", "lastname": "M", "firstname": " Ada "}  \n', "--type", "email", "--json")
    assert contacts == [{"firstname": "Ada", "lastname": "M", "domain": "acme.example", "custom": {}}], contacts
    refused = objects(cli, done)[2]
    assert refused["error"]["what"] == "holds a control character" and refused["error"]["where"] == "custom", refused
    done, contacts = sent_by(cli, '{"firstname":"T\\u00e9o","lastname":"L","company":"A\\"B","linkedin":null,"custom":{"row":1.50,"vip":true,"n":null}}')
    check(done, 0)
    assert contacts == [{"firstname": "Téo", "lastname": "L", "company_name": 'A"B', "custom": {"row": "1.50", "vip": "true"}}], contacts


def test_bulk_from_standard_input(cli):
    with cli.scripted(good) as server:
        done = cli.enrich("bulk", "-", *MAIL, at=server, stdin=csv_of(people(3)).encode())
        check(done, 0, "enrich: standard input: 3 contacts: 3 to send one by one (a batch needs --webhook, where its results go)\n")
        assert len(server.requests) == 3
        record = cli.WORK / "of-standard-input"
        for count in 3, 6:
            cli.enrich("bulk", "-", *MAIL, "--record", record, at=server, stdin=csv_of(people(3)).encode())
            assert len(server.requests) == 6, "the record that was named keeps it from being sent again"
    assert not os.path.exists("-.record")


def test_bulk_file_faults(cli):
    """What is wrong with the file as a whole: nothing is sent, and the row is named."""
    for content, sentence in [
        (b"", "{}: is empty"),
        (b" \r\n\n", "{}: is empty"),
        (b"firstname,lastname\n", "{}: holds no contact"),
        (b"firstname,lastname\n,\n\n", "{}: holds no contact"),
        (b"firstname,lastname,phone\nA,B,1\n", "{}: row 1: no such column: phone; this row names the columns: firstname, lastname, domain, company_name"),
        (b"Teodor,Lindqvist,acme.example\n", "{}: row 1: no such column: Teodor"),
        (b"firstname,\x1b[31m\nA,B\n", "{}: row 1: no such column: \\x1b[31m"),
        (b"firstname,lastname,\nA,B,\n", "{}: row 1: no such column"),
        (b"firstname,company,company_name\nA,B,C\n", "{}: row 1: a column is there twice: company_name"),
        (b"custom.a,custom.a\nA,B\n", "{}: row 1: a column is there twice: custom.a"),
        (",".join(["firstname", *(f"custom.{n}" for n in range(14))]).encode(), "{}: row 1: more than 8 custom columns"),
        (b'firstname,lastname\n"A,B\nC,D\n', "{}: row 2: a quote is opened and never closed"),
        (b'firstname,lastname\nA,B\n"C"D,E\n', "{}: row 3: text stands behind a closing quote; inside quotes, a quote is written twice"),
        ("firstname,lastname\nA,B\n".encode("utf-16"), "{}: is UTF-16, not UTF-8; save it as CSV UTF-8"),
        ("firstname,lastname\nA,B\n".encode("utf-16-be"), "{}: is UTF-16, not UTF-8"),
        (b'[{"firstname":"A"}]\n', "{}: is a JSON array; give one object a line"),
        (b"x" * 33554433, "{}: is larger than 33554432 bytes; split it into several files"),
    ]:
        before = cli.sim.requests()
        path = file_of(cli, content)
        check(run(cli, path), 3, "enrich: " + sentence.format(path))
        value = json.loads(run(cli, path, *MAIL, "--json").out)
        assert value["command"] == "bulk" and value["row"] is None and value["exit"] == 3 and value["error"]["what"], value
        assert cli.sim.requests() == before and os.listdir(path.parent) == [path.name]
    check(run(cli, cli.WORK / "none.csv"), 3, f"{cli.WORK}/none.csv: No such file or directory")
    check(run(cli, cli.WORK), 3, "Is a directory")
    done = cli.enrich("bulk", "-", *MAIL, stdin=b"nonsense\n")
    check(done, 3, "enrich: contacts on standard input: row 1: no such column: nonsense")
    done = cli.bare("bulk", file_of(cli, csv_of(people(2))), *MAIL)
    check(done, 3, "API key: none given")


def test_bulk_refuses_rows_here(cli):
    """Each with its rule, before anything is sent; the others are sent all the same (api-contract 13)."""
    rows = ["Teodor,Lindqvist,acme.example,", ",Empty,acme.example,", "No,Where,,", "Bad,Domain,https://acme.example,", "Too,Few", "Too,Many,a.example,,x",
            "Teodor,Lindqvist,acme.example,again", "Ctl\x07,X,acme.example,", "Maëlle,Abubakar,borealis.example,", f"{'L' * 129},B,acme.example,", ",Last,a.example,"]
    with cli.scripted(good) as server:
        done = run(cli, csv_of(rows, HEADER + ",custom.id"), at=server)
    check(done, 2, f"enrich: {done.path}: 11 contacts: 2 to send one by one",
          ", 9 refused here\n", "enrich: rows 3, 12: firstname: is empty\n", "enrich: row 4: domain: or company_name is needed for email\n",
          "enrich: row 5: domain: is not a bare domain", "enrich: row 6: columns: are fewer than in the header\n",
          "enrich: row 7: columns: are more than in the header\n", "enrich: row 8: contact: is that of an earlier row, and would be bought twice\n",
          "enrich: row 9: firstname: holds a control character\n", "enrich: row 11: firstname: is longer than 128 bytes\n",
          "9 rows refused; once corrected, the same command sends them\n",
          out=["  rows 3, 12: firstname: is empty\n", "  row 8: contact: is that of an earlier row"])
    assert counts(done.out) == (2, 9, 0, 0) and len(server.requests) == 2
    lines = ['{"firstname":"Ada","lastname":"B","domain":"acme.example"}', "nonsense", '{"firstname":1}', '{"fristname":"A"}', '{"firstname":"A","firstname":"B"}',
             '{"firstname":"A","lastname":"B","domain":"a.example","custom":{"x":[]}}', '{"custom":[]}', '{"custom":{' + ",".join(f'"{n}":1' for n in range(9)) + "}}",
             '{"firstname":"A","lastname":"B","domain":"a.example","custom":{"enr_token":"x"}}', "[1]", '{"firstname":"\xff"}', '{"company":"A","company_name":"B"}']
    content = "\n".join(lines).encode("latin-1")
    value = objects(cli, check(run(cli, content, *MAIL, "--json"), 2))
    said = {number: f"{row['error']['where']}: {row['error']['what']}" for number, row in value.items() if row["error"]}
    assert said == {2: "line: is not a JSON object", 3: "firstname: is not a string",
                    4: "fristname: is no such member: what is to come back goes into custom", 5: "firstname: is given twice",
                    6: "custom: holds a value that is an object or a list", 7: "custom: is not an object", 8: "custom: holds more than 8 pairs",
                    9: "custom: holds the key enr_token, which is reserved", 10: "line: is not a JSON object", 11: "line: is not a JSON object",
                    12: "company_name: is given twice"}, said
    assert value[1]["outcome"] == "accepted" and value[2]["outcome"] == "not_sent" and value[2]["error"]["status"] == "E_CONTACT" and value[2]["exit"] == 2


def test_bulk_shared_faults_refuse_every_row(cli):
    for arguments, sentence in [(["--type", "phone"], "rows 2-4: linkedin_url: is needed for phone"),
                                ([*MAIL, "--webhook", "http://x.example/"], "rows 2-4: webhook_url: is not an absolute https URL"),
                                ([*MAIL, "--country", "UK"], "rows 2-4: phone_country_codes: holds UK: the code is GB")]:
        before = cli.sim.requests()
        done = run(cli, csv_of(people(3)), *arguments)
        check(done, 2, f"enrich: {sentence}\n", ": 3 contacts: 0 to send, 3 refused here\n")
        assert cli.sim.requests() == before and counts(done.out) == (0, 3, 0, 0) and not os.path.exists(f"{done.path}.record")


# --- how it is sent ---

def test_bulk_batches_leave_none_over(cli):
    """api-contract 7: 2 to 100 a batch, as few as can be; a lone contact goes by itself, with its webhook."""
    with Judged(cli, "--latency", "60000") as judged:
        for count, sizes in [(1, [1]), (2, [2]), (3, [3]), (99, [99]), (100, [100]), (101, [51, 50]), (102, [51, 51]), (200, [100, 100]), (201, [67, 67, 67])]:
            before = len(judged.accepted())
            done = run(cli, csv_of(people(count)), *MAIL, *HOOK, at=judged.sim)
            words = "1 to send\n" if count == 1 else f"to send in {len(sizes)} batch{'es' if len(sizes) > 1 else ''}\n"
            check(done, 0, words)
            entries = judged.accepted()[before:]
            batches = collections.Counter(entry.get("batch") for entry in entries)
            assert sorted(batches.values(), reverse=True) == sizes and (count == 1) == (entries[0]["call"] == "submit"), (count, batches)
            assert counts(done.out) == (count, 0, 0, 0)
            assert count == 1 or done.out.startswith(f"rows 2-{sizes[0] + 1}: accepted as batch "), done.out
            assert len({entry["custom"]["enr_token"] for entry in entries}) == count
    with cli.scripted(good) as server:
        run(cli, csv_of(people(1)), *MAIL, *HOOK, "--country", "FR", at=server)
        run(cli, csv_of(people(2)), *MAIL, *HOOK, "--country", "FR", at=server)
    for request in server.requests:
        body = json.loads(request["body"])
        assert (body["webhook_url"], body["phone_country_codes"], body["enrichment_type"]) == (HOOK[1], ["FR"], ["email"]), body


def test_bulk_is_five_at_most(cli):
    """api-contract 12: five requests at once and not more; the first one goes alone. Each connection is used again."""
    now, most, first_done = collections.Counter(), collections.Counter(), []
    lock = threading.Lock()

    def slow(request):
        with lock:
            now["posts"] += 1
            if not first_done:
                most["before the first answer"] = max(most["before the first answer"], now["posts"])
            most["ever"] = max(most["ever"], now["posts"])
        time.sleep(0.05)
        with lock:
            now["posts"] -= 1
            first_done.append(True)
        return good(request)
    with cli.scripted(slow) as server:
        check(run(cli, csv_of(people(40)), at=server), 0)
    assert dict(most) == {"before the first answer": 1, "ever": 5} and len(server.requests) == 40, most
    assert server.connections == 5, server.connections


def test_bulk_json(cli):
    """An object a row, the same as of a submit; the summary is then on standard error."""
    done = run(cli, csv_of(["Teodor,Lindqvist,acme.example", ",X,acme.example", "No,Body,acme.example"]), *MAIL, "--json", "--wait", "--poll", "50")
    rows = objects(cli, check(done, 2, "accepted:       2\n  found:        1\n  not found:    1\n  no result:    0\nrefused:        1\n  row 3: firstname: is empty\n"))
    assert [rows[n]["exit"] for n in (2, 3, 4)] == [0, 2, 0] and [rows[n]["found"] for n in (2, 3, 4)] == [True, None, False]
    assert rows[2]["email"] == "teodor.lindqvist@acme.example" and rows[2]["verified"] is True and rows[2]["answer"]["custom"] == {"enr_token": rows[2]["token"]}
    assert rows[2]["id"] and rows[2]["batch"] is None and rows[3]["token"] is None
    done = run(cli, csv_of(people(2)), *MAIL, *HOOK, "--json")
    rows = objects(cli, check(done, 0))
    assert rows[2]["batch"] == rows[3]["batch"] != None and rows[2]["id"] is None and rows[2]["token"] != rows[3]["token"], rows
    assert [rows[n]["outcome"] for n in (2, 3)] == ["accepted"] * 2 and rows[2]["verified"] is None
    assert {n: line["batch"] for n, line in record_of(done.path).items()} == {n: rows[n]["batch"] for n in rows}


# --- what goes wrong ---

def test_bulk_ends_at_what_is_wrong_with_all(cli):
    """The first request goes alone, so one refusal is all that it takes; nothing else is sent, and the sentence says why."""
    for step, code, sentence, groups in [
        (answer({"error": "no"}, "401 X"), 6, 'the API key was refused (HTTP 401: "no"); 2 rows not sent; check the key that --key-file or ENRICH_API_KEY gives; the same command goes on with them\n', (0, 1, 0, 2)),
        (answer({"error": "Insufficient enrichment credits"}, "422 X"), 7, "not enough credits", (0, 1, 0, 2)),
        (answer({"error": cli.CONSENT}, "422 X"), 7, "the account has not consented", (0, 1, 0, 2)),
        (answer({"error": "over your plan limit"}, "422 X"), 7, "the account's plan does not allow it", (0, 1, 0, 2)),
        (answer("no", "404 X", "text/plain"), 12, "the address does not answer as the service does", (0, 1, 0, 2)),
        (answer("", "302 X", extra="Location: https://elsewhere.example/\r\n"), 12, "the address does not answer as the service does", (0, 1, 0, 2)),
    ]:
        with cli.scripted(step) as server:
            done = run(cli, csv_of(people(3)), at=server)
            assert server.posts() == 1, done
            check(done, code, sentence)
            assert counts(done.out) == groups, done
            rows = objects(cli, run(cli, csv_of(people(3)), *MAIL, "--json", at=server))
            assert [rows[n]["outcome"] for n in (2, 3, 4)] == ["not_accepted", "not_sent", "not_sent"] and {row["exit"] for row in rows.values()} == {code}
            assert rows[2]["error"]["http_status"] and rows[3]["error"]["http_status"] is None and rows[2]["error"]["status"] == rows[3]["error"]["status"]


def test_bulk_where_nothing_listens(cli):
    """At once, without a second try; no record is left of nothing."""
    place = cli.at_base(f"https://localhost:{cli.dead_port()}/api/v2")
    done = check(run(cli, csv_of(people(3)), at=place), 4, "connection refused; 3 rows not sent; nothing listens there: check host and port; the same command goes on")
    assert counts(done.out) == (0, 0, 0, 3) and os.listdir(done.path.parent) == [done.path.name]
    check(run(cli, csv_of(people(3)), at=cli.at_base(cli.sim.base, cli.authority.ca)), 5, "the certificate does not lead to a trusted root; 3 rows not sent")


def test_bulk_goes_on_over_what_passes(cli):
    """429 and a connection that cannot be made: surely not accepted, so sent again after a pause, every row once."""
    started = time.monotonic()
    with cli.scripted(good, answer({"error": "slow"}, "429 X", extra="Retry-After: 1\r\n"), good) as server:
        done = run(cli, csv_of(people(8)), at=server)
    check(done, 0, "too many requests; going on in ")
    assert counts(done.out) == (8, 0, 0, 0) and time.monotonic() - started >= 1 and server.posts() == 9
    assert len({contact["lastname"] for request in server.requests for contact in contacts_of(request)}) == 8
    with cli.scripted(good, answer({}, "429 X", extra="Retry-After: 901\r\n")) as server:
        done = check(run(cli, csv_of(people(3)), at=server), 10, "too many requests")
        assert counts(done.out)[0] >= 1 and counts(done.out)[2] == 0, done


def test_bulk_goes_on_when_the_service_is_back(cli):
    """A connection that cannot be made, once the service has answered: nothing left, so it is tried again, after a pause."""
    down = threading.Event()

    def going(request):
        if len(server.requests) == 3 and not down.is_set():
            down.set()
            port = server.listener.getsockname()[1]
            server.listener.close()

            def back():
                server.listener = socket.create_server(("127.0.0.1", port))
                server.listener.settimeout(0.05)
            threading.Timer(1, back).start()
        reply = good(request)
        return reply.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    with cli.scripted(going) as server:
        done = run(cli, csv_of(people(12)), at=server)
    check(done, 0, "connection refused; going on in ")
    assert counts(done.out) == (12, 0, 0, 0) and server.posts() == 12


def test_bulk_lost_answers_are_unknown(cli):
    """behaviours 33: never sent again, neither now nor by the same command; the others go on."""
    def losing(request):
        return Rude(b"") if any(contact["lastname"] in ("N1", "N7") for contact in contacts_of(request)) else good(request)
    with cli.scripted(losing) as server:
        path = file_of(cli, csv_of(people(9)))
        done = run(cli, path, at=server)
        check(done, 11, "OUTCOME UNKNOWN of 2 rows: sent, and may have been accepted and billed; look in the web application or at the webhook "
              f"for the custom enr_token; the same command does not send them again, unless you take the lines out of {path}.record\n",
              out="  rows 3, 9: connection ended without close_notify\n")
        assert counts(done.out) == (7, 0, 2, 0) and server.posts() == 9
        for _ in range(2):
            again = check(run(cli, path, at=server), 11, "0 to send, 7 accepted and 2 unknown by an earlier run",
                          out=["accepted:       7 (by an earlier run)\n", "unknown:        2 (by an earlier run)\n",
                               "  rows 3, 9: an earlier run sent it, and what came of that is not known\n"])
            assert server.posts() == 9, again
        record = record_of(path)
        assert [record[n]["outcome"] for n in (3, 9)] == ["unknown"] * 2 and record[3]["token"] in server.requests[1]["body"]
        rows = objects(cli, run(cli, path, *MAIL, "--json", at=server))
        assert rows[3]["outcome"] == "unknown" and rows[3]["exit"] == 11 and rows[3]["token"] == record[3]["token"]
        assert rows[2]["outcome"] == "accepted" and rows[2]["id"] == record[2]["id"]
        record_path = f"{path}.record"
        kept = [line for line in open(record_path).read().splitlines() if '"row":9,' not in line]
        open(record_path, "w").write("\n".join(kept) + "\n")
        check(run(cli, path, at=server), 11, ": 9 contacts: 1 to send")
        assert server.posts() == 10, "the row whose lines a person took out is sent again, alone"


def test_bulk_batch_whose_answer_is_lost(cli):
    with cli.scripted(good, Rude(b""), good) as server:
        done = run(cli, csv_of(people(300)), *MAIL, *HOOK, at=server)
    check(done, 11, "OUTCOME UNKNOWN of 100 rows")
    assert counts(done.out) == (200, 0, 100, 0) and server.posts() == 3


def test_bulk_stops_when_nothing_comes_of_it(cli):
    """A service that fails each time is not fed on: five in a row, and the rest stays."""
    with cli.scripted(good, answer({}, "500 X")) as server:
        done = run(cli, csv_of(people(40)), at=server)
    assert counts(done.out)[0] == 1 and 5 <= counts(done.out)[2] <= 9 and counts(done.out)[3] >= 30, done
    assert server.posts() == 1 + counts(done.out)[2]
    check(done, 11, "5 requests in a row came to nothing", "the same command goes on with them",
          out=["the service failed (HTTP 500", "5 requests in a row came to nothing"])


def test_bulk_finds_the_contact_that_the_service_refuses(cli):
    """api-contract 7: a batch is refused whole; halves of it find the one, and all the others are accepted, once."""
    def picky(request):
        bad = [contact for contact in contacts_of(request) if contact["firstname"] == "Bad"]
        return answer({"errors": ["domain is odd"]}, "422 X") if bad else good(request)
    rows = people(250)
    for number in 30, 31, 199:
        rows[number] = f"Bad,N{number},acme.example"
    with cli.scripted(picky) as server:
        done = run(cli, csv_of(rows), *MAIL, *HOOK, at=server)
    check(done, 8, "3 rows refused; once corrected, the same command sends them", out='  rows 32-33, 201: the service refused the request\'s data (HTTP 422: "domain is odd")\n')
    assert counts(done.out) == (247, 3, 0, 0)
    accepted = collections.Counter(contact["lastname"] for request in server.requests if not any(c["firstname"] == "Bad" for c in contacts_of(request))
                                   for contact in contacts_of(request))
    assert set(accepted.values()) == {1} and len(accepted) == 247 and len(server.requests) < 60, (len(server.requests), accepted)
    again = record_of(done.path)
    assert collections.Counter(line["outcome"] for line in again.values()) == {"accepted": 247, "not_accepted": 3}


# --- going on ---

def test_bulk_again_sends_nothing_twice(cli):
    """The record knows a person, a type, countries and a service; rows may be moved, corrected and added."""
    with Judged(cli, "--latency", "0") as judged:
        path = file_of(cli, csv_of([*people(5), ",Wrong,acme.example"]))
        check(run(cli, path, at=judged.sim), 2)
        path.write_text(csv_of(["Right,Wrong,acme.example", *people(7), ]))
        check(run(cli, path, at=judged.sim), 0, "8 contacts: 3 to send", out="accepted:       8 (5 of them by an earlier run)\n")
        check(run(cli, path, *MAIL, "--country", "FR", at=judged.sim), 0, "8 contacts: 8 to send")
        persons = collections.Counter(entry["person"] for entry in judged.accepted())
        assert len(persons) == 8 and set(persons.values()) == {2}
        with Judged(cli) as other:
            check(run(cli, path, at=other.sim), 0, "8 contacts: 8 to send")


def test_bulk_record_faults(cli):
    """A file that is no record is refused and stays as it was; a cut last line is taken off; two runs do not share one."""
    for content in ["hello\n", "firstname,lastname\nA,B", '{"row":1}\n', '{"row":2,"key":"00","outcome":"accepted","token":"' + "0" * 32 + '"}\n', "x"]:
        other = file_of(cli, content, "other")
        done = check(run(cli, csv_of(people(2)), *MAIL, "--record", other), 3, f"{other}:1: is not a line of a record of what was sent; name the right file by --record")
        assert other.read_text() == content, done
    with Judged(cli, "--latency", "0") as judged:
        path = file_of(cli, csv_of(people(3)))
        run(cli, path, at=judged.sim)
        record = path.with_name("contacts.csv.record")
        whole = record.read_bytes()
        assert whole.count(b"\n") == 6 and record.stat().st_mode & 0o777 == 0o600
        for cut in 1, 5, 20, 100:
            record.write_bytes(whole + whole.splitlines()[0][:cut])
            check(run(cli, path, at=judged.sim), 0, "0 to send, 3 accepted and 0 unknown by an earlier run")
            assert record.read_bytes() == whole
        last = whole.splitlines(keepends=True)
        record.write_bytes(b"".join(line for line in last if b"accepted" not in line))
        check(run(cli, path, at=judged.sim), 11, "0 to send, 0 accepted and 3 unknown by an earlier run")
        assert len(judged.accepted()) == 3
    blocked = file_of(cli, csv_of(people(2)))
    blocked.with_name("contacts.csv.record").mkdir()
    check(run(cli, csv_of(people(2)), *MAIL, "--record", "/dev/null"), 3, "/dev/null: is not a regular file")
    check(run(cli, blocked), 3, f"{blocked}.record: Is a directory; the record of what was sent goes there; --record names another place")


def test_bulk_record_is_for_one_run(cli):
    path = file_of(cli, csv_of(people(2)))
    with cli.scripted(STALL) as server:
        env, options = cli.settings(server.base, cli.authority.ca)
        first = cli.start("bulk", path, *MAIL, *options, env=env)
        wait_for(lambda: server.requests)
        check(run(cli, path, at=server), 3, f"{path}.record: another enrich is writing this record")
        first.kill()
        first.communicate()
        assert len(server.requests) == 1


def wait_for(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    assert holds()


def test_bulk_sends_nothing_that_the_record_has_not(cli):
    """The gate: where the medium is full before a request, it does not leave."""
    path = file_of(cli, csv_of(people(40)))
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Judged(cli, "--latency", "0") as judged:
        env, options = cli.settings(judged.sim.base, judged.sim.ca)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ENRICH_")}
        done = subprocess.run([cli.BIN / "enrich", "bulk", path, *MAIL, *options], env={**clean, **env}, capture_output=True, timeout=60, preexec_fn=small,
                              restore_signals=False)
        done = cli.Done(["bulk"], done.returncode, done.stdout, done.stderr)
        check(done, 3, f"{path}.record: File too large;", "rows not sent; the same command goes on with them")
        accepted, refused, unknown, not_sent = counts(done.out)
        assert len(judged.accepted()) == accepted and 0 < accepted < 10 and unknown == 0 and accepted + not_sent == 40, done
        again = run(cli, path, at=judged.sim)
        assert again.code in (0, 11) and len({entry["person"] for entry in judged.accepted()}) == len(judged.accepted()), again


def test_bulk_killed_goes_on(cli):
    """Killed at any moment, the same command buys nothing twice, and what it cannot know is unknown."""
    path = file_of(cli, csv_of(people(300)))
    with Judged(cli, "--latency", "0", *faults(cli, {"call": "submit", "delay_ms": 4})) as judged:
        env, options = cli.settings(judged.sim.base, judged.sim.ca)
        kills = 0
        for share in 30, 90, 150, 210, 270:
            process = cli.start("bulk", path, *MAIL, *options, env=env)
            while process.poll() is None and len(judged.accepted()) < share:
                time.sleep(0.002)
            process.kill()
            process.communicate()
            kills += process.returncode == -9
        done = run(cli, path, at=judged.sim)
        accepted, refused, unknown, not_sent = counts(done.out)
        persons = collections.Counter(entry["person"] for entry in judged.accepted())
        assert kills >= 4 and set(persons.values()) == {1} and accepted + unknown == 300 and not_sent == refused == 0, (kills, done)
        assert accepted <= len(persons) <= accepted + unknown and unknown <= 5 * kills, (len(persons), done)


def interrupted(cli, path, at, when, *arguments, signals=1):
    env, options = cli.settings(at.base, getattr(at, "ca", None) or cli.authority.ca)
    process = cli.start("bulk", path, *(arguments or MAIL), *options, env=env)
    wait_for(when)
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    out, err = process.communicate(timeout=30)
    return cli.Done(["bulk"], process.returncode, out, err)


def test_bulk_interrupted(cli):
    """Answers to what was sent are awaited, nothing more is begun; the same command sends the rest."""
    path = file_of(cli, csv_of(people(60)))
    with Judged(cli, "--latency", "0", *faults(cli, {"call": "submit", "delay_ms": 100})) as judged:
        done = interrupted(cli, path, judged.sim, lambda: len(judged.accepted()) >= 20)
        accepted, refused, unknown, not_sent = counts(done.out)
        check(done, 130, "interrupted: waiting 10 s at most for the answers to ", f"interrupted; {not_sent} rows not sent; the same command goes on with them\n",
              out=f"  rows {62 - not_sent}-61: interrupted\n")
        assert (refused, unknown) == (0, 0) and accepted == len(judged.accepted()) and 20 <= accepted < 60
        check(run(cli, path, at=judged.sim), 0, f": 60 contacts: {not_sent} to send")
        assert len(judged.accepted()) == 60 == len({entry["person"] for entry in judged.accepted()})


def test_bulk_interrupted_while_no_answer_comes(cli):
    """After ten seconds it is unknown; a second signal ends it at once, and the record knows as much."""
    path = file_of(cli, csv_of(people(3)))
    with cli.scripted(STALL) as server:
        started = time.monotonic()
        done = interrupted(cli, path, server, lambda: server.requests)
        check(done, 130, "waiting 10 s at most for the answers to 1 request\n", "OUTCOME UNKNOWN of 1 row:", out=["  row 2: interrupted\n", "  rows 3-4: interrupted\n"])
        assert counts(done.out) == (0, 0, 1, 2) and 9 < time.monotonic() - started < 20
        path = file_of(cli, csv_of(people(3)))
        before = len(server.requests)
        done = interrupted(cli, path, server, lambda: len(server.requests) > before, signals=2)
        assert done.code == -signal.SIGINT, done
    with cli.scripted(good) as server:
        run(cli, path, at=server)
        assert server.posts() == 3, "another service is asked anew"


def test_bulk_interrupted_before_anything_left(cli):
    with socket.create_server(("127.0.0.1", 0)) as listener:  # never answers the handshake
        place = cli.at_base(f"https://localhost:{listener.getsockname()[1]}/api/v2", cli.authority.ca)
        path = file_of(cli, csv_of(people(3)))
        taken = []
        listener.settimeout(0.01)

        def connected():
            try:
                taken.append(listener.accept())
            except OSError:
                pass
            return bool(taken)
        done = interrupted(cli, path, place, connected)
        for connection, _ in taken:
            connection.close()
    check(done, 130, "interrupted; 3 rows not sent")
    assert counts(done.out) == (0, 0, 0, 3) and "waiting" not in done.err and os.listdir(path.parent) == [path.name]


# --- results ---

def test_bulk_waits_for_results(cli):
    """Each row's result on a line; what was accepted by an earlier run is read as well, and nothing is sent for it."""
    rows = ["Teodor,Lindqvist,acme.example,", "Maëlle,Abubakar,,Borealis Demo SA", "No,Body,acme.example,"]
    path = file_of(cli, csv_of(rows, HEADER + ",company_name"))
    done = check(run(cli, path, *MAIL, "--wait", "--poll", "50"), 0)
    for line in ["row 2: teodor.lindqvist@acme.example (deliverable)\n", "row 3: m.abubakar@borealis.example (catch-all)\n", "row 4: not found\n"]:
        assert line in done.out, done
    assert "accepted:       3\n  found:        2\n  not found:    1\n  no result:    0\n" in done.out, done
    again = check(run(cli, path, *MAIL, "--wait"), 0, "0 to send", out="accepted:       3 (by an earlier run)\n  found:        2\n")
    assert sorted(again.out.splitlines()[:3]) == sorted(done.out.splitlines()[:3])
    ines = csv_of([",".join(["Inès", "Okonkwo-Varga", cli.INES[-1]])], "firstname,lastname,linkedin")
    check(run(cli, ines, "--type", "phone", "--wait", "--poll", "50"), 0, out="row 2: +33639980123, +33639980124\n")


def test_bulk_waits_over_failures(cli):
    """api-contract 13: 429, 5xx, cut answers and an early 404 are read again, and the others wait as well."""
    failures = [answer({}, "404 X"), answer({}, "503 X"), answer({}, "429 X", extra="Retry-After: 1\r\n"), Rude(b"")]

    def failing(request):
        return good(request) if request["method"] == "POST" or not failures else failures.pop()
    with cli.scripted(failing) as server:
        done = run(cli, csv_of(people(6)), *MAIL, "--wait", "--poll", "50", at=server)
    check(done, 0, "reading again in", out="  found:        6\n")
    assert len(server.requests) == 16 and done.out.count(": ada@acme.example (valid)\n") == 6 and done.err.count("reading again") <= 3, done


def test_bulk_results_that_do_not_come(cli):
    """At the deadline, refused, or another's: accepted stays the first thing to know, and the id is said."""
    ids = {}

    def late(request):
        if request["method"] == "POST":
            reply = good(request)
            ids[json.loads(reply.split(b"\r\n\r\n")[1])["enrichment_id"]] = json.loads(request["body"])["lastname"]
            return reply
        name = ids[request["path"].rsplit("/", 1)[1]]
        pending = {"enrichment_id": request["path"].rsplit("/", 1)[1], "status": "processing"}
        return {"N0": answer(pending), "N1": answer({"error": "no"}, "401 X"),
                "N2": answer({**pending, "status": "finished", "email": "other@acme.example", "custom": {"enr_token": "f" * 32}})}.get(name) or good(request)
    with cli.scripted(late) as server:
        done = run(cli, csv_of(people(4)), *MAIL, "--wait", "--poll", "50", "--deadline", "1", at=server)
        check(done, 13, "3 results not there; the same command reads on, which is free",
              out=["  row 2: not finished at the deadline\n", '  row 3: the API key was refused (HTTP 401: "no")\n', "  row 4: the answer belongs to another request\n",
                   "row 5: ada@acme.example (valid)\n", "row 2: accepted as "])
        assert "other@" not in done.out + done.err and server.posts() == 4
        rows = objects(cli, run(cli, done.path, *MAIL, "--wait", "--poll", "50", "--deadline", "1", "--json", at=server))
        assert [rows[n]["exit"] for n in (2, 3, 4, 5)] == [13, 13, 13, 0] and rows[2]["status"] == "processing" and rows[3]["error"]["http_status"] == 401
        assert rows[2]["error"]["hint"].startswith(f"read it by: enrich get {rows[2]['id']} --wait") and rows[4]["answer"] is None and server.posts() == 4
    with cli.scripted(lambda request: good(request) if request["method"] == "POST" else STALL) as server:
        path = file_of(cli, csv_of(people(2)))
        done = interrupted(cli, path, server, lambda: len(server.requests) > 3, *MAIL, "--wait", "--poll", "50")
        check(done, 130, "2 results not there; the same command reads on", out="accepted:       2\n")
        assert "waiting" not in done.err


def test_bulk_answers_without_token(cli):
    step = lambda request: answer({"enrichment_id": str(uuid.uuid4()), "status": "pending"})
    with cli.scripted(step) as server:
        check(run(cli, csv_of(people(3)), at=server), 0, "3 answers without the request's token")
    with cli.scripted(good) as server:
        done = check(run(cli, csv_of(people(3)), *MAIL, "--wait", "--poll", "50", at=server), 0, "3 answers without the request's token")
        rows = objects(cli, run(cli, done.path, *MAIL, "--wait", "--json", at=server))
        assert {row["verified"] for row in rows.values()} == {False}


def test_bulk_transcript_of_the_readme(cli):
    text = (cli.ROOT / "firmware/enrich/README.md").read_text().split("$ cat contacts.csv\n")[1].split("```")[0]
    content, printed = text.split("$ enrich bulk contacts.csv --type email --wait\n")
    done = run(cli, content, *MAIL, "--wait", "--poll", "50")
    said = (done.out + done.err).replace(str(done.path), "contacts.csv")
    assert sorted(said.splitlines()) == sorted(printed.splitlines()), said


# --- many ---

class Receiver:
    """A webhook receiver over https: what came, by token, and how often."""

    def __init__(self, context):
        self.got = []
        got = self.got

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}/hook"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def agree(cli, done, judged, requests, lost):
    """The summary and the ledger say the same of 1,000 rows: what was accepted is accepted or unknown, and nothing was bought twice."""
    tokens = {entry["custom"]["enr_token"] for entry in judged.accepted()}
    record = record_of(done.path)
    by = collections.defaultdict(set)
    for line in record.values():
        by[line["outcome"]].add(line["token"])
    accepted, refused, unknown, not_sent = counts(done.out)
    assert (len(by["accepted"]), len(by["unknown"]), refused, not_sent) == (accepted, unknown, 0, 0) and accepted + unknown == len(record) == 1000
    assert by["accepted"] <= tokens <= by["accepted"] | by["unknown"], "every accepted row stands in the ledger, and every entry in the summary"
    assert len(tokens - by["accepted"]) == lost and unknown >= lost, (lost, unknown)
    assert len(judged.accepted()) == len(tokens) == len({entry["person"] for entry in judged.accepted()}), "something was bought twice"
    again = run(cli, done.path, *done.arguments[2:-2], at=judged.sim)
    check(again, 11, f": 1000 contacts: 0 to send, {accepted} accepted and {unknown} unknown by an earlier run")
    assert len(judged.accepted()) == len(tokens), "the same command bought something again"
    print(f"cli: bulk: rows=1000 requests={requests} accepted={accepted} unknown={unknown} ledger={len(tokens)} lost={lost} twice=0")
    return tokens


def test_bulk_thousand_in_batches_with_webhooks(cli):
    """1,000 contacts, results by webhook over https, 5 % of the answers lost (here one of ten batches): summary and ledger agree,
    and the callbacks settle what is unknown: their tokens are those of the record."""
    rules = faults(cli, {"call": "batch", "rate": 5, "cut": 0, "end": "fin"})
    with Receiver(cli.authority.context("good")) as receiver, \
            Judged(cli, "--latency", "100", "--webhook-ca", cli.authority.ca, "--seed", LOSING_SEED, *rules) as judged:
        done = check(run(cli, csv_of(people(1000)), *MAIL, "--webhook", receiver.url, at=judged.sim), 11, "1000 to send in 10 batches")
        tokens = agree(cli, done, judged, requests=10, lost=100)
        wait_for(lambda: len(receiver.got) >= 1000, 60)
        assert len(receiver.got) == 1000 and {body["custom"]["enr_token"] for body in receiver.got} == tokens
        assert {body["enrichment_id"] for body in receiver.got} == {entry["id"] for entry in judged.accepted()}


def test_bulk_thousand_one_by_one(cli):
    """The same without webhooks, with 5 % of 1,000 answers lost, some before their first byte and some inside; a few requests are refused with 429."""
    rules = faults(cli, {"call": "submit", "rate": 3, "cut": 0, "end": "fin"}, {"call": "submit", "rate": 2, "cut": 40, "end": "reset"},
                   {"call": "submit", "skip": 500, "times": 2, "status": 429, "header": "Retry-After: 1"})
    with Judged(cli, "--latency", "100", *rules) as judged:
        done = check(run(cli, csv_of(people(1000)), at=judged.sim), 11, "1000 to send one by one", "too many requests; going on in 1.")
        unknown = counts(done.out)[2]
        assert 30 < unknown < 75, unknown
        agree(cli, done, judged, requests=1000, lost=unknown)


# --- streams ---

def test_bulk_progress_on_a_terminal(cli):
    def slow(request):
        time.sleep(0.3)
        return good(request)
    with cli.scripted(slow) as server:
        code, out, screen = cli.at_terminal("bulk", file_of(cli, csv_of(people(6))), *MAIL, at=server)
    assert code == 0 and counts(out) == (6, 0, 0, 0) and "to go" not in out, (code, out, screen)
    assert "enrich: 0 accepted, 0 refused, 0 unknown, 6 to go" in screen and "enrich: 1 accepted, 0 refused, 0 unknown, 5 to go" in screen, screen
    left = cli.left_on(screen)
    assert len(left) == 3 and left[0].endswith("6 to send one by one (a batch needs --webhook, where its results go)") and left[2] == "", left
    assert left[1].endswith(": the same command with --wait reads the results, which is free"), left


def test_bulk_stops_when_nobody_reads_its_output(cli):
    """What would be bought is no longer seen: the rest is not sent, and the record has the rest."""
    path = file_of(cli, csv_of(people(50)))
    reader, writer = os.pipe()
    os.close(reader)
    with cli.scripted(good) as server:
        env, options = cli.settings(server.base, cli.authority.ca)
        process = cli.start("bulk", path, *MAIL, *options, env=env, stdout=writer)
        os.close(writer)
        _, err = process.communicate(timeout=60)
        done = cli.Done(["bulk"], process.returncode, b"", err)
        check(done, 3, "standard output: Broken pipe; 49 rows not sent; the same command goes on with them")
        assert server.posts() == 1
        check(run(cli, path, at=server), 0, ": 50 contacts: 49 to send")
        assert server.posts() == 50
        reader, writer = os.pipe()
        os.close(reader)
        before = len(server.requests)
        process = cli.start("bulk", path, *MAIL, "--wait", *options, env=env, stdout=writer)
        os.close(writer)
        _, err = process.communicate(timeout=60)
        check(cli.Done(["bulk"], process.returncode, b"", err), 3, "standard output: Broken pipe", "the same command reads on")
        assert len(server.requests) - before <= 5, "nobody sees what is read"


def test_bulk_shows_no_key_and_no_escapes(cli):
    """cli.Done checks every output for both."""
    rows = [f"{KEY},N1,acme.example", "\x1b[31mRed,N2,acme.example", "\u202egnp,N3,acme.example"]
    def said(request):
        return answer({"error": f"odd: {KEY} \x1b[2J"}, "422 X") if b"N1" in request["body"].encode() else good(request)
    with cli.scripted(said) as server:
        done = check(run(cli, csv_of(rows), at=server), 8, out="odd: ***")
        run(cli, csv_of(rows), *MAIL, "--json", at=server)
    assert "row 2: the service refused" in done.out and "row 3: firstname: holds a control character" in done.out, done
