"""Every exit code of enrich with the sentence that a person reads, as one table: what happens, the command, the code, all of standard error.
`cli` is the module tests/cli/run with its functions. In the sentences SERVICE stands for localhost and its port, TOKEN for the request's token."""
import re
import signal
import socket
import threading
import time

from services import ID, KEY, STALL, Rude, accepted, answer

UNKNOWN = ("; OUTCOME UNKNOWN: the request was sent and may have been accepted and billed; "
           "do not just send it again: look in the web application or at the webhook for custom enr_token TOKEN")
PORTAL = "a captive portal or an inspecting proxy shows this: open a web page on this network first"
CHECK_BASE = "; check the base URL; a redirect is never followed"
SUBMIT, GET = "submit", "get"  # Teodor's e-mail address; ID
PAGE = "<html><title>Welcome to the hotel</title></html>"


class At:
    """Where a command goes instead of a server that answers with one step."""

    def __init__(self, place):
        self.place = place


def dead_port(cli):
    return cli.at_base(f"https://localhost:{cli.dead_port()}/api/v2")


def expired(cli):
    return cli.Scripted(cli.authority.context("expired"), accepted)


def no_tls(cli):
    """A port that says something else than TLS."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet():
        with listener, listener.accept()[0] as connection:
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            connection.recv(65536)
            time.sleep(0.2)
    threading.Thread(target=greet, daemon=True).start()
    return cli.at_base(f"https://localhost:{listener.getsockname()[1]}", cli.authority.ca)


DEAD = At(dead_port)
NOWHERE = At(lambda cli: cli.at_base("https://nosuch.invalid/api/v2"))
WRONG_CA = At(lambda cli: cli.at_base(cli.sim.base, cli.authority.ca))
WRONG_NAME = At(lambda cli: cli.at_base(cli.sim.base.replace("localhost", "wrong.localhost")))
EXPIRED = At(expired)
NO_TLS = At(no_tls)
FINISHED = {"enrichment_id": ID, "status": "finished", "email": "teodor@acme.example"}
PENDING = {"enrichment_id": ID, "status": "pending"}


def refusal(status, *words):
    return answer({"error": " ".join(words)}, f"{status} X")


# What happens; the command and its options; where it goes or what is answered; the exit code; all that standard error says.
TABLE = [
    ("found", GET, answer(FINISHED), 0, ""),
    ("accepted", SUBMIT, accepted, 0, ""),
    ("a wrong option", "get --fast", DEAD, 1, "--fast: no such option here; enrich get --help shows how"),
    ("no company for an e-mail", "submit --firstname A --lastname B --type email", DEAD, 2, "domain: or company_name is needed for email; nothing was sent; see --domain"),
    ("no such CA file", f"get {ID} --ca none.pem", DEAD, 3, "none.pem: No such file or directory"),
    ("a dead port", SUBMIT, DEAD, 4, "SERVICE: connection refused; nothing was sent; nothing listens there: check host and port"),
    ("a dead port", GET, DEAD, 4, "SERVICE: connection refused; nothing listens there: check host and port"),
    ("no such name in DNS", SUBMIT, NOWHERE, 4, "nosuch.invalid:443: NO NAME; nothing was sent; check NETWORK"),
    ("a portal's page, HTTP 511", GET, answer(PAGE, "511 X", "text/html"), 4,
     f'SERVICE: captive portal suspected: a private address for a public name, or HTTP 511 (HTTP 511: "{PAGE}"); '
     "open a web page on this network first; if the address is meant, say --allow-private"),
    ("5xx", GET, refusal(503, "busy"), 4, 'SERVICE: the service failed (HTTP 503: "busy")'),
    ("a timeout", f"get {ID} --timeout 1", STALL, 4, "SERVICE: the request took longer than --timeout (1 s)"),
    ("a cut answer", GET, answer(FINISHED, length=500), 4, "SERVICE: connection closed inside the answer"),
    ("an answer cut without goodbye", GET, Rude(b"HTTP/1.1 200 OK\r\n"), 4, "SERVICE: connection ended without close_notify"),
    ("the wrong CA", SUBMIT, WRONG_CA, 5,
     "SERVICE: the certificate does not lead to a trusted root; nothing was sent; if the server is yours, name its CA by --ca FILE; " + PORTAL),
    ("the wrong name", SUBMIT, WRONG_NAME, 5, "wrong.SERVICE: the certificate is for another name; nothing was sent; check the host name; " + PORTAL),
    ("an expired certificate", SUBMIT, EXPIRED, 5,
     "SERVICE: the certificate has expired; nothing was sent; check this computer's clock; if it is right, the server's owner must act"),
    ("no TLS at all", SUBMIT, NO_TLS, 5, "SERVICE: TLS protocol error; nothing was sent; check that host and port speak https"),
    ("401", SUBMIT, refusal(401, "Invalid API key"), 6,
     'SERVICE: the API key was refused (HTTP 401: "Invalid API key"); check the key that --key-file or ENRICH_API_KEY gives'),
    ("403", GET, refusal(403, "Forbidden"), 6,
     'SERVICE: the API key was refused (HTTP 403: "Forbidden"); check the key that --key-file or ENRICH_API_KEY gives'),
    ("422, consent", SUBMIT, "CONSENT", 7,
     'SERVICE: the account has not consented to personal e-mail enrichment (HTTP 422: "CONSENT"); its owner must accept the terms in the web application'),
    ("422, credits", SUBMIT, refusal(422, "Insufficient enrichment credits"), 7,
     'SERVICE: not enough credits (HTTP 422: "Insufficient enrichment credits"); top up the account'),
    ("422, plan", SUBMIT, refusal(422, "You have reached your plan limit"), 7,
     'SERVICE: the account\'s plan does not allow it (HTTP 422: "You have reached your plan limit")'),
    ("422, validation", SUBMIT, answer({"errors": ["domain is odd", "so is the name"]}, "422 X"), 8,
     'SERVICE: the service refused the request\'s data (HTTP 422: "domain is odd; so is the name")'),
    ("400", SUBMIT, answer({"error": 400, "message": "Provide at least one"}, "400 X"), 8,
     'SERVICE: the service refused the request\'s data (HTTP 400: "Provide at least one")'),
    ("404 on a get", GET, refusal(404, "Contact not found"), 9, 'SERVICE: the service knows no such id (HTTP 404: "Contact not found"); check the id'),
    ("429", SUBMIT, answer({"error": "slow down"}, "429 X", extra="Retry-After: 7\r\n"), 10, 'SERVICE: too many requests (HTTP 429: "slow down", wait 7 s)'),
    ("429 on a get", GET, refusal(429, "slow down"), 10, 'SERVICE: too many requests (HTTP 429: "slow down")'),
    ("5xx", SUBMIT, refusal(500, "oops"), 11, 'SERVICE: the service failed (HTTP 500: "oops")' + UNKNOWN),
    ("a timeout", "submit --timeout 1", STALL, 11, "SERVICE: the request took longer than --timeout (1 s)" + UNKNOWN),
    ("a connection cut before the answer", SUBMIT, b"", 11, "SERVICE: connection closed before an answer began" + UNKNOWN),
    ("a cut answer", SUBMIT, answer(PENDING, length=500), 11, "SERVICE: connection closed inside the answer" + UNKNOWN),
    ("garbage", SUBMIT, b"\x00\x01\x02\r\n\r\n", 11, "SERVICE: the answer is not valid HTTP/1.1" + UNKNOWN + "; check that this is the service's address"),
    ("a portal's page, HTTP 200", SUBMIT, answer(PAGE, kind="text/html"), 11,
     f'SERVICE: the answer is not JSON (HTTP 200: "{PAGE}")' + UNKNOWN + "; a proxy, a portal or another server may have answered"),
    ("another request's answer", SUBMIT, answer({**PENDING, "custom": {"enr_token": "0" * 32}}), 11, "SERVICE: the answer belongs to another request" + UNKNOWN),
    ("an answer without an id", SUBMIT, answer({"status": "pending"}), 11,
     'SERVICE: the answer is JSON without the expected members (HTTP 200: "{"status": "pending"}")' + UNKNOWN),
    ("garbage", GET, b"\x00\x01\x02\r\n\r\n", 12, "SERVICE: the answer is not valid HTTP/1.1; check that this is the service's address"),
    ("a portal's page, HTTP 200", GET, answer(PAGE, kind="text/html"), 12,
     f'SERVICE: the answer is not JSON (HTTP 200: "{PAGE}"); a proxy, a portal or another server may have answered'),
    ("a wrong id", GET, answer({**FINISHED, "enrichment_id": "another"}), 12, "SERVICE: the answer belongs to another request"),
    ("404", SUBMIT, answer("nothing here", "404 X", "text/plain"), 12,
     'SERVICE: the address does not answer as the service does (HTTP 404: "nothing here")' + CHECK_BASE),
    ("a redirect", SUBMIT, answer("", "302 X", extra="Location: https://elsewhere.example/\r\n"), 12,
     "SERVICE: the address does not answer as the service does (HTTP 302)" + CHECK_BASE),
    ("not finished at the deadline", f"get {ID} --wait --poll 50 --deadline 1", answer(PENDING), 13, "SERVICE: not finished at the deadline; read it again later"),
    ("SIGINT after the request", SUBMIT, signal.SIGINT, 130, "SERVICE: interrupted" + UNKNOWN),
    ("SIGTERM after the request", SUBMIT, signal.SIGTERM, 143, "SERVICE: interrupted" + UNKNOWN),
]


def words(cli, command):
    """submit and get with what they need, a longer command with its options."""
    name, *options = command.split()
    if name == SUBMIT and "--type" not in options:
        return [name, *cli.TO_EMAIL, *options]
    return [name, *([ID] if name == GET and not options else options)]


def signalled(cli, server, arguments, number):
    env, options = cli.settings(server.base, cli.authority.ca)
    process = cli.start(*arguments, *options, env=env)
    end = time.monotonic() + 20
    while not server.requests and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return cli.Done(arguments, process.returncode, out, err)


def happen(cli, command, what):
    arguments = words(cli, command)
    if isinstance(what, At):
        place = what.place(cli)
        if hasattr(place, "__enter__"):
            with place:
                return cli.enrich(*arguments, at=place)
        if "--ca" in arguments:
            return cli.bare(*arguments, env=cli.settings(place.base, None)[0])
        return cli.enrich(*arguments, at=place)
    number = what if isinstance(what, signal.Signals) else None
    step = STALL if number else refusal(422, cli.CONSENT) if what == "CONSENT" else what
    with cli.scripted(step) as server:
        return signalled(cli, server, arguments, number) if number else cli.enrich(*arguments, at=server)


def general(cli, text):
    """What differs from run to run, by name. How a name that is not there fails depends on this machine's resolver."""
    text = re.sub(r"localhost:\d+", "SERVICE", text)
    text = re.sub(r"(?<=enr_token )[0-9a-f]{32}", "TOKEN", text)
    text = re.sub(r"(443: )(the host name does not resolve|timeout while resolving the host name)", r"\1NO NAME", text)
    text = re.sub(r"check (the host name and the network|the network)$", "check NETWORK", text)
    return text.replace(cli.CONSENT, "CONSENT")


def test_every_exit_code_and_its_sentence(cli):
    wrong = []
    print("cli: code  command            what happens, and what is said")
    for situation, command, what, code, sentence in TABLE:
        done = happen(cli, command, what)
        said = general(cli, done.err)
        wanted = f"enrich: {sentence}\n" if sentence else ""
        print(f"cli: {done.code:4}  {command.split()[0]:7} {situation}: {said.strip() or '(nothing)'}")
        if (done.code, said) != (code, wanted):
            wrong.append(f"{situation}: {done}\n  wanted exit {code}, {wanted!r}\n  got    exit {done.code}, {said!r}")
    assert not wrong, "\n".join(wrong)
    assert KEY not in str(TABLE)


def test_the_table_has_every_exit_code(cli):
    source = (cli.ROOT / "firmware/enrich/outcome.h").read_text()
    codes = {int(code) for code in re.findall(r"EXIT_\w+ = (\d+)", source)} - {128}
    assert {row[3] for row in TABLE} == codes | {130, 143}
