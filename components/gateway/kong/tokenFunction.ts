import { clockSkew, type Jwt } from "../../../model/policies.ts";
import { luaString } from "./lua.ts";

/**
 * What the plugin jwt leaves unsaid of a token whose signature is good, by the rule of Istio's gateway: its issuer, when it is looked
 * up by another claim; that it says when it ends and has not ended; and that it holds already, if it says from when. The plugin
 * can only demand that a token has `nbf`, and allows clocks no difference. It runs after the plugin, which hands the token on.
 */
export function verifyToken({ issuer }: Pick<Jwt, "issuer">): string {
  return `local function refuse(message)
  return kong.response.exit(401, { message = message }, { ["WWW-Authenticate"] = 'Bearer error="invalid_token"' })
end
local payload = string.match(kong.ctx.shared.authenticated_jwt_token or "", "^[^.]*%.([^.]*)%.")
if not payload then
  return refuse("Unauthorized")
end
payload = string.gsub(payload, "%-", "+")
payload = string.gsub(payload, "_", "/")
local json = ngx.decode_base64(payload .. string.rep("=", -#payload % 4))
local claims = json and require("cjson.safe").decode(json)
if type(claims) ~= "table" or claims.iss ~= ${luaString(issuer)} then
  return refuse("Unauthorized")
end
local now = ngx.time()
if type(claims.exp) ~= "number" or now > claims.exp + ${clockSkew} then
  return refuse("Token expired, or without exp")
end
if claims.nbf ~= nil and (type(claims.nbf) ~= "number" or now < claims.nbf - ${clockSkew}) then
  return refuse("Token not valid yet")
end
`;
}
