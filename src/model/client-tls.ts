/** The TLS that protects a client's connection, in the words of OpenSSL ("TLSv1.3", "TLS_AES_256_GCM_SHA384"); `null` = not known. */
export interface ClientTls {
  readonly version: string | null;
  readonly cipher: string | null;
}
