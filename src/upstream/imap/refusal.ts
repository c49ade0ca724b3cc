/** The server understood a command and said NO. `code` is its response code in upper case; `text` is the server's, made printable. */
export class CommandRefusedError extends Error {
  override readonly name: string = "CommandRefusedError";
  readonly code: string | null;
  readonly text: string;

  constructor(message: string, refusal: { readonly code: string | null; readonly text: string }) {
    super(message);
    this.code = refusal.code;
    this.text = refusal.text;
  }
}

/** A folder cannot be opened. Only `code` NONEXISTENT says that it is really gone; some servers give no code. */
export class FolderGoneError extends CommandRefusedError {
  override readonly name = "FolderGoneError";
}
