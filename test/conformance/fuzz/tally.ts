/** Counts of a fuzz run and its one-line summary. */
import type { Comparison, Verdict } from './compare.ts';

export class Tally {
  readonly #began = Date.now();
  readonly #verdicts = new Map<Verdict | 'unstable', number>();
  readonly #declines = new Map<string, number>();
  readonly #kinds = new Map<string, number>();
  readonly #methods = new Map<string, number>();
  comparisons = 0;

  add(comparison: Comparison, verdict: Verdict): void {
    this.comparisons++;
    bump(this.#verdicts, verdict);
    bump(this.#methods, comparison.query.method);
    if ('declined' in comparison.engine) bump(this.#declines, comparison.engine.declined);
  }

  /** A question to which no answer came at all. */
  silence(): void {
    bump(this.#verdicts, 'unanswered');
  }

  /** A difference that the server itself shows when it is asked again. */
  unstable(verdict: Verdict): void {
    this.#verdicts.set(verdict, this.count(verdict) - 1);
    bump(this.#verdicts, 'unstable');
  }

  /** How often there was a mismatch that looks like this one: same method, same sayings but for what they quote. */
  kind({ query, server, engine }: Comparison): number {
    const sayings = JSON.stringify([server, engine]).replaceAll(/'[^']*'/g, "'…'");
    const kind = `${query.method} ${sayings.slice(0, 300)}`;
    bump(this.#kinds, kind);
    return this.#kinds.get(kind) ?? 0;
  }

  kinds(): string[] {
    return [...this.#kinds].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} × ${kind}`);
  }

  count(verdict: Verdict | 'unstable'): number {
    return this.#verdicts.get(verdict) ?? 0;
  }

  line(seed: number): string {
    const seconds = (Date.now() - this.#began) / 1000;
    return [
      `seed ${seed}`,
      `${this.comparisons} comparisons (${list(this.#methods)})`,
      `${this.count('wrong')} mismatches`,
      `${this.count('message')} other messages`,
      `${this.count('unstable')} unstable upstream`,
      `${this.count('unanswered')} unanswered`,
      `${this.count('declined')} declined (${list(this.#declines)})`,
      `${Math.round(this.comparisons / seconds)}/s`,
    ].join('; ');
  }
}

function bump<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function list(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}
