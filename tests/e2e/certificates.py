# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, by openssl: an authority, servers, clients, expired ones."""
import subprocess


def _openssl(*arguments, home):
    subprocess.run(["openssl", *arguments], cwd=home, check=True, capture_output=True)


class Authority:
    def __init__(self, home, name="ca"):
        self.home, self.name, self.serial = home, name, 0
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", home=home)
        self.path = home / f"{name}.crt"

    def issue(self, name, purpose="serverAuth", san="IP:127.0.0.1,IP:::1,DNS:localhost", days=1, rsa=False):
        """name.crt and name.key; `days` of -1 makes one that expired yesterday."""
        key = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        home = self.home
        self.serial += 1
        _openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", home=home)
        (home / f"{name}.ext").write_text(f"subjectAltName={san}\nextendedKeyUsage={purpose}\n")
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key",
                 "-set_serial", str(self.serial), "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.crt", home=home)
        return home / f"{name}.crt", home / f"{name}.key"
