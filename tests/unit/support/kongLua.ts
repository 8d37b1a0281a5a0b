import fengari from "fengari";
import { luaString } from "../../../components/gateway/kong/lua.ts";

const { lua, lauxlib, lualib, to_luastring } = fengari;

/** What a function of the plugins pre-function and post-function finds. */
export interface Seen {
  /** nginx's variables. */
  readonly var?: Readonly<Record<string, string>>;
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Parameters of the query. */
  readonly query?: Readonly<Record<string, string>>;
  /** The name that a TLS handshake asks for. */
  readonly serverName?: string;
  /** What the plugin jwt took for a good token. */
  readonly token?: string;
  /** Seconds since 1970. */
  readonly time?: number;
}

/** What it did. */
export interface Done {
  /** Headers that it removed. */
  readonly cleared: readonly string[];
  /** The answer that it gave instead of any service; `refused` is a handshake that was broken off. */
  readonly answer?: { readonly status: string; readonly location?: string; readonly authenticate?: string };
  /** What it wrote over in the log. */
  readonly logged: Readonly<Record<string, string>>;
}

/**
 * Runs functions as Kong would: in Lua, one after the other, in an environment that has of Lua what Kong's sandbox lets through, and of
 * Kong and nginx a stand-in for what these functions use. It knows Lua 5.3 where Kong has LuaJIT.
 */
export function runLua(functions: readonly string[], seen: Seen): Done {
  const state = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(state);
  const done: { cleared: string[]; answer?: NonNullable<Done["answer"]>; logged: Record<string, string> } = {
    cleared: [],
    logged: {},
  };
  const define = (name: string, run: (...args: string[]) => number | undefined) => {
    lua.lua_pushjsfunction(state, (called) => {
      const args = [1, 2, 3].map((index) => lua.lua_tojsstring(called, index));
      const result = run(...args);
      if (result === undefined) lua.lua_pushnil(called);
      else lua.lua_pushinteger(called, result);
      return 1;
    });
    lua.lua_setglobal(state, to_luastring(name));
  };
  define("regex_find", (text = "", pattern = "") => (new RegExp(pattern).test(text) ? 1 : undefined));
  define("cleared", (name = "") => void done.cleared.push(name));
  define("logged", (key = "", value = "") => void Object.assign(done.logged, { [key]: value }));
  define("answered", (status = "", location = "", authenticate = "") => {
    done.answer = { status, ...(location && { location }), ...(authenticate && { authenticate }) };
    return undefined;
  });
  define("failed", (message = "") => {
    throw new Error(message);
  });
  const calls = functions.map((text) => `run(${luaLongString(text)})`).join("\n");
  if (lauxlib.luaL_dostring(state, to_luastring(`${standIn(seen)}\n${calls}`))) throw new Error(lua.lua_tojsstring(state, -1));
  return done;
}

function luaLongString(text: string): string {
  return `[====[\n${text}]====]`;
}

function literal(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  if (typeof value === "string") return luaString(value);
  if (Array.isArray(value)) return `{ ${value.map(literal).join(", ")} }`;
  if (typeof value === "object") {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `[${luaString(key)}] = ${literal(inner)}`)
      .join(", ")} }`;
  }
  return String(value);
}

function standIn({ var: variables = {}, method = "GET", headers = {}, query = {}, serverName, token, time = 0 }: Seen): string {
  const [, payload = ""] = token?.split(".") ?? [];
  const claims = payload && (JSON.parse(Buffer.from(payload, "base64url").toString()) as object);
  return `
local stop = {}
local modules = {
  ["ngx.ssl"] = { server_name = function() return ${literal(serverName)} end },
  ["cjson.safe"] = { decode = function(text) if text == ${literal(payload)} then return ${literal(claims || undefined)} end end },
}
local function stringify(value)
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for key, inner in pairs(value) do parts[#parts + 1] = key .. "=" .. tostring(inner) end
  table.sort(parts)
  return table.concat(parts, "&")
end
local ngx = {
  ERROR = -1,
  var = ${literal(variables)},
  ctx = {},
  time = function() return ${time} end,
  re = { find = function(text, pattern) return regex_find(text, pattern) end },
  req = {
    get_headers = function(most, raw) assert(most == 0 and raw); return ${literal(headers)} end,
    get_method = function() return ${literal(method)} end,
    clear_header = function(name) cleared(name) end,
    get_uri_args = function(most) assert(most == 0); return ${literal(query)} end,
  },
  encode_args = stringify,
  -- What it is given is the text of the token: the stand-in for JSON knows what that says.
  decode_base64 = function(text)
    assert(#text % 4 == 0)
    return (string.gsub(string.gsub(string.gsub(text, "=", ""), "+", "-"), "/", "_"))
  end,
  exit = function() answered("refused"); error(stop) end,
}
local kong = {
  ctx = { shared = { authenticated_jwt_token = ${literal(token)} } },
  log = { set_serialize_value = function(key, value, options) logged(key, stringify(value)) end },
  response = {
    exit = function(status, body, headers)
      headers = headers or {}
      answered(tostring(status), headers["Location"] or "", headers["WWW-Authenticate"] or "")
      error(stop)
    end,
  },
}
local sandbox = {
  ngx = ngx, kong = kong, ipairs = ipairs, pairs = pairs, next = next, pcall = pcall, select = select, tonumber = tonumber,
  tostring = tostring, type = type, error = error, assert = assert, string = string, table = table, math = math,
  require = function(name) return modules[name] or error(name .. " is not allowed") end,
}
local stopped = false
function run(text)
  if stopped then return end
  local compiled, message = load(text, "function", "t", sandbox)
  if not compiled then error(message) end
  local good, problem = pcall(compiled)
  if not good then
    if problem ~= stop then error(problem) end
    stopped = true
  end
end
`;
}
