declare module "emailjs-imap-handler" {
  interface Attribute {
    readonly type: "ATOM" | "STRING" | "LITERAL" | "SEQUENCE";
    readonly value: Uint8Array | string;
  }
  interface Parsed {
    readonly tag: string;
    readonly command: string;
    readonly attributes?: readonly (Attribute | null | readonly (Attribute | null)[])[];
  }
  const handler: { parser(command: Uint8Array, options: { valueAsString: false }): Parsed };
  export default handler;
}
