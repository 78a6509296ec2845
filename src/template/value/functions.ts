/**
 * Functions and methods that templates can call: tables of a name, the types of what it takes, and code. The types are
 * Go's, by name, since the engine refuses arguments with Go's words before the code sees them.
 */
import type { GoList, GoMap, GoObject, Value } from './values';

/** What code receives for each type that a parameter can have. `any` takes all values. */
interface Parameters {
  any: Value;
  bool: boolean;
  float64: number;
  int: bigint;
  string: string;
  '[]string': GoList;
  '[]interface {}': GoList;
  'map[string]interface {}': GoMap;
  'template.queryResult': GoList;
  '*template.sample': GoObject;
  'time.Duration': GoObject;
  'time.Time': GoObject;
}

export type ParameterType = keyof Parameters;

type ArgumentsOf<P extends readonly ParameterType[]> = { -readonly [I in keyof P]: Parameters[P[I]] };

export interface GoFunction {
  readonly parameters: readonly ParameterType[];
  /** The type of any further arguments. */
  readonly rest?: ParameterType;
  /** `and` and `or` evaluate no argument after the one that decides: the truth that ends them. */
  readonly stopsAt?: boolean;
  /** Whether `call` is given a `Spend` before its arguments. */
  readonly isMetered?: boolean;
  readonly call: (...values: never[]) => unknown;
}

/** Takes steps from what the execution may use, and ends it when there are no more. */
export type Spend = (steps: number) => void;

export type FunctionTable = Readonly<Record<string, GoFunction>>;

export function define<const P extends readonly ParameterType[]>(
  parameters: P,
  call: (...values: ArgumentsOf<P>) => unknown,
): GoFunction {
  return { parameters, call };
}

/** A function that takes any number of further arguments of the type `rest`. */
export function defineVariadic<const P extends readonly ParameterType[], R extends ParameterType>(
  parameters: P,
  rest: R,
  call: (...values: [...ArgumentsOf<P>, ...Parameters[R][]]) => unknown,
): GoFunction {
  return { parameters, rest, call };
}

/** A function whose work is more than its texts are long: it says how much, before it does it. */
export function defineMetered<const P extends readonly ParameterType[]>(
  parameters: P,
  call: (spend: Spend, ...values: ArgumentsOf<P>) => unknown,
): GoFunction {
  return { parameters, isMetered: true, call };
}

/** The function of that name, if the table itself has it: nothing is inherited. */
export function lookUp(table: FunctionTable, name: string): GoFunction | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What a function refuses; the engine says which function, and where. */
export class CallError extends Error {}
