/** Forwards under way, by key: whoever asks the same meanwhile waits for the one answer. */
import type { Clock } from '../../src/plugin/clock.ts';
import type { UpstreamSaid } from '../../src/plugin/tier.ts';

/** OpenFGA ends a request after 3 s, its gateway 3 s later (contract section 2.3): an older flight is not waited for. */
const FLIGHT_MS = 6_000;
/** More than a sidecar has connections; the oldest can no longer be joined then. */
const MAX_FLIGHTS = 10_000;

export interface Flight {
  /** Newest generation of what it may read, as it was before it began. */
  readonly stamp: number;
  /** False once an operator dropped its key. */
  readonly valid: boolean;
  /** Tells who waits; undefined: everybody has to ask the upstream himself. */
  land(said: UpstreamSaid | undefined): void;
}

export interface Flights {
  begin(key: string, stamp: number): Flight;
  /** Undefined when none is under way, or its stamp is an old one. The promise never rejects. */
  join(key: string, stamp: number): Promise<UpstreamSaid | undefined> | undefined;
  drop(key: string): void;
}

interface UnderWay {
  readonly stamp: number;
  valid: boolean;
  readonly beganMs: number;
  readonly landed: Promise<UpstreamSaid | undefined>;
}

export function createFlights(clock: Clock): Flights {
  const flights = new Map<string, UnderWay>();

  return {
    begin(key, stamp) {
      const { promise: landed, resolve } = Promise.withResolvers<UpstreamSaid | undefined>();
      const flight: UnderWay = { stamp, valid: true, beganMs: clock.monoMs(), landed };
      flights.set(key, flight);
      if (flights.size > MAX_FLIGHTS) for (const oldest of flights.keys()) if (flights.delete(oldest)) break;
      return {
        stamp,
        get valid() {
          return flight.valid;
        },
        land(said) {
          if (flights.get(key) === flight) flights.delete(key);
          resolve(said);
        },
      };
    },
    join(key, stamp) {
      const flight = flights.get(key);
      if (!flight || flight.stamp !== stamp) return undefined;
      const leftMs = flight.beganMs + FLIGHT_MS - clock.monoMs();
      return leftMs > 0 ? atMost(flight.landed, leftMs, clock) : undefined;
    },
    drop(key) {
      const flight = flights.get(key);
      if (flight) flight.valid = false;
      flights.delete(key);
    },
  };
}

async function atMost<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  const enough = new AbortController();
  const late = clock.sleep(ms, enough.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    enough.abort();
  }
}
