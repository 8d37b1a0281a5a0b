/**
 * Something the user can put right: a setting, a missing tool, a port in use. Its message says what was given, what is
 * allowed and what to type; commands print it alone, without a stack, and end with exit code 1.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}
