# SPDX-License-Identifier: Apache-2.0
"""The built exporter over TLS and IPv6, asked by curl: versions, client certificates, passwords, expired, rotated and
broken certificates, reloads by SIGHUP, and what a failed start says.

  tls.py [PART...]
"""
import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

import lane
from certificates import Authority

HASH = "$2b$10$FVm.y1HhxXXBEBOpWIdxMuXGMKHFvBEWZgCbFLdAWrBZjbkvjYHTS"  # secret, replaced below
lane.need("curl", "openssl")
home = lane.temp_dir()
authority = Authority(home)
log = home / "kubelet.log"
log.write_text("")


def curl(url, *arguments, ca=True):
    """Exit code, HTTP status, what curl said."""
    done = subprocess.run(["curl", "-sS", "-m", "20", "-o", home / "body", "-D", home / "head", "-w", "%{http_code}",
                           *(["--cacert", authority.path] if ca else []), *arguments, url], capture_output=True, text=True)
    return done.returncode, int(done.stdout or 0), done.stderr.strip()


class Served:
    count = 0

    def __init__(self, web, addresses=("127.0.0.1:0",), config="", arguments=()):
        Served.count += 1
        self.web = home / f"web{Served.count}.yml"
        self.web.write_text(web)
        self.config = home / f"config{Served.count}.yml"
        self.config.write_text(config)
        self.errors = home / f"errors{Served.count}"
        self.child = lane.start(
            lane.exporter(), "--source=file", f"--file.path={log}", "--state.path=none", f"--config.file={self.config}",
            f"--web.config.file={self.web}", *(f"--web.listen-address={a}" for a in addresses), *arguments, stderr=open(self.errors, "wb"))
        lane.wait_for("listening", lambda: self.said("listening", len(addresses)) or self.child.poll() is not None)
        self.ports = [int(p) for p in re.findall(r"address=\S*:(\d+) ", self.errors.read_text())]
        self.port = self.ports[0] if self.ports else 0
        self.url = f"https://127.0.0.1:{self.port}/metrics"

    def said(self, text, times=1):
        return self.errors.read_text().count(text) >= times

    def stop(self):
        return lane.stop(self.child)


def tls(certificate, key, more=""):
    return f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n{more}"


def fails_to_start(what, code, wanted, *arguments):
    done = subprocess.run([lane.exporter(), "--source=file", f"--file.path={log}", "--state.path=none", *arguments],
                          capture_output=True, text=True, timeout=20)
    lane.expect(f"{what}: exit {code} and one line", done.returncode == code and done.stderr.count("\n") == 1 and wanted in done.stderr,
                f"{done.returncode} {done.stderr}")


def versions_and_addresses():
    for kind, rsa in (("ECDSA", False), ("RSA", True)):
        server = Served(tls(*authority.issue(f"server-{kind}", rsa=rsa)), ("127.0.0.1:0", "[::1]:0", ":0"))
        for version in ("1.2", "1.3"):
            for host, port in zip(("127.0.0.1", "[::1]", "127.0.0.1"), server.ports):
                code, status, said = curl(f"https://{host}:{port}/metrics", f"--tlsv{version}", "--tls-max", version)
                lane.expect(f"{kind}, TLS {version} on {host}", (code, status) == (0, 200), said)
        code, status, said = curl(f"https://[::1]:{server.ports[2]}/-/ready")
        lane.expect(f"{kind}, :port answers IPv6 too", (code, status) == (0, 200), said)
        for version in ("1.0", "1.1"):
            code, _, said = curl(server.url, f"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0")
            lane.expect(f"{kind}, TLS {version} is refused", code == 35, said)
        code, _, said = curl(server.url, ca=False)
        lane.expect(f"{kind}, an unknown authority is curl's own to refuse", code == 60, said)
        code, status, _ = curl(server.url.replace("https", "http"))
        lane.expect(f"{kind}, plain HTTP gets nothing", status != 200 and "kubelet_lifecycle" not in body(code))
        lane.expect(f"{kind}, HEAD", curl(server.url, "-I")[1] == 200)
        lane.expect(f"{kind}, other paths", [curl(server.url + x)[1] for x in ("X", "%00", "/.")] == [404] * 3)
        lane.expect(f"{kind}, POST", curl(server.url, "-d", "x")[1] == 405 and "Allow: GET, HEAD" in (home / "head").read_text())
        lane.expect(f"{kind}, a huge head", curl(server.url, "-H", "X: " + "a" * 40000)[1] in (413, 431, 400, 0))
        lane.expect(f"{kind}, ends with 0", server.stop() == 0)
    newest = Served(tls(*authority.issue("newest"), "  min_version: TLS13\n"))
    lane.expect("min_version TLS13 refuses 1.2", curl(newest.url, "--tls-max", "1.2")[0] == 35)
    lane.expect("min_version TLS13 takes 1.3", curl(newest.url)[1] == 200)
    newest.stop()
    oldest = Served(tls(*authority.issue("oldest"), "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
                                                    "  curve_preferences: [CurveP384]\n"))
    lane.expect("max_version TLS12 refuses 1.3", curl(oldest.url, "--tlsv1.3")[0] == 35)
    lane.expect("the suite of the list is taken", curl(oldest.url, "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384")[1] == 200)
    lane.expect("another suite is not", curl(oldest.url, "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")[0] == 35)
    lane.expect("another curve is not", curl(oldest.url, "--curves", "X25519")[0] == 35)
    oldest.stop()
    inline = "tls_server_config:\n" + "".join(
        f"  {name}: |\n" + "".join(f"    {line}\n" for line in path.read_text().splitlines())
        for name, path in zip(("cert", "key"), authority.issue("inline")))
    server = Served(inline)
    lane.expect("certificate and key inline", curl(server.url)[1] == 200)
    server.stop()


def body(code):
    return (home / "body").read_text(errors="replace") if code == 0 else ""


def client_certificates():
    other = Authority(home, "other-ca")
    good = authority.issue("client", "clientAuth", "DNS:prometheus.example")
    unwanted = authority.issue("unwanted", "clientAuth", "DNS:somebody.example")
    as_client = lambda pair: ("--cert", pair[0], "--key", pair[1])
    certificate = authority.issue("mutual")
    probe_port = lane.free_port()
    server = Served(tls(*certificate, f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {authority.path}\n"
                                      "  client_allowed_sans: [prometheus.example]\n"), arguments=(f"--web.probe-address=127.0.0.1:{probe_port}",))
    for version in ("1.2", "1.3"):
        limit = ("--tls-max", version)
        lane.expect(f"TLS {version}: a client's certificate is taken", curl(server.url, *limit, *as_client(good))[1] == 200)
        for what, pair in (("none", None), ("another authority's", other.issue("stranger", "clientAuth")),
                           ("an expired one", authority.issue("late", "clientAuth", "DNS:prometheus.example", days=-1)),
                           ("a server's", authority.issue("no-client", "serverAuth", "DNS:prometheus.example")),
                           ("another name", unwanted)):
            code, status, _ = curl(server.url, *limit, *(as_client(pair) if pair else ()))
            # A client of TLS 1.3 has done its part by then: it learns while it sends its request (55) or waits for the answer (52, 56).
            refusals = (35, 56) if version == "1.2" else (52, 55, 56)
            lane.expect(f"TLS {version}: {what} is refused in the handshake", code in refusals and status == 0, (code, status))
    lane.expect("the probes ask for no certificate, but speak TLS", curl(f"https://127.0.0.1:{probe_port}/-/ready")[1] == 200)
    lane.expect("and nothing else", curl(f"https://127.0.0.1:{probe_port}/metrics")[1] == 404)
    server.stop()
    lenient = Served(tls(*certificate, f"  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: {authority.path}\n"))
    for version in ("1.2", "1.3"):
        limit = ("--tls-max", version)
        for what, pair in (("none", ()), ("a good one", as_client(good))):
            answer = curl(lenient.url, *limit, *pair)
            lane.expect(f"TLS {version}, VerifyClientCertIfGiven: {what} is fine", answer[1] == 200, answer)
        answer = curl(lenient.url, *limit, *as_client(other.issue("stranger", "clientAuth")))
        lane.expect(f"TLS {version}, VerifyClientCertIfGiven: a bad one is not", answer[0] != 0 and answer[1] == 0, answer)
    lenient.stop()


def passwords():
    global HASH
    made = subprocess.run([sys.executable, "-W", "ignore", "-c", "import crypt; print(crypt.crypt('secret', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=1<<12)))"],
                          capture_output=True, text=True)
    if made.returncode == 0 and made.stdout.startswith("$2"):
        HASH = made.stdout.strip()
    server = Served(tls(*authority.issue("guarded"), f"basic_auth_users:\n  prom: {HASH}\nhttp_server_config:\n  headers:\n    X-Frame-Options: deny\n"))
    lane.expect("no password: 401", curl(server.url)[1] == 401)
    head = (home / "head").read_text()
    lane.expect("401 says Basic, and has the headers", "WWW-Authenticate: Basic" in head and "X-Frame-Options: deny" in head, head)
    lane.expect("wrong password: 401", curl(server.url, "-u", "prom:wrong")[1] == 401)
    lane.expect("wrong user: 401", curl(server.url, "-u", "mallory:secret")[1] == 401)
    lane.expect("right password: 200", curl(server.url, "-u", "prom:secret")[1] == 200)
    ending = threading.Event()

    def guess(number):
        context = ssl._create_unverified_context()
        while not ending.is_set():
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=context)
                connection.request("GET", "/metrics", headers={"Authorization": f"Basic cHJvbTp{number:04d}"})
                connection.getresponse().read()
            except OSError:
                pass

    guesses = [threading.Thread(target=guess, args=(i,), daemon=True) for i in range(20)]
    for thread in guesses:
        thread.start()
    time.sleep(1)
    took = []
    for _ in range(5):
        begun = time.monotonic()
        lane.expect("a scrape among guesses", curl(server.url, "-u", "prom:secret")[1] == 200)
        took.append(time.monotonic() - begun)
    ending.set()
    print(f"figure: tls.scrape_among_guesses_max_seconds = {max(took):.3f}")
    lane.expect("guesses do not starve a scrape", max(took) < 5, took)
    for thread in guesses:
        thread.join()
    server.web.write_text(server.web.read_text().replace("prom:", "other:"))
    lane.wait_for("the new user", lambda: curl(server.url, "-u", "other:secret")[1] == 200)
    lane.expect("the old user is gone", curl(server.url, "-u", "prom:secret")[1] == 401)
    server.stop()


def subject(port):
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True).stdout.strip()


def rotation():
    certificate, key = authority.issue("first")
    server = Served(tls(certificate, key))
    lane.expect("the first certificate", "first" in subject(server.port))
    second = authority.issue("second")
    for source, target in zip(second, (certificate, key)):  # one after the other, with a moment between
        fresh = home / "fresh"
        fresh.write_bytes(source.read_bytes())
        fresh.rename(target)
        time.sleep(0.3)
    lane.wait_for("the second certificate", lambda: "second" in subject(server.port), 10)
    lane.expect("no complaint about the moment between", not server.said("level=error"), server.errors.read_text())
    good = certificate.read_bytes()
    certificate.write_text("no certificate\n")
    lane.wait_for("a broken certificate is said", lambda: server.said("is no PEM certificate"), 10)
    lane.expect("the old one goes on", curl(server.url)[1] == 200 and "second" in subject(server.port))
    lane.wait_for("the metric says so", lambda: curl(server.url)[1] == 200 and "config_last_reload_successful 0\n" in body(0), 15)
    time.sleep(3)
    lane.expect("said once", server.errors.read_text().count("level=error") == 1, server.errors.read_text())
    certificate.write_bytes(good)
    lane.wait_for("good again", lambda: curl(server.url)[1] == 200 and "config_last_reload_successful 1\n" in body(0), 15)
    server.web.write_text("")
    lane.wait_for("TLS is not switched off", lambda: server.said("TLS cannot be switched off"), 10)
    lane.expect("still TLS", curl(server.url)[1] == 200 and curl(server.url.replace("https", "http"))[1] != 200)
    server.stop()


def expired():
    server = Served(tls(*authority.issue("expired", days=-1)))
    code, _, said = curl(server.url)
    lane.expect("curl refuses an expired certificate", code == 60 and "expired" in said, said)
    lane.expect("the log warns", server.said("the certificate has expired"), server.errors.read_text())
    lane.expect("once", not server.said("has expired", 2))
    server.stop()


def reload():
    web = tls(*authority.issue("reloaded"))
    server = Served(web, config="stuck.slack: 1m\nlog:\n  level: info\n")
    hup = lambda: server.child.send_signal(signal.SIGHUP)
    server.config.write_text("stuck.slack: 5m\nlog.level: debug\ntimezone: UTC\nweb.telemetry-path: /other\n")
    hup()
    lane.wait_for("a reload", lambda: server.said("the configuration was read again"), 10)
    lane.expect("what changed is named", server.said('changed="stuck.slack, log.level"'), server.errors.read_text())
    lane.expect("what waits for a restart is named", server.said('keys="timezone, web.telemetry-path"'), server.errors.read_text())
    server.config.write_text("stuck.slak: 5m\n")
    hup()
    lane.wait_for("a bad file", lambda: server.said(f"{server.config}:1:1: unknown key stuck.slak, did you mean stuck.slack?"), 10)
    lane.wait_for("the metric says so", lambda: curl(server.url)[1] == 200 and "config_last_reload_successful 0\n" in body(0), 15)
    server.config.write_text("log.level: error\n")
    hup()
    lane.wait_for("good again", lambda: curl(server.url)[1] == 200 and "config_last_reload_successful 1\n" in body(0), 15)
    lane.expect("its time", abs(float(re.search(r"^kubelet_lifecycle_config_last_reload_success_timestamp_seconds (\S+)$", body(0), re.M).group(1)) - time.time()) < 60)
    lane.expect("ends with 0", server.stop() == 0)
    lane.expect("log.level error: nothing more is said", not server.said("stopped"), server.errors.read_text())


def failed_starts():
    certificate, key = authority.issue("start")
    other_key = authority.issue("start-other")[1]
    write = lambda text: (home / "bad.yml").write_text(text) and f"--web.config.file={home}/bad.yml"
    fails_to_start("no such certificate", 2, "No such file", write(tls("gone.crt", key)))
    fails_to_start("another's key", 2, "does not belong to the certificate", write(tls(certificate, other_key)))
    fails_to_start("unknown key", 2, "did you mean cert_file?", write(f"tls_server_config:\n  cert_fil: {certificate}\n"))
    fails_to_start("a version alone", 2, "neither cert_file nor cert", write("tls_server_config:\n  min_version: TLS13\n"))
    fails_to_start("an old version", 2, "known are TLS12, TLS13", write(tls(certificate, key, "  min_version: TLS10\n")))
    server = Served("", ("[::1]:0",))
    fails_to_start("port taken", 1, "`ss -ltnp` names it", f"--web.listen-address=[::1]:{server.port}")
    fails_to_start("port taken, of every address", 1, "`ss -ltnp` names it", f"--web.listen-address=:{server.port}")
    fails_to_start("port taken, over TLS", 1, "`ss -ltnp` names it", f"--web.listen-address=[::1]:{server.port}", write(tls(certificate, key)))
    lane.expect("plain IPv6", curl(f"http://[::1]:{server.port}/metrics")[1] == 200)
    server.stop()
    fails_to_start("an address of another node", 1, "ip address", "--web.listen-address=192.0.2.1:1")


def without_ipv6():
    """In a network namespace of its own, where IPv6 is switched off."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        print("not tried: a namespace without IPv6 needs root")
        return
    off = "ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; "
    common = f"{lane.exporter()} --source=file --file.path={log} --state.path=none"
    done = subprocess.run(["unshare", "-n", "sh", "-c", f"{off} exec {common} --web.listen-address=[::1]:10298"], capture_output=True, text=True, timeout=20)
    lane.expect("[::1] without IPv6 says so", done.returncode == 1 and "no IPv6" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    done = subprocess.run(["unshare", "-n", "sh", "-c", f"{off} {common} --web.listen-address=:10298 2>/dev/null & child=$!; "
                           "for i in $(seq 100); do curl -sf -o /dev/null http://127.0.0.1:10298/-/ready && break; sleep 0.1; done; "
                           "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10298/metrics; kill $child"], capture_output=True, text=True, timeout=30)
    lane.expect(":port without IPv6 serves IPv4", done.stdout == "200", done.stdout + done.stderr)


def without_libraries():
    """In a mount namespace of its own, where GnuTLS is an empty file: what needs it says so, all else works."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        print("not tried: a namespace without GnuTLS needs root")
        return
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    library = os.path.realpath(re.search(r"libgnutls\.so\.\d+ .*=> (\S+)", known)[1])
    web = home / "password.yml"
    web.write_text(f"basic_auth_users:\n  prom: {HASH}\n")

    def run(arguments):
        return subprocess.run(["unshare", "-m", "sh", "-c", f"mount --bind /dev/null {library}; exec {lane.exporter()} {arguments}"],
                              capture_output=True, text=True, timeout=20)
    serve = f"--source=file --file.path={log} --state.path=none"
    for what, code, arguments in (("IPv6", 1, f"{serve} --web.listen-address=[::1]:0"),
                                  ("a password", 2, f"{serve} --web.listen-address=127.0.0.1:0 --web.config.file={web}")):
        done = run(arguments)
        lane.expect(f"{what} without GnuTLS names it", done.returncode == code and "libgnutls" in done.stderr and "install" in done.stderr, done.stderr)
    report = run(f"report {lane.ROOT}/tests/traces/reference/nginx-1.23-docker-v5.log")
    lane.expect("a report without GnuTLS", report.returncode == 0 and "TERMINATIONS" in report.stdout, report.stderr)


for part in (versions_and_addresses, client_certificates, passwords, rotation, expired, reload, failed_starts, without_ipv6,
             without_libraries):
    if sys.argv[1:] and part.__name__ not in sys.argv[1:]:
        continue
    begun = time.monotonic()
    part()
    print(f"      {part.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
lane.finish()
