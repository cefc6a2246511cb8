/**
 * Whether the tree says all that the text does. The library drops `!(!x)` and `-(-x)`, where upstream evaluates both: they
 * cost, `-(-x)` overflows for the least integer, and `!(!x)` fails where `x` is no boolean.
 */
import type { Expr } from './node.ts';

export function isWhole(expression: string, expr: Expr): boolean {
  const text = bareText(expression);
  // Of signs in a row it is not the library alone that drops some.
  if (/-\s*-/.test(text)) return false;
  const kept = { nots: 0, minuses: 0 };
  count(expr, kept);
  const minuses = text.match(/-/g)?.length ?? 0;
  const nots = text.match(/(?:!(?!=)\s*)+/g)?.filter((run) => run.split('!').length % 2 === 0).length ?? 0;
  return kept.nots === nots && kept.minuses === minuses;
}

const STRINGS_AND_COMMENTS =
  /[bB]?[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')|"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/[^\n]*/g;
/** In both a minus may follow an `e`. */
const HEX_AND_EXPONENTS = /(?<!\w)(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+)/g;

function bareText(expression: string): string {
  return expression.replaceAll(STRINGS_AND_COMMENTS, ' ').replaceAll(HEX_AND_EXPONENTS, '0');
}

interface Kept {
  nots: number;
  minuses: number;
}

function count({ exprKind }: Expr, kept: Kept): void {
  if (exprKind.case === 'constExpr' && isNegative(exprKind.value.constantKind.value)) kept.minuses += 1;
  if (exprKind.case === 'callExpr') {
    const name = exprKind.value.function;
    if (name === '!_') kept.nots += 1;
    if (name === '-_' || name === '_-_') kept.minuses += 1;
  }
  for (const operand of operandsOf(exprKind)) if (operand) count(operand, kept);
}

function isNegative(constant: unknown): boolean {
  if (typeof constant === 'bigint') return constant < 0n;
  return typeof constant === 'number' && (constant < 0 || Object.is(constant, -0));
}

function operandsOf(exprKind: Expr['exprKind']): readonly (Expr | undefined)[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return [exprKind.value.operand];
    case 'callExpr':
      return [exprKind.value.target, ...exprKind.value.args];
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        keyKind.case === 'mapKey' ? [keyKind.value, value] : [value],
      );
    case 'comprehensionExpr':
      // The rest of it is the macro's own.
      return [exprKind.value.iterRange, exprKind.value.loopStep];
    default:
      return [];
  }
}
