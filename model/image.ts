/** A container image in its parts, as charts want them and as a mirror replaces them. */
export interface Image {
  /** Host of the registry, with its port where it has one. */
  readonly registry: string;
  /** Path in the registry. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`; decides, where there is one. */
  readonly digest?: string;
}

/** The image as a pod names it. */
export function imageName({ registry, repository, tag, digest }: Image): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}
