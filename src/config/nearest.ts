/** The known word nearest to a mistyped one, or undefined when none is near. `edgeId`, `edge-id` and `edeg_id` are near `edge_id`. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = plain(word);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const candidate of known) {
    const away = distance(typed, plain(candidate));
    if (away < least) [best, least] = [candidate, away];
  }
  return (
    best ?? known.find((k) => typed.length > 2 && (plain(k).includes(typed) || typed.includes(plain(k))))
  );
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours. */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (older[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [older, above] = [above, row];
  }
  return above[b.length] ?? 0;
}
