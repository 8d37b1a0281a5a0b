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
 * take for one of them: many cannot tell `_` from `-`. It leaves the one header alone that gateways write before they remove
 * any: `x-forwarded-proto`.
 *
 * @param further - what a stack adds, written as here.
 */
export function callerHeaderPattern(further: readonly string[] = []): string {
  const spelled = (text: string) => text.replaceAll("-", "[-_]");
  const pattern = (name: string) => {
    if (name !== "x-forwarded-*") return spelled(name).replace("*", ".*");
    // With `_` in it, it is another header than the one that gateways write.
    return `x-forwarded-${allBut("proto")}|x_forwarded[-_].*|x-forwarded_.*`;
  };
  return [...callerHeaders, ...further].map(pattern).join("|");
}

/** Whether what a caller says in a header of this lower-case name reaches nobody: gateways remove or overwrite it. */
export function isCallerHeader(name: string, further: readonly string[] = []): boolean {
  return name === "x-forwarded-proto" || new RegExp(`^(${callerHeaderPattern(further)})$`).test(name);
}

/** Any text but this word, for engines that cannot look ahead. */
function allBut(word: string): string {
  const departing = [...word].map((letter, index) => `${word.slice(0, index)}([^${letter}].*)?`);
  return `(${[...departing, `${word}.+`].join("|")})`;
}
