/** An error in one line for an operator: its message, and the cause at the bottom of it where that says more. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const root = rootOf(error);
  return root === undefined || error.message.includes(root) ? error.message : `${error.message} (${root})`;
}

function rootOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return rootOf(cause) ?? (cause.message || undefined);
}
