import type { Complaint } from "./messages.ts";

/** A process that the supervisor started could not begin its work; says what that process would have said itself. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly complaint: Complaint;

  constructor(complaint: Complaint) {
    super(complaint.message);
    this.complaint = complaint;
  }
}

/** A process that ended, or was ended, before it could say why. */
export function unexplained(what: string): StartFailure {
  return new StartFailure({
    code: "process",
    message: what,
    hint: "The log above says what happened before; imbarco check looks for what may be wrong.",
    exitStatus: 1,
  });
}
