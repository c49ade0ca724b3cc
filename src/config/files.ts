import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { PROTOCOLS } from "../model/protocol.ts";
import { certificateFault, privateKeyFault, serverCertificateFault } from "./certificates.ts";
import { pathText, placesOf, valueAt } from "./paths.ts";
import type { Problem } from "./problem.ts";

/** Files that are read with the configuration, and whether somebody else must not read them. `*` stands for every item of a list. */
const NAMED_FILES: readonly { readonly path: readonly string[]; readonly secret: boolean }[] = [
  { path: ["tls", "certFile"], secret: false },
  { path: ["tls", "keyFile"], secret: true },
  { path: ["tls", "sni", "*", "certFile"], secret: false },
  { path: ["tls", "sni", "*", "keyFile"], secret: true },
  ...PROTOCOLS.map((protocol) => ({ path: ["target", protocol, "caFile"], secret: false })),
  { path: ["target", "login", "passwordFile"], secret: true },
  { path: ["admin", "tokenFile"], secret: true },
];

/** More than any chain of certificates has. */
const FILE_LIMIT_BYTES = 1_048_576;

/** What the files named in the configuration hold. */
export interface NamedFiles {
  /** By path of the key, such as `tls.certFile`. */
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** A configuration as it stands in its file, or as it stood there when it was checked: then nobody knows lines. */
export interface WrittenDocument {
  readonly raw: unknown;
  lineOf(path: readonly PropertyKey[]): number | null;
}

/** Reads every file that the configuration names, `folder` being where relative paths start. Faults are returned, not thrown. */
export async function readNamedFiles(document: WrittenDocument, folder: string): Promise<NamedFiles> {
  const contents = new Map<string, Buffer>();
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const wanted = NAMED_FILES.flatMap(({ path, secret }) =>
    placesOf(document.raw, path).map((place) => ({ path: place, secret })),
  );
  for (const { path, secret } of wanted) {
    const name = valueAt(document.raw, path);
    if (typeof name !== "string" || name === "") continue;
    const file = resolve(folder, name);
    const at = (message: string): Problem => ({ path: pathText(path), line: document.lineOf(path), message });
    const result = await readFile(file);
    if ("fault" in result) {
      problems.push(at(result.fault));
      continue;
    }
    contents.set(pathText(path), secret ? withoutFinalNewline(result.octets) : result.octets);
    if (secret && (result.mode & 0o077) !== 0)
      warnings.push(at(`${file} can be read by others than its owner: chmod 600 ${file}`));
    if (secret && withoutFinalNewline(result.octets).length === 0) problems.push(at(`${file} is empty`));
  }
  return { contents, problems: [...problems, ...pemProblems(document, contents)], warnings };
}

function pemProblems(document: WrittenDocument, contents: ReadonlyMap<string, Buffer>): Problem[] {
  const problems: Problem[] = [];
  const report = (path: readonly PropertyKey[], fault: string | null) => {
    if (fault === null) return;
    const message = `${String(valueAt(document.raw, path))} ${fault}`;
    problems.push({ path: pathText(path), line: document.lineOf(path), message });
  };
  for (const block of [["tls"], ...placesOf(document.raw, ["tls", "sni", "*"])]) {
    const cert = contents.get(pathText([...block, "certFile"]))?.toString();
    const key = contents.get(pathText([...block, "keyFile"]));
    if (cert !== undefined) report([...block, "certFile"], serverCertificateFault(cert));
    if (key && key.length > 0) report([...block, "keyFile"], privateKeyFault(cert ?? "", key));
  }
  for (const protocol of PROTOCOLS) {
    const path = ["target", protocol, "caFile"];
    const ca = contents.get(pathText(path));
    if (ca) report(path, certificateFault(ca.toString()));
  }
  return problems;
}

async function readFile(file: string): Promise<{ octets: Buffer; mode: number } | { fault: string }> {
  try {
    await using handle = await open(file, "r");
    const { mode, size } = await handle.stat();
    if (size > FILE_LIMIT_BYTES)
      return { fault: `${file} is larger than ${FILE_LIMIT_BYTES} octets: this is some other file` };
    return { octets: await handle.readFile(), mode };
  } catch (error) {
    return { fault: fileFault(file, error as NodeJS.ErrnoException) };
  }
}

/** Why a file could not be read, as a sentence. */
export function fileFault(file: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return `there is no file ${file}`;
    case "EACCES":
      return `${file} may not be read by the user that imbarco runs as`;
    case "EISDIR":
      return `${file} is a folder, not a file`;
    default:
      return `${file} cannot be read: ${error.message}`;
  }
}

/** Editors and `echo` end a file with a newline that is not part of the secret. */
function withoutFinalNewline(octets: Buffer): Buffer {
  if (octets.at(-1) !== 0x0a) return octets;
  return octets.subarray(0, octets.at(-2) === 0x0d ? -2 : -1);
}
