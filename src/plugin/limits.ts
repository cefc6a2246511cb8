/** What clients may take of a listener unless the configuration's `limits` say otherwise, each with where it comes from. */

/** Time to send a request's head. Go's server has no such bound; a slow-loris guard is the sidecar's own. */
export const HEADER_TIMEOUT_MS = 10_000;
/** Time to send a whole request: 10 MB at 1.4 Mbit/s. OpenFGA's own deadline of 3 s begins after it. */
export const REQUEST_TIMEOUT_MS = 60_000;
/**
 * Idle connections. OpenFGA closes none (Go's default), so clients' pools do not expect it; longer than any usual pool
 * keeps one (60 s) or a load balancer (350 s) does, so that it is the client who closes.
 */
export const IDLE_TIMEOUT_MS = 600_000;
/** Room for large bearer tokens; Go takes 1 MiB, node 16 KiB by default. */
export const HEADER_BYTES = 65_536;
/** As many short ones as `HEADER_BYTES` holds: Go has no such bound, and node drops what is over 1000 without a word. */
export const HEADERS = 10_000;
/** Twice the ten thousand idle clients that a listener has to bear; about 10 KB each. */
export const CONNECTIONS = 20_000;
/** A forward takes a few ms: this many at once are more than one process can serve. About 50 KB each while they wait. */
export const CONCURRENT_QUERIES = 4_096;
/**
 * Writes under way, also those whose client has left: they are seen through. OpenFGA's database takes thirty at once
 * (`--datastore-max-open-conns`), but while the change log is away each waits for it (`capture.wait_timeout`), and four
 * thousand a second still pass.
 */
export const CONCURRENT_WRITES = 4_096;
/**
 * Requests that wait on one connection for the one before them, and on all connections; about 4 KB each, and where they bring
 * more of a body they count for several. Browsers and SDKs send one at a time; benchmark tools pipeline up to a few dozen.
 */
export const PIPELINED = 100;
export const PIPELINED_IN_ALL = 10_000;
/** Time for a client to take something of its answer: as long as the longest lost packets are sent again (RFC 6298). */
export const STALL_TIMEOUT_MS = 60_000;
/** Of bodies that come in pieces, from their first byte to the end of their answer: some four hundred of the largest at once. */
export const HELD_BYTES = 268_435_456;
/** Calls at once on one gRPC connection. OpenFGA sets none (Go's default); a client that is told waits, it does not fail. */
export const STREAMS = 1_000;
