import { castSql, coerce } from "./cast.js";
import type { CompileContext } from "./compile.js";
import { invalidExpression, unsupportedExpression } from "./failure.js";
import { COLLECTION_FUNCTIONS } from "./functions-collection.js";
import { NUMBER_FUNCTIONS } from "./functions-number.js";
import { TEXT_FUNCTIONS } from "./functions-text.js";
import { TIME_FUNCTIONS } from "./functions-time.js";
import { VALUE_FUNCTIONS } from "./functions-value.js";
import { castFunction } from "./parse-type.js";
import { isStored, type TypedSql, type ValueType, valueTypeText } from "./typed-sql.js";

/** A Spark function: how many arguments it takes, and its SQL over them. */
export interface SparkFunction {
  readonly least: number;
  readonly most: number;
  readonly compile: (call: FunctionCall) => TypedSql;
}

/** The functions that this release evaluates, by their names in lower case. */
export type FunctionTable = Readonly<Record<string, SparkFunction>>;

const TABLES: readonly FunctionTable[] = [
  VALUE_FUNCTIONS,
  NUMBER_FUNCTIONS,
  TEXT_FUNCTIONS,
  TIME_FUNCTIONS,
  COLLECTION_FUNCTIONS,
];

/** One call with its arguments compiled. */
export class FunctionCall {
  readonly name: string;
  readonly args: readonly TypedSql[];
  readonly context: CompileContext;

  constructor(name: string, args: readonly TypedSql[], context: CompileContext) {
    this.name = name;
    this.args = args;
    this.context = context;
  }

  /** An argument as it is. */
  at(index: number): TypedSql {
    const arg = this.args[index];
    if (arg === undefined) throw unsupportedExpression(`${this.name} with ${this.args.length} arguments`);
    return arg;
  }

  /** An argument cast implicitly, as Spark casts one that has not the type the function takes. */
  as(index: number, type: ValueType): TypedSql {
    return coerce(this.at(index), type, this.context);
  }

  /** An argument that must be a string, or becomes one. */
  text(index: number): TypedSql {
    return castSql(this.at(index), { type: "string" }, this.context);
  }

  /** An argument that must be a literal string. */
  literalText(index: number): string {
    const { literal } = this.at(index);
    if (typeof literal === "string") return literal;
    throw unsupportedExpression(`${this.name} whose argument ${index + 1} is not a literal string`);
  }

  /** An argument that must be a literal whole number. */
  literalWhole(index: number): bigint {
    const { literal } = this.at(index);
    if (typeof literal === "bigint") return literal;
    throw unsupportedExpression(`${this.name} whose argument ${index + 1} is not a literal whole number`);
  }

  /** An error for arguments of types that the function does not take, or not here. */
  wrongTypes(): Error {
    const types = this.args.map((arg) => valueTypeText(arg.type)).join(", ");
    return this.args.every((arg) => isStored(arg.type))
      ? unsupportedExpression(`${this.name}(${types})`, { function: this.name })
      : invalidExpression("expression-type", `${this.name}(${types})`, { function: this.name });
  }
}

/** @throws LakeError `unsupported` naming a function that is not evaluated, or not with these arguments. */
export function callFunction(name: string, args: readonly TypedSql[], context: CompileContext): TypedSql {
  const found = TABLES.find((table) => Object.hasOwn(table, name))?.[name];
  const call = new FunctionCall(name, args, context);
  if (found === undefined) {
    const type = castFunction(name);
    if (type !== undefined && args.length === 1) return castSql(call.at(0), type, context);
    throw unsupportedExpression(`the function ${name}`, { function: name });
  }
  if (args.length < found.least || args.length > found.most) {
    throw unsupportedExpression(`the function ${name} with ${args.length} arguments`, { function: name });
  }
  return found.compile(call);
}
