/** Puts a chain of operands and operators together by Prometheus' precedences. */
import type { Binary, BinaryOperator, Expr, Place } from './ast';

/** `suffix`: what follows an operand, as `[5m]` or `offset 1h`. */
export type Token =
  | { readonly kind: 'operand'; readonly expr: Expr }
  | { readonly kind: 'sign'; readonly op: '+' | '-'; readonly place: Place }
  | ({ readonly kind: 'operator' } & Operator)
  | { readonly kind: 'suffix'; readonly apply: (to: Expr) => Expr };

type Operator = Pick<Binary, 'op' | 'bool' | 'matching' | 'operatorPlace'>;

/** Higher binds more tightly; `^` alone groups to the right. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  ...{ or: 1, and: 2, unless: 2 },
  ...{ '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3 },
  ...{ '+': 4, '-': 4 },
  ...{ '*': 5, '/': 5, '%': 5, atan2: 5 },
  '^': 6,
};
/** What a sign takes with it. */
const SIGN_TAKES = PRECEDENCE['^'];

export const parseChain = (tokens: readonly Token[]): Expr => new Chain(tokens).parse();

/** Precedence climbing. */
class Chain {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(from = 1): Expr {
    let left = this.operand();
    for (;;) {
      const token = this.tokens[this.at];
      if (token?.kind !== 'operator' || PRECEDENCE[token.op] < from) return left;
      this.at += 1;
      const right = this.parse(PRECEDENCE[token.op] + (token.op === '^' ? 0 : 1));
      left = binary(token, left, right);
    }
  }

  private operand(): Expr {
    const token = this.tokens[this.at++]!;
    if (token.kind === 'sign') return signed(token.op, token.place, this.parse(SIGN_TAKES));
    let expr = (token as Token & { kind: 'operand' }).expr;
    for (;;) {
      const next = this.tokens[this.at];
      if (next?.kind !== 'suffix') return expr;
      this.at += 1;
      expr = next.apply(expr);
    }
  }
}

function binary({ op, bool, matching, operatorPlace }: Operator, left: Expr, right: Expr): Binary {
  const place = { from: left.place.from, to: right.place.to };
  return { kind: 'binary', op, bool, matching, left, right, operatorPlace, place };
}

function signed(op: '+' | '-', at: Place, expr: Expr): Expr {
  const place = { from: at.from, to: expr.place.to };
  if (expr.kind === 'number') return { ...expr, value: op === '-' ? -expr.value : expr.value, place };
  return { kind: 'unary', op, expr, place };
}
