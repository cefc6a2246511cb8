/**
 * The metrics of one sidecar. The hot path adds to plain numbers; Prometheus text is made when somebody scrapes.
 * What others count already (the change log, the store) is not counted twice: hand in a function that reads it.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelValues,
  METRICS,
  type MetricName,
} from './metric-table.ts';
import { createTiming, type Timing } from './timing.ts';

/** Keep the cell and write `cell.value += 1`: a lookup per request would cost more than the counting. */
export interface Cell {
  value: number;
}

/** One line of a metric with labels: their values, in the table's order. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

export interface Metrics {
  counter<Name extends CounterName>(name: Name, ...labels: LabelValues<Name>): Cell;
  timing<Name extends HistogramName>(name: Name, ...labels: LabelValues<Name>): Timing;
  /** Read at each scrape; added to what the cells of the same metric hold. A later call replaces an earlier one. */
  read(name: CounterName | GaugeName, source: () => number | readonly Sample[]): void;
  /** Sum over all cells and labels, for the status. */
  total(name: CounterName): number;
  /** Every cell of a counter with one label: `{ local: 12, upstream: 3 }`. */
  byLabel(name: CounterName): Readonly<Record<string, number>>;
  /** Every timing of a histogram, by its label values. */
  timings(name: HistogramName): readonly { readonly labels: readonly string[]; readonly timing: Timing }[];
  /** Prometheus text, version 0.0.4. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>;
}

interface Row<Value> {
  readonly labels: readonly string[];
  readonly value: Value;
}

interface Books {
  readonly cells: Map<string, Map<string, Row<Cell>>>;
  readonly timings: Map<string, Map<string, Row<Timing>>>;
  readonly sources: Map<string, () => number | readonly Sample[]>;
}

export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const books: Books = { cells: new Map(), timings: new Map(), sources: new Map() };
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  for (const name of Object.keys(METRICS) as MetricName[]) register(registry, books, name);
  return {
    counter: (name, ...labels) => row(books.cells, name, labels, () => ({ value: 0 })),
    timing: (name, ...labels) => row(books.timings, name, labels, () => createTiming(METRICS[name].buckets)),
    read: (name, source) => void books.sources.set(name, source),
    total: (name) => samples(books, name).reduce((sum, { value }) => sum + value, 0),
    byLabel: (name) => Object.fromEntries(samples(books, name).map((s) => [s.labels.join(' '), s.value])),
    timings: (name) => rows(books.timings, name).map(({ labels, value }) => ({ labels, timing: value })),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function register(registry: Registry, books: Books, name: MetricName): void {
  const { kind, help, labels } = METRICS[name];
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === 'histogram') {
    if (labels.length === 0)
      row(books.timings, name, [], () => createTiming(METRICS[name as HistogramName].buckets));
    new SharedHistogram({ ...options, buckets: [...METRICS[name as HistogramName].buckets] }, books);
    return;
  }
  const fill = (set: (labels: Record<string, string>, value: number) => void) => {
    for (const sample of samples(books, name)) set(named(labels, sample.labels), sample.value);
  };
  if (kind === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        fill((l, v) => this.set(l, v));
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        fill((l, v) => this.inc(l, v));
      },
    });
  }
}

/** A histogram that prom-client prints and that is counted elsewhere, at a twentieth of the cost. */
class SharedHistogram extends Histogram<string> {
  readonly #books: Books;
  readonly #name: HistogramName;
  readonly #labelNames: readonly string[];

  constructor(options: ConstructorParameters<typeof Histogram<string>>[0], books: Books) {
    super(options);
    this.#books = books;
    this.#name = options.name as HistogramName;
    this.#labelNames = options.labelNames ?? [];
  }

  /** What prom-client's text form and its `get` call; its types do not show it. The test of this file pins it. */
  async getForPromString() {
    const all = rows(this.#books.timings, this.#name);
    const values = all.flatMap(({ labels, value }) => this.#lines(labels, value));
    return { name: this.#name, help: METRICS[this.#name].help, type: 'histogram', values, aggregator: 'sum' };
  }

  #lines(labelValues: readonly string[], timing: Timing) {
    const labels = named(this.#labelNames, labelValues);
    const { bounds, counts, count, sum } = timing.snapshot();
    let below = 0;
    const buckets = bounds.map((le, i) => {
      below += counts[i] ?? 0;
      return { labels: { ...labels, le }, value: below, metricName: `${this.#name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { ...labels, le: '+Inf' }, value: count, metricName: `${this.#name}_bucket` },
      { labels, value: sum, metricName: `${this.#name}_sum` },
      { labels, value: count, metricName: `${this.#name}_count` },
    ];
  }
}

/** Cells and source together. A metric without labels always has a line, so that a dashboard finds it from the start. */
function samples(books: Books, name: CounterName | GaugeName | MetricName): readonly Sample[] {
  const counted = rows(books.cells, name).map(({ labels, value }) => ({ labels, value: value.value }));
  const read = books.sources.get(name)?.() ?? [];
  const found = [...counted, ...(typeof read === 'number' ? [{ labels: [], value: read }] : read)];
  if (METRICS[name].labels.length > 0) return merged(found);
  return [{ labels: [], value: found.reduce((sum, { value }) => sum + value, 0) }];
}

function merged(found: readonly Sample[]): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const { labels, value } of found) {
    const key = labels.join('\0');
    sums.set(key, { labels, value: value + (sums.get(key)?.value ?? 0) });
  }
  return [...sums.values()];
}

function row<Value>(
  all: Map<string, Map<string, Row<Value>>>,
  name: string,
  labels: readonly string[],
  make: () => Value,
): Value {
  const ofName = all.get(name) ?? new Map<string, Row<Value>>();
  all.set(name, ofName);
  const key = labels.join('\0');
  const found = ofName.get(key) ?? { labels, value: make() };
  ofName.set(key, found);
  return found.value;
}

function rows<Value>(all: Map<string, Map<string, Row<Value>>>, name: string): readonly Row<Value>[] {
  return [...(all.get(name)?.values() ?? [])];
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
}
