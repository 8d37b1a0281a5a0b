/**
 * Headers by which proxies tell services who calls, from where, under which name, and for which method and path. A gateway is the
 * first proxy, so a caller from outside who sends one forges it: every gateway removes them. `*` at the end stands for any rest.
 *
 * Left out, as no service believes them: `host`, which routes, and `x-request-id`, `traceparent` and `x-b3-…`, which only trace.
 */
export const callerHeaders = [
  // From where, under which name and scheme.
  "forwarded",
  "forwarded-*",
  "x-forwarded",
  "x-forwarded-*",
  "x-forward-for",
  "x-real-*",
  "x-remote-*",
  "x-originating-*",
  "client-ip",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-proxyuser-ip",
  "proxy-client-ip",
  "wl-proxy-*",
  "x-host",
  "x-scheme",
  "x-url-scheme",
  "front-end-https",
  // For which method, path and file; `proxy` becomes the variable HTTP_PROXY in CGI programs.
  "x-original-*",
  "x-rewrite-*",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-http-host-override",
  "x-http-destinationurl",
  "x-middleware-subrequest",
  "x-accel-mapping",
  "x-sendfile-type",
  "proxy",
  // Who: by certificate, by token, by a gateway's own sign-in.
  "client-cert",
  "client-cert-chain",
  "x-client-cert",
  "x-client-dn",
  "x-client-verify",
  "ssl-client-*",
  "x-ssl-*",
  "x-tls-*",
  "remote-user",
  "x-auth-request-*",
  "x-webauth-*",
  "x-authenticated-*",
  "x-anonymous-consumer",
  "x-consumer-*",
  "x-credential-*",
  "x-jwt-payload",
  "x-userinfo",
  "x-endpoint-api-userinfo",
  // What single proxies and clouds say.
  "x-envoy-*",
  "x-istio-*",
  "x-arr-*",
  "x-amzn-mtls-*",
  "x-amzn-oidc-*",
  "x-amzn-tls-*",
  "x-appengine-*",
  "x-azure-*",
  "x-goog-authenticated-*",
  "x-goog-iap-*",
  "x-ms-client-principal",
  "x-ms-client-principal-*",
  "cf-connecting-*",
  "cf-ipcountry",
  "cf-visitor",
  "fastly-*",
] as const;

/**
 * A regular expression, for RE2 as for PCRE, of the whole lower-case names of these headers, in every spelling that a service may
 * take for one of them: many cannot tell `_` from `-`.
 *
 * @param further - what a stack adds, written as here.
 * @param kept - those beginning with `x-forwarded-` that it leaves alone in their own spelling, as the gateway writes them.
 */
export function callerHeaderPattern(further: readonly string[] = [], kept: readonly string[] = ["x-forwarded-proto"]): string {
  const begin = "x-forwarded-";
  const pattern = (name: string) => {
    if (name !== `${begin}*`) return name.replaceAll("-", "[-_]").replace("*", ".*");
    // With `_` in it, it is another header than the one that gateways write.
    return `${begin}${anyBut(kept.map((header) => header.slice(begin.length)))}|x_forwarded[-_].*|x-forwarded_.*`;
  };
  return [...callerHeaders, ...further].map(pattern).join("|");
}

/** Whether what a caller says in a header of this lower-case name reaches nobody: gateways remove or overwrite it. */
export function isCallerHeader(name: string, further: readonly string[] = []): boolean {
  return new RegExp(`^(${callerHeaderPattern(further, [])})$`).test(name);
}

/** What is allowed where a service or a gateway reads a header. */
export const notStripped =
  "a header that gateways do not strip: none of mesh:edge.stripHeaders, nor of the list in docs/expose.md";

/** Any text but these words, none of which begins as another whole one does, for engines that cannot look ahead. */
function anyBut(words: readonly string[]): string {
  const begins = new Set(words.flatMap((word) => [...word].map((_, index) => word.slice(0, index))));
  const departing = [...begins].map((begin) => {
    const next = words.filter((word) => word.startsWith(begin)).map((word) => word[begin.length]);
    return `${begin}([^${next.join("")}].*)?`;
  });
  return words.length === 0 ? ".*" : `(${[...departing, ...words.map((word) => `${word}.+`)].join("|")})`;
}
