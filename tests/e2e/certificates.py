# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, by openssl: an authority, servers, clients, expired ones."""
import datetime
import subprocess

# `openssl ca`, because `openssl x509` takes no end that is past any more.
_CONFIG = """[ca]
default_ca = here
[here]
database = {name}.index
serial = {name}.serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


def _openssl(*arguments, home):
    subprocess.run(["openssl", *arguments], cwd=home, check=True, capture_output=True)


class Authority:
    def __init__(self, home, name="ca"):
        self.home, self.name = home, name
        (home / f"{name}.index").touch()
        (home / f"{name}.cnf").write_text(_CONFIG.format(name=name))
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", home=home)
        self.path = home / f"{name}.crt"

    def issue(self, name, purpose="serverAuth", san="IP:127.0.0.1,IP:::1,DNS:localhost", days=1, rsa=False):
        """name.crt and name.key; `days` of -1 makes one that expired yesterday."""
        key = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        home = self.home
        _openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", home=home)
        (home / f"{name}.ext").write_text(f"subjectAltName={san}\nextendedKeyUsage={purpose}\n")
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        _openssl("ca", "-batch", "-notext", "-create_serial", "-config", f"{self.name}.cnf", "-cert", f"{self.name}.crt", "-keyfile", f"{self.name}.key",
                 "-in", f"{name}.csr", "-extfile", f"{name}.ext", "-startdate", f"{end - datetime.timedelta(days=2):%Y%m%d%H%M%SZ}",
                 "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-out", f"{name}.crt", home=home)
        return home / f"{name}.crt", home / f"{name}.key"
