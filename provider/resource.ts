/** What another declaration of a resource would do to it. */
export interface Difference {
  readonly changes: boolean;
  /** Paths of properties that cannot change while the resource lives. */
  readonly replaces?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
}

/** How one type of resource is made, changed and deleted. What is not there does nothing. */
export interface ResourceKind<Inputs, Outputs extends Inputs> {
  /** Why a declaration is refused, by the property that is wrong; nothing where it is right. */
  check?(olds: Partial<Inputs>, news: Inputs): { readonly property: string; readonly reason: string }[];
  create(inputs: Inputs): Promise<{ readonly id: string; readonly outputs: Outputs }>;
  /** What the resource is really like; undefined where it is gone. */
  read?(olds: Outputs): Promise<Outputs | undefined>;
  diff(olds: Outputs, news: Inputs): Difference;
  update(olds: Outputs, news: Inputs): Promise<Outputs>;
  delete?(olds: Outputs): Promise<void>;
}
