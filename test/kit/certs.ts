import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files of a made-up authority and of a server certificate that it signed. */
export interface Certificates {
  readonly caFile: string;
  /** PEM text of `caFile`. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const OPENSSL_CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = $ENV::IMBARCO_TEST_NAMES
`;

/** Makes an authority of its own and a certificate for localhost and 127.0.0.1 in `folder`, valid for a month. */
export async function makeCertificates(
  folder: string,
  names = "DNS:localhost,IP:127.0.0.1",
): Promise<Certificates> {
  const at = (name: string) => join(folder, name);
  await writeFile(at("openssl.cnf"), OPENSSL_CONFIG);
  const env = { ...process.env, IMBARCO_TEST_NAMES: names };
  const openssl = (command: string) => run("openssl", command.split(" "), { cwd: folder, env });
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf";
  const authority = "-extensions authority -subj /CN=imbarco-test-authority";
  await openssl(`req -x509 ${newKey} ${authority} -keyout ca.key -out ca.pem -days 31`);
  await openssl(`req -new ${newKey} -keyout server.key -out server.csr`);
  const signer = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile openssl.cnf -extensions server";
  await openssl(`x509 -req -in server.csr ${signer} -days 31 -out server.pem`);
  return {
    caFile: at("ca.pem"),
    ca: await readFile(at("ca.pem"), "utf8"),
    certFile: at("server.pem"),
    keyFile: at("server.key"),
  };
}

/** As `makeCertificates`, of an old server: signed by itself, with an RSA key of 1024 bits. `caFile` is the certificate too. */
export async function makeWeakCertificate(folder: string): Promise<Certificates> {
  const certFile = join(folder, "weak.pem");
  const keyFile = join(folder, "weak.key");
  await writeFile(join(folder, "weak.cnf"), OPENSSL_CONFIG);
  const command = "req -x509 -newkey rsa:1024 -nodes -config weak.cnf -extensions server -days 31";
  const env = { ...process.env, IMBARCO_TEST_NAMES: "DNS:localhost,IP:127.0.0.1" };
  await run("openssl", [...command.split(" "), "-keyout", keyFile, "-out", certFile], { cwd: folder, env });
  return { caFile: certFile, ca: await readFile(certFile, "utf8"), certFile, keyFile };
}
