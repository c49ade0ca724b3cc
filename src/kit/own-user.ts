import { userInfo } from "node:os";

/** What this process is called where its rights count: its user's name, or the number where the system has no name for it. */
export function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that stands in no passwd file.
    return `number ${process.geteuid?.() ?? "unknown"}`;
  }
}

/** Whether the system has refused something for the lack of a right, and for nothing else. */
export function isDenied(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "EACCES" || code === "EPERM";
}
