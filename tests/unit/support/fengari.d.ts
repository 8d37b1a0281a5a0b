/** The part of Lua's C API that the tests use, as the package gives it. */
declare module "fengari" {
  type State = object;
  export const lua: {
    lua_pushjsfunction(state: State, run: (state: State) => number): void;
    lua_setglobal(state: State, name: Uint8Array): void;
    lua_pushinteger(state: State, value: number): void;
    lua_pushnil(state: State): void;
    lua_tojsstring(state: State, index: number): string;
  };
  export const lauxlib: {
    luaL_newstate(): State;
    luaL_dostring(state: State, code: Uint8Array): boolean | number;
  };
  export const lualib: { luaL_openlibs(state: State): void };
  export function to_luastring(text: string): Uint8Array;
}
