/**
 * Requests that node's parser lets pass and the upstream's own (Go's net/http) refuses, or reads in another way. They are
 * refused here, all of them, and their connection ends: nobody is answered who would not be upstream, and nothing that two
 * servers read differently goes on (RFC 9112 section 11.2).
 */
import type { IncomingMessage } from 'node:http';

/** 417: an expectation but 100-continue. 501: a transfer coding that upstream does not take. */
export type RefusedStatus = 400 | 417 | 501;

/** Undefined: the request goes on. Called for every request. */
export function refusalOf({
  url = '',
  rawHeaders,
  httpVersionMinor,
}: IncomingMessage): RefusedStatus | undefined {
  if (!isPathOrUrl(url)) return 400;
  let hosts = 0;
  let codings = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    // By length first: that lets nearly all of them by.
    if (name.length === HOST.length && name.toLowerCase() === HOST) {
      hosts += 1;
      if (!HOST_VALUE.test(value)) return 400;
    } else if (name.length === CODING.length && name.toLowerCase() === CODING) {
      codings += 1;
      if (value.toLowerCase() !== 'chunked') return 501;
    } else if (name.length === EXPECTATION.length && name.toLowerCase() === EXPECTATION) {
      if (!CONTINUE.test(value)) return 417;
    } else if (name.length === LENGTH.length && name.toLowerCase() === LENGTH) {
      if (Number(value) > Number.MAX_SAFE_INTEGER) return 400;
    }
  }
  if (codings > 1) return 501;
  // Go ignores chunks of HTTP/1.0 and takes the body for a next request.
  return hosts > 1 || (codings === 1 && httpVersionMinor === 0) ? 400 : undefined;
}

const HOST = 'host';
const CODING = 'transfer-encoding';
const LENGTH = 'content-length';
const EXPECTATION = 'expect';
/** As node looks for it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;
/** Go's `httpguts.ValidHostHeader`: bytes that a host and port may have; a malformed name passes. */
const HOST_VALUE = /^[A-Za-z0-9!$%&'()*+,\-.:;=[\]_~]*$/;

/** Anything else (`*`, `ftp://…`, `host:port`) has no form in which it could be sent on. */
function isPathOrUrl(target: string): boolean {
  return target.charCodeAt(0) === 47 || target.startsWith('http://') || target.startsWith('https://');
}
