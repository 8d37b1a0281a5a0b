/** Outputs of a dynamic resource that its provider fills in: Pulumi knows of those alone that are among the inputs. */
export function computed(...names: string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
