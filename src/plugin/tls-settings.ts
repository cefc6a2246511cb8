/** The TLS that this program speaks, on its listeners and towards servers. */

/** RFC 8996 retires what is older; OpenFGA and NATS refuse it too. */
export const MIN_VERSION = 'TLSv1.2';
/** TLS 1.3, and of 1.2 what has forward secrecy and authenticated encryption (Mozilla's "intermediate" list). */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
