import type { Matrix, Operation } from "../../model/callGraph.ts";
import type { Account } from "../../model/names.ts";
import type { Protocol } from "../../model/ports.ts";

/** Whether one account may call one port of a workload, and how: a cell of the matrix. */
export interface MatrixRow {
  readonly from: string;
  readonly to: string;
  /** Where the workload is to be had; without them it has nothing to call. */
  readonly protocol?: Protocol;
  readonly port?: number;
  readonly allowed: boolean;
  /** What is allowed, any of these; empty when nothing is. */
  readonly operations: readonly Operation[];
}

/** Every cell of a matrix, and those of a workload and itself. */
export function matrixCells({ callers, callees, allowed }: Matrix): MatrixRow[] {
  const operationsOf = new Map(allowed.map(({ from, to, port, operations }) => [`${from} ${to} ${port}`, operations]));
  return callers.flatMap((from) =>
    callees.map(({ name: to, ...where }) => {
      const operations = operationsOf.get(`${from} ${to} ${where.port}`) ?? [];
      return { from, to, ...where, allowed: operations.length > 0, operations };
    }),
  );
}

/** The same without calls of a workload to itself: a pod reaches its own ports past every proxy. */
export function matrixRows(matrix: Matrix): MatrixRow[] {
  return matrixCells(matrix).filter(({ from, to }) => from !== to);
}

/** The account or workload that `nameOf` of model/names.ts has written. */
export function accountOf(text: string): Account {
  const [namespace = "", name = ""] = text.split("/");
  return { namespace, name };
}
